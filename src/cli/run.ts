import type { Command } from "commander";
import { oneOf } from "../base/nearest.ts";
import { archNames } from "../machine/arch.ts";
import { newestKernel } from "../machine/kernel.ts";
import { runText } from "../report/run.ts";
import { scenarioNames } from "../scenarios/names.ts";
import { runSyncPtr } from "../scenarios/runSyncPtr.ts";
import { abiNames, strategyNames, syncPtrFields } from "../systems/pcm/abi.ts";
import { checkedAbis } from "./abiOption.ts";
import { wholeOption } from "./arguments.ts";
import { exitCode } from "./exit.ts";
import { checkedKernel } from "./kernelOption.ts";
import { print, printJson } from "./output.ts";

interface RunFlags {
  readonly arch: string;
  readonly abi: string;
  readonly strategy: string;
  readonly kernel: string;
  readonly flags: string;
  readonly faultAt?: string;
  readonly json?: true;
}

/** The bits of SYNC_PTR's flags word that mean something. */
const MOST_FLAGS = 7;

export function addRun(program: Command, finish: (status: number) => void): void {
  program
    .command("run")
    .description("one scenario: its result, what it left in user memory, its counters and its cost")
    .argument("<scenario>", scenarioNames.join(", "))
    .option("--arch <name>", archNames.join(", "), "x86-64")
    .option("--abi <name>", abiNames.join(", "), "compat")
    .option("--strategy <name>", strategyNames.join(", "), "kernel")
    .option("--kernel <version>", "kernel version", newestKernel)
    .option(
      "--flags <number>",
      "SYNC_PTR's flags, added up: 1 refresh the pointer, 2 report appl_ptr (else take the program's), 4 likewise avail_min",
      String(MOST_FLAGS),
    )
    .option(
      "--fault-at <field>",
      `from this field on memory cannot be written: ${syncPtrFields.join(", ")}`,
    )
    .option("--json", "one JSON object on stdout")
    .action(async (scenario: string, flags: RunFlags) => {
      oneOf("scenario", scenario, scenarioNames);
      const result = await runSyncPtr(optionsOf(flags));
      if (flags.json) printJson(result);
      else print(runText(result));
      finish(result.findings.length > 0 ? exitCode.failed : exitCode.fine);
    });
}

function optionsOf({ faultAt, ...flags }: RunFlags): Parameters<typeof runSyncPtr>[0] {
  const arch = oneOf("--arch", flags.arch, archNames);
  const abi = oneOf("--abi", flags.abi, abiNames);
  checkedAbis([abi], [arch]);
  return {
    arch,
    abi,
    strategy: oneOf("--strategy", flags.strategy, strategyNames),
    kernel: checkedKernel(flags.kernel),
    flags: wholeOption("--flags", flags.flags, 0, MOST_FLAGS),
    ...(faultAt === undefined ? {} : { faultAt: oneOf("--fault-at", faultAt, syncPtrFields) }),
  };
}
