import fc from "../../support/properties.ts";
import { archNames, type ArchName } from "../../../src/index.ts";
import { describe, expect, it } from "vitest";
import {
  components,
  composeCall,
  composeSide,
  costProfile,
  costProfiles,
  sideCounters,
  sideEvents,
  type Component,
  type CostProfile,
  type SideEvents,
} from "../../../src/measure/cost/index.ts";
import { UsageError } from "../../../src/base/errors.ts";
import { forms, syncPtrEvents } from "./forms.ts";

const priced = Object.values(costProfiles).filter(({ weights }) => weights !== null);

function without(profile: CostProfile, component: Component): CostProfile {
  const weights = profile.weights!.filter((weight) => weight.component !== component);
  return { ...profile, weights };
}

function cellsOf(profile: CostProfile): (number | null)[] {
  return forms.flatMap((form) => {
    const { read, write } = composeCall(profile, syncPtrEvents(profile.name, form));
    return [read.instructions, write.instructions];
  });
}

function movedCells(profile: CostProfile, component: Component): number {
  const before = cellsOf(profile);
  const after = cellsOf(without(profile, component));
  return before.filter((cell, index) => cell !== after[index]).length;
}

describe("the table is composed from its weights", () => {
  it.each(priced)("$name: without its range-check weights several cells move", (profile) => {
    expect(movedCells(profile, "rangeCheck")).toBeGreaterThanOrEqual(3);
  });

  it("8xx: every weight but the copy routine's curve moves cells when taken away", () => {
    const moved = components
      .filter((component) => component !== "copy")
      .map((component) => movedCells(costProfiles["powerpc-8xx"], component));
    expect(Math.min(...moved)).toBeGreaterThanOrEqual(2);
  });

  it("a single weight reaches every form that counts its event", () => {
    const profile = costProfiles["powerpc-8xx"];
    const cheaper = profile.weights!.map((weight) =>
      weight.event === "blockOpens" ? { ...weight, value: 0 } : weight,
    );
    const cost = composeCall(
      { ...profile, weights: cheaper },
      syncPtrEvents(profile.name, "block"),
    );
    expect([cost.read.components.open, cost.write.components.open]).toEqual([0, 0]);
    expect(cost.write.instructions).toBe(11);
  });

  it.each(priced)(
    "$name: every weight has a value from 0 and the figures it comes from",
    (profile) => {
      for (const { value, key } of profile.weights!) {
        if (value === null) expect(key).toBe("no figure published");
        else {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(key).toMatch(/^[\d* (]*(primitive|sync_ptr)_instruction_counts\.\w+\./);
        }
      }
    },
  );

  it.each(priced)("$name: of the counted cells only the saved registers are used", (profile) => {
    for (const { key } of profile.weights!) {
      const taken = [...key.matchAll(/sync_ptr_instruction_counts\S+/g)].map(([path]) => path);
      for (const path of taken) expect(path).toMatch(/\.read_side\.inline\.other_stores$/);
    }
  });
});

describe("composition", () => {
  const count = fc.nat(1000);
  const events = fc
    .record(Object.fromEntries(sideCounters.map(({ name }) => [name, count])))
    .map((counts): SideEvents => ({ ...sideEvents(), ...counts, clears: 0 }));

  function sum(a: SideEvents, b: SideEvents): SideEvents {
    const counts = sideCounters.map(({ name }) => [name, a[name] + b[name]] as const);
    return { ...sideEvents(), ...Object.fromEntries(counts) };
  }

  it("is linear in the events, for every architecture and task", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...priced),
        fc.constantFrom(32 as const, 64 as const),
        events,
        events,
        (profile, bits, a, b) => {
          const parts = [a, b].map((side) => composeSide(profile, side, bits).instructions!);
          const whole = composeSide(profile, sum(a, b), bits).instructions!;
          expect(whole).toBeCloseTo(parts[0]! + parts[1]!, 6);
        },
      ),
    );
  });

  it("of nothing is nothing", () => {
    for (const profile of priced) {
      expect(composeSide(profile, sideEvents(), 64).instructions).toBe(0);
    }
  });

  it("of an event without a figure is not known", () => {
    for (const profile of priced) {
      expect(composeSide(profile, sideEvents({ clears: 1 }), 64).instructions).toBeNull();
    }
  });

  // The primitive alone, as counted: check, open, nine puts, close.
  it.each([
    ["powerpc-8xx", 17, 1],
    ["powerpc-book3s32", 25, 1],
    ["powerpc-book3s64", 43, 1],
    ["x86-64", 15, 1],
    ["arm64-pan", 37, 0],
    ["riscv64", 52, 9],
    ["riscv64-block-guard", 27, 1],
  ] as const)(
    "%s: a checked block of nine puts in a 64-bit task is near %i",
    (name, whole, opens) => {
      const block = sideEvents({
        writeBlocks: 1,
        blockRangeChecks: 1,
        blockOpens: opens,
        blockCloses: opens,
        blockStores: 9,
      });
      const { instructions } = composeSide(costProfiles[name], block, 64);
      expect(Math.abs(instructions! - whole)).toBeLessThanOrEqual(1);
    },
  );

  it("takes a 32-bit task's shorter range check on RISC-V", () => {
    const check = sideEvents({ getRangeChecks: 1 });
    const [short, long] = ([32, 64] as const).map(
      (bits) => composeSide(costProfiles.riscv64, check, bits).instructions!,
    );
    expect(short).toBeLessThan(long!);
  });

  it("prices a 64-bit value on a 32-bit machine as two accesses", () => {
    const profile = costProfiles["powerpc-8xx"];
    const narrow = composeSide(profile, sideEvents({ blockStores: 2 }), 32);
    const wide = composeSide(profile, sideEvents({ blockStores: 1, wideBlockStores: 1 }), 32);
    expect(wide.instructions).toBe(narrow.instructions);
  });
});

describe("bad input", () => {
  const profile = costProfiles["x86-64"];

  it.each([
    [{ puts: -1 }, /^puts is -1; valid: a whole number from 0/],
    [{ gets: 1.5 }, /^gets is 1\.5;/],
    [{ blockLoads: NaN }, /^blockLoads is NaN;/],
    [
      { copiesToUser: [{ bytes: 8, toAlign: 64, fromAlign: 0 }] },
      /^copiesToUser\[0\]\.toAlign is 64;/,
    ],
    [{ copiesFromUser: [{ bytes: -8, toAlign: 0, fromAlign: 0 }] }, /^copiesFromUser\[0\]\.bytes/],
  ])("%j is refused by name", (events, message) => {
    expect(() => composeSide(profile, sideEvents(events), 64)).toThrow(UsageError);
    expect(() => composeSide(profile, sideEvents(events), 64)).toThrow(message);
  });

  it("refuses a task width that does not exist", () => {
    expect(() => composeSide(profile, sideEvents(), 16 as 32)).toThrow(
      /taskBits is 16; valid: 32 or 64/,
    );
  });

  it("names the valid profiles", () => {
    expect(() => costProfile("sparc" as ArchName)).toThrow(`valid: ${archNames.join(", ")}`);
    for (const name of archNames) expect(costProfile(name).name).toBe(name);
  });
});
