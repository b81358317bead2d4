import { Cpu } from "../machine/cpu";
import { STATE_RUNNING } from "../pcm/numbers";
import { FROM_INTERRUPT, applyApplPtr, updateTo } from "../pcm/pointer";
import { bytesToFrames } from "../pcm/ring";
import { PLAYBACK, Stream, addressOf, lockStream, unlockStream } from "../pcm/runtime";
import { Card, Substream, queueOf, substreamAt } from "./card";
import { noteLatency } from "./completion";
import { designOf } from "./design";
import { acknowledge } from "./designAck";
import {
  DeviceQueue,
  SoundDevice,
  considerInterrupt,
  deviceQueue,
  isPlain,
  keepWaiting,
  soundDeviceOf,
  takeNew,
} from "./device";
import { playMessage } from "./devicePlay";
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
import { INDEX_MASK, NO_SIGNAL, setUsedEvent, usedEntry, usedFlags, usedIndex } from "./vring";
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
  takeNew(device, own);
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
  const index = place / period;
  const message = messageOf(substream, index);
  const unusual =
    (stream.state ^ STATE_RUNNING) |
    (stream.direction ^ PLAYBACK) |
    (substream.swReady as u32) |
    (substream.hwData ^ place) |
    (place - index * period) |
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
  message.length = period;
  message.status = 0;
  message.latency = 0;
  message.out = 1;
  substream.queued += 1;
  linkIndirect(queue, head, table, piecesOf(message), message.pieceCount - 1, message.pieceCount);
  setToken(queue, head, tokenOf(message));
  publish(queue, head);
  queue.added = 0;
  own.taken = queue.availIndex;
  keepWaiting(own, head);
  unlockQueue(queue);
  return true;
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
  const position = bytesToFrames(stream, hitPosition(substream));
  // what the core makes of a position is its own to say
  updateTo(cpu, stream, FROM_INTERRUPT, position & ~(stream.minAlign - 1));
  unlockStream(stream);
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
