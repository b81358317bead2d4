import type { Command } from "commander";
import { oneOf } from "../base/nearest.ts";
import { archNames } from "../machine/arch.ts";
import { newestKernel } from "../machine/kernel.ts";
import { comparisonText } from "../report/comparison.ts";
import { faultMatrixText } from "../report/faultMatrix.ts";
import {
  compareSyncPtr,
  comparedStrategies,
  type CompareOptions,
} from "../scenarios/compareSyncPtr.ts";
import { scenarioNames } from "../scenarios/names.ts";
import { syncPtrFaults } from "../scenarios/syncPtrFaults.ts";
import { abiNames, strategyNames } from "../systems/pcm/abi.ts";
import { abisOn, checkedAbis } from "./abiOption.ts";
import { nameList } from "./arguments.ts";
import { exitCode } from "./exit.ts";
import { checkedKernel } from "./kernelOption.ts";
import { print, printJson } from "./output.ts";

interface CompareFlags {
  readonly arch: string;
  readonly abi: string;
  readonly strategy: string;
  readonly kernel: string;
  readonly faults?: true;
  readonly json?: true;
}

export function addCompare(program: Command, finish: (status: number) => void): void {
  program
    .command("compare")
    .description("variants of a scenario side by side, on every architecture")
    .argument("<scenario>", scenarioNames.join(", "))
    .option("--arch <names>", `one or more, with commas, or all: ${archNames.join(", ")}`, "all")
    .option("--abi <names>", `one or more, with commas, or all: ${abiNames.join(", ")}`, "compat")
    .option(
      "--strategy <names>",
      `ways to move the data, with commas, or all: ${strategyNames.join(", ")}`,
      comparedStrategies.join(),
    )
    .option("--kernel <version>", "kernel version", newestKernel)
    .option("--faults", "instead of costs, what a fault at each field leaves in user memory")
    .option("--json", "one JSON object on stdout")
    .action(async (scenario: string, flags: CompareFlags) => {
      oneOf("scenario", scenario, scenarioNames);
      const options = optionsOf(flags);
      await (flags.faults ? compareFaults(options, flags.json) : compareCosts(options, flags.json));
      finish(exitCode.fine);
    });
}

function optionsOf(flags: CompareFlags): CompareOptions {
  const archs = nameList("--arch", flags.arch, archNames);
  return {
    archs,
    abis:
      flags.abi === "all"
        ? abisOn(archs)
        : checkedAbis(nameList("--abi", flags.abi, abiNames), archs),
    strategies: nameList("--strategy", flags.strategy, strategyNames),
    kernel: checkedKernel(flags.kernel),
  };
}

async function compareCosts(options: CompareOptions, json: true | undefined): Promise<void> {
  const comparison = await compareSyncPtr(options);
  if (json) printJson(comparison);
  else print(comparisonText(comparison));
}

async function compareFaults(options: CompareOptions, json: true | undefined): Promise<void> {
  const faults = await syncPtrFaults(options);
  if (json) printJson(faults);
  else print(faultMatrixText(faults));
}
