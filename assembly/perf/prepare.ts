import { Cpu } from "../machine/cpu";
import { PAGE_SHIFT, header } from "../machine/map";
import { PageState, lookUp } from "../mm/pageState";
import { PTE_PRESENT, PTE_SPECIAL, pteFrame } from "../mm/pte";
import { levelShift } from "../mm/table";
import {
  CORRECT_EMPTY_STACK,
  CORRECT_RECORD_SIZE,
  SAMPLE_ADDR,
  SAMPLE_AUX,
  SAMPLE_CALLCHAIN,
  SAMPLE_CGROUP,
  SAMPLE_CODE_PAGE_SIZE,
  SAMPLE_CPU,
  SAMPLE_DATA_PAGE_SIZE,
  SAMPLE_DATA_SRC,
  SAMPLE_ID,
  SAMPLE_IDENTIFIER,
  SAMPLE_ID_ALL,
  SAMPLE_IP,
  SAMPLE_PERIOD,
  SAMPLE_PHYS_ADDR,
  SAMPLE_RAW,
  SAMPLE_REGS_INTR,
  SAMPLE_REGS_USER,
  SAMPLE_STACK_USER,
  SAMPLE_STREAM_ID,
  SAMPLE_TID,
  SAMPLE_TIME,
  SAMPLE_TRANSACTION,
  SAMPLE_WEIGHT_TYPE,
} from "./attr";
import { callchain } from "./callchain";
import { PerfEvent, PerfLevel, perfTaskOf, pidOf, primaryId, tidOf } from "./event";
import { PtRegs, userMode } from "./ptRegs";
import { SampleData } from "./sampleData";
import { sampleRegsIntr, sampleRegsUser } from "./userRegs";
import { TASK_SIZE, stackDumpBytes } from "./userStack";

/** Finding what a sample is to hold, and how long it becomes (perf_prepare_sample; kernel/events/core.c, 6.18). */

/** "Not available" for each part of a data source (PERF_MEM_NA). */
const DATA_SOURCE_NONE: u64 = 0x1e05080021;
/** The kernel's text is mapped with pages of 2 MiB. */
const KERNEL_PAGE_BYTES: u64 = 2 << 20;
/** The size of AUX data without any behind it. */
const AUX_BYTES: u32 = 8;
/** The only control group there is. */
const ROOT_CGROUP: u64 = 1;

/** perf_sample_data_init: only what one line holds, and the address where there is one. */
export function initSample(data: SampleData, addr: u64, period: u64): void {
  data.sampleFlags = SAMPLE_PERIOD;
  data.period = period;
  data.dynSize = 0;
  if (addr == 0) return;
  data.addr = addr;
  data.sampleFlags |= SAMPLE_ADDR;
}

/**
 * perf_sample_save_raw_data: `bytes` of raw data, filled up with zeros so that they and their size are whole words. An
 * event that does not ask for them gets none, and no room for them.
 */
export function saveRaw(data: SampleData, event: PerfEvent, raw: usize, bytes: u32): void {
  if ((event.sampleType & SAMPLE_RAW) == 0) return;
  data.raw = raw;
  data.rawBytes = bytes;
  data.dynSize += rawBlockBytes(bytes);
  data.sampleFlags |= SAMPLE_RAW;
}

@inline
export function rawBlockBytes(bytes: u32): u32 {
  return (bytes + 4 + 7) & ~7;
}

/** perf_sample_data_size: bytes of the record as far as its fields are known. */
@inline
export function sampleBytes(data: SampleData, event: PerfEvent): u32 {
  return 8 + event.headerBytes + event.idBytes + (data.dynSize as u32);
}

/** What of `type` is to be found first because something else is made of it. */
function withNeeded(type: u64): u64 {
  let all = type;
  if ((type & SAMPLE_CODE_PAGE_SIZE) != 0) all |= SAMPLE_IP;
  if ((type & (SAMPLE_DATA_PAGE_SIZE | SAMPLE_PHYS_ADDR)) != 0) all |= SAMPLE_ADDR;
  if ((type & SAMPLE_STACK_USER) != 0) all |= SAMPLE_REGS_USER;
  return all;
}

/**
 * Fills in what the event asks for and an event before it on the same occurrence did not: fields that are there stay as
 * they are, and so does the size that was added for them.
 */
export function prepareSample(
  cpu: Cpu,
  level: PerfLevel,
  data: SampleData,
  event: PerfEvent,
  regs: PtRegs,
): void {
  const wanted = withNeeded(event.sampleType) & ~data.sampleFlags;
  data.type = event.sampleType;
  if (wanted == 0) return;
  if ((wanted & SAMPLE_ID_ALL) != 0) saveIds(cpu, data, event, wanted);
  if ((wanted & SAMPLE_IP) != 0) data.ip = regs.ip;
  data.sampleFlags |= wanted & (SAMPLE_ID_ALL | SAMPLE_IP);
  if ((wanted & SAMPLE_CALLCHAIN) != 0) saveCallchain(cpu, level, data, event, regs);
  if ((wanted & SAMPLE_RAW) != 0) saveRaw(data, event, 0, 0);
  if ((wanted & SAMPLE_REGS_USER) != 0) saveRegsUser(cpu, data, event, regs);
  if ((wanted & SAMPLE_STACK_USER) != 0) saveStack(cpu, data, event);
  saveConstants(data, wanted);
  if ((wanted & SAMPLE_REGS_INTR) != 0) saveRegsIntr(cpu, data, event, regs);
  saveMemory(cpu, data, regs, wanted);
  if ((wanted & SAMPLE_AUX) != 0) saveAux(data);
}

/** __perf_event_header__init_id. */
function saveIds(cpu: Cpu, data: SampleData, event: PerfEvent, wanted: u64): void {
  const task = perfTaskOf(cpu);
  if ((wanted & SAMPLE_TID) != 0) {
    data.pid = pidOf(task);
    data.tid = tidOf(task);
  }
  if ((wanted & SAMPLE_TIME) != 0) data.time = header().nanoseconds;
  if ((wanted & (SAMPLE_ID | SAMPLE_IDENTIFIER)) != 0) data.id = primaryId(event);
  if ((wanted & SAMPLE_STREAM_ID) != 0) data.streamId = event.id;
  if ((wanted & SAMPLE_CPU) != 0) data.cpu = cpu.index;
}

function saveCallchain(
  cpu: Cpu,
  level: PerfLevel,
  data: SampleData,
  event: PerfEvent,
  regs: PtRegs,
): void {
  const chain = callchain(cpu, level, event, regs);
  data.callchain = chain;
  data.dynSize += (1 + load<u64>(chain)) << 3;
  data.sampleFlags |= SAMPLE_CALLCHAIN;
}

@inline
export function blockBytes(regs: u64, mask: u64): u64 {
  return regs == 0 ? 8 : 8 + (popcnt<u64>(mask) << 3);
}

/** A stack alone needs the registers too, but does not write them. */
function saveRegsUser(cpu: Cpu, data: SampleData, event: PerfEvent, regs: PtRegs): void {
  sampleRegsUser(cpu, data, regs);
  if ((event.sampleType & SAMPLE_REGS_USER) == 0) return;
  data.dynSize += blockBytes(data.userRegs, event.sampleRegsUser);
  data.sampleFlags |= SAMPLE_REGS_USER;
}

function saveStack(cpu: Cpu, data: SampleData, event: PerfEvent): void {
  const wanted = event.sampleStackUser & 0xffff;
  const before = sampleBytes(data, event) + bytesToCome(event);
  const bytes = stackDumpBytes(cpu, wanted, before, data.userRegs);
  data.stackUserSize = bytes;
  data.dynSize += stackBlockBytes(bytes, data.userRegs);
  data.sampleFlags |= SAMPLE_STACK_USER;
}

/** What is prepared behind the stack, which 6.18 does not count. */
function bytesToCome(event: PerfEvent): u32 {
  if ((header().perfCorrections & CORRECT_RECORD_SIZE) == 0) return 0;
  const aux: u32 = (event.sampleType & SAMPLE_AUX) != 0 ? AUX_BYTES : 0;
  return (event.sampleType & SAMPLE_REGS_INTR) != 0
    ? aux + 8 + ((popcnt<u64>(event.sampleRegsIntr) as u32) << 3)
    : aux;
}

/** Room for a dump. Registers, but a size of 0, are two words (putStackDump); 6.18 takes room for one. */
export function stackBlockBytes(bytes: u32, regs: u64): u32 {
  if (bytes != 0) return 16 + bytes;
  return regs != 0 && (header().perfCorrections & CORRECT_EMPTY_STACK) != 0 ? 16 : 8;
}

/** What only hardware could know. */
function saveConstants(data: SampleData, wanted: u64): void {
  if ((wanted & SAMPLE_WEIGHT_TYPE) != 0) data.weight = 0;
  if ((wanted & SAMPLE_DATA_SRC) != 0) data.dataSource = DATA_SOURCE_NONE;
  if ((wanted & SAMPLE_TRANSACTION) != 0) data.transaction = 0;
  if ((wanted & SAMPLE_ADDR) != 0) data.addr = 0;
  if ((wanted & SAMPLE_CGROUP) != 0) data.cgroup = ROOT_CGROUP;
  data.sampleFlags |=
    wanted &
    (SAMPLE_WEIGHT_TYPE | SAMPLE_DATA_SRC | SAMPLE_TRANSACTION | SAMPLE_ADDR | SAMPLE_CGROUP);
}

function saveRegsIntr(cpu: Cpu, data: SampleData, event: PerfEvent, regs: PtRegs): void {
  sampleRegsIntr(cpu, data, regs);
  data.dynSize += blockBytes(data.intrRegs, event.sampleRegsIntr);
  data.sampleFlags |= SAMPLE_REGS_INTR;
}

/** perf_prepare_sample_aux: nothing here writes AUX data, so that there is their size alone, 0. */
function saveAux(data: SampleData): void {
  data.dynSize += AUX_BYTES;
  data.sampleFlags |= SAMPLE_AUX;
}

/** perf_virt_to_phys, perf_get_page_size: by the tables, as they are. */
function saveMemory(cpu: Cpu, data: SampleData, regs: PtRegs, wanted: u64): void {
  if ((wanted & SAMPLE_PHYS_ADDR) != 0) data.physAddr = physicalOf(cpu, data.addr);
  if ((wanted & SAMPLE_DATA_PAGE_SIZE) != 0) data.dataPageSize = pageBytesOf(cpu, data.addr);
  if ((wanted & SAMPLE_CODE_PAGE_SIZE) != 0) {
    data.codePageSize = userMode(regs) ? pageBytesOf(cpu, regs.ip) : KERNEL_PAGE_BYTES;
  }
  data.sampleFlags |= wanted & (SAMPLE_PHYS_ADDR | SAMPLE_DATA_PAGE_SIZE | SAMPLE_CODE_PAGE_SIZE);
}

/** A page that a reference can be taken to; the zero page is none. */
function physicalOf(cpu: Cpu, va: u64): u64 {
  if (va == 0 || va >= TASK_SIZE) return 0;
  const page = lookUp(cpu.mm, va);
  if ((page.entry & (PTE_PRESENT | PTE_SPECIAL)) != PTE_PRESENT) return 0;
  return ((pteFrame(page.entry) as u64) << PAGE_SHIFT) + (va & (bytesAt(page) - 1));
}

function pageBytesOf(cpu: Cpu, va: u64): u64 {
  if (va == 0) return 0;
  const page = lookUp(cpu.mm, va);
  return (page.entry & PTE_PRESENT) != 0 ? bytesAt(page) : 0;
}

@inline
function bytesAt(page: PageState): u64 {
  return (1 as u64) << levelShift(page.level);
}
