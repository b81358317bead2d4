import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../../src/base/errors.ts";
import { expandTracePaths, readTraceLines } from "../../src/conformance/files.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "faultline-traces-"));
  await mkdir(join(folder, "deep"));
  await writeFile(join(folder, "b.jsonl"), "{}\n\n  \nlast");
  await writeFile(join(folder, "deep", "a.jsonl.gz"), gzipSync("één\r\nzwei\n"));
  await writeFile(join(folder, "notes.md"), "not a trace");
  await writeFile(join(folder, "cut.jsonl.gz"), gzipSync("x".repeat(5000)).subarray(0, 20));
});

afterAll(() => rm(folder, { recursive: true }));

async function linesOf(name: string): Promise<(readonly [number, string])[]> {
  const lines: (readonly [number, string])[] = [];
  for await (const { line, text } of readTraceLines(join(folder, name))) lines.push([line, text]);
  return lines;
}

test("folders are searched to any depth, other files are ignored", async () => {
  const names = await expandTracePaths([folder, join(folder, "notes.md")]);
  expect(names).toEqual(
    ["b.jsonl", "cut.jsonl.gz", "deep/a.jsonl.gz"].map((name) => join(folder, name)),
  );
});

test("a path that does not exist is named", async () => {
  const missing = join(folder, "none.jsonl");
  await expect(expandTracePaths([missing])).rejects.toThrow(UsageError);
  await expect(expandTracePaths([missing])).rejects.toThrow(/none\.jsonl does not exist/);
});

test("blank lines are left out but counted, a last line needs no end", async () => {
  expect(await linesOf("b.jsonl")).toEqual([
    [1, "{}"],
    [4, "last"],
  ]);
});

test("gzipped files read like plain ones", async () => {
  const lines = await linesOf("deep/a.jsonl.gz");
  expect(lines.map(([line, text]) => [line, text.trim()])).toEqual([
    [1, "één"],
    [2, "zwei"],
  ]);
});

test("a file cut short says so", async () => {
  await expect(linesOf("cut.jsonl.gz")).rejects.toThrow(/unexpected end of file/);
});
