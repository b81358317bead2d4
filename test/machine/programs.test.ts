import { createHash } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import {
  buildNames,
  deviceProfiles,
  runPrograms,
  type BuildName,
  type Machine,
  type Operation,
  type PcmStream,
  type Program,
  type ProgramTrace,
  type RunOptions,
  type Task,
} from "../../src/index.ts";
import { flagNoPeriodWakeup, infoBit } from "../../src/systems/pcm/params/layout.ts";
import {
  BUFFER_FRAMES,
  FRAME_BYTES,
  PERIOD_FRAMES,
  interruptOperation,
  preparedStream,
} from "../systems/pcm/playback.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "./pool.ts";

const EIO = 5;
const EINVAL = 22;
const DATA = 0x20000000;
const ARGUMENT = 0x10000000;
const BUFFER_BYTES = BUFFER_FRAMES * FRAME_BYTES;
const PERIOD_BYTES = PERIOD_FRAMES * FRAME_BYTES;
/** What a wait lasts at most for a buffer of 8.3 ms: the least limit (wait_for_avail, sound/core/pcm_lib.c). */
const WAIT_LIMIT = 100_000_000n;

/** A program of a list of operations. */
function* program(operations: Iterable<Operation>): Program {
  for (const operation of operations) yield operation;
}

/** A task with its data page and a blocking stream whose ring is full and runs. */
function fullStream(machine: Machine, cpu: number): { task: Task; stream: PcmStream } {
  const task = machine.createTask({ cpu });
  task.map({ at: DATA, length: PAGE, populate: true });
  const stream = preparedStream(task);
  expect(stream.write(DATA, BUFFER_BYTES)).toBe(BUFFER_BYTES);
  return { task, stream };
}

describe.each(buildNames)("a sleep at the top of a call, %s build", (build) => {
  test("a write to a full ring blocks, a period interrupt wakes it, its second half moves the frames", async () => {
    const machine = await machineOf({ build });
    const { task, stream } = fullStream(machine, 0);
    const blocked = machine.constant("BLOCKED");

    expect(stream.write(DATA, PERIOD_BYTES)).toBe(blocked);
    expect([task.blocked, task.canResume]).toEqual([true, false]);
    expect(task.resume()).toBe(blocked); // nothing has happened yet

    stream.setPosition(PERIOD_FRAMES);
    stream.periodElapsed();
    expect([task.blocked, task.canResume]).toEqual([true, true]);
    expect(task.resume()).toBe(PERIOD_BYTES);
    expect(task.blocked).toBe(false);
    expect(kindsOf(machine)).toEqual([]);
  });

  test("a wake that leaves too little room lets it sleep on", async () => {
    const machine = await machineOf({ build });
    const { task, stream } = fullStream(machine, 0);
    const blocked = machine.constant("BLOCKED");
    expect(stream.write(DATA, 3 * PERIOD_BYTES)).toBe(blocked);
    stream.setPosition(PERIOD_FRAMES);
    stream.periodElapsed();
    expect(task.resume()).toBe(blocked); // one of three periods moved
    stream.setPosition(3 * PERIOD_FRAMES);
    stream.periodElapsed();
    expect(task.resume()).toBe(3 * PERIOD_BYTES);
  });

  test("without an interrupt it ends with EIO when the virtual clock reaches its limit", async () => {
    const machine = await machineOf({ build });
    const { task, stream } = fullStream(machine, 0);
    const start = machine.nanoseconds;
    expect(stream.write(DATA, PERIOD_BYTES)).toBe(machine.constant("BLOCKED"));
    expect(machine.advanceToNextTimeout()).toBe(true);
    expect(machine.nanoseconds - start).toBe(WAIT_LIMIT);
    expect(task.resume()).toBe(-EIO);
    expect(machine.advanceToNextTimeout()).toBe(false);
  });

  test("the scheduler does all three: sleep, wake, second half", async () => {
    const machine = await machineOf({ build, cpus: 2 });
    const { task, stream } = fullStream(machine, 0);
    const device = machine.createTask({ cpu: 1 });
    const traces = runPrograms(machine, [
      {
        task,
        body: program([
          stream.writeOperation(DATA, PERIOD_BYTES),
          stream.writeOperation(DATA, PERIOD_BYTES),
        ]),
      },
      { task: device, body: program([interruptOperation(machine, 1, stream, PERIOD_FRAMES)]) },
    ]);
    expect(traces[0]!.results).toEqual([
      { operation: "write", result: PERIOD_BYTES },
      { operation: "write", result: -EIO }, // nobody is left to wake it but the clock
    ]);
    expect(kindsOf(machine)).toEqual([]);
  });
});

describe("many emulated threads", () => {
  const CPUS = 4;
  const THREADS = 40;
  const ROUNDS = 5;

  /** Each thread fills its own stream's ring and writes five periods more; one device plays them all. */
  function players(machine: Machine, deviceCpu: number): { task: Task; body: Program }[] {
    const threads = Array.from({ length: THREADS }, (_, index) =>
      fullStream(machine, index % CPUS),
    );
    const device = machine.createTask({ cpu: deviceCpu });
    const interrupts = Array.from({ length: ROUNDS }, (_, round) =>
      threads.map(({ stream }) =>
        interruptOperation(machine, deviceCpu, stream, (round + 1) * PERIOD_FRAMES),
      ),
    );
    return [
      ...threads.map(({ task, stream }) => ({
        task,
        body: program(
          Array.from({ length: ROUNDS }, () => stream.writeOperation(DATA, PERIOD_BYTES)),
        ),
      })),
      { task: device, body: program(interrupts.flat()) },
    ];
  }

  it.each(["release", "study"] as const)(
    "share four CPUs in the %s build, each with what it wrote",
    async (build) => {
      const machine = await machineOf({ build, cpus: CPUS });
      const traces = runPrograms(machine, players(machine, 1), { choose: sleepersFirst(THREADS) });
      expect(
        traces.slice(0, THREADS).flatMap(({ results }) => results.map(({ result }) => result)),
      ).toEqual(Array.from({ length: THREADS * ROUNDS }, () => PERIOD_BYTES));
      expect(kindsOf(machine)).toEqual([]);
    },
  );

  /** The device runs only when every thread sleeps. */
  function sleepersFirst(device: number): NonNullable<RunOptions["choose"]> {
    return (runnable) => runnable.find((index) => index !== device) ?? device;
  }
});

describe("nobody can go on", () => {
  it.each(["release", "study"] as const)("all sleep without a limit: %s build", async (build) => {
    const machine = await machineOf({ build });
    const { task, stream } = sleeperForEver(machine);
    const body = program([stream.writeOperation(DATA, BUFFER_BYTES + PERIOD_BYTES)]);
    expect(() => runPrograms(machine, [{ task, body }])).toThrowError(
      expect.objectContaining({
        code: "deadlock",
        message: expect.stringContaining("every program sleeps"),
      }),
    );
  });

  function sleeperForEver(machine: Machine): { task: Task; stream: PcmStream } {
    const task = machine.createTask();
    task.map({ at: DATA, length: PAGE, populate: true });
    const limits = { info: deviceProfiles.ctl.info | infoBit.noPeriodWakeup };
    const stream = preparedStream(task, { device: { limits } });
    const wanted = {
      access: 3,
      format: 2,
      channels: 2,
      rate: 48000,
      periodSize: PERIOD_FRAMES,
      bufferSize: BUFFER_FRAMES,
      flags: flagNoPeriodWakeup,
    };
    expect(stream.hwParams(wanted).result).toBe(0);
    expect(stream.prepare()).toBe(0);
    return { task, stream };
  }

  it("two wait for each other's lock", async () => {
    const machine = await machineOf({ build: "study", cpus: 2 });
    const one = machine.createTask({ cpu: 0 });
    const two = machine.createTask({ cpu: 1 });
    const holds = (holder: Task, whose: Task): Operation => holdOperation(holder, whose);
    const programs = [
      { task: one, body: program([holds(one, one), holds(one, two)]) },
      { task: two, body: program([holds(two, two), holds(two, one)]) },
    ];
    expect(() => runPrograms(machine, programs)).toThrowError(
      expect.objectContaining({
        code: "deadlock",
        message: expect.stringContaining("wait for each other"),
      }),
    );
  });

  it("one task cannot have two programs", async () => {
    const machine = await machineOf();
    const task = machine.createTask();
    const programs = [program([]), program([])].map((body) => ({ task, body }));
    expect(() => runPrograms(machine, programs)).toThrowError(/programs.*one program a task/s);
  });
});

/** Takes an address space's mmap lock for writing. */
function holdOperation(holder: Task, whose: Task): Operation {
  const exports = holder.machine.rawExports;
  return { name: "hold", call: () => exports.holdMmapLock(holder.cpu, whose.handle, 2) };
}

function dropOperation(holder: Task, whose: Task): Operation {
  const exports = holder.machine.rawExports;
  return {
    name: "drop",
    call: () => {
      exports.dropMmapLock(holder.cpu, whose.handle, 2);
      return 0;
    },
  };
}

describe("programs that are switched inside their operations", () => {
  const ROUNDS = 6;
  const COPIED = 3000;

  /** What two programs on two CPUs came to, and what they left in the memory that they share. */
  interface Outcome {
    readonly results: readonly (readonly number[])[];
    readonly argument: string;
    readonly copied: string;
    readonly findings: readonly string[];
    readonly frames: number;
  }

  interface Pair {
    readonly programs: readonly { task: Task; body: Program }[];
    readonly outcome: (traces: readonly ProgramTrace[]) => Outcome;
  }

  /** SYNC_PTR on one page, copies that fault pages in beside it; neither looks at what the other writes. */
  function preparePair(machine: Machine): Pair {
    const one = machine.createTask({ cpu: 0 });
    const two = machine.createTask({ cpu: 1, sharing: one });
    const argument = one.map({ at: ARGUMENT, length: PAGE });
    const copied = one.map({ at: DATA, length: 2 * ROUNDS * PAGE });
    const stream = preparedStream(one);
    const kernel = machine.allocKernel(COPIED);
    kernel.bytes.forEach((_, at) => (kernel.bytes[at] = at));
    const exports = machine.rawExports;
    const checked = machine.constant("COPY_CHECKED");
    const copy = (round: number): Operation => ({
      name: "copyToUser",
      call: () =>
        exports.copyOut(two.cpu, checked, DATA + round * 2 * PAGE, 0, kernel.linear, COPIED),
    });
    const sync = stream.syncPtrOperation({ address: ARGUMENT, abi: "native64" });
    const rounds = [...Array(ROUNDS).keys()];
    return {
      programs: [
        { task: one, body: program(rounds.map(() => sync)) },
        { task: two, body: program(rounds.map(copy)) },
      ],
      outcome: (traces) => ({
        results: traces.map(({ results }) => results.map(({ result }) => result)),
        argument: digest(argument.read(0, PAGE)),
        copied: digest(copied.read(0, copied.length)),
        findings: kindsOf(machine),
        frames: machine.framesInUse,
      }),
    };
  }

  function digest(bytes: Uint8Array): string {
    return createHash("sha256").update(bytes).digest("hex");
  }

  /** What the copies should leave: 3000 bytes in every other page. */
  function expectedCopies(): Uint8Array {
    const bytes = new Uint8Array(2 * ROUNDS * PAGE);
    for (let at = 0; at < bytes.length; at++) {
      if (at % (2 * PAGE) < COPIED) bytes[at] = at % (2 * PAGE);
    }
    return bytes;
  }

  function runPair(machine: Machine, options: RunOptions): Outcome {
    const { programs, outcome } = preparePair(machine);
    return outcome(runPrograms(machine, programs, options));
  }

  /** A fixed sequence of pseudo-random picks. */
  function shuffled(seed: number): NonNullable<RunOptions["choose"]> {
    let state = seed;
    return (runnable) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return runnable[(state >>> 16) % runnable.length]!;
    };
  }

  const policies: readonly [string, NonNullable<RunOptions["choose"]> | undefined][] = [
    ["in turn", undefined],
    ["the first that can", (runnable) => runnable[0]!],
    ["the last that can", (runnable) => runnable.at(-1)!],
    ["shuffled (1)", shuffled(1)],
    ["shuffled (2)", shuffled(2)],
  ];

  it("come to the same, whoever runs when and however often they are left", async () => {
    const machines = async (): Promise<Machine> => machineOf({ build: "study", cpus: 2 });
    const straight = runPair(await machines(), { switchEvery: 0 });
    expect(straight.results).toEqual([Array(ROUNDS).fill(0), Array(ROUNDS).fill(0)]);
    expect(straight.findings).toEqual([]);
    expect(straight.copied).toBe(digest(expectedCopies()));
    for (const switchEvery of [0, 1, 7]) {
      for (const [policy, choose] of policies) {
        const outcome = runPair(await machines(), { switchEvery, ...(choose && { choose }) });
        expect(outcome, `${policy}, every ${switchEvery}`).toEqual(straight);
      }
    }
  });

  it("come to the same in every build", async () => {
    const outcomes = await Promise.all(
      buildNames.map(async (build: BuildName) => {
        const { results, argument, copied, findings } = runPair(
          await machineOf({ build, cpus: 2 }),
          {},
        );
        return { results, argument, copied, findings };
      }),
    );
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
  });

  it("are really left: each yield point that asks for it unwinds the stack", async () => {
    const left: Record<number, number> = {};
    for (const switchEvery of [0, 1, 7]) {
      const machine = await machineOf({ build: "study", cpus: 2 });
      const { programs } = preparePair(machine);
      const { switches } = machine.core.fibers!;
      const { yields } = machine.counters();
      runPrograms(machine, programs, { switchEvery });
      left[switchEvery] = machine.core.fibers!.switches - switches;
      expect(machine.counters().yields - yields).toBe(78);
    }
    expect(left).toEqual({ 0: 0, 1: 78, 7: 11 });
  });
});

describe("meeting a lock that is held", () => {
  /** A task whose page is not present yet, so that SYNC_PTR faults and needs the mmap lock. */
  function faulting(machine: Machine): { task: Task; stream: PcmStream; holder: Task } {
    const task = machine.createTask({ cpu: 0 });
    const holder = machine.createTask({ cpu: 1 });
    const stream = preparedStream(task);
    task.map({ at: ARGUMENT, length: PAGE });
    return { task, stream, holder };
  }

  it.each(["release", "profile", "study"] as const)(
    "alone in the %s build: the call fails and a finding says what it needs",
    async (build) => {
      const machine = await machineOf({ build, cpus: 2 });
      const { task, stream, holder } = faulting(machine);
      expect(holdOperation(holder, task).call()).toBe(0);
      expect(stream.syncPtr({ address: ARGUMENT, abi: "native64" })).toBe(-EFAULT);
      expect(task.unmap(ARGUMENT, PAGE)).toBe(-EINVAL);
      expect(kindsOf(machine)).toEqual(["needs-scheduler", "needs-scheduler"]);
      expect(machine.findings()[0]!.meaning).toMatch(
        /study build with a scheduler, or the threads build/,
      );
      dropOperation(holder, task).call();
      expect(stream.syncPtr({ address: ARGUMENT, abi: "native64" })).toBe(0);
    },
  );

  it("under a scheduler it waits for the lock to be dropped", async () => {
    const machine = await machineOf({ build: "study", cpus: 2 });
    const { task, stream, holder } = faulting(machine);
    const order: number[] = [];
    const traces = runPrograms(
      machine,
      [
        { task, body: program([stream.syncPtrOperation({ address: ARGUMENT, abi: "native64" })]) },
        { task: holder, body: program([holdOperation(holder, task), dropOperation(holder, task)]) },
      ],
      {
        // the holder takes the lock, the call runs into it, and only then is the lock dropped
        choose: (runnable, step) => {
          const chosen = step === 0 || !runnable.includes(0) ? 1 : 0;
          order.push(chosen);
          return chosen;
        },
      },
    );
    expect(traces.map(({ results }) => results.map(({ result }) => result))).toEqual([[0], [0, 0]]);
    expect(order.lastIndexOf(1)).toBeGreaterThan(order.indexOf(0)); // the call had begun before the drop
    expect(kindsOf(machine)).toEqual([]);
  });
});
