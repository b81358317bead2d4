import { Cpu, stackImage } from "../machine/cpu";
import { linearIn } from "../mm/tlb";
import { closeSlot, misses, openSlot, outOfRange, untagged } from "../uaccess/hit";
import { CONTROL_AT, STATUS_AT, clearStatus } from "./syncImage";

/**
 * The write side of SYNC_PTR in the compat layout where every page is in the TLB: the three strategies, each written
 * out (uaccess/hit.ts), because they are what the thread's figures and the bench are about. Where one of them stops,
 * the ordinary forms of syncMove.ts go on. The study build has only those: it counts every step.
 */

/**
 *   0     4      8   12     16       20        24        28      32       36     68       72
 *   ┌─────┬──────┬───┬──────┬────────┬─────────┬─────────┬───────┬────────┬──────┬────────┬─────────┬──────┐
 *   │flags│state │   │hw_ptr│tstamp s│tstamp ns│suspended│audio s│audio ns│      │appl_ptr│avail_min│      │ 132
 *   └─────┴──────┴───┴──────┴────────┴─────────┴─────────┴───────┴────────┴──────┴────────┴─────────┴──────┘
 *         ├─────────────────────── status, 32 ────────────────────────────┤      ├── control, 8 ────┤
 */
@unmanaged
class CompatArgument {
  flags: u32;
  state: u32;
  gap: u32;
  hwPtr: u32;
  tstampSec: u32;
  tstampNsec: u32;
  suspended: u32;
  audioSec: u32;
  audioNsec: u32;
  unused0: u32;
  unused1: u64;
  unused2: u64;
  unused3: u64;
  unused4: u32;
  applPtr: u32;
  availMin: u32;
}

const FIELD_BYTES: u64 = 4;
const STATUS_BYTES: u32 = 32;
const CONTROL_BYTES: u32 = 8;

/** Every strategy went through. */
export const ALL_WRITTEN: u32 = u32.MAX_VALUE;

@inline
function put(cpu: Cpu, slot: usize, at: u64, value: u32, closedPair: u64): void {
  store<u32>(linearIn(slot, at), value);
  closeSlot(cpu, closedPair);
}

/** Nine put_user. ALL_WRITTEN, or the offset of the field that comes next. */
@inline
export function hitPuts(
  cpu: Cpu,
  va: u64,
  state: u32,
  hwPtr: u32,
  tstampSec: u32,
  tstampNsec: u32,
  suspended: u32,
  audioSec: u32,
  audioNsec: u32,
  applPtr: u32,
  availMin: u32,
): u32 {
  const start = untagged(cpu, va);
  const pageLimit = cpu.pageLimit;
  const pair = cpu.openWritePair;
  const closedPair = cpu.closedPair;
  const slotMask = cpu.slotMask;
  const generation: u64 = cpu.generation;
  let at: u64;
  let slot: usize;
  do {
    at = start + offsetof<CompatArgument>("state");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, state, closedPair);

    at = start + offsetof<CompatArgument>("hwPtr");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, hwPtr, closedPair);

    at = start + offsetof<CompatArgument>("tstampSec");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, tstampSec, closedPair);

    at = start + offsetof<CompatArgument>("tstampNsec");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, tstampNsec, closedPair);

    at = start + offsetof<CompatArgument>("suspended");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, suspended, closedPair);

    at = start + offsetof<CompatArgument>("audioSec");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, audioSec, closedPair);

    at = start + offsetof<CompatArgument>("audioNsec");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, audioNsec, closedPair);

    at = start + offsetof<CompatArgument>("applPtr");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, applPtr, closedPair);

    at = start + offsetof<CompatArgument>("availMin");
    if (outOfRange(at, pageLimit)) break;
    slot = openSlot(cpu, at, pair, slotMask);
    if (misses(cpu, slot, at + (FIELD_BYTES - 1), generation)) break;
    put(cpu, slot, at, availMin, closedPair);
    return ALL_WRITTEN;
  } while (false);
  return (at - start) as u32;
}

@inline
function fillArgument(
  argument: CompatArgument,
  state: u32,
  hwPtr: u32,
  tstampSec: u32,
  tstampNsec: u32,
  suspended: u32,
  audioSec: u32,
  audioNsec: u32,
  applPtr: u32,
  availMin: u32,
): void {
  argument.state = state;
  argument.hwPtr = hwPtr;
  argument.tstampSec = tstampSec;
  argument.tstampNsec = tstampNsec;
  argument.suspended = suspended;
  argument.audioSec = audioSec;
  argument.audioNsec = audioNsec;
  argument.applPtr = applPtr;
  argument.availMin = availMin;
}

/**
 * One block around nine unsafe_put_user; its unit of translation is the block, not the field. ALL_WRITTEN, or 0 where
 * nothing was.
 */
@inline
export function hitBlock(
  cpu: Cpu,
  va: u64,
  state: u32,
  hwPtr: u32,
  tstampSec: u32,
  tstampNsec: u32,
  suspended: u32,
  audioSec: u32,
  audioNsec: u32,
  applPtr: u32,
  availMin: u32,
): u32 {
  const start = untagged(cpu, va);
  const first = start + offsetof<CompatArgument>("state");
  const last = start + (offsetof<CompatArgument>("availMin") + FIELD_BYTES - 1);
  do {
    if (outOfRange(start, cpu.pageLimit)) break;
    const slot = openSlot(cpu, first, cpu.blockWritePair, cpu.slotMask);
    if (misses(cpu, slot, last, cpu.generation)) break;
    const argument = changetype<CompatArgument>(linearIn(slot, start));
    fillArgument(
      argument,
      state,
      hwPtr,
      tstampSec,
      tstampNsec,
      suspended,
      audioSec,
      audioNsec,
      applPtr,
      availMin,
    );
    closeSlot(cpu, cpu.closedPair);
    return ALL_WRITTEN;
  } while (false);
  return 0;
}

/** Status and control, assembled on the kernel stack, the holes zeroed, so that hitCopies can copy them out. */
@inline
export function assembleCopies(
  cpu: Cpu,
  state: u32,
  hwPtr: u32,
  tstampSec: u32,
  tstampNsec: u32,
  suspended: u32,
  audioSec: u32,
  audioNsec: u32,
  applPtr: u32,
  availMin: u32,
): void {
  const status = stackImage(cpu) + STATUS_AT;
  clearStatus(status, STATUS_BYTES);
  // the control part then falls on CONTROL_AT
  const argument = changetype<CompatArgument>(status - offsetof<CompatArgument>("state"));
  fillArgument(
    argument,
    state,
    hwPtr,
    tstampSec,
    tstampNsec,
    suspended,
    audioSec,
    audioNsec,
    applPtr,
    availMin,
  );
}

/** The two copy_to_user of what was assembled. ALL_WRITTEN, or how many were made. */
@inline
export function hitCopies(cpu: Cpu, va: u64): u32 {
  const stack = stackImage(cpu);
  const start = untagged(cpu, va);
  const pair = cpu.openWritePair;
  const closedPair = cpu.closedPair;
  let copied: u32 = 0;
  do {
    const status = start + offsetof<CompatArgument>("state");
    if (outOfRange(status, cpu.pageLimit)) break;
    let slot = openSlot(cpu, status, pair, cpu.slotMask);
    if (misses(cpu, slot, status + (STATUS_BYTES - 1), cpu.generation)) break;
    copyStatus(linearIn(slot, status), stack + STATUS_AT);
    closeSlot(cpu, closedPair);
    copied = 1;

    const control = start + offsetof<CompatArgument>("applPtr");
    if (outOfRange(control, cpu.pageLimit)) break;
    slot = openSlot(cpu, control, pair, cpu.slotMask);
    if (misses(cpu, slot, control + (CONTROL_BYTES - 1), cpu.generation)) break;
    store<u64>(linearIn(slot, control), load<u64>(stack + CONTROL_AT));
    closeSlot(cpu, closedPair);
    return ALL_WRITTEN;
  } while (false);
  return copied;
}

@inline
function copyStatus(target: usize, source: usize): void {
  v128.store(target, v128.load(source));
  v128.store(target, v128.load(source, 16), 16);
}
