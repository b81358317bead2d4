import { describe, expect, it } from "vitest";
import {
  composeCall,
  costProfiles,
  type CallCost,
  type CostProfile,
  type Difference,
} from "../../../src/measure/cost/index.ts";
import { forms, syncPtrEvents, type Form } from "./forms.ts";
import { published } from "./published.ts";

/** A difference is accepted up to a tenth of the published figure. */
const tenth = 10;

const architectures = Object.entries(published).map(([name, row]) => ({
  profile: costProfiles[name as keyof typeof published],
  row,
}));

function costOf(profile: CostProfile, form: Form): CallCost {
  return composeCall(profile, syncPtrEvents(profile.name, form));
}

type Cell = Difference["cells"][number];

/** The cells of one form as [cell, composed, published]. */
function cells(
  { profile, row }: (typeof architectures)[number],
  form: Form,
): [Cell, number | null, number | null][] {
  const cost = costOf(profile, form);
  const index = forms.indexOf(form);
  const [read, write] = [row.read[index]!, row.write[index]!];
  const both = read === null || write === null ? null : read + write;
  return [
    ["read", cost.read.instructions, read],
    ["write", cost.write.instructions, write],
    ["both", cost.both.instructions, both],
    ["outOfLineCalls", cost.both.outOfLineCalls, row.outOfLineCalls[index]!],
  ];
}

function isOff(composed: number | null, expected: number | null): boolean {
  if (composed === null || expected === null) return composed !== expected;
  return Math.abs(composed - expected) * tenth > expected;
}

function offCells(architecture: (typeof architectures)[number]): string[] {
  return forms.flatMap((form) =>
    cells(architecture, form)
      .filter(([, composed, expected]) => isOff(composed, expected))
      .map(([cell]) => `${form} ${cell}`),
  );
}

describe("SYNC_PTR, compat layout, composed against counted", () => {
  it.each(architectures)("$profile.name: every cell within 10 % or explained", (architecture) => {
    const explained = architecture.profile.differences.flatMap(({ form, cells: named }) =>
      named.map((cell) => `${form} ${cell}`),
    );
    expect(offCells(architecture).sort()).toEqual(explained.sort());
  });

  it.each(architectures)("$profile.name: explanations are sentences", ({ profile }) => {
    for (const { why } of profile.differences) expect(why).toMatch(/^[A-Z].{60,}\.$/);
  });

  it("8xx write side is exactly 80 / 131 / 13", () => {
    const sides = forms.map((form) => costOf(costProfiles["powerpc-8xx"], form).write.instructions);
    expect(sides).toEqual([80, 131, 13]);
  });

  it.each(architectures)("$profile.name: toggles and range checks are exact", (architecture) => {
    const { profile, row } = architecture;
    const both = forms.map((form) => costOf(profile, form).both);
    expect(both.map(({ guardToggles }) => guardToggles)).toEqual(row.toggles);
    expect(both.map(({ rangeChecks }) => rangeChecks)).toEqual(row.rangeChecks);
  });

  it.each(architectures)("$profile.name: components and sides add up", ({ profile }) => {
    for (const form of forms) {
      const { read, write, both } = costOf(profile, form);
      const parts = Object.values(both.components);
      const sum = parts.some((part) => part === null)
        ? null
        : parts.reduce((total: number, part) => total + part!, 0);
      expect(both.instructions).toBe(sum);
      if (both.instructions !== null) {
        expect(both.instructions).toBe(read.instructions! + write.instructions!);
      }
    }
  });

  it.each(architectures)("$profile.name: the block is cheapest", ({ profile }) => {
    const [perField, copy, block] = forms.map((form) => costOf(profile, form).both.instructions);
    expect(block!).toBeLessThan(perField!);
    expect(block!).toBeLessThan(copy ?? Infinity);
  });

  it("copying beats per field on x86 and arm64 and loses on 8xx and RISC-V", () => {
    const copyWins = architectures
      .filter(({ profile }) => costOf(profile, "copy").both.instructions !== null)
      .filter(({ profile }) => {
        const [perField, copy] = forms.map((form) => costOf(profile, form).both.instructions);
        return copy! < perField!;
      })
      .map(({ profile }) => profile.name);
    expect(copyWins).toEqual(["x86-64", "arm64-pan", "arm64-ttbr0"]);
  });
});

describe("modelled cycles", () => {
  it("x86-64 write side: per field : copy : block within 15 % of 8.9 : 2.5 : 1", () => {
    const [perField, copy, block] = forms.map(
      (form) => costOf(costProfiles["x86-64"], form).write.modelledCycles!,
    );
    const fifteenPercent = 0.15;
    expect(Math.abs(perField! / block! / 8.9 - 1)).toBeLessThan(fifteenPercent);
    expect(Math.abs(copy! / block! / 2.5 - 1)).toBeLessThan(fifteenPercent);
  });

  it("8xx: one cycle an instruction; no figure, no cycles elsewhere", () => {
    for (const { profile } of architectures) {
      const { instructions, modelledCycles } = costOf(profile, "perField").both;
      if (profile.name === "powerpc-8xx") expect(modelledCycles).toBe(instructions);
      else if (profile.name !== "x86-64") expect(modelledCycles).toBeNull();
    }
  });
});

describe("no figure", () => {
  it("book3s/64 has no instruction count for a call that copies, and says so in that part only", () => {
    const { read, both } = costOf(costProfiles["powerpc-book3s64"], "copy");
    expect(both.instructions).toBeNull();
    expect(read.components.copy).toBeNull();
    expect(read.components.rangeCheck).toBe(15);
    expect(both.guardToggles).toBe(8);
  });

  it.each(forms)("none has no price for %s, but counts", (form) => {
    const { both } = costOf(costProfiles.none, form);
    expect(both.instructions).toBeNull();
    expect(both.modelledCycles).toBeNull();
    expect(both.outOfLineCalls).toBeNull();
    expect(both.rangeChecks).toBeGreaterThan(0);
  });
});
