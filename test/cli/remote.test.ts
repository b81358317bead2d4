import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { layoutNames, remotePathNames, remoteScenarioNames } from "../../src/index.ts";
import { faultline, jsonOf, temporaryFolder } from "./command.ts";

type Row = Readonly<Record<string, unknown>>;

describe("run", () => {
  test("remote-read says what moved which way, the locks, the levels, the cost", async () => {
    const { status, stdout, stderr } = await faultline(["run", "remote-read", "--length", "8192"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(
      /^pread of \/proc\/PID\/mem, path slow, kernel 7.1: 8192 bytes from 0x10000000: 8192\n/,
    );
    expect(stdout).toMatch(/^bytes moved fast +0$/m);
    expect(stdout).toMatch(/^bytes moved slowly +8192$/m);
    expect(stdout).toMatch(/^mmap lock taken for reading +2$/m);
    expect(stdout).toMatch(/^page-table lock taken +2$/m);
    expect(stdout).toMatch(/^walks to a PTE +2$/m);
    expect(stdout).toMatch(/^cost of the caller's own user access: \d+ instructions, \d+ cycles/m);
    expect(stdout).toMatch(/findings: none\n$/);
  });

  test.each([
    ["remote-read", "absent", 16384, "....", "ZZZZ", 16384],
    ["remote-write", "absent", 16384, "....", "AAAA", 16384],
    ["remote-write", "cow", 4096, "a", "A", 4096],
    ["remote-read", "guards", 16384 * 3, "AAAAAAAAGGGG", "AAAAAAAAGGGG", 8 * 4096],
    ["cmdline", "zero", 4096, "Z", "Z", 4096],
    ["cmdline", "shared", 4096, "F", "F", 0],
    ["process-vm", "cow", 8192, "aa", "AA", 8192],
    ["process-vm", "absent", 0, "", "", 0],
    ["remote-read", "secret", 0x5000, "AAAAF", "AAAAF", 0x4000],
  ] as const)(
    "%s of %s, %i bytes: %s becomes %s",
    async (scenario, layout, length, before, after, result) => {
      const options = ["--layout", layout, "--length", String(length)];
      const object = await jsonOf(["run", scenario, ...options]);
      expect(object).toMatchObject({
        schemaVersion: 1,
        scenario,
        kernel: "7.1",
        path: "slow",
        at: "0x10000000",
        length: `0x${length.toString(16)}`,
        result,
        pages: { before, after },
        shown: null,
        counts: { bytesFast: 0, locks: { vma: 0 } },
        findings: [],
      });
    },
  );

  test("a fault of the caller's own has no price", async () => {
    const { stdout } = await faultline(["run", "remote-read", "--length", "0x400001"]);
    expect(stdout).toContain("cost: not priced");
  });

  test.each([
    [["--at", "0x20000000"], -5],
    [["--length", "0xffffffffffffffff"], -14],
    [["--at", "0xfffffffffffff000", "--length", "0x2000"], -22],
    [["--at", "0xfffffffffffff000", "--length", "0xffffffffffffffff"], -22],
  ] as const)("%j is the kernel's to answer", async (options, result) => {
    expect(await jsonOf(["run", "remote-read", ...options])).toMatchObject({ result });
  });

  test.each([
    ["maps", "maps before and after:\\n10000000-10002000 rw-p 00000000 00:00 0\\n\\n"],
    ["smaps", "smaps before:[^]*Private_Dirty: +0 kB[^]*smaps after:[^]*Private_Dirty: +8 kB"],
    ["tables", "leaf of 4K: PRESENT USER ACCESSED DIRTY,[^]*: PRESENT RW USER ACCESSED DIRTY,"],
    [
      "pagemap",
      "pagemap before:\\n10000000-10002000 present anon\\n\\npagemap after:\\n10000000-10002000 present anon exclusive\\n\\n",
    ],
  ])("--show %s: what the call changed", async (view, text) => {
    const layout = "0x10000000 2p rw anon cow=all";
    const options = ["run", "remote-write", "--layout", layout, "--show", view];
    const { status, stdout, stderr } = await faultline(options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(text));
    const { shown } = await jsonOf(options);
    expect(shown).toMatchObject({ before: { view }, after: { view } });
  });

  test("a layout may be text, or a file", async () => {
    const text = "0x40000000 1p r anon touched=all";
    const file = join(temporaryFolder(), "my.layout");
    writeFileSync(file, `# mine\n${text}\n`);
    for (const layout of [text, file]) {
      const object = await jsonOf(["run", "remote-read", "--layout", layout]);
      expect(object).toMatchObject({ at: "0x40000000", result: 4096 });
    }
  });
});

describe("compare", () => {
  test("has a row for each path, layout and length", async () => {
    const options = ["--layout", "resident,huge", "--length", "8,4096", "--path", "slow,fast-v2"];
    const { status, stdout, stderr } = await faultline(["compare", "remote-read", ...options]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const rows = [
      ...stdout.matchAll(/^(\S+) +(slow|fast-v2) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)/gm),
    ];
    expect(rows.map(([, ...cells]) => cells.join(" "))).toEqual([
      "resident slow 8 8 0 8 1",
      "resident fast-v2 8 8 8 0 0",
      "resident slow 4096 4096 0 4096 1",
      "resident fast-v2 4096 4096 4096 0 0",
      "huge slow 8 8 0 8 1",
      "huge fast-v2 8 8 8 0 0",
      "huge slow 4096 4096 0 4096 1",
      "huge fast-v2 4096 4096 4096 0 0",
    ]);
  });

  test.each(remoteScenarioNames)("%s: --json has the documented shape", async (scenario) => {
    const object = await jsonOf(["compare", scenario]);
    expect(object).toMatchObject({ schemaVersion: 1, scenario, kernel: "7.1" });
    const rows = object["rows"] as Row[];
    expect(rows).toHaveLength(layoutNames.length * remotePathNames.length * 3);
    for (const row of rows) {
      expect(Object.keys(row).sort()).toEqual([
        "bytesFast",
        "bytesSlow",
        "layout",
        "length",
        "locks",
        "path",
        "result",
        "walks",
      ]);
    }
  });
});

describe("a mistake is one line, and status 2:", () => {
  test.each([
    [
      ["--layout", "0x1000 1p rw anon\n0x1000 1p r anon"],
      '--layout: layout line 2 "0x1000 1p r anon" overlaps layout line 1 "0x1000 1p rw anon"',
    ],
    [["--layout", "hug"], "--layout hug is no name, and cannot be read: ENOENT"],
    [["--layout", "hug"], "(did you mean huge?)"],
    [["--layout", "0x1000 1G rw anon touched=all"], '"0x1000 1G rw anon touched=all" exceeds RAM'],
    [["--path", "fats"], '--path "fats" is unknown'],
    [["--show", "map"], '--show "map" is unknown'],
    [["--at", "here"], '--at is "here"; valid: a whole number from 0 to 2^64 - 1'],
    [["--length", "18446744073709551616"], "--length is"],
    [["--memory", "1"], "memory is"],
  ])("%j", async (options, message) => {
    const { status, stdout, stderr } = await faultline(["run", "remote-read", ...options]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  test("a mistake in a file names the file", async () => {
    const file = join(temporaryFolder(), "bad.layout");
    writeFileSync(file, "0x1000 1p rw anon\n0x1001 1p rw anon\n");
    const { status, stderr } = await faultline(["compare", "cmdline", "--layout", file]);
    expect(status).toBe(2);
    expect(stderr).toContain(`--layout ${file}: layout line 2 "0x1001 1p rw anon" begins inside`);
  });
});
