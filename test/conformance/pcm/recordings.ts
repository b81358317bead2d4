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
