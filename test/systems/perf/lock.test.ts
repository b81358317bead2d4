import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Machine, type KernelBuffer } from "../../../src/index.ts";
import {
  allRegisters,
  openEvent,
  preparePerf,
  type PerfBed,
  type RingWanted,
} from "../../../src/scenarios/perfBed.ts";
import { perfDesign } from "../../../src/scenarios/perfDesigns.ts";
import { DesignBed } from "../../../src/systems/perf/designBed.ts";
import { openEvents } from "../../../src/systems/perf/eventRecords.ts";
import { softwareEvents } from "../../../src/systems/perf/names.ts";
import { PebsSource, recordedRegisters } from "../../../src/systems/perf/pebs.ts";
import type { PerfEvent } from "../../../src/systems/perf/perfEvent.ts";
import { Crew } from "../../support/threadCrew.ts";

/** The lock of events, lists and rings: another thread holds it, and whatever goes by it has to wait. */

const CPU = 0;
const HOLDER = 1;
const PAGE = 4096;
const FRESH = 0x3000_0000;
const RING = { bytes: PAGE, writable: true } as const;
const WITHOUT_RING = { bytes: 0, writable: false } as const;
const DUMMY = softwareEvents.indexOf("dummy");
const CLOCK = softwareEvents.indexOf("cpu_clock");
const READ_ACCESS = 0;

let machine: Machine;
let bed: PerfBed;
/** Enabled throughout: occurrences that no event is enabled for are dropped without a look. */
let event: PerfEvent;
let over: KernelBuffer;
let crew: Crew;

beforeAll(async () => {
  machine = await Machine.create({ build: "threads", memory: "4M", cpus: 2, kernel: "6.18" });
  bed = preparePerf(machine);
  event = opened(RING);
  event.control("ENABLE", 0n);
  over = machine.allocKernel(4);
  const job = { kind: "holdsPerfLock", against: CPU, over: over.linear } as const;
  crew = await Crew.start(machine, [{ task: machine.createTask({ cpu: HOLDER }), job }]);
});

afterAll(() => crew.stop());

function opened(ring: RingWanted = WITHOUT_RING): PerfEvent {
  const types = ["REGS_USER"] as const;
  return openEvent(bed, { types, regsUser: allRegisters(machine) }, ring);
}

const frame = (): number => bed.task.frame.address;
const address = (): number => event.record.address;

/** Does `work` while the other thread holds the lock, which lets go as soon as this one waits for it. */
function waitsIn(work: () => unknown): boolean {
  const word = over.linear >>> 2;
  Atomics.store(machine.words, word, 0);
  crew.begin();
  crew.awaitCalls(1);
  work();
  Atomics.store(machine.words, word, 1);
  crew.awaitEnd();
  return crew.state(0).result === 1;
}

/** What is to wait, each made ready first. */
const exported: Readonly<Record<string, () => () => unknown>> = {
  perfLock: () => () => {
    machine.exports.perfLock();
    machine.exports.perfUnlock();
  },
  newPerfEvent: () => {
    const attributes = machine.allocKernel(event.attributes.attributes.bytes.length);
    attributes.bytes.set(event.attributes.attributes.bytes);
    return () => machine.exports.newPerfEvent(attributes.linear, bed.task.record, -1);
  },
  freePerfEvent: () => {
    const record = opened().record.address;
    return () => machine.exports.freePerfEvent(record);
  },
  perfJoinGroup: () => {
    const [leader, member] = [opened().record.address, opened().record.address];
    return () => machine.exports.perfJoinGroup(member, leader);
  },
  perfEnable: () => () => machine.exports.perfEnable(address()),
  perfDisable: () => {
    const record = opened().record.address;
    return () => machine.exports.perfDisable(record);
  },
  freePerfRing: () => {
    const ring = machine.exports.newPerfRing(PAGE, 0, 0) >>> 0;
    return () => machine.exports.freePerfRing(ring);
  },
  perfSoftware: () => () => machine.exports.perfSoftware(CPU, DUMMY, 0, 0, frame()),
  measurePerfSoftware: () => () =>
    machine.exports.measurePerfSoftware(CPU, DUMMY, frame(), event.ring!.address, 1),
  perfClock: () => () => machine.exports.perfClock(CPU, CLOCK, frame()),
  perfTracepoint: () => {
    const raw = machine.allocKernel(8);
    return () => machine.exports.perfTracepoint(CPU, 1000, raw.linear, raw.length, frame());
  },
  perfBreakpoint: () => () =>
    machine.exports.perfBreakpoint(CPU, machine.constant("BP_READ"), FRESH, 0, 1, frame()),
  perfRawOutput: () => {
    const raw = machine.allocKernel(4);
    return () => machine.exports.perfRawOutput(CPU, address(), raw.linear, raw.length, frame());
  },
  perfRecord: () => {
    const body = machine.allocKernel(8);
    const type = machine.constant("RECORD_COMM");
    return () => machine.exports.perfRecord(CPU, address(), type, 0, body.linear, body.length);
  },
  perfProgramFault: () => () => machine.exports.perfProgramFault(CPU, FRESH, 0, READ_ACCESS, 0),
  perfDesignSample: () => designSample("sample"),
  measurePerfDesign: () => designSample("loop"),
  perfDesignPebs: () => designSample("pebs"),
};

function designSample(way: "sample" | "loop" | "pebs"): () => void {
  const { design, places } = perfDesign("array-padded");
  const designBed = new DesignBed(machine, CPU, design, places);
  const { frame } = bed.task;
  if (way === "sample") return () => designBed.sample("irq", event, frame);
  if (way === "loop") return () => designBed.sampleLoop("irq", event, frame)(1);
  const registers = Object.fromEntries(recordedRegisters.map((name) => [name, 5n])) as never;
  const content = { registers, flags: 2n, ip: 3n, realIp: 4n };
  const source = new PebsSource(machine, content, { way: "full", format: 2, fixedIp: null });
  return () => designBed.samplePebs("nmi", event, source, frame);
}

/** What touches neither lists nor rings: it makes or drops what no event knows, or goes on with a sample by halves. */
const aside = [
  "perfUnlock",
  "newPerfTask",
  "freePerfTask",
  "newPerfRing",
  "perfDesignOpen",
  "perfDesignFetch",
  "perfDesignRelease",
];

describe("waits for the lock", () => {
  it.each(Object.keys(exported))("%s", (name) => {
    expect(waitsIn(exported[name]!())).toBe(true);
  });

  it("a walk along all events", () => {
    expect(waitsIn(() => openEvents(machine))).toBe(true);
  });

  it("an event that gets a ring", () => {
    const other = opened();
    expect(waitsIn(() => other.mapRing({ bytes: 2 * PAGE }))).toBe(true);
  });

  it("a copy of the kernel's that faults", () => {
    const { task } = bed.task;
    task.map({ at: FRESH, length: PAGE });
    expect(waitsIn(() => task.uaccess.putUser(FRESH, 4, 1))).toBe(true);
  });
});

it("what has nothing to do with events does not wait", () => {
  expect(waitsIn(() => machine.createTask({ cpu: null }))).toBe(false);
});

it("each entry of the core for events is one of those that wait, or stands aside", () => {
  const names = WebAssembly.Module.exports(machine.core.module).map(({ name }) => name);
  const ofEvents = names.filter((name) => /perf/i.test(name));
  expect([...Object.keys(exported), ...aside].sort()).toEqual(ofEvents.sort());
});
