import { allocateBytes, freeBytes } from "./memory";
import { Chain, trustChain, watchChain } from "./chain";
import { Card, cardAt, queueOf } from "./card";
import { receiveRequest } from "./deviceControl";
import { exposureRecord, fillEagerly } from "./deviceStream";
import { forget, forgetAll, lookAgain, remember } from "./guard";
import {
  JOURNAL_INTERRUPT,
  JOURNAL_KICK,
  Journal,
  closeJournal,
  noteValues,
  openJournal,
} from "./journal";
import {
  QUEUES,
  QUEUE_CONTROL,
  QUEUE_EVENT,
  QUEUE_RX,
  QUEUE_TX,
  RING_EVENT_INDEX,
} from "./numbers";
import { Held, Rule } from "./rule";
import { interruptDriver } from "./transport";
import { Virtqueue } from "./virtqueue";
import {
  INDEX_MASK,
  NO_SIGNAL,
  Vring,
  availableFlags,
  availableHead,
  availableIndex,
  passesEvent,
  setAvailableEvent,
  setUsedIndex,
  usedEntry,
  usedEvent,
} from "./vring";

/**
 * A commanded sound device: it answers control requests at once, inside the kick, as its rules say, and returns I/O
 * messages when it is told to. It shares nothing with the driver but the rings and the memory they point to.
 */
@unmanaged
export class SoundDevice {
  card: u32; // whom to interrupt
  eagerRx: u32; // rx messages are filled the moment they are exposed
  exposedRx: u32; // how many were exposed so far
  releaseLatency: u32; // latency of messages that RELEASE returns
  rules: u32; // Rule × ruleCount
  ruleCount: u32;
  ruleRoom: u32;
  held: u32; // Held × heldCount
  heldCount: u32;
  source: u32; // what captured messages are filled with, 0 = left as they are
  sourceBytes: u32;
  jackInfo: u32; // answers to queries
  jackBytes: u32;
  pcmInfo: u32;
  pcmBytes: u32;
  mapInfo: u32;
  mapBytes: u32;
  queues: u32; // DeviceQueue × QUEUES
  chain: u32; // Chain that is walked now
  guards: u32; // it keeps an eye on its driver
  output: u32; // where it puts the data of a message that it plays, 0 = nowhere
  outputBytes: u32;
  played: u32; // bytes of the last one there
  journal: u32; // Journal
}

/** The device's side of a queue. */
@unmanaged
export class DeviceQueue extends Vring {
  number: u32; // QUEUE_*
  taken: u32; // messages taken from the available ring, over 16 bits
  returned: u32; // the index that it last stored
  signalled: u32; // that index when it last considered an interrupt
  features: u32; // RING_*
  waiting: u32; // heads of messages that it has, oldest first (u16 each)
  waitingCount: u32;
  /** Records of those by head (u32 each), where the device keeps an eye on its driver; 0 = it does not (guard.ts). */
  remembered: u32;
}

export const HELD_ROOM: u32 = 64;
const RULE_ROOM: u32 = 32;

@inline
export function soundDeviceAt(address: u32): SoundDevice {
  return changetype<SoundDevice>(address as usize);
}

@inline
export function soundDeviceOf(card: Card): SoundDevice {
  return soundDeviceAt(card.device);
}

@inline
export function deviceQueue(device: SoundDevice, number: u32): DeviceQueue {
  return changetype<DeviceQueue>((device.queues as usize) + number * offsetof<DeviceQueue>());
}

@inline
export function chainOf(device: SoundDevice): Chain {
  return changetype<Chain>(device.chain as usize);
}

@inline
export function journalOf(device: SoundDevice): Journal {
  return changetype<Journal>(device.journal as usize);
}

/** A device without queues; 0 when RAM is full. */
export function newSoundDevice(card: u32, journalBytes: u32, keeps: u32): u32 {
  const address = allocateBytes(offsetof<SoundDevice>());
  if (address == 0) return 0;
  const device = soundDeviceAt(address);
  device.card = card;
  device.queues = allocateBytes(QUEUES * offsetof<DeviceQueue>());
  device.chain = allocateBytes(offsetof<Chain>());
  device.journal = allocateBytes(offsetof<Journal>());
  device.held = allocateBytes(HELD_ROOM * offsetof<Held>());
  device.rules = allocateBytes(RULE_ROOM * offsetof<Rule>());
  device.ruleRoom = RULE_ROOM;
  const all =
    device.queues != 0 &&
    device.chain != 0 &&
    device.journal != 0 &&
    device.held != 0 &&
    device.rules != 0;
  if (all && openJournal(journalOf(device), journalBytes, keeps)) return address;
  freeSoundDevice(device);
  return 0;
}

export function freeSoundDevice(device: SoundDevice): void {
  if (device.journal != 0) closeJournal(journalOf(device));
  if (device.queues != 0) forgetQueues(device);
  freeBytes(device.journal, offsetof<Journal>());
  freeBytes(device.queues, QUEUES * offsetof<DeviceQueue>());
  freeBytes(device.chain, offsetof<Chain>());
  freeBytes(device.held, HELD_ROOM * offsetof<Held>());
  freeBytes(device.rules, RULE_ROOM * offsetof<Rule>());
  freeBytes(device.source, device.sourceBytes);
  freeBytes(device.output, device.outputBytes);
  freeBytes(device.jackInfo, device.jackBytes);
  freeBytes(device.pcmInfo, device.pcmBytes);
  freeBytes(device.mapInfo, device.mapBytes);
  freeBytes(changetype<usize>(device) as u32, offsetof<SoundDevice>());
}

/** The driver has set a queue up. False when RAM is full. */
export function connectQueue(device: SoundDevice, queue: Virtqueue): bool {
  const own = deviceQueue(device, queue.number);
  memory.fill(changetype<usize>(own), 0, offsetof<DeviceQueue>());
  memory.copy(changetype<usize>(own), changetype<usize>(queue), offsetof<Vring>());
  own.number = queue.number;
  own.features = queue.features;
  own.waiting = allocateBytes(queue.entries << 1);
  if (device.guards) own.remembered = allocateBytes(queue.entries << 2);
  return own.waiting != 0 && (own.remembered != 0 || !device.guards);
}

/** A reset: what it had is forgotten. */
export function forgetQueues(device: SoundDevice): void {
  for (let number: u32 = 0; number < QUEUES; number++) {
    const queue = deviceQueue(device, number);
    forgetAll(queue);
    freeBytes(queue.remembered, queue.entries << 2);
    freeBytes(queue.waiting, queue.entries << 1);
    memory.fill(changetype<usize>(queue), 0, offsetof<DeviceQueue>());
  }
  device.heldCount = 0;
}

/** The driver notified a queue: it is looked at within the notification. */
export function deviceIsKicked(queue: Virtqueue): void {
  const device = soundDeviceOf(cardAt(queue.card));
  noteValues(journalOf(device), JOURNAL_KICK, queue.number, 0, 0);
  const own = deviceQueue(device, queue.number);
  takeNew(device, own);
  if (own.features & RING_EVENT_INDEX) setAvailableEvent(own, own.taken);
}

/** Looks at all rings, as a device may at any time. */
export function lookAtQueues(device: SoundDevice): void {
  for (let number: u32 = 0; number < QUEUES; number++) {
    const queue = deviceQueue(device, number);
    if (queue.entries != 0) takeNew(device, queue);
  }
}

/** The driver has stored something: a device that keeps an eye on it may look at its messages in any such moment. */
export function deviceMayPoll(queue: Virtqueue): void {
  const device = soundDeviceOf(cardAt(queue.card));
  if (device.guards && queue.number != QUEUE_CONTROL) {
    takeNew(device, deviceQueue(device, queue.number));
  }
}

/** Takes what the driver exposed since the last look. */
export function takeNew(device: SoundDevice, queue: DeviceQueue): void {
  lookAgain(device, queue);
  while (queue.taken != availableIndex(queue) && queue.waitingCount < queue.entries) {
    takeHead(device, queue);
  }
}

function takeHead(device: SoundDevice, queue: DeviceQueue): void {
  const head = availableHead(queue, queue.taken);
  queue.taken = (queue.taken + 1) & INDEX_MASK;
  if (queue.number == QUEUE_TX && isPlain(device, queue)) keepWaiting(queue, head);
  else receive(device, queue, head);
}

/** True where nobody wants to know more of an I/O message than that it is there: it is looked into when it is played. */
@inline
export function isPlain(device: SoundDevice, queue: DeviceQueue): bool {
  return (journalOf(device).keeps | queue.remembered) == 0;
}

function receive(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  watchChain(chainOf(device));
  if (queue.number == QUEUE_CONTROL) receiveRequest(device, queue, head);
  else receiveMessage(device, queue, head);
  trustChain(chainOf(device));
}

function receiveMessage(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  remember(device, queue, head);
  keepWaiting(queue, head);
  if (queue.number == QUEUE_EVENT) return;
  if (queue.number == QUEUE_RX && device.eagerRx != 0) fillEagerly(device, queue, head);
  exposureRecord(device, queue, head);
}

@inline
export function keepWaiting(queue: DeviceQueue, head: u32): void {
  store<u16>(queue.waiting + (queue.waitingCount << 1), head as u16);
  queue.waitingCount += 1;
}

/** Takes a waiting message out by its position, oldest first. */
@inline
export function removeWaiting(device: SoundDevice, queue: DeviceQueue, position: u32): u32 {
  lookAgain(device, queue);
  const at = queue.waiting + (position << 1);
  const head: u32 = load<u16>(at);
  const left = --queue.waitingCount - position;
  // a call takes longer than moving the few that there usually are
  for (let index: u32 = 0; index < left; index++) {
    store<u16>(at + (index << 1), load<u16>(at + (index << 1), 2));
  }
  forget(queue, head);
  return head;
}

/** Returns an entry: its length is stored before the index moves. */
@inline
export function returnEntry(queue: DeviceQueue, head: u32, length: u32): void {
  const entry = usedEntry(queue, queue.returned);
  store<u32>(entry, head);
  store<u32>(entry, length, 4);
  queue.returned = (queue.returned + 1) & INDEX_MASK;
  setUsedIndex(queue, queue.returned);
}

/** Interrupts the driver if it wants to be. */
export function considerInterrupt(device: SoundDevice, queue: DeviceQueue): void {
  const wanted =
    queue.features & RING_EVENT_INDEX
      ? passesEvent(usedEvent(queue), queue.returned, queue.signalled)
      : (availableFlags(queue) & NO_SIGNAL) == 0;
  if (wanted) {
    raiseInterrupt(device, queue);
    return;
  }
  queue.signalled = queue.returned;
  noteValues(journalOf(device), JOURNAL_INTERRUPT, queue.number, 0, 0);
}

/** Interrupts the driver, whether it wants to be or not. */
export function raiseInterrupt(device: SoundDevice, queue: DeviceQueue): void {
  queue.signalled = queue.returned;
  noteValues(journalOf(device), JOURNAL_INTERRUPT, queue.number, 1, 0);
  interruptDriver(queueOf(cardAt(device.card), queue.number));
}
