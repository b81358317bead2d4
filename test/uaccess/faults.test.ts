import { describe, expect, test } from "vitest";
import {
  archNames,
  type ArchName,
  type BuildName,
  type CpuContext,
  type KernelBuffer,
  type Machine,
  type Task,
} from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "../machine/pool.ts";

/** Faults, repairs and fixups: which faults are repaired, and what stays behind where one is not. */
const USER = 0x20000;
const BUILDS = ["release", "study", "threads", "profile"] as const;

async function taskOf(build: BuildName, arch = archNames[0]!, cpus = 1): Promise<Task> {
  return (await machineOf({ build, arch, cpus, memory: "1M" })).createTask();
}

describe.each(BUILDS)("where a fault may not be repaired: %s", (build) => {
  test("pagefault_disable nests: the third enable allows repair again", async () => {
    const task = await taskOf(build);
    const { uaccess } = task;
    task.map({ at: USER, length: PAGE });
    for (let depth = 0; depth < 3; depth++) uaccess.pagefaultDisable();
    for (let enables = 0; enables < 3; enables++) {
      expect(uaccess.putUser(USER, 4, 1)).toBe(-EFAULT);
      expect(task.linearOf(USER)).toBeNull();
      uaccess.pagefaultEnable();
    }
    expect(uaccess.putUser(USER, 4, 1)).toBe(0);
    expect(kindsOf(task.machine)).toEqual([]);
    uaccess.pagefaultEnable();
    expect(kindsOf(task.machine)).toEqual(["pagefault-unbalanced"]);
    expect(uaccess.getUser(USER, 4)).toEqual({ error: 0, value: 1n });
  });

  const contexts: CpuContext[] = ["softirq", "irq", "nmi"];

  test.each(contexts)(
    "in %s: pages that are there work, others take the fixup",
    async (context) => {
      const task = await taskOf(build);
      const { uaccess } = task;
      task.map({ at: USER, length: 2 * PAGE });
      uaccess.putUser(USER, 4, 5);
      uaccess.setContext(context);
      expect(uaccess.getUserUnchecked(USER, 4).value).toBe(5n);
      expect(uaccess.putUserUnchecked(USER + PAGE, 4, 5)).toBe(-EFAULT);
      expect(task.linearOf(USER + PAGE)).toBeNull();
      uaccess.setContext("task");
      expect(uaccess.putUserUnchecked(USER + PAGE, 4, 5)).toBe(0);
      expect(kindsOf(task.machine)).toEqual([]);
    },
  );

  test("preemption disabled: likewise, and the counter nests", async () => {
    const task = await taskOf(build);
    const { uaccess } = task;
    task.map({ at: USER, length: PAGE });
    uaccess.preemptDisable();
    uaccess.preemptDisable();
    uaccess.preemptEnable();
    expect(uaccess.getUserUnchecked(USER, 4).error).toBe(-EFAULT);
    uaccess.preemptEnable();
    expect(uaccess.getUserUnchecked(USER, 4).error).toBe(0);
    expect(kindsOf(task.machine)).toEqual([]);
    uaccess.preemptEnable();
    expect(kindsOf(task.machine)).toEqual(["preempt-unbalanced"]);
  });

  test("nofault and nmi forms repair nothing, and leave the counter as it was", async () => {
    const task = await taskOf(build);
    const { uaccess } = task;
    const buffer = task.machine.allocKernel(64);
    task.map({ at: USER, length: PAGE });
    expect(uaccess.copyFromUserNofault(buffer, USER, 8)).toBe(-EFAULT);
    expect(uaccess.copyToUserNofault(USER, buffer, 8)).toBe(-EFAULT);
    expect(uaccess.copyFromUserNmi(buffer, USER, 8)).toBe(8);
    expect(uaccess.strncpyFromUserNofault(buffer, USER, 8)).toBe(-EFAULT);
    expect(uaccess.strnlenUserNofault(USER, 8)).toBe(0);
    expect(task.linearOf(USER)).toBeNull();
    expect(uaccess.copyFromUser(buffer, USER, 8)).toBe(0);
    expect(kindsOf(task.machine)).toEqual([]);
  });

  test("a CPU without an address space can only fail", async () => {
    const task = await taskOf(build);
    task.map({ at: USER, length: PAGE, populate: true });
    const buffer = task.machine.allocKernel(8);
    task.machine.exports.runTask(0, 0);
    expect(task.uaccess.getUser(USER, 4).error).toBe(-EFAULT);
    expect(task.uaccess.copyToUser(USER, buffer, 8)).toBe(8);
    expect(task.uaccess.copyFromUserNofault(buffer, USER, 8)).toBe(-EFAULT);
    expect(task.uaccess.copyToUserNofault(USER, buffer, 8)).toBe(-EFAULT);
    expect(task.uaccess.strnlenUserNofault(USER, 8)).toBe(0);
    expect(kindsOf(task.machine)).toEqual([]);
  });
});

describe("might_fault", () => {
  const inBuffer = (task: Task): KernelBuffer => task.machine.allocKernel(8);
  const mayFault: Record<string, (task: Task) => unknown> = {
    getUser: ({ uaccess }) => uaccess.getUser(USER, 4),
    putUser: ({ uaccess }) => uaccess.putUser(USER, 4, 1),
    copyFromUser: (task) => task.uaccess.copyFromUser(inBuffer(task), USER, 8),
    copyToUser: (task) => task.uaccess.copyToUser(USER, inBuffer(task), 8),
    copyFromUserUnchecked: (task) => task.uaccess.copyFromUserUnchecked(inBuffer(task), USER, 8),
    copyToUserUnchecked: (task) => task.uaccess.copyToUserUnchecked(USER, inBuffer(task), 8),
    clearUser: ({ uaccess }) => uaccess.clearUser(USER, 8),
    strncpyFromUser: (task) => task.uaccess.strncpyFromUser(inBuffer(task), USER, 8),
    strnlenUser: ({ uaccess }) => uaccess.strnlenUser(USER, 8),
    copyStructFromUser: (task) => task.uaccess.copyStructFromUser(inBuffer(task), 8, USER, 8),
    copyStructToUser: (task) => task.uaccess.copyStructToUser(USER, 8, inBuffer(task), 8),
  };
  const uncheckedValues: Record<string, (task: Task) => unknown> = {
    getUserUnchecked: ({ uaccess }) => uaccess.getUserUnchecked(USER, 4),
    putUserUnchecked: ({ uaccess }) => uaccess.putUserUnchecked(USER, 4, 1),
  };
  const neverSleep: Record<string, (task: Task) => unknown> = {
    copyFromUserInatomic: (task) => task.uaccess.copyFromUserInatomic(inBuffer(task), USER, 8),
    copyToUserInatomic: (task) => task.uaccess.copyToUserInatomic(USER, inBuffer(task), 8),
    checkZeroedUser: ({ uaccess }) => uaccess.checkZeroedUser(USER, 4),
    clearUserUnchecked: ({ uaccess }) => uaccess.clearUserUnchecked(USER, 8),
    copyFromUserNofault: (task) => task.uaccess.copyFromUserNofault(inBuffer(task), USER, 8),
    copyToUserNofault: (task) => task.uaccess.copyToUserNofault(USER, inBuffer(task), 8),
    copyFromUserNmi: (task) => task.uaccess.copyFromUserNmi(inBuffer(task), USER, 8),
    strncpyFromUserNofault: (task) => task.uaccess.strncpyFromUserNofault(inBuffer(task), USER, 8),
    strnlenUserNofault: ({ uaccess }) => uaccess.strnlenUserNofault(USER, 8),
    unsafeGetUser: ({ uaccess }) => {
      uaccess.begin("read", USER, 4);
      const got = uaccess.unsafeGetUser(USER, 4);
      uaccess.end("read");
      return got;
    },
  };

  /** What a call records where nobody may sleep; with page faults disabled as well it must record nothing more. */
  async function recorded(arch: ArchName, run: (task: Task) => unknown): Promise<string[][]> {
    const found: string[][] = [];
    for (const atomic of ["irq", "preempt"] as const) {
      const task = await taskOf("release", arch);
      const { uaccess } = task;
      task.map({ at: USER, length: PAGE, populate: true });
      const quiet = run(task);
      if (atomic === "irq") uaccess.setContext("irq");
      else uaccess.preemptDisable();
      expect(run(task)).toEqual(quiet);
      const kinds = kindsOf(task.machine);
      uaccess.pagefaultDisable();
      run(task);
      expect(kindsOf(task.machine)).toEqual(kinds);
      found.push(kinds);
    }
    return found;
  }

  const reported = [["sleep-in-atomic"], ["sleep-in-atomic"]];

  describe.each(archNames)("%s", (arch) => {
    test.each(Object.keys(mayFault))("%s may", async (name) => {
      expect(await recorded(arch, mayFault[name]!)).toEqual(reported);
    });

    test.each(Object.keys(uncheckedValues))(
      "%s: only where it is the checked form",
      async (name) => {
        const expected = arch.startsWith("arm64") ? reported : [[], []];
        expect(await recorded(arch, uncheckedValues[name]!)).toEqual(expected);
      },
    );

    test.each(Object.keys(neverSleep))("%s may not", async (name) => {
      expect(await recorded(arch, neverSleep[name]!)).toEqual([[], []]);
    });
  });
});

describe.each(BUILDS)("what a repair makes of a page: %s", (build) => {
  test("demand zero, and the shared zero page until the first write", async () => {
    const task = await taskOf(build);
    const other = task.machine.createTask({ cpu: null });
    for (const each of [task, other]) each.map({ at: USER, length: 2 * PAGE });
    task.runOn(0);
    const inUse = task.machine.framesInUse;
    expect(task.uaccess.getUser(USER, 8)).toEqual({ error: 0, value: 0n });
    other.runOn(0);
    expect(other.uaccess.getUser(USER + PAGE, 8)).toEqual({ error: 0, value: 0n });
    const zero = task.linearOf(USER)!;
    expect(other.linearOf(USER + PAGE)).toBe(zero);
    const tables = task.machine.framesInUse - inUse;
    expect(other.uaccess.putUser(USER + PAGE, 4, 9)).toBe(0);
    expect(other.linearOf(USER + PAGE)).not.toBe(zero);
    expect(task.machine.framesInUse - inUse).toBe(tables + 1);
    expect(other.uaccess.getUser(USER + PAGE, 4).value).toBe(9n);
    task.runOn(0);
    expect(task.uaccess.getUser(USER, 8).value).toBe(0n);
    expect(task.linearOf(USER)).toBe(zero);
    expect(task.machine.bytes[zero]).toBe(0);
  });

  test("a private page of a file is read in place and copied when written", async () => {
    const task = await taskOf(build);
    const { machine } = task;
    const file = machine.createFile(PAGE);
    file.page(0).set([1, 2, 3, 4]);
    task.map({ at: USER, length: PAGE, file });
    task.map({ at: USER + PAGE, length: PAGE, file, shared: true });
    const { uaccess } = task;
    expect(uaccess.getUser(USER, 4).value).toBe(0x04030201n);
    expect(task.linearOf(USER)).toBe(file.page(0).byteOffset);
    expect(uaccess.putUser(USER, 1, 0x77)).toBe(0);
    expect(uaccess.getUser(USER, 4).value).toBe(0x04030277n);
    expect(file.page(0)[0]).toBe(1);
    expect(uaccess.putUser(USER + PAGE, 1, 0x55)).toBe(0);
    expect(file.page(0)[0]).toBe(0x55);
    expect(uaccess.getUser(USER, 1).value).toBe(0x77n);
    task.exit();
    file.close();
    expect(machine.framesInUse).toBe(1);
  });

  test("SIGBUS past the end of a file: the copy stops there exactly", async () => {
    const task = await taskOf(build);
    const file = task.machine.createFile(PAGE + 10);
    task.map({ at: USER, length: 4 * PAGE, file, shared: true });
    const buffer = task.machine.allocKernel(4 * PAGE);
    expect(task.uaccess.copyFromUser(buffer, USER + 100, 3 * PAGE)).toBe(PAGE + 100);
    expect(task.uaccess.copyToUser(USER + 2 * PAGE - 3, buffer, 8)).toBe(5);
    expect(task.uaccess.getUser(USER + 2 * PAGE, 1).error).toBe(-EFAULT);
    expect(task.touch(USER + 2 * PAGE, "read")).toBe(false);
    expect(() => file.page(2)).toThrow("valid: a whole number from 0 to 1");
  });

  test.each([
    ["none", -EFAULT, -EFAULT],
    ["r", 0, -EFAULT],
    ["x", 0, -EFAULT],
    ["w", 0, 0],
    ["rw", 0, 0],
  ])("protection %s: read gives %i, write gives %i", async (protection, read, write) => {
    const task = await taskOf(build);
    task.map({ at: USER, length: PAGE }).write(0, Uint8Array.of(7));
    for (let round = 0; round < 2; round++) {
      task.protect(USER, PAGE, protection);
      const { error, value } = task.uaccess.getUser(USER, 1);
      expect([error, value]).toEqual([read, read === 0 ? 7n : 0n]);
      expect(task.uaccess.putUser(USER, 1, 7)).toBe(write);
      expect(task.touch(USER, "write")).toBe(write === 0);
      task.protect(USER, PAGE, "rw");
      expect(task.uaccess.putUser(USER, 1, 7)).toBe(0);
    }
    expect(task.oopsed).toBe(false);
    expect(kindsOf(task.machine)).toEqual([]);
  });

  test("with RAM full the copy stops at the page that cannot be had", async () => {
    const task = await taskOf(build);
    const buffer = task.machine.allocKernel(PAGE);
    task.map({ at: USER, length: 2 << 20 });
    let pages = 0;
    while (task.uaccess.copyToUser(USER + pages * PAGE, buffer, PAGE) === 0) pages += 1;
    expect(pages).toBeGreaterThan(100);
    expect(task.uaccess.copyToUser(USER + pages * PAGE - 5, buffer, 10)).toBe(5);
    expect(task.unmap(USER, PAGE)).toBe(0);
    expect(task.uaccess.copyToUser(USER + pages * PAGE - 5, buffer, 10)).toBe(0);
  });
});

describe("accessed and dirty", () => {
  const ACCESSED = 1n << 5n;
  const DIRTY = 1n << 6n;
  const bitsOf = (task: Task): bigint => task.entryOf(USER).entry & (ACCESSED | DIRTY);

  test.each(archNames)(
    "%s: a read marks the entry accessed, a write dirty as well",
    async (arch) => {
      const task = await taskOf("release", arch);
      const file = task.machine.createFile(PAGE);
      task.map({ at: USER, length: PAGE, file, shared: true });
      expect(bitsOf(task)).toBe(0n);
      task.uaccess.getUser(USER, 4);
      expect(bitsOf(task)).toBe(ACCESSED);
      task.uaccess.putUser(USER, 4, 1);
      expect(bitsOf(task)).toBe(ACCESSED | DIRTY);
      expect(task.protect(USER, PAGE, "r")).toBe(0);
      expect(bitsOf(task)).toBe(ACCESSED | DIRTY);
    },
  );

  test("asking sets nothing, counts nothing and faults nothing in", async () => {
    const task = await taskOf("study");
    const mapping = task.map({ at: USER, length: PAGE });
    const before = [task.machine.counters(), task.machine.eventCount, task.machine.framesInUse];
    expect(task.linearOf(USER)).toBeNull();
    expect(task.entryOf(USER).entry).toBe(0n);
    expect(mapping.read(0, PAGE).every((byte) => byte === 0)).toBe(true);
    expect(task.vmas()).toHaveLength(1);
    expect([task.machine.counters(), task.machine.eventCount, task.machine.framesInUse]).toEqual(
      before,
    );
  });
});

describe("the order of things", () => {
  function eventsOf(machine: Machine, run: () => void): string[] {
    const since = machine.eventCount;
    run();
    return machine.events(since).map((event) => event.kind);
  }

  test("a closed guard comes before everything: no fault is taken, nothing repaired", async () => {
    const task = await taskOf("study");
    task.map({ at: USER, length: PAGE });
    expect(eventsOf(task.machine, () => task.uaccess.unsafePutUser(USER, 4, 1))).toEqual([]);
    expect(task.linearOf(USER)).toBeNull();
    expect(task.oopsed).toBe(true);
  });

  test("where repair is forbidden no lock is taken", async () => {
    const task = await taskOf("study");
    task.map({ at: USER, length: PAGE });
    task.uaccess.pagefaultDisable();
    const kinds = eventsOf(task.machine, () => task.uaccess.getUserUnchecked(USER, 4));
    expect(kinds).toEqual(["guard-open", "walk", "fault", "fixup", "guard-close"]);
  });

  test("else the lock, the area, the page, and the instruction again", async () => {
    const task = await taskOf("study");
    task.map({ at: USER, length: PAGE });
    const get = (at: number): string[] =>
      eventsOf(task.machine, () => task.uaccess.getUserUnchecked(at, 4));
    const repair = ["guard-open", "walk", "fault", "mmap-lock", "mmap-lock"];
    expect(get(USER)).toEqual([...repair, "walk", "load", "guard-close"]);
    expect(get(USER)).toEqual(["guard-open", "load", "guard-close"]);
    expect(get(USER + PAGE)).toEqual([...repair, "fixup", "guard-close"]);
  });

  test.each(["x86-64", "powerpc-book3s64", "riscv64-block-guard"] as const)(
    "%s: the guard is closed in the handler and open again behind it",
    async (arch) => {
      const task = await taskOf("study", arch, 2);
      const { machine } = task;
      const { fibers, rawExports: core } = machine.core;
      task.map({ at: USER, length: PAGE });
      // somebody else holds the mmap lock, so that the handler has to wait and can be looked at
      core.holdMmapLock(1, task.handle, 2);
      const put = (): number =>
        core.putValue(0, machine.constant("FORM_CHECKED"), USER, 0, 4, 7, 0);
      expect(fibers!.start(put)).toEqual({ done: false, reason: "wait" });
      expect(core.guardDirections(0)).toBe(0);
      core.dropMmapLock(1, task.handle, 2);
      expect(fibers!.resume(0, put)).toEqual({ done: true, result: 0 });
      expect(core.guardDirections(0)).toBe(0);
      expect(task.uaccess.getUser(USER, 4).value).toBe(7n);

      // in a block the fixup runs with the guard open, and the block has to end it
      task.uaccess.begin("write", USER + PAGE, 4);
      expect(task.uaccess.unsafePutUser(USER + PAGE, 4, 1)).toBe(-EFAULT);
      expect(task.uaccess.openDirections.write).toBe(true);
      task.uaccess.end("write");
      expect(kindsOf(machine)).toEqual([]);
    },
  );

  test.each(["release", "study"] as const)(
    "%s: a lock nobody can wait for is reported",
    async (build) => {
      const task = await taskOf(build);
      task.map({ at: USER, length: PAGE });
      task.machine.exports.holdMmapLock(0, task.handle, 2);
      expect(task.uaccess.putUser(USER, 4, 1)).toBe(-EFAULT);
      expect(kindsOf(task.machine)).toEqual(["needs-scheduler"]);
      task.machine.exports.dropMmapLock(0, task.handle, 2);
      expect(task.uaccess.putUser(USER, 4, 1)).toBe(0);
    },
  );
});
