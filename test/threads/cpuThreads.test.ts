import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Futex, Machine, futexBlocked, type Mapping } from "../../src/index.ts";
import { CpuThread } from "../../src/threads/cpuThread.ts";
import { CpuThreads } from "../../src/threads/cpuThreads.ts";
import { stressPrograms } from "../../src/scenarios/futexStressPrograms.ts";
import { tellDeath } from "../../src/threads/death.ts";
import { THREAD_WORDS, numberOfLife, ownWordsOf, wordAt } from "../../src/threads/protocol.ts";
import { startIgnorantThreads, startThread, startThreads } from "../support/cpuThreads.ts";

/** CPUs of a machine that are threads of their own, to which calls are handed. */

const WORDS = 0x4000_0000;
const PAGE = 4096;
const SLEEPER = 0;
const nap = new Int32Array(new SharedArrayBuffer(4));
const WAKER = 1;

let machine: Machine;
let words: Mapping;
let crew: CpuThreads;
let threads: readonly CpuThread[];
/** Two tasks of one process, each on a thread, and their futex calls. */
let futexes: readonly Futex[];

beforeEach(async () => {
  machine = await Machine.create({ build: "threads", memory: "2M", cpus: 3 });
  crew = await startThreads(machine);
  ({ threads } = crew);
  const first = machine.createTask();
  words = first.map({ at: WORDS, length: PAGE, populate: true });
  const second = machine.createTask({ sharing: first, cpu: null });
  futexes = [first, second].map((task, index) => new Futex(threads[index]!.seat(task)));
});

describe("a call of a task whose CPU is a thread", () => {
  it("is made there, and its result comes back", () => {
    words.write(0, Uint8Array.of(5, 0, 0, 0));
    expect(futexes[SLEEPER]!.wait(WORDS, 4)).toBe(-11);
    expect(threads[SLEEPER]!.state).toBe("idle");
    expect(threads[SLEEPER]!.published).toBeGreaterThan(0);
  });

  it("parks that thread while the task sleeps; a wake lets it go on by itself", () => {
    expect(futexes[SLEEPER]!.wait(WORDS, 0, { private: true })).toBe(futexBlocked);
    expect(threads[SLEEPER]!.state).toBe("asleep");
    expect(futexes[WAKER]!.wake(WORDS, 1, { private: true })).toBe(1);
    while (threads[SLEEPER]!.state !== "returned") {
      threads[SLEEPER]!.awaitOther(threads[SLEEPER]!.state);
    }
    expect(threads[SLEEPER]!.take()).toBe(0);
    expect(threads[SLEEPER]!.state).toBe("idle");
  });

  it.each([
    ["interrupts", -4],
    ["restarts", 0],
  ] as const)("goes on by itself when a signal comes whose handler %s", (handler, answer) => {
    const { task } = futexes[SLEEPER]!;
    expect(futexes[SLEEPER]!.wait(WORDS, 0, { private: true })).toBe(futexBlocked);
    const before = threads[SLEEPER]!.published;
    task.signal({ handler });
    while (threads[SLEEPER]!.published === before) Atomics.wait(nap, 0, 0, 1);
    if (handler === "restarts") {
      expect(futexes[WAKER]!.wake(WORDS, 1, { private: true })).toBe(1);
    }
    while (threads[SLEEPER]!.state !== "returned") {
      threads[SLEEPER]!.awaitOther(threads[SLEEPER]!.state);
    }
    expect(threads[SLEEPER]!.take()).toBe(answer);
  });

  it("is left asleep by a thread that is told so, which then takes other calls", () => {
    futexes[SLEEPER]!.wait(WORDS, 0);
    threads[SLEEPER]!.cancel();
    expect(threads[SLEEPER]!.state).toBe("idle");
    futexes[SLEEPER]!.task.exit();
    expect(futexes[WAKER]!.wake(WORDS, 1)).toBe(0);
  });
});

it("a thread takes one call at a time", () => {
  futexes[SLEEPER]!.wait(WORDS, 0);
  expect(() => futexes[SLEEPER]!.task.touch(WORDS, "read")).toThrow("CPU 1 is asleep, not idle");
});

it("only memory of the threads build can be shared", async () => {
  const alone = await Machine.create({ memory: "1M", cpus: 2 });
  const starting = CpuThreads.start(alone, [], () => Promise.reject(new Error("none is started")));
  await expect(starting).rejects.toThrow("machine is of the release build; valid: ");
});

describe("a thread that ends while its task sleeps", () => {
  it("is buried: its task ends, and nobody waits behind it", async () => {
    expect(futexes[SLEEPER]!.wait(WORDS, 0)).toBe(futexBlocked);
    await crew.kill(threads[SLEEPER]!);
    expect(threads[SLEEPER]!.hasEnded).toBe(true);
    crew.bury(threads[SLEEPER]!, futexes[SLEEPER]!.task);
    expect(futexes[WAKER]!.wake(WORDS, 1)).toBe(0);
    expect(machine.findings()).toEqual([]);
  });

  it("gives a lock of a futex back that it held, and tells the sleeper that it had taken off", async () => {
    expect(futexes[SLEEPER]!.wait(WORDS, 0)).toBe(futexBlocked);
    await crew.kill(threads[WAKER]!);
    const bucket = bucketWithSleeper();
    // in the middle of a wake: the entry is off the list, and its task knows nothing of that
    const { words: memory } = machine;
    memory[bucket + 1] = threads[WAKER]!.cpu + 1;
    memory[bucket + 2] = 0;
    memory[bucket + 3] = 0;
    crew.bury(threads[WAKER]!, futexes[WAKER]!.task);
    expect(memory[bucket + 1]).toBe(0);
    threads[SLEEPER]!.awaitOther("asleep");
    await crew.untilAtRest([threads[SLEEPER]!]);
    expect(threads[SLEEPER]!.take()).toBe(0);
  });
});

describe("a thread that an error ends", () => {
  const [program] = Object.keys(stressPrograms) as [string];
  const message = /^the thread that is CPU 1 was ended by an error: TypeError: .*not a function/;
  const lost: unknown = expect.objectContaining({
    code: "thread-lost",
    message: expect.stringMatching(message) as unknown,
  });
  let failing: CpuThread;

  beforeEach(async () => {
    crew = await startIgnorantThreads(machine);
    failing = crew.threads[0]!;
    failing.begin(program, []);
  });

  it("is noticed by a driver that waits for its answer and looks at nothing else", () => {
    expect(() => failing.awaitOther("called")).toThrow(lost as Error);
    expect(failing.hasEnded).toBe(true);
  });

  it("is noticed by one that waits for all of them, and takes no more calls", async () => {
    await expect(crew.untilAtRest(crew.threads)).rejects.toEqual(lost);
    expect(() => failing.begin(program, [])).toThrow(lost as Error);
  });
});

describe("a thread that an error ends right behind a look whether it lives", () => {
  const { checkAlive } = CpuThread.prototype;

  /** The next look still finds it alive. */
  function endBehindLook(): void {
    vi.spyOn(CpuThread.prototype, "checkAlive").mockImplementationOnce(function (this: CpuThread) {
      checkAlive.call(this);
      this.markFailed("out of memory");
    });
  }

  afterEach(() => void vi.restoreAllMocks());

  it("does not pass for one that has done its work", async () => {
    expect(futexes[SLEEPER]!.wait(WORDS, 0)).toBe(futexBlocked);
    endBehindLook();
    await expect(crew.untilAtRest([threads[SLEEPER]!])).rejects.toThrow(/CPU 1 .*: out of memory/);
  });

  it("does not pass for one that serves", async () => {
    const alone = await Machine.create({ build: "threads", memory: "2M", cpus: 2 });
    const host = { ended: new Promise(() => undefined), end: () => Promise.resolve() };
    endBehindLook();
    const starting = CpuThreads.start(alone, [], () => Promise.resolve(host));
    await expect(starting).rejects.toThrow(/CPU 1 .*: out of memory/);
  });
});

describe("a thread that ends before it serves", () => {
  function startThatEnds(): Promise<unknown> {
    const ended = Promise.resolve(new Error("out of memory"));
    const host = { ended, end: () => Promise.resolve() };
    return CpuThreads.start(machine, [], () => Promise.resolve(host));
  }

  it("is an error of the start, which comes from the host where it cannot tell of it", async () => {
    await expect(startThatEnds()).rejects.toThrow(
      "the thread that is CPU 1 was ended by an error: Error: out of memory",
    );
  });

  it("ends the others with it", async () => {
    const running = new Set<unknown>();
    const starting = CpuThreads.start(machine, [], async (data, ports) => {
      const isFirst = "index" in data && data.index === 0;
      // programs that are none: it ends while it begins
      const host = await startThread(isFirst ? { ...data, programs: null as never } : data, ports);
      running.add(host);
      void host.ended.then(() => running.delete(host));
      return host;
    });
    await expect(starting).rejects.toThrow("the thread that is CPU 1 was ended by an error");
    expect(running.size).toBe(0);
  });
});

describe("threads that are stopped", () => {
  it("have all been told of when the one that watches them ends", async () => {
    const lives: number[] = [];
    const stopped = await CpuThreads.start(machine, [], async (data, ports) => {
      const host = await startThread(data, ports);
      if (!("watched" in data)) return host;
      const end = (): Promise<unknown> => {
        lives.push(...threads.map((_, index) => ownWordsOf(data.control, index)[wordAt.life]!));
        return host.end();
      };
      return { ...host, end };
    });
    await stopped.stop();
    expect(lives).toEqual(threads.map(() => numberOfLife("gone")));
  });

  it("and who died while telling is told of by another", () => {
    const own = new Int32Array(new SharedArrayBuffer(4 * THREAD_WORDS));
    own[wordAt.life] = numberOfLife("telling");
    tellDeath(own, machine.core.memory, 1);
    expect(own[wordAt.life]).toBe(numberOfLife("gone"));
  });
});

const LINE_WORDS = 16;
/** Where an entry names its bucket (futex/entry.ts). */
const ENTRY_BUCKET = 48;

/** Where the bucket of the one sleeper stands, in words: waiters, lock, first, last. */
function bucketWithSleeper(): number {
  const { words: memory } = machine;
  for (let at = 0; at < memory.length; at += LINE_WORDS) {
    const [waiters, lock, first, last] = memory.subarray(at, at + 4) as unknown as number[];
    if (waiters !== 1 || lock !== 0 || first === 0 || first !== last) continue;
    if (memory[(first! + ENTRY_BUCKET) >>> 2] === at * 4) return at;
  }
  throw new Error("nobody sleeps");
}
