import { describe, expect, test } from "vitest";
import {
  buildLayout,
  layoutNames,
  Machine,
  namedLayout,
  parseLayout,
  UsageError,
  type BuiltLayout,
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
      "exceeds RAM: the layout up to here has 2097152 bytes of pages",
    ],
    ["0x10000000 1p rw anon\n0x20000000 2M rw file", "x86-64", "exceeds RAM"],
    ["0x10000000 1p rw file\n0x20000000 254p rw file", "x86-64", "cannot be built"],
    [
      "0x10000000 4p rw anon cow=all\n0x20000000 245p rw anon touched=all",
      "x86-64",
      "cannot be built: no page can be present at 0x200",
    ],
    [
      "0x10000000 2M rw anon leaf=2M touched=0",
      "x86-64",
      "cannot be built: no page can be present at 0x10000000",
    ],
    [
      "0x10000000 64p rw anon touched=all\n0x20000000 2M rw file leaf=2M touched=0",
      "x86-64",
      "cannot be built: no page can be present at 0x20000000",
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

test.each(layoutNames)("%s can be built, and goes without a trace", async (name) => {
  const machine = await machineOf({ memory: "16M" });
  const before = machine.framesInUse;
  const { task, child, files } = buildLayout(machine, namedLayout(name));
  child?.exit();
  task.exit();
  for (const file of files.values()) file.close();
  expect(machine.framesInUse).toBe(before);
  expect(machine.findings()).toEqual([]);
});
