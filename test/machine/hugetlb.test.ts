import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Machine, RemoteVm, type MapOptions, type Task } from "../../src/index.ts";
import { remotePathNames } from "../../src/machine/remotePath.ts";
import { folioWalk } from "../../src/systems/remote/folioWalk.ts";
import { audit } from "./frames.ts";
import { letters } from "./letters.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

/** MAP_HUGETLB: pages from a pool, promised when they are mapped (mm/hugetlb.c, 6.18). */

const EACCES = -13;
const EFAULT = -14;
const EINVAL = -22;
const HUGE = 2 << 20;
const BASE = 0x10000000;
const at = (page: number): number => BASE + page * HUGE;
const BUFFER = 0x50000000;
const LISTS = 0x60000000;

let machine: Machine;
let task: Task;

async function begin(pages: number): Promise<void> {
  machine = await machineOf({ memory: "32M", cpus: 2 });
  expect(machine.setHugePages("2M", pages)).toBe(pages);
  task = machine.createTask();
}

function map(page: number, pages: number, options: Partial<MapOptions> = {}): void {
  task.map({ at: at(page), length: pages * HUGE, hugetlb: true, ...options });
}

/** Free and promised pages of the pool. */
function pool(): [free: number, reserved: number] {
  const { free, reserved } = machine.hugePages("2M");
  return [free, reserved];
}

function put(owner: Task, address: number, value: number): number {
  owner.runOn(0);
  return owner.uaccess.putUser(address, 1, value);
}

function get(owner: Task, address: number): bigint {
  owner.runOn(0);
  return owner.uaccess.getUser(address, 1).value;
}

beforeEach(() => begin(4));

/** Every page is back in its pool, and the pool gives all of them back. */
afterEach(() => {
  task.exit();
  expect(kindsOf(machine)).toEqual([]);
  const { total } = machine.hugePages("2M");
  expect(machine.hugePages("2M")).toEqual({ total, free: total, reserved: 0 });
  audit(machine);
  expect(machine.setHugePages("2M", 0)).toBe(0);
  expect(machine.framesInUse).toBe(1);
  audit(machine);
});

describe("the pool", () => {
  test("has as many pages as RAM has room for", () => {
    expect(machine.setHugePages("2M", 1000)).toBe(15);
    expect(machine.setHugePages("1G", 1)).toBe(0);
    expect(machine.setHugePages("2M", 1)).toBe(1);
  });

  test("keeps what is in use or promised", () => {
    map(0, 3);
    put(task, at(0), 1);
    expect(machine.setHugePages("2M", 0)).toBe(3);
    expect(machine.hugePages("2M")).toEqual({ total: 3, free: 2, reserved: 2 });
  });

  test("gives out zeroed pages", () => {
    map(0, 1);
    put(task, at(0), 7);
    task.unmap(at(0), HUGE);
    map(0, 4);
    for (const page of [0, 1, 2, 3]) expect(get(task, at(page))).toBe(0n);
  });
});

describe.each([false, true])("mmap, shared: %s", (shared) => {
  test("promises every page, or none", () => {
    map(0, 3, { shared });
    expect(pool()).toEqual([4, 3]);
    expect(() => map(4, 2, { shared })).toThrow("gave -ENOMEM");
    expect(pool()).toEqual([4, 3]);
    map(4, 1, { shared, length: 1 });
    expect(pool()).toEqual([4, 4]);
    expect(task.vmas().map(({ start, end }) => Number(end - start))).toEqual([3 * HUGE, HUGE]);
    expect(task.unmap(at(0), 3 * HUGE)).toBe(0);
    expect(pool()).toEqual([4, 1]);
  });

  test("begins with a page", () => {
    expect(() => map(0, 1, { shared, at: at(0) + PAGE })).toThrow("gave -EINVAL");
    expect(pool()).toEqual([4, 0]);
  });

  test("a fault takes a promised page, as one leaf", () => {
    map(0, 2, { shared });
    expect(put(task, at(1) + 5, 9)).toBe(0);
    expect(pool()).toEqual([3, 1]);
    expect(task.entryOf(at(1)).level).toBe(2);
    expect(get(task, at(1) + 5)).toBe(9n);
    expect(get(task, at(0))).toBe(0n);
    expect(task.pageState(at(0)).kind).toBe(shared ? "file" : "private");
    expect(task.vmas()[0]).toMatchObject({ backing: "hugetlb" });
  });

  test("no call cuts a page", () => {
    map(0, 2, { shared });
    put(task, at(0), 1);
    expect(task.unmap(at(0), HUGE + PAGE)).toBe(EINVAL);
    expect(task.unmap(at(0) + PAGE, HUGE)).toBe(EINVAL);
    expect(task.protect(at(0), PAGE, "r")).toBe(EINVAL);
    expect(task.protect(at(1) - PAGE, PAGE, "r")).toBe(EINVAL);
    expect(task.advise(at(0) + PAGE, HUGE, "dontneed")).toBe(EINVAL);
    expect(task.seal(at(0), PAGE)).toBe(EINVAL);
    expect(
      task.remap(at(0), HUGE, HUGE, { mayMove: true, fixed: true, newAddress: at(8) + PAGE }),
    ).toBe(EINVAL);
    expect(task.remap(at(0), 2 * HUGE, 3 * HUGE, { mayMove: true })).toBe(EINVAL);
    expect(task.entryOf(at(0)).level).toBe(2);
    expect(task.protect(at(1), HUGE, "r")).toBe(0);
    expect(task.unmap(at(1), HUGE)).toBe(0);
    expect(pool()).toEqual([3, shared ? 1 : 0]);
  });

  test("mremap takes pages and promises along", () => {
    map(0, 2, { shared });
    put(task, at(0), 3);
    const moved = task.remap(at(0), 2 * HUGE, 2 * HUGE, {
      mayMove: true,
      fixed: true,
      newAddress: at(8),
    });
    expect(moved).toBe(BigInt(at(8)));
    expect(pool()).toEqual([3, 1]);
    expect([get(task, at(8)), put(task, at(9), 1)]).toEqual([3n, 0]);
    expect(pool()).toEqual([2, 0]);
  });

  test("MADV_DONTNEED takes whole pages of the range", () => {
    map(0, 2, { shared });
    for (const page of [0, 1]) put(task, at(page), 5);
    expect(task.advise(at(0), 2 * HUGE - PAGE, "dontneed")).toBe(0);
    expect(letters(task, at(0), 1) + letters(task, at(1), 1)).toBe(shared ? ".F" : ".H");
    expect(pool()).toEqual(shared ? [2, 0] : [3, 1]);
    expect(get(task, at(0))).toBe(shared ? 5n : 0n);
  });

  test.each(["free", "cold", "guard_install", "guard_remove"] as const)(
    "%s is refused",
    (advice) => {
      map(0, 1, { shared });
      expect(task.advise(at(0), HUGE, advice)).toBe(EINVAL);
    },
  );
});

describe("fork", () => {
  test("shares a shared mapping, faulted or not", () => {
    map(0, 2, { shared: true });
    put(task, at(0), 1);
    const child = task.fork();
    put(child, at(0), 2);
    put(child, at(1), 3);
    expect([get(task, at(0)), get(task, at(1))]).toEqual([2n, 3n]);
    expect(pool()).toEqual([2, 0]);
    child.exit();
  });

  test("a write copies a private page that both have, and takes over one that only one has", () => {
    map(0, 1);
    put(task, at(0), 1);
    const child = task.fork();
    expect(put(task, at(0), 2)).toBe(0);
    expect([get(task, at(0)), get(child, at(0))]).toEqual([2n, 1n]);
    expect(pool()).toEqual([2, 0]);
    put(child, at(0), 3);
    expect(pool()).toEqual([2, 0]);
    child.exit();
    expect(pool()).toEqual([3, 0]);
  });

  test("promises are the parent's: the child finds the pool empty, as a SIGBUS", () => {
    map(0, 3);
    put(task, at(0), 1);
    const child = task.fork();
    machine.setHugePages("2M", 0);
    expect(pool()).toEqual([2, 2]);
    expect(put(child, at(0), 2)).toBe(EFAULT);
    expect(put(child, at(1), 2)).toBe(EFAULT);
    expect(get(child, at(0))).toBe(1n);
    expect(put(task, at(1), 2)).toBe(0);
    child.exit();
  });

  test("what the parent gives up is no longer kept for it, while the child lives", () => {
    map(0, 3);
    const child = task.fork();
    task.unmap(at(0), 2 * HUGE);
    expect(pool()).toEqual([4, 1]);
    expect(put(child, at(0), 1)).toBe(0);
    expect(pool()).toEqual([3, 1]);
    child.exit();
  });
});

describe("MADV_REMOVE", () => {
  test("takes whole pages away from all, and their promise too", () => {
    map(0, 2, { shared: true });
    for (const page of [0, 1]) put(task, at(page) + HUGE - 1, 4);
    const child = task.fork();
    expect(get(child, at(0) + HUGE - 1)).toBe(4n);
    expect(task.advise(at(0), HUGE + PAGE, "remove")).toBe(0);
    expect(letters(child, at(0), 1) + letters(task, at(1), 1)).toBe(".F");
    expect(pool()).toEqual([3, 0]);
    expect([get(task, at(0) + HUGE - 1), get(task, at(1) + HUGE - 1)]).toEqual([0n, 4n]);
    child.exit();
  });

  test("not from a private mapping", () => {
    map(0, 1);
    expect(task.advise(at(0), HUGE, "remove")).toBe(EACCES);
  });
});

describe.each(remotePathNames)("remote access, path %s", (path) => {
  test.each([false, true])("shared: %s; by the slow path alone, right over a border", (shared) => {
    machine.remotePath = path;
    map(0, 2, { shared });
    put(task, at(1) - 1, 5);
    put(task, at(1), 6);
    const caller = machine.createTask({ cpu: 1 });
    const vm = new RemoteVm(caller, task);
    const { bytes, counts } = vm.read(at(1) - 1, 2);
    expect(Array.from(bytes)).toEqual([5, 6]);
    expect([counts.bytesFast, counts.bytesSlow, counts.targetWalks.pmd]).toEqual([0, 2, 2]);
    expect(vm.write(at(0) + 77, Uint8Array.of(8)).result).toBe(1);
    expect(get(task, at(0) + 77)).toBe(8n);
    expect(folioWalk(caller, task, at(0), { vmaLocked: true })).toBeNull();
    expect(folioWalk(caller, task, at(0))).toMatchObject({ level: "PMD" });
    caller.exit();
  });

  test("force writes a page of the process's own where it may not write", () => {
    machine.remotePath = path;
    map(0, 1, { protection: "r" });
    const caller = machine.createTask({ cpu: 1 });
    const vm = new RemoteVm(caller, task);
    expect(vm.write(at(0), Uint8Array.of(1), "plain").result).toBe(0);
    expect(vm.write(at(0), Uint8Array.of(1), "force").result).toBe(1);
    expect(vm.read(at(0), 1).bytes[0]).toBe(1);
    expect(put(task, at(0), 2)).toBe(EFAULT);
    caller.exit();
  });
});

test("process_vm unshares a page, and ends where the pool is empty", () => {
  map(0, 2);
  put(task, at(0), 9);
  const child = task.fork();
  const caller = machine.createTask({ cpu: 1 });
  caller.map({ at: BUFFER, length: PAGE });
  caller.map({ at: LISTS, length: PAGE, populate: true });
  const vm = new RemoteVm(caller, child);
  const local = vm.placeIovecs(LISTS, [{ address: BUFFER, length: 8 }]);
  const remote = vm.placeIovecs(LISTS + 64, [{ address: at(0), length: 8 }]);
  expect(vm.processVmReadv(local, remote).result).toBe(8);
  expect(pool()).toEqual([2, 1]);
  expect(child.pageState(at(0))).toMatchObject({ exclusive: true, mapcount: 1 });
  expect(child.advise(at(0), HUGE, "dontneed")).toBe(0);
  machine.setHugePages("2M", 0);
  expect(vm.processVmReadv(local, remote).result).toBe(EFAULT);
  child.exit();
  caller.exit();
});

test.each([
  ["file", { file: "one" }],
  ["growsDown", { growsDown: true }],
  ["pageSize", { pageSize: "4K" }],
] as const)("%s has no sense with it", (argument, options) => {
  const file = "file" in options ? { file: machine.createFile(HUGE) } : {};
  expect(() => map(0, 1, { ...(options as Partial<MapOptions>), ...file })).toThrow(argument);
  file.file?.close();
});

test("a page of 1 GiB is one leaf, and comes from a pool of its own", async () => {
  const GIB = 2 ** 30;
  const large = await Machine.create({ memory: "3G" });
  expect(large.setHugePages("1G", 3)).toBe(2);
  const owner = large.createTask();
  owner.map({ at: GIB, length: 1, hugetlb: true, pageSize: "1G" });
  expect(large.hugePages("1G")).toEqual({ total: 2, free: 2, reserved: 1 });
  expect(owner.uaccess.putUser(2 * GIB - 4, 4, 7)).toBe(0);
  expect(owner.entryOf(GIB).level).toBe(3);
  expect(owner.unmap(GIB, HUGE)).toBe(EINVAL);
  expect(owner.unmap(GIB, GIB)).toBe(0);
  expect(large.hugePages("1G")).toEqual({ total: 2, free: 2, reserved: 0 });
  expect(large.setHugePages("1G", 0)).toBe(0);
});

test.each([false, true])(
  "an allocation that fails leaves no promise, shared: %s",
  async (shared) => {
    const study = await machineOf({ memory: "16M", build: "study" });
    study.setHugePages("2M", 3);
    const owner = study.createTask();
    const before = study.framesInUse;
    let refused = 0;
    for (let nth = 1; nth < 16; nth++) {
      study.setHeader("HEADER_FAIL_ALLOCATION", nth);
      try {
        owner.map({ at: BASE, length: 2 * HUGE, hugetlb: true, shared });
        owner.touch(BASE, "write");
        owner.fork().exit();
      } catch {
        refused += 1;
      }
      study.setHeader("HEADER_FAIL_ALLOCATION", 0);
      owner.unmap(BASE, 2 * HUGE);
      expect(study.hugePages("2M")).toEqual({ total: 3, free: 3, reserved: 0 });
      expect(study.framesInUse).toBe(before);
    }
    expect(refused).toBeGreaterThan(0);
    audit(study);
  },
);
