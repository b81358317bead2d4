import { EBADFD, EINVAL, ETIMEDOUT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { advanceClock } from "../pcm/clock";
import {
  DRIVER_ABANDON,
  DRIVER_ACK,
  DRIVER_CLOSE,
  DRIVER_HW_FREE,
  DRIVER_HW_PARAMS,
  DRIVER_OPEN,
  DRIVER_POINTER,
  DRIVER_PREPARE,
  DRIVER_SYNC_STOP,
  DRIVER_TRIGGER,
  HwChoice,
  deviceOf,
} from "../pcm/device";
import {
  NO_POSITION,
  TRIGGER_PAUSE_PUSH,
  TRIGGER_PAUSE_RELEASE,
  TRIGGER_START,
  TRIGGER_STOP,
  TRIGGER_SUSPEND,
} from "../pcm/numbers";
import { Stream, addressOf } from "../pcm/runtime";
import { bytesToFrames, framesToBytes } from "../pcm/ring";
import { Card, Substream, cardAt, substreamAt } from "./card";
import { abandonRequest, newRequest, sendAndSleep, sendRequest, takeOutcome } from "./control";
import { Acknowledge, AnswerCall, ClearRecord, ExposeAtStart, Locate, designOf } from "./design";
import { buildMessages, freeMessages, ioQueue } from "./message";
import {
  REQUEST_PREPARE,
  REQUEST_RELEASE,
  REQUEST_SET_PARAMS,
  REQUEST_START,
  REQUEST_STOP,
  bitOfFormat,
  bitOfRate,
} from "./numbers";
import { lockQueue, unlockQueue } from "./virtqueue";

/** The PCM driver (sound/virtio/virtio_pcm_ops.c): what the sound core calls, in every design. */

/** Binds an open stream to a stream of the device, and opens that: 0 or −errno. */
export function attachStream(cpu: Cpu, stream: Stream, substream: Substream): i32 {
  const device = deviceOf(stream);
  device.driver = changetype<usize>(answerCore) as u32;
  device.driverData = changetype<usize>(substream) as u32;
  return answerCore(cpu, stream, DRIVER_OPEN, 0) as i32;
}

@inline
function substreamOf(stream: Stream): Substream {
  return substreamAt(deviceOf(stream).driverData);
}

/** Every call of the sound core. `argument` is what the call is about: a trigger's command, a HwChoice. */
function answerCore(cpu: Cpu, stream: Stream, call: u32, argument: u64): i64 {
  const substream = substreamOf(stream);
  const card = cardAt(substream.card);
  switch (call) {
    case DRIVER_ACK:
      return acknowledge(card, substream, stream);
    case DRIVER_POINTER:
      return pointer(card, substream, stream) as i64;
    case DRIVER_TRIGGER:
      return trigger(card, substream, argument as u32);
    case DRIVER_OPEN:
      return open(cpu, card, substream, stream);
    case DRIVER_ABANDON:
      abandonRequest(substream);
      return 0;
    case DRIVER_CLOSE:
      substream.stream = 0;
      return 0;
    case DRIVER_HW_PARAMS:
      return hwParams(cpu, card, substream, stream, changetype<HwChoice>(argument as usize));
    case DRIVER_HW_FREE:
      if (substream.queued == 0) freeMessages(substream);
      return answerDesign(cpu, card, substream, stream, call, 0);
    case DRIVER_PREPARE:
      return prepare(cpu, card, substream, stream);
    case DRIVER_SYNC_STOP:
      return syncStop(card, substream);
    default:
      return answerDesign(cpu, card, substream, stream, call, argument);
  }
}

/** What only some designs do something in. */
function answerDesign(
  cpu: Cpu,
  card: Card,
  substream: Substream,
  stream: Stream,
  call: u32,
  argument: u64,
): i64 {
  const answer = changetype<AnswerCall>(designOf(card).answer as usize);
  return answer(cpu, substream, stream, call, argument);
}

function acknowledge(card: Card, substream: Substream, stream: Stream): i32 {
  return changetype<Acknowledge>(designOf(card).acknowledge as usize)(substream, stream);
}

/** Messages of whoever had it open before may still be out. */
function open(cpu: Cpu, card: Card, substream: Substream, stream: Stream): i32 {
  answerDesign(cpu, card, substream, stream, DRIVER_OPEN, 0);
  substream.stream = addressOf(stream);
  substream.stopped = substream.queued != 0 ? 1 : 0;
  substream.suspended = 0;
  const failed = syncStop(card, substream);
  if (failed != 0) substream.stream = 0;
  return failed;
}

/**
 * Requests about a stream: struct virtio_snd_pcm_hdr, and what virtio_snd_pcm_set_params adds, in bytes.
 *
 *   0      4        8        12       16         20         21       22     23    24
 *   ┌──────┬────────┬────────┬────────┬──────────┬──────────┬────────┬──────┬─────┐
 *   │ code │ stream │ buffer │ period │ features │ channels │ format │ rate │  0  │
 *   └──────┴────────┴────────┴────────┴──────────┴──────────┴────────┴──────┴─────┘
 *   └── COMMAND_BYTES ──────┘
 */
const COMMAND_BYTES: u32 = 8;
const PARAMETERS_BYTES: u32 = 24;

/** A request about a stream and nothing else; 0 when RAM is full. */
function newCommand(substream: Substream, code: u32): u32 {
  const request = newRequest(code, COMMAND_BYTES);
  if (request != 0) store<u32>(request, substream.id, 4);
  return request;
}

function sendCommand(card: Card, substream: Substream, code: u32): i32 {
  return sendRequest(card, newCommand(substream, code));
}

/** A SET_PARAMS request; 0 when RAM is full. */
function newParameters(
  substream: Substream,
  bufferBytes: u32,
  periodBytes: u32,
  channels: u32,
  format: u32,
  rate: u32,
): u32 {
  const request = newRequest(REQUEST_SET_PARAMS, PARAMETERS_BYTES);
  if (request == 0) return 0;
  store<u32>(request, substream.id, 4);
  store<u32>(request, bufferBytes, 8);
  store<u32>(request, periodBytes, 12);
  store<u32>(request, substream.features, 16);
  store<u8>(request, channels as u8, 20);
  store<u8>(request, bitOfFormat(format) as u8, 21);
  store<u8>(request, bitOfRate(rate) as u8, 22);
  return request;
}

function hwParams(
  cpu: Cpu,
  card: Card,
  substream: Substream,
  stream: Stream,
  choice: HwChoice,
): i32 {
  const refused =
    substream.waiting != 0 ? takeOutcome(substream) : sendChoice(cpu, card, substream, choice);
  if (refused != 0) return refused;
  freeMessages(substream);
  const full = answerDesign(
    cpu,
    card,
    substream,
    stream,
    DRIVER_HW_PARAMS,
    changetype<usize>(choice),
  );
  if (full != 0) return full as i32;
  const periods = choice.bufferBytes / choice.periodBytes;
  return buildMessages(substream, stream.ring, periods, choice.periodBytes);
}

function sendChoice(cpu: Cpu, card: Card, substream: Substream, choice: HwChoice): i32 {
  if (substream.queued != 0) return -EBADFD;
  const request = newParameters(
    substream,
    choice.bufferBytes,
    choice.periodBytes,
    choice.channels,
    choice.format,
    choice.rate,
  );
  return sendAndSleep(cpu, card, substream, DRIVER_HW_PARAMS, request);
}

/** The parameters once more, after a sleep of the machine. */
function resendParameters(card: Card, substream: Substream, stream: Stream): i32 {
  const request = newParameters(
    substream,
    framesToBytes(stream, stream.bufferSize),
    framesToBytes(stream, stream.periodSize),
    stream.channels,
    stream.format,
    stream.rate,
  );
  return sendRequest(card, request);
}

function prepare(cpu: Cpu, card: Card, substream: Substream, stream: Stream): i32 {
  if (substream.waiting != 0) return takeOutcome(substream);
  if (substream.suspended) {
    const refused = resendParameters(card, substream, stream);
    if (refused != 0) return refused;
  } else {
    if (substream.queued != 0) return -EBADFD;
    substream.bufferBytes = framesToBytes(stream, stream.bufferSize);
    substream.hwPtr = 0;
    substream.lastQueued = -1;
  }
  substream.xrun = 0;
  substream.suspended = 0;
  substream.queued = 0;
  changetype<ClearRecord>(designOf(card).clear as usize)(substream);
  const request = newCommand(substream, REQUEST_PREPARE);
  // linked streams are prepared in one go
  if (stream.group != 0) return sendRequest(card, request);
  return sendAndSleep(cpu, card, substream, DRIVER_PREPARE, request);
}

function trigger(card: Card, substream: Substream, command: u32): i32 {
  switch (command) {
    case TRIGGER_START:
    case TRIGGER_PAUSE_RELEASE:
      return start(card, substream, command);
    case TRIGGER_SUSPEND:
      substream.suspended = 1;
      substream.stopped = 1;
      return stop(card, substream);
    case TRIGGER_STOP:
      substream.stopped = 1;
      return stop(card, substream);
    case TRIGGER_PAUSE_PUSH:
      return stop(card, substream);
    default:
      return -EINVAL;
  }
}

/** What is exposed first depends on the design; the device is started only if that went well. */
function start(card: Card, substream: Substream, command: u32): i32 {
  const queue = ioQueue(substream);
  lockQueue(queue);
  const expose = changetype<ExposeAtStart>(designOf(card).expose as usize);
  const failed = expose(substream, command);
  if (failed == 0) substream.enabled = 1;
  unlockQueue(queue);
  return failed != 0 ? failed : sendCommand(card, substream, REQUEST_START);
}

/** What the device was given stays with it. */
function stop(card: Card, substream: Substream): i32 {
  if (THREADS) lockQueue(ioQueue(substream));
  substream.enabled = 0;
  if (THREADS) unlockQueue(ioQueue(substream));
  return sendCommand(card, substream, REQUEST_STOP);
}

/** RELEASE makes the device return what it has; the driver waits for the last message. */
function syncStop(card: Card, substream: Substream): i32 {
  substream.work = 0;
  if (!substream.stopped) return 0;
  const failed = sendCommand(card, substream, REQUEST_RELEASE);
  if (failed != 0) return failed;
  if (substream.queued != 0) advanceClock(card.timeout);
  if (substream.queued != 0) return -ETIMEDOUT;
  substream.stopped = 0;
  return 0;
}

/** Frames into the ring, or NO_POSITION. */
function pointer(card: Card, substream: Substream, stream: Stream): u64 {
  const bytes = changetype<Locate>(designOf(card).locate as usize)(substream, stream);
  return bytes == NO_POSITION ? NO_POSITION : bytesToFrames(stream, bytes);
}
