import { Recordings } from "../recordings.ts";

/** The recordings of remote memory access. */
export const remoteRecordings = new Recordings({
  folder: "remote-vm",
  // RAM for the largest recorded address spaces
  machine: { memory: "64M", kernel: "6.18" },
  steps: 10_850,
  cases: {
    basic: 952,
    big: 127,
    border: 910,
    cmdline: 182,
    cow: 245,
    growsdown: 154,
    iov: 420,
    iovarg: 350,
    perm: 95,
    random: 910,
    self: 490,
    special: 392,
    syscall: 371,
  },
});
export type RemoteKind = (typeof remoteRecordings.kinds)[number];

/** Our own: mutated and random cases, of which the first kind has few or none (test/golden/own). */
export const ownRemoteRecordings = new Recordings({
  folder: "own/remote-vm",
  machine: { memory: "64M", kernel: "6.18" },
  steps: 4_134,
  cases: {
    basic: 70,
    big: 70,
    border: 70,
    cmdline: 70,
    cow: 70,
    growsdown: 70,
    iov: 70,
    iovarg: 70,
    perm: 198,
    random: 70,
    self: 70,
    special: 70,
    syscall: 138,
  },
});
