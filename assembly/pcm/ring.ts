import { ACCESS_MMAP_NONINTERLEAVED, ACCESS_RW_NONINTERLEAVED } from "./numbers";
import { Stream } from "./runtime";

/**
 * Places in the ring. Interleaved: frame after frame. Non-interleaved: each channel has its own part of the ring.
 *
 *   ┌─────────┬─────────┬─────────┐      ┌───────────────┬───────────────┐
 *   │ frame 0 │ frame 1 │ …       │      │ channel 0 …   │ channel 1 …   │
 *   └─────────┴─────────┴─────────┘      └───────────────┴───────────────┘
 */

@inline
export function isInterleaved(stream: Stream): bool {
  return stream.access != ACCESS_RW_NONINTERLEAVED && stream.access != ACCESS_MMAP_NONINTERLEAVED;
}

@inline
export function framesToBytes(stream: Stream, frames: u64): u32 {
  return framesToBytesWide(stream, frames) as u32;
}

/** Of a pointer, which counts many rings. */
@inline
export function framesToBytesWide(stream: Stream, frames: u64): u64 {
  return (frames * stream.frameBits) >> 3;
}

/** Whole frames. Most frames have a power of two of bits, and a division takes as long as a call. */
@inline
export function bytesToFrames(stream: Stream, bytes: u64): u64 {
  const bits = stream.frameBits;
  return popcnt(bits) == 1 ? (bytes << 3) >> ctz(bits) : (bytes << 3) / bits;
}

@inline
export function samplesToBytes(stream: Stream, samples: u64): u32 {
  return ((samples * stream.physWidth) >> 3) as u32;
}

/** Where a channel's part of a non-interleaved ring begins. */
@inline
export function channelOffset(stream: Stream, channel: u32): u32 {
  return channel * (stream.dmaBytes / stream.channels);
}
