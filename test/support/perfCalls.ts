import {
  DesignBed,
  PebsSource,
  PerfEvents,
  PerfTask,
  comparePerf,
  perfDesign,
  runPerf,
  runPerfRecordWrap,
  runPerfSharedSample,
  runPerfStackZero,
  type Machine,
} from "../../src/index.ts";
import { allRegisters, openEvent, preparePerf, type PerfBed } from "../../src/scenarios/perfBed.ts";
import { recordedRegisters } from "../../src/systems/perf/pebs.ts";
import type { PerfEvent } from "../../src/systems/perf/perfEvent.ts";
import { USER, type Floor } from "./apiFloor.ts";
import type { GoodCall } from "./misuse.ts";

const RING = { bytes: 4096, writable: true } as const;

function opened(bed: PerfBed): PerfEvent {
  const regsUser = allRegisters(bed.machine);
  return openEvent(bed, { types: ["REGS_USER"], regsUser }, RING);
}

/** Another task of a bed's machine. */
function other({ machine }: PerfBed): PerfTask {
  return new PerfTask(machine.createTask({ cpu: null }), { pid: 7, tid: 8 });
}

const pebsContent = {
  registers: Object.fromEntries(recordedRegisters.map((name) => [name, 5n])) as never,
  flags: 2n,
  ip: 3n,
  realIp: 4n,
};

/** Good arguments of a bed's constructor: the structure is one without what only scenarios look at. */
function bedArguments(machine: Machine) {
  const { design, places } = perfDesign("array-padded");
  const { bytes, offsets, init } = places;
  const firstWord = init.slice(0, 1).map(({ offset }) => ({ offset }));
  return [machine, 0, design, { bytes, offsets, init: firstWord }, 8] as const;
}

/** Good arguments of every method of a task's events. */
export const perfMethods: Readonly<
  Record<
    string,
    (floor: Floor) => { on: object; calls: Readonly<Record<string, readonly unknown[]>> }
  >
> = {
  PerfTask: ({ task }) => ({
    on: new PerfTask(task, { pid: 1, tid: 1 }),
    calls: { enterKernel: [24], free: [] },
  }),
  PerfEvents: ({ machine }) => {
    const bed = preparePerf(machine);
    return {
      on: bed.events,
      calls: {
        inherit: [bed.task, other(bed), true],
        leave: [bed.task],
        open: [
          bed.task,
          {
            attributes: BigInt(USER),
            target: bed.task,
            cpu: -1,
            group: opened(bed),
            flags: 0,
          },
        ],
        swap: [bed.task, other(bed)],
      },
    };
  },
  PerfEvent: ({ machine }) => {
    const bed = preparePerf(machine);
    return {
      on: opened(bed),
      calls: {
        close: [],
        control: ["REFRESH", 3n],
        mapRing: [{ bytes: 8192, writable: true, isPrivate: false, offset: 0 }],
        poll: [],
        read: [64],
        shareRingOf: [opened(bed)],
      },
    };
  },
  DesignBed: ({ machine }) => {
    const perf = preparePerf(machine);
    const event = opened(perf);
    const { frame, kernelFrame } = perf.task;
    const { design, places } = perfDesign("array-ordered");
    const options = { way: "slim", format: 2, fixedIp: null } as const;
    return {
      on: new DesignBed(machine, perf.task.task.cpu, design, places),
      calls: {
        chosen: ["nmi"],
        copyInSample: ["nmi"],
        enterFromUser: [],
        fetch: ["irq", kernelFrame],
        fetched: ["softirq"],
        free: [],
        open: ["irq"],
        plan: [[{ at: 2, context: "nmi", event, regs: kernelFrame }]],
        release: ["irq"],
        sample: ["task", event, frame],
        sampleLoop: ["irq", event, kernelFrame],
        samplePebs: ["nmi", event, new PebsSource(machine, pebsContent, options), frame],
        sampleRegion: ["irq"],
        watch: [],
      },
    };
  },
  PebsSource: ({ machine }) => ({
    on: new PebsSource(machine, pebsContent, { way: "full", format: 2, fixedIp: null }),
    calls: { free: [] },
  }),
  RegisterFrame: ({ task }) => {
    const { frame, kernelFrame } = new PerfTask(task, { pid: 1, tid: 1 });
    return {
      on: frame,
      calls: {
        copyFrom: [kernelFrame],
        get: ["ax"],
        set: ["r15", 7n],
        setAll: [{ ip: 1n, sp: 2n }],
      },
    };
  },
};

/** Good calls of what the library has for performance events. */
export const perfFunctions: Readonly<Record<string, (floor: Floor) => GoodCall>> = {
  "new DesignBed": ({ machine }) => ({
    call: (...args: unknown[]) => Reflect.construct(DesignBed, args) as unknown,
    args: bedArguments(machine),
  }),
  "new PebsSource": ({ machine }) => ({
    call: (...args: unknown[]) => Reflect.construct(PebsSource, args) as unknown,
    args: [machine, pebsContent, { way: "guarded", format: 1, fixedIp: 9n }],
  }),
  "new PerfEvents": ({ machine }) => ({
    call: (...args: unknown[]) => Reflect.construct(PerfEvents, args) as unknown,
    args: [machine, 2],
  }),
  "new PerfTask": ({ task }) => ({
    call: (...args: unknown[]) => Reflect.construct(PerfTask, args) as unknown,
    args: [task, { pid: 1, tid: 2, compat: false }],
  }),
  comparePerf: () => ({
    call: comparePerf,
    args: [{ designs: ["merged"], hits: ["nmi"], requests: ["plain"], wasm: undefined }],
  }),
  perfDesign: () => ({ call: perfDesign, args: ["pile"] }),
  runPerf: () => ({
    call: runPerf,
    args: [
      {
        design: "single",
        hit: "irq",
        request: "user",
        interrupt: "nmi",
        at: 3,
        wasm: undefined,
      },
    ],
  }),
  runPerfRecordWrap: () => ({ call: runPerfRecordWrap, args: [{ wasm: undefined }] }),
  runPerfSharedSample: () => ({ call: runPerfSharedSample, args: [{ wasm: undefined }] }),
  runPerfStackZero: () => ({ call: runPerfStackZero, args: [{ wasm: undefined }] }),
};
