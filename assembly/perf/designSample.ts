import { Cpu } from "../machine/cpu";
import {
  FINDING_PERF_LEAK,
  FINDING_PERF_STALE,
  FINDING_PERF_TORN,
  recordFinding,
} from "../machine/findings";
import { header } from "../machine/map";
import { EVENT_KERNEL_LOAD, emit } from "../study/events";
import {
  SAMPLE_CALLCHAIN,
  SAMPLE_CPU,
  SAMPLE_ID,
  SAMPLE_IP,
  SAMPLE_REGS_INTR,
  SAMPLE_REGS_USER,
  SAMPLE_STACK_USER,
  SAMPLE_TID,
  SAMPLE_TIME,
} from "./attr";
import { callchain } from "./callchain";
import { NOT_SAVED } from "./copyRegs";
import {
  DesignBed,
  FIELD_CALLCHAIN,
  FIELD_CPU,
  FIELD_ID,
  FIELD_INTR_ABI,
  FIELD_INTR_REGS,
  FIELD_IP,
  FIELD_STACK_SIZE,
  FIELD_TID,
  FIELD_TIME,
  FIELD_TYPE,
  FIELD_USER_ABI,
  FIELD_USER_REGS,
  Interruption,
  SAVED_WITH_BP,
  indexOf,
  interruptionPoint,
  loadField,
  regsAt,
  sampleOf,
  storeField,
} from "./designBed";
import { fetchUserRegs, openSample, releaseUserRegs } from "./designRegs";
import {
  PerfEvent,
  PerfLevel,
  eventAt,
  levelOf,
  perfCpuOf,
  perfTaskOf,
  pidOf,
  primaryId,
  tidOf,
} from "./event";
import { MISC_KERNEL, MISC_USER, RECORD_SAMPLE, beginRecord, publishSample } from "./output";
import { blockBytes, stackBlockBytes } from "./prepare";
import { PtRegs, frameOffset, registerAt, userMode } from "./ptRegs";
import { put64, putBytes, putHeader } from "./ring";
import { currentAbi } from "./userRegs";
import { putStackDump, stackDumpBytes } from "./userStack";

/**
 * A sample by one of the designs, from its structure on the stack to its record in the ring. What an event asks for
 * beyond this is left out.
 */
const PLAIN: u64 = SAMPLE_IP | SAMPLE_TID | SAMPLE_TIME | SAMPLE_ID | SAMPLE_CPU;
export const DESIGN_TYPES: u64 =
  PLAIN | SAMPLE_CALLCHAIN | SAMPLE_REGS_USER | SAMPLE_STACK_USER | SAMPLE_REGS_INTR;

const HEADER_BYTES: u32 = 8;
const SIZE_MASK: u32 = 0xffff;
/** bx and r12 … r15: what an NMI cannot trust, as bits of a mask of registers; in 4.6 bp too. */
const UNTRUSTED: u64 = 0xf00002;
const BP: u64 = 1 << 6;

/** Takes a sample of what `regs` interrupted; the call chain may be of other registers. */
export function sampleByDesign(
  cpu: Cpu,
  bed: DesignBed,
  event: PerfEvent,
  regs: PtRegs,
  chainOf: PtRegs,
): void {
  const data = sampleOf(cpu, bed);
  const type = event.sampleType & DESIGN_TYPES;
  openSample(cpu, bed, data);
  storeField(cpu, bed, data, FIELD_TYPE, type);
  savePlain(cpu, bed, data, event, type, regs);
  if ((type & SAMPLE_CALLCHAIN) != 0) {
    storeField(cpu, bed, data, FIELD_CALLCHAIN, callchain(cpu, levelOf(cpu), event, chainOf));
  }
  if ((type & (SAMPLE_REGS_USER | SAMPLE_STACK_USER)) != 0) fetchUserRegs(cpu, bed, data, regs);
  if (STUDY) interruptionPoint(cpu, bed);
  outputByDesign(cpu, bed, data, event, type, regs);
  releaseUserRegs(cpu, bed);
}

function savePlain(
  cpu: Cpu,
  bed: DesignBed,
  data: usize,
  event: PerfEvent,
  type: u64,
  regs: PtRegs,
): void {
  const task = perfTaskOf(cpu);
  const numbers = (pidOf(task) as u64) | ((tidOf(task) as u64) << 32);
  if ((type & SAMPLE_IP) != 0) storeField(cpu, bed, data, FIELD_IP, regs.ip);
  if ((type & SAMPLE_TID) != 0) storeField(cpu, bed, data, FIELD_TID, numbers);
  if ((type & SAMPLE_TIME) != 0) storeField(cpu, bed, data, FIELD_TIME, header().nanoseconds);
  if ((type & SAMPLE_ID) != 0) storeField(cpu, bed, data, FIELD_ID, primaryId(event));
  if ((type & SAMPLE_CPU) != 0) storeField(cpu, bed, data, FIELD_CPU, cpu.index);
}

/** Sizes what is variable, and writes the record. */
function outputByDesign(
  cpu: Cpu,
  bed: DesignBed,
  data: usize,
  event: PerfEvent,
  type: u64,
  regs: PtRegs,
): void {
  let bytes = HEADER_BYTES + ((popcnt<u64>(type & PLAIN) as u32) << 3);
  if ((type & SAMPLE_CALLCHAIN) != 0) bytes += chainBytes(cpu, bed, data);
  if ((type & SAMPLE_REGS_USER) != 0) {
    const user = loadField(cpu, bed, data, FIELD_USER_REGS);
    bytes += blockBytes(user, event.sampleRegsUser) as u32;
  }
  if ((type & SAMPLE_STACK_USER) != 0) bytes += saveStack(cpu, bed, data, event, bytes);
  if ((type & SAMPLE_REGS_INTR) != 0) {
    storeField(cpu, bed, data, FIELD_INTR_ABI, currentAbi(cpu));
    storeField(cpu, bed, data, FIELD_INTR_REGS, changetype<usize>(regs));
    bytes += blockBytes(changetype<usize>(regs), event.sampleRegsIntr) as u32;
  }
  const level = levelOf(cpu);
  bytes &= SIZE_MASK;
  if (!beginRecord(cpu, level, event, bytes)) return;
  putHeader(level, RECORD_SAMPLE, userMode(regs) ? MISC_USER : MISC_KERNEL, bytes);
  putFields(cpu, level, bed, data, event, type);
  publishSample(level, event);
}

function chainBytes(cpu: Cpu, bed: DesignBed, data: usize): u32 {
  const chain = loadField(cpu, bed, data, FIELD_CALLCHAIN) as usize;
  return (1 + (load<u64>(chain) as u32)) << 3;
}

function saveStack(cpu: Cpu, bed: DesignBed, data: usize, event: PerfEvent, before: u32): u32 {
  const user = loadField(cpu, bed, data, FIELD_USER_REGS);
  const bytes = stackDumpBytes(cpu, event.sampleStackUser & SIZE_MASK, before, user);
  storeField(cpu, bed, data, FIELD_STACK_SIZE, bytes);
  return stackBlockBytes(bytes, user);
}

function putFields(
  cpu: Cpu,
  level: PerfLevel,
  bed: DesignBed,
  data: usize,
  event: PerfEvent,
  type: u64,
): void {
  if ((type & SAMPLE_IP) != 0) put64(level, loadField(cpu, bed, data, FIELD_IP));
  if ((type & SAMPLE_TID) != 0) put64(level, loadField(cpu, bed, data, FIELD_TID));
  if ((type & SAMPLE_TIME) != 0) put64(level, loadField(cpu, bed, data, FIELD_TIME));
  if ((type & SAMPLE_ID) != 0) put64(level, loadField(cpu, bed, data, FIELD_ID));
  if ((type & SAMPLE_CPU) != 0) put64(level, loadField(cpu, bed, data, FIELD_CPU));
  if ((type & SAMPLE_CALLCHAIN) != 0) {
    const chain = loadField(cpu, bed, data, FIELD_CALLCHAIN) as usize;
    putBytes(level, chain, chainBytes(cpu, bed, data));
  }
  if ((type & SAMPLE_REGS_USER) != 0) putUser(cpu, level, bed, data, event.sampleRegsUser);
  if ((type & SAMPLE_STACK_USER) != 0) {
    const bytes = loadField(cpu, bed, data, FIELD_STACK_SIZE) as u32;
    putStackDump(cpu, level, bytes, loadField(cpu, bed, data, FIELD_USER_REGS));
  }
  if ((type & SAMPLE_REGS_INTR) != 0) {
    const abi = loadField(cpu, bed, data, FIELD_INTR_ABI);
    const regs = loadField(cpu, bed, data, FIELD_INTR_REGS);
    putRegs(cpu, level, bed, abi, regsAt(regs), event.sampleRegsIntr);
  }
}

function putUser(cpu: Cpu, level: PerfLevel, bed: DesignBed, data: usize, mask: u64): void {
  const abi = loadField(cpu, bed, data, FIELD_USER_ABI);
  const regs = regsAt(loadField(cpu, bed, data, FIELD_USER_REGS));
  putRegs(cpu, level, bed, abi, regs, mask);
  if (STUDY && abi != 0 && bed.truth != 0 && changetype<usize>(regs) != bed.image) {
    judgeRegs(cpu, bed, regs, mask);
  }
}

/** Words of a PEBS record's registers that nobody set are written as 0 where the bed keeps a mask of them. */
function putRegs(
  cpu: Cpu,
  level: PerfLevel,
  bed: DesignBed,
  abi: u64,
  regs: PtRegs,
  mask: u64,
): void {
  put64(level, abi);
  if (abi == 0) return;
  const image = changetype<usize>(regs) == bed.image;
  for (let left = mask; left != 0; left &= left - 1) {
    const bit = ctz<u64>(left) as u32;
    if (STUDY) emit(cpu, EVENT_KERNEL_LOAD, changetype<usize>(regs) + frameOffset(bit), 8);
    const set = !image || ((bed.valid >> (frameOffset(bit) >> 3)) & 1) != 0;
    put64(level, set || bed.guarded == 0 ? registerAt(regs, bit) : 0);
    if (STUDY && !set && bed.guarded == 0) {
      recordFinding(FINDING_PERF_LEAK, cpu.index, cpu.task, 0, bit);
    }
  }
}

/** Compares what a sample got with what the user registers are, and with what they were. */
function judgeRegs(cpu: Cpu, bed: DesignBed, regs: PtRegs, mask: u64): void {
  let wrong: u32 = 0;
  let fresh: u32 = 0;
  const untrusted = bed.saving == SAVED_WITH_BP ? UNTRUSTED : UNTRUSTED | BP;
  for (let left = mask; left != 0; left &= left - 1) {
    const bit = ctz<u64>(left) as u32;
    const value = registerAt(regs, bit);
    if (value == NOT_SAVED && ((untrusted >> bit) & 1) != 0) {
      bed.unknown += 1;
      continue;
    }
    if (value != registerAt(regsAt(bed.truth), bit)) wrong += 1;
    if (value != registerAt(regsAt(bed.before), bit)) fresh += 1;
  }
  if (wrong == 0) return;
  const kind = fresh == 0 ? FINDING_PERF_STALE : FINDING_PERF_TORN;
  recordFinding(kind, cpu.index, cpu.task, 0, wrong);
}

/** A planned interruption: a sample of its context. */
function interrupted(cpu: Cpu, bed: DesignBed, by: Interruption): void {
  const context = cpu.context;
  cpu.context = by.context;
  const regs = regsAt(by.regs);
  sampleByDesign(cpu, bed, eventAt(by.event), regs, regs);
  cpu.context = context;
}

/** Copies made from here on may be interrupted as the bed plans. */
export function beginOn(cpu: Cpu, bed: DesignBed): void {
  if (!STUDY) return;
  bed.interrupt = indexOf(interrupted);
  perfCpuOf(cpu).bed = changetype<usize>(bed) as u32;
}

export function endOn(cpu: Cpu): void {
  if (STUDY) perfCpuOf(cpu).bed = 0;
}
