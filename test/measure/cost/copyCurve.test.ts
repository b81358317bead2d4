import type { ArchName } from "../../../src/index.ts";
import { describe, expect, it } from "vitest";
import {
  composeSide,
  costProfiles,
  sideEvents,
  type CopyEvent,
} from "../../../src/measure/cost/index.ts";

function copyTo(name: ArchName, bytes: number, toAlign = 0, fromAlign = 0) {
  const copy: CopyEvent = { bytes, toAlign, fromAlign };
  const cost = composeSide(costProfiles[name], sideEvents({ copiesToUser: [copy] }), 32);
  return {
    instructions: cost.components.copy!,
    cycles: cost.modelledCycles,
    approximations: cost.approximations,
  };
}

describe("copies", () => {
  it("measured ones are exact and unmarked", () => {
    for (const [bytes, to, from, expected] of [
      [32, 4, 8, 37],
      [32, 4, 0, 29],
      [32, 4, 4, 40],
      [256, 0, 0, 87],
    ] as const) {
      const { instructions, approximations } = copyTo("arm64-pan", bytes, to, from);
      expect(instructions).toBe(expected);
      expect(approximations).toEqual([]);
    }
  });

  it("a length between measured points is interpolated and marked", () => {
    const { instructions, approximations } = copyTo("powerpc-8xx", 48);
    expect(instructions).toBe((60 + 82) / 2);
    expect(approximations).toMatchObject([{ bytes: 48, quantity: "instructions" }]);
    expect(approximations[0]!.how).toContain("length");
  });

  it("lengths beyond the last point follow the last slope", () => {
    const [last, beyond] = [copyTo("powerpc-8xx", 4096), copyTo("powerpc-8xx", 8192)];
    expect(last.approximations).toEqual([]);
    const perByte = (2854 - 742) / (4096 - 1024);
    expect(beyond.instructions).toBe(Math.round(2854 + 4096 * perByte));
    expect(beyond.approximations).toHaveLength(1);
  });

  it("an alignment that was not measured is replaced by the nearest and marked", () => {
    const { instructions, approximations } = copyTo("arm64-pan", 32, 20, 25);
    expect(instructions).toBe(37);
    expect(approximations[0]!.how).toBe("alignment taken as to+4,from+8");
  });

  it("a misaligned length keeps its distance from the aligned curve", () => {
    const aligned = copyTo("arm64-pan", 48).instructions;
    expect(copyTo("arm64-pan", 48, 4, 8).instructions - aligned).toBe(37 - 29);
  });

  it("RISC-V goes byte by byte below 71 bytes and never interpolates across", () => {
    for (const bytes of [1, 5, 40, 70]) {
      expect(copyTo("riscv64", bytes).instructions).toBe(11 + 5 * bytes);
    }
    expect(copyTo("riscv64", 71).instructions).toBeLessThan(57);
  });

  it("x86 takes one instruction for any length, and its cycles are marked where interpolated", () => {
    expect(copyTo("x86-64", 8).instructions).toBe(copyTo("x86-64", 4000).instructions);
    expect(copyTo("x86-64", 32).approximations).toEqual([]);
    const { cycles, approximations } = copyTo("x86-64", 2048);
    expect(cycles!).toBeGreaterThan(copyTo("x86-64", 1024).cycles!);
    expect(cycles!).toBeLessThan(copyTo("x86-64", 4096).cycles!);
    expect(approximations).toMatchObject([{ bytes: 2048, quantity: "cycles" }]);
  });

  it("marks reach the cost of the whole call", () => {
    const events = sideEvents({
      copiesFromUser: [{ bytes: 136, toAlign: 0, fromAlign: 0 }],
      copiesToUser: [{ bytes: 136, toAlign: 0, fromAlign: 0 }],
    });
    const { approximations } = composeSide(costProfiles["powerpc-book3s32"], events, 64);
    expect(approximations.map(({ bytes }) => bytes)).toEqual([136, 136]);
  });
});
