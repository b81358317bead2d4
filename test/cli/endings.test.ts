import { once } from "node:events";
import { cpSync, symlinkSync, writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { spawned, start, temporaryFolder } from "./command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("a reader that has seen enough ends the command in silence", async () => {
  const child = start([
    "compare",
    "sync-ptr",
    "--faults",
    "--abi",
    "all",
    "--strategy",
    "all",
    "--json",
  ]);
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child.stdout!, "data");
  child.stdout!.destroy();
  const [status] = (await once(child, "close")) as [number | null];
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

test("an interrupt ends it with 130", async () => {
  const folder = temporaryFolder();
  const lines = gunzipSync(readFileSync(join(root, "test/golden/pcm/seq.jsonl.gz"))).toString();
  // the note on the first case's kernel says that the replay has begun
  writeFileSync(join(folder, "a.jsonl"), lines.replace('"kernel":"6.12', '"kernel":"6.13'));
  const child = start(["replay", folder]);
  await once(child.stderr!, "data");
  child.kill("SIGINT");
  expect(await once(child, "close")).toEqual([130, null]);
});

test("what only a broken installation can cause ends it with 3", async () => {
  const folder = temporaryFolder();
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const file = join(folder, "dist/cli/main.js");
  const { status, stdout, stderr } = await spawned(["run", "sync-ptr"], { file });
  expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
  expect(stderr).toMatch(/^faultline: internal error: .*study\.wasm/);
});
