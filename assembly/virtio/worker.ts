import { loadShared, storeShared } from "../base/atomics";
import { ownMark } from "../machine/held";
import { Cpu } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { apartOf, hasEnded, lineOf, lineSeenOf, pause, publish, ringBell, toldOf } from "./apart";
import { Card, queueOf } from "./card";
import { takeInterrupts } from "./interrupts";
import { QUEUE_TX } from "./numbers";
import { runWorks } from "./works";

/** The driver's own CPU beside those of programs (threads): it takes the interrupts, and runs what they schedule. */
export function serveDriver(cpu: Cpu, card: Card): void {
  const apart = apartOf(card);
  const line = lineOf(apart);
  apart.driver = ownMark();
  while (!hasEnded(apart)) {
    const seen = loadShared(line);
    takeInterrupts(card);
    const back = queueOf(card, QUEUE_TX).lastUsed;
    enterCore(cpu);
    runWorks(cpu, card);
    leaveCore(cpu);
    if (loadShared(toldOf(apart)) != back) {
      storeShared(toldOf(apart), back);
      ringBell(card);
    }
    publish(apart, lineSeenOf(apart), seen);
    while (loadShared(line) == seen && !hasEnded(apart)) pause(line, seen);
  }
}
