import {
  BLOCKED,
  EAGAIN,
  EBADFD,
  EBUSY,
  EFAULT,
  EINVAL,
  EIO,
  ENOMEM,
  EPIPE,
  ESTRPIPE,
} from "../base/errno";
import { Cpu, STACK_IMAGE_BYTES, stackImage } from "../machine/cpu";
import { FINDING_SLEEP_IN_ATOMIC, recordFinding } from "../machine/findings";
import { slabAlloc, slabFree } from "../machine/slab";
import { Task } from "../mm/task";
import { accessOk } from "../uaccess/check";
import { copyFromUserUnchecked, copyToUser, hitCopyFrom } from "../uaccess/copy";
import { DIRECTION_READ } from "../uaccess/guard";
import { ACTION_START, performAction } from "./actions";
import { availOf, hwAvail } from "./avail";
import { sleepLimit } from "./clock";
import { Chunk, deviceOf } from "./device";
import { driverCopy, driverFillSilence } from "./driver";
import {
  ACCESS_RW_INTERLEAVED,
  ACCESS_RW_NONINTERLEAVED,
  STATE_DISCONNECTED,
  STATE_DRAINING,
  STATE_OPEN,
  STATE_PAUSED,
  STATE_PREPARED,
  STATE_RUNNING,
  STATE_SETUP,
  STATE_SUSPENDED,
  STATE_XRUN,
} from "./numbers";
import { FROM_CALL, applyApplPtr, evaluate, updateHwPtr } from "./pointer";
import { channelOffset, framesToBytes, samplesToBytes } from "./ring";
import {
  CAPTURE,
  PLAYBACK,
  Stream,
  addressOf,
  lockStream,
  signedFrames,
  streamAt,
  unlockStream,
} from "./runtime";
import { silenceBytes } from "./silentFrames";
import { stopStream } from "./stop";
import { putWord } from "./user";
import { WAIT_PCM_TRANSFER, endSleep, sleepOn, timeIsUp } from "./wake";

/**
 * The loop behind WRITEI, READI, WRITEN, READN, read and write (__snd_pcm_lib_xfer, sound/core/pcm_lib.c). A request is
 * described by a Transfer in the CPU's kernel stack image; when the call sleeps, it moves to a record that the task
 * keeps.
 */
@unmanaged
export class Transfer {
  stream: u32;
  deliver: u32; // DELIVER_*
  data: u64; // the program's frames, 0 = none
  size: u64; // frames still to move
  done: u64; // frames moved
  avail: u64; // room or data known of
  resultAt: u64; // where the outcome is stored
  addresses: u32; // non-interleaved: list of the channels' addresses (u64 each), freed at the end
  word: u32; // bytes of the result
}

/** How the outcome reaches the program. */
export const DELIVER_ALWAYS: u32 = 0; // stored also when it is an error; the call answers 0
export const DELIVER_SUCCESS: u32 = 1; // stored unless it is an error; the call answers 0
export const DELIVER_COUNT: u32 = 2; // likewise, and the call answers the count
export const DELIVER_BYTES: u32 = 3; // the call answers bytes, nothing is stored

/** The stack image's second half: structures read from the program. */
const SCRATCH: usize = STACK_IMAGE_BYTES / 2;

@inline
export function scratchOf(cpu: Cpu): usize {
  return stackImage(cpu) + SCRATCH;
}

/** A cleared record for the call that the CPU makes now. */
export function newTransfer(cpu: Cpu, stream: Stream, deliver: u32): Transfer {
  if (offsetof<Transfer>() > SCRATCH) ERROR("a Transfer reaches into the scratch half");
  const transfer = changetype<Transfer>(stackImage(cpu));
  transfer.stream = addressOf(stream);
  transfer.deliver = deliver;
  transfer.data = 0;
  transfer.size = 0;
  transfer.done = 0;
  transfer.avail = 0;
  transfer.resultAt = 0;
  transfer.addresses = 0;
  transfer.word = 0;
  return transfer;
}

/** Runs a transfer: what the call answers, or BLOCKED. */
export function runTransfer(cpu: Cpu, stream: Stream, transfer: Transfer): i32 {
  const refused = checkTransfer(stream, transfer);
  if (refused != 0 || transfer.size == 0) return deliver(cpu, stream, transfer, refused);
  lockStream(stream);
  const error = openTransfer(cpu, stream, transfer);
  return error < 0 ? endTransfer(cpu, stream, transfer, error) : moveFrames(cpu, stream, transfer);
}

@inline
function checkTransfer(stream: Stream, transfer: Transfer): i32 {
  if (stream.state == STATE_OPEN) return -EBADFD;
  if (stream.ring == 0) return -EINVAL;
  if (transfer.addresses != 0) return stream.access == ACCESS_RW_NONINTERLEAVED ? 0 : -EINVAL;
  if (stream.access != ACCESS_RW_INTERLEAVED && stream.channels > 1) return -EINVAL;
  return transfer.data == 0 && stream.direction == CAPTURE ? -EINVAL : 0;
}

/** The states that a transfer can go on in: 0, or −errno. */
@inline
function accessibleState(stream: Stream): i32 {
  const state = stream.state;
  return state == STATE_RUNNING ? 0 : errorOfState(state);
}

function errorOfState(state: u32): i32 {
  switch (state) {
    case STATE_PREPARED:
    case STATE_RUNNING:
    case STATE_PAUSED:
      return 0;
    case STATE_XRUN:
      return -EPIPE;
    case STATE_SUSPENDED:
      return -ESTRPIPE;
    default:
      return -EBADFD;
  }
}

@inline
function wakeupFrames(stream: Stream): u64 {
  return max<u64>(stream.availMin, 1);
}

@inline
function openTransfer(cpu: Cpu, stream: Stream, transfer: Transfer): i32 {
  const refused = accessibleState(stream);
  if (refused < 0) return refused;
  stream.twake = wakeupFrames(stream);
  if (stream.state == STATE_RUNNING) updateHwPtr(cpu, stream, FROM_CALL);
  if (
    stream.direction == CAPTURE &&
    stream.state == STATE_PREPARED &&
    transfer.size >= stream.startThreshold
  ) {
    const error = performAction(cpu, stream, ACTION_START);
    if (error < 0) return error;
  }
  transfer.avail = availOf(stream);
  return 0;
}

/** A capture stream that drained to its end: the transfer is over, without an error. */
const DRAINED: i32 = 1;

function moveFrames(cpu: Cpu, stream: Stream, transfer: Transfer): i32 {
  while (transfer.size > 0) {
    if (transfer.avail == 0) {
      const waited = awaitFrames(cpu, stream, transfer);
      if (waited == BLOCKED) return fallAsleep(cpu, stream, transfer);
      if (waited == DRAINED) break;
      if (waited < 0) return endTransfer(cpu, stream, transfer, waited);
    }
    const error = moveChunk(cpu, stream, transfer);
    if (error < 0) return endTransfer(cpu, stream, transfer, error);
  }
  return endTransfer(cpu, stream, transfer, 0);
}

function awaitFrames(cpu: Cpu, stream: Stream, transfer: Transfer): i32 {
  if (stream.direction == CAPTURE && stream.state == STATE_DRAINING) {
    stopStream(cpu, stream, STATE_SETUP);
    return DRAINED;
  }
  if (stream.nonblock) return -EAGAIN;
  stream.twake = min(transfer.size, wakeupFrames(stream));
  return enoughFrames(stream, transfer) ? 0 : BLOCKED;
}

/** Tested before sleeping, so that a wake that has already happened is not missed. */
function enoughFrames(stream: Stream, transfer: Transfer): bool {
  const avail = availOf(stream);
  if (avail < stream.twake) return false;
  transfer.avail = avail;
  return true;
}

/** Leaves the stream lock and the CPU; the record lives on with the task. */
function fallAsleep(cpu: Cpu, stream: Stream, transfer: Transfer): i32 {
  if (cpu.task == 0) {
    recordFinding(FINDING_SLEEP_IN_ATOMIC, cpu.index, 0, 0, addressOf(stream));
    return endTransfer(cpu, stream, transfer, -EIO);
  }
  const kept = slabAlloc(offsetof<Transfer>());
  if (kept == 0) return endTransfer(cpu, stream, transfer, -ENOMEM);
  memory.copy(kept, changetype<usize>(transfer), offsetof<Transfer>());
  const task = changetype<Task>(cpu.task as usize);
  task.wait1 = kept;
  sleepOn(task, stream, WAIT_PCM_TRANSFER, sleepLimit(stream));
  unlockStream(stream);
  return BLOCKED;
}

/** Goes on with a read or write after a wake or its time limit; BLOCKED while it sleeps on. */
export function resumeTransfer(cpu: Cpu, task: Task): i32 {
  const late = task.woken == 0;
  if (late && !timeIsUp(task)) return BLOCKED;
  const stream = streamAt(task.wait0 as u32);
  const transfer = changetype<Transfer>(stackImage(cpu));
  memory.copy(stackImage(cpu), task.wait1 as usize, offsetof<Transfer>());
  slabFree(task.wait1 as usize);
  endSleep(task, stream);
  lockStream(stream);
  const found = afterSleep(stream, late);
  if (found < 0) return endTransfer(cpu, stream, transfer, found);
  if (found != DRAINED && !enoughFrames(stream, transfer)) return fallAsleep(cpu, stream, transfer);
  return moveFrames(cpu, stream, transfer);
}

/** A task that ends leaves the read or write it sleeps in, as a fatal signal makes it; the program is told nothing. */
export function abandonTransfer(task: Task): void {
  const stream = streamAt(task.wait0 as u32);
  const kept = changetype<Transfer>(task.wait1 as usize);
  if (kept.addresses != 0) slabFree(kept.addresses);
  slabFree(task.wait1 as usize);
  endSleep(task, stream);
  stream.twake = 0;
}

/** What the state says after a sleep: −errno, DRAINED, or 0 to look at the ring again. A pause outlasts the limit. */
function afterSleep(stream: Stream, late: bool): i32 {
  switch (stream.state) {
    case STATE_SUSPENDED:
      return -ESTRPIPE;
    case STATE_XRUN:
      return -EPIPE;
    case STATE_DRAINING:
      return stream.direction == PLAYBACK ? -EPIPE : DRAINED;
    case STATE_OPEN:
    case STATE_SETUP:
    case STATE_DISCONNECTED:
      return -EBADFD;
    case STATE_PAUSED:
      return 0;
    default:
      return late ? -EIO : 0;
  }
}

/** A pointer's place in the ring. Most pointers are short, and a short division takes a part of a long one's time. */
@inline
function ringOffset(stream: Stream, pointer: u64): u64 {
  const size = stream.bufferSize;
  if ((pointer | size) >> 32 != 0) return pointer % size;
  return ((pointer as u32) % (size as u32)) as u64;
}

/** One copy, at most to the ring's end, and one appl_ptr. `avail` is not looked up again until it is used up. */
@inline
function moveChunk(cpu: Cpu, stream: Stream, transfer: Transfer): i32 {
  const applPtr = stream.applPtr;
  const offset = ringOffset(stream, applPtr);
  const frames = min(min(transfer.size, transfer.avail), stream.bufferSize - offset);
  if (stream.accessing < 0) return -EBUSY;
  stream.accessing += 1;
  unlockStream(stream);
  const copied = copyFrames(cpu, stream, transfer, offset, frames);
  lockStream(stream);
  stream.accessing -= 1;
  if (copied < 0) return copied;
  // an xrun during the copy: the frames are in the ring but not counted
  const refused = accessibleState(stream);
  if (refused < 0) return refused;
  const next = applPtr + frames;
  const applied = applyApplPtr(
    cpu,
    stream,
    next >= stream.boundary ? next - stream.boundary : next,
  );
  if (applied < 0) return applied;
  transfer.size -= frames;
  transfer.done += frames;
  transfer.avail -= frames;
  return startWhenFull(cpu, stream);
}

@inline
function startWhenFull(cpu: Cpu, stream: Stream): i32 {
  if (stream.direction == CAPTURE || stream.state != STATE_PREPARED) return 0;
  if (signedFrames(stream, hwAvail(stream)) < signedFrames(stream, stream.startThreshold)) return 0;
  return performAction(cpu, stream, ACTION_START);
}

@inline
function copyFrames(cpu: Cpu, stream: Stream, transfer: Transfer, offset: u64, frames: u64): i32 {
  if (transfer.addresses == 0) {
    const at = transfer.data == 0 ? 0 : transfer.data + ((transfer.done * stream.frameBits) >> 3);
    return copyBytes(cpu, stream, framesToBytes(stream, offset), at, framesToBytes(stream, frames));
  }
  for (let channel: u32 = 0; channel < stream.channels; channel++) {
    const start = load<u64>(transfer.addresses + (channel << 3));
    const at = start == 0 ? 0 : start + ((transfer.done * stream.physWidth) >> 3);
    const place = channelOffset(stream, channel) + samplesToBytes(stream, offset);
    if (copyBytes(cpu, stream, place, at, samplesToBytes(stream, frames)) != 0) return -EFAULT;
  }
  return 0;
}

/** No address: playback gets silence, capture nothing. */
@inline
function copyBytes(cpu: Cpu, stream: Stream, place: u32, va: u64, bytes: u32): i32 {
  if (deviceOf(stream).ownCopy) return askToCopy(cpu, stream, place, va, bytes);
  const ring: usize = stream.ring + place;
  if (va != 0) return exchangeBytes(cpu, stream, ring, va, bytes);
  if (stream.direction == PLAYBACK) silenceBytes(stream, ring, bytes);
  return 0;
}

/** The structure that the call read from the program is used up, so its place is free. */
function askToCopy(cpu: Cpu, stream: Stream, place: u32, va: u64, bytes: u32): i32 {
  if (va == 0) {
    return stream.direction == PLAYBACK ? driverFillSilence(cpu, stream, place, bytes) : 0;
  }
  const chunk = changetype<Chunk>(scratchOf(cpu));
  chunk.address = va;
  chunk.place = place;
  chunk.bytes = bytes;
  return driverCopy(cpu, stream, chunk);
}

/** Between ring memory and program. What arrives before a fault stays where it arrived: 0 or −EFAULT. */
@inline
export function exchangeBytes(cpu: Cpu, stream: Stream, ring: usize, va: u64, bytes: u32): i32 {
  if (stream.direction == CAPTURE) return copyToUser(cpu, va, ring, bytes) == 0 ? 0 : -EFAULT;
  if (!STUDY && hitCopyFrom(cpu, ring, va, bytes)) return 0;
  if (!accessOk(cpu, va, bytes, DIRECTION_READ)) return -EFAULT;
  return copyFromUserUnchecked(cpu, ring, va, bytes) == 0 ? 0 : -EFAULT;
}

/** Leaves the stream lock. An error after the first chunk stays hidden: the frames moved are the outcome. */
function endTransfer(cpu: Cpu, stream: Stream, transfer: Transfer, error: i32): i32 {
  stream.twake = 0;
  if (transfer.done > 0 && error >= 0) evaluate(cpu, stream);
  unlockStream(stream);
  return deliver(cpu, stream, transfer, transfer.done > 0 ? (transfer.done as i64) : error);
}

@inline
function deliver(cpu: Cpu, stream: Stream, transfer: Transfer, outcome: i64): i32 {
  if (transfer.addresses != 0) slabFree(transfer.addresses);
  const answer = outcome < 0 ? (outcome as i32) : 0;
  if (transfer.deliver == DELIVER_BYTES) {
    return outcome > 0 ? (framesToBytes(stream, outcome) as i32) : answer;
  }
  if (outcome < 0 && transfer.deliver != DELIVER_ALWAYS) return answer;
  if (putWord(cpu, transfer.resultAt, outcome, transfer.word) != 0) return -EFAULT;
  return transfer.deliver == DELIVER_COUNT ? (outcome as i32) : answer;
}
