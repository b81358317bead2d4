import { header } from "../machine/map";
import { Device, deviceOf } from "./device";
import { STATE_DRAINING } from "./numbers";
import { channelOffset, framesToBytes, isInterleaved, samplesToBytes } from "./ring";
import { CAPTURE, PLAYBACK, Stream, addressOf, distance, streamAt } from "./runtime";
import { spinLock, spinUnlock } from "../machine/held";
import { silenceFrames } from "./silentFrames";

/**
 * The cable of the loopback device (sound/drivers/aloop.c): what is played on device 0 arrives at a capture file of
 * device 1 and the other way round, for substreams of the same number.
 *
 *   playback ring   │ … │ source ▼ … ▼ position │        source, and arrived, are fixed where both ends begin to move;
 *                            │ copied           │        from then on they go on together, frame by frame
 *   capture ring    │ … │ arrived ▼ … ▼ position │
 *
 * Frames move when the capture end is asked for its position. While the playback end does not move, silence arrives;
 * so it does behind the last frame of a drain. The two positions are inputs, as in the recordings: the driver's own
 * clock, which moves both ends at once, is not modelled. No format, rate or access is converted: an end whose frames
 * are laid out otherwise hears silence.
 */

/** Finds the stream's other end among the open ones; the lock over the list is held. */
export function joinCable(stream: Stream): void {
  const end = deviceOf(stream);
  if (!end.loopback) return;
  for (let at = header().streams; at != 0; at = streamAt(at).next) {
    const other = deviceOf(streamAt(at));
    if (!other.loopback || streamAt(at).direction == stream.direction) continue;
    if (other.card != end.card || other.id != (end.id ^ 1) || other.substream != end.substream) {
      continue;
    }
    end.peer = at;
    other.peer = addressOf(stream);
    takeLimits(end, other);
    return;
  }
}

export function leaveCable(stream: Stream): void {
  const end = deviceOf(stream);
  if (end.peer == 0) return;
  deviceOf(streamAt(end.peer)).peer = 0;
  end.peer = 0;
}

function takeLimits(end: Device, from: Device): void {
  end.cableFormat = from.cableFormat;
  end.cableRate = from.cableRate;
  end.cableChannels = from.cableChannels;
}

/** The end that is prepared first decides what the cable carries (loopback_prepare). */
export function bindCable(stream: Stream): void {
  const end = deviceOf(stream);
  const first = end.peer == 0 || deviceOf(streamAt(end.peer)).bound == 0;
  end.bound = 1;
  if (!first) return;
  end.cableFormat = stream.format;
  end.cableRate = stream.rate;
  end.cableChannels = stream.channels;
  if (end.peer != 0) takeLimits(deviceOf(streamAt(end.peer)), end);
}

export function unbindCable(end: Device): void {
  end.bound = 0;
}

/** The capture end's position was asked for: what it has moved over since has arrived. */
export function carry(stream: Stream): void {
  if (stream.direction != CAPTURE) return;
  const lock = lockCable(stream);
  deliver(stream);
  unlockCable(lock);
}

/** An end begins to move; with the other one moving already, the two are joined at where they stand. */
export function cableStarts(stream: Stream): void {
  const lock = lockCable(stream);
  const end = deviceOf(stream);
  const capture = stream.direction == CAPTURE ? addressOf(stream) : end.peer;
  if (capture != 0) {
    if (stream.direction == PLAYBACK && deviceOf(streamAt(capture)).moving) {
      deliver(streamAt(capture));
    }
    synchronise(streamAt(capture));
  }
  end.moving = 1;
  unlockCable(lock);
}

export function cableStops(stream: Stream): void {
  const lock = lockCable(stream);
  const end = deviceOf(stream);
  const capture = stream.direction == CAPTURE ? addressOf(stream) : end.peer;
  if (capture != 0 && deviceOf(streamAt(capture)).moving) deliver(streamAt(capture));
  end.moving = 0;
  unlockCable(lock);
}

function synchronise(capture: Stream): void {
  const end = deviceOf(capture);
  end.arrived = end.position < capture.bufferSize ? end.position : 0;
  if (end.peer != 0) end.source = playedUpTo(streamAt(end.peer));
}

/** The playback device's position on its stream's circle. */
function playedUpTo(play: Stream): u64 {
  const place = deviceOf(play).position;
  if (place >= play.bufferSize) return play.hwPtr;
  const ahead = place + play.bufferSize - (play.hwPtr % play.bufferSize);
  return wrap(play, play.hwPtr + (ahead >= play.bufferSize ? ahead - play.bufferSize : ahead));
}

@inline
function wrap(play: Stream, frame: u64): u64 {
  return frame >= play.boundary ? frame - play.boundary : frame;
}

function deliver(capture: Stream): void {
  const end = deviceOf(capture);
  const size = capture.bufferSize;
  if (capture.ring == 0 || end.position >= size || end.arrived >= size) return;
  const moved = end.position + size - end.arrived;
  let frames = moved >= size ? moved - size : moved;
  while (frames != 0) {
    const part = min(frames, size - end.arrived);
    const copied = copyPlayed(capture, part);
    if (copied < part) silenceFrames(capture, end.arrived + copied, part - copied);
    end.arrived = end.arrived + part == size ? 0 : end.arrived + part;
    frames -= part;
  }
}

/** Copies up to `frames` played frames to where they arrive; returns how many there were. */
function copyPlayed(capture: Stream, frames: u64): u64 {
  const end = deviceOf(capture);
  if (end.peer == 0) return 0;
  const play = streamAt(end.peer);
  if (deviceOf(play).moving == 0 || !fits(play, capture)) return 0;
  const wanted = min(frames, framesLeft(play, end.source));
  let done: u64 = 0;
  while (done < wanted) {
    const from = end.source % play.bufferSize;
    const part = min(wanted - done, play.bufferSize - from);
    copyBetween(play, from, capture, end.arrived + done, part);
    end.source = wrap(play, end.source + part);
    done += part;
  }
  return done;
}

/** A drain ends with the program's last frame; otherwise the ring goes round for ever. */
function framesLeft(play: Stream, source: u64): u64 {
  if (play.state != STATE_DRAINING) return u64.MAX_VALUE;
  const left = distance(play, source, play.applPtr);
  return left <= play.bufferSize ? left : 0;
}

function fits(play: Stream, capture: Stream): bool {
  if (play.ring == 0 || capture.ring == 0) return false;
  return (
    play.format == capture.format &&
    play.channels == capture.channels &&
    isInterleaved(play) == isInterleaved(capture)
  );
}

function copyBetween(play: Stream, from: u64, capture: Stream, to: u64, frames: u64): void {
  if (isInterleaved(play)) {
    memory.copy(
      capture.ring + framesToBytes(capture, to),
      play.ring + framesToBytes(play, from),
      framesToBytes(play, frames),
    );
    return;
  }
  for (let channel: u32 = 0; channel < play.channels; channel++) {
    memory.copy(
      capture.ring + channelOffset(capture, channel) + samplesToBytes(capture, to),
      play.ring + channelOffset(play, channel) + samplesToBytes(play, from),
      samplesToBytes(play, frames),
    );
  }
}

/** Both ends move frames under the playback end's lock; it comes after any stream's own. 0 = the cable has one end. */
function lockCable(stream: Stream): usize {
  const play = stream.direction == PLAYBACK ? addressOf(stream) : deviceOf(stream).peer;
  if (play == 0) return 0;
  const lock = (streamAt(play).device as usize) + offsetof<Device>("cableLock");
  spinLock(lock);
  return lock;
}

function unlockCable(lock: usize): void {
  if (lock != 0) spinUnlock(lock);
}
