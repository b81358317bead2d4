import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { STATE_RUNNING, TSTAMP_ENABLE, XRUN_DEBUG_TICKS } from "../pcm/numbers";
import { FROM_INTERRUPT, applyApplPtr, updateTo } from "../pcm/pointer";
import { bytesToFrames } from "../pcm/ring";
import { PLAYBACK, Stream, addressOf, lockStream, unlockStream } from "../pcm/runtime";
import { Card, Substream, queueOf, substreamAt } from "./card";
import { noteLatency } from "./completion";
import { designOf } from "./design";
import { acknowledge } from "./designAck";
import { DeviceQueue, SoundDevice, deviceQueue, soundDeviceOf } from "./device";
import { takeNew } from "./deviceLook";
import { playMessage } from "./devicePlay";
import { considerInterrupt, isPlain, keepWaiting } from "./deviceRings";
import { advanceHwPtr, messageAt, messageOf, piecesOf, tokenOf } from "./message";
import { FEATURE_MSG_POLLING, QUEUE_TX, RING_INDIRECT } from "./numbers";
import {
  Virtqueue,
  detach,
  linkIndirect,
  lockQueue,
  pendingToken,
  publish,
  readyTable,
  setToken,
  unlockQueue,
  writableBytes,
} from "./virtqueue";
import {
  INDEX_MASK,
  NO_SIGNAL,
  availableIndex,
  setUsedEvent,
  usedEntry,
  usedFlags,
  usedIndex,
} from "./vring";
import { runWorks } from "./works";

/**
 * What happens to every period that is played in the design that acknowledges, written out (bench V1): it becomes final
 * and goes to the device, and it comes back. Each of the two ways is looked at as a whole before anything is changed,
 * so that whatever is not as usual can be left to the ordinary one. What is stored is the same to the byte, but for
 * what the ordinary way sets and takes back before anybody looks. The study build has only that: it counts every step.
 */

/**
 * The next period of a running stream's ring becomes final, as a commit or the end of a transfer makes it; then the
 * device plays the oldest message that it has. False where it has none.
 */
export function playPeriod(cpu: Cpu, card: Card, stream: Stream): bool {
  const device = soundDeviceOf(card);
  const own = deviceQueue(device, QUEUE_TX);
  const queue = queueOf(card, QUEUE_TX);
  const only = STUDY ? 0 : onlySubstream(card, stream);
  const next = nextPeriod(stream);
  lockStream(stream);
  if (only == 0 || !hitExpose(device, own, queue, substreamAt(only), stream, next)) {
    applyApplPtr(cpu, stream, next);
  }
  unlockStream(stream);
  if (own.waitingCount == 0) return false;
  playMessage(device, own);
  if (only == 0 || !hitTake(cpu, card, own, queue, only, stream)) {
    considerInterrupt(device, own);
    runWorks(cpu, card);
  }
  if (own.taken != availableIndex(own)) takeNew(device, own);
  return true;
}

@inline
function nextPeriod(stream: Stream): u64 {
  const next = stream.applPtr + stream.periodSize;
  return next < stream.boundary ? next : next - stream.boundary;
}

/** The card's only stream where it is this one, and its driver acknowledges; else 0. */
@inline
function onlySubstream(card: Card, stream: Stream): u32 {
  if (card.substreamCount != 1) return 0;
  if (designOf(card).acknowledge != (changetype<usize>(acknowledge) as u32)) return 0;
  const only = load<u32>(card.substreams);
  return substreamAt(only).stream == addressOf(stream) ? only : 0;
}

/** appl_ptr moves by a period to `value`: message, table, available ring, index, and the kicked device's list. */
@inline
function hitExpose(
  device: SoundDevice,
  own: DeviceQueue,
  queue: Virtqueue,
  substream: Substream,
  stream: Stream,
  value: u64,
): bool {
  const place = substream.swData;
  const period = substream.periodBytes;
  if (place >= substream.bufferBytes) return false;
  if (place != substream.foundPlace && !findMessage(substream, place)) return false;
  const message = messageOf(substream, substream.foundIndex);
  const unusual =
    (stream.state ^ STATE_RUNNING) |
    (stream.direction ^ PLAYBACK) |
    (substream.swReady as u32) |
    (substream.hwData ^ place) |
    (substream.features & FEATURE_MSG_POLLING) |
    message.length |
    queue.broken |
    (queue.availFlags & NO_SIGNAL) |
    (queue.features ^ RING_INDIRECT) |
    (usedFlags(queue) & NO_SIGNAL) |
    (own.taken ^ queue.availIndex) |
    u32(queue.freeCount == 0) |
    u32(own.waitingCount >= own.entries) |
    u32(stream.applPtr != substream.applPtr) |
    u32(substream.hwReady + (period as i32) > (substream.bufferBytes as i32));
  if (unusual != 0 || !isPlain(device, own)) return false;
  const head = queue.freeHead;
  const table = readyTable(queue, message.pieceCount);
  if (table == 0) return false;

  lockQueue(queue);
  stream.applPtr = value;
  substream.applPtr = value;
  substream.hwReady += period as i32;
  const next = place + period;
  const start = next >= substream.bufferBytes ? 0 : next;
  substream.hwData = start;
  substream.swData = start;
  substream.foundPlace = start;
  substream.foundIndex = start == 0 ? 0 : substream.foundIndex + 1;
  message.length = period;
  message.status = 0;
  message.latency = 0;
  message.out = 1;
  substream.queued += 1;
  linkIndirect(queue, head, table, piecesOf(message), message.pieceCount);
  setToken(queue, head, tokenOf(message), message.writable);
  publish(queue, head);
  queue.added = 0;
  own.taken = queue.availIndex;
  keepWaiting(own, head);
  unlockQueue(queue);
  return true;
}

/** False where none begins there. */
function findMessage(substream: Substream, place: u32): bool {
  const index = place / substream.periodBytes;
  substream.foundPlace = place;
  substream.foundIndex = index;
  return index * substream.periodBytes == place;
}

/**
 * The device has returned one message and interrupts: the message is free again, the position moves by its bytes, and
 * the notification tells the sound core.
 */
@inline
function hitTake(
  cpu: Cpu,
  card: Card,
  own: DeviceQueue,
  queue: Virtqueue,
  only: u32,
  stream: Stream,
): bool {
  const substream = substreamAt(only);
  const taken = (queue.lastUsed + 1) & INDEX_MASK;
  const slot = usedEntry(queue, queue.lastUsed);
  const head = load<u32>(slot);
  const written = load<u32>(slot, 4);
  const unusual =
    queue.broken |
    (queue.availFlags & NO_SIGNAL) |
    (queue.features ^ RING_INDIRECT) |
    (taken ^ usedIndex(queue)) |
    (substream.enabled ^ 1) |
    substream.work |
    (substream.swReady as u32) |
    (stream.state ^ STATE_RUNNING) |
    u32(stream.applPtr != substream.applPtr) |
    u32(head >= queue.entries);
  if (unusual != 0 || pendingToken(queue, head) == 0) return false;
  const message = messageAt(pendingToken(queue, head));
  if (message.substream != only || written > writableBytes(queue, head)) return false;

  detach(queue, head);
  queue.usedLength = written;
  queue.lastUsed = taken;
  setUsedEvent(queue, taken);
  own.signalled = own.returned;
  noteLatency(substream, message.latency);
  substream.xrun = 0;
  substream.queued -= 1;
  message.out = 0;
  advanceHwPtr(substream, message, written);
  message.length = 0;
  card.worksScheduled += 1;

  lockStream(stream);
  const position = bytesToFrames(stream, hitPosition(substream)) & ~(stream.minAlign - 1);
  if (!hitUpdate(stream, position)) updateTo(cpu, stream, FROM_INTERRUPT, position);
  unlockStream(stream);
  return true;
}

/** updateTo for a period more than before, with nothing to stop for and nobody to wake. */
@inline
function hitUpdate(stream: Stream, position: u64): bool {
  const size = stream.bufferSize;
  const old = stream.hwPtr;
  let base = stream.hwPtrBase;
  let next = base + position;
  if (next < old) {
    base += size;
    next += size;
  }
  const avail = next + size - stream.applPtr;
  const special =
    stream.noPeriodWakeup |
    stream.baseAstray |
    stream.sleepers |
    (stream.xrunDebug & XRUN_DEBUG_TICKS) |
    u32(stream.silenceSize != 0) |
    u32(stream.tstampMode == TSTAMP_ENABLE) |
    u32(next - old != stream.periodSize) |
    u32(next - stream.hwPtrInterrupt != stream.periodSize) |
    u32(next + size >= stream.boundary) |
    u32(avail > size) |
    u32(avail >= stream.stopThreshold);
  if (special != 0) return false;
  if (avail > stream.availMax) stream.availMax = avail;
  stream.hwPtrInterrupt = next;
  stream.hwPtrBase = base;
  stream.hwPtr = next;
  stream.hwPtrJiffies = header().jiffies;
  return true;
}

/** indirectPosition of a playing stream whose appl_ptr did not move. */
@inline
function hitPosition(substream: Substream): u32 {
  const ring = substream.bufferBytes;
  let moved = substream.hwPtr - substream.hwIo;
  if ((moved as i32) < 0) moved += ring;
  substream.hwIo = substream.hwPtr;
  substream.hwReady -= moved as i32;
  const io = substream.swIo + moved;
  substream.swIo = io >= ring ? io - ring : io;
  return substream.swIo;
}
