import { loadShared, waitOnWord } from "../base/atomics";
import { Cpu, HELD_AT, HELD_LIST, HELD_SLOTS, cpuAt } from "./cpu";
import { FINDING_LOCK_UNLISTED, recordFinding } from "./findings";
import { CPU_BYTES, FIRST_REGION, HEADER, Header } from "./map";

/**
 * Which locks a thread holds, or is about to take: so that others can give them back if it dies (futex/bury.ts). Only the
 * threads build has threads that die. What the list says is true wherever one ends, which it does where a loop begins
 * anew, where a function is entered, or in a wait:
 *
 *   a word that names its holder   listed before it is taken, struck off after it was given back
 *   a count of holders             listed and struck off beside the change of the count, with nothing in between
 *
 *   0       4       8          12     16
 *   ┌───────┬───────┬──────────┬──────┬─────────────────┬───
 *   │ count │ looks │ unlisted │      │ kind << 32 | at │ …        (behind the CPU's remembered range checks)
 *   └───────┴───────┴──────────┴──────┴─────────────────┴───
 *
 * Whatever a call of the core holds at once fits: each kind of lock at most once, one chain at a time, of which the
 * deepest are mmap lock → page tables → a file's pages → slabs → free frames, and links of streams → a stream → a cable.
 * Who holds locks from outside (api/locks.ts) may want more than there is room for: such a lock is taken and not
 * listed, and that is told, by a finding and where the thread is cleared up behind.
 */

/** A word with its holder's mark. */
export const HELD_WORD: u32 = 1;
/** The same, of the page tables of an Mm. */
export const HELD_TABLES: u32 = 2;
/** A reader of a Vma. */
export const HELD_VMA: u32 = 3;
/** A reader and the writer of an Mm, and who waits to be one of them. */
export const HELD_TO_READ: u32 = 4;
export const HELD_TO_WRITE: u32 = 5;
export const AWAITED_TO_READ: u32 = 6;
export const AWAITED_TO_WRITE: u32 = 7;

/** So often does a waiter look, 10 to 50 µs each time, while one that has died is not cleared up behind. */
const PATIENCE: u32 = 20_000;

// @ts-expect-error: the decorator is the compiler's
@external("host", "cpu")
/** The CPU whose thread runs this instance. */
declare const ownCpu: u32;

/** Where in a list the looks stand, and how many locks are held that had no room in it. */
const LOOKS: usize = 4;
export const UNLISTED: u32 = 8;

@inline
function ownList(): usize {
  return FIRST_REGION + ownCpu * CPU_BYTES + HELD_AT;
}

@inline
function slotOf(list: usize, index: u32): usize {
  return list + HELD_LIST + (index << 3);
}

@inline
function listed(kind: u32, at: usize): u64 {
  return ((kind as u64) << 32) | (at as u64);
}

/** What a lock holds that a CPU has taken; 0 is a free one. */
@inline
export function holderMark(cpu: Cpu): u32 {
  return cpu.index + 1;
}

/** The same for the thread's own. */
@inline
export function ownMark(): u32 {
  return ownCpu + 1;
}

@inline
export function noteHeld(kind: u32, at: usize): void {
  if (THREADS) {
    const list = ownList();
    const count = load<u32>(list);
    if (count < HELD_SLOTS) {
      store<u64>(slotOf(list, count), listed(kind, at));
      store<u32>(list, count + 1);
    } else noteUnlisted(list, at);
  }
}

/** Nobody could give this one back: where that is needed (futex/bury.ts), it is an error. */
function noteUnlisted(list: usize, at: usize): void {
  store<u32>(list, load<u32>(list, UNLISTED) + 1, UNLISTED);
  recordFinding(FINDING_LOCK_UNLISTED, ownCpu, cpuAt(ownCpu).task, 0, at as u32);
}

/** Locks are mostly given back in the order in which they were taken, the last one first. */
@inline
export function forgetHeld(kind: u32, at: usize): void {
  if (THREADS) {
    const list = ownList();
    const count = load<u32>(list);
    if (count != 0 && load<u64>(slotOf(list, count - 1)) == listed(kind, at)) {
      store<u32>(list, count - 1);
    } else forgetEarlier(list, count, listed(kind, at));
  }
}

function forgetEarlier(list: usize, count: u32, entry: u64): void {
  for (let index: u32 = 0; index < count; index++) {
    if (load<u64>(slotOf(list, index)) != entry) continue;
    store<u64>(slotOf(list, index), load<u64>(slotOf(list, count - 1)));
    store<u32>(list, count - 1);
    return;
  }
  const unlisted = load<u32>(list, UNLISTED);
  if (unlisted != 0) store<u32>(list, unlisted - 1, UNLISTED);
}

@inline
function listOf(cpu: Cpu): usize {
  return changetype<usize>(cpu) + HELD_AT;
}

@inline
export function heldCount(cpu: Cpu): u32 {
  return load<u32>(listOf(cpu));
}

@inline
export function heldKind(cpu: Cpu, index: u32): u32 {
  return load<u32>(slotOf(listOf(cpu), index), 4);
}

@inline
export function heldAt(cpu: Cpu, index: u32): usize {
  return load<u32>(slotOf(listOf(cpu), index));
}

/** How many more locks the CPU holds than the list tells of. */
export function unlistedCount(cpu: Cpu): u32 {
  return load<u32>(listOf(cpu), UNLISTED);
}

/** All that the list tells of was given back. */
export function forgetAll(cpu: Cpu): void {
  store<u32>(listOf(cpu), 0);
}

/**
 * In a loop that waits for others: where one of them has died and nobody clears up behind it, the waiter gives up, as a
 * trap. Its thread tells who that was (src/threads/lost.ts).
 */
export function lookForDead(): void {
  if (THREADS) {
    const isInTheWay = loadShared(HEADER + offsetof<Header>("deadCpu")) != 0;
    const looks = isInTheWay ? load<u32>(ownList(), LOOKS) + 1 : 0;
    store<u32>(ownList(), looks, LOOKS);
    if (looks > PATIENCE) unreachable();
  }
}

/** Short critical sections without a yield point inside: only real threads can meet in one. */
@inline
export function spinLock(address: usize): void {
  if (THREADS) {
    noteHeld(HELD_WORD, address);
    if (atomic.cmpxchg<u32>(address, 0, ownMark()) != 0) awaitWord(address);
  }
}

/** Takes the lock if nobody has it; where only one thread runs nobody ever does. */
export function trySpinLock(address: usize): bool {
  if (THREADS) {
    noteHeld(HELD_WORD, address);
    if (atomic.cmpxchg<u32>(address, 0, ownMark()) == 0) return true;
    forgetHeld(HELD_WORD, address);
    return false;
  }
  return true;
}

function awaitWord(address: usize): void {
  while (true) {
    const holder = atomic.cmpxchg<u32>(address, 0, ownMark());
    if (holder == 0) return;
    waitOnWord(address, holder, 10_000);
    lookForDead();
  }
}

@inline
export function spinUnlock(address: usize): void {
  if (THREADS) {
    atomic.store<u32>(address, 0);
    atomic.notify(address, 1);
    forgetHeld(HELD_WORD, address);
  }
}

/** The lock that an x86 CPU takes for a locked access to more than one cache line: a word below the header. */
export const BUS_LOCK: usize = 516;

export function lockBus(): void {
  spinLock(BUS_LOCK);
}

export function unlockBus(): void {
  spinUnlock(BUS_LOCK);
}
