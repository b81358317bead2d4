import { compareExchange } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { HELD_WORD, holderMark, noteHeld, spinLock, spinUnlock } from "../machine/held";
import { HEADER, Header } from "../machine/map";
import { waitForOthers } from "../mm/shootdown";

/**
 * One lock for the events of a machine, their lists and their rings, where CPUs are real threads: it is held from the
 * look at the lists until a sample is in its ring. (The kernel has a lock for each context of events and none for rings:
 * those belong to a CPU.) Nothing under it repairs a fault. Of its holders none waits for another CPU but for the lock of
 * page tables.
 */
const EVENTS_LOCK: usize = HEADER + offsetof<Header>("perfLock");

/** By a CPU in the core: it answers invalidations while it waits. */
@inline
export function lockEvents(cpu: Cpu): void {
  if (THREADS) {
    noteHeld(HELD_WORD, EVENTS_LOCK);
    let holder = compareExchange(EVENTS_LOCK, 0, holderMark(cpu));
    while (holder != 0) {
      waitForOthers(cpu, EVENTS_LOCK, holder);
      holder = compareExchange(EVENTS_LOCK, 0, holderMark(cpu));
    }
  }
}

/** By whoever is on no CPU. */
@inline
export function lockEventsOutside(): void {
  spinLock(EVENTS_LOCK);
}

@inline
export function unlockEvents(): void {
  spinUnlock(EVENTS_LOCK);
}
