import { Chain } from "./chain";
import {
  DeviceQueue,
  HELD_ROOM,
  SoundDevice,
  deviceQueue,
  journalOf,
  soundDeviceAt,
} from "./device";
import { forgetAll } from "./guard";
import { Journal, closeJournal, openJournal } from "./journal";
import { allocateBytes, freeBytes } from "./memory";
import { QUEUES } from "./numbers";
import { Held, Rule } from "./rule";
import { Virtqueue } from "./virtqueue";
import { Vring } from "./vring";

/** A sound device comes and goes, and its queues with what the driver sets up. */

const RULE_ROOM: u32 = 32;

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
