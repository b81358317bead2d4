import { Recordings } from "../recordings.ts";

/** The recordings of the futex. */
export const futexRecordings = new Recordings({
  folder: "futex",
  machine: { memory: "16M", kernel: "6.18" },
  steps: 16_789,
  cases: {
    address: 448,
    bitset: 112,
    contend: 42,
    futex2: 420,
    pimulti: 294,
    pistate: 269,
    process: 139,
    queue: 350,
    requeuepi: 112,
    robust: 239,
    timeout: 334,
    wakeop: 280,
  },
});
export type FutexKind = (typeof futexRecordings.kinds)[number];
