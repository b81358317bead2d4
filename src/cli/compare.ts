import type { Command } from "commander";
import { archNames } from "../machine/arch.ts";
import { newestKernel } from "../machine/kernel.ts";
import { comparisonText } from "../report/comparison.ts";
import { faultMatrixText } from "../report/faultMatrix.ts";
import { compareSyncPtr, comparedStrategies } from "../scenarios/compareSyncPtr.ts";
import { syncPtrFaults } from "../scenarios/syncPtrFaults.ts";
import { scenarioNames } from "../scenarios/names.ts";
import { abiNames, strategyNames } from "../systems/pcm/abi.ts";
import { nameList, oneName } from "./arguments.ts";
import { exitCode } from "./exit.ts";
import { checkedKernel } from "./kernelOption.ts";
import { print, printJson } from "./output.ts";

interface CompareFlags {
  readonly arch?: string;
  readonly abi?: string;
  readonly strategy?: string;
  readonly kernel: string;
  readonly faults?: true;
  readonly json?: true;
}

export function addCompare(program: Command, finish: (status: number) => void): void {
  program
    .command("compare")
    .description("variants of a scenario side by side, on every architecture")
    .argument("<scenario>", scenarioNames.join(", "))
    .option("--arch <names>", `architectures, with commas: ${archNames.join(", ")} (default all)`)
    .option("--abi <names>", `ABIs, with commas, or all: ${abiNames.join(", ")} (default compat)`)
    .option("--strategy <names>", `ways to move the data: ${strategyNames.join(", ")} (default ${comparedStrategies.join(", ")})`)
    .option("--kernel <version>", "kernel version", newestKernel)
    .option("--faults", "instead of costs: what each strategy leaves in user memory when field k faults, for every k")
    .option("--json", "one JSON object on stdout")
    .action(async (scenario: string, flags: CompareFlags) => {
      oneName("scenario", scenario, scenarioNames);
      const options = {
        archs: nameList("--arch", flags.arch, archNames, archNames),
        abis: nameList("--abi", flags.abi, abiNames, ["compat"]),
        strategies: nameList("--strategy", flags.strategy, strategyNames, comparedStrategies),
        kernel: checkedKernel(flags.kernel),
      };
      if (flags.faults) {
        const faults = await syncPtrFaults(options);
        if (flags.json) printJson(faults);
        else print(faultMatrixText(faults));
      } else {
        const comparison = await compareSyncPtr(options);
        if (flags.json) printJson(comparison);
        else print(comparisonText(comparison));
      }
      finish(exitCode.fine);
    });
}
