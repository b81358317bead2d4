import { describe, expect, test } from "vitest";
import {
  buildLayout,
  Machine,
  mapsOf,
  memoryText,
  parseLayout,
  smapsOf,
  type SmapsEntry,
} from "../../src/index.ts";
import { PAGE } from "../machine/pool.ts";
import { AT, built } from "./spaces.ts";

const KIB = 1024;

describe("maps", () => {
  test.each([
    ["rw anon", "rw-p", ""],
    ["rwx stack", "rwxp", ""],
    ["none anon", "---p", ""],
    ["r shared", "r--s", "/dev/zero (deleted)"],
    ["r file", "r--p", "/memfd:1 (deleted)"],
    ["rw file disk shared", "rw-s", "/disk/1"],
    ["r secret", "r--s", "/secretmem (deleted)"],
    ["rw device", "rw-s", "/dev/device1"],
  ])("%s", async (words, permissions, name) => {
    const { task } = await built(`0x10000000 8p ${words}`);
    expect(mapsOf(task)).toMatchObject([{ start: AT, end: AT + 0x8000n, permissions, name }]);
  });

  test("the offset is in the file, in bytes; neighbours and holes are as they are", async () => {
    const { task } = await built(
      "0x10000000 2p r file file=a size=8p offset=3p\n0x10002000 1p hole\n0x10003000 1p rw anon",
    );
    expect(memoryText(task, "maps")).toBe(
      `${"10000000-10002000 r--p 00003000 00:00 1".padEnd(73)}/memfd:1 (deleted)
10003000-10004000 rw-p 00000000 00:00 0`,
    );
  });

  test("a 32-bit kernel's names stand further left", async () => {
    const { task } = await built("0x10000000 1p r file", { arch: "powerpc-8xx" });
    const line = memoryText(task, "maps");
    expect(line).toBe(`${"10000000-10001000 r--p 00000000 00:00 1".padEnd(49)}/memfd:1 (deleted)`);
  });

  test("the stack that exec made, and the kernel's own", async () => {
    const { task } = await built("0x10000000 1p rw anon");
    task.exec([new Uint8Array(3)], []);
    expect(task.moveSpecial("vdso", 0x30000000n)).toBe(0);
    const vdso = { start: 0x30000000n, name: "[vdso]", inode: 0, offset: 0n };
    expect(mapsOf(task)).toMatchObject([vdso, { permissions: "rw-p", name: "[stack]" }]);
  });
});

const sumsOf = (area: SmapsEntry): number =>
  area.sharedClean + area.sharedDirty + area.privateClean + area.privateDirty;

describe("smaps", () => {
  test.each([
    ["rw anon touched=0-2", { rss: 3, pss: 3, pssDirty: 3, privateDirty: 3, anonymous: 3 }],
    ["rw anon zero=0-7", { rss: 0, pss: 0, anonymous: 0 }],
    ["rw anon guard=0-7", { rss: 0, pss: 0, anonymous: 0 }],
    ["rw anon", { rss: 0, referenced: 0 }],
    ["none anon touched=0-1", { rss: 2, privateDirty: 2, anonymous: 2 }],
    ["rw anon cow=0-3 touched=4", { rss: 5, pss: 3, sharedDirty: 4, privateDirty: 1 }],
    ["r file touched=all", { rss: 8, privateClean: 8, anonymous: 0, referenced: 8 }],
    ["rw file size=4096 dirty=0", { rss: 1, privateDirty: 1, anonymous: 1 }],
    ["rw file shared dirty=0 size=4096", { rss: 1, privateDirty: 1, anonymous: 0 }],
    ["rw shared touched=0-1", { rss: 2, privateDirty: 2, anonymous: 0 }],
    ["rw stack locked touched=6-7", { rss: 2, locked: 2 }],
    ["r secret touched=0-1", { rss: 2, locked: 2, anonymous: 0 }],
    ["rw device dirty=all", { rss: 0, pss: 0, referenced: 0 }],
  ])("8p %s, in pages", async (words, pages) => {
    const { task } = await built(`0x10000000 8p ${words}`);
    const [area] = smapsOf(task);
    const expected = Object.entries(pages).map(([name, count]) => [name, count * PAGE]);
    expect(area).toMatchObject({ size: 8 * PAGE, ...Object.fromEntries(expected) });
    expect(sumsOf(area!)).toBe(area!.rss);
    if (!words.includes("lo") && !words.includes("secret")) expect(area!.locked).toBe(0);
  });

  test("a page in three address spaces: a third each, as the kernel rounds", async () => {
    const { task } = await built("0x10000000 1p rw anon touched=0");
    const [child] = [task.fork(), task.fork()];
    for (const one of [task, child!]) {
      expect(smapsOf(one)).toMatchObject([{ rss: PAGE, pss: 1365, sharedDirty: PAGE }]);
    }
    expect(memoryText(task, "smaps")).toContain("Pss:                   1 kB\n");
  });

  test("shared by two areas of one task", async () => {
    const { task } = await built(
      "0x10000000 2p r file file=a shared touched=0-1\n0x20000000 1p r file file=a shared size=2p touched=0",
    );
    expect(smapsOf(task)).toMatchObject([
      { rss: 2 * PAGE, sharedClean: PAGE, privateClean: PAGE, pss: 1.5 * PAGE },
      { rss: PAGE, sharedClean: PAGE, privateClean: 0, pss: PAGE / 2 },
    ]);
  });

  test.each([
    ["4M rw anon thp touched=0 zero=512", "anonHugePages", 2048 * KIB],
    ["2M rw file shared leaf=2M touched=0", "shmemPmdMapped", 2048 * KIB],
    ["2M rw file disk shared leaf=2M touched=0", "filePmdMapped", 2048 * KIB],
  ] as const)("%s is %s", async (words, name, bytes) => {
    const { task } = await built(`0x40000000 ${words}`);
    const [area] = smapsOf(task);
    const { anonHugePages, shmemPmdMapped, filePmdMapped } = area!;
    const huge = { anonHugePages: 0, shmemPmdMapped: 0, filePmdMapped: 0, [name]: bytes };
    expect({ anonHugePages, shmemPmdMapped, filePmdMapped }).toEqual(huge);
    expect(area!.rss).toBe(bytes);
  });

  test("a page of hugetlb is neither resident nor anonymous memory, but its own or another's too", async () => {
    const { task } = await built("0x40000000 2M rw hugetlb touched=0");
    const own = { rss: 0, anonymous: 0, anonHugePages: 0, privateHugetlb: 2048 * KIB };
    expect(smapsOf(task)).toMatchObject([{ ...own, name: "/anon_hugepage (deleted)" }]);
    task.fork();
    expect(smapsOf(task)).toMatchObject([{ sharedHugetlb: 2048 * KIB, privateHugetlb: 0 }]);
  });

  test("a huge page that lost a page is small pages; each is shared by as many as have it", async () => {
    const { task } = await built("0x40000000 2M rw anon thp touched=0");
    const child = task.fork();
    expect(child.unmap(0x40000000, 128 * PAGE)).toBe(0);
    expect(smapsOf(task)).toMatchObject([
      { rss: 512 * PAGE, sharedDirty: 384 * PAGE, privateDirty: 128 * PAGE, pss: 320 * PAGE },
    ]);
    expect(smapsOf(child)).toMatchObject([{ rss: 384 * PAGE, anonHugePages: 0, pss: 192 * PAGE }]);
  });

  test("1 GiB in one leaf is resident, and no PMD's", async () => {
    const machine = await Machine.create({ memory: "2500M" });
    const text = "0x40000000 1G rw file shared leaf=1G touched=0";
    const { task } = buildLayout(machine, parseLayout(text));
    expect(smapsOf(task)).toMatchObject([{ rss: 2 ** 30, pss: 2 ** 30, shmemPmdMapped: 0 }]);
  });

  test.each([
    ["rw anon", "rd wr mr mw me ac"],
    ["r file", "rd mr mw me"],
    ["r file shared read-only", "rd mr me ms"],
    ["rwx stack locked sealed", "rd wr ex mr mw me gd lo lf ac sl"],
    ["rw shared uffd", "rd wr sh mr mw me ms um"],
    ["r secret", "rd sh mr mw ms lo dd"],
    ["rw device access=8", "rd wr sh mr mw ms pf io de dd"],
    ["r device mixed", "rd sh mr mw ms mm"],
  ])("flags of %s", async (words, flags) => {
    const { task } = await built(`0x10000000 8p ${words}`);
    expect(smapsOf(task)[0]!.vmFlags.join(" ")).toBe(flags);
  });

  test("as text", async () => {
    const { task } = await built("0x10000000 4p rw anon touched=0-1");
    expect(memoryText(task, "smaps")).toBe(`10000000-10004000 rw-p 00000000 00:00 0
Size:                 16 kB
Rss:                   8 kB
Pss:                   8 kB
Pss_Dirty:             8 kB
Shared_Clean:          0 kB
Shared_Dirty:          0 kB
Private_Clean:         0 kB
Private_Dirty:         8 kB
Referenced:            8 kB
Anonymous:             8 kB
AnonHugePages:         0 kB
ShmemPmdMapped:        0 kB
FilePmdMapped:         0 kB
Shared_Hugetlb:        0 kB
Private_Hugetlb:       0 kB
Locked:                0 kB
VmFlags: rd wr mr mw me ac`);
  });
});
