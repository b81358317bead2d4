import { CONTEXT_TASK, Cpu } from "../machine/cpu";
import { loadWord, storeWord } from "../study/words";
import { PtRegs } from "./ptRegs";

/**
 * What a sample is taken on by one of the designs for where the copy of the user registers lives ("perf: Replace
 * perf_sample_data::regs_user_copy with per-cpu storage", April 2016, and what was merged in October 2020). The host
 * makes it; struct perf_sample_data is laid out as its tables say, so that one code serves every era of it.
 *
 *   ┌──────────┬────────────────────┬───────────────────┬───────────────────┐
 *   │DesignBed │ Interruption × 3   │ offset of FIELD_* │ offsets that init │
 *   │          │                    │ in the structure  │ writes            │
 *   └──────────┴────────────────────┴───────────────────┴───────────────────┘
 */
@unmanaged
export class DesignBed {
  entry: u64; // number of the entry from user mode that the task is in: no other task or entry has it
  storage: u32; // STORAGE_*
  fetching: u32; // FETCH_*
  marking: u32; // MARK_*
  saving: u32; // SAVED_*
  stack: u32; // a struct perf_sample_data for each context, as on the stacks of nested ones
  sampleBytes: u32; // of one
  perCpu: u32; // the copies that are no part of it
  slotBytes: u32; // from one copy to the next
  mark: u32; // address of a word behind the copies: "filled", or how many are taken
  bottomHalvesOff: u32; // the task has disabled softirqs
  slots: u32; // of each context (a byte) the copy in use, counted from 1
  chosen: u32; // likewise, the copy last used
  collisions: u32; // copies chosen that another context was using
  unknown: u32; // study: registers written as −1
  points: u32; // study: points passed at which an interruption may come
  due: u32; // study: interruptions that have come
  refused: u32; // study: 1 + the context that was running where one was due that cannot interrupt it
  planned: u32; // study: interruptions that are to come
  interrupt: u32; // study: the function that one calls
  image: u32; // PtRegs that a PEBS record is turned into
  valid: u32; // words of it that were set, a bit each
  guarded: u32; // no other word of it is written into a sample
  truth: u32; // study: PtRegs, what the user registers are; 0 = nobody looks
  before: u32; // study: PtRegs, what they were in the entry before
  initWords: u32; // words that init writes
}

/** Where the copy lives. */
export const STORAGE_SAMPLE: u32 = 0; // in the sample itself
export const STORAGE_POSTED: u32 = 1; // one of four a CPU, by the context, asked in the order of the patch
export const STORAGE_ORDERED: u32 = 2; // likewise, in the right order
export const STORAGE_PILE: u32 = 3; // one of four a CPU, the next that is free
export const STORAGE_SINGLE: u32 = 4; // one a CPU
export const STORAGE_NMI: u32 = 5; // one a CPU, for NMIs; elsewhere the frame is used in place

/** When it is filled. */
export const FETCH_ALWAYS: u32 = 0;
export const FETCH_FLAG: u32 = 1; // unless a flag says that it is
export const FETCH_SENTINEL: u32 = 2; // where the pointer is one that says it is not

/** How STORAGE_SINGLE knows that it is filled. */
export const MARK_NONE: u32 = 0;
export const MARK_FIRST: u32 = 1; // a bit, set before the copy is filled
export const MARK_LAST: u32 = 2; // a bit, set afterwards
export const MARK_NAMED: u32 = 3; // the entry's number, set afterwards

/** Which registers every entry into the kernel saves first, so that a copy for an NMI can trust them. */
export const SAVED_WITHOUT_BP: u32 = 0; // 4.6: six read −1
export const SAVED_WITH_BP: u32 = 1; // later: five

/** Copies of a CPU where there are several: one a context. */
export const DESIGN_SLOTS: u32 = 4;

/** Members of struct perf_sample_data that samples here use. */
export const FIELD_FLAGS: u32 = 0;
export const FIELD_TYPE: u32 = 1;
export const FIELD_IP: u32 = 2;
export const FIELD_TID: u32 = 3;
export const FIELD_TIME: u32 = 4;
export const FIELD_ID: u32 = 5;
export const FIELD_CPU: u32 = 6;
export const FIELD_CALLCHAIN: u32 = 7;
export const FIELD_USER_ABI: u32 = 8;
export const FIELD_USER_REGS: u32 = 9;
export const FIELD_USER_COPY: u32 = 10;
export const FIELD_INTR_ABI: u32 = 11;
export const FIELD_INTR_REGS: u32 = 12;
export const FIELD_STACK_SIZE: u32 = 13;
const FIELD_COUNT: u32 = 14;
const MOST_INIT: u32 = 14;

/** At a point of a copy, a sample of a higher context. */
@unmanaged
export class Interruption {
  at: u32; // the point's number, counted over all samples in progress
  context: u32;
  event: u32;
  regs: u32; // PtRegs of what it interrupts
}

const INTERRUPTIONS: u32 = 3;
export const DESIGN_INTERRUPTIONS_AT: u32 = offsetof<DesignBed>();
export const DESIGN_FIELDS_AT: u32 =
  DESIGN_INTERRUPTIONS_AT + INTERRUPTIONS * offsetof<Interruption>();
export const DESIGN_INIT_AT: u32 = DESIGN_FIELDS_AT + FIELD_COUNT * 4;
export const DESIGN_BED_BYTES: u32 = DESIGN_INIT_AT + MOST_INIT * 4;

/** The pointer of a sample that nothing was fetched for yet. */
export const NOT_YET_FILLED: u64 = u64.MAX_VALUE;

@inline
function fieldAt(bed: DesignBed, data: usize, field: u32): usize {
  return data + load<u32>(changetype<usize>(bed) + (field << 2), DESIGN_FIELDS_AT);
}

@inline
export function loadField(cpu: Cpu, bed: DesignBed, data: usize, field: u32): u64 {
  return loadWord(cpu, fieldAt(bed, data, field));
}

@inline
export function storeField(cpu: Cpu, bed: DesignBed, data: usize, field: u32, value: u64): void {
  storeWord(cpu, fieldAt(bed, data, field), value);
}

/** The copy that is a member of the sample. */
@inline
export function copyInSample(bed: DesignBed, data: usize): usize {
  return fieldAt(bed, data, FIELD_USER_COPY);
}

/** The struct perf_sample_data of the context that the CPU is in. */
@inline
export function sampleOf(cpu: Cpu, bed: DesignBed): usize {
  return bed.stack + cpu.context * bed.sampleBytes;
}

/** perf_sample_data_init; with a sentinel it writes one word more. */
export function initFields(cpu: Cpu, bed: DesignBed, data: usize): void {
  for (let at: u32 = 0; at < bed.initWords; at++) {
    const offset = load<u32>(changetype<usize>(bed) + (at << 2), DESIGN_INIT_AT);
    storeWord(cpu, data + offset, 0);
  }
  if (bed.fetching != FETCH_SENTINEL) return;
  storeField(cpu, bed, data, FIELD_USER_REGS, NOT_YET_FILLED);
}

/** in_interrupt() of 4.6: also true in a task that has only disabled softirqs. */
@inline
export function inInterrupt(cpu: Cpu, bed: DesignBed): bool {
  return cpu.context != CONTEXT_TASK || bed.bottomHalvesOff != 0;
}

/** What runs at a point where a copy may be interrupted; the function's index comes with the bed. */
type Interrupter = (cpu: Cpu, bed: DesignBed, interruption: Interruption) => void;

@inline
export function indexOf(interrupter: Interrupter): u32 {
  return interrupter.index;
}

/** A point of the study build at which the planned interruption comes. */
export function interruptionPoint(cpu: Cpu, bed: DesignBed): void {
  const point = bed.points;
  bed.points = point + 1;
  if (bed.due >= bed.planned) return;
  const next = changetype<Interruption>(
    changetype<usize>(bed) + DESIGN_INTERRUPTIONS_AT + bed.due * offsetof<Interruption>(),
  );
  if (next.at != point) return;
  bed.due += 1;
  if (next.context <= cpu.context) {
    bed.refused = cpu.context + 1;
    bed.planned = 0;
    return;
  }
  call_indirect<void>(bed.interrupt, cpu, bed, next);
}

@inline
export function regsAt(address: u64): PtRegs {
  return changetype<PtRegs>(address as usize);
}
