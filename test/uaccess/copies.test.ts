import { describe, expect, test } from "vitest";
import { archNames, type KernelBuffer, type Task } from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf, ramp } from "../machine/pool.ts";
import { FILL, THOROUGH, USER, atBorder, tailOf } from "./border.ts";

/** Bulk copies and single values at a page border. */

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe.each(THOROUGH)("a page border at offset k of a copy: $arch $build", (where) => {
  const LENGTH = 64;
  const source = ramp(LENGTH);

  test("copy_from_user: the exact prefix, and zeros behind it", async () => {
    const { task, border, buffer } = await atBorder(where, source);
    for (let k = 0; k <= LENGTH; k++) {
      buffer.bytes.fill(FILL);
      expect(task.uaccess.copyFromUser(buffer, border - k, LENGTH)).toBe(LENGTH - k);
      const expected = new Uint8Array(LENGTH + 1).fill(0, 0, LENGTH).fill(FILL, LENGTH);
      expected.set(source.subarray(LENGTH - k));
      expect(hex(buffer.bytes.subarray(0, LENGTH + 1))).toBe(hex(expected));
    }
    expect(kindsOf(task.machine)).toEqual([]);
  });

  test.each(["copyFromUserUnchecked", "copyFromUserInatomic", "copyFromUserNmi"] as const)(
    "%s: the bytes behind the prefix stay",
    async (form) => {
      const { task, border, buffer } = await atBorder(where, source);
      for (let k = 0; k <= LENGTH; k++) {
        buffer.bytes.fill(FILL);
        expect(task.uaccess[form](buffer, border - k, LENGTH)).toBe(LENGTH - k);
        const expected = new Uint8Array(LENGTH + 1).fill(FILL);
        expected.set(source.subarray(LENGTH - k));
        expect(hex(buffer.bytes.subarray(0, LENGTH + 1))).toBe(hex(expected));
      }
    },
  );

  test("copy_to_user and clear_user: the exact prefix, and nothing before it", async () => {
    const setup = await atBorder(where, new Uint8Array(PAGE).fill(FILL));
    const { task, border, buffer } = setup;
    buffer.bytes.set(source);
    for (let k = 0; k <= LENGTH; k++) {
      expect(task.uaccess.copyToUser(border - k, buffer, LENGTH)).toBe(LENGTH - k);
      const expected = new Uint8Array(LENGTH + 1).fill(FILL);
      expected.set(source.subarray(0, k), LENGTH + 1 - k);
      expect(hex(tailOf(setup, LENGTH + 1))).toBe(hex(expected));
      expect(task.uaccess.clearUser(border - k, LENGTH)).toBe(LENGTH - k);
      expected.fill(0, LENGTH + 1 - k);
      expect(hex(tailOf(setup, LENGTH + 1))).toBe(hex(expected));
      expect(task.uaccess.clearUserUnchecked(border - k, LENGTH)).toBe(LENGTH - k);
      setup.task.machine.bytes.fill(
        FILL,
        task.linearOf(border - 1)! + 1 - LENGTH,
        task.linearOf(border - 1)! + 1,
      );
    }
  });

  test("the nofault forms answer 0 or −EFAULT, and leave a prefix", async () => {
    const { task, border, buffer } = await atBorder(where, source);
    expect(task.uaccess.copyFromUserNofault(buffer, border - 8, 8)).toBe(0);
    buffer.bytes.fill(FILL);
    expect(task.uaccess.copyFromUserNofault(buffer, border - 3, 8)).toBe(-EFAULT);
    expect([...buffer.bytes.subarray(0, 4)]).toEqual([62, 63, 64, FILL]);
    expect(task.uaccess.copyToUserNofault(border - 8, buffer, 8)).toBe(0);
    expect(task.uaccess.copyToUserNofault(border - 3, buffer, 8)).toBe(-EFAULT);
    expect(task.uaccess.getUser(border - 3, 2).value).toBe(0x3f3en);
  });
});

describe("a refused range", () => {
  test.each(archNames)("%s: nothing is copied; only copy_from_user zeroes", async (arch) => {
    const { task, buffer } = await atBorder({ arch }, ramp(8));
    const kernel = task.machine.allocKernel(16).kernelPointer;
    const { uaccess } = task;
    expect(uaccess.copyFromUserNmi(buffer, kernel, 16)).toBe(16);
    expect(uaccess.copyFromUserNofault(buffer, kernel, 16)).toBe(-EFAULT);
    expect(uaccess.copyFromUserUnchecked(buffer, kernel, 16)).toBe(16);
    expect(buffer.bytes.every((byte) => byte === FILL)).toBe(true);
    expect(uaccess.copyFromUser(buffer, kernel, 16)).toBe(16);
    expect([...buffer.bytes.subarray(0, 17)]).toEqual([...Array<number>(16).fill(0), FILL]);
    expect(uaccess.copyToUser(kernel, buffer, 16)).toBe(16);
    expect(uaccess.copyToUserNofault(kernel, buffer, 16)).toBe(-EFAULT);
    expect(uaccess.clearUser(kernel, 16)).toBe(16);
    expect(uaccess.clearUserUnchecked(kernel, 16)).toBe(16);
    expect(kindsOf(task.machine)).toEqual([]);
  });
});

describe("the kernel object's size", () => {
  const small = 24;
  const forms: [
    string,
    (task: Task, buffer: KernelBuffer, n: number, at: number) => number,
    number,
  ][] = [
    ["copyFromUser", ({ uaccess }, buffer, n, at) => uaccess.copyFromUser(buffer, USER, n, at), 9],
    [
      "copyFromUserUnchecked",
      ({ uaccess }, b, n, at) => uaccess.copyFromUserUnchecked(b, USER, n, at),
      9,
    ],
    ["copyToUser", ({ uaccess }, buffer, n, at) => uaccess.copyToUser(USER, buffer, n, at), 9],
    [
      "copyToUserUnchecked",
      ({ uaccess }, b, n, at) => uaccess.copyToUserUnchecked(USER, b, n, at),
      9,
    ],
    [
      "unsafeCopyToUser",
      ({ uaccess }, b, n, at) => uaccess.unsafeCopyToUser(USER, b, n, at),
      -EFAULT,
    ],
    [
      "copyFromUserNofault",
      ({ uaccess }, b, n, at) => uaccess.copyFromUserNofault(b, USER, n, at),
      -EFAULT,
    ],
  ];

  test.each(forms)("%s past its end: nothing moves, and a finding", async (name, run, refused) => {
    const { task } = await atBorder({ arch: "x86-64" }, ramp(PAGE));
    const object = task.machine.allocKernel(small);
    object.bytes.fill(FILL);
    if (name.startsWith("unsafe")) task.uaccess.begin("write", USER, 64);
    expect(run(task, object, 8, small - 8)).toBe(0);
    const before = {
      kernel: object.bytes.slice(),
      user: task.machine.bytes.slice(task.linearOf(USER)!, task.linearOf(USER)! + 64),
    };
    expect(kindsOf(task.machine)).toEqual([]);
    expect(run(task, object, 9, small - 8)).toBe(refused);
    expect(kindsOf(task.machine)).toEqual(["object-overflow"]);
    expect(object.bytes.slice()).toEqual(before.kernel);
    expect(task.machine.bytes.slice(task.linearOf(USER)!, task.linearOf(USER)! + 64)).toEqual(
      before.user,
    );
  });

  test("an object of several pages is one object, and ends where it ends", async () => {
    const { task } = await atBorder({ arch: "x86-64" }, ramp(PAGE));
    const object = task.machine.allocKernel(2 * PAGE + 100);
    expect(task.uaccess.copyFromUser(object, USER, PAGE, PAGE + 100)).toBe(0);
    expect(object.bytes.slice(PAGE + 100)).toEqual(ramp(PAGE));
    expect(task.uaccess.copyFromUser(object, USER, PAGE, PAGE + 101)).toBe(PAGE);
    expect(kindsOf(task.machine)).toEqual(["object-overflow"]);
  });

  test("an offset beyond the buffer is the caller's mistake, even where another object lies", async () => {
    const { task, buffer } = await atBorder({ arch: "x86-64" }, ramp(8));
    task.machine.allocKernel(PAGE);
    const { uaccess } = task;
    for (const offset of [PAGE, 2 * PAGE, 2 ** 31 - 1, 2 ** 32, -1, 0.5]) {
      expect(() => uaccess.copyFromUser(buffer, USER, 8, offset)).toThrow(
        `offset is ${offset}; valid: a whole number from 0 to ${PAGE - 1}`,
      );
      expect(() => uaccess.copyToUser(USER, buffer, 8, offset)).toThrow("offset is");
    }
    expect(uaccess.copyFromUser(buffer, USER, 0, PAGE)).toBe(0);
    expect(() => uaccess.copyFromUser(buffer, USER, 0, PAGE + 1)).toThrow("offset is");
    expect(kindsOf(task.machine)).toEqual([]);
  });

  test("a freed buffer is no object, and is freed once", async () => {
    const { task, buffer } = await atBorder({ arch: "x86-64" }, ramp(8));
    buffer.free();
    expect(() => task.uaccess.copyFromUser(buffer, USER, 8)).toThrow("was freed");
    expect(kindsOf(task.machine)).toEqual([]);
    expect(() => buffer.free()).toThrow("was freed");
  });
});

describe("single values across the border", () => {
  test.each(archNames)("%s: loads give 0, stores are whole, half or not at all", async (arch) => {
    const setup = await atBorder({ arch }, new Uint8Array(8).fill(FILL));
    const { uaccess } = setup.task;
    const halves = arch === "powerpc-8xx" || arch === "powerpc-book3s32";
    for (const size of [2, 4, 8] as const) {
      for (let before = 1; before < size; before++) {
        const at = setup.border - before;
        expect(uaccess.getUser(at, size)).toEqual({ error: -EFAULT, value: 0n });
        expect(uaccess.putUser(at, size, 0x1122334455667788n)).toBe(-EFAULT);
        const written = halves && size === 8 && before >= 4;
        const kept = [...tailOf(setup, before)];
        expect(kept.slice(0, 4)).toEqual(
          written ? [0x88, 0x77, 0x66, 0x55] : kept.slice(0, 4).fill(FILL),
        );
        expect(kept.slice(4).every((byte) => byte === FILL)).toBe(true);
        setup.task.machine.bytes.fill(
          FILL,
          setup.task.linearOf(at)!,
          setup.task.linearOf(at)! + before,
        );
      }
    }
  });

  test.each(archNames)("%s: with both pages there every alignment works", async (arch) => {
    const { task, border } = await atBorder({ arch }, ramp(8));
    task.map({ at: border, length: PAGE });
    for (const size of [1, 2, 4, 8] as const) {
      for (let at = border - 8; at <= border; at++) {
        const value = 0x1122334455667788n & ((1n << BigInt(8 * size)) - 1n);
        expect(task.uaccess.putUser(at, size, 0x1122334455667788n)).toBe(0);
        expect(task.uaccess.getUser(at, size)).toEqual({ error: 0, value });
      }
    }
  });

  test("a size the kernel would not build with is the caller's mistake", async () => {
    const { task } = await atBorder({ arch: "x86-64" }, ramp(8));
    expect(() => task.uaccess.getUser(USER, 3 as 4)).toThrow("size is 3; valid: 1, 2, 4 or 8");
    expect(() => task.uaccess.putUser(USER, 16 as 8, 0)).toThrow("valid: 1, 2, 4 or 8");
  });
});

describe("unsafe_copy_to_user", () => {
  const inPieces = archNames.filter((arch) => !/riscv|none/.test(arch));

  test.each(inPieces)("%s: 8-byte pieces, then 4, 2 and 1", async (arch) => {
    const machine = await machineOf({ arch, build: "study", memory: "1M" });
    const task = machine.createTask();
    task.map({ at: USER, length: PAGE, populate: true });
    task.uaccess.begin("write", USER, 64);
    const since = machine.eventCount;
    expect(task.uaccess.unsafeCopyToUser(USER, machine.allocKernel(31), 31)).toBe(0);
    const stores = machine.events(since).filter((event) => event.kind === "store");
    expect(stores.map((event) => event.detail)).toEqual([8, 8, 8, 4, 2, 1]);
  });

  test.each(archNames)("%s: all lengths arrive; a fault leaves whole pieces", async (arch) => {
    const setup = await atBorder({ arch }, new Uint8Array(PAGE).fill(FILL));
    const { task, border, buffer } = setup;
    buffer.bytes.set(ramp(64));
    task.uaccess.begin("write", USER, PAGE);
    for (let length = 0; length <= 33; length++) {
      expect(task.uaccess.unsafeCopyToUser(USER, buffer, length)).toBe(0);
      const linear = task.linearOf(USER)!;
      expect(task.machine.bytes.slice(linear, linear + length)).toEqual(ramp(length));
    }
    // 7 bytes with the border behind the sixth: pieces of 4 and 2 stand before it, one routine gets as far
    expect(task.uaccess.unsafeCopyToUser(border - 6, buffer, 7)).toBe(-EFAULT);
    expect([...tailOf(setup, 7)]).toEqual([FILL, 1, 2, 3, 4, 5, 6]);
    task.machine.bytes.fill(FILL, task.linearOf(border - 6)!, task.linearOf(border - 6)! + 6);
    expect(task.uaccess.unsafeCopyToUser(border - 5, buffer, 7)).toBe(-EFAULT);
    const last = inPieces.includes(arch) ? FILL : 5;
    expect([...tailOf(setup, 5)]).toEqual([1, 2, 3, 4, last]);
  });
});
