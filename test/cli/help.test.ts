import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { abiNames, strategyNames, syncPtrFields } from "../../src/systems/pcm/abi.ts";
import { archNames, buildNames } from "../../src/index.ts";
import { faultline } from "./command.ts";

const VERBS = ["run", "compare", "replay"];

test.each([[[]], [["--help"]], [["-h"]], [["help"]]])("%j prints every verb", async (args) => {
  const { status, stdout, stderr } = await faultline(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^  ${verb} `, "m"));
});

test.each([
  ["run", [...archNames, ...abiNames, ...strategyNames, ...syncPtrFields, "sync-ptr", "--json"]],
  ["compare", [...archNames, ...abiNames, ...strategyNames, "sync-ptr", "--faults", "--json"]],
  ["replay", [...buildNames, ".jsonl.gz", "--switch-every", "--json"]],
])("the help of %s names everything that can be chosen", async (verb, words) => {
  const [long, short] = await Promise.all([faultline(["help", verb]), faultline([verb, "--help"])]);
  expect(long).toEqual({ status: 0, stdout: expect.any(String) as string, stderr: "" });
  expect(short).toEqual(long);
  for (const word of words) expect(long.stdout).toContain(word);
});

test.each(["--version", "-V"])("%s prints the package's version", async (flag) => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  expect(await faultline([flag])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
});
