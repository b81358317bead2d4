import { Cpu, setPorts } from "../machine/cpu";
import { acknowledge } from "../mm/shootdown";
import { slotIn } from "../mm/tlb";
import { PAGE_MASK } from "../machine/map";

/**
 * The way of an access that finds its page in the TLB, in pieces, for code that is worth writing out: a call between
 * two wasm functions takes longer than a whole access (bench W1). What a run of accesses needs of its CPU it loads
 * once; each access then is
 *
 *   if (outOfRange(at, pageLimit)) break;             range check
 *   const slot = openSlot(cpu, at, pair, slotMask);   open the guard, read the port, find the page's place in its TLB
 *   if (misses(cpu, slot, at + 3, generation)) break; a closed port's TLB is empty, so that nothing ever hits there
 *   store<u32>(linearIn(slot, at), value);
 *   closeSlot(cpu, closedPair);
 *
 * and every break leads to one call that does this access and all after it the ordinary way. That keeps the way of a
 * hit free of jumps. A run may give up with the guard open: the ordinary way opens it anew, and closes it.
 *
 * `at` is an address without its tag. Where the range check passes, that is also the address an access goes to: what
 * the access mask takes off beyond the tag is zero in every user address.
 */
@inline
export function untagged(cpu: Cpu, va: u64): u64 {
  return va & cpu.untagMask;
}

/** The range check for at most a page: `pageLimit` is the CPU's. What starts in the last page is left undecided. */
@inline
export function outOfRange(at: u64, pageLimit: u64): bool {
  return at > pageLimit;
}

/** Opens for writing with a pair of the CPU's. book3s/32: in another segment than the last one the slot misses. */
@inline
export function openSlot(cpu: Cpu, at: u64, pair: u64, slotMask: u32): usize {
  setPorts(cpu, pair);
  return slotIn(cpu.userWrite, at, slotMask);
}

/** Opens for reading. */
@inline
export function openReadSlot(cpu: Cpu, at: u64, pair: u64, slotMask: u32): usize {
  setPorts(cpu, pair);
  // the port's half of the pair: from memory the store would reach it late
  return slotIn((pair >> 32) as u32, at, slotMask);
}

/** Opens for reading and writing at once. */
@inline
export function openBothSlot(cpu: Cpu, at: u64, pair: u64, slotMask: u32): usize {
  setPorts(cpu, pair);
  return slotIn(pair as u32, at, slotMask);
}

/** `last` is the access's last byte: one that leaves its page misses. */
@inline
export function misses(cpu: Cpu, slot: usize, last: u64, generation: u64): bool {
  // with real threads, closing the guard after the access before may have raised the generation
  const key = (last & ~(PAGE_MASK as u64)) | (THREADS ? (cpu.generation as u64) : generation);
  return key != load<u64>(slot);
}

@inline
export function closeSlot(cpu: Cpu, closedPair: u64): void {
  setPorts(cpu, closedPair);
  if (THREADS) acknowledge(cpu);
}
