import { Chain } from "./chain";
import { Card } from "./card";
import { Journal } from "./journal";
import { Vring } from "./vring";

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

/** The head of a message that waits with the device, the oldest at 0. */
@inline
export function waitingHead(queue: DeviceQueue, position: u32): u32 {
  return load<u16>(queue.waiting + (position << 1));
}
