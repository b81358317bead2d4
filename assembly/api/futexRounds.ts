import { cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import {
  attemptRounds,
  calledRounds,
  incrementRounds,
  mutexRounds,
  piRounds,
  pingPongRounds,
} from "../futex/rounds";
import { wide } from "./tasks";

/** Loops over futexes that stay inside the core: many CPUs at once, for stress and for measuring. */

export const ROUNDS_INCREMENT: u32 = 0;
export const ROUNDS_MUTEX: u32 = 1;
export const ROUNDS_PI: u32 = 2;
/** The first of two that pass a word to and fro, and the second. */
export const ROUNDS_PING: u32 = 3;
export const ROUNDS_PONG: u32 = 4;
/** Compare-and-exchange alone; the answer is how many matched. */
export const ROUNDS_ATTEMPT: u32 = 5;
/** The same out of line. */
export const ROUNDS_CALLED: u32 = 6;

/** So many rounds by the task on a CPU, on the word at one address and a counter at another: how many, or −errno. */
export function futexRounds(
  index: u32,
  kind: u32,
  lo: u32,
  hi: u32,
  counterLo: u32,
  counterHi: u32,
  rounds: u32,
): i32 {
  const cpu = cpuAt(index);
  const va = wide(lo, hi);
  const counter = wide(counterLo, counterHi);
  enterCore(cpu);
  let done: i32 = 0;
  if (kind == ROUNDS_ATTEMPT) done = attemptRounds(cpu, va, rounds);
  else if (kind == ROUNDS_CALLED) done = calledRounds(cpu, va, rounds);
  else if (kind == ROUNDS_INCREMENT) done = incrementRounds(cpu, va, rounds);
  else if (kind == ROUNDS_MUTEX) done = mutexRounds(cpu, va, counter, rounds);
  else if (kind == ROUNDS_PI) done = piRounds(cpu, va, counter, rounds);
  else done = pingPongRounds(cpu, va, kind - ROUNDS_PING, ROUNDS_PONG - kind, rounds);
  leaveCore(cpu);
  return done;
}
