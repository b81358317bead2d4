import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { layoutNames, remotePathNames, remoteScenarioNames, runRemote } from "../../src/index.ts";
import { faultline, jsonOf, temporaryFolder } from "./command.ts";

type Row = Readonly<Record<string, unknown>>;

describe("run", () => {
  test("remote-read says what moved which way, the locks, the levels, the cost", async () => {
    const { status, stdout, stderr } = await faultline(["run", "remote-read", "--length", "8192"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(
      /^pread of \/proc\/PID\/mem, path slow, kernel 6.18: 8192 bytes from 0x10000000: 8192\n/,
    );
    expect(stdout).toMatch(/^bytes moved fast +0$/m);
    expect(stdout).toMatch(/^bytes moved slowly +8192$/m);
    expect(stdout).toMatch(/^mmap lock taken for reading +2$/m);
    expect(stdout).toMatch(/^page-table lock taken +2$/m);
    expect(stdout).toMatch(/^walks of the target to a PTE +2$/m);
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
    ["remote-read", "device", 0x5000, "PPPP.", "PPPP.", 0x4000],
    ["remote-write", "device", 8, "P", "P", 8],
    ["process-vm", "device", 8, "P", "P", -14],
    ["remote-write", "hugetlb", 8, "H", "H", 8],
    ["remote-read", "0x10000000 2p hole", 8192, "..", "..", -5],
  ] as const)(
    "%s of %s, %i bytes: %s becomes %s",
    async (scenario, layout, length, before, after, result) => {
      const options = ["--layout", layout, "--length", String(length)];
      const object = await jsonOf(["run", scenario, ...options]);
      expect(object).toMatchObject({
        schemaVersion: 1,
        scenario,
        kernel: "6.18",
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

  test.each([
    ["slow", "ssss"],
    ["fast-v1", "fsfs"],
    ["fast-v3-sketch", "ffff"],
  ])("--path %s: which page went which way: %s", async (path, moved) => {
    const options = ["run", "remote-read", "--layout", "alternating", "--path", path];
    const four = await jsonOf([...options, "--length", "16384"]);
    expect(four).toMatchObject({ pages: { moved } });
    const { stdout } = await faultline([...options, "--length", "16384"]);
    expect(stdout).toMatch(new RegExp(`^pages moved   ${moved}$`, "m"));
  });

  test.each([
    ["remote-write", ["--layout", "resident", "--path", "fast-v2", "--length", "4097"], "ss"],
    ["process-vm", ["--layout", "holes", "--at", "0x10003000", "--length", "8K"], "s·"],
    // pieces follow the request: the first brings the page in, the second finds it there
    [
      "remote-read",
      [
        "--layout",
        "0x10000000 2p r file",
        "--at",
        "0x10000800",
        "--length",
        "6K",
        "--path",
        "fast-v2",
      ],
      "sb",
    ],
    ["remote-read", ["--layout", "huge", "--path", "fast-v1", "--length", "12K"], "fff"],
  ])("%s %j moves %s", async (scenario, options, moved) => {
    expect(await jsonOf(["run", scenario, ...options])).toMatchObject({ pages: { moved } });
  });

  test("of a long call it is not told, for want of room", async () => {
    const long = ["run", "remote-read", "--layout", "0x10000000 16M rw anon touched=all"];
    expect(await jsonOf([...long, "--length", "16M"])).toMatchObject({ pages: { moved: null } });
    const { stdout } = await faultline([...long, "--length", "16M"]);
    expect(stdout).toMatch(/^pages moved   not told, because more happened than is recorded$/m);
  });

  test("what a call takes does not depend on whether the caller's buffer is there", async () => {
    const options = ["--layout", "0x10000000 8M rw anon leaf=2M touched=all", "--path", "fast-v2"];
    const { rows } = await jsonOf(["compare", "remote-read", ...options, "--length", "4M,4100K"]);
    expect(rows).toMatchObject([
      { locks: { mmapRead: 0, vma: 1024 } },
      { locks: { mmapRead: 0, vma: 1025 } },
    ]);
  });

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
      "pagemap before:\\n10000000-10002000 present\\n\\npagemap after:\\n10000000-10002000 present exclusive\\n\\n",
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
    const options = ["--layout", "resident,huge", "--length", "8,4K", "--path", "slow,fast-v2"];
    const { status, stdout, stderr } = await faultline(["compare", "remote-read", ...options]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const rows = [
      ...stdout.matchAll(/^(\S+) +(\d+) +(slow|fast-v2) +(\d+) +(\d+) +(\d+) +(\d+)/gm),
    ];
    expect(rows.map(([, ...cells]) => cells.join(" "))).toEqual([
      "resident 8 slow 8 0 8 1",
      "resident 8 fast-v2 8 8 0 0",
      "resident 4096 slow 4096 0 4096 1",
      "resident 4096 fast-v2 4096 4096 0 0",
      "huge 8 slow 8 0 8 1",
      "huge 8 fast-v2 8 8 0 0",
      "huge 4096 slow 4096 0 4096 1",
      "huge 4096 fast-v2 4096 4096 0 0",
    ]);
    expect(stdout).toContain("paths   slow     under the mmap lock");
    expect(stdout).not.toContain("differ");
  });

  test("what is given twice is compared once", async () => {
    const options = ["--layout", "zero,zero", "--length", "8,0x8", "--path", "slow,slow"];
    const { rows } = await jsonOf(["compare", "remote-read", ...options]);
    expect(rows).toHaveLength(1);
  });

  test("several files and names; a file is called by its path", async () => {
    const folder = temporaryFolder();
    const files = ["a", "b"].map((name) => join(folder, `${name}.layout`));
    files.forEach((file, index) => writeFileSync(file, `0x${index + 1}000 1p rw anon\n`));
    const options = ["--layout", [...files, "zero"].join(), "--length", "8", "--path", "slow"];
    const { stdout } = await faultline(["compare", "remote-read", ...options]);
    expect(stdout).toMatch(/^\S*a\.layout +8 .*\n\S*b\.layout +8 .*\nzero +8 /m);
  });

  test("results that are not the slow path's stand below the table: the claims about version 1", async () => {
    const past = ["--layout", "holes", "--at", "0x10003ff8", "--length", "16"];
    const read = await faultline(["compare", "remote-read", ...past]);
    const said = "what differs from the slow path:\n";
    expect(read.stdout).toContain(`${said}  holes, 16 bytes, fast-v1: -EIO, and slow 8 (D1)\n`);
    expect(read.stdout).toMatch(
      / fast-v1 .* mistakes D1 and D2\n[^]*\nD1 +what was read before a hole/,
    );
    const options = ["--layout", "shared", "--length", "4096"];
    const cmdline = await faultline(["compare", "cmdline", ...options]);
    expect(cmdline.stdout).toContain(
      `${said}  shared, 4096 bytes, fast-v1: 4096, and slow 0 (D2)\n`,
    );
    expect(cmdline.stdout).toContain("arg_start to arg_end");
    const { rows } = await jsonOf(["compare", "cmdline", ...options]);
    expect((rows as Row[]).map(({ differs }) => differs)).toEqual([
      null,
      { what: "result", slow: 0, claim: "D2" },
      null,
      null,
    ]);
  });

  test("beside no slow path nothing differs, and without version 1 nothing is said of its mistakes", async () => {
    const past = ["--layout", "holes", "--at", "0x10003ff8", "--length", "16"];
    const lost = await jsonOf(["compare", "remote-read", ...past, "--path", "fast-v1"]);
    expect(lost["rows"]).toMatchObject([{ result: -5, differs: null }]);
    const { stdout } = await faultline([
      "compare",
      "remote-read",
      ...past,
      "--path",
      "slow,fast-v2",
    ]);
    expect(stdout).not.toMatch(/\bD[12]\b/);
  });

  test("process-vm has one path, and no column for it", async () => {
    const { stdout } = await faultline(["compare", "process-vm", "--layout", "cow"]);
    expect(stdout).toMatch(/^layout +length +result/m);
    expect(stdout).not.toContain("fast-v");
    const { rows } = await jsonOf(["compare", "process-vm", "--layout", "cow", "--length", "8"]);
    expect(rows).toMatchObject([{ path: "slow", result: 8 }]);
  });

  test.each(remoteScenarioNames)("%s: --json has the documented shape", async (scenario) => {
    const object = await jsonOf(["compare", scenario]);
    expect(object).toMatchObject({ schemaVersion: 1, scenario, kernel: "6.18" });
    const rows = object["rows"] as Row[];
    const paths = scenario === "process-vm" ? 1 : remotePathNames.length;
    expect(rows).toHaveLength(layoutNames.length * paths * 3);
    for (const row of rows) {
      expect(Object.keys(row).sort()).toEqual([
        "bytesFast",
        "bytesSlow",
        "differs",
        "layout",
        "length",
        "locks",
        "path",
        "result",
        "targetWalks",
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
    [["--layout", "hug"], '--layout "hug" cannot be read: ENOENT'],
    [["--layout", "hug"], "(did you mean huge or hugetlb?)"],
    [["--layout", "/dev/zero"], '--layout "/dev/zero" has more than 64M'],
    [["--layout", "0x1000 1p rw hole"], 'is a hole, and has rights "rw"; valid: its place alone'],
    [["--kernel", "6.12"], "--kernel is 6.12, and remote access is modelled as recorded from 6.18"],
    [["--layout", "0x1000 1G rw anon touched=all"], '"0x1000 1G rw anon touched=all" exceeds RAM'],
    [
      ["--layout", "0x1000 4G rw file"],
      '"0x1000 4G rw file" exceeds RAM: the layout up to here has 4G',
    ],
    [["--layout", ""], "--layout: layout has no area"],
    [["--layout", "#x"], "--layout: layout has no area"],
    [["--layout", "0x1000 4p rw"], "kind is missing; valid: anon, shared, file,"],
    [["--arch", "riscv64"], "--arch is no choice: remote access is modelled on x86-64 alone"],
    [["--path", "fats"], '--path "fats" is unknown'],
    [["--show", "map"], '--show "map" is unknown'],
    [["--at", "here"], '--at is "here"; valid: a whole number from 0 to 2^64 - 1'],
    [["--length", "18446744073709551616"], "--length is"],
    [["--length", "8Q"], '--length is "8Q"; valid: a number with p (pages), K, M or G'],
    [["--memory", "1"], "memory is"],
  ])("%j", async (options, message) => {
    const { status, stdout, stderr } = await faultline(["run", "remote-read", ...options]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  test.each(["run", "compare"])("%s process-vm has no choice of a path", async (verb) => {
    const { status, stderr } = await faultline([verb, "process-vm", "--path", "fast-v1"]);
    expect(status).toBe(2);
    expect(stderr).toContain("--path is no choice: process_vm_readv has one path");
  });

  test("the library suggests a layout's name too", async () => {
    const run = runRemote("remote-read", { layout: "residnt" });
    await expect(run).rejects.toThrow("did you mean resident?");
  });

  test("a mistake in a file names the file", async () => {
    const file = join(temporaryFolder(), "bad.layout");
    writeFileSync(file, "0x1000 1p rw anon\n0x1001 1p rw anon\n");
    const { status, stderr } = await faultline(["compare", "cmdline", "--layout", file]);
    expect(status).toBe(2);
    expect(stderr).toContain(`--layout ${file}: layout line 2 "0x1001 1p rw anon" begins inside`);
  });
});
