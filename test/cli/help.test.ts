import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { abiNames, strategyNames, syncPtrFields } from "../../src/systems/pcm/abi.ts";
import {
  archNames,
  buildNames,
  comparedLengths,
  comparedPeriods,
  kernelVersions,
  layoutNames,
  memoryViewNames,
  pcmDeviceNames,
  pcmDoorNames,
  pcmFormatNames,
  remotePathNames,
  scenarios,
} from "../../src/index.ts";
import { scenarios as withVerbs } from "../../src/cli/scenarios/index.ts";
import { faultline, spawned } from "./command.ts";

const VERBS = ["run", "compare", "replay"];

test.each([[[]], [["--help"]], [["-h"]], [["help"]]])("%j prints every verb", async (args) => {
  const { status, stdout, stderr } = await faultline(args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^  ${verb} `, "m"));
});

test.each([
  [
    "run sync-ptr",
    [...archNames, ...abiNames, ...strategyNames, ...syncPtrFields, ...kernelVersions, "--json"],
  ],
  [
    "compare sync-ptr",
    [...archNames, ...abiNames, ...strategyNames, ...kernelVersions, "--faults", "--json"],
  ],
  [
    "run pcm-playback",
    [...archNames, ...pcmDeviceNames, ...pcmDoorNames, ...pcmFormatNames, ...buildNames, "--json"],
  ],
  [
    "compare pcm-playback",
    [...archNames, ...strategyNames, ...kernelVersions, comparedPeriods.join(), "--json"],
  ],
  [
    "run remote-read",
    [
      ...layoutNames,
      ...remotePathNames,
      "--at",
      "--length",
      "--show",
      ...memoryViewNames,
      "--memory",
      "--json",
    ],
  ],
  ["compare cmdline", [...layoutNames, ...remotePathNames, comparedLengths.join(), "--json"]],
  ["compare process-vm", [...layoutNames, comparedLengths.join(), "--memory", "--json"]],
  ["run", scenarios.flatMap(({ name, summary }) => [name, summary])],
  [
    "compare",
    withVerbs
      .filter(({ commands }) => commands.compare !== undefined)
      .flatMap(({ name, summary }) => [name, summary]),
  ],
  ["replay", [...buildNames, ".jsonl.gz", "--switch-every", "--json"]],
])("the help of %s names everything that can be chosen", async (line, words) => {
  const names = line.split(" ");
  const long = await faultline(["help", ...names]);
  const short = await faultline([...names, "--help"]);
  expect(long).toEqual({ status: 0, stdout: expect.any(String) as string, stderr: "" });
  expect(short).toEqual(long);
  const unwrapped = long.stdout.replaceAll(/\s+/g, " ");
  for (const word of words) expect(unwrapped).toContain(word);
});

test.each(["--version", "-V"])("%s prints the package's version", async (flag) => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  expect(await spawned([flag])).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
});
