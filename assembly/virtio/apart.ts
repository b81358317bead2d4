import { fetchAdd, loadShared, storeShared, waitOnWord } from "../base/atomics";
import { cpuAt } from "../machine/cpu";
import { lookForDead, ownMark } from "../machine/held";
import { waitForOthers } from "../mm/shootdown";
import { Card, cardAt } from "./card";
import { QUEUE_TX } from "./numbers";
import { Virtqueue } from "./virtqueue";

/**
 * A device that is a CPU of its own, beside the driver's and the program's (threads): what passes between them besides
 * the rings, as signals do on a board. Each side waits for one counter to move, and says which value it has worked off.
 *
 *   program, driver ──── bell ───▶ device        kicks
 *   device ───────────── line ───▶ driver        interrupts, one count a queue; work is due
 *   device, driver ── progress ──▶ program       who waits looks again
 */
@unmanaged
export class Apart {
  bell: u32;
  line: u32;
  progress: u32;
  /** What bell and line were when the device, and the driver, had nothing more to do. */
  bellSeen: u32;
  lineSeen: u32;
  ended: u32; // both are to return
  driver: u32; // mark of the CPU that takes interrupts; 0 = none does yet
  served: u32; // control requests that the device has looked at, over 16 bits
  /** tx, rx: messages that came back before the notification that ran last, over 16 bits. */
  told: u32;
  told1: u32;
  /** By QUEUE_*: interrupts raised, and of those handled. */
  raised: u32;
  raised1: u32;
  raised2: u32;
  raised3: u32;
  handled: u32;
  handled1: u32;
  handled2: u32;
  handled3: u32;
}

@inline
export function isApart(card: Card): bool {
  return THREADS && card.apart != 0;
}

@inline
export function apartOf(card: Card): Apart {
  return changetype<Apart>(card.apart as usize);
}

@inline
export function bellOf(apart: Apart): usize {
  return changetype<usize>(apart) + offsetof<Apart>("bell");
}

@inline
export function lineOf(apart: Apart): usize {
  return changetype<usize>(apart) + offsetof<Apart>("line");
}

@inline
export function progressOf(apart: Apart): usize {
  return changetype<usize>(apart) + offsetof<Apart>("progress");
}

@inline
export function raisedOf(apart: Apart, number: u32): usize {
  return changetype<usize>(apart) + offsetof<Apart>("raised") + (number << 2);
}

@inline
export function handledOf(apart: Apart, number: u32): usize {
  return changetype<usize>(apart) + offsetof<Apart>("handled") + (number << 2);
}

@inline
export function bellSeenOf(apart: Apart): usize {
  return changetype<usize>(apart) + offsetof<Apart>("bellSeen");
}

@inline
export function lineSeenOf(apart: Apart): usize {
  return changetype<usize>(apart) + offsetof<Apart>("lineSeen");
}

@inline
export function toldOf(apart: Apart, number: u32): usize {
  return changetype<usize>(apart) + offsetof<Apart>("told") + ((number - QUEUE_TX) << 2);
}

@inline
export function servedOf(apart: Apart): usize {
  return changetype<usize>(apart) + offsetof<Apart>("served");
}

export function hasEnded(apart: Apart): bool {
  return loadShared(changetype<usize>(apart) + offsetof<Apart>("ended")) != 0;
}

/** Moves a counter on, and whoever waits for it. */
function move(counter: usize): void {
  fetchAdd(counter, 1);
  if (THREADS) atomic.notify(counter, -1);
}

/** The driver's kick. */
export function ringBell(card: Card): void {
  move(bellOf(apartOf(card)));
}

/** Something is to be done by the driver's own CPU. */
export function callDriver(card: Card): void {
  move(lineOf(apartOf(card)));
}

/** The device's interrupt. */
export function raiseLine(queue: Virtqueue): void {
  const card = cardAt(queue.card);
  fetchAdd(raisedOf(apartOf(card), queue.number), 1);
  callDriver(card);
}

/** A side has come so far: a word of it says so, then whoever waits for that looks again. */
export function publish(apart: Apart, word: usize, value: u32): void {
  storeShared(word, value);
  move(progressOf(apart));
}

/** So long does somebody sleep that nobody waits for, if nothing wakes him. */
const NAP_NANOSECONDS: i64 = 1_000_000;

/** Waits for a word to change from what was seen: outside of the core, and with no lock. */
export function nap(word: usize, seen: u32): void {
  waitOnWord(word, seen, NAP_NANOSECONDS);
  lookForDead();
}

/** Likewise within the core: only a little at a time. */
export function pause(word: usize, seen: u32): void {
  waitForOthers(cpuAt(ownMark() - 1), word, seen);
}
