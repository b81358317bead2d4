import { afterEach, describe, expect, test } from "vitest";
import {
  Futex,
  runPrograms,
  type Machine,
  type MapOptions,
  type Program,
  type RunningProgram,
  type Task,
  type UserFile,
} from "../../src/index.ts";
import { audit } from "./frames.ts";
import { letters } from "./letters.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

/** fixup_user_fault: whose rights count, what it leaves, and when it lets go of the mmap lock. */

const EINTR = -4;
const ENOMEM = -12;
const EFAULT = -14;
const BASE = 0x400000;
const at = (page: number): number => BASE + page * PAGE;

let machine: Machine;
let task: Task;
let files: UserFile[] = [];

async function start(memory = "4M"): Promise<void> {
  machine = await machineOf({ memory });
  task = machine.createTask();
}

function newFile(pages: number, backing: "memfd" | "disk" | "secret"): UserFile {
  const file = machine.createFile(pages * PAGE, "4K", backing);
  files.push(file);
  return file;
}

afterEach(() => {
  if (task.machine.exports.holdMmapLock(0, task.handle, 2) === 0) {
    task.machine.exports.dropMmapLock(0, task.handle, 2);
  }
  task.exit();
  for (const file of files) file.close();
  files = [];
  expect(kindsOf(machine)).toEqual([]); // a lock that was kept would be one
  expect(machine.framesInUse).toBe(1);
  audit(machine);
});

test("a task's own protection key denies it its own memory, and another's not", async () => {
  machine = await machineOf({ memory: "4M", arch: "powerpc-book3s64" });
  task = machine.createTask();
  task.map({ at: BASE, length: PAGE, protectionKey: 1 });
  const other = machine.createTask({ cpu: null });
  task.setProtectionKeys(2n << 60n); // key 1: no writing
  expect(task.fixupFault(BASE, "write").result).toBe(EFAULT);
  expect(task.fixupFault(BASE, "read").result).toBe(0);
  // the futex's loop of access and repair comes to an end
  expect(new Futex(task).wakeOp(BASE, BASE, { op: "add", oparg: 1 })).toBe(EFAULT);
  other.exit();
});

const map = (page: number, options: Partial<MapOptions> = {}): void => {
  task.map({ at: at(page), length: PAGE, ...options });
};

/** A program of one operation. */
function operation(task: Task, name: string, call: () => number): RunningProgram {
  return {
    task,
    body: (function* (): Program {
      yield { name, call };
    })(),
  };
}

describe("rights", () => {
  /** A mapping's rights, what reading and writing give, and the letter it leaves. */
  test.each([
    ["rw", 0, "Z", 0, "A"],
    ["r", 0, "Z", EFAULT, "."],
    ["w", EFAULT, ".", 0, "A"],
    ["x", EFAULT, ".", EFAULT, "."],
    ["none", EFAULT, ".", EFAULT, "."],
  ] as const)("%s", async (protection, read, readLetter, write, writeLetter) => {
    await start();
    map(0, { protection });
    map(2, { protection });
    expect(task.fixupFault(at(0), "read")).toEqual({ result: read, unlocked: false });
    expect(task.fixupFault(at(2), "write")).toEqual({ result: write, unlocked: false });
    expect([letters(task, at(0), 1), letters(task, at(2), 1)]).toEqual([readLetter, writeLetter]);
  });

  test("secret memory and a kernel's own mapping are faults like others", async () => {
    await start();
    map(0, { file: newFile(1, "secret"), shared: true });
    task.moveSpecial("vvar", at(4));
    expect(task.fixupFault(at(0), "write").result).toBe(0);
    expect(task.fixupFault(at(4), "read").result).toBe(0);
  });
});

describe("what is no error of rights", () => {
  test("no stack grows", async () => {
    await start();
    map(8, { growsDown: true });
    expect(task.fixupFault(at(7), "write").result).toBe(EFAULT);
    expect(task.touch(at(7), "write")).toBe(true);
  });

  test("guard, end of file, userfaultfd, no RAM", async () => {
    await start("1M");
    const file = newFile(1, "memfd");
    map(0);
    map(2, { file, filePage: 1 });
    map(4);
    map(6);
    task.advise(at(0), PAGE, "guard_install");
    task.registerMissing(at(4), PAGE);
    for (const page of [0, 2, 4]) {
      expect(task.fixupFault(at(page), "read").result, String(page)).toBe(EFAULT);
    }
    const filler: { free: () => void }[] = [];
    expect(() => {
      for (;;) filler.push(machine.allocKernel(PAGE));
    }).toThrow();
    expect(task.fixupFault(at(6), "write").result).toBe(ENOMEM);
    for (const buffer of filler) buffer.free();
    expect(task.fixupFault(at(6), "write").result).toBe(0);
  });

  test("a page shared after a fork is copied for a write", async () => {
    await start();
    map(0);
    task.touch(at(0), "write");
    const child = task.fork();
    expect(task.fixupFault(at(0), "write").result).toBe(0);
    expect([letters(task, at(0), 1), letters(child, at(0), 1)]).toEqual(["A", "A"]);
    child.exit();
  });
});

describe("retry", () => {
  test("a disk's page lets go of the lock, once, where that is allowed", async () => {
    await start();
    map(0, { file: newFile(2, "disk") });
    map(2, { file: newFile(2, "memfd") });
    map(4, { file: newFile(2, "disk") });
    const retry = { mayRetry: true };
    expect(task.fixupFault(at(0), "read", retry)).toEqual({ result: 0, unlocked: true });
    expect(task.fixupFault(at(0), "write", retry)).toEqual({ result: 0, unlocked: false });
    expect(task.fixupFault(at(2), "read", retry)).toEqual({ result: 0, unlocked: false });
    expect(task.fixupFault(at(4), "read")).toEqual({ result: 0, unlocked: false });
    expect(letters(task, at(0), 5)).toBe("A.F.F");
  });

  test("a fatal signal ends what may be retried", async () => {
    await start();
    map(0);
    map(1, { file: newFile(1, "disk") });
    task.kill();
    const killed = { result: EINTR, unlocked: false };
    expect(task.fixupFault(at(0), "read", { mayRetry: true })).toEqual(killed);
    expect(task.fixupFault(at(1), "read", { mayRetry: true })).toEqual(killed);
    expect(task.fixupFault(at(0), "read").result).toBe(0);
  });

  test("who unmaps the page meanwhile is seen", async () => {
    machine = await machineOf({ memory: "4M", build: "study", cpus: 2 });
    task = machine.createTask();
    const other = machine.createTask({ cpu: 1, sharing: task });
    const file = newFile(2, "disk");
    const [read, retry] = [machine.constant("ACCESS_READ"), 1];
    const outcomes = [0, 1].map((first) => {
      map(0, { file });
      task.advise(at(0), PAGE, "dontneed");
      const raw = machine.rawExports;
      const programs = [
        operation(task, "fixup", () => raw.fixupFault(0, task.handle, at(0), 0, read, retry)),
        operation(other, "munmap", () => raw.unmapMemory(1, other.handle, at(0), 0, PAGE, 0)),
      ];
      const choose = (runnable: readonly number[], step: number): number =>
        runnable.find((index) => (index === 0) === step < first) ?? runnable[0]!;
      const [fixup] = runPrograms(machine, programs, { choose });
      return [fixup!.results[0]!.result, machine.exports.readValueLow(0)];
    });
    expect(outcomes).toEqual([
      [EFAULT, 0],
      [EFAULT, 1],
    ]);
    other.exit();
  });

  test("past the end of the file there is nothing to ask for", async () => {
    await start();
    map(0, { file: newFile(1, "disk"), filePage: 1 });
    const answer = task.fixupFault(at(0), "read", { mayRetry: true });
    expect(answer).toEqual({ result: EFAULT, unlocked: false });
  });
});
