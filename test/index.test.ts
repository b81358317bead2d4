import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as library from "../src/index.ts";
import {
  Machine,
  PcmStream,
  checkDiscipline,
  compareStruct,
  comparePlayback,
  compareSyncPtr,
  composeCall,
  composeSide,
  costProfile,
  costProfiles,
  deviceProfiles,
  ioctlShares,
  layoutOf,
  parseProgram,
  parseStruct,
  runPrograms,
  runPlayback,
  runSyncPtr,
  sideEvents,
  structFaults,
  syncPtrFaults,
  syncPtrLayout,
  tallyCall,
  type Struct,
} from "../src/index.ts";
import { behind, GOOD_ONE } from "./support/goodOne.ts";
import { futexFunctions, futexMethods, sleepingFutex } from "./support/futexCalls.ts";
import { inspectorCalls } from "./support/inspectorCalls.ts";
import { layoutCalls } from "./support/layoutCalls.ts";
import { remoteFunctions, remoteMethods } from "./support/remoteCalls.ts";
import { argumentMistakes, methodNames, worksOrRefuses, type GoodCall } from "./support/misuse.ts";
import { taskCalls } from "./support/taskCalls.ts";
import { uaccessCalls } from "./support/uaccessCalls.ts";
import { perfFunctions, perfMethods } from "./support/perfCalls.ts";
import { sleepingUmcg, umcgFunctions, umcgMethods } from "./support/umcgCalls.ts";
import { virtioFunctions, virtioMethods } from "./support/virtioCalls.ts";
import {
  drainingStream,
  PAGE,
  USER,
  expectWorking,
  newFloor,
  runningPrograms,
  type Floor,
} from "./support/apiFloor.ts";

/**
 * The whole public API, called wrongly: every argument of every function and method, and every option in it. Each call
 * works or throws one of the library's own errors, in one line; and the machine works afterwards.
 */
type Arguments = Readonly<Record<string, readonly unknown[]>>;

/** Good arguments of every method of what the API hands out. */
const methods: Readonly<Record<string, (floor: Floor) => { on: object; calls: Arguments }>> = {
  Machine: (floor) => ({
    on: floor.machine,
    calls: {
      advanceClock: [1000n],
      advanceToNextTimeout: [],
      allocKernel: [16],
      checkedCpu: [1],
      constant: ["PAGE_SIZE"],
      counters: [0],
      createFile: [PAGE, "4K", "memfd"],
      createTask: [{ cpu: 1, wordBits: 32, sharing: floor.task, tagged: false }],
      events: [0],
      findings: [],
      header: ["HEADER_YIELD_EVERY"],
      nextMoment: [],
      refreshViews: [],
      reset: [{ arch: "riscv64", kernel: "6.12" }],
      hugePages: ["2M"],
      setHugePages: ["1G", 0],
      restore: [floor.snapshot],
      setHeader: ["HEADER_YIELD_EVERY", 0],
      snapshot: [],
      takeBackSince: [floor.machine.moment],
      takeOver: [],
      wasTakenBack: [1],
      wideAt: [floor.buffer.linear],
      word: [USER, "address"],
    },
  }),
  Task: (floor) => ({ on: floor.task, calls: taskCalls(floor) }),
  Mapping: ({ pages }) => ({
    on: pages,
    calls: {
      populate: [],
      protect: ["r"],
      read: [8, 16],
      unmap: [],
      write: [8, new Uint8Array(16)],
    },
  }),
  KernelBuffer: ({ buffer, machine }) => ({
    on: buffer,
    calls: { free: [], linearOn: [machine] },
  }),
  UserFile: ({ file, machine }) => ({
    on: file,
    calls: { close: [], extend: [2 * PAGE], handleOn: [machine], page: [0] },
  }),
  UserAccess: (floor) => ({ on: floor.uaccess, calls: uaccessCalls(floor) }),
  ...remoteMethods,
  ...futexMethods,
  ...umcgMethods,
  ...virtioMethods,
  ...perfMethods,
  PcmStream: ({ stream }) => ({
    on: stream,
    calls: {
      channelInfo: [0],
      close: [],
      configure: [
        { format: 2, access: 3, channels: 2, rate: 48000, periodSize: 100, bufferSize: 400 },
      ],
      delay: [],
      disconnect: [],
      drain: [],
      drop: [],
      field: ["hw_ptr"],
      finish: [],
      forward: [1],
      hwFree: [],
      hwParams: [{ access: [3], channels: [1, 2], rate: 48000, flags: 0, rmask: 0xfff07 }],
      hwRefine: [{ format: 2 }],
      hwsync: [],
      info: [],
      ioctl: ["native", 0x4140, 0],
      link: [stream],
      mmap: ["control", 0x20000000, PAGE, "rw", 0],
      mmapAt: [0, 0x20000000, PAGE, "r"],
      pause: [],
      periodElapsed: [],
      poke: [{ hwPtrBase: 0, hwPtr: 0n, applPtr: 0, hwPtrInterrupt: 0 }],
      poll: [],
      prepare: [],
      pversion: [],
      read: [USER, 400],
      readi: [USER, 100],
      readn: [[USER, USER], 100],
      release: [],
      reportXrun: [],
      request: ["PREPARE", 0],
      reset: [],
      resume: [],
      rewind: [1],
      ring: [],
      setAnswers: [{ prepare: 0, trigger: -5, ack: 0 }],
      setDelay: [-3],
      setPosition: [100],
      start: [],
      status: [],
      statusExt: [1],
      stop: ["SETUP"],
      suspend: [],
      swParams: [{ tstampMode: 1, availMin: 1n, proto: 0x2000c, tstampType: 0 }],
      sync: [{ hwsync: true, applPtr: 1, availMin: 1n }],
      syncPtr: [{ address: USER, abi: "native64", strategy: "copy" }],
      syncPtrOperation: [{ address: USER, abi: "native64", strategy: "copy" }],
      takeDriverCalls: [],
      ttstamp: [1],
      unlink: [],
      userPversion: [0x2000e],
      write: [USER, 400],
      writeOperation: [USER, 400],
      writei: [USER, 100],
      writen: [[USER, USER], 100],
      xrun: [],
    },
  }),
};

/** A cost profile of the caller's own, with one of each kind of figure. */
const alignedCopies = { toAlign: 0, fromAlign: 0, points: [[8, 10]] };
const curve = {
  key: "mine",
  aligned: {
    ...alignedCopies,
    points: [
      [8, 10],
      [64, 20],
    ],
  },
  others: [alignedCopies],
  alignmentMatters: true,
  breakAt: 0,
};
const profile = {
  ...costProfiles.none,
  weights: [{ component: "copy", event: "gets", value: 3, key: "mine", taskBits: 64 }],
  outOfLineCalls: { gets: 1 },
  copyToUser: curve,
  cycles: { kind: "perInstruction", factor: { value: 1, key: "mine" }, note: "mine" },
  differences: [{ form: "copy", cells: ["read"], why: "mine" }],
};

/** A structure of the caller's own, with one of each kind of part. */
const spanDescription = {
  name: "span",
  struct: [
    { name: "start", type: "__u64", align: 8, offset: 0 },
    { name: "tag", type: "char", count: 12 },
    { name: "end", type: "place" },
  ],
  packed: false,
  align: 8,
  types: { place: { union: [{ name: "at", type: "__u32" }] } },
  read: ["start"],
  written: ["start", "end.at"],
  copies: { read: [{ part: "start", stack: 8 }], written: ["start", "end.at"] },
  abis: ["native64"],
} as const;
const span = (): Struct => parseStruct(spanDescription);
const structOptions = {
  archs: ["none"],
  abis: ["native64"],
  strategies: ["copy"],
  kernel: "6.12",
  wasm: {},
};

/** Good calls of everything that is exported, and of the constructors and static methods. */
const functions: Readonly<Record<string, (floor: Floor) => GoodCall>> = {
  ...inspectorCalls,
  ...layoutCalls,
  ...remoteFunctions,
  ...futexFunctions,
  ...umcgFunctions,
  ...virtioFunctions,
  ...perfFunctions,
  "Machine.create": () => ({
    call: Machine.create.bind(Machine),
    args: [
      {
        arch: "x86-64",
        kernel: "6.12",
        build: "release",
        memory: "256K",
        cpus: 1,
        tlbEntries: 64,
        wasm: undefined,
      },
    ],
  }),
  "Machine.attach": ({ machine }) => ({
    call: (core: unknown, shape: never) => Machine.attach(behind(core, machine.core), shape),
    args: [GOOD_ONE, machine.shape],
  }),
  "new Machine": ({ machine }) => ({
    call: (core: unknown, shape: unknown) =>
      Reflect.construct(Machine, [behind(core, machine.core), shape]) as unknown,
    args: [GOOD_ONE, machine.shape],
  }),
  "PcmStream.open": ({ task }) => ({
    call: PcmStream.open.bind(PcmStream),
    args: [
      task,
      {
        direction: "capture",
        device: {
          name: "mine",
          card: 1,
          substreams: 2,
          limits: { ...deviceProfiles.aloop },
          ownCopy: false,
          pointer: () => 0,
          called: () => undefined,
        },
        number: 0,
        nonblock: true,
        door: "x32",
      },
    ],
  }),
  "new PcmFile": ({ task }) => ({
    call: (...args: unknown[]) => Reflect.construct(library.PcmFile, args) as unknown,
    args: [task, { device: "aloop", number: 1 }],
  }),
  "new PcmStream": ({ task }) => ({
    call: (...args: unknown[]) => Reflect.construct(PcmStream, args) as unknown,
    args: [task],
  }),
  checkDiscipline: () => ({
    call: checkDiscipline,
    args: [
      [
        { op: "open", line: 1 },
        { op: "branch", target: "out" },
        { op: "call", callee: "f" },
        { op: "label", name: "out" },
        { op: "close" },
        { op: "return" },
      ],
      { function: { name: "f", uaccessSafe: false }, allowList: ["f"] },
    ],
  }),
  compareSyncPtr: () => ({
    call: compareSyncPtr,
    args: [{ archs: ["none"], abis: ["x32"], strategies: ["copy"], kernel: "6.12", wasm: {} }],
  }),
  comparePlayback: () => ({
    call: comparePlayback,
    args: [{ archs: ["none"], periodSizes: [16], strategies: ["copy"], kernel: "6.12", wasm: {} }],
  }),
  compareStruct: () => ({
    call: (struct: unknown, options: object) => compareStruct(behind(struct, span()), options),
    args: [GOOD_ONE, structOptions],
  }),
  composeCall: () => ({
    call: composeCall,
    args: [profile, { taskBits: 32, read: sideEvents(), write: sideEvents() }],
  }),
  composeSide: () => ({
    call: composeSide,
    args: [profile, sideEvents({ copiesToUser: [{ bytes: 8, toAlign: 0, fromAlign: 0 }] }), 64],
  }),
  costProfile: () => ({ call: costProfile, args: ["riscv64"] }),
  ioctlShares: () => ({
    call: ioctlShares,
    args: [
      { read: 26, write: 13 },
      { perField: 40, block: 26 },
    ],
  }),
  layoutOf: () => ({
    call: (struct: unknown, ...names: ["native64", "x86-64"]) =>
      layoutOf(behind(struct, span()), ...names),
    args: [GOOD_ONE, "native64", "x86-64"],
  }),
  parseProgram: () => ({ call: parseProgram, args: ["open\nclose\nreturn"] }),
  pcmRequest: () => ({ call: library.pcmRequest, args: ["WRITEI", 8] }),
  parseStruct: () => ({ call: parseStruct, args: [spanDescription] }),
  runPrograms: (floor) => ({ call: runPrograms, args: runningPrograms(floor) }),
  runPlayback: () => ({
    call: runPlayback,
    args: [
      {
        device: "ctl",
        arch: "none",
        door: "native",
        periodSize: 64,
        periods: 2,
        rate: 48000,
        format: "S16_LE",
        channels: 2,
        kernel: "6.12",
        build: "study",
        wasm: undefined,
      },
    ],
  }),
  runVirtioSndMessages: () => ({
    call: library.runVirtioSndMessages,
    args: [{ design: "ack", messages: 10, kernel: "6.12", wasm: undefined }],
  }),
  compareVirtioSnd: () => ({
    call: library.compareVirtioSnd,
    args: [
      { designs: ["ack"], devices: ["lazy"], transfers: [100], kernel: "6.12", wasm: undefined },
    ],
  }),
  runVirtioSnd: () => ({
    call: library.runVirtioSnd,
    args: [
      {
        design: "ack",
        device: "eager",
        direction: "playback",
        transfer: 64,
        periodSize: 128,
        periods: 2,
        count: 2,
        start: 64,
        kernel: "6.12",
        wasm: undefined,
      },
    ],
  }),
  runSyncPtr: () => ({
    call: runSyncPtr,
    args: [
      {
        arch: "none",
        abi: "compat",
        strategy: "copy",
        kernel: "6.12",
        flags: 7,
        faultAt: "appl_ptr",
        wasm: undefined,
      },
    ],
  }),
  sideEvents: () => ({ call: sideEvents, args: [{ gets: 3, copiesToUser: [] }] }),
  structFaults: () => ({
    call: (struct: unknown, options: object) => structFaults(behind(struct, span()), options),
    args: [GOOD_ONE, structOptions],
  }),
  syncPtrFaults: () => ({
    call: syncPtrFaults,
    args: [{ archs: ["none"], abis: ["x32"], strategies: ["copy"], kernel: "6.12", wasm: {} }],
  }),
  syncPtrLayout: ({ machine }) => ({ call: syncPtrLayout, args: [machine, "compat"] }),
  tallyCall: ({ machine }) => ({
    call: tallyCall,
    args: [machine, machine.events(0).slice(0, 2), 64],
  }),
};

/** Methods that only an object of a certain past has: such a one. */
const special: Readonly<Record<string, (floor: Floor) => object>> = {
  "Futex.finish": sleepingFutex,
  "PcmStream.finish": drainingStream,
  "Umcg.finish": sleepingUmcg,
};

/** Comparisons measure real time too, which nobody looks at here: on this clock the shortest samples do. */
beforeAll(() => {
  let milliseconds = 0;
  vi.spyOn(performance, "now").mockImplementation(() => ++milliseconds);
});
afterAll(() => void vi.restoreAllMocks());

describe.each(Object.keys(methods))("%s", (name) => {
  const of = methods[name]!;
  const { on, calls } = of(newFloor());

  test("every method stands in the table", () => {
    expect(Object.keys(calls).sort()).toEqual(methodNames(on));
  });

  const goodCall = (method: string, floor: Floor): GoodCall => {
    const { on: usual, calls: good } = of(floor);
    const object = special[`${name}.${method}`]?.(floor) ?? usual;
    const found = (object as Record<string, GoodCall["call"]>)[method]!;
    return { call: found.bind(object) as GoodCall["call"], args: good[method]! };
  };

  test.each(Object.keys(calls))("%s", async (method) => {
    const call = (floor: Floor): GoodCall => goodCall(method, floor);
    await expectRefused(call);
  });
});

describe("functions", () => {
  test("every one that is exported stands in the table", () => {
    const classes = ["FaultlineError", "PcmFile", "UsageError", ...Object.keys(methods)];
    const exported = Object.entries(library)
      .filter(([name, value]) => typeof value === "function" && !classes.includes(name))
      .map(([name]) => name);
    const plain = Object.keys(functions).filter((name) => !/[ .]/.test(name));
    expect(plain.sort()).toEqual(exported.sort());
  });

  test.each(Object.keys(functions))("%s", (name) => expectRefused(functions[name]!));
});

/** Makes the good call, then each with one mistake, every one on a floor of its own. */
async function expectRefused(callOn: (floor: Floor) => GoodCall): Promise<void> {
  const good = callOn(newFloor());
  await (good.call as (...args: unknown[]) => unknown)(...good.args);
  for (const spoil of argumentMistakes(callOn(newFloor()))) {
    const floor = newFloor();
    const { call, args } = callOn(floor);
    await worksOrRefuses({ call, args: spoil(args) });
    expectWorking(floor);
  }
}
