/** The four builds of the one core, and what each is for. */
export const builds = [
  { name: "release", purpose: "real time on one thread; needs no isolation headers" },
  { name: "threads", purpose: "shared memory and atomics: a worker for each emulated CPU" },
  { name: "study", purpose: "counters, events and modelled cost; emulated CPUs are fibers" },
  { name: "profile", purpose: "as release, with the phases kept as named functions" },
] as const;

export type BuildName = (typeof builds)[number]["name"];

export const buildNames: readonly BuildName[] = builds.map((build) => build.name);
