import { GUARD_SAVES, GUARD_SEGMENTED, GUARD_SPLIT, MASKED_ACCESS } from "../arch/profile";
import { Cpu, ports, setPorts } from "../machine/cpu";
import {
  FINDING_GUARD_NESTED_OPEN,
  FINDING_GUARD_OPEN_AT_RETURN,
  FINDING_GUARD_OPEN_AT_SLEEP,
  FINDING_GUARD_REDUNDANT_CLOSE,
  FINDING_GUARD_WRONG_END,
  FINDING_SCOPE_NESTED,
  recordFinding,
} from "../machine/findings";
import { COUNT_READ_BLOCKS, COUNT_WRITE_BLOCKS, count } from "../study/counters";
import { EVENT_BLOCK, ORIGIN_BLOCK, emit, setOrigin } from "../study/events";
import { accessOkFixed, maskUserAddress } from "./check";
import {
  DIRECTION_BOTH,
  DIRECTION_READ,
  DIRECTION_WRITE,
  closeGuard,
  openDirections,
  openForBoth,
  openForRead,
  openForWrite,
} from "./guard";

/**
 * user_access_begin … user_access_end (include/linux/uaccess.h and each architecture's). The fast forms below are what
 * the modelled drivers use; the `block*` forms are for kernel code that a user of the library writes, and are checked
 * as they run: what breaks the discipline is a finding.
 */

@inline
function noteBlock(cpu: Cpu, va: u64, direction: u32): void {
  setOrigin(cpu, ORIGIN_BLOCK);
  emit(cpu, EVENT_BLOCK, va, direction);
}

/** user_read_access_begin and its kin: false when the range is refused, and the guard is then untouched. */
@inline
export function userReadAccessBegin(cpu: Cpu, va: u64, length: u64): bool {
  count(cpu, COUNT_READ_BLOCKS);
  noteBlock(cpu, va, DIRECTION_READ);
  if (!accessOkFixed(cpu, va, length, DIRECTION_READ)) return false;
  if (cpu.blockOpens) openForRead(cpu, va);
  return true;
}

@inline
export function userWriteAccessBegin(cpu: Cpu, va: u64, length: u64): bool {
  count(cpu, COUNT_WRITE_BLOCKS);
  noteBlock(cpu, va, DIRECTION_WRITE);
  if (!accessOkFixed(cpu, va, length, DIRECTION_WRITE)) return false;
  if (cpu.blockOpens) openForWrite(cpu, va);
  return true;
}

@inline
export function userReadAccessEnd(cpu: Cpu): void {
  if (cpu.blockOpens) closeGuard(cpu, DIRECTION_READ);
}

@inline
export function userWriteAccessEnd(cpu: Cpu): void {
  if (cpu.blockOpens) closeGuard(cpu, DIRECTION_WRITE);
}

function openDirection(cpu: Cpu, va: u64, direction: u32): void {
  if (!cpu.blockOpens) return;
  if (direction == DIRECTION_READ) openForRead(cpu, va);
  else if (direction == DIRECTION_WRITE) openForWrite(cpu, va);
  else openForBoth(cpu, va);
}

/** Begins a block in one direction; 1 when it is open, 0 when the range was refused. Nesting is a finding (R4). */
export function blockBegin(cpu: Cpu, va: u64, length: u64, direction: u32): u32 {
  if (cpu.blockDirection != 0) {
    recordFinding(FINDING_GUARD_NESTED_OPEN, cpu.index, cpu.task, va, direction);
  }
  count(cpu, direction == DIRECTION_READ ? COUNT_READ_BLOCKS : COUNT_WRITE_BLOCKS);
  noteBlock(cpu, va, direction);
  if (!accessOkFixed(cpu, va, length, direction)) return 0;
  openDirection(cpu, va, direction);
  cpu.blockDirection = direction;
  return 1;
}

/**
 * masked_user_access_begin: the pointer is changed, nothing is refused, the length is not looked at. The masked
 * pointer is left in `cpu.value`. Only where the build can (MASKED_ACCESS); elsewhere 0 and the guard untouched.
 */
export function blockBeginMasked(cpu: Cpu, va: u64, direction: u32): u32 {
  if ((cpu.guard & MASKED_ACCESS) == 0) return 0;
  if (cpu.blockDirection != 0) {
    recordFinding(FINDING_GUARD_NESTED_OPEN, cpu.index, cpu.task, va, direction);
  }
  count(cpu, direction == DIRECTION_READ ? COUNT_READ_BLOCKS : COUNT_WRITE_BLOCKS);
  noteBlock(cpu, va, direction);
  cpu.value = maskUserAddress(cpu, va);
  openDirection(cpu, cpu.value, direction);
  cpu.blockDirection = direction;
  return 1;
}

/** Ends a block. Closing what is not open is a finding (R5), and on split guards so is closing another direction. */
export function blockEnd(cpu: Cpu, direction: u32): void {
  const open = cpu.blockDirection;
  if (open == 0) recordFinding(FINDING_GUARD_REDUNDANT_CLOSE, cpu.index, cpu.task, 0, direction);
  else if (open != direction && (cpu.guard & (GUARD_SPLIT | GUARD_SEGMENTED)) != 0) {
    recordFinding(FINDING_GUARD_WRONG_END, cpu.index, cpu.task, 0, direction);
  }
  cpu.blockDirection = 0;
  if (cpu.blockOpens) closeGuard(cpu, direction);
}

/**
 * A scope inside a scope is an error (scoped_user_rw_access, 7.0); the inner one is still opened, as the hardware
 * would.
 */
export function noteScope(cpu: Cpu, va: u64): void {
  if (cpu.blockDirection != 0) recordFinding(FINDING_SCOPE_NESTED, cpu.index, cpu.task, va, 0);
}

/** How a saved guard is handed out: the open directions, and which 256 MB segment was open for writing. */
const SAVED_SEGMENT_SHIFT: u32 = 4;

/** user_access_save: remembers the guard as a token and closes it; 0 and no effect where the architecture has none. */
export function userAccessSave(cpu: Cpu): u32 {
  if ((cpu.guard & GUARD_SAVES) == 0) return 0;
  const directions = openDirections(cpu);
  let segment: u32 = 0;
  if (cpu.segmentStride != 0 && (directions & DIRECTION_WRITE) != 0) {
    segment = (cpu.userWrite - cpu.writeTlb) / cpu.segmentStride;
  }
  const block = cpu.blockDirection;
  if (directions != 0) closeGuard(cpu, directions);
  cpu.blockDirection = 0;
  return directions | (block << 2) | (segment << SAVED_SEGMENT_SHIFT);
}

/** user_access_restore: opens what the token says was open. Any number is safe: only its low 8 bits mean anything. */
export function userAccessRestore(cpu: Cpu, token: u32): void {
  if ((cpu.guard & GUARD_SAVES) == 0) return;
  const directions = token & DIRECTION_BOTH;
  const va = (((token >> SAVED_SEGMENT_SHIFT) & 15) as u64) << 28;
  setPorts(cpu, cpu.closedPair);
  setOrigin(cpu, ORIGIN_BLOCK);
  if (directions != 0) openDirection(cpu, va, directions);
  cpu.blockDirection = (token >> 2) & DIRECTION_BOTH;
}

@inline
export function isClosed(cpu: Cpu): bool {
  return ((ports(cpu) ^ cpu.closedPair) | cpu.blockDirection) == 0;
}

/** Leaving the kernel or giving up the CPU with the guard open is a finding (R2); the exit closes it. */
export function checkClosed(cpu: Cpu, kind: u32): void {
  if (isClosed(cpu)) return;
  recordFinding(kind, cpu.index, cpu.task, 0, openDirections(cpu));
  setPorts(cpu, cpu.closedPair);
  cpu.blockDirection = 0;
}

export function checkClosedAtReturn(cpu: Cpu): void {
  checkClosed(cpu, FINDING_GUARD_OPEN_AT_RETURN);
}

export function checkClosedAtSleep(cpu: Cpu): void {
  checkClosed(cpu, FINDING_GUARD_OPEN_AT_SLEEP);
}
