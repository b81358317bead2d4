import { Recordings } from "../recordings.ts";

/** The recordings of virtio-snd. */
export const virtioRecordings = new Recordings({
  folder: "virtio-snd",
  // RAM for the journal of a device and the largest recorded rings
  machine: { memory: "16M" },
  steps: 34_884,
  cases: {
    blocking: 18,
    boundary: 10,
    capture: 152,
    control: 148,
    exposure: 62,
    io_status: 58,
    large: 38,
    mixed: 126,
    mmap: 82,
    move: 38,
    params: 118,
    playback: 144,
    probe: 116,
    queue: 104,
    seq: 154,
    stop: 98,
    suspend: 22,
    two_streams: 34,
    wrap: 8,
    xrun: 90,
  },
});
export type VirtioKind = (typeof virtioRecordings.kinds)[number];
