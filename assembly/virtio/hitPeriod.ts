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
import { playMessage, playPlain } from "./devicePlay";
import { considerInterrupt, isPlain, keepWaiting } from "./deviceRings";
import { advanceHwPtr, messageAt, messageOf, piecesOf, tokenOf } from "./message";
import { FEATURE_MSG_POLLING, QUEUE_TX, RING_INDIRECT } from "./numbers";
import {
  Virtqueue,
  detach,
  linkIndirect,
  lockQueue,
  publish,
  readyTable,
  stateOf,
  unlockQueue,
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
 * `count` times: the next period of a running stream's ring becomes final, as a commit or the end of a transfer makes
 * it; then the device plays the oldest message that it has, if it has one. How many it played.
 */
export function playPeriods(cpu: Cpu, card: Card, stream: Stream, count: u32): u32 {
  const device = soundDeviceOf(card);
  const own = deviceQueue(device, QUEUE_TX);
  const queue = queueOf(card, QUEUE_TX);
  const only = STUDY || !isPlain(device, own) ? 0 : onlySubstream(card, stream);
  let played: u32 = 0;
  for (let done: u32 = 0; done < count; done++) {
    if (only != 0 && hitNext(own, queue, substreamAt(only), stream)) {
      playPlain(device, own);
      if (!hitTake(cpu, card, own, queue, only, stream)) interruptAndLook(cpu, card, device, own);
      played += 1;
    } else if (playNext(cpu, card, device, own, stream)) {
      played += 1;
    }
  }
  return played;
}

/** The ordinary way. False where nothing waits to be played. */
function playNext(
  cpu: Cpu,
  card: Card,
  device: SoundDevice,
  own: DeviceQueue,
  stream: Stream,
): bool {
  lockStream(stream);
  applyApplPtr(cpu, stream, nextPeriod(stream, stream.applPtr));
  unlockStream(stream);
  if (own.waitingCount == 0) return false;
  playMessage(device, own);
  interruptAndLook(cpu, card, device, own);
  return true;
}

function interruptAndLook(cpu: Cpu, card: Card, device: SoundDevice, own: DeviceQueue): void {
  considerInterrupt(device, own);
  runWorks(cpu, card);
  if (own.taken != availableIndex(own)) takeNew(device, own);
}

/** The next period becomes final the written-out way. False, and nothing is changed, where that cannot be. */
@inline
function hitNext(own: DeviceQueue, queue: Virtqueue, substream: Substream, stream: Stream): bool {
  lockStream(stream);
  const old = stream.applPtr;
  const hit =
    isUsual(queue, substream, stream, old) &&
    hitExpose(own, queue, substream, stream, nextPeriod(stream, old));
  unlockStream(stream);
  return hit;
}

@inline
function nextPeriod(stream: Stream, from: u64): u64 {
  const next = from + stream.periodSize;
  return next < stream.boundary ? next : next - stream.boundary;
}

/** The card's only stream where it is this one and plays, and its driver acknowledges; else 0. */
@inline
function onlySubstream(card: Card, stream: Stream): u32 {
  if (card.substreamCount != 1 || stream.direction != PLAYBACK) return 0;
  if (designOf(card).acknowledge != (changetype<usize>(acknowledge) as u32)) return 0;
  const only = load<u32>(card.substreams);
  return substreamAt(only).stream == addressOf(stream) ? only : 0;
}

/** It runs, the driver has seen its appl_ptr, and its queue takes and returns messages as it does most of the time. */
@inline
function isUsual(queue: Virtqueue, substream: Substream, stream: Stream, applPtr: u64): bool {
  const unusual =
    (stream.state ^ STATE_RUNNING) |
    (substream.swReady as u32) |
    queue.broken |
    (queue.availFlags & NO_SIGNAL) |
    (queue.features ^ RING_INDIRECT) |
    u32(applPtr != substream.applPtr);
  return unusual == 0;
}

/** appl_ptr moves by a period to `value`: message, table, available ring, index, and the kicked device's list. */
@inline
function hitExpose(
  own: DeviceQueue,
  queue: Virtqueue,
  substream: Substream,
  stream: Stream,
  value: u64,
): bool {
  const place = substream.swData;
  const period = substream.periodBytes;
  const ring = substream.bufferBytes;
  if (place >= ring) return false;
  if (place != substream.foundPlace && !findMessage(substream, place)) return false;
  const index = substream.foundIndex;
  const message = messageOf(substream, index);
  const ready = substream.hwReady + (period as i32);
  const head = queue.freeHead;
  const unusual =
    (substream.features & FEATURE_MSG_POLLING) |
    message.length |
    (usedFlags(queue) & NO_SIGNAL) |
    (own.taken ^ queue.availIndex) |
    u32(queue.freeCount == 0) |
    u32(own.waitingCount >= own.entries) |
    u32(ready > (ring as i32));
  if (unusual != 0) return false;
  const pieces = message.pieceCount;
  const entry = stateOf(queue, head);
  const table = readyTable(entry, pieces);
  if (table == 0) return false;

  lockQueue(queue);
  stream.applPtr = value;
  substream.applPtr = value;
  substream.hwReady = ready;
  const next = place + period;
  const wraps = next >= ring;
  const start = wraps ? 0 : next;
  substream.hwData = start;
  substream.swData = start;
  substream.foundPlace = start;
  substream.foundIndex = wraps ? 0 : index + 1;
  message.length = period;
  message.status = 0;
  message.latency = 0;
  message.out = 1;
  substream.queued += 1;
  linkIndirect(queue, head, table, piecesOf(message), pieces);
  entry.token = tokenOf(message);
  entry.writable = message.writable;
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
 * the notification tells the sound core. What was usual when a period was exposed still is, unless another thread came
 * between.
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
  if (THREADS && !isUsual(queue, substream, stream, stream.applPtr)) return false;
  const last = queue.lastUsed;
  const taken = (last + 1) & INDEX_MASK;
  const slot = usedEntry(queue, last);
  const head = load<u32>(slot);
  const written = load<u32>(slot, 4);
  const unusual =
    (taken ^ usedIndex(queue)) |
    (substream.enabled ^ 1) |
    substream.work |
    u32(head >= queue.entries);
  if (unusual != 0) return false;
  const entry = stateOf(queue, head);
  const token = entry.token;
  if (token == 0) return false;
  const message = messageAt(token);
  if (message.substream != only) return false;

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
  const hit = hitUpdate(stream, position, substream.applPtr);
  if (!hit) updateTo(cpu, stream, FROM_INTERRUPT, position);
  unlockStream(stream);
  return true;
}

/** updateTo for a period more than before, with nothing to stop for and nobody to wake. */
@inline
function hitUpdate(stream: Stream, position: u64, applPtr: u64): bool {
  const size = stream.bufferSize;
  const old = stream.hwPtr;
  let base = stream.hwPtrBase;
  let next = base + position;
  if (next < old) {
    base += size;
    next += size;
  }
  const avail = next + size - applPtr;
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
  const at = substream.hwPtr;
  let moved = at - substream.hwIo;
  if ((moved as i32) < 0) moved += ring;
  substream.hwIo = at;
  substream.hwReady -= moved as i32;
  const io = substream.swIo + moved;
  const place = io >= ring ? io - ring : io;
  substream.swIo = place;
  return place;
}
