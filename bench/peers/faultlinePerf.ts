import { Machine } from "../../src/index.ts";
import { allRegisters, openEvent, preparePerf } from "../../src/scenarios/perfBed.ts";
import { softwareEvents, type SampleType } from "../../src/systems/perf/names.ts";
import type { PerfRing } from "../../src/systems/perf/perfRing.ts";
import type { PerfTask } from "../../src/systems/perf/perfTask.ts";
import { RAM_BYTES, SAMPLE_RING_BYTES } from "../cells.ts";

/** What every sample of S1 holds besides the stack: what `perf record -a --user-regs` asks for. */
const TYPES: readonly SampleType[] = ["IP", "TID", "TIME", "CPU", "PERIOD", "REGS_USER"];
/** A dump that begins inside a page ends on the next one. */
const INSIDE_PAGE = 0x538n;

/** An event whose samples go into a ring that a reader empties. */
export interface SampleBed {
  /** n occurrences, each with one sample; where the next record would begin. */
  readonly sample: (n: number) => number;
  readonly ring: PerfRing;
  /** The registers that are sampled (struct pt_regs), live. */
  readonly frame: Uint8Array;
  /** The user's stack from its stack pointer on, as the program filled it. */
  readonly stack: Uint8Array;
  readonly task: PerfTask;
}

/** S1: a software event of a program that is hit in user mode; `stack`: bytes of its stack to sample. */
export async function createSampleBed(stack: number): Promise<SampleBed> {
  const machine = await Machine.create({ memory: RAM_BYTES });
  const bed = preparePerf(machine);
  const { cpu } = bed.task.task;
  const event = openEvent(
    bed,
    {
      types: stack === 0 ? TYPES : [...TYPES, "STACK_USER"],
      regsUser: allRegisters(machine),
      stackUser: stack,
    },
    { bytes: SAMPLE_RING_BYTES, writable: true },
  );
  event.control("ENABLE", 0n);
  const ring = event.ring!;
  const { frame } = bed.task;
  frame.set("sp", frame.get("sp") + INSIDE_PAGE);
  const number = softwareEvents.indexOf("dummy");
  return {
    sample: (n) =>
      machine.exports.measurePerfSoftware(cpu, number, frame.address, ring.address, n) >>> 0,
    ring,
    frame: machine.bytes.subarray(frame.address, frame.address + machine.constant("PT_REGS_BYTES")),
    task: bed.task,
    stack: bed.stack.read(Number(frame.get("sp") - bed.stack.address), stack),
  };
}
