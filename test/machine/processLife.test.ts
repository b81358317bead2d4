import { afterEach, describe, expect, test } from "vitest";
import type { Machine, Task } from "../../src/index.ts";
import { audit } from "./frames.ts";
import { letters } from "./letters.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "./pool.ts";

/** fork, exec, exit, and stacks that grow. */

const BASE = 0x400000;
const HUGE = 2 << 20;
const at = (page: number): number => BASE + page * PAGE;
let machine: Machine;
let tasks: Task[] = [];

async function newTask(memory = "32M"): Promise<Task> {
  machine = await machineOf({ memory });
  const task = machine.createTask();
  tasks.push(task);
  return task;
}

function fork(parent: Task): Task {
  const child = parent.fork();
  tasks.push(child);
  return child;
}

/** The program itself stores a byte; true where it may. */
function store(task: Task, address: number, value: number): boolean {
  task.runOn(0);
  return task.uaccess.putUser(address, 1, value) === 0;
}

function load(task: Task, address: number): bigint {
  task.runOn(0);
  return task.uaccess.getUser(address, 1).value;
}

afterEach(() => {
  for (const task of tasks) task.exit();
  tasks = [];
  expect(machine.framesInUse).toBe(1);
  audit(machine);
  expect(kindsOf(machine)).toEqual([]);
});

describe("fork", () => {
  test("private pages are in both, until one writes", async () => {
    const parent = await newTask();
    parent.map({ at: at(0), length: 3 * PAGE });
    store(parent, at(0), 1);
    store(parent, at(1), 2);
    parent.touch(at(2), "read");
    const child = fork(parent);
    expect([letters(parent, at(0), 3), letters(child, at(0), 3)]).toEqual(["aaZ", "aaZ"]);
    store(child, at(0), 9);
    expect([letters(parent, at(0), 3), letters(child, at(0), 3)]).toEqual(["AaZ", "AaZ"]);
    expect([load(parent, at(0)), load(child, at(0))]).toEqual([1n, 9n]);
    store(parent, at(1), 8);
    expect([load(parent, at(1)), load(child, at(1))]).toEqual([8n, 2n]);
  });

  test("the last owner takes the page over without a copy", async () => {
    const parent = await newTask();
    parent.map({ at: at(0), length: PAGE });
    store(parent, at(0), 1);
    const page = parent.linearOf(at(0));
    const child = parent.fork();
    expect(parent.pageState(at(0))).toMatchObject({ mapcount: 2, exclusive: false });
    child.exit();
    expect(letters(parent, at(0), 1)).toBe("A");
    store(parent, at(0), 2);
    expect(parent.linearOf(at(0))).toBe(page);
    expect(parent.pageState(at(0)).exclusive).toBe(true);
  });

  test("entries are copied only of areas with private pages", async () => {
    const parent = await newTask();
    const file = machine.createFile(4 * PAGE);
    for (let page = 0; page < 4; page++) file.page(page);
    parent.map({ at: at(0), length: 2 * PAGE });
    parent.map({ at: at(3), length: 2 * PAGE, shared: true });
    parent.map({ at: at(6), length: 2 * PAGE, file });
    parent.map({ at: at(9), length: 2 * PAGE, file, filePage: 2 });
    parent.map({ at: at(12), length: 2 * PAGE });
    for (const page of [0, 3, 6, 9]) parent.touch(at(page), "read");
    parent.touch(at(10), "write");
    parent.advise(at(13), PAGE, "guard_install");
    const child = fork(parent);
    expect(letters(parent, at(0), 14)).toBe("Z..F..FF.Fa..G");
    expect(letters(child, at(0), 14)).toBe(".........Fa..G");
    file.close();
  });

  test.each([
    ["dontfork", -EFAULT],
    ["wipeonfork", 0],
  ] as const)("%s of a part of a huge page: the child has nothing of it", async (advice, error) => {
    const parent = await newTask();
    parent.map({ at: at(0), length: HUGE });
    parent.advise(at(0), HUGE, "hugepage");
    store(parent, at(0), 1);
    store(parent, at(2), 2);
    expect(parent.advise(at(2), HUGE - 2 * PAGE, advice)).toBe(0);
    const child = fork(parent);
    expect(load(child, at(0))).toBe(1n);
    expect(child.uaccess.getUser(at(2), 1)).toMatchObject({ error, value: 0n });
  });

  test("what madvise, mlock and userfaultfd say of children", async () => {
    const parent = await newTask();
    for (const page of [0, 2, 4, 6]) parent.map({ at: at(page), length: PAGE });
    for (const page of [0, 2, 4]) store(parent, at(page), 1);
    parent.advise(at(0), PAGE, "dontfork");
    parent.advise(at(2), PAGE, "wipeonfork");
    parent.lockMemory(at(4), PAGE);
    parent.registerMissing(at(6), PAGE);
    const child = fork(parent);
    expect(child.vmas().map(({ start }) => Number(start))).toEqual([at(2), at(4), at(6)]);
    expect(letters(child, at(0), 7)).toBe("....a..");
    expect(child.advise(at(4), PAGE, "dontneed")).toBe(0);
    expect(child.touch(at(6), "write")).toBe(true);
    expect(parent.touch(at(6), "write")).toBe(false);
    expect(load(child, at(2))).toBe(0n);
  });

  test("shared memory stays shared", async () => {
    const parent = await newTask();
    parent.map({ at: at(0), length: PAGE, shared: true });
    const child = fork(parent);
    store(child, at(0), 5);
    expect(load(parent, at(0))).toBe(5n);
  });

  test("a huge page is split by the first who writes; the huge zero page stays one", async () => {
    const parent = await newTask();
    parent.map({ at: BASE, length: 2 * HUGE });
    parent.advise(BASE, 2 * HUGE, "hugepage");
    store(parent, BASE, 1);
    parent.touch(BASE + HUGE, "read");
    const child = fork(parent);
    expect(letters(child, BASE + HUGE, 1)).toBe("z");
    store(child, at(1), 7);
    expect(child.entryOf(BASE).level).toBe(1);
    expect(parent.entryOf(BASE).level).toBe(2);
    expect(letters(child, BASE, 3)).toBe("HAH");
    expect([load(parent, BASE), load(child, BASE)]).toEqual([1n, 1n]);
    expect([load(parent, at(1)), load(child, at(1))]).toEqual([0n, 7n]);
  });

  test("without the memory for it, the parent goes on as before", async () => {
    const parent = await newTask("512K");
    parent.map({ at: at(0), length: 40 * PAGE });
    for (let page = 0; page < 40; page++) store(parent, at(page), page);
    const filler: { free: () => void }[] = [];
    expect(() => {
      for (;;) filler.push(machine.allocKernel(PAGE));
    }).toThrow();
    for (let free = 0; free < 6; free++) {
      const before = machine.framesInUse;
      let child: Task | undefined;
      try {
        child = parent.fork();
      } catch (error) {
        expect(error).toMatchObject({ code: "no-memory" });
      }
      child?.exit();
      expect(machine.framesInUse).toBe(before);
      filler.pop()!.free();
    }
    for (let page = 0; page < 40; page++) {
      expect(load(parent, at(page))).toBe(BigInt(page));
      expect(store(parent, at(page), 1)).toBe(true);
    }
    for (const buffer of filler) buffer.free();
  });
});

describe("exec and exit", () => {
  test("exec leaves a stack with the strings and nothing else", async () => {
    const task = await newTask();
    task.map({ at: at(0), length: PAGE });
    store(task, at(0), 1);
    const text = (words: string): Uint8Array[] =>
      words === "" ? [] : words.split(" ").map((word) => new TextEncoder().encode(word));
    task.exec(text("ls -l"), text("A=1"));
    const [stack, ...others] = task.vmas();
    expect(others).toEqual([]);
    expect(stack!.permissions).toBe("rw-p");
    const bytes = task.linearOf(stack!.end - 1n)!;
    const tail = machine.bytes.subarray(bytes + 1 - 8 - 10, bytes + 1 - 8);
    expect(new TextDecoder().decode(tail)).toBe("ls\0-l\0A=1\0");
    expect(task.uaccess.getUser(at(0), 1).error).toBe(-EFAULT);
  });

  test("a zombie has no mapping, and its children keep what they had", async () => {
    const parent = await newTask();
    parent.map({ at: at(0), length: PAGE });
    store(parent, at(0), 3);
    const child = fork(parent);
    parent.die();
    expect(parent.vmas()).toEqual([]);
    expect(parent.pageState(at(0)).kind).toBe("absent");
    expect(letters(child, at(0), 1)).toBe("A");
    expect(load(child, at(0))).toBe(3n);
  });
});

describe("stack growth", () => {
  const TOP = 0x40000000;
  const stack = (task: Task, pages = 2, protection = "rw"): void => {
    task.map({ at: TOP - pages * PAGE, length: pages * PAGE, growsDown: true, protection });
  };
  const lowest = (task: Task): number => Number(task.vmas().at(-1)!.start);

  test("down to what is touched, by a program and by the kernel for it", async () => {
    const task = await newTask();
    stack(task);
    expect(store(task, TOP - 5 * PAGE + 9, 1)).toBe(true);
    expect(lowest(task)).toBe(TOP - 5 * PAGE);
    expect(task.vmas()[0]!.hasPrivatePages).toBe(true);
    const buffer = machine.allocKernel(2 * PAGE);
    expect(task.uaccess.copyToUser(TOP - 7 * PAGE, buffer, 2 * PAGE)).toBe(0);
    buffer.free();
    expect(letters(task, TOP - 7 * PAGE, 7)).toBe("AAA....");
  });

  test("only as far as the limit of the one who touches", async () => {
    const task = await newTask();
    stack(task);
    task.setStackLimit(16 * PAGE);
    expect(store(task, TOP - 17 * PAGE, 1)).toBe(false);
    expect(store(task, TOP - 16 * PAGE, 1)).toBe(true);
  });

  test("not at the limit's edge of 8 MiB", async () => {
    const task = await newTask();
    stack(task);
    expect(store(task, TOP - (8 << 20) - 1, 1)).toBe(false);
    expect(store(task, TOP - (8 << 20), 1)).toBe(true);
  });

  test.each([
    ["accessible memory needs a gap of 256 pages", { protection: "r" }, 256],
    ["what nobody can touch needs none", { protection: "none" }, 0],
    ["another stack needs none", { growsDown: true }, 0],
  ])("%s", async (_, options, gap) => {
    const task = await newTask();
    stack(task);
    const below = TOP - 600 * PAGE;
    task.map({ at: below, length: PAGE, ...options });
    const end = below + PAGE;
    if (gap > 0) expect(store(task, end + (gap - 1) * PAGE, 1)).toBe(false);
    expect(store(task, end + gap * PAGE, 1)).toBe(true);
    expect(lowest(task)).toBe(end + gap * PAGE);
  });

  test("rights are judged afterwards", async () => {
    const task = await newTask();
    stack(task, 1, "r");
    expect(store(task, TOP - 2 * PAGE, 1)).toBe(false);
    expect(lowest(task)).toBe(TOP - 2 * PAGE);
    expect(letters(task, TOP - 2 * PAGE, 2)).toBe("..");
  });

  test("never for what is no stack, nor below the lowest address of programs", async () => {
    const task = await newTask();
    task.map({ at: 0x20000, length: PAGE, growsDown: true });
    expect(store(task, 0xffff, 1)).toBe(false);
    expect(store(task, 0x10000, 1)).toBe(true);
    task.map({ at: TOP, length: PAGE });
    expect(store(task, TOP - 1, 1)).toBe(false);
  });
});
