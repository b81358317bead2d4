import { describe, expect, it } from "vitest";
import {
  archNames,
  compareStruct,
  compareSyncPtr,
  layoutOf,
  parseStruct,
  structFaults,
  structStrategyNames,
  syncPtrFaults,
  syncPtrLayout,
  type CompareRow,
  type Struct,
  type StructDescription,
  type StructLayout,
  type StructRow,
  type StructStrategy,
} from "../../src/index.ts";
import { countStruct } from "../../src/scenarios/compareStruct.ts";
import { callStruct, prepareStruct } from "../../src/scenarios/structBed.ts";
import { argumentAddress } from "../../src/scenarios/syncPtr.ts";
import { machineOf } from "../machine/pool.ts";
import { exampleNamed, exampleNames } from "../structs/examples.ts";
import { syncPtrDescription } from "./syncPtrDescription.ts";

const EFAULT = 14;
const syncPtr = parseStruct(syncPtrDescription);
const abis = ["compat", "x32"] as const;

describe("SYNC_PTR, described as any structure", () => {
  it("has the core's own layout", async () => {
    const machine = await machineOf();
    for (const abi of abis) {
      const { bytes, fields } = syncPtrLayout(machine, abi);
      const layout = layoutOf(syncPtr, abi);
      const described = syncPtr.writes.map(({ path }) => {
        const { offset, bytes: width } = layout.fields.find((field) => field.path === path)!;
        return { offset, width };
      });
      expect([layout.bytes, described]).toEqual([
        bytes,
        fields.map(({ offset, width }) => ({ offset, width })),
      ]);
    }
  });

  it("has the same counts, instructions and cycles on every architecture", async () => {
    const figures = (row: StructRow | CompareRow): object => ({
      ...row,
      nsPerCall: 0,
      userShare: 0,
      estimates: [],
    });
    const [described, own] = [await compareStruct(syncPtr), await compareSyncPtr({ abis })];
    expect(own.rows.length).toBe((archNames.length + 1) * structStrategyNames.length);
    expect(described.rows.map(figures)).toEqual(own.rows.map(figures));
    expect(described.rows.flatMap(({ estimates }) => estimates)).toEqual([]);
  });

  it("leaves the same in user memory, whatever field faults", async () => {
    const [described, own] = [await structFaults(syncPtr), await syncPtrFaults({ abis })];
    const left = [described, own].map(({ outcomes }) =>
      outcomes.map(({ arch, abi, strategy, result, written, otherBytesChanged }) => {
        const states = written.map(({ state }) => state);
        return { arch, abi, strategy, result, states, otherBytesChanged };
      }),
    );
    expect(left[0]).toEqual(left[1]);
  });
});

/** [offset, bytes] of what a strategy stores one after the other; a store that faults midway leaves its beginning. */
function storesOf(struct: Struct, layout: StructLayout, strategy: StructStrategy): number[][] {
  const place = (path: string): number[] => {
    if (path === "") return [0, layout.bytes];
    const inside = layout.fields.filter((field) => `${field.path}.`.startsWith(`${path}.`));
    const ends = inside.map(({ offset, bytes }) => offset + bytes);
    const start = Math.min(...inside.map(({ offset }) => offset));
    return [start, Math.max(...ends) - start];
  };
  const stored = strategy === "copy" ? struct.copiesOut : struct.writes;
  return stored.map(({ path }) => place(path));
}

describe.each(exampleNames)("%s", (name) => {
  const struct = exampleNamed(name);

  it("leaves what the stores before the fault stored", async () => {
    const { outcomes } = await structFaults(struct);
    expect(outcomes.length).toBeGreaterThan(0);
    for (const { arch, abi, strategy, result, faultAt, written, otherBytesChanged } of outcomes) {
      const layout = layoutOf(struct, abi, arch);
      const placed = new Map(layout.fields.map((field) => [field.path, field]));
      const border = placed.get(faultAt)!.offset;
      const stored = new Set<number>();
      for (const [offset, bytes] of storesOf(struct, layout, strategy) as [number, number][]) {
        for (let at = offset; at < Math.min(offset + bytes, border); at++) stored.add(at);
        if (offset + bytes > border) break;
      }
      const states = struct.writes.map(({ path }) => {
        const { offset, bytes } = placed.get(path)!;
        const count = Array.from({ length: bytes }, (_, at) => stored.has(offset + at));
        return count.every(Boolean) ? "new" : count.some(Boolean) ? "partly" : "old";
      });
      const where = `${arch} ${abi} ${strategy} ${faultAt}`;
      expect(result, where).toBe(-EFAULT);
      expect(
        written.map(({ state }) => state),
        where,
      ).toEqual(states);
      if (strategy !== "copy") expect(otherBytesChanged, where).toEqual([]);
      for (const at of otherBytesChanged) expect(stored.has(at), where).toBe(true);
    }
  });

  it.each(archNames)(
    "on %s opens and closes the guard in pairs, and does nothing wrong",
    async (arch) => {
      const machine = await machineOf({ build: "study", arch, memory: "8M" });
      const abi =
        arch.startsWith("powerpc-8xx") || arch === "powerpc-book3s32" ? "native32" : "native64";
      const bed = prepareStruct(machine, struct, abi);
      for (const strategy of structStrategyNames) {
        const { counted } = countStruct(bed, strategy);
        for (const side of [counted.read, counted.write]) {
          expect(side.accessOpens).toBe(side.accessCloses);
          expect(side.blockOpens).toBe(side.blockCloses);
          expect(side.copyOpens).toBe(side.copyCloses);
        }
      }
      expect(machine.findings()).toEqual([]);
    },
  );

  it.each(structStrategyNames)("%s reads every field, and no other", async (strategy) => {
    const machine = await machineOf({ memory: "8M" });
    const bed = prepareStruct(machine, struct, "native64");
    expect(callStruct(bed, strategy)).toBe(0);
    for (const { kernel, bytes } of bed.tables.lists.reads) {
      expect([...bed.call.bytes.subarray(kernel, kernel + bytes)]).toEqual(Array(bytes).fill(0xee));
    }
  });

  it.each(structStrategyNames)(
    "%s leaves user memory alone where a read faults",
    async (strategy) => {
      const machine = await machineOf({ memory: "8M" });
      const bed = prepareStruct(machine, struct, "native64");
      const first = bed.tables.lists.reads[0];
      if (first === undefined) return expect(struct.reads).toEqual([]);
      bed.task.protect(argumentAddress + bed.border, bed.border, "none");
      expect(callStruct(bed, strategy, bed.border - first.place)).toBe(-EFAULT);
      expect(bed.pages.read(0, bed.border).every((byte) => byte === 0xee)).toBe(true);
    },
  );
});

describe("what a copy that is not zeroed first discloses", () => {
  const leaksOf = async (description: StructDescription): Promise<unknown> => {
    const { layouts } = await compareStruct(parseStruct(description), { archs: ["none"] });
    return layouts[0]!.leaks;
  };
  const base: StructDescription = {
    name: "it",
    struct: [
      { name: "a", type: "__u8" },
      { name: "b", type: "__u64" },
      { name: "c", type: "__u32" },
      { name: "d", type: "__u16" },
    ],
    written: ["a", "b", "d"],
  };
  const hole = { offset: 1, bytes: 7, cause: "hole", field: "a" };
  const tail = { offset: 22, bytes: 2, cause: "hole", field: "d" };
  const field = { offset: 16, bytes: 4, cause: "not-written", field: "c" };

  it("holes, the tail, and fields that the call does not write", async () => {
    expect(await leaksOf(base)).toEqual([hole, field, tail]);
  });

  it("nothing of a structure that was copied in before", async () => {
    expect(await leaksOf({ ...base, read: ["c"] })).toEqual([]);
  });

  it("all the same where the copy out has a buffer of its own", async () => {
    const parts = (stack: number): object => ({ part: "s", stack });
    const inner = { ...base, struct: [{ name: "s", type: { struct: base.struct } }] };
    const written = ["s.a", "s.b", "s.d"];
    const both = { ...inner, written, read: ["s.c"] };
    const leaks = (read: number, write: number): Promise<unknown> =>
      leaksOf({ ...both, copies: { read: [parts(read)], written: [parts(write)] } } as never);
    expect(await leaks(8, 8)).toEqual([]);
    expect(await leaks(8, 16)).toMatchObject([{ offset: 1 }, { offset: 16 }, { offset: 22 }]);
  });

  it("only the parts that are copied", async () => {
    expect(await leaksOf({ ...base, copies: { written: ["a", "b", "d"] } })).toEqual([]);
  });

  it("2 bytes of rtc_wkalrm, none of the examples that are copied in first", async () => {
    const leaks = exampleNames.map(async (name) => {
      const { layouts } = await compareStruct(exampleNamed(name), { archs: ["x86-64"] });
      return layouts.map((layout) => layout.leaks.reduce((sum, { bytes }) => sum + bytes, 0));
    });
    expect(await Promise.all(leaks)).toEqual([[0, 0, 0], [2], [0]]);
  });
});

describe("compareStruct", () => {
  const wide: StructDescription = {
    name: "wide",
    struct: [
      { name: "half", type: "__u16" },
      { name: "text", type: "char", count: 13 },
      { name: "word", type: "__u32" },
    ],
    read: ["text"],
    written: ["half", "word"],
  };

  it("moves an array by copies, in a block in pieces of 8, 4, 2 and 1; RISC-V by one call", async () => {
    const archs = ["x86-64", "riscv64-block-guard"] as const;
    const { rows } = await compareStruct(parseStruct(wide), { archs });
    const loads = rows.map(({ arch, strategy, userLoads, userStores }) => {
      return `${arch} ${strategy}: ${userLoads} ${userStores}`;
    });
    expect(loads).toEqual([
      "x86-64 per-field: 0 2",
      "x86-64 copy: 0 0",
      "x86-64 unsafe-block: 3 2", // 13 = 8 + 4 + 1
      "riscv64-block-guard per-field: 0 2",
      "riscv64-block-guard copy: 0 0",
      "riscv64-block-guard unsafe-block: 0 2",
    ]);
  });

  it("says what it estimates", async () => {
    const { rows } = await compareStruct(parseStruct(wide), { archs: ["x86-64", "none"] });
    const words = rows.map(({ estimates }) => estimates.map((text) => text.split(" ")[0]));
    expect(words).toEqual([["values"], [], ["values", "an"], [], [], []]);
    expect(rows[0]!.approximations).toMatchObject([{ bytes: 13, quantity: "cycles" }]);
  });

  it("begins no block for a side that moves nothing", async () => {
    const { rows } = await compareStruct(exampleNamed("rtc_wkalrm"), { archs: ["x86-64"] });
    expect(rows.map(({ read, write }) => [read.guardOpens, write.guardOpens])).toEqual([
      [0, 11],
      [0, 1],
      [0, 1],
    ]);
  });

  it("takes the ABIs asked for before the description's, and each architecture's own without any", async () => {
    const archs = ["x86-64", "powerpc-8xx"] as const;
    const variants = async (struct: Struct, options: object = {}): Promise<string[]> => {
      const { layouts } = await compareStruct(struct, { archs, strategies: ["copy"], ...options });
      return layouts.map(({ arch, abi }) => `${arch} ${abi}`);
    };
    expect(await variants(parseStruct(wide))).toEqual(["x86-64 native64", "powerpc-8xx native32"]);
    expect(await variants(syncPtr)).toEqual(["x86-64 compat", "x86-64 x32", "powerpc-8xx compat"]);
    expect(await variants(syncPtr, { abis: ["x32"] })).toEqual(["x86-64 x32"]);
    await expect(variants(syncPtr, { archs: ["none"], abis: ["x32"] })).rejects.toThrow(
      "abis x32 does not exist on none; valid: native64, compat, compat-time64",
    );
  });

  it("moves structures of several pages", async () => {
    const struct = [
      { name: "fd", type: "__s64" },
      { name: "name", type: "char", count: 16000 },
    ];
    const large = parseStruct({ name: "args", struct, read: ["name"], written: ["name", "fd"] });
    const { outcomes } = await structFaults(large, { archs: ["arm64-pan"] });
    expect(outcomes.map(({ result }) => result)).toEqual(Array(6).fill(-EFAULT));
    const { rows } = await compareStruct(large, { archs: ["x86-64", "riscv64"] });
    expect(rows.map(({ userLoads }) => userLoads)).toEqual([0, 0, 2000, 0, 0, 0]);
  });
});
