import { Cpu, cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { DesignBed, sampleOf } from "../perf/designBed";
import { fetchUserRegs, openSample, releaseUserRegs } from "../perf/designRegs";
import { beginOn, endOn, sampleByDesign } from "../perf/designSample";
import { eventAt } from "../perf/event";
import { lockEvents, unlockEvents } from "../perf/lock";
import { Pebs, PebsRecord, samplePebs } from "../perf/pebs";
import { PtRegs } from "../perf/ptRegs";

/** Samples by the designs for the user registers' copy, in the context that the CPU is in. Records by linear address. */

@inline
function bedAt(bed: u32): DesignBed {
  return changetype<DesignBed>(bed as usize);
}

@inline
function regsAt(regs: u32): PtRegs {
  return changetype<PtRegs>(regs as usize);
}

function enterSample(cpu: Cpu, bed: u32): void {
  enterCore(cpu);
  lockEvents(cpu);
  beginOn(cpu, bedAt(bed));
}

function leaveSample(cpu: Cpu): void {
  endOn(cpu);
  unlockEvents();
  leaveCore(cpu);
}

export function perfDesignSample(index: u32, bed: u32, event: u32, regs: u32): void {
  const cpu = cpuAt(index);
  enterSample(cpu, bed);
  sampleByDesign(cpu, bedAt(bed), eventAt(event), regsAt(regs), regsAt(regs));
  leaveSample(cpu);
}

/** A sample is begun, nothing fetched. */
export function perfDesignOpen(index: u32, bed: u32): void {
  const cpu = cpuAt(index);
  openSample(cpu, bedAt(bed), sampleOf(cpu, bedAt(bed)));
}

export function perfDesignFetch(index: u32, bed: u32, regs: u32): void {
  const cpu = cpuAt(index);
  beginOn(cpu, bedAt(bed));
  fetchUserRegs(cpu, bedAt(bed), sampleOf(cpu, bedAt(bed)), regsAt(regs));
  endOn(cpu);
}

export function perfDesignRelease(index: u32, bed: u32): void {
  releaseUserRegs(cpuAt(index), bedAt(bed));
}

export function perfDesignPebs(
  index: u32,
  bed: u32,
  event: u32,
  pebs: u32,
  record: u32,
  regs: u32,
): void {
  const cpu = cpuAt(index);
  enterSample(cpu, bed);
  const by = changetype<Pebs>(pebs as usize);
  const from = changetype<PebsRecord>(record as usize);
  samplePebs(cpu, bedAt(bed), eventAt(event), by, from, regsAt(regs));
  leaveSample(cpu);
}

/** n samples, for measuring. */
export function measurePerfDesign(index: u32, bed: u32, event: u32, regs: u32, n: u32): void {
  for (let done: u32 = 0; done < n; done++) perfDesignSample(index, bed, event, regs);
}
