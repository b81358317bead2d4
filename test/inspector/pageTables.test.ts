import { describe, expect, test } from "vitest";
import {
  archNames,
  buildLayout,
  Machine,
  memoryText,
  pageTablesOf,
  parseLayout,
  type PageTable,
  type PageTableEntry,
  type Task,
} from "../../src/index.ts";
import { frameAt, pfnOf } from "../machine/frames.ts";
import { PAGE } from "../machine/pool.ts";
import { built, everything, everythingHuge } from "./spaces.ts";

function leavesOf(table: PageTable): PageTableEntry[] {
  return table.entries.flatMap((entry) => (entry.table === null ? [entry] : leavesOf(entry.table)));
}

function tablesOf(table: PageTable): PageTable[] {
  return [table, ...table.entries.flatMap((entry) => (entry.table ? tablesOf(entry.table) : []))];
}

const leafAt = (task: Task, at: bigint): PageTableEntry | undefined =>
  leavesOf(pageTablesOf(task)!).find(({ start, end }) => start <= at && at < end);

const is32Bit = (arch: string): boolean => arch === "powerpc-8xx" || arch === "powerpc-book3s32";

/** The core's own walk is the other opinion: level, entry and frame of every page of every area. */
describe.each(archNames)("the tables of %s", (arch) => {
  const text = is32Bit(arch) ? everything : everythingHuge;

  test("lead where the core's walk leads", async () => {
    const { task, machine } = await built(text, { arch });
    let seen = 0;
    for (const { start, end } of task.vmas()) {
      for (let at = start; at < end; at += BigInt(PAGE)) {
        const leaf = leafAt(task, at);
        expect(leaf?.entry ?? 0n).toBe(task.entryOf(at).entry);
        const linear = task.linearOf(at);
        const place = leaf === undefined ? 0 : Number((at - leaf.start) / BigInt(PAGE));
        expect(linear === null).toBe(leaf === undefined || leaf.kind === "guard");
        if (linear !== null) expect(pfnOf(machine, linear)).toBe(leaf!.frame! + place);
        seen += leaf === undefined ? 0 : 1;
        if (leaf !== undefined && leaf.pages > 1) at = leaf.end - BigInt(PAGE);
      }
    }
    expect(seen).toBeGreaterThan(15);
  });

  test("are made of frames that hold tables, from the root down by one level", async () => {
    const { task, machine } = await built(text, { arch });
    const root = pageTablesOf(task)!;
    const tables = tablesOf(root);
    const kinds = new Set(tables.map(({ frame }) => frameAt(machine, frame).kind));
    expect(kinds.size).toBe(1);
    expect(new Set(tables.map(({ frame }) => frame)).size).toBe(tables.length);
    const names = [...new Set(tables.map(({ name }) => name))];
    const expected = is32Bit(arch)
      ? ["PGD", "PTE"]
      : arch.startsWith("riscv")
        ? ["PGD", "PMD", "PTE"]
        : ["PGD", "PUD", "PMD", "PTE"];
    expect(names).toEqual(expected);
    for (const table of tables) {
      for (const { start, end } of table.entries) {
        expect(start >= table.start && end <= table.end && start < end).toBe(true);
      }
    }
  });
});

describe("entries say what they are:", () => {
  test.each([
    ["rw anon touched=0", ["PRESENT", "RW", "USER", "ACCESSED", "DIRTY"]],
    ["r anon zero=0", ["PRESENT", "USER", "ACCESSED", "SPECIAL"]],
    ["none anon touched=0", ["USER", "ACCESSED", "DIRTY", "PROTNONE"]],
    ["r file touched=0", ["PRESENT", "USER", "ACCESSED"]],
  ])("%s", async (words, flags) => {
    const { task } = await built(`0x10000000 1p ${words}`);
    expect(leafAt(task, 0x10000000n)).toMatchObject({ kind: "leaf", pages: 1, flags });
  });

  test("a guard marker has neither frame nor flags", async () => {
    const { task } = await built("0x10000000 1p rw anon guard=0");
    expect(leafAt(task, 0x10000000n)).toMatchObject({ kind: "guard", frame: null, flags: [] });
  });

  test("a protection key", async () => {
    const { machine } = await built("0x10000000 1p rw anon", { arch: "powerpc-book3s64" });
    const task = machine.createTask();
    task.map({ at: 0x20000000, length: PAGE, protectionKey: 5, populate: true });
    expect(leafAt(task, 0x20000000n)).toMatchObject({ protectionKey: 5 });
  });

  test.each([
    ["2M", 0x40000000n, 512],
    ["1G", 0x40000000n, 262144],
  ] as const)("a leaf of %s", async (leaf, at, pages) => {
    const machine = await Machine.create({ memory: leaf === "1G" ? "2500M" : "16M" });
    const text = `0x40000000 ${leaf} rw file shared leaf=${leaf} touched=0`;
    const { task } = buildLayout(machine, parseLayout(text));
    expect(leafAt(task, at)).toMatchObject({ start: at, pages, table: null });
    expect(leafAt(task, at)!.flags).toContain("PSE");
    expect(memoryText(task, "tables")).toContain(`leaf of ${leaf}: PRESENT`);
  });
});

test("as text: tables inside one another, alike neighbours in a line", async () => {
  const { task } = await built("0x10000000 16p rw anon touched=0-3 zero=8-9 guard=10-11", {
    arch: "powerpc-8xx",
  });
  const text = memoryText(task, "tables").replaceAll(/frames? [-\d]+/g, "F");
  expect(text).toBe(`PGD, F, 1 in use
  [64] 10000000-10400000 table: PRESENT RW USER ACCESSED DIRTY
    PTE, F, 8 in use
      [0-3] 10000000-10004000 leaf of 4K: PRESENT RW USER ACCESSED DIRTY, F
      [8-9] 10008000-1000a000 leaf of 4K: PRESENT USER ACCESSED SPECIAL, F
      [10-11] 1000a000-1000c000 guard marker`);
});
