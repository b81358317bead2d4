import { loadShared, storeShared } from "../base/atomics";
import {
  Apart,
  apartOf,
  bellOf,
  bellSeenOf,
  hasEnded,
  nap,
  publish,
  servedOf,
  toldOf,
} from "./apart";
import { readableWord } from "./chain";
import { Card } from "./card";
import { sendEvent } from "./commands";
import {
  DeviceQueue,
  SoundDevice,
  chainOf,
  deviceQueue,
  soundDeviceOf,
  waitingHead,
} from "./device";
import { hasNew } from "./deviceIntake";
import { takeNew, takeRequest } from "./deviceLook";
import { considerInterrupt } from "./deviceRings";
import { Completion, returnMessage } from "./deviceStream";
import {
  NOTICE_XRUN,
  QUEUE_CONTROL,
  QUEUE_EVENT,
  QUEUE_RX,
  REQUEST_START,
  REQUEST_STOP,
  RING_EVENT_INDEX,
} from "./numbers";
import { capture, hear } from "./playerSound";
import { INDEX_MASK, availableHead, setAvailableEvent } from "./vring";

/**
 * A device that is a CPU of its own (threads): it takes what the driver exposes, answers requests, plays or captures
 * between START and STOP, and interrupts. What it plays and captures are numbers: each word of a period is that of the
 * period, so what came in place of one is known by a word. How it returns messages stands in front.
 */
@unmanaged
export class Player extends Completion {
  queue: u32; // QUEUE_TX: it plays, QUEUE_RX: it captures
  reads: u32; // READS_*
  polls: u32; // 1: it looks all the time; 0: when the bell rings
  limit: u32; // periods that it plays, or captures
  ahead: u32; // of the driver's notifications, at most so many messages
  clock: u32; // periods whose time has come
  played: u32; // or captured: messages returned, but for those of a RELEASE
  running: u32;
  kept: u32; // playing: what it read at exposure, a word by head
  heard: u32; // playing: a word a period
  sound: u32; // capturing: room for a period of its own, from which it fills messages
  soundBytes: u32;
  xruns: u32; // it reports an xrun after these periods: ascending, a word each, and 0 behind the last; 0 = after none
  reported: u32; // of those
}

/** A period is read, or filled, when its turn has come, or the moment it is taken. */
export const READS_IN_TURN: u32 = 0;
export const READS_AT_EXPOSURE: u32 = 1;

/** Until Apart.ended: how many periods it played, or captured. */
export function serveDevice(card: Card, player: Player): u32 {
  const apart = apartOf(card);
  const device = soundDeviceOf(card);
  const bell = bellOf(apart);
  while (!hasEnded(apart)) {
    const seen = loadShared(bell);
    lookAtRings(apart, device, player);
    if (goesOn(card, apart, device, player)) continue;
    if (!player.polls || loadShared(bellSeenOf(apart)) != seen) {
      publish(apart, bellSeenOf(apart), seen);
    }
    if (player.polls) continue;
    while (loadShared(bell) == seen && !hasEnded(apart)) nap(bell, seen);
  }
  return player.played;
}

function lookAtRings(apart: Apart, device: SoundDevice, player: Player): void {
  lookAtRequests(apart, device, player);
  lookAtRing(device, deviceQueue(device, QUEUE_EVENT));
  const queue = deviceQueue(device, player.queue);
  let known = queue.waitingCount;
  lookAtRing(device, queue);
  if (player.reads != READS_AT_EXPOSURE) return;
  for (; known < queue.waitingCount; known++) meetExposed(device, queue, player, known);
}

/** The message at a position was just taken: it will be returned after those before it. */
function meetExposed(device: SoundDevice, queue: DeviceQueue, player: Player, position: u32): void {
  const head = waitingHead(queue, position);
  if (queue.number == QUEUE_RX) captureInto(device, queue, player, head, position);
  else store<u32>(player.kept + (head << 2), hear(device, queue, head));
}

function captureInto(
  device: SoundDevice,
  queue: DeviceQueue,
  player: Player,
  head: u32,
  position: u32,
): void {
  capture(device, queue, head, player.sound, player.soundBytes, player.played + position + 1);
}

/** Who says where he wants to be told next looks once more after that: what came before goes untold. */
function lookAtRing(device: SoundDevice, queue: DeviceQueue): void {
  do {
    takeNew(device, queue);
    if ((queue.features & RING_EVENT_INDEX) == 0) return;
    setAvailableEvent(queue, queue.taken);
  } while (hasNew(queue));
}

function lookAtRequests(apart: Apart, device: SoundDevice, player: Player): void {
  const queue = deviceQueue(device, QUEUE_CONTROL);
  do {
    while (hasNew(queue)) {
      const code = readableWord(chainOf(device), queue, availableHead(queue, queue.taken), 0);
      if (code == REQUEST_START) player.running = 1;
      else if (code == REQUEST_STOP) player.running = 0;
      takeRequest(device, queue);
      publish(apart, servedOf(apart), queue.taken);
    }
    if ((queue.features & RING_EVENT_INDEX) == 0) return;
    setAvailableEvent(queue, queue.taken);
  } while (hasNew(queue));
}

/** The next thing it does, if it does one. */
function goesOn(card: Card, apart: Apart, device: SoundDevice, player: Player): bool {
  const untold = untoldOf(apart, deviceQueue(device, player.queue));
  if (xrunIsDue(player)) {
    // as a completion takes a report back, the one before it is waited for, up to the notification
    if (untold != 0) return false;
    reportXrun(card, player);
    return true;
  }
  if (untold >= player.ahead || !mayPlay(device, player)) return false;
  playNext(device, player);
  return true;
}

/** Messages that it returned, and of which the program was not yet notified. */
function untoldOf(apart: Apart, queue: DeviceQueue): u32 {
  return (queue.returned - loadShared(toldOf(apart, queue.number))) & INDEX_MASK;
}

function xrunIsDue(player: Player): bool {
  if (player.xruns == 0) return false;
  const after = load<u32>(player.xruns + (player.reported << 2));
  return after != 0 && after <= player.played;
}

function reportXrun(card: Card, player: Player): void {
  sendEvent(card, NOTICE_XRUN, 0);
  storeShared(changetype<usize>(player) + offsetof<Player>("reported"), player.reported + 1);
}

/** Not while the driver has a report that it has not taken: all event buffers are the device's else. */
function mayPlay(device: SoundDevice, player: Player): bool {
  const queue = deviceQueue(device, player.queue);
  if (player.running == 0 || queue.waitingCount == 0 || player.played >= player.limit) return false;
  const events = deviceQueue(device, QUEUE_EVENT);
  if (events.waitingCount != events.entries) return false;
  return loadShared(changetype<usize>(player) + offsetof<Player>("clock")) > player.played;
}

function playNext(device: SoundDevice, player: Player): void {
  const queue = deviceQueue(device, player.queue);
  const head = waitingHead(queue, 0);
  const isKept = player.reads == READS_AT_EXPOSURE;
  if (queue.number != QUEUE_RX) {
    const number = isKept ? load<u32>(player.kept + (head << 2)) : hear(device, queue, head);
    store<u32>(player.heard + (player.played << 2), number);
  } else if (!isKept) captureInto(device, queue, player, head, 0);
  returnMessage(device, queue, 0, player);
  considerInterrupt(device, queue);
  storeShared(changetype<usize>(player) + offsetof<Player>("played"), player.played + 1);
}
