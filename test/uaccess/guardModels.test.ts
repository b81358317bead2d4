import { describe, expect, test } from "vitest";
import {
  archNames,
  kernelVersions,
  type ArchName,
  type BuildName,
  type Task,
} from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "../machine/pool.ts";

/** What single guard models do that others do not. */
const USER = 0x20000;
const BUILDS = ["release", "study", "threads", "profile"] as const;

async function taskOf(arch: ArchName, build: BuildName = "release"): Promise<Task> {
  const task = (await machineOf({ arch, build, memory: "1M" })).createTask();
  task.map({ at: USER, length: 2 * PAGE, populate: true });
  return task;
}

const saving: ArchName[] = ["x86-64", "powerpc-8xx", "powerpc-book3s32", "powerpc-book3s64"];

describe.each(BUILDS)("save and restore: %s", (build) => {
  test.each(saving)("%s closes a block, and opens it as it was", async (arch) => {
    const { uaccess, machine } = await taskOf(arch, build);
    uaccess.begin("write", USER, 8);
    const open = uaccess.openDirections;
    const saved = uaccess.save();
    expect(uaccess.openDirections).toEqual({ read: false, write: false });
    expect(uaccess.unsafePutUser(USER, 4, 1)).toBe(-EFAULT);
    expect(kindsOf(machine)).toEqual(["guard-closed-access"]);
    uaccess.restore(saved);
    expect(uaccess.openDirections).toEqual(open);
    expect(uaccess.unsafePutUser(USER, 4, 1)).toBe(0);
    uaccess.end("write");
    uaccess.returnToUser();
    expect(kindsOf(machine)).toHaveLength(1);
  });

  test.each(saving)("%s: they nest, and primitives run in between", async (arch) => {
    const { uaccess, machine } = await taskOf(arch, build);
    uaccess.begin("write", USER, 8);
    const outer = uaccess.save();
    expect(uaccess.putUser(USER, 4, 5)).toBe(0);
    uaccess.begin("read", USER, 8);
    const inner = uaccess.save();
    expect(uaccess.getUser(USER, 4).value).toBe(5n);
    uaccess.restore(inner);
    expect(uaccess.unsafeGetUser(USER, 4).value).toBe(5n);
    uaccess.end("read");
    const closed = uaccess.save();
    uaccess.restore(closed);
    expect(uaccess.openDirections).toEqual({ read: false, write: false });
    uaccess.restore(outer);
    expect(uaccess.unsafePutUser(USER, 4, 6)).toBe(0);
    uaccess.end("write");
    expect(kindsOf(machine)).toEqual([]);
  });

  test.each(archNames.filter((arch) => !saving.includes(arch)))(
    "%s: save gives 0 and neither does anything",
    async (arch) => {
      const { uaccess, machine } = await taskOf(arch, build);
      uaccess.begin("write", USER, 8);
      const open = uaccess.openDirections;
      expect(uaccess.save()).toBe(0);
      expect(uaccess.openDirections).toEqual(open);
      uaccess.restore(0xffffffff);
      expect(uaccess.openDirections).toEqual(open);
      expect(uaccess.unsafePutUser(USER, 4, 1)).toBe(0);
      expect(kindsOf(machine)).toEqual([]);
    },
  );

  test.each(saving)("%s: any token at all is safe to restore", async (arch) => {
    const { uaccess } = await taskOf(arch, build);
    for (const token of [0, 1, 2, 3, 0xff, 0x12345678, 0xffffffff]) {
      uaccess.restore(token);
      uaccess.putUser(USER, 4, 1);
      uaccess.sleep();
      expect(uaccess.openDirections).toEqual({ read: false, write: false });
      expect(uaccess.putUser(USER, 4, token)).toBe(0);
    }
  });
});

describe.each(BUILDS)("powerpc-book3s32, one 256 MB segment: %s", (build) => {
  const LAST = 0x2ffffffc;
  const FIRST = 0x30000000;

  async function borderTask(): Promise<Task> {
    const task = await taskOf("powerpc-book3s32", build);
    task.map({ at: 0x2ffff000, length: 2 * PAGE, populate: true });
    return task;
  }

  /** The segment that a save says is open for writing. */
  function openSegment({ uaccess }: Task): number {
    const token = uaccess.save();
    uaccess.restore(token);
    return token >>> 4;
  }

  test("a store to the next segment moves the window there; reads are free", async () => {
    const task = await borderTask();
    const { uaccess, machine } = task;
    uaccess.begin("write", LAST, 8);
    expect(uaccess.unsafePutUser(LAST, 4, 0x01020304)).toBe(0);
    expect(openSegment(task)).toBe(2);
    expect(uaccess.unsafePutUser(FIRST, 4, 0x05060708)).toBe(0);
    expect(openSegment(task)).toBe(3);
    expect(uaccess.unsafeGetUser(LAST, 4).value).toBe(0x01020304n);
    expect(uaccess.unsafeGetUser(USER, 4).value).toBe(0n);
    expect(openSegment(task)).toBe(3);
    expect(uaccess.unsafePutUser(LAST, 4, 9)).toBe(0);
    expect(openSegment(task)).toBe(2);
    uaccess.end("write");
    expect(kindsOf(machine)).toEqual([]);
  });

  test("a store across the border is emulated, a copy over it too", async () => {
    const { uaccess, machine } = await borderTask();
    expect(uaccess.putUser(FIRST - 2, 4, 0xddccbbaa)).toBe(0);
    expect(uaccess.getUser(FIRST - 2, 4).value).toBe(0xddccbbaan);
    const source = machine.allocKernel(PAGE);
    source.bytes.fill(0x3c);
    expect(uaccess.copyToUser(FIRST - 100, source, 200)).toBe(0);
    const back = machine.allocKernel(200);
    expect(uaccess.copyFromUser(back, FIRST - 100, 200)).toBe(0);
    expect(back.bytes.every((byte) => byte === 0x3c)).toBe(true);
    expect(uaccess.clearUser(FIRST - 4, 8)).toBe(0);
    expect(uaccess.getUser(FIRST - 4, 8).value).toBe(0n);
    expect(kindsOf(machine)).toEqual([]);
  });

  test("a page is written through one segment and taken away: no window keeps it", async () => {
    const task = await borderTask();
    task.uaccess.putUser(FIRST, 4, 1);
    task.uaccess.putUser(LAST, 4, 1);
    task.unmap(FIRST, PAGE);
    expect(task.uaccess.putUser(FIRST, 4, 1)).toBe(-EFAULT);
    expect(task.uaccess.putUser(LAST, 4, 1)).toBe(0);
  });

  test("address bits above the 32nd name no segment beyond the last", async () => {
    const task = await borderTask();
    const { exports: core } = task.machine;
    const form = task.machine.constant("FORM_CHECKED");
    expect(core.putValue(0, form, USER, 1, 4, 0x77, 0)).toBe(0);
    expect(
      core.accessBegin(0, USER, 0xffff_0000, 4, task.machine.constant("DIRECTION_WRITE")),
    ).toBe(1);
    expect(openSegment(task)).toBe(0);
  });
});

/** AMR bits of a key: the upper denies writing, the lower reading; key 0 stands in the top two (book3s/64/kup.h). */
const denial = (key: number, bits: bigint): bigint => bits << BigInt(62 - 2 * key);
const NO_WRITE = 2n;
const NO_READ = 1n;

describe.each(BUILDS)("powerpc-book3s64, the user's own keys: %s", (build) => {
  const KEYED = 0x40000;

  async function keyedTask(): Promise<Task> {
    const task = await taskOf("powerpc-book3s64", build);
    task.map({ at: KEYED, length: PAGE, protectionKey: 5, populate: true });
    return task;
  }

  test("a denial goes to the fixup: no finding, no oops, other keys untouched", async () => {
    const task = await keyedTask();
    task.setProtectionKeys(denial(5, NO_WRITE));
    expect(task.uaccess.putUser(KEYED, 4, 1)).toBe(-EFAULT);
    expect(task.uaccess.getUser(KEYED, 4).error).toBe(0);
    expect(task.uaccess.putUser(USER, 4, 1)).toBe(0);
    task.setProtectionKeys(denial(5, NO_READ));
    expect(task.uaccess.getUser(KEYED, 4)).toEqual({ error: -EFAULT, value: 0n });
    expect(task.uaccess.putUser(KEYED, 4, 1)).toBe(0);
    expect(task.oopsed).toBe(false);
    expect(kindsOf(task.machine)).toEqual([]);
  });

  test.each([0, 5])("new keys count at once, though the TLB is warm: key %i", async (key) => {
    const task = await keyedTask();
    const at = key === 0 ? USER : KEYED;
    for (const address of [at, at + 4]) expect(task.uaccess.getUser(address, 4).error).toBe(0);
    expect(task.uaccess.putUser(at, 4, 1)).toBe(0);
    task.setProtectionKeys(denial(key, NO_READ | NO_WRITE));
    expect(task.uaccess.getUser(at, 4).error).toBe(-EFAULT);
    expect(task.uaccess.putUser(at, 4, 1)).toBe(-EFAULT);
    task.setProtectionKeys(0n);
    expect(task.uaccess.getUser(at, 4)).toEqual({ error: 0, value: 1n });
  });

  test("keys are a thread's own, also where the address space is shared", async () => {
    const task = await keyedTask();
    const other = task.machine.createTask({ sharing: task });
    other.setProtectionKeys(denial(5, NO_READ));
    task.runOn(0);
    expect(task.uaccess.getUser(KEYED, 4).error).toBe(0);
    other.runOn(0);
    expect(other.uaccess.getUser(KEYED, 4).error).toBe(-EFAULT);
    expect(task.cpu).toBe(other.cpu);
  });

  test("a denied write to a page that is not there yet ends as a denial, not in a loop", async () => {
    const task = await keyedTask();
    task.map({ at: KEYED + PAGE, length: PAGE, protectionKey: 5 });
    task.setProtectionKeys(denial(5, NO_WRITE));
    expect(task.uaccess.putUser(KEYED + PAGE, 4, 1)).toBe(-EFAULT);
    expect(task.uaccess.getUser(KEYED + PAGE, 4)).toEqual({ error: 0, value: 0n });
  });
});

/** [opens to read, opens to write] of a read block of 3 and a write block of 9 fields, and of 2 gets and 2 puts. */
const toggles: Record<ArchName, { blocks: [number, number]; singles: [number, number] }> = {
  "x86-64": { blocks: [1, 1], singles: [2, 2] },
  "powerpc-8xx": { blocks: [1, 1], singles: [2, 2] },
  "powerpc-book3s32": { blocks: [0, 1], singles: [0, 2] },
  "powerpc-book3s64": { blocks: [1, 1], singles: [2, 2] },
  "arm64-pan": { blocks: [0, 0], singles: [0, 0] },
  "arm64-ttbr0": { blocks: [1, 1], singles: [2, 2] },
  riscv64: { blocks: [3, 9], singles: [2, 2] },
  "riscv64-block-guard": { blocks: [1, 1], singles: [2, 2] },
  none: { blocks: [0, 0], singles: [0, 0] },
};

describe("how often the guard is opened and closed", () => {
  function counted(
    task: Task,
    run: () => void,
  ): { opens: [number, number]; closes: [number, number] } {
    const before = task.machine.counters();
    run();
    const after = task.machine.counters();
    const rise = (name: keyof typeof after): number => after[name] - before[name];
    return {
      opens: [rise("guardOpensRead"), rise("guardOpensWrite")],
      closes: [rise("guardClosesRead"), rise("guardClosesWrite")],
    };
  }

  test.each(archNames)("%s", async (arch) => {
    const task = await taskOf(arch, "study");
    const { uaccess } = task;
    const blocks = counted(task, () => {
      uaccess.begin("read", USER, 64);
      for (let field = 0; field < 3; field++) uaccess.unsafeGetUser(USER + 4 * field, 4);
      uaccess.end("read");
      uaccess.begin("write", USER, 64);
      for (let field = 0; field < 9; field++) uaccess.unsafePutUser(USER + 4 * field, 4, field);
      uaccess.end("write");
    });
    expect(blocks).toEqual({ opens: toggles[arch].blocks, closes: toggles[arch].blocks });
    const singles = counted(task, () => {
      for (const at of [USER, USER + 4]) {
        uaccess.getUser(at, 4);
        uaccess.putUser(at, 4, 1);
      }
    });
    expect(singles).toEqual({ opens: toggles[arch].singles, closes: toggles[arch].singles });
  });

  test.each(["riscv64", "riscv64-block-guard"] as const)(
    "%s: the profile chooses the form of the guard, the kernel's version does not",
    async (arch) => {
      for (const kernel of kernelVersions) {
        const machine = await machineOf({ arch, kernel, build: "study", memory: "1M" });
        const task = machine.createTask();
        task.map({ at: USER, length: PAGE, populate: true });
        const { opens } = counted(task, () => {
          task.uaccess.begin("write", USER, 64);
          for (let field = 0; field < 9; field++) task.uaccess.unsafePutUser(USER, 4, field);
          task.uaccess.end("write");
        });
        expect([kernel, opens]).toEqual([kernel, [0, toggles[arch].blocks[1]]]);
      }
    },
  );

  test.each(saving)("%s: save closes and restore opens", async (arch) => {
    const task = await taskOf(arch, "study");
    task.uaccess.begin("write", USER, 8);
    const { opens, closes } = counted(task, () => task.uaccess.restore(task.uaccess.save()));
    expect({ opens, closes }).toEqual({ opens: [0, 1], closes: [0, 1] });
  });

  test.each([
    ["riscv64", 1],
    ["riscv64-block-guard", 0],
    ["none", 0],
  ] as const)("%s: unsafe_copy_to_user is one routine, %i opening", async (arch, opens) => {
    const task = await taskOf(arch, "study");
    const buffer = task.machine.allocKernel(32);
    task.uaccess.begin("write", USER, 64);
    const inBlock = counted(task, () => task.uaccess.unsafeCopyToUser(USER, buffer, 31));
    expect(inBlock.opens).toEqual([0, opens]);
    expect(task.machine.counters().unsafePuts).toBe(0);
  });
});
