import { EBUSY, EIO, EPIPE } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { DRIVER_RESET, DRIVER_SILENCED } from "../pcm/device";
import { NO_POSITION, STATE_DRAINING, STATE_RUNNING } from "../pcm/numbers";
import { framesToBytes } from "../pcm/ring";
import { CAPTURE, Stream, distance } from "../pcm/runtime";
import { silenceBytes } from "../pcm/silentFrames";
import { Substream, streamOf } from "./card";
import { movedFrames } from "./designAck";
import { Message, STATUS_BYTES, exposeMessage, ioQueue, layPieces, messageOf } from "./message";
import { kickUnlessPolling } from "./send";
import { Virtqueue, lockQueue, unlockQueue } from "./virtqueue";
import { scheduleWork } from "./works";

/**
 * A driver of our own on the idea of 6.7, appl_ptr decides, without what that leaves open. In place of positions that
 * are compared it counts bytes, each count a place on the ring that never goes round:
 *
 *             told ≤ back ≤ sent ≤ limit
 *   ────────────┼──────┼──────┼──────┼──────────▶ bytes since PREPARE
 *     the core  │ not  │ with │ may  │ the program's (playback), not read yet (capture)
 *     knows     │ told │ the  │ be   │
 *               │ yet  │ device│sent │        sent − back ≤ the ring, limit = final, capture: final + the ring
 *
 * So PREPARE forgets everything (F3), a capture period goes back to the device when it was read and not before (F2,
 * F7), a ring that came back as a whole is a ring that was played (F5), and what the queue has no room for stays here
 * until it has (F6).
 */

export function clearCounts(substream: Substream): void {
  substream.applPtr = 0;
  substream.finalBytes = 0;
  substream.sentBytes = 0;
  substream.backBytes = 0;
  substream.toldBytes = 0;
  for (let index: u32 = 0; index < substream.messageCount; index++) {
    messageOf(substream, index).out = 0;
  }
}

/** The message that begins at, or holds, a count. */
function messageAtCount(substream: Substream, count: i64): Message {
  const place = (count % (substream.bufferBytes as i64)) as u32;
  return messageOf(substream, place / substream.periodBytes);
}

/** Up to where the device may have the ring. */
function limitOf(substream: Substream): i64 {
  const ring: i64 = substream.direction == CAPTURE ? substream.bufferBytes : 0;
  return substream.finalBytes + ring;
}

/** Exposes the next `bytes`, at most a period; false where the queue has no room. */
function exposeNext(substream: Substream, stream: Stream, queue: Virtqueue, bytes: u32): bool {
  const message = messageAtCount(substream, substream.sentBytes);
  if (message.length != bytes) {
    layPieces(substream, message, stream.ring, bytes);
    message.length = bytes;
  }
  if (exposeMessage(substream, queue, message) != 0) return false;
  substream.sentBytes += bytes;
  return true;
}

/** How much of the next period may go to the device now: all of it, at the end of a drain what there is, or nothing. */
function sendable(substream: Substream, stream: Stream): u32 {
  const period: i64 = substream.periodBytes;
  if (substream.sentBytes - substream.backBytes + period > (substream.bufferBytes as i64)) return 0;
  const ready = limitOf(substream) - substream.sentBytes;
  if (ready >= period) return period as u32;
  return stream.state == STATE_DRAINING && ready > 0 ? (ready as u32) : 0;
}

/** Exposes what may be exposed and finds room. The queue lock is held. */
function sendReady(substream: Substream, stream: Stream, queue: Virtqueue): void {
  const before = substream.sentBytes;
  let bytes = sendable(substream, stream);
  while (bytes != 0 && exposeNext(substream, stream, queue, bytes)) {
    bytes = sendable(substream, stream);
  }
  if (substream.sentBytes != before) kickUnlessPolling(substream, queue);
}

/** −EPIPE for a step back over what the device has; −EIO on a broken queue, which will never take anything again. */
export function acknowledgeFinal(substream: Substream, stream: Stream): i32 {
  const queue = ioQueue(substream);
  if (queue.broken) return -EIO;
  const frames = movedFrames(substream, stream);
  const bytes =
    frames < 0 ? -(framesToBytes(stream, -frames) as i64) : framesToBytes(stream, frames);
  const final = substream.finalBytes + bytes;
  if (bytes < 0 && final < substream.sentBytes) return -EPIPE;
  substream.applPtr = stream.applPtr;
  lockQueue(queue);
  substream.finalBytes = final;
  sendReady(substream, stream, queue);
  unlockQueue(queue);
  return 0;
}

/**
 * Capture: the whole ring at START, at the end of a pause nothing new. Playback: what is left over may be the end of a
 * drain, which the stream's state tells only after START: the notification looks again (F4).
 */
export function exposeReady(substream: Substream, _command: u32): i32 {
  const stream = streamOf(substream);
  sendReady(substream, stream, ioQueue(substream));
  if (limitOf(substream) > substream.sentBytes) scheduleWork(substream);
  return 0;
}

/** A period counts as back when all before it are, in whichever order the device returned them. */
export function countReturned(substream: Substream, message: Message, written: u32): void {
  if (substream.direction == CAPTURE && substream.enabled) silenceRest(substream, message, written);
  while (substream.backBytes < substream.sentBytes) {
    const oldest = messageAtCount(substream, substream.backBytes);
    if (oldest.out) return;
    substream.backBytes += oldest.length;
  }
}

/** A capture message that is not full still stands for its period. */
function silenceRest(substream: Substream, message: Message, written: u32): void {
  const captured = written > STATUS_BYTES ? written - STATUS_BYTES : 0;
  if (captured >= message.length) return;
  const stream = streamOf(substream);
  const place = message.index * substream.periodBytes + captured;
  silenceBytes(stream, stream.ring + place, message.length - captured);
}

/**
 * A reported xrun is one (F1). So is a device that has played all that it was given where no position would say so: a
 * part of a period is left (F9), or the whole ring came back at once. The core takes a position for less than a ring
 * ahead of the one before it: what is more is told by a notification after this one.
 */
export function locateByCount(substream: Substream, stream: Stream): u64 {
  if (substream.xrun || acknowledgeFinal(substream, stream) < 0) return NO_POSITION;
  // the interrupt that counts may come to another CPU
  if (THREADS) lockQueue(ioQueue(substream));
  const told = tellBack(substream, stream);
  if (THREADS) unlockQueue(ioQueue(substream));
  if (!told) return NO_POSITION;
  return (substream.toldBytes % (substream.bufferBytes as i64)) as u64;
}

/** False where that is an xrun. */
function tellBack(substream: Substream, stream: Stream): bool {
  const most: i64 = substream.bufferBytes - substream.periodBytes;
  const fresh = substream.backBytes - substream.toldBytes;
  const isShort = fresh > most || substream.finalBytes != substream.sentBytes;
  if (isShort && ranDry(substream, stream)) return false;
  substream.toldBytes += min(fresh, most);
  if (fresh > most) scheduleWork(substream);
  return true;
}

/** The device plays, has nothing to play, and the program does not want to go on like that. */
function ranDry(substream: Substream, stream: Stream): bool {
  if (substream.direction == CAPTURE || !substream.enabled) return false;
  if (stream.state != STATE_RUNNING || stream.stopThreshold >= stream.boundary) return false;
  return substream.sentBytes != 0 && substream.sentBytes == substream.backBytes;
}

export function answerCorrected(
  _cpu: Cpu,
  substream: Substream,
  stream: Stream,
  call: u32,
  _argument: u64,
): i64 {
  if (call == DRIVER_SILENCED) exposeSilence(substream, stream);
  // what the device has cannot be taken back (F8)
  if (call == DRIVER_RESET && (substream.enabled || substream.queued != 0)) return -EBUSY;
  return 0;
}

/** The device has nothing left, and the program wants silence then: a period of it, no earlier than that (F10). */
function exposeSilence(substream: Substream, stream: Stream): void {
  if (!substream.enabled || substream.queued != 0 || stream.state != STATE_RUNNING) return;
  if (!isSilent(substream, stream)) return;
  const queue = ioQueue(substream);
  lockQueue(queue);
  const exposed = exposeNext(substream, stream, queue, substream.periodBytes);
  if (exposed) kickUnlessPolling(substream, queue);
  unlockQueue(queue);
}

/** Whether all behind the program's data in the next period was silenced, from the position that the core was told. */
function isSilent(substream: Substream, stream: Stream): bool {
  const told = inFrames(stream, substream.toldBytes);
  const needed = inFrames(stream, substream.sentBytes + substream.periodBytes) - told;
  const end = (stream.silenceStart + stream.silenceFilled) & stream.mask;
  const filled = distance(stream, told % stream.boundary, end);
  // silence that ends behind the position looks like nearly a whole circle
  return filled >= needed && filled < stream.boundary / 2;
}

function inFrames(stream: Stream, bytes: i64): u64 {
  return ((bytes as u64) << 3) / stream.frameBits;
}
