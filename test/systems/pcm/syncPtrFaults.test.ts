import { describe, expect, it } from "vitest";
import type { AbiName, Machine } from "../../../src/index.ts";
import { EFAULT, kindsOf, machineOf } from "../../machine/pool.ts";
import { abiList, abiTable, everyCase, threeStrategies, type Case } from "./abiTable.ts";
import { APPL, AVAIL_MIN, BORDER, BOUNDARY32, HWSYNC, REPORT, SyncBed } from "./syncPtrBed.ts";
import { modelReads, modelWrite, type Values } from "./syncPtrModel.ts";

/** What a fault leaves, wherever the argument meets a bad page. */

/** All nine differ from each other and from the pattern; small enough for every width. */
const values: Values = [1n, 0x101n, 0x202n, 0x303n, 4n, 0x505n, 0x606n, 0x707n, 0x808n];

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

type Expected = (before: Uint8Array, border: number) => { result: number; bytes: Uint8Array };

/** One call for each border, from "all on the bad page" to "nothing on it"; what differs from the model. */
function sweep(bed: SyncBed, which: Case, expected: Expected): string[] {
  const { abi, strategy } = which;
  const before = bed.argument(abi, { flags: REPORT });
  const wrong: string[] = [];
  for (let border = 0; border <= before.length; border++) {
    const address = bed.put(before, border);
    const result = bed.sync(address, abi, strategy);
    const want = expected(before, border);
    const got = hex(bed.get(address, before.length));
    if (result !== want.result || got !== hex(want.bytes)) {
      wrong.push(`border ${border}: ${result} ${got}, not ${want.result} ${hex(want.bytes)}`);
    }
  }
  return wrong;
}

/** The sweep on the build that goes field by field and on one that takes short cuts. */
async function sweepBuilds(which: Case, second: "r" | "none", expected: Expected): Promise<void> {
  for (const build of ["release", "study"] as const) {
    const machine = await machineOf({ build, arch: which.arch });
    const bed = new SyncBed(machine);
    bed.setReported(values);
    bed.protectSecond(second);
    expect(sweep(bed, which, expected), build).toEqual([]);
    expect(kindsOf(machine), build).toEqual([]);
  }
}

describe("a page that cannot be written, at every byte of the argument", () => {
  it.each(everyCase)("$arch $abi $strategy", async (which) => {
    await sweepBuilds(which, "r", (before, border) => {
      const { faulted, bytes } = modelWrite(which, before, values, border);
      return { result: faulted ? -EFAULT : 0, bytes };
    });
  });
});

describe("a page that cannot be read, at every byte of the argument", () => {
  it.each(everyCase)("$arch $abi $strategy", async (which) => {
    await sweepBuilds(which, "none", (before, border) => {
      if (!modelReads(which, border)) return { result: -EFAULT, bytes: before };
      const { faulted, bytes } = modelWrite(which, before, values, border);
      return { result: faulted ? -EFAULT : 0, bytes };
    });
  });
});

/** Fields and control as n (new), o (old) for a border at the start of field k, k = 1 … 9. */
describe("the fault table, k by k, in the compat layout", () => {
  const singly = Array.from({ length: 9 }, (_, k) => "n".repeat(k) + "o".repeat(9 - k));

  it.each(threeStrategies)("%s", async (strategy) => {
    const bed = new SyncBed(await machineOf());
    bed.setReported(values);
    bed.protectSecond("r");
    const { fields } = abiTable.compat;
    const left = fields.map(([border]) => {
      const before = bed.argument("compat", { flags: REPORT });
      const address = bed.put(before, border);
      expect(bed.sync(address, "compat", strategy)).toBe(-EFAULT);
      const after = bed.get(address, before.length);
      const hole = after[8] === 0 ? "zero" : "old";
      const letters = fields
        .map(([offset]) => (after[offset] === before[offset] ? "o" : "n"))
        .join("");
      return strategy === "copy" ? `${letters} ${hole}` : letters;
    });
    // the hole is copied with the status, as soon as the border lies behind it
    const copied = singly.map((letters, k) => `${letters} ${k === 0 ? "old" : "zero"}`);
    expect(left).toEqual(strategy === "copy" ? copied : singly);
  });
});

describe("what a fault leaves on the kernel's side", () => {
  const given = { flags: 0, applPtr: 150n, availMin: 7n };

  function archOf(abi: AbiName): "x86-64" | "powerpc-8xx" {
    return abi === "native32" ? "powerpc-8xx" : "x86-64";
  }

  const cases = abiList.flatMap((abi) => threeStrategies.map((strategy) => ({ abi, strategy })));

  it.each(cases)(
    "$abi $strategy: after a write fault all is done and stays done",
    async ({ abi, strategy }) => {
      for (const [border] of abiTable[abi].fields) {
        const bed = new SyncBed(await machineOf({ arch: archOf(abi) }));
        const address = bed.put(bed.argument(abi, given), border);
        bed.protectSecond("r");
        expect(bed.sync(address, abi, strategy)).toBe(-EFAULT);
        expect([bed.field("appl_ptr"), bed.field("avail_min")]).toEqual([150n, 7n]);
        expect(bed.acks()).toEqual([150n]);
        bed.protectSecond("rw");
        expect(bed.sync(bed.put(bed.argument(abi, given), border), abi, strategy)).toBe(0);
        expect([bed.field("appl_ptr"), bed.field("avail_min"), bed.acks()]).toEqual([150n, 7n, []]);
      }
    },
  );

  it.each(cases)(
    "$abi $strategy: after a read fault nothing has changed",
    async ({ abi, strategy }) => {
      for (const [border] of [[0, 4] as const, ...abiTable[abi].fields.slice(-2)]) {
        const bed = new SyncBed(await machineOf({ arch: archOf(abi) }));
        const before = bed.argument(abi, given);
        const address = bed.put(before, border);
        bed.protectSecond("none");
        const kernel = [bed.field("appl_ptr"), bed.field("avail_min")];
        expect(bed.sync(address, abi, strategy)).toBe(-EFAULT);
        expect(bed.get(address, before.length)).toEqual(before);
        expect([bed.field("appl_ptr"), bed.field("avail_min"), bed.acks()]).toEqual([
          ...kernel,
          [],
        ]);
      }
    },
  );
});

describe("errors come in this order", () => {
  const EPIPE = 32;
  const EINVAL = 22;
  /** Everything is wrong at once: an xrun, an appl_ptr past the boundary, a page. */
  const wrongInAll = { flags: HWSYNC, applPtr: BOUNDARY32 << 32n, availMin: 7n };
  const wrongPointer = { ...wrongInAll, flags: 0 };

  async function inXrun(): Promise<SyncBed> {
    const bed = new SyncBed(await machineOf());
    expect(bed.syncWith("native64", { flags: AVAIL_MIN, applPtr: 100n })).toBe(0); // data to play
    expect([bed.stream.start(), bed.stream.xrun()]).toEqual([0, 0]);
    bed.acks();
    return bed;
  }

  it.each(threeStrategies)("%s: read fault, hwsync, appl_ptr, write fault", async (strategy) => {
    const bed = await inXrun();
    const border = abiTable.native64.fields[7]![0];
    const call = (argument: typeof wrongInAll, second: "none" | "r" | "rw"): number => {
      const address = bed.put(bed.argument("native64", argument), border);
      bed.protectSecond(second);
      const before = hex(bed.get(address, 136));
      const result = bed.sync(address, "native64", strategy);
      expect(hex(bed.get(address, 136)), "untouched").toBe(before);
      expect(bed.acks()).toEqual([]);
      return result;
    };
    expect(call(wrongInAll, "none")).toBe(-EFAULT);
    expect(call(wrongInAll, "r")).toBe(-EPIPE);
    expect(call(wrongInAll, "rw")).toBe(-EPIPE);
    expect(call(wrongPointer, "r")).toBe(-EINVAL);
    expect(call(wrongPointer, "rw")).toBe(-EINVAL);
    expect(bed.field("avail_min")).toBe(100n); // not stored by any of them
    const last = bed.put(bed.argument("native64", { flags: APPL, availMin: 7n }), 0);
    bed.protectSecond("r");
    expect(last).toBe(BORDER);
    expect(bed.sync(last, "native64", strategy)).toBe(-EFAULT);
    expect(bed.field("avail_min")).toBe(7n);
  });
});

describe("the guard after a fault", () => {
  /** Guard pairs of a call whose read side stops at the k-th value, or whose write side does. */
  function pairs(machine: Machine): { opens: number[]; closes: number[]; open: number } {
    const counted = machine.counters();
    return {
      opens: [counted.guardOpensRead, counted.guardOpensWrite],
      closes: [counted.guardClosesRead, counted.guardClosesWrite],
      open: machine.exports.guardDirections(0),
    };
  }

  /** A call whose argument meets the bad page at `border`: what it toggled. */
  async function toggles(
    strategy: Case["strategy"],
    second: "none" | "r",
    border: number,
  ): Promise<[number, number]> {
    const machine = await machineOf({ build: "study" });
    const bed = new SyncBed(machine);
    const address = bed.put(bed.argument("compat", { flags: REPORT }), border);
    bed.protectSecond(second);
    const before = pairs(machine);
    expect(bed.sync(address, "compat", strategy)).toBe(-EFAULT);
    const after = pairs(machine);
    const difference = (side: "opens" | "closes"): number[] =>
      after[side].map((count, at) => count - before[side][at]!);
    expect(difference("closes")).toEqual(difference("opens"));
    expect(after.open).toBe(0);
    expect(kindsOf(machine)).toEqual([]);
    return difference("opens") as [number, number];
  }

  const { fields } = abiTable.compat;
  /** flags, appl_ptr, avail_min */
  const readBorders = [0, fields[7]![0], fields[8]![0]];
  const writeBorders = fields.map(([offset]) => offset);

  async function eachBorder(
    strategy: Case["strategy"],
    second: "none" | "r",
    borders: readonly number[],
  ): Promise<[number, number][]> {
    const found: [number, number][] = [];
    for (const border of borders) found.push(await toggles(strategy, second, border));
    return found;
  }

  it.each([
    { strategy: "per-field", pairs: [1, 2, 3] },
    { strategy: "unsafe-block", pairs: [1, 1, 1] },
    { strategy: "copy", pairs: [1, 2, 2] },
  ] as const)("reading, at k, $strategy: $pairs pairs", async ({ strategy, pairs: reads }) => {
    const found = await eachBorder(strategy, "none", readBorders);
    expect(found).toEqual(reads.map((read) => [read, 0]));
  });

  it.each([
    { strategy: "per-field", pairs: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    { strategy: "unsafe-block", pairs: [1, 1, 1, 1, 1, 1, 1, 1, 1] },
    { strategy: "copy", pairs: [1, 1, 1, 1, 1, 1, 1, 2, 2] },
  ] as const)("writing, at k, $strategy: $pairs pairs", async ({ strategy, pairs: writes }) => {
    const found = await eachBorder(strategy, "r", writeBorders);
    expect(found.map(([, write]) => write)).toEqual(writes);
  });
});
