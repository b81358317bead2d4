import { describe, expect, test } from "vitest";
import { archNames, type ArchName, Machine, type Task, UsageError } from "../../src/index.ts";
import { audit, frameAt, pfnOf } from "./frames.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "./pool.ts";

const USER = 0x400000;
const MIB = 1 << 20;

async function taskOf(arch: ArchName = "x86-64", memory = "16M"): Promise<Task> {
  return (await machineOf({ arch, memory })).createTask();
}

/** The mappings as "start page+pages rw-", relative to USER. */
function layout(task: Task): string[] {
  const bits = ["VM_READ", "VM_WRITE", "VM_EXEC"] as const;
  return task.vmas().map(({ start, end, flags }) => {
    const letters = bits.map((name, at) => (flags & task.machine.constant(name) ? "rwx"[at] : "-"));
    const page = (Number(start) - USER) / PAGE;
    return `${page}+${Number(end - start) / PAGE} ${letters.join("")}`;
  });
}

describe("VMAs", () => {
  const at = (page: number): number => USER + page * PAGE;

  /** [steps, mappings]; m = mmap, u = munmap, p = mprotect, each of "first page+pages". */
  const cases: [string, string[]][] = [
    ["m0+4", ["0+4 rw-"]],
    ["m0+4 u1+2", ["0+1 rw-", "3+1 rw-"]],
    ["m0+4 u0+2", ["2+2 rw-"]],
    ["m0+4 u2+9", ["0+2 rw-"]],
    ["m0+4 u-2+9", []],
    ["m0+4 u4+1", ["0+4 rw-"]],
    ["m0+4 p1+2:r", ["0+1 rw-", "1+2 r--", "3+1 rw-"]],
    ["m0+4 p1+2:none p2+1:x", ["0+1 rw-", "1+1 ---", "2+1 --x", "3+1 rw-"]],
    ["m0+4 m2+4:r", ["0+2 rw-", "2+4 r--"]],
    ["m0+9 m2+4:rwx u3+1", ["0+2 rw-", "2+1 rwx", "4+2 rwx", "6+3 rw-"]],
    ["m0+2 m2+2:r m4+2 p1+4:x", ["0+1 rw-", "1+1 --x", "2+2 --x", "4+1 --x", "5+1 rw-"]],
    ["m8+1 m4+1 m0+1", ["0+1 rw-", "4+1 rw-", "8+1 rw-"]],
  ];

  test.each(archNames)("are split and replaced as asked: %s", async (arch) => {
    for (const [steps, expected] of cases) {
      const task = await taskOf(arch, "1M");
      for (const step of steps.split(" ")) {
        const [, verb, first, pages, protection] = /^(.)(-?\d+)\+(\d+):?(\w*)$/.exec(step)!;
        const [from, length] = [at(Number(first)), Number(pages) * PAGE];
        if (verb === "m") {
          task.map({ at: from, length, protection: protection || "rw", populate: true });
        } else if (verb === "u") expect(task.unmap(from, length)).toBe(0);
        else expect(task.protect(from, length, protection!)).toBe(0);
      }
      expect([steps, layout(task)]).toEqual([steps, expected]);
      audit(task.machine);
    }
  });

  test("their flags say what they may become, and whether they share", async () => {
    const task = await taskOf();
    const { machine } = task;
    const may =
      machine.constant("VM_MAYREAD") |
      machine.constant("VM_MAYWRITE") |
      machine.constant("VM_MAYEXEC");
    task.map({ at: at(0), length: PAGE, protection: "none" });
    task.map({ at: at(1), length: PAGE, file: machine.createFile(PAGE), shared: true });
    const shared = machine.constant("VM_SHARED") | machine.constant("VM_MAYSHARE");
    const access = machine.constant("VM_READ") | machine.constant("VM_WRITE");
    expect(task.vmas().map((vma) => vma.flags)).toEqual([may, may | shared | access]);
  });

  test("bad ranges: the kernel's errors", async () => {
    const task = await taskOf();
    expect(task.unmap(USER + 1, PAGE)).toBe(-22);
    expect(task.unmap(USER, 0)).toBe(-22);
    expect(task.unmap(USER, 2n ** 64n - 1n)).toBe(-22);
    expect(task.unmap(2n ** 63n, PAGE)).toBe(-22);
    expect(task.unmap(USER, PAGE)).toBe(0);
    expect(task.protect(USER + 1, PAGE, "r")).toBe(-22);
    expect(task.protect(USER, 0, "r")).toBe(0);
    expect(task.protect(USER, PAGE, "r")).toBe(-12);
    expect(task.protect(USER, 2n ** 64n - 1n, "r")).toBe(-12);
    expect(() => task.map({ at: USER + 1, length: PAGE })).toThrow(
      "at is 4194305; valid: a page's first address, a multiple of 4096",
    );
    expect(() => task.map({ at: USER, length: 0 })).toThrow(
      "length is 0; valid: at least one byte",
    );
    expect(() => task.map({ at: USER, length: PAGE, protection: "rq" })).toThrow(UsageError);
    expect(() => task.map({ at: USER, length: PAGE, protectionKey: 16 })).toThrow("from 0 to 15");
  });

  test("mprotect over a hole changes what lies below it", async () => {
    const task = await taskOf();
    task.map({ at: at(0), length: PAGE });
    task.map({ at: at(2), length: PAGE });
    expect(task.protect(at(0), 3 * PAGE, "r")).toBe(-12);
    expect(layout(task)).toEqual(["0+1 r--", "2+1 rw-"]);
  });

  test("thousands of them", async () => {
    const task = await taskOf();
    const before = task.machine.framesInUse;
    for (let page = 0; page < 3000; page++) {
      task.map({ at: at(page), length: PAGE, protection: page % 2 ? "r" : "rw" });
    }
    const full = task.machine.framesInUse;
    const every3rd = Array.from({ length: 1000 }, (_, index) => index * 3);
    for (const page of every3rd) task.unmap(at(page), PAGE);
    for (const page of every3rd) task.map({ at: at(page), length: PAGE });
    expect(task.machine.framesInUse).toBe(full); // their records went where those of the others had been
    for (const page of every3rd) task.unmap(at(page), PAGE);
    expect(task.vmas()).toHaveLength(2000);
    expect(task.uaccess.getUser(at(2998), 4).error).toBe(0);
    expect(task.uaccess.getUser(at(2997), 4).error).toBe(-EFAULT);
    task.unmap(at(0), 3000 * PAGE);
    expect(task.machine.framesInUse).toBe(before);
  });
});

/** Levels, and an address whose index differs from 0 at every one of them. */
const geometry: Record<ArchName, [levels: number, spread: bigint]> = {
  "x86-64": [4, 0x5555_5555_5000n],
  none: [4, 0x2aaa_aaaa_a000n],
  "arm64-pan": [4, 0xaaaa_aaaa_a000n],
  "arm64-ttbr0": [4, 0xffff_ffff_f000n],
  "powerpc-book3s64": [4, 0xa_aaaa_5555_5000n],
  riscv64: [3, 0x3f_ffff_f000n],
  "riscv64-block-guard": [3, 0x15_5555_5000n],
  "powerpc-8xx": [2, 0x7fff_f000n],
  "powerpc-book3s32": [2, 0xaaaa_a000n],
};

describe.each(archNames)("page tables: %s", (arch) => {
  test("have the form of the architecture, and are freed when they are empty", async () => {
    const task = await taskOf(arch);
    const { machine } = task;
    const [levels, spread] = geometry[arch];
    expect(task.entryOf(spread).level).toBe(levels);
    task.map({ at: spread, length: PAGE });
    const before = machine.framesInUse;
    expect(task.uaccess.putUser(spread, 4, 0x77)).toBe(0);
    expect(task.entryOf(spread)).toMatchObject({ level: 1 });
    // the page, and a table for each level but the root
    expect(machine.framesInUse - before).toBe(levels);
    expect(task.uaccess.getUser(spread, 4).value).toBe(0x77n);
    task.unmap(spread, PAGE);
    expect(machine.framesInUse).toBe(before - 1); // the page of the mapping's record
    expect(task.entryOf(spread).level).toBe(levels);
    task.exit();
    expect(machine.framesInUse).toBe(1);
    audit(machine);
  });
});

const large = archNames.filter((arch) => !/8xx|book3s32/.test(arch));

describe.each(large)("2 MiB leaves: %s", (arch) => {
  test("where a whole aligned one fits, 4 KiB at the ends", async () => {
    const task = await taskOf(arch, "32M");
    task.map({ at: 2 * MIB - PAGE, length: 4 * MIB, pageSize: "2M" });
    for (const at of [2 * MIB - PAGE, 2 * MIB, 4 * MIB - 1, 4 * MIB]) {
      expect(task.uaccess.putUser(at, 1, 0x11)).toBe(0);
    }
    expect([2 * MIB - PAGE, 2 * MIB, 4 * MIB].map((at) => task.entryOf(at).level)).toEqual([
      1, 2, 1,
    ]);
    expect(task.uaccess.getUser(4 * MIB - 1, 4).value).toBe(0x11_11n);
  });

  test("are split where a part is unmapped or protected, and keep their content", async () => {
    const task = await taskOf(arch, "32M");
    const { machine, uaccess } = task;
    const before = machine.framesInUse;
    const leaf = task.map({ at: 2 * MIB, length: 2 * MIB, pageSize: "2M", populate: true });
    leaf.write(
      0,
      Uint8Array.from({ length: 2 * MIB }, (_, at) => (at >> 12) & 0xff),
    );
    const folio = pfnOf(machine, task.linearOf(2 * MIB)!);
    expect(frameAt(machine, folio)).toMatchObject({ refcount: 1, mapcount: 1 });
    expect(uaccess.getUser(2 * MIB + 5 * PAGE, 1).value).toBe(5n);
    expect(task.protect(2 * MIB + 5 * PAGE, PAGE, "r")).toBe(0);
    expect(frameAt(machine, folio)).toMatchObject({ refcount: 512, mapcount: 512 });
    expect(uaccess.putUser(2 * MIB + 5 * PAGE, 1, 1)).toBe(-EFAULT);
    expect(uaccess.getUser(2 * MIB + 5 * PAGE, 1).value).toBe(5n);
    expect(uaccess.putUser(2 * MIB + 6 * PAGE, 1, 0x66)).toBe(0);
    expect(task.unmap(2 * MIB + 7 * PAGE, 2 * PAGE)).toBe(0);
    expect(frameAt(machine, folio)).toMatchObject({ refcount: 510, mapcount: 510 });
    expect(uaccess.getUser(2 * MIB + 8 * PAGE, 1).error).toBe(-EFAULT);
    expect(uaccess.getUser(2 * MIB + 9 * PAGE, 1).value).toBe(9n);
    task.unmap(2 * MIB, 2 * MIB);
    expect(machine.framesInUse).toBe(before);
    audit(machine);
  });

  test("of a file need folios as large, in step with the mapping and within the file", async () => {
    const task = await taskOf(arch, "64M");
    const { machine } = task;
    const small = machine.createFile(8 * MIB);
    const big = machine.createFile(6 * MIB + 5 * PAGE, "2M");
    const cases = [
      { at: 16 * MIB, file: small, filePage: 0, level: 1 },
      { at: 20 * MIB, file: big, filePage: 0, level: 2 },
      { at: 24 * MIB, file: big, filePage: 1, level: 1 },
      { at: 28 * MIB, file: big, filePage: 1024, level: 2 },
      { at: 32 * MIB, file: big, filePage: 1536, level: 1 },
    ];
    for (const { at, file, filePage, level } of cases) {
      task.map({ at, length: 2 * MIB, file, filePage, shared: true, pageSize: "2M" });
      expect(task.uaccess.putUser(at + 3 * PAGE, 4, at + filePage)).toBe(0);
      expect([at, task.entryOf(at + 3 * PAGE).level]).toEqual([at, level]);
      const content = new DataView(
        file.page(filePage + 3).buffer,
        file.page(filePage + 3).byteOffset,
      );
      expect(content.getUint32(0, true)).toBe(at + filePage);
    }
    expect(task.uaccess.getUser(32 * MIB + 5 * PAGE, 4).error).toBe(-EFAULT);
    task.exit();
    small.close();
    big.close();
    expect(machine.framesInUse).toBe(1);
    audit(machine);
  });

  test("of a private file are copied whole when written", async () => {
    const task = await taskOf(arch, "32M");
    const file = task.machine.createFile(2 * MIB, "2M");
    file.page(511)[4095] = 0x5a;
    task.map({ at: 2 * MIB, length: 2 * MIB, file, pageSize: "2M" });
    expect(task.uaccess.getUser(4 * MIB - 1, 1).value).toBe(0x5an);
    expect(task.uaccess.putUser(2 * MIB, 1, 1)).toBe(0);
    expect(task.entryOf(2 * MIB).level).toBe(2);
    expect(task.uaccess.getUser(4 * MIB - 1, 1).value).toBe(0x5an);
    expect(file.page(0)[0]).toBe(0);
  });
});

test("32-bit tables have one page size", async () => {
  const task = await taskOf("powerpc-8xx");
  expect(() => task.map({ at: USER, length: 2 * MIB, pageSize: "2M" })).toThrow("valid: 4K");
});

test("1 GiB leaves, above 2 GiB of memory, split down to single pages", async () => {
  const GIB = 2 ** 30;
  const machine = await Machine.create({ memory: "3G" });
  const task = machine.createTask();
  const { uaccess } = task;
  for (const leaf of [1, 2]) {
    task.map({ at: leaf * GIB, length: GIB, pageSize: "1G" });
    expect(uaccess.putUser(leaf * GIB + 12345, 4, 0xabcc + leaf)).toBe(0);
  }
  expect(task.entryOf(2 * GIB).level).toBe(3);
  const linear = task.linearOf(2 * GIB)!;
  expect(linear).toBeGreaterThan(2 ** 31);
  expect(uaccess.getUser(2 * GIB + 12345, 4).value).toBe(0xabcen);
  const folio = pfnOf(machine, linear);
  expect(frameAt(machine, folio)).toMatchObject({ refcount: 1, mapcount: 1 });
  const hole = 2 * GIB + 300 * MIB + 5 * PAGE;
  expect(task.unmap(hole, PAGE)).toBe(0);
  expect(
    [hole - PAGE, hole + PAGE, hole + 2 * MIB, 2 * GIB].map((at) => task.entryOf(at).level),
  ).toEqual([1, 1, 2, 2]);
  expect(frameAt(machine, folio)).toMatchObject({ refcount: 511 + 511, mapcount: 511 + 511 });
  expect(uaccess.getUser(hole, 4).error).toBe(-EFAULT);
  expect(uaccess.getUser(2 * GIB + 12345, 4).value).toBe(0xabcen);
  const buffer = machine.allocKernel(3 * PAGE);
  expect(uaccess.copyFromUser(buffer, hole - PAGE, 3 * PAGE)).toBe(2 * PAGE);
  expect(uaccess.copyToUser(3 * GIB - 100, buffer, 200)).toBe(100);
  expect(kindsOf(machine)).toEqual([]);
});

describe("a debugger's view", () => {
  test("writing goes to the task's own page: not to the zero page, not to a private file's", async () => {
    const task = await taskOf();
    const file = task.machine.createFile(PAGE);
    const mappings = [
      task.map({ at: USER, length: PAGE }),
      task.map({ at: USER + PAGE, length: PAGE, file }),
      task.map({ at: USER + 2 * PAGE, length: PAGE, protection: "r" }),
      task.map({ at: USER + 3 * PAGE, length: PAGE, protection: "none" }),
    ];
    for (const mapping of mappings) {
      task.uaccess.getUser(mapping.address, 4);
      mapping.write(8, Uint8Array.of(0x42));
      mapping.write(9, Uint8Array.of(0x43));
      expect([...mapping.read(7, 4)]).toEqual([0, 0x42, 0x43, 0]);
    }
    expect(file.page(0)[8]).toBe(0);
    task.map({ at: USER + 8 * PAGE, length: PAGE });
    expect(task.uaccess.getUser(USER + 8 * PAGE + 8, 1).value).toBe(0n);
    // and it opened nothing to the task itself
    expect(mappings.map(({ address }) => task.uaccess.putUser(address, 1, 1))).toEqual([
      0,
      0,
      -EFAULT,
      -EFAULT,
    ]);
    expect(mappings.map(({ address }) => task.uaccess.getUser(address + 8n, 1).error)).toEqual([
      0,
      0,
      0,
      -EFAULT,
    ]);
  });

  test("a shared file's page is written in place", async () => {
    const task = await taskOf();
    const file = task.machine.createFile(PAGE);
    task
      .map({ at: USER, length: 2 * PAGE, file, shared: true, protection: "r" })
      .write(3, Uint8Array.of(9));
    expect(file.page(0)[3]).toBe(9);
    expect(task.uaccess.putUser(USER, 1, 1)).toBe(-EFAULT);
    const mapping = task.map({ at: USER, length: 2 * PAGE, file, shared: true });
    expect(() => mapping.write(PAGE, Uint8Array.of(1))).toThrow("no page can be present");
  });

  test("it stays within its range", async () => {
    const mapping = (await taskOf()).map({ at: USER, length: PAGE });
    expect(() => mapping.write(PAGE - 1, new Uint8Array(2))).toThrow(UsageError);
    expect(() => mapping.read(0, PAGE + 1)).toThrow(UsageError);
    expect(() => mapping.read(-1, 1)).toThrow(UsageError);
  });

  test("populating makes pages present as the program's own accesses would", async () => {
    const task = await taskOf();
    const own = task.map({ at: USER, length: 2 * PAGE, populate: true });
    const readOnly = task.map({
      at: USER + 2 * PAGE,
      length: PAGE,
      protection: "r",
      populate: true,
    });
    const none = task.map({
      at: USER + 3 * PAGE,
      length: PAGE,
      protection: "none",
      populate: true,
    });
    readOnly.populate();
    expect(task.linearOf(own.address + 4096n)).not.toBe(task.linearOf(readOnly.address));
    expect(task.linearOf(none.address)).toBeNull();
    expect(task.uaccess.putUser(readOnly.address, 1, 1)).toBe(-EFAULT);
  });
});
