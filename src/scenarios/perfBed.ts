import { FaultlineError } from "../base/errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { Mapping } from "../machine/mapping.ts";
import { Attributes } from "../systems/perf/attributes.ts";
import {
  bitsOf,
  eventFlags,
  sampleTypes,
  softwareEvents,
  type EventFlag,
  type SampleType,
} from "../systems/perf/names.ts";
import type { PerfEvent } from "../systems/perf/perfEvent.ts";
import { PerfEvents } from "../systems/perf/perfEvents.ts";
import { PerfTask } from "../systems/perf/perfTask.ts";
import { frameWordNames, type RegisterFrame } from "../systems/perf/registers.ts";

/** A task that is sampled, and its stack. */
export interface PerfBed {
  readonly machine: Machine;
  readonly task: PerfTask;
  readonly events: PerfEvents;
  readonly stack: Mapping;
}

const PAGE = 4096;
const ATTRIBUTES = 0x1000_0000;
const STACK = 0x2000_0000;
const STACK_PAGES = 18;
/** Where the stack pointer stands in it unless a caller moves it. */
export const STACK_POINTER = BigInt(STACK + PAGE);
const PID = 1000;
/** Pattern of the stack's bytes: each differs from its neighbours, and none is 0. */
const PATTERN_STEP = 7;
const stackBytes = new Uint8Array(STACK_PAGES * PAGE).map(
  (_, at) => ((at * PATTERN_STEP) % 255) + 1,
);

export function preparePerf(machine: Machine): PerfBed {
  const task = machine.createTask();
  task.map({ at: ATTRIBUTES, length: PAGE, populate: true });
  task.touch(ATTRIBUTES, "write");
  const stack = task.map({ at: STACK, length: STACK_PAGES * PAGE, populate: true });
  stack.write(0, stackBytes);
  const perf = new PerfTask(task, { pid: PID, tid: PID });
  setGeneration(perf.frame, 0);
  return { machine, task: perf, events: new PerfEvents(machine), stack };
}

/** What an event is to ask for. */
export interface SampledEvent {
  readonly types: readonly SampleType[];
  readonly flags?: readonly EventFlag[];
  readonly regsUser?: bigint;
  readonly regsIntr?: bigint;
  readonly stackUser?: number;
  /** Default: dummy, which nothing but its samples' makers fires. */
  readonly software?: (typeof softwareEvents)[number];
  readonly callchainFrames?: number;
  /** Samples, or with the flag watermark bytes, after which the reader is woken; default 0. */
  readonly wakeup?: number;
}

/** A ring of so many bytes; one that is read-only for its reader is written over. */
export interface RingWanted {
  readonly bytes: number;
  readonly writable: boolean;
}

/** Opens an event of the bed's task on a software number, disabled. @throws Error where the kernel refuses it */
export function openEvent(bed: PerfBed, asked: SampledEvent, ring: RingWanted): PerfEvent {
  const event = bed.events.open(bed.task, {
    attributes: BigInt(writeAttributes(bed, asked)),
    target: bed.task,
    cpu: -1,
  });
  if (typeof event === "number") throw new Error(`perf_event_open answers ${event}`);
  if (ring.bytes === 0) return event;
  const mapped = event.mapRing({ bytes: PAGE + ring.bytes, writable: ring.writable });
  if (mapped !== 0) throw new FaultlineError("no-memory", `a ring of ${ring.bytes}: ${mapped}`);
  return event;
}

function writeAttributes({ machine, task }: PerfBed, asked: SampledEvent): number {
  const bytes = machine.constant("ATTR_BYTES");
  const linear = task.task.linearOf(ATTRIBUTES)!;
  const attributes = new Attributes(machine, machine.bytes.subarray(linear, linear + bytes));
  attributes.bytes.fill(0);
  attributes.set("type", BigInt(machine.constant("TYPE_SOFTWARE")));
  attributes.set("size", BigInt(bytes));
  attributes.set("config", BigInt(softwareEvents.indexOf(asked.software ?? "dummy")));
  attributes.set("sample_period", 1n);
  attributes.set("sample_type", bitsOf(sampleTypes, asked.types));
  attributes.set("flags", bitsOf(eventFlags, ["disabled", ...(asked.flags ?? [])]));
  attributes.set("sample_regs_user", asked.regsUser ?? 0n);
  attributes.set("sample_regs_intr", asked.regsIntr ?? 0n);
  attributes.set("sample_stack_user", BigInt(asked.stackUser ?? 0));
  attributes.set("wakeup", BigInt(asked.wakeup ?? 0));
  attributes.set("sample_max_stack", BigInt(asked.callchainFrames ?? 0));
  return ATTRIBUTES;
}

/** Every register that a mask can name. */
export function allRegisters(machine: Machine): bigint {
  return BigInt(machine.constant("REGS_KNOWN"));
}

/** User registers of which each tells which one it is, and of which entry; segments and stack pointer are real ones. */
export function setGeneration(frame: RegisterFrame, generation: number): void {
  frameWordNames.forEach((name, at) => {
    frame.set(name, (BigInt(generation + 1) << 32n) | BigInt(at + 1));
  });
  frame.setAll({
    sp: STACK_POINTER + BigInt(generation * 8),
    cs: frame.userSegments.cs,
    ss: frame.userSegments.ss,
  });
}
