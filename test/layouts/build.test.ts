import { describe, expect, test } from "vitest";
import {
  buildLayout,
  layoutNames,
  Machine,
  namedLayout,
  parseLayout,
  RemoteVm,
  UsageError,
  type BuiltLayout,
  type OpenMemFile,
} from "../../src/index.ts";
import { letters } from "../machine/letters.ts";
import { machineOf } from "../machine/pool.ts";

/** What a layout becomes: areas, pages, rights; and nothing at all where it cannot be. */

const AT = 0x10000000;

async function built(text: string): Promise<BuiltLayout & { machine: Machine }> {
  const machine = await machineOf({ memory: "16M" });
  return { ...buildLayout(machine, parseLayout(text)), machine };
}

describe("the pages of an area are as its lists say:", () => {
  test.each([
    ["rw anon touched=0-1 zero=3 dirty=4 guard=6", "AA.ZA.G."],
    ["r anon touched=0 zero=1", "AZ......"],
    ["none anon touched=0 zero=1", "AZ......"],
    ["x anon touched=0", "A......."],
    ["w anon touched=0 zero=1", "AZ......"],
    ["rw anon cow=0-1 touched=2", "aaA....."],
    ["rw stack touched=7", ".......A"],
    ["rw shared touched=0 dirty=2", "F.F....."],
    ["none shared touched=0", "F......."],
    ["rw file touched=0 dirty=1", "FAFFFFFF"],
    ["r file cow=3", "...a...."],
    ["rw file shared dirty=1", ".F......"],
    ["r file size=5000 touched=0", "FF......"],
    ["r file offset=6p size=8p touched=0", "FF......"],
    ["r file shared read-only touched=0", "FFFFFFFF"],
    ["none file shared disk touched=0", "FFFFFFFF"],
    ["rw secret touched=0-1", "FF......"],
    ["rw anon uffd touched=0", "A......."],
    ["rw anon sealed locked touched=0", "A......."],
    ["rw device dirty=0 touched=7", "P......P"],
    ["r device mixed access=512 dirty=1", ".P......"],
  ])("8p %s", async (words, expected) => {
    const { task, child } = await built(`0x10000000 8p ${words}`);
    expect(letters(task, AT, 8)).toBe(expected);
    expect(child === null).toBe(!words.includes("cow"));
  });

  test("thp: a huge leaf, and the huge zero page", async () => {
    const { task } = await built("0x10000000 4M rw anon thp touched=0 zero=512");
    expect(letters(task, AT, 1) + letters(task, AT + 0x200000, 1)).toBe("Hz");
  });

  test.each([
    ["2M", 0x200000, 2],
    ["1G", 0x40000000, 3],
  ] as const)("leaves of %s", async (leaf, at, level) => {
    const machine = await Machine.create({ memory: leaf === "1G" ? "2500M" : "16M" });
    const text = `0x${at.toString(16)} ${leaf} rw file shared leaf=${leaf} touched=0`;
    const { task } = buildLayout(machine, parseLayout(text));
    expect(task.entryOf(at).level).toBe(level);
  });
});

describe("hugetlb:", () => {
  const HUGE = 0x200000;

  test.each([
    ["4M rw hugetlb touched=1", "H."],
    ["4M r hugetlb dirty=512-513", ".H"],
    ["4M rw hugetlb shared touched=all", "FF"],
    ["4M rw hugetlb sealed cow=0", "H."],
  ])("%s", async (words, expected) => {
    const { task, machine } = await built(`0x10000000 ${words}`);
    expect(letters(task, AT, 1) + letters(task, AT + HUGE, 1)).toBe(expected);
    const [vma] = task.vmas();
    expect(vma!.backing).toBe("hugetlb");
    expect(machine.hugePages("2M").reserved).toBe(expected.includes(".") ? 1 : 0);
  });

  test("a write to a page that a child has too finds one in the pool", async () => {
    const { task, child, machine } = await built("0x10000000 2M rw hugetlb cow=all");
    expect(machine.hugePages("2M")).toEqual({ total: 2, free: 1, reserved: 0 });
    expect(task.uaccess.putUser(AT, 8, 5)).toBe(0);
    child!.runOn(0);
    expect(child!.uaccess.getUser(AT, 8).value).toBe(BigInt(AT));
    expect(machine.hugePages("2M").free).toBe(0);
  });

  test("pages of 1 GiB", async () => {
    const machine = await Machine.create({ memory: "2500M" });
    const { task } = buildLayout(
      machine,
      parseLayout("0x40000000 1G rw hugetlb leaf=1G touched=0"),
    );
    expect(task.entryOf(0x40000000).level).toBe(3);
  });
});

test.each([
  ["access=1000", 0x1000, 0x1000],
  ["", 0x1000, -5],
  ["mixed access=8", 16, 16],
])("a device %s: what /proc/PID/mem reads of it", async (words, length, result) => {
  const machine = await machineOf({ memory: "16M", cpus: 2 });
  const text = `0x10000000 1p rw device ${words} dirty=0`;
  const { task } = buildLayout(machine, parseLayout(text));
  const caller = machine.createTask({ cpu: 1 });
  const buffer = caller.map({ at: AT, length: 4096, populate: true });
  const file = new RemoteVm(caller, task).memFile() as OpenMemFile;
  expect(file.pread(AT, length, AT).result).toBe(result);
  if (result > 0) expect(buffer.read(8, 8)).toEqual(Uint8Array.of(8, 0, 0, 0x10, 0, 0, 0, 0));
});

describe("its areas are as said:", () => {
  test.each([
    ["rw anon", "rw-p", "anonymous"],
    ["none anon touched=0", "---p", "anonymous"],
    ["w anon zero=0", "-w-p", "anonymous"],
    ["rwx stack", "rwxp", "anonymous"],
    ["r shared touched=0", "r--s", "shared anonymous"],
    ["r file", "r--p", "memfd"],
    ["rw file disk shared", "rw-s", "disk"],
    ["r file read-only shared", "r--s", "read-only disk"],
    ["r secret dirty=0", "r--s", "secret"],
    ["r device dirty=0", "r--s", "device memory"],
  ])("%s", async (words, permissions, backing) => {
    const { task } = await built(`0x10000000 8p ${words}`);
    expect(task.vmas()).toMatchObject([
      { start: BigInt(AT), end: BigInt(AT + 8 * 4096), permissions, backing },
    ]);
  });

  test("flags", async () => {
    const { task, machine } = await built("0x10000000 8p rw stack locked uffd sealed");
    const [vma] = task.vmas();
    for (const flag of ["VM_LOCKED", "VM_UFFD_MISSING", "VM_GROWSDOWN"] as const) {
      expect(vma!.flags & machine.constant(flag), flag).not.toBe(0);
    }
    expect(vma!.sealed).toBe(true);
  });

  test("a hole is nothing", async () => {
    const { task } = await built("0x10000000 8p rw anon\n0x20000000 1p hole");
    expect(task.vmas()).toHaveLength(1);
  });
});

test("words of memory are their own addresses, those of a file their places in it", async () => {
  const { task } = await built(
    "0x10000000 2p r anon dirty=1\n0x20000000 1p r file offset=1p touched=0",
  );
  const word = (at: number): bigint => task.uaccess.getUser(at, 8).value;
  expect([word(AT + 0x1008), word(0x20000010)]).toEqual([0x10001008n, 0x1010n]);
});

test("areas that name one file map one file", async () => {
  const { task, files } = await built(
    "0x10000000 1p rw file file=a shared touched=0\n0x20000000 1p r file file=a shared touched=0",
  );
  task.uaccess.putUser(AT, 8, 7);
  expect(task.uaccess.getUser(0x20000000, 8).value).toBe(7n);
  expect([...files.keys()]).toEqual(["a"]);
  expect(files.get("a")!.page(0)[0]).toBe(7);
});

describe("what cannot be built names its line, and leaves nothing behind:", () => {
  test.each([
    [
      "0x10000000 1p rw anon\n0x7fffffff0000 16p rw anon",
      "x86-64",
      "lies beyond what a program can have",
    ],
    ["0x10000000 2M rw anon leaf=2M", "powerpc-8xx", "has large leaves on powerpc-8xx"],
    ["0x10000000 2M rw anon thp", "powerpc-8xx", "has large leaves on powerpc-8xx"],
    [
      "0x10000000 1p rw anon\n0x20000000 2M rw anon touched=all",
      "x86-64",
      "exceeds RAM: the layout up to here has 2M of pages",
    ],
    ["0x10000000 1p rw anon\n0x20000000 2M rw file", "x86-64", "exceeds RAM"],
    ["0x10000000 1p rw file\n0x20000000 254p rw file", "x86-64", "cannot be built"],
    [
      "0x10000000 4p rw anon cow=all\n0x20000000 245p rw anon touched=all",
      "x86-64",
      "cannot be built: no page can be at 0x200",
    ],
    [
      "0x10000000 2M rw anon leaf=2M touched=0",
      "x86-64",
      "cannot be built: no page can be at 0x10000000: RAM has no 2M in one piece; valid: less memory, or a machine with more RAM",
    ],
    [
      "0x10000000 64p rw anon touched=all\n0x20000000 2M rw file leaf=2M touched=0",
      "x86-64",
      "cannot be built: no page can be at 0x20000000: RAM has no 2M in one piece",
    ],
    [
      "0x10000000 1p rw anon touched=all\n0x20000000 2M rw hugetlb",
      "x86-64",
      "cannot be built: RAM has 0 of 1 more pages of 2M for the pool",
    ],
    ["0x10000000 2M rw hugetlb", "powerpc-8xx", "has large leaves on powerpc-8xx"],
    [
      "0x10000000 8p r file disk uffd",
      "x86-64",
      "cannot be built: userfaultfd gave -EINVAL; valid: what the kernel does not refuse",
    ],
  ] as const)("%s on %s", async (text, arch, problem) => {
    const machine = await machineOf({ memory: "1M", arch });
    const before = machine.framesInUse;
    const lines = text.split("\n");
    const build = (): unknown => buildLayout(machine, parseLayout(text));
    expect(build).toThrow(UsageError);
    expect(build).toThrow(`layout line ${lines.length} "${lines.at(-1)}" ${problem}`);
    expect(machine.framesInUse).toBe(before);
  });
});

test("a mapping that the kernel refuses says where, in hex, and why, by name", async () => {
  const machine = await machineOf({ memory: "256K" });
  const lines = Array.from({ length: 4000 }, (_, index) => `0x${(index + 1) * 2}000 1p rw anon`);
  expect(() => buildLayout(machine, parseLayout(lines.join("\n")))).toThrow(
    /^layout line \d+ "0x[0-9a-f]+ 1p rw anon" cannot be built: mmap of 0x1000 bytes at 0x[0-9a-f]+ gave -ENOMEM; valid: less memory, or a machine with more RAM$/,
  );
});

test("a pool that was made larger is as it was after a failure", async () => {
  const machine = await machineOf({ memory: "8M" });
  machine.setHugePages("2M", 1);
  const before = machine.framesInUse;
  const text = "0x10000000 4M rw hugetlb touched=all\n0x20000000 1p r file disk uffd";
  expect(() => buildLayout(machine, parseLayout(text))).toThrow("userfaultfd gave -EINVAL");
  expect(machine.hugePages("2M")).toEqual({ total: 1, free: 1, reserved: 0 });
  expect(machine.framesInUse).toBe(before);
});

test.each(layoutNames)("%s can be built, and goes without a trace", async (name) => {
  const machine = await machineOf({ memory: "16M" });
  const before = machine.framesInUse;
  const { task, child, files } = buildLayout(machine, namedLayout(name));
  child?.exit();
  task.exit();
  for (const file of files.values()) file.close();
  expect(machine.setHugePages("2M", 0)).toBe(0);
  expect(machine.framesInUse).toBe(before);
  expect(machine.findings()).toEqual([]);
});
