import { afterEach, describe, expect, test } from "vitest";
import type { Advice, Machine, MapOptions, Task, UserFile } from "../../src/index.ts";
import { audit } from "./frames.ts";
import { letters } from "./letters.ts";
import { PAGE, machineOf } from "./pool.ts";

/** Locked memory: which pages are made present, when, and what a program may not do with them. */

const EAGAIN = -11;
const ENOMEM = -12;
const EINVAL = -22;

const BASE = 0x400000;
const at = (page: number): number => BASE + page * PAGE;

let machine: Machine;
const open: { exit?: () => void; close?: () => void }[] = [];

async function newTask(memory = "16M"): Promise<Task> {
  machine = await machineOf({ memory });
  const task = machine.createTask();
  open.push(task);
  return task;
}

function newFile(pages: number, backing: "memfd" | "secret"): UserFile {
  const file = machine.createFile(pages * PAGE, "4K", backing);
  open.push(file);
  return file;
}

afterEach(() => {
  for (const thing of open.splice(0)) {
    thing.exit?.();
    thing.close?.();
  }
  expect(machine.framesInUse).toBe(1);
  audit(machine);
});

function map(task: Task, page: number, pages: number, options: Partial<MapOptions> = {}): void {
  task.map({ at: at(page), length: pages * PAGE, ...options });
}

const protect = (task: Task, page: number, pages: number, protection: string): number =>
  task.protect(at(page), pages * PAGE, protection);

const advise = (task: Task, page: number, pages: number, advice: Advice): number =>
  task.advise(at(page), pages * PAGE, advice);

describe("mlock2", () => {
  test("makes pages present: private writable ones by writing, others by reading", async () => {
    const task = await newTask();
    const file = newFile(2, "memfd");
    map(task, 0, 2);
    map(task, 2, 2, { protection: "r" });
    map(task, 4, 2, { file, shared: true });
    map(task, 6, 2);
    expect(task.lockMemory(at(0) + 5, 6 * PAGE - 5)).toBe(0);
    expect(letters(task, at(0), 8)).toBe("AAZZFF..");
    expect(advise(task, 0, 1, "dontneed")).toBe(EINVAL);
    expect(advise(task, 0, 1, "free")).toBe(EINVAL);
    expect(advise(task, 0, 1, "cold")).toBe(EINVAL);
    expect(advise(task, 4, 1, "remove")).toBe(EINVAL);
    expect(advise(task, 0, 1, "guard_install")).toBe(EINVAL);
    expect(advise(task, 0, 1, "guard_remove")).toBe(0);
  });

  test("secret memory is locked as it is, and cannot be made present by a call", async () => {
    const task = await newTask();
    map(task, 0, 2, { file: newFile(2, "secret"), shared: true, populate: true });
    expect(task.lockMemory(at(0), PAGE)).toBe(ENOMEM);
    expect(letters(task, at(0), 2)).toBe("..");
  });

  test("locked pages that become writable are written to at once, as far as they can be", async () => {
    const task = await newTask();
    map(task, 0, 3, { file: newFile(2, "memfd"), protection: "r" });
    map(task, 3, 1, { protection: "r" });
    expect(task.lockMemory(at(0), 2 * PAGE)).toBe(0);
    expect(task.lockOnFault(at(3), PAGE)).toBe(0);
    expect(protect(task, 0, 4, "rw")).toBe(0);
    expect(letters(task, at(0), 4)).toBe("AA..");
    expect(protect(task, 0, 4, "r")).toBe(0);
    expect(letters(task, at(0), 4)).toBe("AA..");
  });

  test("MLOCK_ONFAULT leaves that to the accesses", async () => {
    const task = await newTask();
    map(task, 0, 2);
    expect(task.lockOnFault(at(0), PAGE)).toBe(0);
    expect(letters(task, at(0), 2)).toBe("..");
    expect(advise(task, 0, 1, "dontneed")).toBe(EINVAL);
    expect(advise(task, 1, 1, "dontneed")).toBe(0);
  });

  test("a hole, a page that cannot be had, a full RAM", async () => {
    const task = await newTask("1M");
    map(task, 0, 1);
    map(task, 2, 1, { protection: "none" });
    map(task, 4, 400);
    expect(task.lockMemory(at(0), 3 * PAGE)).toBe(ENOMEM);
    expect(task.lockMemory(at(2), PAGE)).toBe(ENOMEM);
    expect(task.lockMemory(at(4), 400 * PAGE)).toBe(EAGAIN);
  });
});
