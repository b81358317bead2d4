import { EXCLUSIVE_PAIRS } from "../arch/profile";
import { compareExchangeSized, loadSharedSized } from "../base/atomics";
import { EAGAIN, EFAULT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { lockBus, unlockBus } from "../machine/held";
import { ACCESS_WRITE } from "../mm/fault";
import { tlbLookup, writeTlbFor } from "../mm/tlb";
import { COUNT_FAULT_FIXUPS, count } from "../study/counters";
import { EVENT_FIXUP, emit } from "../study/events";
import { resolve } from "./access";
import { FOR_EVER, noteExclusive, reservationLost, translateExclusive } from "./exclusive";
import { bytesOnPage, resolveBoth } from "./single";

/**
 * An exchange of a user word of 4 or 8 bytes that is not known to be aligned, with the guard open (exclusive.ts). Bits
 * that must match: all of them in a compare-and-exchange, none in an exchange.
 */
export const MATCH_ALL: u64 = u64.MAX_VALUE;
export const MATCH_NONE: u64 = 0;

/**
 * Stores `replacement` where the `compared` bits of the word are those of `expected`: 0 with what stood there in
 * `cpu.value`, whether or not it matched; −EFAULT; −EAGAIN after `attempts` lost reservations.
 */
export function exclusiveExchange(
  cpu: Cpu,
  pointer: u64,
  size: u32,
  expected: u64,
  compared: u64,
  replacement: u64,
  attempts: u32,
): i32 {
  const va = pointer & cpu.accessMask;
  if (!isAligned(va, size)) return splitExchange(cpu, va, size, expected, compared, replacement);
  let attempt: u32 = 0;
  while (true) {
    const address = translateExclusive(cpu, va, size);
    if (address == 0) return -EFAULT;
    if (!reservationLost(cpu)) {
      noteExclusive(cpu, va, size);
      cpu.value = exchangeAt(address, size, expected, compared, replacement);
      return 0;
    }
    cpu.value = loadSharedSized(address, size);
    if (!matches(cpu.value, expected, compared)) return 0;
    attempt += 1;
    if (attempts != FOR_EVER && attempt == attempts) return -EAGAIN;
  }
}

@inline
export function isAligned(va: u64, size: u32): bool {
  return (va & (size - 1)) == 0;
}

@inline
function matches(seen: u64, expected: u64, compared: u64): bool {
  return ((seen ^ expected) & compared) == 0;
}

function exchangeAt(
  address: usize,
  size: u32,
  expected: u64,
  compared: u64,
  replacement: u64,
): u64 {
  let seen = loadSharedSized(address, size);
  while (matches(seen, expected, compared)) {
    const found = compareExchangeSized(address, size, seen, replacement);
    if (found == seen) break;
    seen = found;
  }
  return seen;
}

/**
 * A misaligned word. An exclusive load takes an alignment fault for it that no handler repairs (arm64
 * do_alignment_fault; powerpc cannot emulate lwarx; riscv handle_misaligned_load), so the fixup runs. An x86 CPU locks
 * the bus, which keeps out other split accesses here and nothing else, and may find its word on two pages.
 */
function splitExchange(
  cpu: Cpu,
  va: u64,
  size: u32,
  expected: u64,
  compared: u64,
  replacement: u64,
): i32 {
  if ((cpu.guard & EXCLUSIVE_PAIRS) != 0) {
    count(cpu, COUNT_FAULT_FIXUPS);
    emit(cpu, EVENT_FIXUP, va, ACCESS_WRITE);
    return -EFAULT;
  }
  if (!resolveForWriting(cpu, va, size)) return -EFAULT;
  noteExclusive(cpu, va, size);
  lockBus();
  const seen = bytesAt(cpu, va, size);
  if (matches(seen, expected, compared)) putBytesAt(cpu, va, size, replacement);
  unlockBus();
  cpu.value = seen;
  return 0;
}

function resolveForWriting(cpu: Cpu, va: u64, size: u32): bool {
  const first = bytesOnPage(va);
  if (first < size) return resolveBoth(cpu, va, first, size, ACCESS_WRITE);
  return resolve(cpu, va, size, ACCESS_WRITE) != 0;
}

/** Of pages that were translated for writing just now. */
function placeOf(cpu: Cpu, va: u64): usize {
  return tlbLookup(cpu, writeTlbFor(cpu, va), va, 1);
}

function bytesAt(cpu: Cpu, va: u64, size: u32): u64 {
  let value: u64 = 0;
  for (let at: u32 = 0; at < size; at++) {
    value |= (load<u8>(placeOf(cpu, va + at)) as u64) << (at << 3);
  }
  return value;
}

/** Without a loop or a call once it has begun to store: a thread that is ended leaves the old word or the new one. */
function putBytesAt(cpu: Cpu, va: u64, size: u32, value: u64): void {
  const first = min<u32>(bytesOnPage(va), size);
  const start = placeOf(cpu, va);
  const rest = first < size ? placeOf(cpu, va + first) : start;
  putPart(start, first, value);
  if (first < size) putPart(rest, size - first, value >> ((first as u64) << 3));
}

/** The lowest `count` bytes of a value, 1 to 8. */
@inline
function putPart(at: usize, count: u32, value: u64): void {
  if ((count & 8) != 0) store<u64>(at, value);
  if ((count & 4) != 0) {
    store<u32>(at, value as u32);
    value >>= 32;
    at += 4;
  }
  if ((count & 2) != 0) {
    store<u16>(at, value as u16);
    value >>= 16;
    at += 2;
  }
  if ((count & 1) != 0) store<u8>(at, value as u8);
}
