import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import {
  FLAG_SAMPLE_ID_ALL,
  FLAG_WATERMARK,
  FLAG_WRITE_BACKWARD,
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
  SAMPLE_IP,
  SAMPLE_PERIOD,
  SAMPLE_PHYS_ADDR,
  SAMPLE_RAW,
  SAMPLE_READ,
  SAMPLE_REGS_INTR,
  SAMPLE_REGS_USER,
  SAMPLE_STACK_USER,
  SAMPLE_STREAM_ID,
  SAMPLE_TID,
  SAMPLE_TIME,
  SAMPLE_TRANSACTION,
  SAMPLE_WEIGHT_TYPE,
} from "./attr";
import {
  PerfEvent,
  PerfLevel,
  eventAt,
  perfTaskOf,
  pidOf,
  primaryId,
  tidOf,
  trailerBytes,
} from "./event";
import { prepareSample, rawBlockBytes, sampleBytes } from "./prepare";
import { PtRegs, registerAt, userMode } from "./ptRegs";
import { putRead } from "./read";
import { Ring, countSample, publish, put64, putBytes, putHeader, putPair, reserve } from "./ring";
import { SampleData, intrRegsOf, userRegsOf } from "./sampleData";
import { putStackDump } from "./userStack";

/** Writing records (perf_output_begin, perf_output_sample; kernel/events/, 6.18). */

export const RECORD_MMAP: u32 = 1;
export const RECORD_LOST: u32 = 2;
export const RECORD_COMM: u32 = 3;
export const RECORD_EXIT: u32 = 4;
export const RECORD_FORK: u32 = 7;
export const RECORD_SAMPLE: u32 = 9;
export const RECORD_MMAP2: u32 = 10;
export const RECORD_SWITCH: u32 = 14;

/** Mode of the processor in a header's misc. */
export const MISC_KERNEL: u32 = 1;
export const MISC_USER: u32 = 2;

/** A header's size has 16 bits. */
const SIZE_MASK: u32 = 0xffff;
const HEADER_BYTES: u32 = 8;
/** Header, id, count. */
const LOST_BYTES: u32 = 24;

/**
 * perf_output_begin: takes room for a record of `bytes`, and before it for the news of records that were lost. A record
 * that does not fit is lost; where there is no ring, or no data in it, it is not even that.
 */
export function beginRecord(cpu: Cpu, level: PerfLevel, event: PerfEvent, bytes: u32): bool {
  const owner = event.parent != 0 ? eventAt(event.parent) : event;
  if (owner.ring == 0) return false;
  const ring = changetype<Ring>(owner.ring as usize);
  const news: u32 = ring.lost == 0 ? 0 : LOST_BYTES + trailerBytes(owner);
  const backward = (event.flags & FLAG_WRITE_BACKWARD) != 0;
  const stored = ring.paused == 0 && reserve(level, ring, (bytes as u64) + news, backward);
  if (!stored) loseRecord(ring, owner);
  else if (news != 0) putLost(cpu, level, ring, owner, news);
  return stored;
}

function loseRecord(ring: Ring, event: PerfEvent): void {
  if (ring.bytes == 0) return;
  ring.lost += 1;
  event.lostSamples += 1;
}

function putLost(cpu: Cpu, level: PerfLevel, ring: Ring, event: PerfEvent, bytes: u32): void {
  putHeader(level, RECORD_LOST, 0, bytes);
  put64(level, event.id);
  put64(level, ring.lost);
  ring.lost = 0;
  putTrailer(cpu, level, event);
}

/** perf_event__output_id_sample: what follows the body of records that are no samples. */
function putTrailer(cpu: Cpu, level: PerfLevel, event: PerfEvent): void {
  if ((event.flags & FLAG_SAMPLE_ID_ALL) == 0) return;
  const type = event.sampleType;
  const task = perfTaskOf(cpu);
  if ((type & SAMPLE_TID) != 0) putPair(level, pidOf(task), tidOf(task));
  if ((type & SAMPLE_TIME) != 0) put64(level, header().nanoseconds);
  if ((type & SAMPLE_ID) != 0) put64(level, primaryId(event));
  if ((type & SAMPLE_STREAM_ID) != 0) put64(level, event.id);
  if ((type & SAMPLE_CPU) != 0) put64(level, cpu.index);
  if ((type & SAMPLE_IDENTIFIER) != 0) put64(level, primaryId(event));
}

/** A record that is no sample: `body` of whole words, then the trailer. */
export function putRecord(
  cpu: Cpu,
  level: PerfLevel,
  event: PerfEvent,
  type: u32,
  misc: u32,
  body: usize,
  bodyBytes: u32,
): void {
  const bytes = HEADER_BYTES + bodyBytes + trailerBytes(event);
  if (!beginRecord(cpu, level, event, bytes)) return;
  putHeader(level, type, misc, bytes);
  putBytes(level, body, bodyBytes);
  putTrailer(cpu, level, event);
  publish(level);
}

/**
 * perf_event_output: prepares a sample and writes it. Its size is cut to the 16 bits of the header before room is taken,
 * so a longer one goes on behind its reservation.
 */
export function outputSample(
  cpu: Cpu,
  level: PerfLevel,
  data: SampleData,
  event: PerfEvent,
  regs: PtRegs,
): void {
  prepareSample(cpu, level, data, event, regs);
  const bytes = sampleBytes(data, event) & SIZE_MASK;
  if (!beginRecord(cpu, level, event, bytes)) return;
  putHeader(level, RECORD_SAMPLE, userMode(regs) ? MISC_USER : MISC_KERNEL, bytes);
  putSample(cpu, level, data, event);
  publishSample(level, event);
}

export function publishSample(level: PerfLevel, event: PerfEvent): void {
  if ((event.flags & FLAG_WATERMARK) == 0 && event.wakeup != 0) countSample(level, event.wakeup);
  publish(level);
}

function putSample(cpu: Cpu, level: PerfLevel, data: SampleData, event: PerfEvent): void {
  const type = data.type;
  putIds(level, data, type);
  if ((type & SAMPLE_PERIOD) != 0) put64(level, data.period);
  if ((type & SAMPLE_READ) != 0) putRead(level, event);
  if ((type & SAMPLE_CALLCHAIN) != 0) putChain(level, data);
  if ((type & SAMPLE_RAW) != 0) putRaw(level, data);
  if ((type & SAMPLE_REGS_USER) != 0) {
    putRegs(level, data.userAbi, userRegsOf(data), event.sampleRegsUser);
  }
  if ((type & SAMPLE_STACK_USER) != 0) {
    putStackDump(cpu, level, data.stackUserSize as u32, data.userRegs);
  }
  if ((type & SAMPLE_WEIGHT_TYPE) != 0) put64(level, data.weight);
  if ((type & SAMPLE_DATA_SRC) != 0) put64(level, data.dataSource);
  if ((type & SAMPLE_TRANSACTION) != 0) put64(level, data.transaction);
  if ((type & SAMPLE_REGS_INTR) != 0) {
    putRegs(level, data.intrAbi, intrRegsOf(data), event.sampleRegsIntr);
  }
  putMemory(level, data, type);
  if ((type & SAMPLE_AUX) != 0) put64(level, 0);
}

function putIds(level: PerfLevel, data: SampleData, type: u64): void {
  if ((type & SAMPLE_IDENTIFIER) != 0) put64(level, data.id);
  if ((type & SAMPLE_IP) != 0) put64(level, data.ip);
  if ((type & SAMPLE_TID) != 0) putPair(level, data.pid, data.tid);
  if ((type & SAMPLE_TIME) != 0) put64(level, data.time);
  if ((type & SAMPLE_ADDR) != 0) put64(level, data.addr);
  if ((type & SAMPLE_ID) != 0) put64(level, data.id);
  if ((type & SAMPLE_STREAM_ID) != 0) put64(level, data.streamId);
  if ((type & SAMPLE_CPU) != 0) put64(level, data.cpu);
}

function putMemory(level: PerfLevel, data: SampleData, type: u64): void {
  if ((type & SAMPLE_PHYS_ADDR) != 0) put64(level, data.physAddr);
  if ((type & SAMPLE_CGROUP) != 0) put64(level, data.cgroup);
  if ((type & SAMPLE_DATA_PAGE_SIZE) != 0) put64(level, data.dataPageSize);
  if ((type & SAMPLE_CODE_PAGE_SIZE) != 0) put64(level, data.codePageSize);
}

@inline
function putChain(level: PerfLevel, data: SampleData): void {
  const chain = data.callchain as usize;
  putBytes(level, chain, (1 + (load<u64>(chain) as u32)) << 3);
}

/** The size (zeros at the end included), the bytes, zeros. */
function putRaw(level: PerfLevel, data: SampleData): void {
  const bytes = data.rawBytes as u32;
  const block = rawBlockBytes(bytes);
  putBytes(level, sizeWord(level, block - 4), 4);
  putBytes(level, data.raw as usize, bytes);
  putBytes(level, changetype<usize>(level) + offsetof<PerfLevel>("noChain"), block - 4 - bytes);
}

/** A word of 4 bytes to copy from. */
@inline
function sizeWord(level: PerfLevel, value: u32): usize {
  level.frame = value;
  return changetype<usize>(level) + offsetof<PerfLevel>("frame");
}

/** perf_output_sample_regs: the ABI, and the registers of the mask in the order of its bits. */
function putRegs(level: PerfLevel, abi: u64, regs: PtRegs, mask: u64): void {
  put64(level, abi);
  if (abi == 0) return;
  for (let left = mask; left != 0; left &= left - 1) {
    put64(level, registerAt(regs, ctz<u64>(left) as u32));
  }
}
