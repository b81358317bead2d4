import { CONTEXT_NMI, Cpu } from "../machine/cpu";
import { loadWord, storeWord } from "../study/words";
import { SAMPLE_REGS_USER } from "./attr";
import { copyBp, copyOthers, copyReliable, copyReliableV46, copySaved, fillWord } from "./copyRegs";
import {
  DESIGN_SLOTS,
  DesignBed,
  FETCH_FLAG,
  FETCH_SENTINEL,
  FIELD_FLAGS,
  FIELD_USER_ABI,
  FIELD_USER_REGS,
  MARK_FIRST,
  MARK_NAMED,
  MARK_NONE,
  NOT_YET_FILLED,
  SAVED_WITH_BP,
  STORAGE_NMI,
  STORAGE_PILE,
  STORAGE_POSTED,
  STORAGE_SAMPLE,
  STORAGE_SINGLE,
  copyInSample,
  inInterrupt,
  initFields,
  loadField,
  regsAt,
  storeField,
} from "./designBed";
import { perfTaskOf } from "./event";
import { PtRegs, userMode } from "./ptRegs";
import { ABI_NONE } from "./sampleData";
import { abiOf, framesRegs, taskFrame } from "./userRegs";

/** Getting and giving back the user registers of a sample, by the designs of April 2016 and what came of them. */

/** More samples in progress than the pile has copies. */
const NO_SLOT: u32 = DESIGN_SLOTS;

/** Begins a sample: init, and in the pile the next copy is taken. */
export function openSample(cpu: Cpu, bed: DesignBed, data: usize): void {
  initFields(cpu, bed, data);
  if (bed.storage != STORAGE_PILE) return;
  const taken = loadWord(cpu, bed.mark);
  storeWord(cpu, bed.mark, taken + 1);
  useSlot(cpu, bed, min(taken, NO_SLOT as u64) as u32);
}

/** perf_fetch_regs_user: `user` becomes what the sample's user registers are read from. */
export function fetchUserRegs(cpu: Cpu, bed: DesignBed, data: usize, regs: PtRegs): void {
  if (isFetched(cpu, bed, data)) return;
  const task = perfTaskOf(cpu);
  if (userMode(regs)) setUser(cpu, bed, data, abiOf(regs), changetype<usize>(regs));
  else if (task == 0) setUser(cpu, bed, data, ABI_NONE, 0);
  else fetchFromFrame(cpu, bed, data, regs, taskFrame(task));
  if (bed.fetching != FETCH_FLAG) return;
  const flags = loadField(cpu, bed, data, FIELD_FLAGS);
  storeField(cpu, bed, data, FIELD_FLAGS, flags | SAMPLE_REGS_USER);
}

function isFetched(cpu: Cpu, bed: DesignBed, data: usize): bool {
  if (bed.fetching == FETCH_FLAG) {
    return (loadField(cpu, bed, data, FIELD_FLAGS) & SAMPLE_REGS_USER) != 0;
  }
  if (bed.fetching != FETCH_SENTINEL) return false;
  return loadField(cpu, bed, data, FIELD_USER_REGS) != NOT_YET_FILLED;
}

function setUser(cpu: Cpu, bed: DesignBed, data: usize, abi: u64, regs: usize): void {
  storeField(cpu, bed, data, FIELD_USER_ABI, abi);
  storeField(cpu, bed, data, FIELD_USER_REGS, regs);
}

function fetchFromFrame(cpu: Cpu, bed: DesignBed, data: usize, regs: PtRegs, frame: PtRegs): void {
  const found =
    bed.storage == STORAGE_NMI
      ? framesRegs(cpu, regs, frame, nmiCopy(cpu, bed))
      : filledCopy(cpu, bed, data, frame);
  if (found == 0) setUser(cpu, bed, data, ABI_NONE, 0);
  else setUser(cpu, bed, data, abiOf(frame), found);
}

/** The one copy is chosen only where it will be used. */
function nmiCopy(cpu: Cpu, bed: DesignBed): usize {
  return cpu.context == CONTEXT_NMI ? useSlot(cpu, bed, 0) : 0;
}

/** 0 where the pile is used up. */
function filledCopy(cpu: Cpu, bed: DesignBed, data: usize, frame: PtRegs): usize {
  if (bed.storage == STORAGE_SAMPLE) {
    const copy = copyInSample(bed, data);
    copyTrusted(cpu, bed, changetype<PtRegs>(copy), frame);
    return copy;
  }
  const copy = chosenCopy(cpu, bed);
  if (copy == 0) return 0;
  if (bed.storage == STORAGE_SINGLE) fillSingle(cpu, bed, regsAt(copy), frame);
  else copyTrusted(cpu, bed, regsAt(copy), frame);
  return copy;
}

function chosenCopy(cpu: Cpu, bed: DesignBed): usize {
  if (bed.storage == STORAGE_SINGLE) return useSlot(cpu, bed, 0);
  if (bed.storage != STORAGE_PILE) return useSlot(cpu, bed, slotByContext(cpu, bed));
  const slot = slotIn(bed.slots, cpu.context);
  return slot == 0 || slot > DESIGN_SLOTS ? 0 : slotAddress(bed, slot - 1);
}

/**
 * As posted: NMI 0, "in interrupt" 1, "serving a softirq" 2, task 3. A softirq is in an interrupt too, so that nothing
 * ever comes to 2. In the right order each context has its own.
 */
function slotByContext(cpu: Cpu, bed: DesignBed): u32 {
  if (bed.storage != STORAGE_POSTED || cpu.context == CONTEXT_NMI) return CONTEXT_NMI - cpu.context;
  return inInterrupt(cpu, bed) ? 1 : 3;
}

const SLOT_BITS: u32 = 8;
const SLOT_MASK: u32 = (1 << SLOT_BITS) - 1;

@inline
function slotIn(slots: u32, context: u32): u32 {
  return (slots >> (context * SLOT_BITS)) & SLOT_MASK;
}

@inline
function withSlot(slots: u32, context: u32, slot: u32): u32 {
  const shift = context * SLOT_BITS;
  return (slots & ~(SLOT_MASK << shift)) | (slot << shift);
}

@inline
function slotAddress(bed: DesignBed, slot: u32): usize {
  return bed.perCpu + slot * bed.slotBytes;
}

/** The context uses a copy from here on; that another one does too is counted. */
function useSlot(cpu: Cpu, bed: DesignBed, slot: u32): usize {
  for (let other: u32 = 0; other <= CONTEXT_NMI; other++) {
    if (other != cpu.context && slotIn(bed.slots, other) == slot + 1) bed.collisions += 1;
  }
  bed.slots = withSlot(bed.slots, cpu.context, slot + 1);
  bed.chosen = withSlot(bed.chosen, cpu.context, slot + 1);
  return slotAddress(bed, slot);
}

/** One copy for all: what a mark says is filled is taken as it is. An interrupt can trust the whole frame. */
function fillSingle(cpu: Cpu, bed: DesignBed, copy: PtRegs, frame: PtRegs): void {
  const mark: u64 = bed.marking == MARK_NAMED ? bed.entry : 1;
  if (bed.marking != MARK_NONE && loadWord(cpu, bed.mark) == mark) return;
  if (bed.marking == MARK_FIRST) fillWord(cpu, bed.mark, mark);
  if (cpu.context == CONTEXT_NMI) copyTrusted(cpu, bed, copy, frame);
  else copyAll(cpu, copy, frame);
  if (bed.marking > MARK_FIRST) fillWord(cpu, bed.mark, mark);
}

/** What the design's kernel trusts of the frame. */
function copyTrusted(cpu: Cpu, bed: DesignBed, copy: PtRegs, frame: PtRegs): void {
  if (bed.saving == SAVED_WITH_BP) copyReliable(cpu, copy, frame);
  else copyReliableV46(cpu, copy, frame);
}

function copyAll(cpu: Cpu, copy: PtRegs, frame: PtRegs): void {
  copySaved(cpu, copy, frame);
  copyBp(cpu, copy, frame);
  copyOthers(cpu, copy, frame);
}

/** The sample is written: its copy is free. The pile believes whoever says so, and then counts wrong. */
export function releaseUserRegs(cpu: Cpu, bed: DesignBed): void {
  bed.slots = withSlot(bed.slots, cpu.context, 0);
  if (bed.storage != STORAGE_PILE) return;
  const taken = loadWord(cpu, bed.mark);
  if (taken != 0) storeWord(cpu, bed.mark, taken - 1);
}
