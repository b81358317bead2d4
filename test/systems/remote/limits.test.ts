import { describe, expect, test } from "vitest";
import { RemoteVm, remotePathNames } from "../../../src/index.ts";
import { PAGE, machineOf } from "../../machine/pool.ts";

/** Where the model of page tables stops (docs/limits.md): what a kernel may do to them, and nobody does here. */

const HUGE = 2 << 20;
const BASE = 0x4000_0000;

describe("a file's small pages are never gathered into a huge one, so no table under them is retracted", () => {
  test.each(remotePathNames)("by the path %s", async (path) => {
    const machine = await machineOf({ build: "release", memory: "64M" });
    const target = machine.createTask();
    const file = machine.createFile(HUGE);
    target.map({ at: BASE, length: HUGE, file, shared: true });
    target.advise(BASE, HUGE, "hugepage");
    for (let at = BASE; at < BASE + HUGE; at += PAGE) target.touch(at, "read");
    const vm = new RemoteVm(machine.createTask(), target, { path });
    expect(vm.read(BASE, HUGE).result).toBe(HUGE);
    for (const at of [BASE, BASE + HUGE / 2, BASE + HUGE - PAGE]) {
      expect(target.pageState(at)).toMatchObject({ level: 1, large: false });
    }
  });
});

test("a freed table needs no memory to wait for its readers, so that no batch of them can fail", async () => {
  const machine = await machineOf({ build: "study", memory: "64M" });
  const task = machine.createTask();
  const before = machine.framesInUse;
  task.map({ at: BASE, length: 2 * HUGE });
  for (let at = BASE; at < BASE + 2 * HUGE; at += HUGE / 4) task.touch(at, "write");
  expect(machine.framesInUse).toBeGreaterThan(before + 8);
  machine.setHeader("HEADER_FAIL_ALLOCATION", 1);
  expect(task.unmap(BASE, 2 * HUGE)).toBe(0);
  // the list of pages to free found no room, and was done without; the tables asked for nothing
  expect(machine.header("HEADER_FAIL_ALLOCATION")).toBe(0);
  expect(machine.framesInUse).toBe(before);
});
