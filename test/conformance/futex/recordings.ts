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

/** Our own: mutated and random cases, of which the first kind has few or none (test/golden/own). */
export const ownFutexRecordings = new Recordings({
  folder: "own/futex",
  machine: { memory: "16M", kernel: "6.18" },
  steps: 21_882,
  cases: {
    address: 210,
    bitset: 70,
    contend: 140,
    futex2: 210,
    pimulti: 210,
    pistate: 70,
    process: 210,
    queue: 210,
    requeuepi: 210,
    robust: 210,
    timeout: 210,
    wakeop: 70,
  },
});
