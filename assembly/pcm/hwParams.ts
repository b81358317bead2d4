import { BLOCKED, EBADFD, EBUSY, EFAULT, EINTR, EINVAL } from "../base/errno";
import { profile } from "../arch/profile";
import { Cpu, stackImage } from "../machine/cpu";
import { Task } from "../mm/task";
import { copyFromUser, copyToUser } from "../uaccess/copy";
import { boundaryFor, recalculateBoundary } from "./boundary";
import {
  DRIVER_ABANDON,
  DRIVER_HW_FREE,
  DRIVER_HW_PARAMS,
  HwChoice,
  NEGOTIATE,
  deviceOf,
} from "./device";
import { driverHwParams, driverNote } from "./driver";
import { STATE_OPEN, STATE_PREPARED, STATE_SETUP, TSTAMP_NONE } from "./numbers";
import { allocateRing, freeRing, ringIsMapped } from "./open";
import { Stream, lockStream, noteBase, streamAt, unlockStream } from "./runtime";
import { admitCopies, excludeCopies } from "./state";
import { syncStop } from "./stop";
import { endSleep } from "./wake";

/**
 * HW_REFINE, HW_PARAMS and HW_FREE (sound/core/pcm_native.c). Negotiation is the host's: a call copies the structure
 * into the stream's image and answers NEGOTIATE; the host works on the image and calls the second half.
 */

/** Bytes of struct snd_pcm_hw_params where a word has 8 or 4. */
@inline
export function imageBytes(word: u32): u32 {
  return word == 8 ? 608 : 604;
}

/** First half of HW_REFINE: −EFAULT, or NEGOTIATE. `word` is that of the door. */
export function beginRefine(cpu: Cpu, stream: Stream, word: u32, va: u64): i32 {
  if (copyFromUser(cpu, stream.image, va, imageBytes(word)) != 0) return -EFAULT;
  stream.imageAddress = va;
  return NEGOTIATE;
}

/** First half of HW_PARAMS: copies are kept out until the second. */
export function beginHwParams(cpu: Cpu, stream: Stream, word: u32, va: u64): i32 {
  const began = beginRefine(cpu, stream, word, va);
  if (began != NEGOTIATE) return began;
  const refused = beginConfiguring(stream);
  if (refused != 0) return refused;
  syncStop(cpu, stream);
  return NEGOTIATE;
}

/** 0, and copies are kept out until `applyHwParams` or `refuseHwParams`; or −EBUSY, −EBADFD. */
function beginConfiguring(stream: Stream): i32 {
  lockStream(stream);
  let result: i32 = -EBUSY;
  if (excludeCopies(stream)) {
    const state = stream.state;
    const good = state == STATE_OPEN || state == STATE_SETUP || state == STATE_PREPARED;
    result = good && !ringIsMapped(stream) ? 0 : -EBADFD;
    if (result != 0) admitCopies(stream);
  }
  unlockStream(stream);
  return result;
}

/** Writes the image back as one block. */
export function finishRefine(cpu: Cpu, stream: Stream, word: u32): i32 {
  return copyToUser(cpu, stream.imageAddress, stream.image, imageBytes(word)) == 0 ? 0 : -EFAULT;
}

/** A negotiation without a result destroys an earlier configuration: the ring goes, the state is OPEN. */
export function refuseHwParams(cpu: Cpu, stream: Stream, error: i32): i32 {
  lockStream(stream);
  stream.state = STATE_OPEN;
  driverNote(cpu, stream, DRIVER_HW_FREE);
  freeRing(stream);
  admitCopies(stream);
  unlockStream(stream);
  return error;
}

/** A task that ends leaves the call that its driver sleeps in, as a fatal signal makes it: HW_PARAMS is refused. */
export function abandonDriver(cpu: Cpu, task: Task): void {
  const stream = streamAt(task.wait0 as u32);
  endSleep(task, stream);
  driverNote(cpu, stream, DRIVER_ABANDON);
  if (task.wait1 == DRIVER_HW_PARAMS) refuseHwParams(cpu, stream, -EINTR);
}

/** What the driver says to a choice: 0, −errno, BLOCKED. */
function offer(
  cpu: Cpu,
  stream: Stream,
  format: u32,
  channels: u32,
  rate: u32,
  periodBytes: u32,
  bufferBytes: u32,
): i32 {
  const choice = changetype<HwChoice>(stackImage(cpu));
  choice.format = format;
  choice.channels = channels;
  choice.rate = rate;
  choice.periodBytes = periodBytes;
  choice.bufferBytes = bufferBytes;
  return driverHwParams(cpu, stream, choice);
}

/**
 * Sets the stream up with what the negotiation chose; sizes in frames unless named bytes, rate in Hz, `physWidth` in
 * bits. 0, −EINVAL for values that no device can have, −ENOMEM. A refusal ends in OPEN. BLOCKED where the driver sleeps:
 * then it is called once more.
 */
export function applyHwParams(
  cpu: Cpu,
  stream: Stream,
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
  const frameBits = physWidth * channels;
  const needed = ((bufferSize as u64) * frameBits) >> 3;
  if (rate == 0 || periodSize == 0 || bufferSize == 0 || frameBits == 0 || needed > bufferBytes) {
    return refuseHwParams(cpu, stream, -EINVAL);
  }
  const allocated = deviceOf(stream).ownRing ? 0 : allocateRing(stream, bufferBytes);
  if (allocated != 0) return refuseHwParams(cpu, stream, allocated);
  const periodBytes = ((periodSize as u64) * frameBits) >> 3;
  const refused = offer(cpu, stream, format, channels, rate, periodBytes as u32, needed as u32);
  if (refused == BLOCKED) return BLOCKED;
  if (refused != 0) return refuseHwParams(cpu, stream, refused);
  lockStream(stream);
  stream.access = access;
  stream.format = format;
  stream.channels = channels;
  stream.rate = rate;
  stream.periodSize = periodSize;
  stream.bufferSize = bufferSize;
  noteBase(stream);
  stream.physWidth = physWidth;
  stream.info = info;
  stream.noPeriodWakeup = noPeriodWakeup;
  setFrame(stream, frameBits);
  setSoftwareDefaults(stream);
  stream.boundary = boundaryFor(bufferSize, stream.wordBytes);
  stream.state = STATE_SETUP;
  admitCopies(stream);
  unlockStream(stream);
  return 0;
}

/** The smallest power of two of frames that ends on a byte. */
function setFrame(stream: Stream, frameBits: u32): void {
  let frames: u32 = 1;
  while ((frameBits * frames) & 7) frames <<= 1;
  stream.frameBits = frameBits;
  stream.minAlign = frames;
  stream.byteAlign = (frameBits * frames) >> 3;
}

function setSoftwareDefaults(stream: Stream): void {
  stream.tstampMode = TSTAMP_NONE;
  stream.periodStep = 1;
  stream.availMin = stream.periodSize;
  stream.startThreshold = 1;
  stream.stopThreshold = stream.bufferSize;
  stream.silenceThreshold = 0;
  stream.silenceSize = 0;
}

/** Last of all, and only after the answer reached the program, a compat door makes the boundary the 32-bit one. */
export function finishHwParams(cpu: Cpu, stream: Stream, word: u32): i32 {
  const written = finishRefine(cpu, stream, word);
  if (written == 0 && word < profile().wordBytes) {
    stream.boundary = recalculateBoundary(stream.bufferSize);
  }
  return written;
}

/** HW_FREE: only the ring goes. */
export function hwFree(cpu: Cpu, stream: Stream): i32 {
  lockStream(stream);
  let result: i32 = -EBUSY;
  if (excludeCopies(stream)) {
    const state = stream.state;
    const good = (state == STATE_SETUP || state == STATE_PREPARED) && !ringIsMapped(stream);
    if (good) {
      syncStop(cpu, stream);
      driverNote(cpu, stream, DRIVER_HW_FREE);
      freeRing(stream);
      stream.state = STATE_OPEN;
    }
    result = good ? 0 : -EBADFD;
    admitCopies(stream);
  }
  unlockStream(stream);
  return result;
}
