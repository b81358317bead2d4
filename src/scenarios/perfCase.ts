import type { Machine } from "../machine/machine.ts";
import { DesignBed } from "../systems/perf/designBed.ts";
import type { SampleContext } from "../systems/perf/interruption.ts";
import type { SampleType } from "../systems/perf/names.ts";
import type { PerfEvent } from "../systems/perf/perfEvent.ts";
import type { RegisterFrame } from "../systems/perf/registers.ts";
import { allRegisters, openEvent, preparePerf, type PerfBed } from "./perfBed.ts";
import { perfDesign, type PerfDesignName } from "./perfDesigns.ts";
import { accessesSince, touched, type PerfTouched } from "./perfTouched.ts";

/** One sample by one design: in which context, of which mode, asking for what. */

/** What every sample here asks for. */
const plainTypes: readonly SampleType[] = ["IP", "TID", "TIME", "ID", "CPU"];

/** What is asked for beyond that, by name. */
export const perfRequests = [
  { name: "plain", meaning: "ip, tid, time, id and cpu alone", types: [] },
  { name: "user", meaning: "and the user registers", types: ["REGS_USER"] },
  { name: "user+intr", meaning: "and those of the interrupt", types: ["REGS_USER", "REGS_INTR"] },
  {
    name: "user+stack",
    meaning: "the user registers and 256 bytes of the user's stack",
    types: ["REGS_USER", "STACK_USER"],
  },
  {
    name: "all",
    meaning: "all of these, and the call chain",
    types: ["CALLCHAIN", "REGS_USER", "STACK_USER", "REGS_INTR"],
  },
] as const satisfies readonly {
  readonly name: string;
  readonly meaning: string;
  readonly types: readonly SampleType[];
}[];

export type PerfRequest = (typeof perfRequests)[number]["name"];
export const perfRequestNames: readonly PerfRequest[] = perfRequests.map(({ name }) => name);

/** Where a sample is taken. */
export const perfHits = [
  { name: "user", context: "irq", meaning: "an interrupt that hits the program itself" },
  { name: "task", context: "task", meaning: "in the kernel, for the task" },
  { name: "softirq", context: "softirq", meaning: "in the kernel, in a softirq" },
  { name: "irq", context: "irq", meaning: "in the kernel, in a hard interrupt" },
  { name: "nmi", context: "nmi", meaning: "in the kernel, in an NMI" },
] as const satisfies readonly {
  readonly name: string;
  readonly context: SampleContext;
  readonly meaning: string;
}[];

export type PerfHit = (typeof perfHits)[number]["name"];
export const perfHitNames: readonly PerfHit[] = perfHits.map(({ name }) => name);

const RING_BYTES = 65_536;
const STACK_BYTES = 256;

/** A design with an event that samples go to, and the task that they are of. */
export interface PerfCase {
  readonly perf: PerfBed;
  readonly bed: DesignBed;
  readonly event: PerfEvent;
}

/** @param copiesAt where in a line the CPU's copies begin */
export function preparePerfCase(
  machine: Machine,
  name: PerfDesignName,
  request: PerfRequest,
  copiesAt = 0,
): PerfCase {
  const perf = preparePerf(machine);
  const { design, places } = perfDesign(name);
  const bed = new DesignBed(machine, perf.task.task.cpu, design, places, copiesAt);
  const { types } = perfRequests.find((row) => row.name === request)!;
  const event = openEvent(
    perf,
    {
      types: [...plainTypes, ...types],
      regsUser: allRegisters(machine),
      regsIntr: allRegisters(machine),
      stackUser: STACK_BYTES,
    },
    { bytes: RING_BYTES, writable: false },
  );
  bed.enterFromUser();
  return { perf, bed, event };
}

/** The context of a hit, and the registers that it interrupts. */
export function hitOf(
  { perf }: PerfCase,
  hit: PerfHit,
): { context: SampleContext; regs: RegisterFrame } {
  const { context } = perfHits.find(({ name }) => name === hit)!;
  return { context, regs: hit === "user" ? perf.task.frame : perf.task.kernelFrame };
}

/** Takes the sample on the study build: what it touched. */
export function touchedBySample(one: PerfCase, hit: PerfHit): PerfTouched {
  const { perf, bed, event } = one;
  const { machine, task } = perf;
  const { context, regs } = hitOf(one, hit);
  const since = machine.eventCount;
  bed.sample(context, event, regs);
  const { address } = task.frame;
  const frame = { from: address, to: address + machine.constant("PT_REGS_BYTES") };
  return touched(bed, context, frame, accessesSince(machine, since));
}
