import { describe, expect, test } from "vitest";
import {
  archNames,
  buildNames,
  Machine,
  type MachineOptions,
  UsageError,
} from "../../src/index.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

const USER = 0x20000;

/** Puts a value through a task on the machine's last CPU. */
function works(machine: Machine): void {
  const task = machine.createTask({ cpu: machine.shape.cpus - 1 });
  task.map({ at: USER, length: PAGE });
  expect(task.uaccess.putUser(USER, 8, 0x1122334455667788n)).toBe(0);
  expect(task.uaccess.getUser(USER, 8).value).toBe(0x1122334455667788n);
  expect(kindsOf(machine)).toEqual([]);
}

describe("sizes", () => {
  test.each<MachineOptions>([
    { memory: "256K" },
    { memory: 256 << 10, cpus: 256, tlbEntries: 64 },
    { memory: (256 << 10) + PAGE },
    { memory: "16m", tlbEntries: 65536 },
    { memory: "2G", cpus: 256 },
    { memory: "3G", build: "study", cpus: 64 },
    { memory: "3G", build: "threads" },
    { memory: "2200M", arch: "powerpc-book3s32", cpus: 16 },
  ])("%j", async (options) => {
    const machine = await Machine.create(options);
    expect(machine.framesInUse).toBe(1); // the zero page
    works(machine);
  });

  test.each<[MachineOptions, string]>([
    [{ memory: 0 }, "memory is 0; valid: whole 4096-byte pages from 256K to 3G"],
    [{ memory: "255K" }, 'memory is "255K"; valid: whole 4096-byte pages from 256K to 3G'],
    [{ memory: (256 << 10) + 1 }, "memory is 262145; valid"],
    [{ memory: 3 * 2 ** 30 + PAGE }, "memory is 3221229568; valid"],
    [{ memory: "4G" }, 'memory is "4G"; valid'],
    [{ memory: "much" }, 'memory is "much"; valid'],
    [{ memory: Number.NaN }, "memory is NaN; valid"],
    [{ memory: 1e300 }, "valid: whole 4096-byte pages from 256K to 3G"],
    [{ cpus: 0 }, "cpus is 0; valid: a whole number from 1 to 256"],
    [{ cpus: 257 }, "cpus is 257; valid: a whole number from 1 to 256"],
    [{ cpus: 1.5 }, "cpus is 1.5; valid"],
    [{ tlbEntries: 32 }, "tlbEntries is 32; valid: a power of two from 64 to 65536"],
    [{ tlbEntries: 100 }, "tlbEntries is 100; valid"],
    [{ tlbEntries: 131072 }, "tlbEntries is 131072; valid"],
    [{ arch: "x86" as "x86-64" }, 'arch "x86" is unknown (did you mean x86-64?)'],
    [{ build: "studdy" as "study" }, 'build "studdy" is unknown (did you mean study?)'],
    [{ kernel: "newest" }, 'kernel "newest" holds no version number'],
  ])("%j is refused in one line", async (options, message) => {
    const failure = await Machine.create(options).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toBeInstanceOf(UsageError);
    expect(failure!.message).toContain(message);
    expect(failure!.message).not.toContain("\n");
  });

  test("tables that do not fit beside the RAM", async () => {
    const options = {
      memory: "3G",
      cpus: 256,
      tlbEntries: 65536,
      arch: "powerpc-book3s32",
    } as const;
    await expect(Machine.create(options)).rejects.toMatchObject({ code: "no-memory" });
  });
});

describe("the same machine again", () => {
  test("reset empties it, whatever it was and becomes", async () => {
    const machine = await machineOf({ memory: "1M", cpus: 2 });
    for (const arch of [...archNames, ...archNames.slice().reverse()]) {
      const next = machine.reset({ arch });
      expect(next.shape).toMatchObject({ arch, ramBytes: 1 << 20, cpus: 2 });
      expect(next.framesInUse).toBe(1);
      works(next);
      next.createTask().uaccess.end("read");
      expect(kindsOf(next)).toEqual(["guard-redundant-close"]);
    }
  });

  test("after a reset a page that was used before reads as zeros", async () => {
    const machine = await machineOf({ memory: "1M" });
    const fill = machine.allocKernel(128 * PAGE);
    fill.bytes.fill(0xff);
    const next = machine.reset();
    expect(next.allocKernel(128 * PAGE).bytes.every((byte) => byte === 0)).toBe(true);
  });

  test.each(buildNames)("%s: machines are independent of each other", async (build) => {
    const [one, two] = await Promise.all([
      Machine.create({ build, memory: "256K" }),
      Machine.create({ build, memory: "256K" }),
    ]);
    const tasks = [one, two].map((machine) => machine.createTask());
    tasks.forEach((task, index) => {
      task.map({ at: USER, length: PAGE });
      task.uaccess.putUser(USER, 4, index + 10);
    });
    expect(tasks.map((task) => task.uaccess.getUser(USER, 4).value)).toEqual([10n, 11n]);
  });
});

describe("kernel buffers", () => {
  test("zeroed, of the size asked for, and balanced", async () => {
    const machine = await machineOf({ memory: "1M" });
    const before = machine.framesInUse;
    for (let round = 0; round < 3; round++) {
      const buffers = [1, 100, PAGE, PAGE + 1, 5 * PAGE].map((bytes) => machine.allocKernel(bytes));
      expect(buffers.map((buffer) => buffer.bytes.length)).toEqual([
        1,
        100,
        PAGE,
        PAGE + 1,
        5 * PAGE,
      ]);
      expect(machine.framesInUse - before).toBe(1 + 1 + 1 + 2 + 8);
      for (const buffer of buffers) {
        expect(buffer.bytes.every((byte) => byte === 0)).toBe(true);
        buffer.bytes.fill(0xee);
        buffer.free();
      }
      expect(machine.framesInUse).toBe(before);
    }
  });

  test("their pointers lie in the kernel's half", async () => {
    for (const arch of archNames) {
      const machine = await machineOf({ arch, memory: "1M" });
      const { kernelPointer } = machine.allocKernel(8);
      expect(machine.createTask().uaccess.accessOk(kernelPointer, 1)).toBe(false);
    }
  });

  test.each([0, -1, 1.5, 2 ** 40])("%d bytes are refused", async (bytes) => {
    const machine = await machineOf({ memory: "1M" });
    expect(() => machine.allocKernel(bytes)).toThrow(UsageError);
  });

  test("a full RAM says so, and takes back what is freed", async () => {
    const machine = await machineOf({ memory: "256K" });
    const buffers = [];
    for (;;) {
      try {
        buffers.push(machine.allocKernel(PAGE));
      } catch (error) {
        expect(error).toMatchObject({ code: "no-memory" });
        break;
      }
    }
    expect(buffers.length).toBeGreaterThan(50);
    expect(() => machine.createTask()).toThrow("RAM is full");
    const full = machine.framesInUse;
    // a task needs a page for its records and one for a table: with fewer, all is given back
    buffers.pop()!.free();
    expect(() => machine.createTask()).toThrow("RAM is full");
    expect(machine.framesInUse).toBe(full - 1);
    for (const buffer of buffers) buffer.free();
    works(machine);
  });
});

describe("tasks", () => {
  test("number themselves, end once, and leave nothing behind", async () => {
    const machine = await machineOf({ memory: "1M", cpus: 2 });
    const before = machine.framesInUse;
    const tasks = [0, 1].map((cpu) => machine.createTask({ cpu }));
    const sharing = machine.createTask({ sharing: tasks[0]!, cpu: null });
    expect([...tasks, sharing].map((task) => task.id)).toEqual([1, 2, 3]);
    tasks[0]!.map({ at: USER, length: PAGE, populate: true });
    tasks[0]!.exit();
    sharing.runOn(1);
    expect(sharing.uaccess.putUser(USER, 4, 1)).toBe(0);
    sharing.exit();
    tasks[1]!.exit();
    expect(machine.framesInUse).toBe(before);
    expect(() => sharing.exit()).toThrow("has ended");
    expect(kindsOf(machine)).toEqual([]);
  });

  test("a CPU the machine has not", async () => {
    const machine = await machineOf({ memory: "1M", cpus: 2 });
    expect(() => machine.createTask({ cpu: 2 })).toThrow(
      "cpu is 2; valid: a whole number from 0 to 1",
    );
    expect(() => machine.createTask().runOn(-1)).toThrow(UsageError);
  });

  test.each([-1, 1.5, 2n ** 64n, Number.NaN, 2 ** 60])("%s is no address", async (address) => {
    const { uaccess } = (await machineOf({ memory: "1M" })).createTask();
    expect(() => uaccess.getUser(address, 4)).toThrow("valid: a whole number from 0 to 2^64 - 1");
  });
});

describe("what only the study build keeps", () => {
  test.each(buildNames.filter((build) => build !== "study"))(
    "%s has no counters",
    async (build) => {
      const machine = await machineOf({ build, memory: "1M" });
      expect(() => machine.counters()).toThrow(UsageError);
      expect(() => machine.events()).toThrow(UsageError);
    },
  );

  test("events come with numbers, and the ring keeps the last", async () => {
    const machine = await machineOf({ build: "study", memory: "1M" });
    const { uaccess } = machine.createTask();
    const slots = machine.constant("EVENT_SLOTS");
    while (machine.eventCount < slots + 100) uaccess.getUser(0, 1);
    const events = machine.events();
    expect(events).toHaveLength(slots);
    expect(events[0]!.sequence).toBe(machine.eventCount - slots);
    expect(events.every((event, index) => event.sequence === events[0]!.sequence + index)).toBe(
      true,
    );
    expect(machine.events(machine.eventCount - 3)).toEqual(events.slice(-3));
  });

  test("findings keep the last 64 in every build", async () => {
    for (const build of buildNames) {
      const machine = await machineOf({ build, memory: "1M" });
      const { uaccess, id } = machine.createTask();
      for (let at = 0; at < 100; at++) uaccess.end(at < 50 ? "read" : "write");
      expect(machine.findings()).toHaveLength(64);
      const detail = machine.constant("DIRECTION_WRITE");
      expect(machine.findings().at(-1)).toMatchObject({
        kind: "guard-redundant-close",
        task: id,
        detail,
      });
    }
  });
});
