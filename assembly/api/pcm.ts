import { BLOCKED, EBUSY, EINVAL, ENODEV } from "../base/errno";
import { cpuAt } from "../machine/cpu";
import { header } from "../machine/map";
import { enterCore, enterCoreHere, leaveCore, leaveCoreHere } from "../mm/shootdown";
import { Mm } from "../mm/mm";
import { Task } from "../mm/task";
import { advanceClock } from "../pcm/clock";
import { closeStream, isReleased } from "../pcm/close";
import { deviceOf } from "../pcm/device";
import { applyHwParams, finishHwParams, finishRefine, refuseHwParams } from "../pcm/hwParams";
import { NOT_WRITTEN, hitWritei } from "../pcm/hitWritei";
import { DOOR_NATIVE, pcmIoctl, wordOfDoor } from "../pcm/ioctl";
import { mapStream } from "../pcm/maps";
import { freeStream, openStream } from "../pcm/open";
import { periodElapsed } from "../pcm/pointer";
import { pollStream } from "../pcm/poll";
import { WRITEI } from "../pcm/requests";
import { CAPTURE, PLAYBACK, lockStream, noteBase, streamAt, unlockStream } from "../pcm/runtime";
import {
  disconnectStream,
  driverStop,
  driverXrun,
  resumeDrain,
  resumeDriver,
  suspendStream,
} from "../pcm/state";
import { syncStop } from "../pcm/stop";
import { syncPtr } from "../pcm/syncPtr";
import { resumeTransfer } from "../pcm/transfer";
import { transferBytes } from "../pcm/transferCalls";
import { WAIT_PCM_DRAIN, WAIT_PCM_DRIVER, WAIT_PCM_TRANSFER } from "../pcm/wake";
import { checkClosedAtReturn, checkClosedAtSleep } from "../uaccess/block";
import { wide } from "./tasks";

/**
 * The sound system's doors. A stream is named by its record's linear address, a CPU by its index, 64-bit numbers come
 * as (low, high) halves. Calls answer as the kernel's entries do, or BLOCKED, or NEGOTIATE.
 */

/**
 * Opens a substream of device `id` on a card, with that device's own info word; `kind` is of DEVICE_OWN_COPY and
 * DEVICE_LOOPBACK. 0 when RAM is full.
 */
export function pcmOpen(
  cpu: u32,
  direction: u32,
  card: u32,
  id: u32,
  info: u32,
  kind: u32,
  nonblock: u32,
): u32 {
  return openStream(cpuAt(cpu), direction, card, id, info, kind, nonblock);
}

/**
 * Closes a stream but keeps its record, so that the log of driver calls can still be read; `pcmFree` ends it once its
 * life is FILE_RELEASED. 0, or −EBUSY while a task sleeps in a call on it.
 */
export function pcmShut(cpu: u32, stream: u32): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const result = closeStream(on, streamAt(stream));
  leaveCore(on);
  return result;
}

/** 0, or −EBUSY while the stream is open or mapped. */
export function pcmFree(stream: u32): i32 {
  const file = streamAt(stream);
  if (!isReleased(file)) return -EBUSY;
  freeStream(file);
  return 0;
}

/** A call that went to sleep leaves the CPU as one that returns does: with the guard closed. */
function leave(cpu: u32, result: i32): i32 {
  const on = cpuAt(cpu);
  if (result == BLOCKED) checkClosedAtSleep(on);
  else checkClosedAtReturn(on);
  leaveCore(on);
  return result;
}

export function pcmCall(cpu: u32, stream: u32, door: u32, command: u32, lo: u32, hi: u32): i32 {
  const on = cpuAt(cpu);
  enterCoreHere(on);
  if (!STUDY && door == DOOR_NATIVE && command == WRITEI) {
    const answer = hitWritei(on, streamAt(stream), wide(lo, hi));
    if (answer != NOT_WRITTEN) {
      leaveCoreHere(on);
      return answer;
    }
  }
  return leave(cpu, pcmIoctl(on, streamAt(stream), door, command, wide(lo, hi)));
}

/** SYNC_PTR in a chosen layout and with a chosen way to move the data, whatever the kernel's version has. */
export function pcmSyncPtr(cpu: u32, stream: u32, abi: u32, strategy: u32, lo: u32, hi: u32): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  return leave(cpu, syncPtr(on, streamAt(stream), abi, strategy, wide(lo, hi)));
}

export function pcmRead(cpu: u32, stream: u32, lo: u32, hi: u32, bytes: u32): i32 {
  return transfer(cpu, stream, CAPTURE, wide(lo, hi), bytes);
}

export function pcmWrite(cpu: u32, stream: u32, lo: u32, hi: u32, bytes: u32): i32 {
  return transfer(cpu, stream, PLAYBACK, wide(lo, hi), bytes);
}

/** A file can be read or written in its own direction only, which the VFS knows before anybody asks the card. */
function transfer(cpu: u32, stream: u32, direction: u32, va: u64, bytes: u32): i32 {
  const on = cpuAt(cpu);
  const file = streamAt(stream);
  if (file.direction != direction) return -EINVAL;
  if (file.gone) return -ENODEV;
  enterCore(on);
  return leave(cpu, transferBytes(on, file, va, bytes));
}

export function pcmPoll(stream: u32): u32 {
  return pollStream(streamAt(stream));
}

/** mmap at an address that the host chose; `access` is VM_READ, perhaps with VM_WRITE. */
export function pcmMap(
  cpu: u32,
  stream: u32,
  lo: u32,
  hi: u32,
  offsetLo: u32,
  offsetHi: u32,
  length: u32,
  access: u32,
): i32 {
  const on = cpuAt(cpu);
  if (on.mm == 0) return -EINVAL;
  enterCore(on);
  const mm = changetype<Mm>(on.mm as usize);
  const result = mapStream(
    on,
    streamAt(stream),
    mm,
    wide(lo, hi),
    wide(offsetLo, offsetHi),
    length,
    access,
  );
  return leave(cpu, result);
}

/**
 * Goes on with the call that the CPU's task sleeps in; BLOCKED while neither a wake nor its time limit has come.
 * −EINVAL for a task that does not sleep in the sound system, NEGOTIATE where the host goes on with HW_PARAMS.
 */
export function pcmResume(cpu: u32): i32 {
  const on = cpuAt(cpu);
  if (on.task == 0) return -EINVAL;
  const task = changetype<Task>(on.task as usize);
  const kind = task.blockedOn;
  if (kind < WAIT_PCM_TRANSFER || kind > WAIT_PCM_DRIVER) return -EINVAL;
  enterCore(on);
  if (kind == WAIT_PCM_DRIVER) return leave(cpu, resumeDriver(on, task));
  return leave(cpu, kind == WAIT_PCM_DRAIN ? resumeDrain(on, task) : resumeTransfer(on, task));
}

/** Second half of HW_REFINE: the image holds the answer. */
export function pcmFinishRefine(cpu: u32, stream: u32, door: u32): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  return leave(cpu, finishRefine(on, streamAt(stream), wordOfDoor(streamAt(stream), door)));
}

/** Second half of HW_PARAMS where nothing was left to choose: answers −`error`. */
export function pcmRefuseHwParams(cpu: u32, stream: u32, error: i32): i32 {
  return refuseHwParams(cpuAt(cpu), streamAt(stream), -error);
}

/** Second half of HW_PARAMS: sets the stream up. See applyHwParams for the units. */
export function pcmApplyHwParams(
  cpu: u32,
  stream: u32,
  access: u32,
  format: u32,
  channels: u32,
  rate: u32,
  periodSize: u32,
  bufferSize: u32,
  bufferBytes: u32,
  physWidth: u32,
  info: u32,
  noPeriodWakeup: u32,
): i32 {
  return applyHwParams(
    cpuAt(cpu),
    streamAt(stream),
    access,
    format,
    channels,
    rate,
    periodSize,
    bufferSize,
    bufferBytes,
    physWidth,
    info,
    noPeriodWakeup,
  );
}

/** And its end: the image goes back to the program. */
export function pcmFinishHwParams(cpu: u32, stream: u32, door: u32): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  return leave(cpu, finishHwParams(on, streamAt(stream), wordOfDoor(streamAt(stream), door)));
}

/** The virtual clock, in nanoseconds. */
export function pcmAdvanceClock(lo: u32, hi: u32): void {
  advanceClock(wide(lo, hi));
}

export function deviceSetAnswers(stream: u32, prepare: i32, trigger: i32, ack: i32): void {
  const device = deviceOf(streamAt(stream));
  device.prepareAnswer = prepare;
  device.triggerAnswer = trigger;
  device.ackAnswer = ack;
}

export function deviceSetDelay(stream: u32, lo: u32, hi: u32): void {
  streamAt(stream).delay = wide(lo, hi);
}

/** XRUN_DEBUG_* bits (/proc/asound/…/xrun_debug). */
export function pcmSetXrunDebug(stream: u32, bits: u32): void {
  streamAt(stream).xrunDebug = bits;
}

export function devicePeriodElapsed(cpu: u32, stream: u32): void {
  const file = streamAt(stream);
  lockStream(file);
  periodElapsed(cpuAt(cpu), file);
  unlockStream(file);
}

export function deviceXrun(cpu: u32, stream: u32): void {
  driverXrun(cpuAt(cpu), streamAt(stream));
}

export function deviceStop(cpu: u32, stream: u32, state: u32): i32 {
  return driverStop(cpuAt(cpu), streamAt(stream), state);
}

/** All streams of the stream's device are suspended, playback first; then the end of each stop is waited for. */
export function deviceSuspend(cpu: u32, stream: u32): void {
  const device = deviceOf(streamAt(stream));
  for (let direction: u32 = PLAYBACK; direction <= CAPTURE; direction++) {
    for (let at = header().streams; at != 0; at = streamAt(at).next) {
      const other = deviceOf(streamAt(at));
      const same = other.card == device.card && other.id == device.id;
      if (same && streamAt(at).direction == direction) suspendStream(cpuAt(cpu), streamAt(at));
    }
  }
  for (let at = header().streams; at != 0; at = streamAt(at).next) {
    const other = deviceOf(streamAt(at));
    if (other.card == device.card && other.id == device.id) syncStop(cpuAt(cpu), streamAt(at));
  }
}

/** The card is removed, with every open file on it. */
export function cardDisconnect(cpu: u32, stream: u32): void {
  const card = deviceOf(streamAt(stream)).card;
  for (let at = header().streams; at != 0; at = streamAt(at).next) {
    if (deviceOf(streamAt(at)).card == card) disconnectStream(cpuAt(cpu), streamAt(at));
  }
}

/** Puts the pointers somewhere else, as the test device's own command does. */
export function pcmPoke(
  stream: u32,
  baseLo: u32,
  baseHi: u32,
  hwLo: u32,
  hwHi: u32,
  applLo: u32,
  applHi: u32,
  interruptLo: u32,
  interruptHi: u32,
): void {
  const file = streamAt(stream);
  file.hwPtrBase = wide(baseLo, baseHi);
  file.hwPtr = wide(hwLo, hwHi);
  noteBase(file);
  file.applPtr = wide(applLo, applHi);
  file.hwPtrInterrupt = wide(interruptLo, interruptHi);
  file.silenceStart = file.applPtr;
  file.silenceFilled = 0;
}
