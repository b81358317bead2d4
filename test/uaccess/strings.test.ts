import { describe, expect, test } from "vitest";
import { EFAULT, PAGE, ramp, topOf } from "../machine/pool.ts";
import { FILL, THOROUGH, USER, atBorder } from "./border.ts";

/** Strings at a page border. */

describe.each(THOROUGH)("strings: $arch $build", (where) => {
  const text = Uint8Array.of(0x61, 0x62, 0x63, 0);

  test("a NUL as the last byte before a missing page hides the page", async () => {
    const { task, border, buffer } = await atBorder(where, text);
    const at = border - 4;
    expect(task.uaccess.strnlenUser(at, 100)).toBe(4);
    expect(task.uaccess.strnlenUserNofault(at, 100)).toBe(4);
    expect(task.uaccess.strncpyFromUser(buffer, at, 100)).toBe(3);
    expect([...buffer.bytes.subarray(0, 5)]).toEqual([...text, FILL]);
    expect(task.uaccess.strncpyFromUserNofault(buffer, at, 100)).toBe(4);
    expect(task.uaccess.strncpyFromUser(buffer, border - 1, 100)).toBe(0);
    expect(task.uaccess.strncpyFromUserNofault(buffer, border - 1, 100)).toBe(0);
  });

  test("without a NUL the fault shows, unless the limit comes first", async () => {
    const { task, border, buffer } = await atBorder(where, ramp(3));
    const at = border - 3;
    const { uaccess } = task;
    expect(uaccess.strnlenUser(at, 100)).toBe(0);
    expect(uaccess.strnlenUserNofault(at, 100)).toBe(0);
    expect(uaccess.strncpyFromUser(buffer, at, 100)).toBe(-EFAULT);
    expect(uaccess.strncpyFromUserNofault(buffer, at, 100)).toBe(-EFAULT);
    expect(uaccess.strnlenUser(at, 3)).toBeGreaterThan(3);
    buffer.bytes.fill(FILL);
    expect(uaccess.strncpyFromUser(buffer, at, 3)).toBe(3);
    expect([...buffer.bytes.subarray(0, 4)]).toEqual([1, 2, 3, FILL]);
    expect(uaccess.strncpyFromUserNofault(buffer, at, 3)).toBe(3);
    expect([...buffer.bytes.subarray(0, 4)]).toEqual([1, 2, 0, FILL]);
  });

  test("the word with the NUL is loaded whole, also from the next page", async () => {
    const { task, border, buffer } = await atBorder(where, text);
    const next = task.map({ at: border, length: PAGE });
    const isPresent = (): boolean => task.linearOf(border) !== null;
    task.uaccess.strnlenUser(border - 3, 100);
    task.uaccess.strncpyFromUser(buffer, border - 3, 3);
    task.uaccess.strncpyFromUser(buffer, border - 8, 100);
    expect(isPresent()).toBe(false);
    expect(task.uaccess.strncpyFromUser(buffer, border - 3, 100)).toBe(2);
    expect(isPresent()).toBe(true);
    expect([...next.read(0, 4)]).toEqual([0, 0, 0, 0]);
  });

  test.each([0, -1, -1000])("a limit of %i is 0, at any address", async (limit) => {
    const { task, buffer } = await atBorder(where, text);
    for (const at of [USER, topOf(task.machine) - 1n]) {
      expect(task.uaccess.strncpyFromUser(buffer, at, limit)).toBe(0);
      expect(task.uaccess.strncpyFromUserNofault(buffer, at, limit)).toBe(0);
      expect(task.uaccess.strnlenUser(at, limit)).toBe(0);
      expect(task.uaccess.strnlenUserNofault(at, limit)).toBe(0);
    }
  });

  test("a string that runs over two pages, and one that runs into the kernel's half", async () => {
    const { task, border, buffer } = await atBorder(where, ramp(10));
    const { machine, uaccess } = task;
    task.map({ at: border, length: PAGE }).write(0, Uint8Array.of(0x7a, 0));
    expect(uaccess.strncpyFromUser(buffer, border - 10, 100)).toBe(11);
    expect([...buffer.bytes.subarray(0, 12)]).toEqual([...ramp(10), 0x7a, 0]);
    const limit = machine.wideAt(
      machine.exports.profileAddress() + machine.constant("PROFILE_TASK_LIMIT"),
    );
    const top = task.map({ at: limit - BigInt(PAGE), length: PAGE });
    top.write(PAGE - 4, ramp(4));
    expect(uaccess.strncpyFromUser(buffer, limit - 4n, 4)).toBe(4);
    expect(uaccess.strncpyFromUser(buffer, limit - 4n, 5)).toBe(-EFAULT);
    expect(uaccess.strnlenUser(limit - 4n, 5)).toBe(0);
    expect(uaccess.strncpyFromUser(buffer, limit, 5)).toBe(-EFAULT);
  });
});
