import { memoryViewNames, memoryViews } from "../../inspector/index.ts";
import { oneOf } from "../../base/nearest.ts";
import { UsageError } from "../../base/errors.ts";
import { layoutNames } from "../../layouts/index.ts";
import { remoteComparisonText, remoteText } from "../../report/remote.ts";
import { compareRemote, comparedLengths } from "../../scenarios/compareRemote.ts";
import type { LayoutOption, RemoteScenarioName } from "../../scenarios/remoteBed.ts";
import { remoteDefaults, runRemote } from "../../scenarios/runRemote.ts";
import { remotePathNames } from "../../machine/remotePath.ts";
import { nameList } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import { layoutHelp, layoutOption } from "../layoutOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly layout: string;
  readonly path: string;
  readonly at?: string;
  readonly length?: string;
  readonly show?: string;
  readonly memory: string;
  readonly kernel: string;
}

const showHelp = `the target before and after: ${memoryViewNames
  .map((name) => `${name} (${memoryViews[name]})`)
  .join(", ")}`;
const atOption = ["--at <address>", "where in it (default: where its first area begins)"] as const;
const memoryOption = ["--memory <size>", "RAM of the machine", remoteDefaults.memory] as const;

function run(scenario: RemoteScenarioName): ScenarioCommand<RunFlags> {
  return {
    addOptions: (command) =>
      command
        .option("--layout <layout>", layoutHelp, remoteDefaults.layout)
        .option("--path <name>", remotePathNames.join(", "), remoteDefaults.path)
        .option(...atOption)
        .option("--length <bytes>", "how much (default: to the area's end, up to 64 KiB)")
        .option("--show <view>", showHelp)
        .option(...memoryOption)
        .option(...kernelOption),
    perform: async (flags) => {
      const data = await runRemote(scenario, {
        layout: layoutOption(flags.layout),
        path: oneOf("--path", flags.path, remotePathNames),
        ...(flags.at === undefined ? {} : { at: wideOption("--at", flags.at) }),
        ...(flags.length === undefined ? {} : { length: wideOption("--length", flags.length) }),
        ...(flags.show === undefined ? {} : { show: oneOf("--show", flags.show, memoryViewNames) }),
        memory: flags.memory,
        kernel: checkedKernel(flags.kernel),
      });
      return { data, text: () => remoteText(data), failed: data.findings.length > 0 };
    },
  };
}

interface CompareFlags {
  readonly layout: string;
  readonly path: string;
  readonly at?: string;
  readonly length: string;
  readonly memory: string;
  readonly kernel: string;
}

function compare(scenario: RemoteScenarioName): ScenarioCommand<CompareFlags> {
  return {
    addOptions: (command) =>
      command
        .option("--layout <layouts>", `all, names with commas, or ${layoutHelp}`, "all")
        .option("--path <names>", `with commas, or all: ${remotePathNames.join(", ")}`, "all")
        .option(...atOption)
        .option("--length <bytes>", "one or more, with commas", comparedLengths.join())
        .option(...memoryOption)
        .option(...kernelOption),
    perform: async (flags) => {
      const data = await compareRemote(scenario, {
        layouts: layoutList(flags.layout),
        paths: nameList("--path", flags.path, remotePathNames),
        lengths: flags.length.split(",").map((length) => wideOption("--length", length.trim())),
        ...(flags.at === undefined ? {} : { at: wideOption("--at", flags.at) }),
        memory: flags.memory,
        kernel: checkedKernel(flags.kernel),
      });
      return { data, text: () => remoteComparisonText(data), failed: false };
    },
  };
}

/** Names with commas; the text form has commas of its own. */
function layoutList(text: string): readonly LayoutOption[] {
  if (text === "all") return layoutNames;
  if (/[\s/.]/.test(text)) return [layoutOption(text)];
  return text.split(",").map(layoutOption);
}

/** A number of up to 64 bits, decimal or hexadecimal. */
function wideOption(option: string, text: string): bigint {
  const value = /^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value < 1n << 64n) return value;
  const valid = "a whole number from 0 to 2^64 - 1, decimal or with 0x";
  throw new UsageError({ argument: option, problem: `is "${text}"`, valid });
}

export function remoteCommands(scenario: RemoteScenarioName): ScenarioCommands {
  return { run: run(scenario), compare: compare(scenario) };
}
