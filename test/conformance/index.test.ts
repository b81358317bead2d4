import { describe, expect, test } from "vitest";
import {
  EmulatedFutex,
  EmulatedPcm,
  EmulatedPerfRegs,
  EmulatedRemoteVm,
  EmulatedVirtioSnd,
  NotImplementedError,
  Replayer,
  TraceError,
  emulatedSystems,
  type EmulatedPcmOptions,
} from "../../src/conformance/index.ts";
import { Machine } from "../../src/index.ts";
import { argumentMistakes, methodNames, worksOrRefuses, type GoodCall } from "../support/misuse.ts";

/** The public API of the conformance package, called wrongly: test/index.test.ts does the same to the library's. */
const PAGES = 8192;
const USER_DATA = 0x18000000;

const machine = await Machine.create({ memory: "1M", tlbEntries: 64 });

const setup = {
  abi: "lp64",
  kernel: "6.12",
  device: "ctl",
  stream: "playback",
  limits: { rate_min: 8000 },
} as const;
const request = { device: "ctl", stream: "playback", sub: 0, nonblock: true } as const;

/** An emulated machine with one open file and a page of user data. */
function newPcm(): EmulatedPcm {
  const pcm = new EmulatedPcm(machine);
  pcm.reset(setup);
  pcm.open(0, request);
  pcm.setUserData(new Uint8Array(4096));
  pcm.save();
  return pcm;
}

type Calls = Readonly<Record<string, readonly unknown[]>>;

const methods: Calls = {
  bookkeeping: [0, new Uint32Array(54)],
  close: [0],
  descriptor: [0],
  fillRing: [0, 0, new Uint8Array(4)],
  ioctl: [0, "lp64", 0x4140, 0, 0],
  loadMapped: [USER_DATA, new Uint8Array(4)],
  mmap: [0, 0, 4096, 3],
  open: [1, request],
  poll: [0],
  read: [0, USER_DATA, 4],
  readRequestPages: [new Uint8Array(PAGES)],
  readRing: [0, 0, new Uint8Array(4)],
  readUserData: [0, new Uint8Array(4)],
  reset: [setup],
  restore: [],
  save: [],
  setRequestPages: [new Uint8Array(PAGES), "wr"],
  setUserData: [new Uint8Array(4096)],
  storeMapped: [USER_DATA, new Uint8Array(4)],
  takeDriverCalls: [0],
  takeFindings: [],
  write: [0, USER_DATA, 4],
  writeSystemFile: ["/sys/power/state", "mem"],
};

const knobs: Calls = {
  disconnect: [0],
  periodElapsed: [0],
  poke: [0, 0n, 0n, 0n, 0n],
  setDelay: [0, 0n],
  setPosition: [0, 0n],
  setReturns: [0, 0n, 0n, 0n],
  stop: [0, 1],
  suspend: [0],
  xrun: [0],
};

const replayer: Calls = {
  countUnreadable: ["a.jsonl", 1, "cut short"],
  replayLine: ["a.jsonl", 1, "{}"],
  report: [],
};

const receivers: Readonly<Record<string, readonly [Calls, () => object]>> = {
  EmulatedPcm: [methods, newPcm],
  "EmulatedPcm's device": [knobs, () => newPcm().device],
  Replayer: [replayer, () => new Replayer(emulatedSystems(machine))],
};

async function expectRefused(callOn: () => GoodCall): Promise<void> {
  const good = callOn();
  await (good.call as (...args: unknown[]) => unknown)(...good.args);
  for (const spoil of argumentMistakes(good)) {
    const { call, args } = callOn();
    await worksOrRefuses({ call, args: spoil(args) });
    const after = newPcm();
    expect(after.poll(0)).toBeGreaterThanOrEqual(0);
  }
}

describe.each(Object.entries(receivers))("%s", (_, [calls, receiver]) => {
  test("every method stands in the table", () => {
    expect(Object.keys(calls).sort()).toEqual(methodNames(receiver()));
  });

  test.each(Object.keys(calls))("%s", (name) =>
    expectRefused(() => {
      const on = receiver() as Record<string, GoodCall["call"]>;
      return { call: on[name]!.bind(on) as GoodCall["call"], args: calls[name]! };
    }),
  );
});

describe("constructors", () => {
  const options: EmulatedPcmOptions = { switchEvery: 0, onKernel: () => undefined };
  const made: Readonly<Record<string, GoodCall>> = {
    EmulatedPcm: {
      call: (...args: unknown[]) => Reflect.construct(EmulatedPcm, args) as unknown,
      args: [machine, options],
    },
    EmulatedRemoteVm: {
      call: (...args: unknown[]) => Reflect.construct(EmulatedRemoteVm, args) as unknown,
      args: [machine, options],
    },
    EmulatedFutex: {
      call: (...args: unknown[]) => Reflect.construct(EmulatedFutex, args) as unknown,
      args: [machine, options],
    },
    EmulatedPerfRegs: {
      call: (...args: unknown[]) => Reflect.construct(EmulatedPerfRegs, args) as unknown,
      args: [machine, options],
    },
    EmulatedVirtioSnd: {
      call: (...args: unknown[]) => Reflect.construct(EmulatedVirtioSnd, args) as unknown,
      args: [machine, options],
    },
    emulatedSystems: { call: emulatedSystems, args: [machine, options] },
    Replayer: {
      call: (...args: unknown[]) => Reflect.construct(Replayer, args) as unknown,
      args: [emulatedSystems(machine)],
    },
    NotImplementedError: {
      call: (...args: unknown[]) => Reflect.construct(NotImplementedError, args) as unknown,
      args: ["poll"],
    },
    TraceError: {
      call: (...args: unknown[]) => Reflect.construct(TraceError, args) as unknown,
      args: ["steps[0]", "is wrong"],
    },
  };
  test.each(Object.keys(made))("%s", (name) => expectRefused(() => made[name]!));
});
