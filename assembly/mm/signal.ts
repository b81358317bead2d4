import { compareExchange, loadShared } from "../base/atomics";
import { Task } from "./task";

/**
 * Signals, as far as a sleep in a system call notices them (kernel/signal.c, arch/x86/kernel/signal.c, 6.18). Which one it
 * is does not matter, only what the program has for it; of several the first that has a handler counts. A task that is in
 * no such call handles it at once.
 */

/** What a program has for a signal: nothing, so that it was stopped and goes on; a handler; one with SA_RESTART. */
export const HANDLER_NONE: u32 = 1;
export const HANDLER_INTERRUPTS: u32 = 2;
export const HANDLER_RESTARTS: u32 = 3;

@inline
function signalOf(task: Task): usize {
  return changetype<usize>(task) + offsetof<Task>("signal");
}

export function sendSignal(task: Task, handler: u32): void {
  let seen = loadShared(signalOf(task));
  while (seen <= HANDLER_NONE) {
    const found = compareExchange(signalOf(task), seen, handler);
    if (found == seen) return;
    seen = found;
  }
}

/** signal_pending. */
export function signalPending(task: Task): bool {
  return task.killed != 0 || loadShared(signalOf(task)) != 0;
}

/** The handler has run: which one, 0 where no signal came. A fatal one stays. */
export function takeSignal(task: Task): u32 {
  let seen = loadShared(signalOf(task));
  while (seen != 0) {
    const found = compareExchange(signalOf(task), seen, 0);
    if (found == seen) break;
    seen = found;
  }
  return seen;
}
