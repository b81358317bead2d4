import { expect, test } from "vitest";
import {
  archNames,
  mapsOf,
  memoryText,
  memoryViewNames,
  pagemapOf,
  pageTablesOf,
  smapsOf,
} from "../../src/index.ts";
import { AT, built, everything, everythingHuge } from "./spaces.ts";

/** Asking is separate from doing: not a byte of the machine's memory is another one afterwards, caches included. */
test.each(archNames)("nothing at all changes by asking, on %s", async (arch) => {
  const text = arch.startsWith("powerpc") && !arch.endsWith("64") ? everything : everythingHuge;
  const { task, child, machine } = await built(text, { arch, build: "study" });
  const before = machine.bytes.slice();
  for (const asked of [task, child!]) {
    for (const view of memoryViewNames) expect(memoryText(asked, view)).not.toBe("");
    expect(mapsOf(asked).length).toBeGreaterThan(5);
    expect(smapsOf(asked).length).toBeGreaterThan(5);
    expect(pageTablesOf(asked)).not.toBeNull();
    expect(pagemapOf(asked, AT, 0x20000)).toHaveLength(32);
  }
  expect(Buffer.compare(before, machine.bytes)).toBe(0);
});

test("who has no address space has nothing to show", async () => {
  const { task } = await built("0x10000000 1p rw anon touched=0");
  task.die();
  expect([mapsOf(task), smapsOf(task), pageTablesOf(task)]).toEqual([[], [], null]);
  expect(memoryViewNames.map((view) => memoryText(task, view))).toEqual(["", "", "", ""]);
  expect(pagemapOf(task, AT, 4096)).toMatchObject([{ word: 0n }]);
});
