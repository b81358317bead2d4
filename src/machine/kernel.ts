import { wrong, type Check } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import type { ArchName } from "./arch.ts";

/**
 * What differs between kernel versions, and nowhere else: behaviour × the versions that have it. `from` is the first
 * release with it, `until` the first without it again.
 */
export const behaviours = [
  {
    constant: "BEHAVIOUR_SYNC_PTR_BLOCK",
    from: "6.17",
    until: undefined,
    archs: undefined,
    meaning:
      "SYNC_PTR moves its fields in unsafe blocks (native, compat and x32); before: block copies and single accesses",
  },
  {
    constant: "BEHAVIOUR_X32_APPLIES",
    from: "7.1",
    until: undefined,
    archs: undefined,
    meaning: "x32 SYNC_PTR checks appl_ptr and calls ack; before: it stores any value",
  },
  {
    constant: "BEHAVIOUR_CHECK_START_ONLY",
    from: "6.4",
    until: undefined,
    archs: ["x86-64", "none"],
    meaning: "the range check of a constant size of up to a page looks at the start alone",
  },
  {
    constant: "BEHAVIOUR_CHECK_SIGN_ONLY",
    from: "6.4",
    until: "6.12",
    archs: ["x86-64", "none"],
    meaning: "the range check tests only that bit 63 is clear",
  },
  {
    constant: "BEHAVIOUR_MASKED_ACCESS",
    from: "6.12",
    until: undefined,
    archs: ["x86-64"],
    meaning: "user pointers can be masked instead of checked, and copy_from_user does so",
  },
  {
    constant: "BEHAVIOUR_MASK_ALL_ONES",
    from: "6.12",
    until: "6.14",
    archs: ["x86-64"],
    meaning: "a masked kernel pointer becomes all ones; later the user limit",
  },
  {
    constant: "BEHAVIOUR_PAUSE_UPDATES",
    from: "6.1",
    until: "6.5",
    archs: undefined,
    meaning: "PAUSE asks for the position before it stops the device",
  },
  {
    constant: "BEHAVIOUR_SILENCE_FRESH",
    from: "6.4",
    until: undefined,
    archs: undefined,
    meaning:
      "silence counts from the position that an update brings and goes behind what is silent; before: from the one before it, over what is silent",
  },
  {
    constant: "BEHAVIOUR_VIRTIO_ACK",
    from: "6.7",
    until: undefined,
    archs: undefined,
    meaning:
      "virtio-snd exposes periods as appl_ptr passes them; before: all, at start and on return",
  },
] as const;

/** Versions whose rows are known apart; a machine takes the nearest one not above what it is asked for. */
export const kernelVersions = [
  "6.1",
  "6.4",
  "6.5",
  "6.7",
  "6.12",
  "6.14",
  "6.17",
  "6.18",
  "7.0",
  "7.1",
] as const;

export type KernelVersion = (typeof kernelVersions)[number];

export const newestKernel: KernelVersion = "7.1";

/** Major and minor number of a version, comparable as one number. */
function order(version: string): number {
  const [major, minor] = version.split(".");
  return Number(major) * 1000 + Number(minor);
}

/** A kernel option resolved to a row of the table. `exact` is false when the nearest older row stands in. */
export interface ResolvedKernel {
  readonly version: KernelVersion;
  readonly exact: boolean;
}

const RELEASE = /^v?(\d+)\.(\d+)/;

/** A release is text: as a number, 6.10 would be 6.1. */
export const kernelRelease: Check = (argument, value) => {
  const valid = kernelVersions.join(", ");
  if (typeof value !== "string") throw wrong(argument, value, `text such as ${valid}`);
  if (RELEASE.test(value)) return;
  throw new UsageError({ argument, problem: `"${value}" holds no version number`, valid });
};

/**
 * Finds the row for a release such as "6.12" or "6.12.117+deb12-amd64": its first N.N decides; an unknown one takes
 * the nearest older row, or the oldest.
 * @throws UsageError when there is no version number in it
 */
export function resolveKernel(release: string): ResolvedKernel {
  kernelRelease("kernel", release);
  const found = RELEASE.exec(release)!;
  const wanted = order(`${found[1]}.${found[2]}`);
  let version: KernelVersion = kernelVersions[0];
  for (const candidate of kernelVersions) if (order(candidate) <= wanted) version = candidate;
  return { version, exact: order(version) === wanted };
}

/** The names of the behaviours that a kernel version has on an architecture. */
export function behavioursOf(
  version: KernelVersion,
  arch: ArchName,
): (typeof behaviours)[number]["constant"][] {
  return behaviours
    .filter(
      (row) =>
        order(row.from) <= order(version) &&
        (row.until === undefined || order(version) < order(row.until)),
    )
    .filter((row) => row.archs === undefined || (row.archs as readonly string[]).includes(arch))
    .map((row) => row.constant);
}
