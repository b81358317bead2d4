import { describe, expect, test } from "vitest";
import {
  archNames,
  buildNames,
  type ArchName,
  type BuildName,
  type Machine,
  type Task,
} from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "./pool.ts";

/** The TLB is a cache: nothing it holds may outlive what it was made from. */
const USER = 0x400000;
const everywhere = buildNames.flatMap((build) => archNames.map((arch) => ({ build, arch })));

async function taskOf(build: BuildName, arch: ArchName, cpus = 1): Promise<Task> {
  return (await machineOf({ build, arch, cpus, memory: "8M", tlbEntries: 64 })).createTask();
}

function warm({ uaccess }: Task, at: number): void {
  expect(uaccess.putUser(at, 4, 0x1111)).toBe(0);
  expect(uaccess.getUser(at, 4)).toEqual({ error: 0, value: 0x1111n });
}

/** Whether a page can be read and written now; asked twice, so that a cold answer is followed by a warm one. */
function access({ uaccess }: Task, at: number): string {
  const once = (): string => {
    const reads = uaccess.getUser(at, 4).error === 0 ? "r" : "-";
    return reads + (uaccess.putUser(at, 4, 0x1111) === 0 ? "w" : "-");
  };
  const first = once();
  expect(once()).toBe(first);
  return first;
}

describe.each(everywhere)("what was cached is dropped: $build $arch", ({ build, arch }) => {
  test.each(["none", "r", "rw"])("after mprotect to %s and back", async (protection) => {
    const task = await taskOf(build, arch);
    task.map({ at: USER, length: 3 * PAGE });
    for (let page = 0; page < 3; page++) warm(task, USER + page * PAGE);
    task.protect(USER + PAGE, PAGE, protection);
    const expected = { none: "--", r: "r-", rw: "rw" }[protection];
    expect([0, 1, 2].map((page) => access(task, USER + page * PAGE))).toEqual([
      "rw",
      expected,
      "rw",
    ]);
    task.protect(USER + PAGE, PAGE, "rw");
    expect(access(task, USER + PAGE)).toBe("rw");
  });

  test.each([1, 40])("after munmap of %i pages, and mmap in their place", async (pages) => {
    const task = await taskOf(build, arch);
    const file = task.machine.createFile(PAGE);
    task.map({ at: USER, length: pages * PAGE });
    for (let page = 0; page < pages; page++) warm(task, USER + page * PAGE);
    task.unmap(USER, pages * PAGE);
    for (let page = 0; page < pages; page++) expect(access(task, USER + page * PAGE)).toBe("--");
    file.page(0)[0] = 0x77;
    task.map({ at: USER, length: PAGE, file, shared: true });
    expect(task.uaccess.getUser(USER, 4).value).toBe(0x77n);
    expect(kindsOf(task.machine)).toEqual([]);
  });

  test("when another task runs, and comes back", async () => {
    const task = await taskOf(build, arch);
    task.map({ at: USER, length: PAGE });
    warm(task, USER);
    const other = task.machine.createTask();
    expect(access(other, USER)).toBe("--");
    other.map({ at: USER, length: PAGE });
    expect(other.uaccess.getUser(USER, 4).value).toBe(0n);
    expect(other.uaccess.putUser(USER, 4, 0x2222)).toBe(0);
    task.runOn(0);
    expect(task.uaccess.getUser(USER, 4).value).toBe(0x1111n);
  });

  test("pages that share a slot do not answer for each other", async () => {
    const task = await taskOf(build, arch);
    const stride = 64 * PAGE;
    for (let at = 0; at < 5; at++) {
      task.map({ at: USER + at * stride, length: PAGE });
      expect(task.uaccess.putUser(USER + at * stride, 4, at + 1)).toBe(0);
    }
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < 5; at++) {
        expect(task.uaccess.getUser(USER + at * stride, 4).value).toBe(BigInt(at + 1));
      }
    }
    expect(task.uaccess.getUser(USER + 5 * stride, 4).error).toBe(-EFAULT);
  });
});

describe.each(everywhere)("generations: $build $arch", ({ build, arch }) => {
  const LAST = 4095;

  function generationOf(machine: Machine): number {
    return machine.words[
      (machine.exports.cpuAddress(0) + machine.constant("CPU_GENERATION")) >>> 2
    ]!;
  }

  test("run out and begin again, with nothing left of the first round", async () => {
    const task = await taskOf(build, arch);
    const { machine } = task;
    task.map({ at: USER, length: 2 * PAGE });
    const start = generationOf(machine);
    warm(task, USER);
    const seen = new Set<number>();
    // a page cached under the first generation is taken away without a word, as a bug would
    for (let flush = 0; flush < LAST; flush++) {
      machine.exports.forgetTranslations();
      seen.add(generationOf(machine));
    }
    expect([Math.min(...seen), Math.max(...seen), seen.size]).toEqual([1, LAST, LAST]);
    expect(generationOf(machine)).toBe(start);
    if (build === "study") {
      const before = machine.counters().tlbMisses;
      task.uaccess.getUser(USER, 4);
      expect(machine.counters().tlbMisses).toBe(before + 1);
    }
    task.unmap(USER, PAGE);
    expect(access(task, USER)).toBe("--");
    expect(access(task, USER + PAGE)).toBe("rw");
  });

  test("a page cached in the first round and gone since is not found in the second", async () => {
    const task = await taskOf(build, arch);
    const { machine } = task;
    const before = machine.snapshot();
    const start = generationOf(machine);
    task.map({ at: USER, length: PAGE });
    warm(task, USER);
    machine.restore(before);
    while (generationOf(machine) !== start) machine.exports.forgetTranslations();
    expect(access(task, USER)).toBe("--");
  });
});

describe("hits, misses and walks are counted", () => {
  test("a page costs one walk to read and one to write until it is dropped", async () => {
    const task = await taskOf("study", "x86-64");
    const { machine, uaccess } = task;
    task.map({ at: USER, length: PAGE, populate: true });
    const walks = (run: () => void): number => {
      const before = machine.counters().walks;
      run();
      return machine.counters().walks - before;
    };
    expect(walks(() => uaccess.getUser(USER, 4))).toBe(1);
    expect(walks(() => uaccess.getUser(USER + 100, 8))).toBe(0);
    expect(walks(() => uaccess.putUser(USER, 4, 1))).toBe(1);
    expect(walks(() => uaccess.putUser(USER, 4, 1))).toBe(0);
    machine.exports.forgetTranslations();
    expect(walks(() => uaccess.getUser(USER, 4))).toBe(1);
    const { tlbHits, tlbMisses, tlbFlushes, faults } = machine.counters();
    expect({ tlbHits, tlbMisses, tlbFlushes, faults }).toEqual({
      tlbHits: 2,
      tlbMisses: 3,
      tlbFlushes: 1, // when the task came on; forgetting is no flush of the emulated machine
      faults: 0,
    });
  });
});

describe.each(everywhere)("two CPUs, one address space: $build $arch", ({ build, arch }) => {
  async function pair(): Promise<[Task, Task]> {
    const first = await taskOf(build, arch, 3);
    const second = first.machine.createTask({ sharing: first, cpu: 1 });
    first.map({ at: USER, length: 2 * PAGE });
    return [first, second];
  }

  test("what one writes the other reads", async () => {
    const [first, second] = await pair();
    warm(first, USER);
    expect(second.uaccess.getUser(USER, 4).value).toBe(0x1111n);
    second.uaccess.putUser(USER, 4, 0x2222);
    expect(first.uaccess.getUser(USER, 4).value).toBe(0x2222n);
  });

  test("what one takes away the other loses, at once", async () => {
    const [first, second] = await pair();
    for (const task of [first, second]) warm(task, USER);
    first.protect(USER, PAGE, "r");
    expect(access(second, USER)).toBe("r-");
    second.unmap(USER, PAGE);
    expect(access(first, USER)).toBe("--");
    expect(access(second, USER + PAGE)).toBe("rw");
    expect(kindsOf(first.machine)).toEqual([]);
  });

  test("the zero page read by both gives way to one new page", async () => {
    const [first, second] = await pair();
    for (const { uaccess } of [first, second]) expect(uaccess.getUser(USER, 4).value).toBe(0n);
    expect(second.uaccess.putUser(USER, 4, 0x3333)).toBe(0);
    expect(first.uaccess.getUser(USER, 4).value).toBe(0x3333n);
  });

  test("a block held open over the change sees it too", async () => {
    const [first, second] = await pair();
    warm(second, USER);
    expect(second.uaccess.begin("write", USER, 8)).toBe(true);
    expect(second.uaccess.unsafePutUser(USER, 4, 1)).toBe(0);
    first.unmap(USER, PAGE);
    expect(second.uaccess.unsafePutUser(USER + 4, 4, 1)).toBe(-EFAULT);
    second.uaccess.end("write");
    expect(kindsOf(first.machine)).toEqual([]);
  });

  test("a third CPU with another address space is not disturbed", async () => {
    const [first] = await pair();
    const stranger = first.machine.createTask({ cpu: 2 });
    stranger.map({ at: USER, length: PAGE });
    warm(stranger, USER);
    first.unmap(USER, 2 * PAGE);
    expect(access(stranger, USER)).toBe("rw");
  });
});

test("a shootdown is counted for each other CPU of the address space", async () => {
  const task = await taskOf("study", "x86-64", 3);
  const { machine } = task;
  for (const cpu of [1, 2]) machine.createTask({ sharing: task, cpu });
  task.map({ at: USER, length: PAGE, populate: true });
  const before = machine.counters();
  task.unmap(USER, PAGE);
  expect(machine.counters().shootdowns - before.shootdowns).toBe(2);
  expect(machine.counters(1).shootdowns).toBe(0);
});

describe("a CPU in the middle of an access answers a shootdown", () => {
  test("study: the page goes between two accesses of a fiber, never during one", async () => {
    const task = await taskOf("study", "x86-64", 2);
    const { machine } = task;
    machine.createTask({ sharing: task, cpu: 1 });
    const { fibers, rawExports: core } = machine.core;
    task.map({ at: USER, length: PAGE });
    warm(task, USER);
    machine.switchEvery = 1;
    // CPU 0 stops at its yield point, before the access; CPU 1 unmaps and waits for it
    const put = (): number => core.putValue(0, machine.constant("FORM_CHECKED"), USER, 0, 4, 7, 0);
    expect(fibers!.start(put)).toEqual({ done: false, reason: "step" });
    machine.switchEvery = 0;
    const unmap = (): number => core.unmapMemory(1, task.handle, USER, 0, PAGE, 0);
    expect(fibers!.start(unmap)).toEqual({ done: false, reason: "wait" });
    // the access acknowledges, misses, faults, and finds the mmap lock held until the unmapping is through
    expect(fibers!.resume(0, put)).toEqual({ done: false, reason: "wait" });
    expect(fibers!.resume(1, unmap)).toEqual({ done: true, result: 0 });
    expect(fibers!.resume(0, put)).toEqual({ done: true, result: -EFAULT });
    expect(kindsOf(machine)).toEqual([]);
  });
});
