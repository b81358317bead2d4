import { EFAULT } from "../base/errno";
import { Cpu, stackImage } from "../machine/cpu";
import { header } from "../machine/map";
import { clearUser, copyToUser } from "../uaccess/copy";
import { availOf, delayOf } from "./avail";
import { restOf, secondsOf } from "./clock";
import { STATE_OPEN, TSTAMP_ENABLE } from "./numbers";
import { FROM_CALL, updateHwPtr } from "./pointer";
import { Stream, isRunning, lockStream, unlockStream } from "./runtime";
import { get32, put32, putWord } from "./user";

/**
 * STATUS and STATUS_EXT in their three forms (sound/core/pcm_native.c, pcm_compat.c). A form is the size of a time
 * field and of a count:
 *
 *              state  trigger  tstamp  6 counts  suspended  audio data  audio  driver  accuracy  all
 *   time64      0      8        24      40 · 8    88         92          96     112     128       152
 *   compat64    0      8        24      40 · 4    64         68          72      88     104       128
 *   compat32    0      4        12      20 · 4    44         48          52      60      68       108
 */
export const STATUS_TIME64: u32 = 0;
export const STATUS_COMPAT64: u32 = 1;
export const STATUS_COMPAT32: u32 = 2;
export const STATUS_NATIVE32: u32 = 3; // laid out as compat64, but stored as one block

@inline
function timeBytes(form: u32): u32 {
  return form == STATUS_COMPAT32 ? 4 : 8;
}

@inline
function countBytes(form: u32): u32 {
  return form == STATUS_TIME64 ? 8 : 4;
}

@inline
function triggerAt(form: u32): u32 {
  return timeBytes(form);
}

@inline
function countsAt(form: u32): u32 {
  return triggerAt(form) + 4 * timeBytes(form);
}

@inline
function suspendedAt(form: u32): u32 {
  return countsAt(form) + 6 * countBytes(form);
}

@inline
function audioDataAt(form: u32): u32 {
  return suspendedAt(form) + 4;
}

@inline
function audioAt(form: u32): u32 {
  return audioDataAt(form) + 4;
}

@inline
export function statusBytes(form: u32): u32 {
  if (form == STATUS_TIME64) return 152;
  return form == STATUS_COMPAT32 ? 108 : 128;
}

/** What audio_tstamp_data asks for: the low 4 bits choose a clock, the next one whether the extra delay counts. */
const AUDIO_TYPE_MASK: u32 = 15;
const AUDIO_DELAY: u32 = 16;
/** The report's half of the word: valid, of the compatible kind. */
const AUDIO_REPORT_VALID: u32 = 1 << 16;

/** STATUS: the word that asks for an audio time is 0. */
export function status(cpu: Cpu, stream: Stream, form: u32, va: u64): i32 {
  return answerStatus(cpu, stream, form, va, 0);
}

export function statusExt(cpu: Cpu, stream: Stream, form: u32, va: u64): i32 {
  if (get32(cpu, va + audioDataAt(form)) != 0) return -EFAULT;
  return answerStatus(cpu, stream, form, va, cpu.value as u32);
}

function answerStatus(cpu: Cpu, stream: Stream, form: u32, va: u64, audioData: u32): i32 {
  const image = stackImage(cpu);
  memory.fill(image, 0, statusBytes(form));
  lockStream(stream);
  collect(cpu, stream, image, form, audioData);
  unlockStream(stream);
  if (form == STATUS_COMPAT64) return storeFields(cpu, image, va);
  return copyToUser(cpu, va, image, statusBytes(form)) == 0 ? 0 : -EFAULT;
}

@inline
function setTime(image: usize, at: u32, form: u32, seconds: u64, nanoseconds: u64): void {
  if (timeBytes(form) == 8) {
    store<u64>(image + at, seconds);
    store<u64>(image + at, nanoseconds, 8);
  } else {
    store<u32>(image + at, seconds as u32);
    store<u32>(image + at, nanoseconds as u32, 4);
  }
}

function setCount(image: usize, form: u32, index: u32, value: u64): void {
  const at = image + countsAt(form) + index * countBytes(form);
  if (countBytes(form) == 8) store<u64>(at, value);
  else store<u32>(at, value as u32);
}

/** Fills the image. The update may itself end in an xrun; the state reported is the one before it. */
function collect(cpu: Cpu, stream: Stream, image: usize, form: u32, audioData: u32): void {
  stream.reportDelay = audioData & AUDIO_DELAY;
  store<u32>(image, stream.state);
  store<u32>(image + suspendedAt(form), stream.suspendedState);
  store<u32>(image + audioDataAt(form), audioData);
  if (stream.state == STATE_OPEN) return;
  setTime(image, triggerAt(form), form, stream.triggerSeconds, stream.triggerNanoseconds);
  if (isRunning(stream)) {
    updateHwPtr(cpu, stream, FROM_CALL);
    if (stream.tstampMode == TSTAMP_ENABLE) setStamps(stream, image, form, audioData);
  } else if (stream.tstampMode == TSTAMP_ENABLE) {
    const now = header().nanoseconds;
    setTime(image, triggerAt(form) + 2 * timeBytes(form), form, secondsOf(now), restOf(now));
  }
  setCount(image, form, 0, stream.applPtr);
  setCount(image, form, 1, stream.hwPtr);
  setCount(image, form, 2, isRunning(stream) ? delayOf(stream) : 0);
  setCount(image, form, 3, availOf(stream));
  setCount(image, form, 4, stream.availMax);
  stream.availMax = 0;
}

function setStamps(stream: Stream, image: usize, form: u32, audioData: u32): void {
  const tstampAt = triggerAt(form) + 2 * timeBytes(form);
  setTime(image, tstampAt, form, stream.tstampSeconds, stream.tstampNanoseconds);
  setTime(image, audioAt(form), form, stream.audioSeconds, stream.audioNanoseconds);
  setTime(
    image,
    audioAt(form) + 2 * timeBytes(form),
    form,
    stream.driverSeconds,
    stream.driverNanoseconds,
  );
  if ((audioData & AUDIO_TYPE_MASK) == 0) return;
  store<u32>(image + audioDataAt(form), (audioData & 0xffff) | AUDIO_REPORT_VALID);
}

/** The 128-byte form: all of it is cleared in user memory first, then each field is stored. */
function storeFields(cpu: Cpu, image: usize, va: u64): i32 {
  const form = STATUS_COMPAT64;
  if (clearUser(cpu, va, statusBytes(form)) != 0) return -EFAULT;
  if (put32(cpu, va, load<u32>(image)) != 0) return -EFAULT;
  if (storeRun(cpu, image, va, triggerAt(form), 4, 8) != 0) return -EFAULT;
  if (storeRun(cpu, image, va, countsAt(form), 8, 4) != 0) return -EFAULT;
  if (storeRun(cpu, image, va, audioAt(form), 4, 8) != 0) return -EFAULT;
  return storeRun(cpu, image, va, audioAt(form) + 32, 1, 4);
}

function storeRun(cpu: Cpu, image: usize, va: u64, at: u32, fields: u32, width: u32): i32 {
  for (const end = at + fields * width; at < end; at += width) {
    if (putWord(cpu, va + at, load<u64>(image + at), width) != 0) return -EFAULT;
  }
  return 0;
}
