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

/** Our own: mutated cases, and random ones (test/golden/own). */
export const ownVirtioRecordings = new Recordings({
  folder: "own/virtio-snd",
  machine: { memory: "16M" },
  steps: 24_157,
  cases: {
    blocking: 2,
    capture: 32,
    control: 32,
    exposure: 32,
    io_status: 32,
    large: 22,
    mixed: 32,
    mmap: 32,
    move: 32,
    params: 32,
    playback: 32,
    probe: 32,
    queue: 32,
    random_block: 40,
    random_capture: 40,
    random_mixed: 40,
    random_mmap: 40,
    random_playback: 40,
    random_refine: 40,
    random_rules: 40,
    random_tiny: 40,
    random_two: 40,
    seq: 32,
    stop: 32,
    suspend: 4,
    two_streams: 14,
    xrun: 32,
  },
});
