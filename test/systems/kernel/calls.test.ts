import { beforeEach, describe, expect, test } from "vitest";
import { errnos } from "../../../src/base/errno.ts";
import { readDevice, writeDevice } from "../../../src/systems/kernel/devices.ts";
import { readFile, writeFile } from "../../../src/systems/kernel/fileData.ts";
import { Process } from "../../../src/systems/kernel/process.ts";
import { systemCall } from "../../../src/systems/kernel/systemCalls.ts";
import { importBuffer } from "../../../src/systems/kernel/vector.ts";
import { PAGE } from "../../machine/pool.ts";
import { END, makeBed, tail, tailBytes, vectorOf, VECTORS, type Bed } from "./bed.ts";

const { EFAULT, EINVAL, ENAMETOOLONG, ENOENT, ENOSPC, ERANGE } = errnos;
const LIMIT = 0x7ffffffff000n;

let bed: Bed;

beforeEach(async () => {
  bed = await makeBed();
  MAX_RW_COUNT = bed.machine.constant("MAX_RW_COUNT");
});

let MAX_RW_COUNT: number;

/** What an import took over, or the error. */
function taken(imported: ReturnType<typeof vectorOf>): number {
  return typeof imported === "number" ? imported : imported.remaining;
}

describe("the import of a vector", () => {
  test("looks at 32 bits of the count, and at no list without elements", () => {
    expect(taken(vectorOf(bed.task, [[END, 5]], 1n << 32n))).toBe(0);
    expect(taken(vectorOf(bed.task, [[END, 5]], (1n << 32n) + 1n))).toBe(5);
    expect(taken(vectorOf(bed.task, [], 1025n))).toBe(-EINVAL);
  });

  test("caps one element before its range is checked, several after", () => {
    const start = LIMIT - BigInt(MAX_RW_COUNT);
    expect(taken(vectorOf(bed.task, [[start, 1n << 40n]]))).toBe(MAX_RW_COUNT);
    expect(taken(vectorOf(bed.task, [[start, 1n << 40n], [END, 0]]))).toBe(-EFAULT); // prettier-ignore
  });

  test("cuts the sum of several", () => {
    expect(taken(vectorOf(bed.task, [[4096, MAX_RW_COUNT], [4096, MAX_RW_COUNT], [END, 3]]))).toBe(MAX_RW_COUNT); // prettier-ignore
  });

  test("checks elements in order: whichever is wrong first decides", () => {
    const negative = 1n << 63n;
    expect(taken(vectorOf(bed.task, [[END, negative], [1n << 60n, 1]]))).toBe(-EINVAL); // prettier-ignore
    expect(taken(vectorOf(bed.task, [[1n << 60n, 1], [END, negative]]))).toBe(-EINVAL); // prettier-ignore
    const lastSlot = VECTORS + PAGE - 16;
    bed.task.uaccess.putUser(lastSlot + 8, 8, negative);
    expect(systemCall(new Process(bed.task), "writev_iovptr", BigInt(lastSlot), 2)).toBe(-EINVAL);
    bed.task.uaccess.putUser(lastSlot + 8, 8, 0);
    expect(systemCall(new Process(bed.task), "writev_iovptr", BigInt(lastSlot), 2)).toBe(-EFAULT);
  });

  test("a single buffer is checked in full, also when it is empty", () => {
    expect(taken(importBuffer(bed.task, LIMIT, 0n))).toBe(0);
    expect(taken(importBuffer(bed.task, LIMIT + 1n, 0n))).toBe(-EFAULT);
    expect(taken(importBuffer(bed.task, 4096n, LIMIT))).toBe(-EFAULT);
  });
});

describe("a file", () => {
  test("takes the longest prefix that can be read, over pages and elements", () => {
    const file = bed.machine.createFile(10);
    const from = vectorOf(bed.task, [[END - 5000, 4000], [END - 5, 0], [END - 1000, 2000]]); // prettier-ignore
    expect(writeFile(file, 4000, from as Exclude<typeof from, number>)).toBe(5000);
    expect(file.size).toBe(9000n);
    expect([...file.page(2).subarray(0, 808)]).toEqual([...tailBytes(808)]);
    file.close();
  });

  test("a write that fails moves the end to where it would have begun, unless it is empty", () => {
    const file = bed.machine.createFile(10);
    expect(writeFile(file, 5000, tail(bed.task, 10, 10))).toBe(-EFAULT);
    expect(file.size).toBe(5000n);
    expect(writeFile(file, 9000, tail(bed.task, 0))).toBe(0);
    expect(writeFile(file, 2 ** 32, tail(bed.task, 1))).toBe(-errnos.EFBIG);
    expect(file.size).toBe(5000n);
    file.close();
  });

  test("gives what it has; at its end it does not touch the memory", () => {
    const file = bed.machine.createFile(6000);
    file.page(1).fill(7);
    expect(readFile(file, 4000, tail(bed.task, 3000))).toBe(2000);
    expect(readFile(file, 4000, tail(bed.task, 1000, 500))).toBe(500);
    expect(readFile(file, 4000, tail(bed.task, 10, 10))).toBe(-EFAULT);
    expect(readFile(file, 6000, tail(bed.task, 10, 10))).toBe(0);
    file.close();
  });
});

test("the memory devices", () => {
  expect(readDevice("zero", tail(bed.task, 100, 40))).toBe(60);
  expect(bed.task.uaccess.getUser(END - 8, 8).value).toBe(0n);
  expect(readDevice("zero", tail(bed.task, 10, 10))).toBe(-EFAULT);
  expect(readDevice("null", tail(bed.task, 10, 10))).toBe(0);
  expect(writeDevice("null", tail(bed.task, 10, 10))).toBe(10);
  expect(writeDevice("full", tail(bed.task, 0))).toBe(-ENOSPC);
});

describe("system calls", () => {
  const call = (name: Parameters<typeof systemCall>[1], address: number, size = 0): number => {
    const process = new Process(bed.task);
    process.setName(new TextEncoder().encode("demo"));
    const result = systemCall(process, name, BigInt(address), size);
    process.free();
    return result;
  };
  const putText = (text: string): number => {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const at = END - bytes.length;
    bytes.forEach((byte, index) => bed.task.uaccess.putUser(at + index, 1, byte));
    return at;
  };
  const bytesAt = (at: number, length: number): number[] =>
    Array.from({ length }, (_, index) => Number(bed.task.uaccess.getUser(at + index, 1).value));

  test.each([
    ["uname", 390],
    ["sysinfo", 112],
    ["fstat", 144],
    ["clock_gettime", 16],
    ["prctl_get_name", 16],
    ["rt_sigaction_old", 32],
    ["getresuid", 12],
  ] as const)("%s stores %i bytes, all of them or none counts", (name, bytes) => {
    expect(call(name, END - bytes)).toBe(0);
    expect(call(name, END - bytes + 1)).toBe(-EFAULT);
  });

  test("a null pointer is a bad address, or says that nobody wants to know", () => {
    expect([call("uname", 0), call("time", 0), call("sigprocmask_set", 0)]).toEqual([
      -EFAULT,
      0,
      0,
    ]);
  });

  test("what they store", () => {
    call("uname", END - 390);
    expect(bytesAt(END - 390, 6)).toEqual([...new TextEncoder().encode("Linux\0")]);
    call("prctl_get_name", END - 16);
    expect(bytesAt(END - 16, 5)).toEqual([...new TextEncoder().encode("demo\0")]);
    expect(call("getcwd", END - 6, 6)).toBe(6);
    expect(bytesAt(END - 6, 6)).toEqual([...new TextEncoder().encode("/proc\0")]);
    expect(call("getcwd", END - 6, 5)).toBe(-ERANGE);
    expect(call("sched_getaffinity", END - 32, 128)).toBe(32);
    expect(bytesAt(END - 32, 2)).toEqual([1, 0]);
    expect(call("getdents64", END - 24, 200)).toBe(24);
    expect(call("getrandom", END - 100, 5000)).toBe(100);
    expect(call("mincore", END - 10, 10)).toBe(0);
  });

  test.each([
    ["/", 0],
    ["///proc//", 0],
    ["/proc/1", -ENOENT],
    ["/procs", -ENOENT],
    ["proc", -ENOENT],
    ["", -ENOENT],
    [`/${"x".repeat(255)}`, -ENOENT],
    [`/${"x".repeat(256)}`, -ENAMETOOLONG],
    [`${"x".repeat(256)}/`, -ENOENT],
    [`/proc/${"x".repeat(256)}`, -ENOENT],
    [`/x/${"x".repeat(256)}`, -ENOENT],
    ["x".repeat(4095), -ENOENT],
    ["x".repeat(4096), -ENAMETOOLONG],
    [".", 0],
    ["../proc/.", 0],
    ["/../..", 0],
    ["..proc", -ENOENT],
    ["/".repeat(4095), 0],
    ["/".repeat(4096), -ENAMETOOLONG],
  ])("open %j", (path, result) => {
    expect(call("open", putText(path))).toBe(result);
    expect(call("access", END - 1)).toBe(-ENOENT);
  });

  test("a string without an end is a fault", () => {
    bed.task.uaccess.putUser(END - 1, 1, 47);
    expect(call("open", END - 1)).toBe(-EFAULT);
  });

  test("a name is cut to fifteen bytes, and what lies behind those is never read", () => {
    const process = new Process(bed.task);
    expect(systemCall(process, "prctl_set_name", BigInt(END - 15), 0)).toBe(0);
    expect([...process.name]).toEqual([...tailBytes(15), 0]);
    expect(systemCall(process, "prctl_set_name", BigInt(END - 14), 0)).toBe(-EFAULT);
    process.free();
  });

  test("poll reads all elements and stores two bytes each", () => {
    const at = END - 16;
    const element = (descriptor: number, events: number): bigint =>
      BigInt.asUintN(32, BigInt(descriptor)) | (BigInt(events) << 32n);
    bed.task.uaccess.putUser(at, 8, element(1, 5));
    bed.task.uaccess.putUser(at + 8, 8, element(9, 1));
    expect(call("poll", at, 2)).toBe(2);
    expect([bytesAt(at + 6, 2), bytesAt(at + 14, 2)]).toEqual([[5, 0], [0x20, 0]]); // prettier-ignore
    bed.task.uaccess.putUser(at, 8, element(-1, 5));
    expect(call("poll", at, 1)).toBe(0);
    bed.task.protect(END - PAGE, PAGE, "r");
    expect(call("poll", at, 1)).toBe(-EFAULT);
  });

  test("a sleep moves the clock; a time that is none is refused", () => {
    bed.task.uaccess.putUser(END - 16, 8, 2);
    bed.task.uaccess.putUser(END - 8, 8, 500);
    expect(call("nanosleep", END - 16)).toBe(0);
    expect(bed.machine.nanoseconds).toBe(2_000_000_500n);
    bed.task.uaccess.putUser(END - 8, 8, 1_000_000_000);
    expect(call("nanosleep", END - 16)).toBe(-EINVAL);
    bed.task.uaccess.putUser(END - 16, 8, 1n << 63n);
    bed.task.uaccess.putUser(END - 8, 8, 0);
    expect(call("nanosleep", END - 16)).toBe(-EINVAL);
  });
});
