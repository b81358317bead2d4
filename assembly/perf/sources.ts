import { CONTEXT_IRQ, CONTEXT_NMI, Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import {
  BP_EXECUTE,
  CORRECT_SHARED_SAMPLE,
  FLAG_EXCLUDE_KERNEL,
  FLAG_EXCLUDE_USER,
  FLAG_FREQ,
  SAMPLE_PERIOD,
  TYPE_BREAKPOINT,
  TYPE_SOFTWARE,
  TYPE_TRACEPOINT,
} from "./attr";
import {
  PerfEvent,
  PerfLevel,
  dataOf,
  disableEvent,
  eventAt,
  isActive,
  levelOf,
  startPeriod,
} from "./event";
import { lockEvents, unlockEvents } from "./lock";
import { outputSample } from "./output";
import { hitSample } from "./hitSample";
import { initSample, saveRaw } from "./prepare";
import { PtRegs, userMode } from "./ptRegs";
import { SampleData } from "./sampleData";

/** Where samples come from: occurrences that events count (kernel/events/core.c, hw_breakpoint.c, 6.18). */

/** perf_exclude_event. */
function isExcluded(event: PerfEvent, regs: PtRegs): bool {
  const mode = userMode(regs) ? FLAG_EXCLUDE_USER : FLAG_EXCLUDE_KERNEL;
  return (event.flags & mode) != 0;
}

/**
 * perf_swevent_event: counts one occurrence, and samples it where the period is over. An event that writes its period
 * samples every one, unless it goes by a frequency.
 */
function occur(cpu: Cpu, level: PerfLevel, data: SampleData, event: PerfEvent, regs: PtRegs): void {
  event.count += 1;
  if (event.samplePeriod == 0) return;
  const byTime = (event.flags & FLAG_FREQ) != 0;
  if ((event.sampleType & SAMPLE_PERIOD) != 0 && !byTime) {
    data.period = 1;
    return overflow(cpu, level, data, event, regs, 1);
  }
  data.period = event.lastPeriod;
  if (event.period == 1 && !byTime) return overflow(cpu, level, data, event, regs, 1);
  event.periodLeft += 1;
  if (event.periodLeft >= 0) overflow(cpu, level, data, event, regs, startPeriod(event));
}

/** perf_swevent_overflow: the last of the samples that REFRESH allowed disables the event, and is still written. */
function overflow(
  cpu: Cpu,
  level: PerfLevel,
  data: SampleData,
  event: PerfEvent,
  regs: PtRegs,
  due: u64,
): void {
  for (; due > 0; due--) {
    const last = event.limit == 1;
    if (event.limit != 0) event.limit -= 1;
    if (last) disableEvent(event);
    outputSample(cpu, level, data, event, regs);
    if (last) return;
  }
}

/** The event is of this kind, and the task that it belongs to runs. */
function watches(event: PerfEvent, cpu: Cpu, type: u32, config: u64): bool {
  return event.type == type && event.config == config && isActive(event, cpu);
}

/** perf_swevent_match: this occurrence is one for the event. */
function counts(event: PerfEvent, cpu: Cpu, type: u32, config: u64, regs: PtRegs): bool {
  return watches(event, cpu, type, config) && !isExcluded(event, regs);
}

/** perf_tp_event_match: a tracepoint can be kept to user mode, but not from it. */
function countsTraced(event: PerfEvent, cpu: Cpu, id: u64, regs: PtRegs): bool {
  if ((event.flags & FLAG_EXCLUDE_KERNEL) != 0 && !userMode(regs)) return false;
  return watches(event, cpu, TYPE_TRACEPOINT, id);
}

/** ___perf_sw_event: an occurrence of a software number. */
@inline
export function softwareEvent(cpu: Cpu, number: u32, addr: u64, regs: PtRegs): void {
  if (header().perfEnabled == 0) return;
  lockEvents(cpu);
  const first = header().perfEnabled; // with real threads it may have gone meanwhile
  if (first != 0 && (STUDY || !hitSample(cpu, eventAt(first), number, addr, regs))) {
    offerSoftware(cpu, number, addr, regs);
  }
  unlockEvents();
}

/**
 * All software events of one number share one sample structure, so those behind the first find fields, ids and sizes
 * that are not theirs. An occurrence inside another one of the same level is not counted.
 */
function offerSoftware(cpu: Cpu, number: u32, addr: u64, regs: PtRegs): void {
  const level = levelOf(cpu);
  if (level.busy != 0) return;
  level.busy = 1;
  const data = changetype<SampleData>(dataOf(level));
  initSample(data, addr, 0);
  let at = header().perfEnabled;
  while (at != 0) {
    const event = eventAt(at);
    at = event.next;
    if (!counts(event, cpu, TYPE_SOFTWARE, number, regs)) continue;
    if ((header().perfCorrections & CORRECT_SHARED_SAMPLE) != 0) initSample(data, addr, 0);
    occur(cpu, level, data, event, regs);
  }
  level.busy = 0;
}

/** perf_tp_event: each event of a tracepoint has a sample of its own. */
export function tracepointEvent(cpu: Cpu, id: u64, raw: usize, bytes: u32, regs: PtRegs): void {
  lockEvents(cpu);
  let at = header().perfEnabled;
  while (at != 0) {
    const event = eventAt(at);
    at = event.next;
    if (!countsTraced(event, cpu, id, regs)) continue;
    const level = levelOf(cpu);
    const data = changetype<SampleData>(dataOf(level));
    initSample(data, 0, 0);
    saveRaw(data, event, raw, bytes);
    occur(cpu, level, data, event, regs);
  }
  unlockEvents();
}

/**
 * An access of some kinds (BP_*) to [va, va + bytes): breakpoints that share a byte with it are hit. One that the kernel
 * itself hits comes like an NMI (exc_debug_kernel).
 */
export function breakpointEvent(cpu: Cpu, kind: u32, va: u64, bytes: u64, regs: PtRegs): void {
  lockEvents(cpu);
  let at = header().perfEnabled;
  while (at != 0) {
    const event = eventAt(at);
    at = event.next;
    if (event.type != TYPE_BREAKPOINT || !isHit(event, kind, va, bytes)) continue;
    if (isActive(event, cpu) && !isExcluded(event, regs)) hit(cpu, event, regs);
  }
  unlockEvents();
}

function isHit(event: PerfEvent, kind: u32, va: u64, bytes: u64): bool {
  if ((event.bpType & kind) == 0) return false;
  const length = kind == BP_EXECUTE ? 1 : event.bpLength;
  return va < event.bpAddr + length && event.bpAddr < va + bytes;
}

function hit(cpu: Cpu, event: PerfEvent, regs: PtRegs): void {
  const context = cpu.context;
  if (!userMode(regs)) cpu.context = CONTEXT_NMI;
  const level = levelOf(cpu);
  const data = changetype<SampleData>(dataOf(level));
  initSample(data, event.bpAddr, 0);
  occur(cpu, level, data, event, regs);
  cpu.context = context;
}

/** bpf_perf_event_output: a sample of one event with given bytes, which counts nothing. */
export function rawOutput(cpu: Cpu, event: PerfEvent, raw: usize, bytes: u32, regs: PtRegs): void {
  lockEvents(cpu);
  const level = levelOf(cpu);
  const data = changetype<SampleData>(dataOf(level));
  initSample(data, 0, 0);
  saveRaw(data, event, raw, bytes);
  outputSample(cpu, level, data, event, regs);
  unlockEvents();
}

/** perf_swevent_hrtimer: the timer of a clock event (SW_CPU_CLOCK, SW_TASK_CLOCK) has run off, in an interrupt. */
export function clockEvent(cpu: Cpu, number: u32, regs: PtRegs): void {
  lockEvents(cpu);
  const context = cpu.context;
  cpu.context = CONTEXT_IRQ;
  const level = levelOf(cpu);
  const data = changetype<SampleData>(dataOf(level));
  let at = header().perfEnabled;
  while (at != 0) {
    const event = eventAt(at);
    at = event.next;
    if (!counts(event, cpu, TYPE_SOFTWARE, number, regs)) continue;
    initSample(data, 0, event.lastPeriod);
    overflow(cpu, level, data, event, regs, 1);
  }
  cpu.context = context;
  unlockEvents();
}
