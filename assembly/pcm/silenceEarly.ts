import { hwAvail } from "./avail";
import { NO_POSITION } from "./numbers";
import { Stream, distance, signedFrames } from "./runtime";

/**
 * How much silence kernels before 6.4 fill (snd_pcm_playback_silence, sound/core/pcm_lib.c). They store it from the
 * start of the silent part on, over what is silent there already:
 *
 *   hw_ptr      appl_ptr = silence_start
 *     │ data      │ filled   │
 *     └───────────┼──────────┤
 *                 │ frames … │  from here, not from the end of what is filled
 */

/** The silent part begins later: what it loses in front is no longer filled. */
export function moveSilenceStart(stream: Stream, from: u64, to: u64): void {
  if (from == to) return;
  const moved = distance(stream, from, to);
  stream.silenceFilled = moved < stream.silenceFilled ? stream.silenceFilled - moved : 0;
  stream.silenceStart = to;
}

/** Frames to fill, at an update to `hwPtr` or outside one (NO_POSITION). */
export function earlySilence(stream: Stream, hwPtr: u64): u64 {
  if (stream.silenceSize < stream.boundary) return toThreshold(stream);
  if (hwPtr == NO_POSITION) beginFreeRunning(stream);
  else moveFreeRunning(stream, hwPtr);
  return (stream.bufferSize - stream.silenceFilled) & stream.mask;
}

/** Threshold mode counts from the position before the update. */
function toThreshold(stream: Stream): u64 {
  moveSilenceStart(stream, stream.silenceStart, stream.applPtr);
  if (stream.silenceFilled >= stream.bufferSize) return 0;
  const noise = (hwAvail(stream) + stream.silenceFilled) & stream.mask;
  if (signedFrames(stream, noise) >= signedFrames(stream, stream.silenceThreshold)) return 0;
  return min((stream.silenceThreshold - noise) & stream.mask, stream.silenceSize);
}

/** What the program has queued counts as filled; where it is behind the hardware, all of the ring. */
function beginFreeRunning(stream: Stream): void {
  stream.silenceFilled = min(hwAvail(stream), stream.bufferSize);
  stream.silenceStart = ((stream.hwPtr + stream.silenceFilled) & stream.mask) % stream.boundary;
}

/** What was played since the last update is filled again, from where it began. */
function moveFreeRunning(stream: Stream, hwPtr: u64): void {
  const played = distance(stream, stream.hwPtr, hwPtr);
  const left = (stream.silenceFilled - played) & stream.mask;
  const none = signedFrames(stream, left) < 0;
  stream.silenceFilled = none ? 0 : left;
  stream.silenceStart = none ? hwPtr : stream.hwPtr;
}
