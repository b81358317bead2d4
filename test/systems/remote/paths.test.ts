import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folioWalk, Machine } from "../../../src/index.ts";
import { remotePathNames, type RemotePath } from "../../../src/machine/remotePath.ts";
import { letters } from "../../machine/letters.ts";
import { PAGE, kindsOf, machineOf, ramp } from "../../machine/pool.ts";
import { RemoteBed } from "./bed.ts";

/** The paths of __access_remote_vm beside each other: what each answers, and what it takes for that; folio walks. */

const BASE = 0x400000;
const HUGE = 2 << 20;
const GIB = 2 ** 30;
const fastPaths = remotePathNames.filter((path) => path !== "slow");

let bed: RemoteBed;

async function newBed(path: RemotePath, memory = "16M"): Promise<RemoteBed> {
  const machine = await machineOf({ memory, cpus: 2 });
  machine.remotePath = path;
  return new RemoteBed(machine);
}

/** Pages of the target with a ramp in them, which are there. */
function filled(at: number, pages: number): Uint8Array {
  const bytes = ramp(pages * PAGE);
  bed.target.map({ at, length: pages * PAGE }).write(0, bytes);
  return bytes;
}

/** Clears the accessed bit of the page at BASE, which its filling has set, where its entry stands in memory. */
function forgetAccess(): void {
  const { machine, target } = bed;
  const { entry } = target.entryOf(BASE);
  const memory = new BigUint64Array(machine.words.buffer);
  const cleared = entry & ~BigInt(machine.constant("ENTRY_ACCESSED"));
  // words that look like it stand elsewhere too
  for (let at = memory.indexOf(entry); at >= 0; at = memory.indexOf(entry, at + 1)) {
    memory[at] = cleared;
    if (target.entryOf(BASE).entry === cleared) return;
    memory[at] = entry;
  }
  expect.unreachable("its entry is nowhere");
}

afterEach(() => {
  expect(bed.spilled).toBe(0);
});

describe.each(remotePathNames)("%s", (path) => {
  beforeEach(async () => {
    bed = await newBed(path);
  });

  test("reads resident bytes, within a page and over several", () => {
    const bytes = filled(BASE, 4);
    for (const [at, length] of [
      [0, 8],
      [5, 1],
      [4090, 12],
      [100, 3 * PAGE],
      [0, 4 * PAGE],
    ] as const) {
      expect(bed.read(BASE + at, length).bytes).toEqual(bytes.slice(at, at + length));
    }
    expect(kindsOf(bed.machine)).toEqual([]);
  });

  test("leaves no reference behind, and no lock", () => {
    filled(BASE, 3);
    const states = (): unknown => [0, 1, 2].map((page) => bed.target.pageState(BASE + page * PAGE));
    const before = states();
    expect(bed.read(BASE + 10, 2 * PAGE).bytes).toHaveLength(2 * PAGE);
    expect(states()).toEqual(before);
    expect(bed.target.vmas()).toMatchObject([{ lockCount: 1, writeLocked: false }]);
  });

  test("asked for nothing: the slow path grows a stack before it looks at the length, no fast path does", () => {
    const { target } = bed;
    target.map({ at: BASE, length: PAGE, growsDown: true });
    expect(bed.read(BASE - 8, 0).bytes).toHaveLength(0);
    const [stack] = target.vmas();
    expect(stack!.start).toBe(BigInt(path === "slow" ? BASE - PAGE : BASE));
  });

  test("begins with a hole: nothing", () => {
    filled(BASE, 1);
    expect(bed.read(BASE - 4, 8).bytes).toHaveLength(0);
    expect(bed.read(BASE + PAGE, 8).bytes).toHaveLength(0);
  });

  test("reads an absent page as zeros, through the zero page", () => {
    bed.target.map({ at: BASE, length: 2 * PAGE });
    expect(bed.read(BASE + 4, 16).bytes).toEqual(new Uint8Array(16));
    expect(letters(bed.target, BASE, 2)).toBe("Z.");
  });

  test("goes on behind a page that is absent", () => {
    const bytes = filled(BASE, 3);
    bed.target.advise(BASE + PAGE, PAGE, "dontneed");
    bytes.fill(0, PAGE, 2 * PAGE);
    expect(bed.read(BASE + 7, 3 * PAGE - 7).bytes).toEqual(bytes.slice(7));
  });

  test.each([
    ["none", "plain", 0],
    ["none", "force", 8],
    ["w", "plain", 0],
    ["w", "force", 8],
    ["r", "plain", 8],
  ] as const)("of memory with the rights %s, %s: %i bytes", (protection, rights, moved) => {
    filled(BASE, 1);
    bed.target.protect(BASE, PAGE, protection);
    expect(bed.read(BASE, 8, rights).bytes).toEqual(ramp(8).slice(0, moved));
  });

  test("stops at the border to memory without the right", () => {
    const bytes = filled(BASE, 2);
    bed.target.protect(BASE + PAGE, PAGE, "none");
    expect(bed.read(BASE + PAGE - 5, 10).bytes).toEqual(bytes.slice(PAGE - 5, PAGE));
  });

  test("reads over the border of two areas", () => {
    const bytes = filled(BASE, 2);
    bed.target.protect(BASE + PAGE, PAGE, "r");
    expect(bed.target.vmas()).toHaveLength(2);
    expect(bed.read(BASE + 100, PAGE).bytes).toEqual(bytes.slice(100, 100 + PAGE));
  });

  test("a fork between two reads changes neither what is read nor the child", () => {
    const bytes = filled(BASE, 2);
    const first = bed.read(BASE, 8).bytes;
    const child = bed.target.fork();
    expect([first, bed.read(BASE + PAGE, 8).bytes]).toEqual([
      bytes.slice(0, 8),
      bytes.slice(PAGE, PAGE + 8),
    ]);
    expect([letters(bed.target, BASE, 2), letters(child, BASE, 2)]).toEqual(["aa", "aa"]);
  });

  test("a stack grows to the first byte, and only where it may", () => {
    bed.target.map({ at: BASE + 64 * PAGE, length: PAGE, growsDown: true });
    expect(bed.read(BASE + 63 * PAGE, 8).bytes).toEqual(new Uint8Array(8));
    expect(bed.target.vmas()).toMatchObject([{ start: BigInt(BASE + 63 * PAGE) }]);
    bed.caller.setStackLimit(2 * PAGE);
    expect(bed.read(BASE + 10 * PAGE, 8).bytes).toHaveLength(0);
  });

  test("a stack grows in the middle of a transfer", () => {
    const bytes = filled(BASE, 1);
    bed.target.map({ at: BASE + 2 * PAGE, length: PAGE, growsDown: true });
    bed.target.protect(BASE, PAGE, "none"); // no gap is kept to what nobody can touch
    const { bytes: read, counts } = bed.read(BASE + PAGE - 4, 8, "force");
    expect(read).toEqual(Uint8Array.of(...bytes.slice(PAGE - 4), 0, 0, 0, 0));
    expect(counts.locks.mmapWrite).toBe(1);
  });

  test("reads through a 2 MiB leaf into small pages behind it", () => {
    const bytes = ramp(PAGE);
    bed.target.map({ at: BASE, length: HUGE, pageSize: "2M", populate: true });
    const behind = bed.target.map({ at: BASE + HUGE, length: PAGE });
    bed.target.touch(BASE, "write");
    bed.target.uaccess.putUser(BASE + HUGE - 1, 1, 77);
    behind.write(0, bytes);
    const { bytes: read } = bed.read(BASE + HUGE - 2, 6);
    expect(read).toEqual(Uint8Array.of(0, 77, ...bytes.slice(0, 4)));
    bed.target.advise(BASE + 5 * PAGE, PAGE, "dontneed"); // which splits it
    expect(bed.read(BASE + HUGE - 2, 6).bytes).toEqual(read);
  });

  test.each([
    [
      "a kernel mapping without an access operation",
      () => void bed.target.moveSpecial("vvar", BASE),
    ],
    [
      "secret memory",
      () => {
        const file = bed.machine.createFile(PAGE, "4K", "secret");
        bed.target.map({ at: BASE, length: PAGE, file, shared: true, populate: true });
      },
    ],
  ])("stops at %s, force or not", (_, map) => {
    map();
    expect(bed.read(BASE, 8).bytes).toHaveLength(0);
    expect(bed.read(BASE, 8, "force").bytes).toHaveLength(0);
  });

  test("writes as the slow path does", () => {
    filled(BASE, 2);
    expect(bed.write(BASE + PAGE - 2, Uint8Array.of(1, 2, 3, 4)).result).toBe(4);
    expect(bed.read(BASE + PAGE - 2, 4).bytes).toEqual(Uint8Array.of(1, 2, 3, 4));
    bed.target.protect(BASE, PAGE, "r");
    expect(bed.write(BASE, Uint8Array.of(9)).result).toBe(0);
    expect(bed.write(BASE, Uint8Array.of(9), "force").result).toBe(1);
    expect(bed.target.pageState(BASE)).toMatchObject({ kind: "private", exclusive: true });
  });

  test("a killed task gets what is had without waiting, and no more pages by get_user_pages", () => {
    filled(BASE, 2);
    bed.caller.kill();
    const without = path === "slow" || path === "fast-v3-sketch";
    expect(bed.read(BASE, 2 * PAGE).bytes).toHaveLength(without ? 0 : 2 * PAGE);
  });
});

describe.each(fastPaths)("%s goes without the mmap lock", (path) => {
  beforeEach(async () => {
    bed = await newBed(path);
  });

  test("where all is resident in one area", () => {
    filled(BASE, 4);
    expect(bed.read(BASE + 3, 3 * PAGE).counts).toMatchObject({
      bytesFast: 3 * PAGE,
      bytesSlow: 0,
      locks: { mmapRead: 0, mmapWrite: 0, vma: 1 },
      targetWalks: { pte: 4, missed: 0 },
    });
  });

  test("even while somebody holds it for writing", () => {
    const bytes = filled(BASE, 1);
    const { machine, target } = bed;
    machine.exports.holdMmapLock(target.cpu, target.handle, 2);
    expect(bed.read(BASE, 8).bytes).toEqual(bytes.slice(0, 8));
    machine.exports.dropMmapLock(target.cpu, target.handle, 2);
    expect(kindsOf(machine)).toEqual([]);
  });

  test("but not for an area that a writer has locked", () => {
    filled(BASE, 1);
    const { machine, target } = bed;
    machine.exports.holdMmapLock(target.cpu, target.handle, 2);
    machine.exports.writeLockVma(target.cpu, target.handle, BASE, 0);
    expect(bed.read(BASE, 8).bytes).toHaveLength(0); // this build cannot wait
    expect(kindsOf(machine)).toEqual(["needs-scheduler"]);
    machine.exports.dropMmapLock(target.cpu, target.handle, 2);
    expect(bed.read(BASE, 8).counts).toMatchObject({ bytesFast: 8, locks: { mmapRead: 0 } });
  });
});

describe("who takes the mmap lock", () => {
  const over = { "fast-v1": 0, "fast-v2": 1, "fast-v3-sketch": 1 } as const;
  test.each(fastPaths)("%s, for two areas that are all there", async (path) => {
    bed = await newBed(path);
    filled(BASE, 2);
    bed.target.protect(BASE + PAGE, PAGE, "r");
    expect(bed.read(BASE + 8, PAGE).counts.locks.mmapRead).toBe(over[path as keyof typeof over]);
  });

  const absent = { "fast-v1": 1, "fast-v2": 1, "fast-v3-sketch": 0 } as const;
  test.each(fastPaths)("%s, for a page that is to be faulted in", async (path) => {
    bed = await newBed(path);
    bed.target.map({ at: BASE, length: PAGE });
    expect(bed.read(BASE, 8).counts.locks.mmapRead).toBe(absent[path as keyof typeof absent]);
  });

  test.each(fastPaths)("%s, for a write to a file's page that all share", async (path) => {
    bed = await newBed(path);
    const file = bed.machine.createFile(2 * PAGE);
    bed.target.map({ at: BASE, length: 2 * PAGE, file, shared: true });
    bed.target.touch(BASE + PAGE, "read"); // an entry that is there, and one that is not
    const sketch = path === "fast-v3-sketch";
    for (const at of [BASE, BASE + PAGE]) {
      const { result, counts } = bed.write(at, ramp(8));
      expect([result, counts.locks.mmapRead]).toEqual([8, sketch ? 0 : 1]);
    }
    expect([...file.page(1).subarray(0, 8)]).toEqual([...ramp(8)]);
  });

  test.each(fastPaths)("%s, for an area's first page of its own", async (path) => {
    bed = await newBed(path);
    bed.target.map({ at: BASE, length: PAGE });
    const file = bed.machine.createFile(PAGE);
    bed.target.map({ at: BASE + 4 * PAGE, length: PAGE, file });
    for (const at of [BASE, BASE + 4 * PAGE]) {
      expect(bed.write(at, ramp(8)).counts.locks.mmapRead).toBe(1);
    }
  });

  test.each(fastPaths)("%s, for a write", async (path) => {
    bed = await newBed(path);
    filled(BASE, 1);
    const { result, counts } = bed.write(BASE, ramp(8));
    expect([result, counts.locks.mmapRead]).toEqual([8, path === "fast-v3-sketch" ? 0 : 1]);
  });
});

describe("what is wrong with version 1", () => {
  const lost = { slow: 8, "fast-v1": 0, "fast-v2": 8, "fast-v3-sketch": 8 } as const;
  test.each(remotePathNames)("%s: bytes before a hole", async (path) => {
    bed = await newBed(path);
    filled(BASE, 1);
    expect(bed.read(BASE + PAGE - 8, 16).bytes).toHaveLength(lost[path]);
    expect(bed.spilled).toBe(8 - lost[path]); // they were copied all the same
    bed.spilled = 0;
  });

  test.each(remotePathNames)(
    "%s: bytes that get_user_pages moved before a hole stay",
    async (path) => {
      bed = await newBed(path);
      bed.target.map({ at: BASE, length: PAGE });
      expect(bed.read(BASE + PAGE - 8, 16).bytes).toHaveLength(8);
    },
  );

  const leaked = { slow: 0, "fast-v1": 8, "fast-v2": 0, "fast-v3-sketch": 0 } as const;
  test.each(remotePathNames)(
    "%s: a file's bytes where only anonymous memory is asked for",
    async (path) => {
      bed = await newBed(path);
      const file = bed.machine.createFile(PAGE);
      bed.target.map({ at: BASE, length: PAGE, file, populate: true });
      expect(bed.read(BASE, 8, "anonymous").bytes).toHaveLength(leaked[path]);
    },
  );
});

describe.each(["fast-v1", "fast-v2"] as const)("%s copies a large leaf in one walk", (path) => {
  /** Version 2 walks again for each page. */
  const walksOver = (pages: number): number => (path === "fast-v1" ? 1 : pages);

  test("of 1 GiB, from any place in it, up to its end with its folio and its area", async () => {
    const machine = await Machine.create({ memory: "3G", cpus: 2 });
    machine.remotePath = path;
    bed = new RemoteBed(machine);
    const file = machine.createFile(GIB, "1G");
    bed.target.map({ at: GIB, length: GIB, file, shared: true, populate: true });
    const next = bed.target.map({ at: 2 * GIB, length: PAGE });
    next.write(0, Uint8Array.of(9, 10));
    for (let byte = 0; byte < 8; byte++) {
      bed.target.uaccess.putUser(2 * GIB - 8 + byte, 1, byte + 1);
    }

    const { bytes, counts } = bed.read(2 * GIB - 2 * PAGE - 3, 2 * PAGE + 3);
    expect([bytes.length, bytes.at(-1)]).toEqual([2 * PAGE + 3, 8]);
    expect(counts).toMatchObject({
      targetWalks: { pud: walksOver(3), pte: 0 },
      locks: { mmapRead: 0, pageTable: walksOver(3) },
    });
    expect(bed.read(2 * GIB - 2, 4).bytes).toEqual(Uint8Array.of(7, 8, 9, 10));
  });

  test("of 2 MiB", async () => {
    bed = await newBed(path);
    bed.target.map({ at: BASE, length: HUGE, pageSize: "2M", populate: true });
    bed.target.touch(BASE, "write");
    expect(bed.read(BASE + 5, 3 * PAGE).counts).toMatchObject({
      targetWalks: { pmd: walksOver(4), pte: 0 },
    });
  });
});

describe("folioWalk", () => {
  beforeEach(async () => {
    bed = await newBed("slow");
  });

  test("finds pages, zero pages where they are asked for, and nothing else", () => {
    filled(BASE, 2);
    bed.target.map({ at: BASE + 2 * PAGE, length: 2 * PAGE });
    bed.target.touch(BASE + 2 * PAGE, "read");
    const walk = (page: number, zeroPage: boolean): unknown =>
      folioWalk(bed.caller, bed.target, BASE + page * PAGE, { zeroPage });
    expect(walk(0, false)).toMatchObject({ level: "PTE", frame: frameOf(BASE) });
    expect(walk(2, false)).toBeNull();
    expect(walk(2, true)).toMatchObject({ level: "PTE", frame: null });
    expect([walk(3, true), walk(9, true)]).toEqual([null, null]);
    bed.target.advise(BASE, PAGE, "guard_install");
    expect(walk(0, true)).toBeNull();
    const frame = frameOf(BASE + PAGE);
    bed.target.protect(BASE + PAGE, PAGE, "none");
    expect(walk(1, false)).toMatchObject({ frame });
  });

  /** Number of the frame that the target's program finds at an address. */
  function frameOf(at: number): number {
    return (bed.target.linearOf(at)! - bed.machine.header("HEADER_RAM")) / PAGE;
  }

  test("finds a page within a large leaf, under either lock", () => {
    bed.target.map({ at: BASE, length: HUGE, pageSize: "2M", populate: true });
    bed.target.touch(BASE, "write");
    for (const vmaLocked of [false, true]) {
      expect(folioWalk(bed.caller, bed.target, BASE + 5 * PAGE + 7, { vmaLocked })).toMatchObject({
        level: "PMD",
        frame: frameOf(BASE) + 5,
      });
    }
  });

  test("finds the huge zero page where it is asked for", () => {
    bed.target.map({ at: BASE, length: HUGE });
    bed.target.advise(BASE, HUGE, "hugepage");
    bed.target.touch(BASE, "read");
    const walk = (zeroPage: boolean): unknown =>
      folioWalk(bed.caller, bed.target, BASE + PAGE, { zeroPage });
    expect([walk(false), walk(true)]).toMatchObject([null, { level: "PMD", frame: null }]);
  });

  test("finds nothing where no area is, whichever lock it asks for", () => {
    for (const at of [BASE, 0x90000000, 0xffff888000000000n]) {
      for (const vmaLocked of [false, true]) {
        expect(folioWalk(bed.caller, bed.target, at, { vmaLocked })).toBeNull();
      }
    }
  });

  test("finds nothing in huge pages of a pool under an area's own lock", () => {
    bed.machine.setHugePages("2M", 1);
    bed.target.map({ at: BASE, length: HUGE, hugetlb: true, populate: true });
    const walk = (vmaLocked: boolean): unknown =>
      folioWalk(bed.caller, bed.target, BASE, { vmaLocked });
    expect([walk(false), walk(true)]).toMatchObject([{ level: "PMD" }, null]);
  });

  test("leaves no reference, lock or accessed bit behind", () => {
    filled(BASE, 1);
    forgetAccess();
    const state = (): unknown => [
      bed.target.pageState(BASE),
      bed.target.entryOf(BASE),
      bed.target.vmas(),
    ];
    const before = state();
    expect(folioWalk(bed.caller, bed.target, BASE, { vmaLocked: true })).not.toBeNull();
    expect(folioWalk(bed.caller, bed.target, BASE)).not.toBeNull();
    expect(state()).toEqual(before);
    expect(bed.target.unmap(BASE, PAGE)).toBe(0); // nobody holds a lock
  });

  test("says that the lock is held", () => {
    filled(BASE, 1);
    const { machine, target } = bed;
    machine.exports.holdMmapLock(target.cpu, target.handle, 2);
    expect(() => folioWalk(bed.caller, target, BASE)).toThrowError(
      expect.objectContaining({ code: "locked" }),
    );
    expect(folioWalk(bed.caller, target, BASE, { vmaLocked: true })).not.toBeNull();
    machine.exports.writeLockVma(target.cpu, target.handle, BASE, 0);
    expect(() => folioWalk(bed.caller, target, BASE, { vmaLocked: true })).toThrow("held");
    machine.exports.dropMmapLock(target.cpu, target.handle, 2);
  });
});
