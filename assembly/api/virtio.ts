import { ENOMEM } from "../base/errno";
import { cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { streamAt } from "../pcm/runtime";
import {
  Card,
  addSubstreams,
  cardAt,
  deleteQueues,
  newCard,
  queueOf,
  setQueue,
  substreamById,
} from "../virtio/card";
import { completeMessages, playMessages, sendEvent } from "../virtio/commands";
import { forgetRequests, newRequest, sendQuery } from "../virtio/control";
import { deviceQueue, soundDeviceOf } from "../virtio/device";
import { answerHeld, newRule } from "../virtio/deviceControl";
import { connectQueue, forgetQueues, freeSoundDevice, newSoundDevice } from "../virtio/deviceLife";
import { lookAtQueues } from "../virtio/deviceLook";
import { raiseInterrupt } from "../virtio/deviceRings";
import { Completion } from "../virtio/deviceStream";
import { Design } from "../virtio/design";
import { newDesign } from "../virtio/designs";
import { attachStream } from "../virtio/driver";
import { fillEventQueue } from "../virtio/eventQueue";
import { allocateBytes, freeBytes } from "../virtio/memory";
import { freeSubstreams } from "../virtio/message";
import { QUEUE_CONTROL, formatOfBit, rateOfBit } from "../virtio/numbers";
import { newVirtqueue, virtqueueAt } from "../virtio/virtqueue";
import { tie } from "../virtio/wires";
import { Player, serveDevice } from "../virtio/player";
import { runWorks } from "../virtio/works";
import { serveDriver } from "../virtio/worker";
import { wide } from "./tasks";

/** The doors of virtio-snd. A card is named by its record's linear address. */

/**
 * A card with its device, without queues; 0 when RAM is full. `design` of DESIGN_*, the time limit of requests in
 * nanoseconds, what the journal `keeps` of KEEPS_*.
 */
export function virtioCreate(design: u32, lo: u32, hi: u32, journalBytes: u32, keeps: u32): u32 {
  const chosen = newDesign(design);
  const address = chosen == 0 ? 0 : newCard(chosen, wide(lo, hi));
  const device = address == 0 ? 0 : newSoundDevice(address, journalBytes, keeps);
  if (device != 0) {
    cardAt(address).device = device;
    return address;
  }
  freeBytes(address, offsetof<Card>());
  freeBytes(chosen, offsetof<Design>());
  return 0;
}

/** Everything of the card; nobody may have a stream of it open. */
export function virtioDestroy(address: u32): void {
  const card = cardAt(address);
  loseQueues(card);
  freeSoundDevice(soundDeviceOf(card));
  freeSubstreams(card);
  freeBytes(card.design, offsetof<Design>());
  freeBytes(address, offsetof<Card>());
}

/** Sets a queue up on both sides; `features` of RING_*. −ENOMEM when RAM is full. */
export function virtioAddQueue(address: u32, number: u32, entries: u32, features: u32): i32 {
  const card = cardAt(address);
  const queue = newVirtqueue(address, number, entries, features);
  if (queue == 0) return -ENOMEM;
  tie(virtqueueAt(queue));
  setQueue(card, number, queue);
  return connectQueue(soundDeviceOf(card), queueOf(card, number)) ? 0 : -ENOMEM;
}

/** A reset of the device: both sides forget the queues. */
export function virtioDeleteQueues(address: u32): void {
  const card = cardAt(address);
  forgetQueues(soundDeviceOf(card));
  loseQueues(card);
}

function loseQueues(card: Card): void {
  if (card.control != 0) forgetRequests(queueOf(card, QUEUE_CONTROL));
  deleteQueues(card);
}

export function virtioFillEvents(address: u32): i32 {
  return fillEventQueue(cardAt(address)) ? 0 : -ENOMEM;
}

/** Records of the streams; −ENOMEM when RAM is full. */
export function virtioAddStreams(address: u32, count: u32): i32 {
  return addSubstreams(cardAt(address), count) ? 0 : -ENOMEM;
}

/** What the driver selected of a stream: direction and FEATURE_*. */
export function virtioSetStream(address: u32, id: u32, direction: u32, features: u32): void {
  const substream = substreamById(cardAt(address), id);
  substream.direction = direction;
  substream.features = features;
}

/** Room for the places where a stream's ring is cut for the device (u32 each, ascending); 0 when RAM is full. */
export function virtioCuts(address: u32, id: u32, count: u32): u32 {
  const substream = substreamById(cardAt(address), id);
  freeBytes(substream.cuts, substream.cutCount << 2);
  substream.cutCount = count;
  substream.cuts = allocateBytes(max<u32>(count, 1) << 2);
  return substream.cuts;
}

/** A query for `count` structures of `size` bytes: 0 with them at `info`, or −errno. */
export function virtioQuery(address: u32, code: u32, count: u32, size: u32, info: u32): i32 {
  const request = newRequest(code, 16);
  if (request != 0) {
    store<u32>(request, count, 8);
    store<u32>(request, size, 12);
  }
  return sendQuery(cardAt(address), request, info, count * size);
}

/** Kernel memory for the host's use; 0 when RAM is full. */
export function virtioAllocate(bytes: u32): u32 {
  return allocateBytes(bytes);
}

export function virtioFree(address: u32, bytes: u32): void {
  freeBytes(address, bytes);
}

/** Binds an open stream to stream `id` of the card and opens that: 0 or −errno. */
export function virtioAttach(cpu: u32, stream: u32, address: u32, id: u32): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const result = attachStream(on, streamAt(stream), substreamById(cardAt(address), id));
  leaveCore(on);
  return result;
}

/** The device looks at its rings. */
export function virtioLook(address: u32): void {
  lookAtQueues(soundDeviceOf(cardAt(address)));
}

/** The scheduled period notifications run. */
export function virtioSettle(cpu: u32, address: u32): void {
  const on = cpuAt(cpu);
  enterCore(on);
  runWorks(on, cardAt(address));
  leaveCore(on);
}

/** See completeMessages; `how` is the address of a Completion. */
export function virtioComplete(
  cpu: u32,
  address: u32,
  queue: u32,
  count: u32,
  first: u32,
  interrupts: u32,
  how: u32,
): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const completion = changetype<Completion>(how as usize);
  const result = completeMessages(on, cardAt(address), queue, count, first, interrupts, completion);
  leaveCore(on);
  return result;
}

/** See playMessages. */
export function virtioPlay(cpu: u32, address: u32, count: u32): u32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const done = playMessages(on, cardAt(address), count);
  leaveCore(on);
  return done;
}

/**
 * threads: the CPU serves as the card's device, with the address of its Player, or as the CPU on which the driver works
 * (`player` 0), until Apart.ended. How many periods it played.
 */
export function virtioServe(cpu: u32, address: u32, player: u32): u32 {
  if (!THREADS) return 0;
  if (player != 0) return serveDevice(cardAt(address), changetype<Player>(player as usize));
  serveDriver(cpuAt(cpu), cardAt(address));
  return 0;
}

export function virtioEvent(address: u32, code: u32, data: u32): i32 {
  return sendEvent(cardAt(address), code, data);
}

/** Answers the oldest request that waits for it: 1, or 0 where none does. */
export function virtioAnswer(address: u32, status: u32): u32 {
  return answerHeld(soundDeviceOf(cardAt(address)), status) ? 1 : 0;
}

/** The device raises a queue's interrupt, whether wanted or not. */
export function virtioInterrupt(cpu: u32, address: u32, queue: u32): void {
  const device = soundDeviceOf(cardAt(address));
  raiseInterrupt(device, deviceQueue(device, queue));
}

/** The address of a new Rule for the host to fill in; 0 when there is no room. */
export function virtioRule(address: u32): u32 {
  return newRule(soundDeviceOf(cardAt(address)));
}

/** What a format bit, or a rate bit, of the stream's info means. */
export function virtioFormat(bit: u32): u32 {
  return formatOfBit(bit);
}

export function virtioRate(bit: u32): u32 {
  return rateOfBit(bit);
}
