import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scenarios } from "../../src/cli/scenarios/index.ts";
import { faultline, jsonOf, temporaryFolder } from "./command.ts";

const RTC = "examples/rtc_wkalrm.json";
const compare = (file: string, ...more: string[]): string[] => [
  "compare",
  "--struct",
  file,
  ...more,
];

/** A description in a file of its own. */
function fileWith(text: string): string {
  const file = join(temporaryFolder(), "my.json");
  writeFileSync(file, text);
  return file;
}

/** A demonstration has nothing that it is compared with. */
const compared = scenarios
  .filter(({ commands }) => commands.compare !== undefined)
  .map(({ name }) => name);

describe("compare --struct", () => {
  test("prints the layout with its holes, what leaks, and a row for each strategy", async () => {
    const { status, stdout, stderr } = await faultline(compare(RTC, "--arch", "x86-64,none"));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^rtc_wkalrm in native64 on all 2: 40 bytes, aligned to 4$/m);
    expect(stdout).toMatch(/^ +1 +1 +pending +unsigned char +writes$/m);
    expect(stdout).toMatch(/^ +2 +2 +\(hole\)$/m);
    expect(stdout).toContain("discloses 2 bytes of the kernel's stack: 2–3 (hole after pending).");
    expect(stdout).toMatch(/^x86-64 +native64 +per-field +11 +11 +~1 +~154 +~155 +~820 +\d+ ns$/m);
    expect(stdout).toMatch(/^none +native64 +unsafe-block +0 +1 +– +– +– +– +\d+ ns$/m);
    expect(stdout).toContain("~ also: values of 1 and 2 bytes are priced as those of 4");
  });

  test("shows each layout once, with the ABIs and architectures that have it", async () => {
    const { stdout } = await faultline(compare("examples/v4l2_buffer.json", "--strategy", "copy"));
    const titles = stdout.split("\n").filter((line) => line.startsWith("v4l2_buffer in "));
    expect(titles).toEqual([
      "v4l2_buffer in native64 on all 7: 88 bytes, aligned to 8",
      "v4l2_buffer in compat on all 9: 68 bytes, aligned to 4",
      "v4l2_buffer in x32 on x86-64; native32 on all 2: 80 bytes, aligned to 8",
    ]);
  });

  test("--json has the documented shape", async () => {
    const object = await jsonOf(compare(RTC, "--arch", "powerpc-8xx", "--abi", "compat"));
    expect(object).toMatchObject({
      schemaVersion: 1,
      struct: "rtc_wkalrm",
      kernel: "7.1",
      read: [],
      layouts: [
        {
          arch: "powerpc-8xx",
          abi: "compat",
          model: "ILP32",
          bytes: 40,
          align: 4,
          holes: [{ offset: 2, bytes: 2, after: "pending" }],
          leaks: [{ offset: 2, bytes: 2, cause: "hole", field: "pending" }],
        },
      ],
    });
    const rows = object["rows"] as Record<string, unknown>[];
    expect(rows.map((row) => row["strategy"])).toEqual(["per-field", "copy", "unsafe-block"]);
    expect(rows.map((row) => row["guardOpens"])).toEqual([11, 1, 1]);
    for (const row of rows) expect(row["nsPerCall"]).toBeGreaterThan(0);
  });

  test("--faults prints a row for each field, shared by the architectures that agree", async () => {
    const { status, stdout } = await faultline(compare(RTC, "--faults", "--abi", "compat"));
    expect(status).toBe(0);
    const rows = stdout.split("\n").filter((line) => line.startsWith("compat "));
    expect(rows).toHaveLength(33);
    expect(rows[13]).toMatch(/^compat +copy +3 time\.tm_sec +-EFAULT +xx·{9} +2–3 +all 9$/);
  });

  test("--faults of a structure that is only read says so", async () => {
    const file = fileWith('{"name":"in","struct":[{"name":"a","type":"int"}],"read":["a"]}');
    const { status, stdout } = await faultline(compare(file, "--faults"));
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: "in: no field is written, so that no fault leaves anything in user memory.\n",
    });
    const { outcomes } = await jsonOf(compare(file, "--faults"));
    expect(outcomes).toEqual([]);
  });

  test("a layout longer than a screen ends with how much is left out", async () => {
    const struct = [{ name: "s", type: { struct: [{ name: "a", type: "int" }] }, count: 100 }];
    const file = fileWith(JSON.stringify({ name: "long", struct, read: ["s[0]"] }));
    const { stdout } = await faultline(compare(file, "--arch", "none"));
    expect(stdout).toContain("… and 20 more (--json has them all)");
  });

  test("options may stand in any order, and a scenario's own stay the scenario's", async () => {
    const { status } = await faultline(["compare", "--arch", "none", "--struct", RTC, "--json"]);
    expect(status).toBe(0);
    const { status: own, stdout } = await faultline(["compare", "sync-ptr", "--arch", "none"]);
    expect(own).toBe(0);
    expect(stdout).not.toContain("x86-64");
  });
});

const mistakes: readonly (readonly [string, string, string])[] = [
  ["no JSON", "{", "structure is not JSON: "],
  ["no object", "[1]", "structure is an Array; valid: an object with "],
  [
    "an unknown type",
    '{"name":"it","struct":[{"name":"a","type":"unit32_t"}],"read":["a"]}',
    'it: field a: type "unit32_t" is unknown (did you mean uint32_t',
  ],
  [
    "fields that overlap in the ABI that is compared",
    '{"name":"it","struct":[{"name":"a","type":"long"},{"name":"b","type":"int","offset":4}],"read":["a"]}',
    "it: field b at 4 overlaps a, which ends at 8; valid: an offset from 8",
  ],
];

describe("a mistake is one line that names file and field, nothing on stdout, exit 2", () => {
  test.each(mistakes)("%s", async (_what, text, beginning) => {
    const file = fileWith(text);
    const { status, stdout, stderr } = await faultline(compare(file));
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(`faultline: ${file}: ${beginning}`);
    expect(stderr.indexOf("\n")).toBe(stderr.length - 1);
  });

  test("a file that cannot be read", async () => {
    const folder = join(temporaryFolder(), "folder");
    mkdirSync(folder);
    for (const file of ["nowhere.json", folder]) {
      const { status, stderr } = await faultline(compare(file));
      expect(status).toBe(2);
      expect(stderr).toContain(`faultline: --struct ${JSON.stringify(file)} cannot be read: `);
      expect(stderr).toContain("; valid: a JSON file that describes a structure\n");
    }
  });

  test.each([
    [["compare", "--struct"], "--struct is missing its <file>; valid: "],
    [compare(RTC, "--jsn"), 'option "--jsn" is unknown (did you mean --json?); valid: --struct'],
    [compare(RTC, "more"), "compare --struct got too many arguments: more; valid: --struct"],
    [compare(RTC, "--strategy", "kernel"), '--strategy "kernel" is unknown; valid: per-field'],
    [compare(RTC, "--abi", "x32", "--arch", "none"), "--abi x32 does not exist on none; valid: "],
    [
      ["compare", "--arch", "none"],
      `compare is missing its <scenario>; valid: ${compared.join(", ")}, --struct`,
    ],
  ])("%j", async (args, beginning) => {
    const { status, stdout, stderr } = await faultline(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.slice(0, `faultline: ${beginning}`.length)).toBe(`faultline: ${beginning}`);
  });
});
