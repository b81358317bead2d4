import { EINVAL, EPIPE } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { FINDING_PCM_POSITION, FINDING_PCM_UNEXPECTED, recordFinding } from "../machine/findings";
import { header } from "../machine/map";
import { EVENT_POINTER_UPDATE, emit } from "../study/events";
import { availOf } from "./avail";
import { stampAudio } from "./clock";
import { deviceOf } from "./device";
import { driverAck, driverPointer } from "./driver";
import {
  HZ,
  INFO_BATCH,
  INFO_NO_REWINDS,
  NO_POSITION,
  STATE_DRAINING,
  STATE_SETUP,
  TSTAMP_ENABLE,
  XRUN_DEBUG_TICKS,
} from "./numbers";
import { PLAYBACK, Stream, addressOf, distance, isRunning, signedFrames } from "./runtime";
import { fillSilence } from "./silence";
import { enterXrun, stopOne } from "./stop";
import { wakePollers, wakeTransfers } from "./wake";

/**
 * Moving the two pointers (snd_pcm_update_hw_ptr0, snd_pcm_update_state, pcm_lib_apply_appl_ptr in pcm_lib.c). The
 * stream lock is held.
 */

/** Who asks for a pointer update: a call, or the device's period notification. */
export const FROM_CALL: u32 = 0;
export const FROM_INTERRUPT: u32 = 1;

/** The device's position inside the ring, or NO_POSITION where it reports an xrun. Nonsense counts as 0. */
@inline
function readPosition(cpu: Cpu, stream: Stream): u64 {
  const position = driverPointer(cpu, stream);
  if (position < stream.bufferSize) return position & ~(stream.minAlign - 1);
  return position == stream.mask ? NO_POSITION : badPosition(cpu, stream, position);
}

function badPosition(cpu: Cpu, stream: Stream, position: u64): u64 {
  recordFinding(FINDING_PCM_POSITION, cpu.index, cpu.task, position, addressOf(stream));
  return 0;
}

/** The base after one more buffer; at the boundary it starts again at 0. */
@inline
function nextBase(stream: Stream, base: u64): u64 {
  const next = (base + stream.bufferSize) & stream.mask;
  return next >= stream.boundary ? 0 : next;
}

/**
 * A notification that brings less than a period: true when so much time went by since the last update that the
 * device must have gone round once.
 */
@inline
function wentRound(stream: Stream, candidate: u64, now: u64): bool {
  if (((stream.hwPtrInterrupt + stream.periodSize) & stream.mask) <= candidate) return false;
  return now - stream.hwPtrJiffies > (stream.hwPtrBufferJiffies >> 1) + 1;
}

/**
 * Brings hw_ptr up to the device's position and evaluates the state. 0, or −EPIPE when that stopped the stream.
 * `from` is FROM_CALL or FROM_INTERRUPT.
 */
export function updateHwPtr(cpu: Cpu, stream: Stream, from: u32): i32 {
  return updateTo(cpu, stream, from, readPosition(cpu, stream));
}

/** Likewise, for a position that is known: a place in the ring, aligned, or NO_POSITION. */
export function updateTo(cpu: Cpu, stream: Stream, from: u32, position: u64): i32 {
  emit(cpu, EVENT_POINTER_UPDATE, position, from);
  if (position == NO_POSITION) {
    enterXrun(cpu, stream);
    return -EPIPE;
  }
  const now = header().jiffies;
  const old = stream.hwPtr;
  let base = stream.hwPtrBase;
  let next = (base + position) & stream.mask;
  let crossed: u32 = 0;
  if (next < old || (from == FROM_INTERRUPT && wentRound(stream, next, now))) {
    base = nextBase(stream, base);
    crossed = base == 0 ? 1 : 0;
    next = base + position;
  }
  const delta = distance(stream, old, next);
  if (stream.noPeriodWakeup) {
    return updateWithoutWakeups(cpu, stream, from, delta, base, position, crossed);
  }
  if (delta >= stream.bufferSize + stream.periodSize) {
    recordFinding(FINDING_PCM_UNEXPECTED, cpu.index, cpu.task, next, addressOf(stream));
    return 0;
  }
  if (stream.xrunDebug & XRUN_DEBUG_TICKS) {
    return updateChecked(cpu, stream, from, delta, base, next, crossed);
  }
  return storePointer(cpu, stream, from, base, next, crossed);
}

/** Nobody notifies: the ticks tell how many whole buffers went by unseen. */
function updateWithoutWakeups(
  cpu: Cpu,
  stream: Stream,
  from: u32,
  delta: u64,
  base: u64,
  position: u64,
  crossed: u32,
): i32 {
  const ticks = header().jiffies - stream.hwPtrJiffies;
  const buffer = stream.hwPtrBufferJiffies;
  const enough = ((buffer >> 1) + 1) as i64;
  const missing = (ticks - (delta * HZ) / stream.rate) as i64;
  // a buffer shorter than a tick gives no count of buffers
  if (ticks >= buffer >> 1 && missing > enough && buffer != 0) {
    const unseen =
      ((missing - enough) as u64) / buffer + (((missing - enough) as u64) % buffer != 0 ? 1 : 0);
    const turns = stream.boundary / stream.bufferSize;
    const reached = base / stream.bufferSize + unseen;
    base = (reached % turns) * stream.bufferSize;
    if (reached >= turns) crossed += 1;
  }
  return storePointer(cpu, stream, from, base, base + position, crossed);
}

/** The tick check of the xrun debugging mode: a jump that no device can make is cut to whole periods. */
function updateChecked(
  cpu: Cpu,
  stream: Stream,
  from: u32,
  delta: u64,
  base: u64,
  next: u64,
  crossed: u32,
): i32 {
  const frames = signedFrames(stream, delta - stream.delay);
  const ticks = header().jiffies - stream.hwPtrJiffies;
  const rate: u64 = stream.rate;
  const plausible = frames < 0 || ((frames as u64) * HZ) / rate <= ticks + HZ / 100;
  if ((deviceOf(stream).info & INFO_BATCH) != 0 || plausible) {
    return storePointer(cpu, stream, from, base, next, crossed);
  }
  const periods = ticks / ((stream.periodSize * HZ) / rate + HZ / 100);
  let cut = stream.hwPtr + periods * stream.periodSize;
  if (cut >= stream.boundary) {
    cut -= stream.boundary;
    crossed -= 1;
  }
  recordFinding(FINDING_PCM_UNEXPECTED, cpu.index, cpu.task, next, addressOf(stream));
  return storePointer(cpu, stream, from, cut - (cut % stream.bufferSize), cut, crossed);
}

/** The end of every update: nothing is evaluated and nobody woken where the position did not change. */
@inline
function storePointer(
  cpu: Cpu,
  stream: Stream,
  from: u32,
  base: u64,
  next: u64,
  crossed: u32,
): i32 {
  const h = header();
  if (stream.hwPtr == next) {
    stream.hwPtrJiffies = h.jiffies;
    if (stream.tstampMode == TSTAMP_ENABLE) stampAudio(stream, h.nanoseconds);
    return 0;
  }
  if (stream.silenceSize != 0 && stream.direction == PLAYBACK) fillSilence(cpu, stream, next);
  if (from == FROM_INTERRUPT) advanceInterrupt(stream, next);
  stream.hwPtrBase = base;
  stream.hwPtr = next;
  stream.hwPtrJiffies = h.jiffies;
  if (crossed != 0) stream.hwPtrWrap += stream.boundary;
  if (stream.tstampMode == TSTAMP_ENABLE) stampAudio(stream, h.nanoseconds);
  return evaluate(cpu, stream);
}

/** The last notified period moves on by whole periods. */
function advanceInterrupt(stream: Stream, next: u64): void {
  const delta = distance(stream, stream.hwPtrInterrupt, next);
  // most bring one
  const rest = delta == stream.periodSize ? 0 : delta % stream.periodSize;
  const moved = stream.hwPtrInterrupt + delta - rest;
  stream.hwPtrInterrupt = moved >= stream.boundary ? moved - stream.boundary : moved;
}

/** Stops at an xrun or at the end of a drain (−EPIPE), else wakes whoever waits for this much room or data. */
export function evaluate(cpu: Cpu, stream: Stream): i32 {
  const avail = availOf(stream);
  if (avail > stream.availMax) stream.availMax = avail;
  if (stream.state == STATE_DRAINING) {
    if (avail >= stream.bufferSize) {
      stopOne(cpu, stream, STATE_SETUP);
      return -EPIPE;
    }
  } else if (avail >= stream.stopThreshold) {
    enterXrun(cpu, stream);
    return -EPIPE;
  }
  if (stream.twake != 0) {
    if (avail >= stream.twake) wakeTransfers(stream);
  } else if (avail >= stream.availMin) wakePollers(stream);
  return 0;
}

/** The driver's period notification; one is enough for several periods. */
export function periodElapsed(cpu: Cpu, stream: Stream): void {
  if (isRunning(stream)) updateHwPtr(cpu, stream, FROM_INTERRUPT);
}

/** Takes a new appl_ptr: 0, −EINVAL, or what the driver's ack answered. There is no check against the room. */
export function applyApplPtr(cpu: Cpu, stream: Stream, value: u64): i32 {
  const old = stream.applPtr;
  if (value == old) return 0;
  if (value >= stream.boundary) return -EINVAL;
  if ((stream.info & INFO_NO_REWINDS) != 0 && goesBack(stream, old, value)) return -EINVAL;
  stream.applPtr = value;
  const answer = driverAck(cpu, stream, value);
  return answer < 0 ? refuseApplPtr(cpu, stream, old, answer) : 0;
}

/** More than a buffer forward on the circle is taken for a step back. */
function goesBack(stream: Stream, old: u64, value: u64): bool {
  return distance(stream, old, value) > stream.bufferSize;
}

function refuseApplPtr(cpu: Cpu, stream: Stream, old: u64, answer: i32): i32 {
  stream.applPtr = old;
  if (answer == -EPIPE) enterXrun(cpu, stream);
  return answer;
}
