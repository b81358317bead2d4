import { loadShared, storeShared } from "../base/atomics";
import {
  Apart,
  apartOf,
  bellOf,
  bellSeenOf,
  hasEnded,
  pause,
  publish,
  servedOf,
  toldOf,
} from "./apart";
import { readableWord } from "./chain";
import { Card } from "./card";
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
import { readData } from "./devicePlay";
import { considerInterrupt } from "./deviceRings";
import { Completion, returnMessage } from "./deviceStream";
import {
  QUEUE_CONTROL,
  QUEUE_EVENT,
  QUEUE_TX,
  REQUEST_START,
  REQUEST_STOP,
  RING_EVENT_INDEX,
} from "./numbers";
import { INDEX_MASK, availableHead, setAvailableEvent } from "./vring";

/**
 * A device that is a CPU of its own (threads): it takes what the driver exposes, answers requests, plays between START
 * and STOP, and interrupts. What it plays are numbers: each word of a period is that of the period, so what it heard in
 * place of one is known by a word. How it returns messages stands in front.
 */
@unmanaged
export class Player extends Completion {
  reads: u32; // READS_*
  polls: u32; // 1: it looks all the time; 0: when the bell rings
  limit: u32; // periods that it plays
  ahead: u32; // of the driver's notifications, at most so many messages
  clock: u32; // periods whose time has come
  played: u32;
  running: u32;
  kept: u32; // what it read at exposure, a word by head
  heard: u32; // a word a period
}

/** A period is read when it is played, or the moment it is taken. */
export const READS_IN_TURN: u32 = 0;
export const READS_AT_EXPOSURE: u32 = 1;

/** Heard where the words of a period differ. */
export const HEARD_TORN: u32 = 0xffffffff;

/** Until Apart.ended: how many periods it played. */
export function serveDevice(card: Card, player: Player): u32 {
  const apart = apartOf(card);
  const device = soundDeviceOf(card);
  const bell = bellOf(apart);
  while (!hasEnded(apart)) {
    const seen = loadShared(bell);
    lookAtRings(apart, device, player);
    if (mayPlay(apart, device, player)) {
      playNext(device, player);
      continue;
    }
    if (!player.polls || loadShared(bellSeenOf(apart)) != seen) {
      publish(apart, bellSeenOf(apart), seen);
    }
    if (player.polls) continue;
    while (loadShared(bell) == seen && !hasEnded(apart)) pause(bell, seen);
  }
  return player.played;
}

function lookAtRings(apart: Apart, device: SoundDevice, player: Player): void {
  lookAtRequests(apart, device, player);
  lookAtRing(device, deviceQueue(device, QUEUE_EVENT));
  const queue = deviceQueue(device, QUEUE_TX);
  let known = queue.waitingCount;
  lookAtRing(device, queue);
  if (player.reads != READS_AT_EXPOSURE) return;
  for (; known < queue.waitingCount; known++) {
    const head = waitingHead(queue, known);
    store<u32>(player.kept + (head << 2), hear(device, queue, head));
  }
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

function mayPlay(apart: Apart, device: SoundDevice, player: Player): bool {
  const queue = deviceQueue(device, QUEUE_TX);
  if (player.running == 0 || queue.waitingCount == 0 || player.played >= player.limit) return false;
  if (((queue.returned - loadShared(toldOf(apart))) & INDEX_MASK) >= player.ahead) return false;
  return loadShared(changetype<usize>(player) + offsetof<Player>("clock")) > player.played;
}

function playNext(device: SoundDevice, player: Player): void {
  const queue = deviceQueue(device, QUEUE_TX);
  const head = waitingHead(queue, 0);
  const isKept = player.reads == READS_AT_EXPOSURE;
  const number = isKept ? load<u32>(player.kept + (head << 2)) : hear(device, queue, head);
  store<u32>(player.heard + (player.played << 2), number);
  returnMessage(device, queue, 0, player);
  considerInterrupt(device, queue);
  storeShared(changetype<usize>(player) + offsetof<Player>("played"), player.played + 1);
}

/** The number that a message's data are of. */
function hear(device: SoundDevice, queue: DeviceQueue, head: u32): u32 {
  readData(device, queue, head);
  const number = load<u32>(device.output);
  for (let at: u32 = 4; at < device.played; at += 4) {
    if (load<u32>(device.output + at) != number) return HEARD_TORN;
  }
  return number;
}
