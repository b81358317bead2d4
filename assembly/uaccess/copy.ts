import { EFAULT } from "../base/errno";
import { BLOCK_COPY_IS_CALL, GUARD_WRITES_ONLY, MASKED_ACCESS } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK, PAGE_SIZE } from "../machine/map";
import { linearIn, slotIn, tlbLookup } from "../mm/tlb";
import {
  COUNT_BYTES_FROM,
  COUNT_BYTES_TO,
  COUNT_COPIES_FROM,
  COUNT_COPIES_TO,
  count,
} from "../study/counters";
import {
  EVENT_CLEAR,
  EVENT_COPY_FROM,
  EVENT_COPY_TO,
  ORIGIN_BLOCK,
  ORIGIN_COPY,
  copyFlag,
  emit,
  setOrigin,
} from "../study/events";
import { translateRead, translateWrite } from "./access";
import { accessOk, maskUserAddress } from "./check";
import { DIRECTION_READ, DIRECTION_WRITE, closeGuard, openForRead, openForWrite } from "./guard";
import { closeSlot, misses, openReadSlot, openSlot, outOfRange, untagged } from "./hit";
import { storeValue } from "./single";
import { unsafeGetSized, unsafePutSized } from "./sized";

/**
 * Bulk copies (include/linux/uaccess.h, lib/usercopy.c). All answer the number of bytes NOT copied; a copy goes upward
 * and stops exactly at the first byte of a bad page. Kernel addresses are linear and the caller's to vouch for.
 */

/** Below this a copy of vectors beats memory.copy's call (bench W2). */
export const SHORT_COPY: u32 = 512;

/**
 * copy_to_user as far as the copy itself, for at most a page that is in the TLB (uaccess/hit.ts): the guard is open
 * then. The linear address, or 0.
 */
@inline
function openTarget(cpu: Cpu, va: u64, length: u32): usize {
  const at = untagged(cpu, va);
  do {
    if (outOfRange(at, cpu.pageLimit)) break;
    const slot = openSlot(cpu, at, cpu.openWritePair, cpu.slotMask);
    if (misses(cpu, slot, at + (length - 1), cpu.generation)) break;
    return linearIn(slot, at);
  } while (false);
  return 0;
}

/** Up to SHORT_COPY bytes: true when they were copied. */
@inline
export function hitShortCopy(cpu: Cpu, va: u64, source: usize, length: u32): bool {
  const target = openTarget(cpu, va, length);
  if (target == 0) return false;
  copyShort(target, source, length);
  closeSlot(cpu, cpu.closedPair);
  return true;
}

/** The same for more, up to a page. */
@inline
export function hitPageCopy(cpu: Cpu, va: u64, source: usize, length: u32): bool {
  const target = openTarget(cpu, va, length);
  if (target == 0) return false;
  memory.copy(target, source, length);
  closeSlot(cpu, cpu.closedPair);
  return true;
}

/** The same for copy_from_user, of at most a page. Where reads are never guarded there is no port to open. */
@inline
function openSource(cpu: Cpu, va: u64, length: u32): usize {
  const at = untagged(cpu, va);
  do {
    if (length > PAGE_SIZE || outOfRange(at, cpu.pageLimit)) break;
    if (cpu.guard & GUARD_WRITES_ONLY) break;
    const slot = openReadSlot(cpu, at, cpu.openReadPair, cpu.slotMask);
    if (misses(cpu, slot, at + (length - 1), cpu.generation)) break;
    return linearIn(slot, at);
  } while (false);
  return 0;
}

/** The same where it may lie over two pages that are both in the TLB, and side by side in RAM. */
@inline
function openSpan(cpu: Cpu, va: u64, length: u32): usize {
  const at = untagged(cpu, va);
  const last = at + (length - 1);
  do {
    if (length > PAGE_SIZE || outOfRange(last, cpu.pageLimit)) break;
    if (cpu.guard & GUARD_WRITES_ONLY) break;
    const pair = cpu.openReadPair;
    const slot = openReadSlot(cpu, at, pair, cpu.slotMask);
    if (misses(cpu, slot, at, cpu.generation)) break;
    const source = linearIn(slot, at);
    const end = slotIn((pair >> 32) as u32, last, cpu.slotMask);
    if (misses(cpu, end, last, cpu.generation)) break;
    if (linearIn(end, last) != source + (length - 1)) break;
    return source;
  } while (false);
  return 0;
}

/** copy_from_user of at most a page's length, and rarely a short one: true when it was copied. */
@inline
export function hitSpanFrom(cpu: Cpu, target: usize, va: u64, length: u32): bool {
  const source = openSpan(cpu, va, length);
  if (source == 0) return false;
  memory.copy(target, source, length);
  closeSlot(cpu, cpu.closedPair);
  return true;
}

/** copy_from_user of at most a page that is in the TLB: true when it was copied. */
@inline
export function hitCopyFrom(cpu: Cpu, target: usize, va: u64, length: u32): bool {
  const source = openSource(cpu, va, length);
  if (source == 0) return false;
  copyBytes(target, source, length);
  closeSlot(cpu, cpu.closedPair);
  return true;
}

@inline
function hitCopy(cpu: Cpu, va: u64, source: usize, length: u32): bool {
  if (length <= SHORT_COPY) return hitShortCopy(cpu, va, source, length);
  return length <= PAGE_SIZE && hitPageCopy(cpu, va, source, length);
}

/** copy_to_user. */
export function copyToUser(cpu: Cpu, va: u64, source: usize, length: u32): u32 {
  if (!STUDY && hitCopy(cpu, va, source, length)) return 0;
  noteCopyTo(cpu, va, source, length);
  if (!accessOk(cpu, va, length, DIRECTION_WRITE)) return length;
  return rawCopyToUser(cpu, va, source, length);
}

/** copy_from_user: what could not be copied is zeroed in the kernel's buffer, all of it if the range is refused. */
export function copyFromUser(cpu: Cpu, target: usize, va: u64, length: u32): u32 {
  if (!STUDY && hitCopyFrom(cpu, target, va, length)) return 0;
  noteCopyFrom(cpu, va, target, length);
  const left = accessOk(cpu, va, length, DIRECTION_READ)
    ? rawCopyFromUser(cpu, target, va, length)
    : copyFromBadRange(cpu, target, va, length);
  if (left != 0) memory.fill(target + (length - left), 0, left);
  return left;
}

/**
 * Where copy_from_user masks the pointer instead of checking the range, which differs only here, a copy that runs over
 * the limit gets as far as the limit (_inline_copy_from_user, include/linux/uaccess.h, v6.12).
 */
function copyFromBadRange(cpu: Cpu, target: usize, va: u64, length: u32): u32 {
  if ((cpu.guard & MASKED_ACCESS) == 0) return length;
  return rawCopyFromUser(cpu, target, maskUserAddress(cpu, va), length);
}

/** __copy_from_user and the _inatomic forms: no check, the tail untouched. */
export function copyFromUserUnchecked(cpu: Cpu, target: usize, va: u64, length: u32): u32 {
  noteCopyFrom(cpu, va, target, length);
  return rawCopyFromUser(cpu, target, va, length);
}

export function copyToUserUnchecked(cpu: Cpu, va: u64, source: usize, length: u32): u32 {
  noteCopyTo(cpu, va, source, length);
  return rawCopyToUser(cpu, va, source, length);
}

@inline
function noteCopyTo(cpu: Cpu, va: u64, kernel: usize, length: u32): void {
  setOrigin(cpu, ORIGIN_COPY);
  count(cpu, COUNT_COPIES_TO);
  emit(cpu, EVENT_COPY_TO, va, length, copyFlag(kernel, va));
}

@inline
function noteCopyFrom(cpu: Cpu, va: u64, kernel: usize, length: u32): void {
  setOrigin(cpu, ORIGIN_COPY);
  count(cpu, COUNT_COPIES_FROM);
  emit(cpu, EVENT_COPY_FROM, va, length, copyFlag(kernel, va));
}

/** raw_copy_to_user: opens and closes the guard itself. */
export function rawCopyToUser(cpu: Cpu, pointer: u64, source: usize, length: u32): u32 {
  const va = pointer & cpu.accessMask;
  openForWrite(cpu, va);
  const done = storeBytes(cpu, va, source, length);
  closeGuard(cpu, DIRECTION_WRITE);
  count(cpu, COUNT_BYTES_TO, done);
  return length - done;
}

export function rawCopyFromUser(cpu: Cpu, target: usize, pointer: u64, length: u32): u32 {
  const va = pointer & cpu.accessMask;
  openForRead(cpu, va);
  const done = loadBytes(cpu, target, va, length);
  closeGuard(cpu, DIRECTION_READ);
  count(cpu, COUNT_BYTES_FROM, done);
  return length - done;
}

@inline
function roomOnPage(va: u64): u32 {
  return PAGE_SIZE - ((va as u32) & PAGE_MASK);
}

/** Stores bytes through the open guard and answers how many arrived. */
@inline
export function storeBytes(cpu: Cpu, va: u64, source: usize, length: u32): u32 {
  if (length - 1 >= roomOnPage(va)) return storePages(cpu, va, source, length);
  const address = translateWrite(cpu, va, length);
  if (address == 0) return 0;
  copyBytes(address, source, length);
  return length;
}

@inline
export function loadBytes(cpu: Cpu, target: usize, va: u64, length: u32): u32 {
  if (length - 1 >= roomOnPage(va)) return loadPages(cpu, target, va, length);
  const address = translateRead(cpu, va, length);
  if (address == 0) return 0;
  copyBytes(target, address, length);
  return length;
}

/**
 * Pages whose frames are neighbours are copied in one go. Only translations at hand are merged: a fault in between
 * could take away the ones before it.
 */
function storePages(cpu: Cpu, va: u64, source: usize, length: u32): u32 {
  let done: u32 = 0;
  while (done < length) {
    const at = va + done;
    let run = min(roomOnPage(at), length - done);
    const address = translateWrite(cpu, at, run);
    if (address == 0) break;
    if (!STUDY) run = extendRun(cpu, cpu.userWrite, at, address, run, length - done);
    copyBytes(address, source + done, run);
    done += run;
  }
  return done;
}

function loadPages(cpu: Cpu, target: usize, va: u64, length: u32): u32 {
  let done: u32 = 0;
  while (done < length) {
    const at = va + done;
    let run = min(roomOnPage(at), length - done);
    const address = translateRead(cpu, at, run);
    if (address == 0) break;
    if (!STUDY) run = extendRun(cpu, cpu.userRead, at, address, run, length - done);
    copyBytes(target + done, address, run);
    done += run;
  }
  return done;
}

function extendRun(cpu: Cpu, port: u32, va: u64, address: usize, run: u32, wanted: u32): u32 {
  while (run < wanted && tlbLookup(cpu, port, va + run, 1) == address + run) {
    run += min(PAGE_SIZE, wanted - run);
  }
  return run;
}

@inline
export function copyBytes(target: usize, source: usize, length: u32): void {
  if (length > SHORT_COPY) memory.copy(target, source, length);
  else copyShort(target, source, length);
}

@inline
function copyShort(target: usize, source: usize, length: u32): void {
  if (length < 16) copyTail(target, source, length);
  else if (length < 64) copyEnds(target, source, length);
  else copyBlocks(target, source, length);
}

@inline
function copyBlock(target: usize, source: usize): void {
  const first = v128.load(source);
  const second = v128.load(source, 16);
  const third = v128.load(source, 32);
  const fourth = v128.load(source, 48);
  v128.store(target, first);
  v128.store(target, second, 16);
  v128.store(target, third, 32);
  v128.store(target, fourth, 48);
}

/** At least 64 bytes: blocks of 64, the last of which ends at the end and overlaps the one before it. */
@inline
function copyBlocks(target: usize, source: usize, length: u32): void {
  copyBlock(target, source);
  if (length == 64) return;
  const last = length - 64;
  for (let at: u32 = 64; at < last; at += 64) copyBlock(target + at, source + at);
  copyBlock(target + last, source + last);
}

/** 16 to 63 bytes: a vector from each end, or two, which overlap in the middle. */
@inline
function copyEnds(target: usize, source: usize, length: u32): void {
  const last = length - 16;
  const inner = length > 32 ? 16 : 0;
  v128.store(target, v128.load(source));
  v128.store(target + inner, v128.load(source + inner));
  v128.store(target + (last - inner), v128.load(source + (last - inner)));
  v128.store(target + last, v128.load(source + last));
}

/** Fewer than 16 bytes: 8, 4, 2, 1. */
@inline
function copyTail(target: usize, source: usize, length: u32): void {
  if (length & 8) {
    store<u64>(target, load<u64>(source));
    target += 8;
    source += 8;
  }
  if (length & 4) {
    store<u32>(target, load<u32>(source));
    target += 4;
    source += 4;
  }
  if (length & 2) {
    store<u16>(target, load<u16>(source));
    target += 2;
    source += 2;
  }
  if (length & 1) store<u8>(target, load<u8>(source));
}

@inline
function noteClear(cpu: Cpu, va: u64, length: u32): void {
  setOrigin(cpu, ORIGIN_COPY);
  emit(cpu, EVENT_CLEAR, va, length);
}

/** clear_user: bytes not cleared. */
export function clearUser(cpu: Cpu, va: u64, length: u32): u32 {
  noteClear(cpu, va, length);
  if (!accessOk(cpu, va, length, DIRECTION_WRITE)) return length;
  return clearUserUnchecked(cpu, va, length);
}

/** __clear_user: without the range check. */
export function clearUserUnchecked(cpu: Cpu, pointer: u64, length: u32): u32 {
  const va = pointer & cpu.accessMask;
  openForWrite(cpu, va);
  let done: u32 = 0;
  while (done < length) {
    const run = min(roomOnPage(va + done), length - done);
    const address = translateWrite(cpu, va + done, run);
    if (address == 0) break;
    memory.fill(address, 0, run);
    done += run;
  }
  closeGuard(cpu, DIRECTION_WRITE);
  return length - done;
}

/**
 * unsafe_copy_to_user inside an open block: pieces of 8 bytes, then 4, 2 and 1, or one copy routine. −EFAULT where it
 * faults; what came before is in place.
 */
export function unsafeCopyToUser(cpu: Cpu, va: u64, source: usize, length: u32): i32 {
  if (cpu.guard & BLOCK_COPY_IS_CALL) return blockCopyTo(cpu, va, source, length);
  return piecesTo(cpu, va, source, length);
}

/** RISC-V: with the guard open as the block left it, or, where blocks open nothing, toggling it once. */
function blockCopyTo(cpu: Cpu, pointer: u64, source: usize, length: u32): i32 {
  noteCopyTo(cpu, pointer, source, length);
  let done: u32;
  if (cpu.blockOpens == 0) done = length - rawCopyToUser(cpu, pointer, source, length);
  else {
    done = storeBytes(cpu, pointer & cpu.accessMask, source, length);
    count(cpu, COUNT_BYTES_TO, done);
  }
  setOrigin(cpu, ORIGIN_BLOCK); // the block goes on
  return done == length ? 0 : -EFAULT;
}

function piecesTo(cpu: Cpu, va: u64, source: usize, length: u32): i32 {
  let at: u32 = 0;
  for (let piece: u32 = 8; piece != 0; piece >>= 1) {
    for (; length - at >= piece; at += piece) {
      if (unsafePutSized(cpu, va + at, loadPiece(source + at, piece), piece) != 0) return -EFAULT;
    }
  }
  return 0;
}

/** unsafe_copy_from_user: the mirror image; the kernel's buffer keeps what it held behind the last good piece. */
export function unsafeCopyFromUser(cpu: Cpu, target: usize, va: u64, length: u32): i32 {
  if (cpu.guard & BLOCK_COPY_IS_CALL) return blockCopyFrom(cpu, target, va, length);
  return piecesFrom(cpu, target, va, length);
}

function blockCopyFrom(cpu: Cpu, target: usize, pointer: u64, length: u32): i32 {
  noteCopyFrom(cpu, pointer, target, length);
  let done: u32;
  if (cpu.blockOpens == 0) done = length - rawCopyFromUser(cpu, target, pointer, length);
  else {
    done = loadBytes(cpu, target, pointer & cpu.accessMask, length);
    count(cpu, COUNT_BYTES_FROM, done);
  }
  setOrigin(cpu, ORIGIN_BLOCK); // the block goes on
  return done == length ? 0 : -EFAULT;
}

function piecesFrom(cpu: Cpu, target: usize, va: u64, length: u32): i32 {
  let at: u32 = 0;
  for (let piece: u32 = 8; piece != 0; piece >>= 1) {
    for (; length - at >= piece; at += piece) {
      if (unsafeGetSized(cpu, va + at, piece) != 0) return -EFAULT;
      storeValue(target + at, cpu.value, piece);
    }
  }
  return 0;
}

/** No byte past the piece is read: it may be the last of all memory. */
@inline
function loadPiece(source: usize, size: u32): u64 {
  if (size == 8) return load<u64>(source);
  if (size == 4) return load<u32>(source);
  return size == 2 ? load<u16>(source) : load<u8>(source);
}
