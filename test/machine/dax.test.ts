import { beforeEach, describe, expect, test } from "vitest";
import {
  remotePathNames,
  RemoteVm,
  type Machine,
  type Task,
  type UserFile,
} from "../../src/index.ts";
import { audit } from "./frames.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

/** Device DAX (drivers/dax/device.c, 6.18): memory of a device, shared, in leaves of one size. */

const ENODEV = 19;
const EINVAL = 22;
const MIB = 2 ** 20;
const LEAF = 2 * MIB;
const AT = 0x10000000;
const MREMAP = { mayMove: true, fixed: true } as const;

let machine: Machine;
let task: Task;
let device: UserFile;

beforeEach(async () => {
  machine = await machineOf({ memory: "16M", cpus: 2 });
  task = machine.createTask();
  device = machine.createFile(2 * LEAF, "2M", "dax");
});

/** Both leaves, shared, with a byte in each. */
function mapped(): void {
  task.map({ at: AT, length: 2 * LEAF, file: device, shared: true });
  for (const leaf of [0, 1]) expect(task.uaccess.putUser(AT + leaf * LEAF, 1, 1 + leaf)).toBe(0);
}

const levels = (): number[] => [0, 1].map((leaf) => task.entryOf(AT + leaf * LEAF).level);

describe("mmap", () => {
  test("takes the device's size of leaf, whatever is asked for", () => {
    mapped();
    expect(levels()).toEqual([2, 2]);
    expect(task.vmas()).toMatchObject([{ backing: "device DAX", permissions: "rw-s" }]);
    expect([device.page(0)[0], device.page(512)[0]]).toEqual([1, 2]);
  });

  test.each([
    ["private", { shared: false }],
    ["within a leaf at its start", { at: AT + PAGE, length: LEAF }],
    ["within a leaf at its end", { length: LEAF + PAGE }],
  ])("refuses what is %s", (_, options) => {
    const whole = { at: AT, length: LEAF, file: device, shared: true };
    expect(() => task.map({ ...whole, ...options })).toThrow("gave -EINVAL");
    expect(task.vmas()).toEqual([]);
  });

  test("an offset within a leaf is found out by the fault: SIGBUS", () => {
    task.map({ at: AT, length: LEAF, file: device, filePage: 1, shared: true });
    expect(task.touch(AT, "read")).toBe(false);
  });

  test("leaves of 4 KiB are pages as any others", () => {
    const small = machine.createFile(4 * PAGE, "4K", "dax");
    task.map({ at: AT, length: 4 * PAGE, file: small, shared: true });
    expect([task.touch(AT + PAGE, "write"), task.unmap(AT, PAGE)]).toEqual([true, 0]);
    expect(task.entryOf(AT + PAGE)).toMatchObject({ level: 1 });
    expect(task.entryOf(AT + 2 * PAGE).entry).toBe(0n); // no fault-around
  });
});

describe("a cut within a leaf is EINVAL and changes nothing, at a leaf's end it is good", () => {
  const cuts: Readonly<Record<string, (at: number, length: number) => number>> = {
    munmap: (at, length) => task.unmap(at, length),
    mprotect: (at, length) => task.protect(at, length, "r"),
    "madvise dontfork": (at, length) => task.advise(at, length, "dontfork"),
    mseal: (at, length) => task.seal(at, length),
    mremap: (at, length) => errnoOf(task, at, length),
  };

  function errnoOf(of: Task, at: number, length: number): number {
    const moved = of.remap(at, length, length, { ...MREMAP, newAddress: AT + 64 * MIB });
    return typeof moved === "bigint" ? 0 : moved;
  }

  test.each(Object.keys(cuts))("%s", (name) => {
    mapped();
    const before = [task.vmas(), levels()];
    for (const [at, length] of [
      [AT + PAGE, LEAF],
      [AT, PAGE],
      [AT + LEAF - PAGE, LEAF + PAGE],
    ] as const) {
      expect(cuts[name]!(at, length), `${at - AT}`).toBe(-EINVAL);
    }
    if (name !== "mseal") expect([task.vmas(), levels()]).toEqual(before);
    expect(cuts[name]!(AT + LEAF, LEAF)).toBe(0);
    expect(task.uaccess.getUser(AT, 1).value).toBe(1n);
    audit(machine);
  });
});

describe("what else is made of it", () => {
  test("madvise dontneed takes every leaf that it hits, and the device keeps the content", () => {
    mapped();
    expect(task.advise(AT + 5 * PAGE, PAGE, "dontneed")).toBe(0);
    expect([task.entryOf(AT).entry, levels()[1]]).toEqual([0n, 2]);
    expect(task.uaccess.getUser(AT, 1).value).toBe(1n);
    expect(levels()).toEqual([2, 2]);
  });

  test("an advice to an area within a leaf leaves its neighbours alone", () => {
    mapped();
    const away = AT + 64 * MIB + PAGE;
    for (const [at, value] of [
      [away - PAGE, 77],
      [away + 2 * LEAF, 88],
    ] as const) {
      task.map({ at, length: PAGE }).write(0, Uint8Array.of(value));
    }
    task.remap(AT, 2 * LEAF, 2 * LEAF, { ...MREMAP, newAddress: away });
    expect(task.advise(away, 2 * LEAF, "dontneed")).toBe(0);
    expect(task.uaccess.getUser(away - PAGE, 1).value).toBe(77n);
    expect(task.uaccess.getUser(away + 2 * LEAF, 1).value).toBe(88n);
  });

  test("a guard takes the whole leaf, and nothing smaller comes in its place", () => {
    mapped();
    expect(task.advise(AT + 3 * PAGE, PAGE, "guard_install")).toBe(0);
    expect([task.entryOf(AT).entry, task.entryOf(AT + 5 * PAGE).entry]).toEqual([0n, 0n]);
    expect([task.touch(AT + 3 * PAGE, "read"), task.touch(AT + 5 * PAGE, "read")]).toEqual([
      false,
      false,
    ]);
    expect(levels()[1]).toBe(2);
    audit(machine);
  });

  test("no hole is punched into it, nothing of it is locked", () => {
    mapped();
    expect(task.advise(AT, LEAF, "remove")).toBe(-ENODEV);
    expect(task.lockOnFault(AT, LEAF)).toBe(0);
    expect(task.vmas().map(({ flags }) => flags & machine.constant("VM_LOCKED"))).toEqual([0]);
  });

  test("an area that mremap put within a leaf has no page any more", () => {
    mapped();
    const away = AT + 64 * MIB + PAGE;
    expect(task.remap(AT, 2 * LEAF, 2 * LEAF, { ...MREMAP, newAddress: away })).toBe(BigInt(away));
    expect([task.touch(away, "read"), task.touch(away + LEAF, "read")]).toEqual([false, false]);
    expect(task.remap(away, 2 * LEAF, 2 * LEAF, { ...MREMAP, newAddress: AT })).toBe(BigInt(AT));
    expect(task.uaccess.getUser(AT + LEAF, 1).value).toBe(2n);
  });

  test("a child shares it", () => {
    mapped();
    const child = task.fork();
    child.runOn(1);
    expect(child.uaccess.putUser(AT, 1, 7)).toBe(0);
    task.runOn(0);
    expect(task.uaccess.getUser(AT, 1).value).toBe(7n);
  });

  test.each(remotePathNames)("read by another process, path %s", (path) => {
    mapped();
    const vm = new RemoteVm(machine.createTask({ cpu: 1 }), task, { path });
    expect(Array.from(vm.read(AT + LEAF - 1, 2).bytes)).toEqual([0, 2]);
    expect(vm.write(AT + LEAF, Uint8Array.of(9)).result).toBe(1);
    expect(device.page(512)[0]).toBe(9);
  });

  test("nothing is left behind", () => {
    mapped();
    task.exit();
    device.close();
    expect([machine.framesInUse, kindsOf(machine)]).toEqual([1, []]);
  });
});

describe("a device that cannot be is a wrong argument:", () => {
  test.each([
    ["a part of a page", () => machine.createFile(LEAF + PAGE, "2M", "dax"), "whole pages of 2M"],
    ["pages of 1 GiB of a memfd", () => machine.createFile(2 ** 30, "1G", "memfd"), "dax"],
  ])("%s", (_, create, valid) => {
    expect(create).toThrow(valid);
  });

  test("large pages of a 32-bit kernel", async () => {
    const narrow = await machineOf({ arch: "powerpc-8xx" });
    expect(() => narrow.createFile(LEAF, "2M", "dax")).toThrow("4K on a 32-bit kernel");
  });
});
