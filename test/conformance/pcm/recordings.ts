import { Recordings } from "../recordings.ts";

/** The recordings of PCM. */
export const pcmRecordings = new Recordings({
  folder: "pcm",
  // RAM for the largest recorded ring, its index and the user pages
  machine: { memory: "16M", kernel: "6.12" },
  steps: 91_434,
  cases: {
    blocking: 41,
    disconnect: 2,
    drv_seq: 189,
    drv_state: 101,
    hw_params: 210,
    link: 42,
    loopback: 32,
    misc: 63,
    mixed_entry: 105,
    mmap: 84,
    rw_data: 168,
    rw_fault: 336,
    seq: 819,
    seq_wrap: 252,
    status: 168,
    sw_params: 126,
    sync_ptr: 336,
    sync_ptr_fault: 488,
    sync_ptr_wrap: 51,
  },
});
export type PcmKind = (typeof pcmRecordings.kinds)[number];

/** Our own: recorded cases changed at random, and random ones (test/golden/own). */
export const ownPcmRecordings = new Recordings({
  folder: "own/pcm",
  machine: { memory: "16M", kernel: "6.12" },
  steps: 35_071,
  cases: {
    close_mapped: 85,
    disconnect: 30,
    hw_params: 30,
    link: 30,
    misc: 30,
    mixed_entry: 30,
    mmap: 30,
    random: 420,
    rw_data: 30,
    rw_fault: 30,
    seq: 30,
    seq_wrap: 30,
    status: 30,
    sw_params: 30,
    sync_ptr: 30,
    sync_ptr_fault: 30,
    sync_ptr_wrap: 30,
  },
});
