import { describe, expect, test } from "vitest";
import { umcgHelperNames, umcgStepNames } from "../../src/index.ts";
import { faultline, jsonOf } from "./command.ts";

describe("umcg-cmpxchg", () => {
  test("run tells one call step by step", async () => {
    const args = ["run", "umcg-cmpxchg", "--helper", "posted", "--step", "absent"];
    const { status, stdout, stderr } = await faultline(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^cmpxchg_user_32 by "posted" on x86-64, kernel 7.1; the word: absent /);
    expect(stdout).toMatch(/^memory {2}7$/m);
    expect(stdout).toMatch(/guard-open → walk → fault → fixup → guard-close → mmap-lock/);
    expect(stdout).toMatch(/findings: none\n$/);
  });

  test("compare has every helper at every step, and every cell says what it is", async () => {
    const { rows, inlining } = (await jsonOf(["compare", "umcg-cmpxchg", "--bits", "32,64"])) as {
      rows: readonly { helper: string; step: string; bits: number; result: number }[];
      inlining: readonly object[];
    };
    const wide = umcgHelperNames.length - 1;
    expect(rows).toHaveLength(umcgStepNames.length * (umcgHelperNames.length + wide));
    const at = (helper: string, step: string): number[] =>
      rows.filter((row) => row.helper === helper && row.step === step).map((row) => row.result);
    expect(at("posted", "misaligned")).toEqual([0, 0]);
    expect(at("posted", "misaligned-absent")).toEqual([-14, -14]);
    expect(at("reviewed", "misaligned-absent")).toEqual([-22, -22]);
    expect(at("reviewed", "dropped")).toEqual([-11, -11]);
    expect(at("enabled", "killed")).toEqual([-4, -4]);
    expect(at("posted", "differs")).toEqual([-11, -11]);
    expect(at("upstream", "differs")).toEqual([1, 1]);
    expect(at("futex", "differs")).toEqual([0]);
    for (const helper of umcgHelperNames) {
      expect(
        new Set(["read-only", "unmapped", "kernel"].flatMap((step) => at(helper, step))),
      ).toEqual(new Set([-14]));
    }
    expect(inlining).toHaveLength(1);
  });

  test.each([
    ["--helper", "poster", "unknown"],
    ["--bits", "16", "32 or 64"],
    ["--step", "gone", "unknown"],
    ["--form", "asleep", "unknown"],
  ])("%s %s is refused in one line", async (option, value, part) => {
    const { status, stderr } = await faultline(["run", "umcg-cmpxchg", option, value]);
    expect(status).toBe(2);
    expect(stderr).toContain(part);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("64 bits are refused where there are none", async () => {
    for (const args of [
      ["--arch", "powerpc-8xx"],
      ["--helper", "futex"],
    ]) {
      const { status, stderr } = await faultline(["run", "umcg-cmpxchg", "--bits", "64", ...args]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^faultline: bits is 64 .*; valid: 32\n$/);
    }
  });
});
