import { loadShared, storeShared } from "../base/atomics";
import { ownMark } from "../machine/held";
import { Cpu } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { apartOf, hasEnded, lineOf, lineSeenOf, nap, publish, ringBell, toldOf } from "./apart";
import { Card, queueOf } from "./card";
import { takeInterrupts } from "./interrupts";
import { QUEUE_RX, QUEUE_TX } from "./numbers";
import { runWorks } from "./works";

/** The driver's own CPU beside those of programs (threads): it takes the interrupts, and runs what they schedule. */
export function serveDriver(cpu: Cpu, card: Card): void {
  const apart = apartOf(card);
  const line = lineOf(apart);
  apart.driver = ownMark();
  while (!hasEnded(apart)) {
    const seen = loadShared(line);
    takeInterrupts(card);
    const played = queueOf(card, QUEUE_TX).lastUsed;
    const captured = queueOf(card, QUEUE_RX).lastUsed;
    enterCore(cpu);
    runWorks(cpu, card);
    leaveCore(cpu);
    tell(card, QUEUE_TX, played);
    tell(card, QUEUE_RX, captured);
    publish(apart, lineSeenOf(apart), seen);
    while (loadShared(line) == seen && !hasEnded(apart)) nap(line, seen);
  }
}

/** What came back before the notifications that ran now: the device may go on. */
function tell(card: Card, number: u32, back: u32): void {
  const told = toldOf(apartOf(card), number);
  if (loadShared(told) == back) return;
  storeShared(told, back);
  ringBell(card);
}
