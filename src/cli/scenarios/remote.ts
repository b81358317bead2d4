import { memoryViewNames, memoryViews } from "../../inspector/index.ts";
import { oneOf } from "../../base/nearest.ts";
import { UsageError } from "../../base/errors.ts";
import { shown } from "../../base/shown.ts";
import { layoutNames } from "../../layouts/index.ts";
import { parseBytes } from "../../layouts/parse.ts";
import { remoteComparisonText, remoteText } from "../../report/remote.ts";
import { compareRemote, comparedLengths } from "../../scenarios/compareRemote.ts";
import {
  layoutOf,
  pathsOf,
  remoteKernel,
  type LayoutOption,
  type RemoteScenarioName,
} from "../../scenarios/remoteBed.ts";
import { remoteDefaults, runRemote } from "../../scenarios/runRemote.ts";
import { Option, type Command } from "commander";
import { remotePathNames } from "../../machine/remotePath.ts";
import { nameList } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import { layoutHelp, layoutOption, layoutsHelp } from "../layoutOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly layout: string;
  readonly path?: string;
  readonly at?: string;
  readonly length?: string;
  readonly show?: string;
  readonly memory: string;
  readonly kernel: string;
}

const showHelp = `the target before and after: ${memoryViewNames
  .map((name) => `${name} (${memoryViews[name]})`)
  .join(", ")}`;
const atOption = [
  "--at <address>",
  "where in it (default: where its first area begins that is no hole)",
] as const;
const remoteKernelOption = [
  kernelOption[0],
  "6.18 or newer: remote access is as recorded from 6.18, and the paths are patches to it",
  remoteDefaults.kernel,
] as const;
const memoryOption = ["--memory <size>", "RAM of the machine", remoteDefaults.memory] as const;

function run(scenario: RemoteScenarioName): ScenarioCommand<RunFlags> {
  return {
    addOptions: (command) => {
      command.option("--layout <layout>", layoutHelp, remoteDefaults.layout);
      if (hasPaths(scenario)) {
        command.option("--path <name>", remotePathNames.join(", "), remoteDefaults.path);
      }
      refuseOptions(command, scenario);
      command
        .option(...atOption)
        .option("--length <bytes>", "how much (default: to the area's end, up to 64 KiB)")
        .option("--show <view>", showHelp)
        .option(...memoryOption)
        .option(...remoteKernelOption);
    },
    perform: async (flags) => {
      const data = await runRemote(scenario, {
        layout: layoutOption(flags.layout),
        ...(flags.path === undefined ? {} : { path: oneOf("--path", flags.path, remotePathNames) }),
        ...(flags.at === undefined ? {} : { at: wideOption("--at", flags.at) }),
        ...(flags.length === undefined ? {} : { length: bytesOption("--length", flags.length) }),
        ...(flags.show === undefined ? {} : { show: oneOf("--show", flags.show, memoryViewNames) }),
        memory: flags.memory,
        kernel: remoteKernel("--kernel", checkedKernel(flags.kernel)),
      });
      return { data, text: () => remoteText(data), failed: data.findings.length > 0 };
    },
  };
}

interface CompareFlags {
  readonly layout: string;
  readonly path?: string;
  readonly at?: string;
  readonly length: string;
  readonly memory: string;
  readonly kernel: string;
}

function compare(scenario: RemoteScenarioName): ScenarioCommand<CompareFlags> {
  return {
    addOptions: (command) => {
      command.option("--layout <layouts>", layoutsHelp, "all");
      if (hasPaths(scenario)) {
        const help = `with commas, or all: ${remotePathNames.join(", ")}`;
        command.option("--path <names>", help, "all");
      }
      refuseOptions(command, scenario);
      command
        .option(...atOption)
        .option(
          "--length <bytes>",
          "how much, as in 8,4K: one or more, with commas",
          comparedLengths.join(),
        )
        .option(...memoryOption)
        .option(...remoteKernelOption);
    },
    perform: async (flags) => {
      const layouts = layoutList(flags.layout);
      const data = await compareRemote(scenario, {
        layouts: [...layouts.values()],
        ...(flags.path === undefined
          ? {}
          : { paths: nameList("--path", flags.path, remotePathNames) }),
        lengths: bytesList("--length", flags.length),
        ...(flags.at === undefined ? {} : { at: wideOption("--at", flags.at) }),
        memory: flags.memory,
        kernel: remoteKernel("--kernel", checkedKernel(flags.kernel)),
      });
      return { data, text: () => remoteComparisonText(data, titlesOf(layouts)), failed: false };
    },
  };
}

/** What others have and these have not says why. */
function refuseOptions(command: Command, scenario: RemoteScenarioName): void {
  refuseOption(command, "--arch", "remote access is modelled on x86-64 alone");
  if (hasPaths(scenario)) return;
  refuseOption(command, "--path", "process_vm_readv has one path, under the mmap lock");
}

function refuseOption(command: Command, name: string, reason: string): void {
  const option = new Option(`${name} <name>`).hideHelp().argParser(() => {
    throw new UsageError({
      argument: name,
      problem: `is no choice: ${reason}`,
      valid: `no ${name}`,
    });
  });
  command.addOption(option);
}

/** By what was typed: names and files with commas, each once. The text form has commas of its own, and blanks. */
function layoutList(text: string): ReadonlyMap<string, LayoutOption> {
  const typed = text === "all" ? layoutNames : /\s/.test(text.trim()) ? [text] : text.split(",");
  return new Map(typed.map((one) => [one, layoutOption(one)]));
}

/** Files are called by their paths. */
function titlesOf(layouts: ReadonlyMap<string, LayoutOption>): ReadonlyMap<string, string> {
  return new Map([...layouts].map(([typed, layout]) => [layoutOf(layout).text, typed]));
}

/** The calls whose way the options choose. */
function hasPaths(scenario: RemoteScenarioName): boolean {
  return pathsOf(scenario).length > 1;
}

/** Numbers of bytes with commas, each once. */
function bytesList(option: string, text: string): readonly bigint[] {
  return [...new Set(text.split(",").map((part) => bytesOption(option, part.trim())))];
}

/** A number of bytes, plain or with the units of a layout's lengths. */
function bytesOption(option: string, text: string): bigint {
  return /^(0x.*|\d+)$/i.test(text) ? wideOption(option, text) : parseBytes(option, text);
}

/** A number of up to 64 bits, decimal or hexadecimal. */
function wideOption(option: string, text: string): bigint {
  const value = /^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value < 1n << 64n) return value;
  const valid = "a whole number from 0 to 2^64 - 1, decimal or with 0x";
  throw new UsageError({ argument: option, problem: `is ${shown(text)}`, valid });
}

export function remoteCommands(scenario: RemoteScenarioName): ScenarioCommands {
  return { run: run(scenario), compare: compare(scenario) };
}
