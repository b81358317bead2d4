import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  buildNames,
  type BuildName,
  type Machine,
  type Task,
  UsageError,
} from "../../src/index.ts";
import { audit } from "./frames.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "./pool.ts";

const USER = 0x400000;

async function taskOf(build: BuildName, cpus = 1): Promise<Task> {
  return (await machineOf({ build, cpus, memory: "4M", tlbEntries: 64 })).createTask();
}

/**
 * Everything a snapshot promises to bring back, as one comparable value. Translations are a cache, which a restore
 * forgets by moving on to another generation, so CPU 0's generation is left out.
 */
function stateOf(machine: Machine): unknown {
  const { parts, freshPfn } = machine.snapshot();
  const generation = machine.exports.cpuAddress(0) + machine.constant("CPU_GENERATION");
  const [first] = parts;
  first!.bytes.fill(0, generation - first!.start, generation - first!.start + 4);
  return {
    freshPfn,
    hashes: parts.map(({ bytes }) => createHash("sha256").update(bytes).digest("hex")),
  };
}

describe.each(buildNames)("snapshot and restore: %s", (build) => {
  test("bring contents, mappings, frames and findings back", async () => {
    const task = await taskOf(build);
    const { machine, uaccess } = task;
    task.map({ at: USER, length: 4 * PAGE });
    uaccess.putUser(USER, 4, 0x1111);
    uaccess.end("read");
    const snapshot = machine.snapshot();
    const frames = machine.framesInUse;

    task.map({ at: USER + 8 * PAGE, length: 64 * PAGE, populate: true });
    task.unmap(USER + PAGE, PAGE);
    uaccess.putUser(USER, 4, 0x2222);
    uaccess.end("read");
    machine.createTask().map({ at: USER, length: PAGE, populate: true });
    machine.restore(snapshot);

    expect(machine.framesInUse).toBe(frames);
    expect(kindsOf(machine)).toEqual(["guard-redundant-close"]);
    expect(task.vmas()).toHaveLength(1);
    expect(uaccess.getUser(USER, 4).value).toBe(0x1111n);
    expect(uaccess.putUser(USER + PAGE, 4, 1)).toBe(0);
    expect(uaccess.getUser(USER + 8 * PAGE, 4).error).toBe(-EFAULT);
    audit(machine);
  });

  test("the same run from the same snapshot gives the same machine", async () => {
    const task = await taskOf(build);
    const { machine, uaccess } = task;
    task.map({ at: USER, length: 16 * PAGE });
    const buffer = machine.allocKernel(2 * PAGE);
    const snapshot = machine.snapshot();
    const run = (): unknown => {
      const results = [
        uaccess.copyToUser(USER + 100, buffer, 2 * PAGE),
        task.unmap(USER + PAGE, PAGE),
        uaccess.copyFromUser(buffer, USER + 50, 2 * PAGE),
        task.protect(USER + 3 * PAGE, PAGE, "r"),
        uaccess.putUser(USER + 3 * PAGE, 4, 1),
      ];
      return results;
    };
    machine.restore(snapshot);
    const first = run();
    const afterFirst = stateOf(machine);
    machine.restore(snapshot);
    expect(run()).toEqual(first);
    expect(stateOf(machine)).toEqual(afterFirst);
  });

  test("no translation survives a restore, on any CPU", async () => {
    const task = await taskOf(build, 2);
    const { machine } = task;
    const other = machine.createTask({ sharing: task, cpu: 1 });
    const before = machine.snapshot();
    task.map({ at: USER, length: PAGE });
    for (const { uaccess } of [task, other]) {
      expect(uaccess.putUser(USER, 4, 0x1111)).toBe(0);
      expect(uaccess.getUser(USER, 4).error).toBe(0);
    }
    machine.restore(before);
    for (const { uaccess } of [task, other]) {
      expect(uaccess.getUser(USER, 4).error).toBe(-EFAULT);
      expect(uaccess.putUser(USER, 4, 1)).toBe(-EFAULT);
    }
    expect(kindsOf(machine)).toEqual([]);
  });

  test("nor do translations made after it, in a second restore of the same snapshot", async () => {
    const task = await taskOf(build);
    const { machine, uaccess } = task;
    task.map({ at: USER, length: 2 * PAGE });
    const snapshot = machine.snapshot();
    // each round puts another frame behind the page; round 4,096 meets the generations of round 1 again
    for (let round = 0; round < 4100; round++) {
      if (round % 2 === 1) uaccess.putUser(USER + PAGE, 4, 1);
      expect(uaccess.getUser(USER, 4).value).toBe(0n);
      uaccess.putUser(USER, 4, round + 1);
      expect(uaccess.getUser(USER, 4).value).toBe(BigInt(round + 1));
      machine.restore(snapshot);
    }
  });

  test("frames first used after it are fresh again", async () => {
    const { machine } = await taskOf(build);
    const snapshot = machine.snapshot();
    machine.allocKernel(32 * PAGE).bytes.fill(0xff);
    machine.restore(snapshot);
    expect(machine.allocKernel(32 * PAGE).bytes.every((byte) => byte === 0)).toBe(true);
  });

  test("an open block is part of the state", async () => {
    const task = await taskOf(build);
    const { machine, uaccess } = task;
    task.map({ at: USER, length: PAGE });
    uaccess.begin("write", USER, 8);
    const open = machine.snapshot();
    uaccess.end("write");
    machine.restore(open);
    expect(uaccess.openDirections.write).toBe(true);
    expect(uaccess.unsafePutUser(USER, 4, 1)).toBe(0);
    uaccess.end("write");
    expect(kindsOf(machine)).toEqual([]);
  });
});

describe("handles after a restore", () => {
  test("are as good as the things they stand for", async () => {
    const task = await taskOf("release");
    const { machine } = task;
    const buffer = machine.allocKernel(PAGE);
    const file = machine.createFile(PAGE);
    const snapshot = machine.snapshot();
    const frames = machine.framesInUse;
    for (let round = 0; round < 2; round++) {
      buffer.free();
      file.close();
      task.exit();
      expect(() => buffer.free()).toThrow("was freed");
      expect(() => file.close()).toThrow("was closed");
      expect(() => task.exit()).toThrow("has ended");
      machine.restore(snapshot);
      expect(machine.framesInUse).toBe(frames);
    }
  });

  test("a snapshot of another machine is refused", async () => {
    const one = await machineOf({ memory: "1M" });
    const two = await machineOf({ memory: "1M", cpus: 2 });
    const snapshot = one.snapshot();
    expect(() => two.restore(snapshot)).toThrow(UsageError);
    expect(() => one.reset({ arch: "riscv64" }).restore(snapshot)).toThrow("not of this machine");
  });

  test("made since the snapshot are no longer good", async () => {
    const machine = await machineOf({ memory: "1M" });
    const snapshot = machine.snapshot();
    const task = machine.createTask();
    const buffer = machine.allocKernel(PAGE);
    machine.restore(snapshot);
    expect(() => task.vmas()).toThrow("made after the snapshot");
    expect(() => buffer.bytes).toThrow("made after the snapshot");
    expect(machine.createTask().vmas()).toEqual([]);
  });
});
