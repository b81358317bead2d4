import { oneOf } from "../../base/nearest.ts";
import { archNames } from "../../machine/arch.ts";
import { comparisonText } from "../../report/comparison.ts";
import { faultMatrixText } from "../../report/faultMatrix.ts";
import { runText } from "../../report/run.ts";
import {
  compareSyncPtr,
  comparedStrategies,
  type CompareOptions,
} from "../../scenarios/compareSyncPtr.ts";
import { runSyncPtr, type RunSyncPtrOptions } from "../../scenarios/runSyncPtr.ts";
import { hotFlags, syncPtrFlags } from "../../scenarios/syncPtr.ts";
import { syncPtrFaults } from "../../scenarios/syncPtrFaults.ts";
import { abiNames, strategyNames, syncPtrFields } from "../../systems/pcm/abi.ts";
import { abisOn, checkedAbis } from "../abiOption.ts";
import { nameList, wholeOption } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import type { Answer, ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly arch: string;
  readonly abi: string;
  readonly strategy: string;
  readonly kernel: string;
  readonly flags: string;
  readonly faultAt?: string;
}

/** SYNC_PTR's flags word with every bit that means something. */
const ALL_FLAGS = Object.values(syncPtrFlags).reduce<number>((word, flag) => word | flag, 0);

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <name>", archNames.join(", "), "x86-64")
      .option("--abi <name>", abiNames.join(", "), "compat")
      .option("--strategy <name>", strategyNames.join(", "), "kernel")
      .option(...kernelOption)
      .option(
        "--flags <number>",
        "SYNC_PTR's flags, added up: 1 refresh the pointer, 2 report appl_ptr (else take the program's), 4 likewise avail_min",
        String(hotFlags),
      )
      .option(
        "--fault-at <field>",
        `from this field on memory cannot be written: ${syncPtrFields.join(", ")}`,
      ),
  perform: async (flags) => {
    const data = await runSyncPtr(runOptions(flags));
    return { data, text: () => runText(data), failed: data.findings.length > 0 };
  },
};

function runOptions({ faultAt, ...flags }: RunFlags): RunSyncPtrOptions {
  const arch = oneOf("--arch", flags.arch, archNames);
  const abi = oneOf("--abi", flags.abi, abiNames);
  checkedAbis([abi], [arch]);
  return {
    arch,
    abi,
    strategy: oneOf("--strategy", flags.strategy, strategyNames),
    kernel: checkedKernel(flags.kernel),
    flags: wholeOption("--flags", flags.flags, 0, ALL_FLAGS),
    ...(faultAt === undefined ? {} : { faultAt: oneOf("--fault-at", faultAt, syncPtrFields) }),
  };
}

interface CompareFlags {
  readonly arch: string;
  readonly abi: string;
  readonly strategy: string;
  readonly kernel: string;
  readonly faults?: true;
}

const compare: ScenarioCommand<CompareFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <names>", `one or more, with commas, or all: ${archNames.join(", ")}`, "all")
      .option("--abi <names>", `one or more, with commas, or all: ${abiNames.join(", ")}`, "compat")
      .option(
        "--strategy <names>",
        `ways to move the data, with commas, or all: ${strategyNames.join(", ")}`,
        comparedStrategies.join(),
      )
      .option(...kernelOption)
      .option("--faults", "instead of costs, what a fault at each field leaves in user memory"),
  perform: (flags) => (flags.faults ? compareFaults : compareCosts)(compareOptions(flags)),
};

function compareOptions(flags: CompareFlags): CompareOptions {
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

async function compareCosts(options: CompareOptions): Promise<Answer> {
  const data = await compareSyncPtr(options);
  return { data, text: () => comparisonText(data), failed: false };
}

async function compareFaults(options: CompareOptions): Promise<Answer> {
  const data = await syncPtrFaults(options);
  return { data, text: () => faultMatrixText(data), failed: false };
}

export const syncPtrCommands: ScenarioCommands = { run, compare };
