import { header } from "../machine/map";
import { HZ } from "./numbers";
import { Stream } from "./runtime";

/** The virtual clock as the sound core sees it: ticks and timestamps. It stands still until the host moves it. */

const NANOSECONDS: u64 = 1_000_000_000;

/**
 * The tick stamp of a stream whose pointer was never brought up to date. It is 0 in the kernel, whose counter starts
 * 300 s before it passes 32 bits (INITIAL_JIFFIES), while ours starts at 0: so it lies far in the past.
 */
export const NEVER_UPDATED: u64 = 300 * HZ - 0x1_0000_0000;

/** Moves the clock on; sleeping tasks whose limit has passed can then be resumed. */
export function advanceClock(nanoseconds: u64): void {
  const h = header();
  h.nanoseconds += nanoseconds;
  h.jiffies = h.nanoseconds / (NANOSECONDS / HZ);
}

@inline
export function secondsOf(nanoseconds: u64): u64 {
  return nanoseconds / NANOSECONDS;
}

@inline
export function restOf(nanoseconds: u64): u64 {
  return nanoseconds % NANOSECONDS;
}

export function stampStatus(stream: Stream): void {
  stream.tstampSeconds = secondsOf(header().nanoseconds);
  stream.tstampNanoseconds = restOf(header().nanoseconds);
}

export function stampTrigger(stream: Stream): void {
  stream.triggerSeconds = secondsOf(header().nanoseconds);
  stream.triggerNanoseconds = restOf(header().nanoseconds);
}

/**
 * Audio time from the pointer, at the end of an update with timestamps enabled. The two stamps of the record change
 * only when the audio time did.
 */
export function stampAudio(stream: Stream, nowNanoseconds: u64): void {
  let frames = stream.hwPtrWrap + stream.hwPtr;
  if (stream.reportDelay) {
    frames = stream.direction == 0 ? frames - stream.delay : frames + stream.delay;
  }
  const audio = (frames * NANOSECONDS) / stream.rate;
  if (stream.audioSeconds != secondsOf(audio) || stream.audioNanoseconds != restOf(audio)) {
    stream.audioSeconds = secondsOf(audio);
    stream.audioNanoseconds = restOf(audio);
    stream.tstampSeconds = secondsOf(nowNanoseconds);
    stream.tstampNanoseconds = restOf(nowNanoseconds);
  }
  stream.driverSeconds = secondsOf(nowNanoseconds);
  stream.driverNanoseconds = restOf(nowNanoseconds);
}

/** How long a read, write or drain sleeps at a time, in nanoseconds: at least 100 ms, else 1.1 buffers (pcm_lib.c). */
export function sleepLimit(stream: Stream): u64 {
  let milliseconds: u64 = 100;
  if (stream.rate != 0) {
    milliseconds = max<u64>(milliseconds, (stream.bufferSize * 1100) / stream.rate);
  }
  return milliseconds * 1_000_000;
}
