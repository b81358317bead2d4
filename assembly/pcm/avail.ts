import { CAPTURE, PLAYBACK, Stream } from "./runtime";

/**
 * Room and data in the ring (include/sound/pcm.h, snd_pcm_playback_avail and kin): one boundary is added or taken off
 * once, whatever the pointers are.
 */

@inline
export function playbackAvail(stream: Stream): u64 {
  const avail = (stream.hwPtr + stream.bufferSize - stream.applPtr) & stream.mask;
  if (avail & stream.signBit) return (avail + stream.boundary) & stream.mask;
  return avail >= stream.boundary ? avail - stream.boundary : avail;
}

@inline
export function captureAvail(stream: Stream): u64 {
  const avail = (stream.hwPtr - stream.applPtr) & stream.mask;
  return avail & stream.signBit ? (avail + stream.boundary) & stream.mask : avail;
}

@inline
export function availOf(stream: Stream): u64 {
  return stream.direction == PLAYBACK ? playbackAvail(stream) : captureAvail(stream);
}

/** Frames the hardware has not reached yet; negative (as the kernel's word) after an underrun that was not stopped. */
@inline
export function hwAvail(stream: Stream): u64 {
  return (stream.bufferSize - availOf(stream)) & stream.mask;
}

/** Frames between program and speaker or microphone. */
export function delayOf(stream: Stream): u64 {
  const queued = stream.direction == CAPTURE ? captureAvail(stream) : hwAvail(stream);
  return (queued + stream.delay) & stream.mask;
}

/** Playback with nothing to play cannot start, unless it never stops for want of data. */
export function hasData(stream: Stream): bool {
  return stream.stopThreshold >= stream.boundary || playbackAvail(stream) < stream.bufferSize;
}

export function isEmpty(stream: Stream): bool {
  return playbackAvail(stream) >= stream.bufferSize;
}
