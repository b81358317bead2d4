import { EFAULT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { availOf, hwAvail } from "./avail";
import { applyApplPtr } from "./pointer";
import { Stream, lockStream, signedFrames, unlockStream } from "./runtime";
import { hwsyncLocked, measureDelay } from "./state";
import { getWord, putWord } from "./user";

/** FORWARD, REWIND and DELAY: calls about a number of frames (sound/core/pcm_native.c). */

/** Moves appl_ptr forward, as far as there is room: the frames moved, or −errno. */
export function forward(cpu: Cpu, stream: Stream, frames: u64): i64 {
  if (frames == 0) return 0;
  lockStream(stream);
  let result: i64 = hwsyncLocked(cpu, stream);
  if (result >= 0) result = stepForward(cpu, stream, frames, availOf(stream));
  unlockStream(stream);
  return result;
}

function stepForward(cpu: Cpu, stream: Stream, frames: u64, room: u64): i64 {
  if (signedFrames(stream, room) <= 0) return 0;
  const step = min(frames, room);
  const next = (stream.applPtr + step) & stream.mask;
  const wrapped =
    signedFrames(stream, next) >= signedFrames(stream, stream.boundary)
      ? next - stream.boundary
      : next;
  const applied = applyApplPtr(cpu, stream, wrapped);
  return applied < 0 ? applied : (step as i64);
}

/** Moves appl_ptr back over what the hardware has not reached. A driver that refuses makes it 0 frames. */
export function rewind(cpu: Cpu, stream: Stream, frames: u64): i64 {
  if (frames == 0) return 0;
  lockStream(stream);
  let result: i64 = hwsyncLocked(cpu, stream);
  if (result >= 0) result = stepBack(cpu, stream, frames, hwAvail(stream));
  unlockStream(stream);
  return result;
}

function stepBack(cpu: Cpu, stream: Stream, frames: u64, room: u64): i64 {
  if (signedFrames(stream, room) <= 0) return 0;
  const step = min(frames, room);
  const next = (stream.applPtr - step) & stream.mask;
  const wrapped = (next & stream.signBit) != 0 ? (next + stream.boundary) & stream.mask : next;
  return applyApplPtr(cpu, stream, wrapped) < 0 ? 0 : (step as i64);
}

/** Whether a call moves forward or back. */
export const MOVE_FORWARD: u32 = 0;
export const MOVE_BACK: u32 = 1;

@inline
function move(cpu: Cpu, stream: Stream, way: u32, frames: u64): i64 {
  return way == MOVE_FORWARD ? forward(cpu, stream, frames) : rewind(cpu, stream, frames);
}

/** The native call stores 0 before it does anything; both doors store the outcome, also when it is an error. */
export function moveNative(cpu: Cpu, stream: Stream, way: u32, va: u64): i32 {
  const word = stream.wordBytes;
  if (getWord(cpu, va, word) != 0) return -EFAULT;
  const frames = cpu.value;
  if (putWord(cpu, va, 0, word) != 0) return -EFAULT;
  return storeMoved(cpu, va, word, move(cpu, stream, way, frames));
}

export function moveCompat(cpu: Cpu, stream: Stream, way: u32, va: u64): i32 {
  if (getWord(cpu, va, 4) != 0) return -EFAULT;
  return storeMoved(cpu, va, 4, move(cpu, stream, way, cpu.value));
}

function storeMoved(cpu: Cpu, va: u64, word: u32, result: i64): i32 {
  if (putWord(cpu, va, result, word) != 0) return -EFAULT;
  return result < 0 ? (result as i32) : 0;
}

/** DELAY; nothing is written on an error. */
export function delayCall(cpu: Cpu, stream: Stream, word: u32, va: u64): i32 {
  const result = measureDelay(cpu, stream);
  return result != 0 ? result : putWord(cpu, va, cpu.value, word);
}
