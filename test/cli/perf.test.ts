import { describe, expect, test } from "vitest";
import { perfDesignNames, perfHitNames, type PerfComparison } from "../../src/index.ts";
import { faultline, jsonOf } from "./command.ts";

describe("perf-regs", () => {
  test("run shows a sample that an NMI got out of a copy that was being filled", async () => {
    const args = ["run", "perf-regs", "--design", "single-mark-first", "--interrupt", "nmi"];
    const { status, stdout, stderr } = await faultline([...args, "--at", "9"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(stdout).toMatch(/^a sample by "single-mark-first" .* at point 9 of 0 to 22$/m);
    expect(stdout).toMatch(/^ip +0x\w+ +0x\w+$/m);
    expect(stdout).toMatch(/^bx +wrong: 0x\w+ +0x\w+$/m);
    expect(stdout).toMatch(/^finding: perf-torn: /m);
  });

  test("run with nothing in between finds nothing", async () => {
    const { status, stdout } = await faultline(["run", "perf-regs"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^the sample's structure +0–2 +1–2$/m);
    expect(stdout).toMatch(/^findings: none$/m);
  });

  test("run of what asks for no registers, or gets none", async () => {
    const plain = await faultline(["run", "perf-regs", "--request", "plain"]);
    expect(plain.stdout).toMatch(/^no user registers asked for$/m);
    const all = await faultline(["run", "perf-regs", "--request", "all", "--hit", "nmi"]);
    expect(all.status).toBe(0);
    expect(all.stdout).toMatch(/^r15 +unknown: 0xffffffffffffffff$/m);
  });

  test("compare has every design in every context, with lines, bytes, wrong points and time", async () => {
    const json: unknown = await jsonOf(["compare", "perf-regs"]);
    const { rows, sweeps, designs } = json as PerfComparison;
    expect(rows).toHaveLength(perfDesignNames.length * perfHitNames.length);
    for (const { nsPerSample } of rows) expect(nsPerSample).toBeGreaterThan(0);
    const wrong = sweeps.filter(({ torn, stale }) => torn + stale > 0);
    expect(new Set(wrong.map(({ design }) => design))).toEqual(new Set(["single-mark-first"]));
    expect(wrong.map(({ torn, stale, outcomes }) => [torn, stale, outcomes.length])).toEqual(
      Array.from({ length: 6 }, () => [20, 1, 23]),
    );
    // taking the copy out of the sample halves what nested samples need of the stack
    const nested = (design: string): number =>
      designs.find((row) => row.design === design)!.nestedBytes;
    expect([nested("stack"), nested("array-posted"), nested("merged")]).toEqual([1152, 576, 576]);
  });

  test("compare prints its tables", async () => {
    const args = [
      "compare",
      "perf-regs",
      "--design",
      "merged,single-mark-first",
      "--hit",
      "irq,nmi",
    ];
    const { status, stdout, stderr } = await faultline([...args, "--request", "user,all"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^single-mark-first +21 of 23 +1 +23 +\d+$/m);
    expect(stdout).toMatch(/^merged +0 of 1 +0 +0 +5$/m);
    expect(stdout).toMatch(/^irq +user +merged +0–2 +1–2 +– +0 .* ns$/m);
    expect(stdout).toMatch(/^merged +direct +0–14 +15–16 +none +17–21$/m);
    expect(stdout).toMatch(/^slim +no +16 /m);
  });

  test.each([
    ["run", "--design", "stak", "did you mean stack?"],
    ["run", "--hit", "nimi", "did you mean nmi?"],
    ["run", "--request", "everything", "unknown"],
    ["run", "--interrupt", "usr", "unknown"],
    ["run", "--interrupt", "task", "valid: nmi"],
    ["run", "--at", "-1", "a whole number from 0"],
    ["run", "--at", "7", "valid: 0 to 0"],
    ["compare", "--design", "merged,", "unknown"],
    ["compare", "--request", "usr", "did you mean user?"],
  ])("%s %s %s is refused in one line", async (verb, option, value, part) => {
    const { status, stderr } = await faultline([verb, "perf-regs", `${option}=${value}`]);
    expect(status).toBe(2);
    expect(stderr).toContain(`${option} `);
    expect(stderr).toContain(part);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("demonstrations", () => {
  test.each([
    ["perf-stack-zero", /^ring, sp 0 +40 +40 +– +40 – 47 /m],
    ["perf-record-wrap", /^in an empty ring of 128 KiB +8 +8 +– +8 – 65543 /m],
    ["perf-shared-sample", /^the second event .* of many +192 +192 +48 – 191 .* 2 for 1$/m],
  ])("run %s prints both variants", async (name, line) => {
    const { status, stdout, stderr } = await faultline(["run", name]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^as Linux 6\.18 does:$/m);
    expect(stdout).toMatch(/^with room for what is written:$/m);
    expect(stdout).toMatch(line);
    const { scenario } = (await jsonOf(["run", name])) as { scenario: string };
    expect(scenario).toBe(name);
  });

  test("they compare nothing", async () => {
    const { status, stderr } = await faultline(["compare", "perf-stack-zero"]);
    expect(status).toBe(2);
    expect(stderr).toContain("unknown");
  });
});
