import { cpuAt } from "../machine/cpu";
import { ignoreFaults, observeFaults } from "../machine/observer";
import { header } from "../machine/map";
import { slabAlloc, slabFree } from "../machine/slab";
import { enterCore, leaveCore } from "../mm/shootdown";
import { Task } from "../mm/task";
import {
  PERF_TASK_BYTES,
  createEvent,
  disableEvent,
  enableEvent,
  eventAt,
  freeEvent,
  joinGroup,
  leaveGroup,
  levelOf,
  perfTaskAt,
} from "../perf/event";
import { kernelFault, programFault } from "../perf/faults";
import { plainBytes } from "../perf/hitSample";
import { lockEventsOutside, unlockEvents } from "../perf/lock";
import { putRecord } from "../perf/output";
import { PtRegs } from "../perf/ptRegs";
import { Ring, createRing, freeRing } from "../perf/ring";
import {
  breakpointEvent,
  clockEvent,
  rawOutput,
  softwareEvent,
  tracepointEvent,
} from "../perf/sources";
import { wide } from "./tasks";

/**
 * Performance events: what the host opens, and the occurrences it makes. Records are named by their linear addresses;
 * a task's registers stand in its PerfTask (PERF_FRAME, PERF_KERNEL_FRAME). Addresses come as (low, high) halves.
 */

/** Nobody else opens, closes or samples until `perfUnlock`: for who looks at the lists, or changes an event's ring. */
export function perfLock(): void {
  lockEventsOutside();
}

export function perfUnlock(): void {
  unlockEvents();
}

/** How samples see a task; 0 = RAM is full. */
export function newPerfTask(task: u32, pid: u32, tid: u32, compat: u32): u32 {
  const address = slabAlloc(PERF_TASK_BYTES) as u32;
  if (address == 0) return 0;
  const perf = perfTaskAt(address);
  perf.task = task;
  perf.pid = pid;
  perf.tid = tid;
  perf.compat = compat;
  changetype<Task>(task as usize).perf = address;
  return address;
}

export function freePerfTask(address: u32): void {
  changetype<Task>(perfTaskAt(address).task as usize).perf = 0;
  slabFree(address);
}

/** A disabled event with attributes that are known to be good; 0 = RAM is full. */
export function newPerfEvent(attr: u32, task: u32, cpu: i32): u32 {
  lockEventsOutside();
  const event = createEvent(attr, task, cpu);
  if (event != 0) {
    eventAt(event).plainBytes = plainBytes(eventAt(event));
    observeFaults(kernelFault);
  }
  unlockEvents();
  return event;
}

/** Its ring is the host's to free. */
export function freePerfEvent(address: u32): void {
  const event = eventAt(address);
  lockEventsOutside();
  disableEvent(event);
  leaveGroup(event);
  freeEvent(address);
  if (header().perfEvents == 0) ignoreFaults();
  unlockEvents();
}

export function perfJoinGroup(event: u32, leader: u32): void {
  lockEventsOutside();
  joinGroup(eventAt(event), leader);
  unlockEvents();
}

export function perfEnable(event: u32): void {
  lockEventsOutside();
  enableEvent(eventAt(event));
  unlockEvents();
}

export function perfDisable(event: u32): void {
  lockEventsOutside();
  disableEvent(eventAt(event));
  unlockEvents();
}

/** A ring of `bytes` of data; `watermark` 0: half of it. 0 = RAM is full. */
export function newPerfRing(bytes: u32, watermark: u32, overwrite: u32): u32 {
  return createRing(bytes, watermark, overwrite);
}

export function freePerfRing(ring: u32): void {
  lockEventsOutside();
  freeRing(changetype<Ring>(ring as usize));
  unlockEvents();
}

export function perfSoftware(index: u32, number: u32, lo: u32, hi: u32, regs: u32): void {
  const cpu = cpuAt(index);
  enterCore(cpu);
  softwareEvent(cpu, number, wide(lo, hi), changetype<PtRegs>(regs as usize));
  leaveCore(cpu);
}

/** A clock's timer ran off. */
export function perfClock(index: u32, number: u32, regs: u32): void {
  const cpu = cpuAt(index);
  enterCore(cpu);
  clockEvent(cpu, number, changetype<PtRegs>(regs as usize));
  leaveCore(cpu);
}

export function perfTracepoint(index: u32, id: u32, raw: u32, bytes: u32, regs: u32): void {
  const cpu = cpuAt(index);
  enterCore(cpu);
  tracepointEvent(cpu, id, raw, bytes, changetype<PtRegs>(regs as usize));
  leaveCore(cpu);
}

/** An access of some kinds (BP_*). */
export function perfBreakpoint(
  index: u32,
  kind: u32,
  lo: u32,
  hi: u32,
  bytes: u32,
  regs: u32,
): void {
  const cpu = cpuAt(index);
  enterCore(cpu);
  breakpointEvent(cpu, kind, wide(lo, hi), bytes, changetype<PtRegs>(regs as usize));
  leaveCore(cpu);
}

export function perfRawOutput(index: u32, event: u32, raw: u32, bytes: u32, regs: u32): void {
  const cpu = cpuAt(index);
  enterCore(cpu);
  rawOutput(cpu, eventAt(event), raw, bytes, changetype<PtRegs>(regs as usize));
  leaveCore(cpu);
}

/** A record that is no sample. */
export function perfRecord(
  index: u32,
  event: u32,
  type: u32,
  misc: u32,
  body: u32,
  bytes: u32,
): void {
  const cpu = cpuAt(index);
  lockEventsOutside();
  putRecord(cpu, levelOf(cpu), eventAt(event), type, misc, body, bytes);
  unlockEvents();
}

/** A byte that an instruction of the running program touches: 0, or the VM_FAULT bits that end in a signal. */
export function perfProgramFault(index: u32, lo: u32, hi: u32, access: u32, fetch: u32): u32 {
  const cpu = cpuAt(index);
  enterCore(cpu);
  const result = programFault(cpu, wide(lo, hi), access, fetch);
  leaveCore(cpu);
  return result;
}
