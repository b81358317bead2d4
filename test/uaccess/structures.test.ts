import { describe, expect, test } from "vitest";
import { archNames } from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, ramp } from "../machine/pool.ts";
import { FILL, atBorder } from "./border.ts";

/** Structures of another size than the kernel knows, at a page border. */

const E2BIG = 7;

describe.each(archNames)("structures: %s", (arch) => {
  test("check_zeroed_user stops at the first word that is not zero", async () => {
    const { task, border } = await atBorder(
      { arch },
      Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, ...Array<number>(8).fill(0)),
    );
    const { uaccess } = task;
    expect(uaccess.checkZeroedUser(border - 16, 100)).toBe(0);
    expect(uaccess.checkZeroedUser(border - 8, 100)).toBe(-EFAULT);
    expect(uaccess.checkZeroedUser(border - 8, 8)).toBe(1);
    expect(uaccess.checkZeroedUser(border - 11, 11)).toBe(1);
    expect(uaccess.checkZeroedUser(border - 12, 1)).toBe(0);
    const kernel = task.machine.allocKernel(8).kernelPointer;
    expect(uaccess.checkZeroedUser(kernel, 0)).toBe(1);
    expect(uaccess.checkZeroedUser(kernel, 1)).toBe(-EFAULT);
    expect(uaccess.openDirections).toEqual({ read: false, write: false });
  });

  test("copy_struct_from_user: object, tail and fault", async () => {
    const { task, border, buffer } = await atBorder({ arch }, ramp(32));
    const { uaccess } = task;
    expect(uaccess.copyStructFromUser(buffer, PAGE + 1, border - 32, 32)).toBe(-E2BIG);
    expect(kindsOf(task.machine)).toEqual(["object-overflow"]);
    expect(buffer.bytes[0]).toBe(FILL);
    expect(uaccess.copyStructFromUser(buffer, 16, border - 16, 32)).toBe(-EFAULT);
    expect(uaccess.copyStructFromUser(buffer, 16, border - 8, 8)).toBe(0);
    expect([...buffer.bytes.subarray(0, 17)]).toEqual([
      25,
      26,
      27,
      28,
      29,
      30,
      31,
      32,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      FILL,
    ]);
    expect(uaccess.copyStructFromUser(buffer, 16, border - 8, 16)).toBe(-EFAULT);
  });

  test("copy_struct_to_user: what the user cannot see, and what the kernel has not", async () => {
    const { task, border, buffer } = await atBorder({ arch }, new Uint8Array(64).fill(0x77));
    const { uaccess } = task;
    buffer.bytes.set(ramp(32));
    const at = border - 32;
    expect(uaccess.copyStructToUser(at, 32, buffer, 16)).toEqual({
      error: 0,
      ignoredTrailing: false,
    });
    expect(uaccess.getUser(at + 8, 8).value).not.toBe(0n);
    expect(uaccess.checkZeroedUser(at + 16, 16)).toBe(1);
    expect(uaccess.copyStructToUser(at, 8, buffer, 16)).toEqual({
      error: 0,
      ignoredTrailing: true,
    });
    buffer.bytes.fill(0, 8);
    expect(uaccess.copyStructToUser(at, 8, buffer, 16)).toEqual({
      error: 0,
      ignoredTrailing: false,
    });
    expect(uaccess.copyStructToUser(at, 64, buffer, 16).error).toBe(-EFAULT);
    expect(uaccess.copyStructToUser(border - 4, 8, buffer, 8).error).toBe(-EFAULT);
    expect(kindsOf(task.machine)).toEqual([]);
    expect(uaccess.copyStructToUser(at, 8, buffer, PAGE + 1).error).toBe(-E2BIG);
    expect(kindsOf(task.machine)).toEqual(["object-overflow"]);
  });

  /** Sizes of the user's and the kernel's structure, the kernel's bytes, and what each reading says. */
  const readings: [
    user: number,
    kernel: number,
    bytes: number[],
    documented: boolean,
    literal: boolean,
  ][] = [
    [4, 4, [1, 1, 1, 1, 1, 1, 1, 1], false, false],
    [4, 8, [1, 1, 1, 1, 0, 0, 0, 0], false, false],
    [4, 8, [0, 0, 0, 0, 0, 0, 0, 1], true, false],
    [8, 4, [1, 1, 1, 1, 0, 0, 0, 0], false, false],
    [8, 4, [0, 0, 0, 0, 0, 0, 0, 1], false, true],
  ];

  test.each(readings)(
    "ignored_trailing of %i bytes for the user and %i in the kernel, %j: %s, as the code has it %s",
    async (userSize, kernelSize, bytes, documented, literal) => {
      const { task, border, buffer } = await atBorder({ arch }, new Uint8Array(8));
      buffer.bytes.set(bytes);
      const read = (trailing?: "documented" | "literal"): unknown =>
        task.uaccess.copyStructToUser(border - 8, userSize, buffer, kernelSize, trailing);
      expect(read()).toEqual({ error: 0, ignoredTrailing: documented });
      expect(read("documented")).toEqual({ error: 0, ignoredTrailing: documented });
      expect(read("literal")).toEqual({ error: 0, ignoredTrailing: literal });
      expect(kindsOf(task.machine)).toEqual([]);
    },
  );

  test("as the code has it, the kernel looks behind its own object", async () => {
    const { task, border } = await atBorder({ arch }, new Uint8Array(8).fill(0x77));
    const small = task.machine.allocKernel(4);
    const done = task.uaccess.copyStructToUser(border - 8, 8, small, 4, "literal");
    expect(done).toEqual({ error: 0, ignoredTrailing: false });
    expect(kindsOf(task.machine)).toEqual(["object-overflow"]);
  });
});
