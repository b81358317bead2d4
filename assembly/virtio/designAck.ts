import { EPIPE } from "../base/errno";
import { NO_POSITION } from "../pcm/numbers";
import { framesToBytes } from "../pcm/ring";
import { CAPTURE, PLAYBACK, Stream, signedFrames } from "../pcm/runtime";
import { Substream } from "./card";
import { Message, advanceHwPtr, ioQueue } from "./message";
import { sendBytes } from "./send";
import { lockQueue, unlockQueue } from "./virtqueue";

/**
 * The driver from 6.7 on, and its bookkeeping of bytes (include/sound/pcm-indirect.h): what the application has moved appl_ptr over
 * goes to the device, and comes back as its position moves. Counts are the kernel's signed ints.
 *
 *   playback   swReady: written, not yet sent    hwReady: sent, not yet played
 *   capture    hwReady: captured, not yet passed on    swReady: passed on, not yet read
 */

export function clearIndirect(substream: Substream): void {
  substream.hwData = 0;
  substream.swData = 0;
  substream.hwIo = 0;
  substream.swIo = 0;
  substream.hwReady = 0;
  substream.swReady = 0;
  substream.applPtr = 0;
}

/** Frames that appl_ptr moved since the last look, over the boundary too; negative where it went back. */
export function movedFrames(substream: Substream, stream: Stream): i64 {
  const moved = signedFrames(stream, stream.applPtr - substream.applPtr);
  return moved < -((stream.boundary / 2) as i64) ? moved + (stream.boundary as i64) : moved;
}

/** Capture: all messages, also at the end of a pause, when most of them are with the device or not read. */
export function exposeCapture(substream: Substream, _command: u32): i32 {
  return substream.direction == CAPTURE ? sendBytes(substream, 0, substream.bufferBytes) : 0;
}

export function returnGathered(substream: Substream, message: Message, written: u32): void {
  advanceHwPtr(substream, message, written);
  message.length = 0;
}

/** appl_ptr moved: hands on what became final. 0 or −EPIPE. */
export function acknowledge(substream: Substream, stream: Stream): i32 {
  const frames = movedFrames(substream, stream);
  if (frames < 0) return -EPIPE;
  const moved = framesToBytes(stream, frames as u64) as i32;
  substream.applPtr = stream.applPtr;
  if (stream.direction == PLAYBACK) {
    substream.swReady += moved;
    passPlayback(substream);
  } else {
    substream.swReady -= moved;
    passCapture(substream);
  }
  return 0;
}

function passPlayback(substream: Substream): void {
  const buffer = substream.bufferBytes as i32;
  while (substream.hwReady < buffer && substream.swReady > 0) {
    const part = untilEnds(substream, min(buffer - substream.hwReady, substream.swReady));
    pass(substream, part);
    substream.hwReady += part;
    substream.swReady -= part;
  }
}

function passCapture(substream: Substream): void {
  const buffer = substream.bufferBytes as i32;
  while (substream.hwReady > 0 && substream.swReady < buffer) {
    const part = untilEnds(substream, min(buffer - substream.swReady, substream.hwReady));
    pass(substream, part);
    substream.hwReady -= part;
    substream.swReady += part;
  }
}

/** As many of `bytes` as reach no further than either place's end of the ring. */
function untilEnds(substream: Substream, bytes: i32): i32 {
  const end = substream.bufferBytes - max(substream.hwData, substream.swData);
  return min(bytes, end as i32);
}

/** Whether the queue took them is not asked. */
function pass(substream: Substream, bytes: i32): void {
  const queue = ioQueue(substream);
  lockQueue(queue);
  sendBytes(substream, substream.swData, bytes);
  unlockQueue(queue);
  substream.hwData = advanced(substream, substream.hwData, bytes);
  substream.swData = advanced(substream, substream.swData, bytes);
}

function advanced(substream: Substream, place: u32, bytes: u32): u32 {
  const next = place + bytes;
  return next >= substream.bufferBytes ? next - substream.bufferBytes : next;
}

/** The position in bytes that the core is told, or NO_POSITION for an xrun; what the device reported is not looked at. */
export function indirectPosition(substream: Substream, stream: Stream): u64 {
  // it moves under the queue's lock, which is not held here: one look is all that this call knows of it
  const at = substream.hwPtr;
  // no true modulo: a place outside of the ring stays seen as one
  let moved = (at - substream.hwIo) as i32;
  if (moved < 0) moved += substream.bufferBytes as i32;
  substream.hwIo = at;
  if (stream.direction == PLAYBACK) substream.hwReady -= moved;
  else {
    substream.hwReady += moved;
    if (substream.hwReady > (substream.bufferBytes as i32)) return NO_POSITION;
  }
  substream.swIo = advanced(substream, substream.swIo, moved);
  if (acknowledge(substream, stream) == -EPIPE) return NO_POSITION;
  return substream.swIo;
}
