import { describe, expect, test } from "vitest";
import { archNames } from "../../src/index.ts";
import { abiExistsOn, abiNames, syncPtrFields } from "../../src/systems/pcm/abi.ts";
import { faultline, jsonOf } from "./command.ts";

type Row = Readonly<Record<string, unknown>>;

const STRATEGIES = ["per-field", "copy", "unsafe-block"];

async function rowsOf(...options: string[]): Promise<Row[]> {
  const { rows } = await jsonOf(["compare", "sync-ptr", ...options]);
  return rows as Row[];
}

describe("compare sync-ptr", () => {
  test("has a row for each strategy on each architecture, then the figures of the thread", async () => {
    const { status, stdout, stderr } = await faultline(["compare", "sync-ptr"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.split("\n");
    for (const arch of archNames) {
      const of = lines.filter((line) => line.startsWith(`${arch} `));
      expect(of.map((line) => line.split(/ +/)[2])).toEqual(STRATEGIES);
    }
    for (const figure of ["12.86", "16.43", "4.92", "about 80"]) expect(stdout).toContain(figure);
  });

  test("leaves the thread out where its rows are not asked for", async () => {
    const { stdout } = await faultline(["compare", "sync-ptr", "--arch", "riscv64"]);
    expect(stdout).toContain("riscv64");
    expect(stdout).not.toContain("12.86");
  });

  test("--json has the documented shape", async () => {
    const object = await jsonOf(["compare", "sync-ptr", "--arch", "x86-64"]);
    expect(object).toMatchObject({ schemaVersion: 1, scenario: "sync-ptr", kernel: "7.1" });
    const rows = object["rows"] as Row[];
    expect(rows.map((row) => row["strategy"])).toEqual(STRATEGIES);
    for (const row of rows) {
      expect(row).toMatchObject({ arch: "x86-64", abi: "compat" });
      for (const key of ["guardOpens", "guardCloses", "rangeChecks", "userLoads", "userStores"]) {
        expect(Number.isInteger(row[key]), key).toBe(true);
      }
      for (const key of ["instructions", "modelledCycles", "nsPerCall", "userShare"]) {
        expect(row[key], key).toBeGreaterThan(0);
      }
      expect(row["userShare"]).toBeLessThanOrEqual(1);
    }
  });

  test("where nothing was published the JSON says null and the table a dash", async () => {
    const [row] = await rowsOf("--arch", "none", "--strategy", "copy");
    expect(row).toMatchObject({ guardOpens: 0, instructions: null, modelledCycles: null });
    const { stdout } = await faultline([
      "compare",
      "sync-ptr",
      "--arch",
      "none",
      "--strategy",
      "copy",
    ]);
    expect(stdout).toMatch(/^none +compat +copy +0 +4 +– +– +– +– /m);
  });

  test("--abi all has exactly the ABIs that exist on each architecture", async () => {
    const rows = await rowsOf("--abi", "all", "--strategy", "kernel");
    const expected = archNames.flatMap((arch) =>
      abiNames.filter((abi) => abiExistsOn(abi, arch)).map((abi) => `${arch} ${abi}`),
    );
    const found = rows.map((row) => `${String(row["arch"])} ${String(row["abi"])}`);
    expect(found.sort()).toEqual(expected.sort());
  });

  test("names may be listed with commas and blanks, and count once", async () => {
    const rows = await rowsOf("--arch", "none, x86-64,none", "--strategy", "copy");
    expect(rows.map((row) => row["arch"])).toEqual(["none", "x86-64"]);
  });

  test("an ABI without a row is said on stderr, and the others are compared", async () => {
    const args = ["compare", "sync-ptr", "--abi", "x32,compat", "--arch", "none", "--json"];
    const { status, stdout, stderr } = await faultline(args);
    expect(status).toBe(0);
    expect(stderr).toBe("faultline: --abi x32 does not exist on none: no row for it\n");
    expect((JSON.parse(stdout) as { rows: Row[] }).rows).toHaveLength(STRATEGIES.length);
  });

  test("a kernel without a row of its own is said on stderr", async () => {
    const args = ["compare", "sync-ptr", "--arch", "none", "--strategy", "kernel", "--json"];
    const { status, stdout, stderr } = await faultline([...args, "--kernel", "6.13"]);
    expect(status).toBe(0);
    expect(stderr).toBe("faultline: kernel 6.13 has no row of its own: taking the nearest, 6.12\n");
    expect(JSON.parse(stdout)).toMatchObject({ kernel: "6.12" });
  });

  test("strategy kernel is what that kernel has: accesses for each field before 6.17, then a block", async () => {
    const ofKernel = (kernel: string): ReturnType<typeof rowsOf> =>
      rowsOf("--arch", "x86-64", "--strategy", "kernel", "--kernel", kernel);
    const old = await ofKernel("6.12");
    const recent = await ofKernel("6.17");
    expect([old[0]!["guardOpens"], recent[0]!["guardOpens"]]).toEqual([12, 2]);
  });
});

describe("compare sync-ptr --faults", () => {
  test("architectures that agree share a row for each field", async () => {
    const { status, stdout, stderr } = await faultline(["compare", "sync-ptr", "--faults"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const rows = stdout.split("\n").filter((line) => line.startsWith("compat "));
    expect(rows).toHaveLength(STRATEGIES.length * syncPtrFields.length);
    for (const row of rows) expect(row).toContain(`all ${archNames.length}`);
    expect(rows[0]).toMatch(/^compat +per-field +1 state +-EFAULT( +·){9} +none/);
    expect(rows.at(-1)).toMatch(/^compat +unsafe-block +9 avail_min +-EFAULT( +x){8} +· +none/);
  });

  test("--json has one outcome for each field", async () => {
    const args = ["compare", "sync-ptr", "--faults", "--arch", "powerpc-8xx", "--strategy", "copy"];
    const object = await jsonOf(args);
    expect(object).toMatchObject({ schemaVersion: 1, scenario: "sync-ptr", kernel: "7.1" });
    const outcomes = object["outcomes"] as Row[];
    expect(outcomes.map((outcome) => outcome["faultAt"])).toEqual(syncPtrFields);
    expect(outcomes[8]).toMatchObject({ result: -14, otherBytesChanged: [8, 9, 10, 11] });
  });
});
