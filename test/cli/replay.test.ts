import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { buildNames } from "../../src/index.ts";
import { faultline, jsonOf, temporaryFolder } from "./command.ts";

function goldenFile(kind: string): string {
  return fileURLToPath(new URL(`../golden/pcm/${kind}.jsonl.gz`, import.meta.url));
}

function goldenLines(kind: string): string[] {
  return gunzipSync(readFileSync(goldenFile(kind)))
    .toString()
    .trimEnd()
    .split("\n");
}

/** A file with these lines, in a folder of its own. */
function traceFile(lines: readonly string[]): string {
  const file = join(temporaryFolder(), "cases.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

/** A line with the first `from` in it replaced; fails when there is none. */
function changed(line: string, from: string | RegExp, to: string): string {
  const result = line.replace(from, to);
  if (result === line) throw new Error(`no ${String(from)} in the line`);
  return result;
}

describe("replay", () => {
  test.each(buildNames)("a recorded kind passes on the %s build", async (build) => {
    const { status, stdout, stderr } = await faultline([
      "replay",
      goldenFile("sync_ptr_wrap"),
      "--build",
      build,
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^sync_ptr_wrap +51 +1735 +51 +0$/m);
    expect(stdout).toMatch(/^all +51 +1735 +51 +0$/m);
  });

  test.each(["0", "1", "7"])(
    "study leaves calls at every %s-th yield point with the same results",
    async (k) => {
      const lines = goldenLines("sync_ptr").slice(0, 20);
      const args = ["replay", traceFile(lines), "--build", "study", "--switch-every", k];
      expect(await jsonOf(args)).toMatchObject({ cases: 20, passed: 20, failed: 0 });
    },
  );

  describe("--path", () => {
    const remote = fileURLToPath(new URL("../golden/remote-vm/cmdline.jsonl.gz", import.meta.url));

    test("says which steps had to differ, and where the bytes went", async () => {
      const { status, stdout } = await faultline(["replay", remote, "--path", "fast-v1"]);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^\d+ bytes of other processes' memory moved without the mmap lock/m);
      expect(stdout).toMatch(/^diverged from the recording .*: D1 in 3 steps, D2 in 2 steps$/m);
      const report = await jsonOf(["replay", remote, "--path", "fast-v1"]);
      expect(report).toMatchObject({ cases: 182, passed: 182, failed: 0 });
      expect(report["diverged"]).toHaveLength(5);
    });

    test("is slow where nothing is said, and then all bytes are", async () => {
      const report = await jsonOf(["replay", remote]);
      expect(report).toMatchObject({ passed: 182, diverged: [], remoteBytes: { fast: 0 } });
    });

    test("refuses another name", async () => {
      const { status, stderr } = await faultline(["replay", remote, "--path", "fast-v4"]);
      expect(status).toBe(2);
      expect(stderr).toContain("--path");
      expect(stderr).toContain("fast-v3-sketch");
    });

    test("refuses traces that go no path", async () => {
      const path = ["--path", "fast-v2"];
      const { status, stdout, stderr } = await faultline([
        "replay",
        goldenFile("seq_wrap"),
        ...path,
      ]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toContain("--path means nothing to traces of another system");
    });
  });

  test("--json has the documented shape", async () => {
    const object = await jsonOf(["replay", goldenFile("sync_ptr_wrap")]);
    expect(object).toMatchObject({
      schemaVersion: 1,
      cases: 51,
      steps: 1735,
      passed: 51,
      failed: 0,
      failures: [],
      kinds: { sync_ptr_wrap: { cases: 51, steps: 1735, passed: 51, failed: 0 } },
    });
  });

  test("takes files and folders, plain and packed, and leaves other files alone", async () => {
    const [first, second, third] = goldenLines("sync_ptr");
    const folder = temporaryFolder();
    mkdirSync(join(folder, "deeper"));
    writeFileSync(join(folder, "a.jsonl"), `${first}\n`);
    writeFileSync(join(folder, "deeper", "b.jsonl.gz"), gzipSync(`${second}\n`));
    writeFileSync(join(folder, "notes.json"), "no trace");
    writeFileSync(join(folder, "README.md"), "no trace");
    const object = await jsonOf(["replay", folder, traceFile([third!])]);
    expect(object).toMatchObject({ cases: 3, passed: 3 });
  });

  test("one path that is missing stops all, before anything is replayed", async () => {
    const { status, stdout, stderr } = await faultline([
      "replay",
      goldenFile("sync_ptr"),
      "gone.jsonl",
    ]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^faultline: gone.jsonl does not exist; valid: [^\n]*\n$/);
  });
});

describe("replay of what cannot pass", () => {
  test("names file, line and what is wrong, and still replays the rest", async () => {
    const [first, second, third, fourth] = goldenLines("sync_ptr");
    const file = traceFile([
      first!,
      '{"id": "broken", ',
      "",
      changed(second!, '"op":"SYNC_PTR"', '"op":"SYNK_PTR"'),
      changed(third!, '"setup":', '"set-up":'),
      changed(fourth!, '"ret":0', '"ret":-5'),
      first!,
    ]);
    const { status, stdout, stderr } = await faultline(["replay", file]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
    expect(stdout).toMatch(/^all +6 +\d+ +2 +4$/m);
    const lines = stdout.split("\n").filter((line) => line.startsWith(file));
    expect(lines).toHaveLength(4);
    expect(lines[0]).toContain(`${file}:2: not JSON: `);
    expect(lines[1]).toMatch(/:4: sync_ptr-.*SYNK_PTR.*unknown operation "SYNK_PTR"/);
    expect(lines[2]).toMatch(/:5: sync_ptr-.*: setup: expected an object/);
    expect(lines[3]).toMatch(/:6: sync_ptr-.*, step 0 OPEN: ret: expected -5, got 0/);
  });

  test("--json lists each failure", async () => {
    const [first, second] = goldenLines("sync_ptr");
    const file = traceFile([first!, "[]", changed(second!, '"ret":0', '"ret":-5')]);
    const { status, stdout } = await faultline(["replay", file, "--json"]);
    expect(status).toBe(2);
    const id = (JSON.parse(second!) as { id: string }).id;
    expect(JSON.parse(stdout)).toMatchObject({
      cases: 3,
      passed: 1,
      failed: 2,
      failures: [
        { file, line: 2, id: null, step: null },
        { file, line: 3, id, step: 0, expected: "-5", actual: "0" },
      ],
    });
  });

  test("an operation nobody knows is a failure, and listed", async () => {
    const line = changed(goldenLines("sync_ptr")[0]!, '"op":"SYNC_PTR"', '"op":"NEW_CALL"');
    const { status, stdout } = await faultline(["replay", traceFile([line])]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^NEW_CALL +0 +1$/m);
  });

  test("a packed file that breaks off is a failure after the cases before", async () => {
    const packed = readFileSync(goldenFile("sync_ptr_wrap"));
    const file = join(temporaryFolder(), "cut.jsonl.gz");
    writeFileSync(file, packed.subarray(0, packed.length >> 1));
    const { status, stdout } = await faultline(["replay", file]);
    expect(status).toBe(2);
    expect(stdout).toMatch(new RegExp(`^${file}:\\d+: unexpected end of file$`, "m"));
    expect(stdout).toMatch(/^sync_ptr_wrap +[1-9]\d* +\d+ +[1-9]\d* +0$/m);
  });
});

describe("a file that is no trace is named with the line, and the status is 2", () => {
  const good = (): string => goldenLines("sync_ptr")[0]!;
  const steps = (line: string): { op: string }[] =>
    (JSON.parse(line) as { steps: { op: string }[] }).steps;
  const withSteps = (make: (steps: { op: string }[]) => object[]): string =>
    JSON.stringify({ ...(JSON.parse(good()) as object), steps: make(steps(good())) });
  const opened = (): object => steps(good()).find(({ op }) => op === "OPEN")!;

  test.each<[string, () => string[], string]>([
    ["an empty file", () => [], ":1: the file holds no case"],
    ["blank lines", () => ["", "  "], ":1: the file holds no case"],
    ["no steps", () => ["", withSteps(() => [])], ":2: .*: steps: expected at least one step"],
    [
      "a byte order mark before a case",
      () => [`\ufeff${good()}`],
      ":1: not JSON: a byte order mark stands before it",
    ],
    ["a byte order mark alone", () => ["\ufeff"], ":1: not JSON: a byte order mark stands"],
    [
      "a slot opened twice",
      () => [withSteps((all) => [opened(), ...all])],
      ":1: .*: steps\\[1\\]\\.slot: slot 0 is open already",
    ],
  ])("%s", async (_, lines, message) => {
    const file = traceFile(lines());
    const { status, stdout, stderr } = await faultline(["replay", file]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^${file}${message}`, "m"));
  });
});

describe("the kernel comes from each case", () => {
  const onKernel = (line: string, release: string): string =>
    changed(line, /"kernel":"[^"]*"/, `"kernel":"${release}"`);

  test("x32 cases of 6.12 fail as 7.1, which checks appl_ptr there, and no other case does", async () => {
    const lines = goldenLines("sync_ptr_wrap").map((line) => onKernel(line, "7.1.2-test"));
    const { status, stdout } = await faultline(["replay", traceFile(lines), "--json"]);
    expect(status).toBe(1);
    const { failures } = JSON.parse(stdout) as { failures: { line: number }[] };
    const doors = failures.map(({ line }) => (JSON.parse(lines[line - 1]!) as { abi: string }).abi);
    expect(new Set(doors)).toEqual(new Set(["x32"]));
  });

  test("one without a row of its own is said once on stderr", async () => {
    const lines = goldenLines("sync_ptr")
      .slice(0, 3)
      .map((line) => onKernel(line, "6.13.7-arch"));
    const { status, stderr } = await faultline(["replay", traceFile(lines)]);
    expect(status).toBe(0);
    expect(stderr).toBe(
      "faultline: kernel 6.13.7-arch has no row of its own: taking the nearest, 6.12\n",
    );
  });
});
