import type { Command } from "commander";
import { archNames } from "../machine/arch.ts";
import { newestKernel } from "../machine/kernel.ts";
import { runText } from "../report/run.ts";
import { runSyncPtr } from "../scenarios/runSyncPtr.ts";
import { scenarioNames } from "../scenarios/names.ts";
import { abiNames, strategyNames, syncPtrFields } from "../systems/pcm/abi.ts";
import { oneName, wholeOption } from "./arguments.ts";
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

export function addRun(program: Command, finish: (status: number) => void): void {
  program
    .command("run")
    .description("one scenario: its result, what it left in user memory, its counters and its cost")
    .argument("<scenario>", scenarioNames.join(", "))
    .option("--arch <name>", archNames.join(", "), "x86-64")
    .option("--abi <name>", abiNames.join(", "), "compat")
    .option("--strategy <name>", strategyNames.join(", "), "kernel")
    .option("--kernel <version>", "kernel version", newestKernel)
    .option("--flags <number>", "SYNC_PTR flags, 0 to 7: 1 refresh the pointer, 2 report appl_ptr, 4 report avail_min", "7")
    .option("--fault-at <field>", `the first field that cannot be written: ${syncPtrFields.join(", ")}`)
    .option("--json", "one JSON object on stdout")
    .action(async (scenario: string, flags: RunFlags) => {
      oneName("scenario", scenario, scenarioNames);
      const result = await runSyncPtr({
        arch: oneName("--arch", flags.arch, archNames),
        abi: oneName("--abi", flags.abi, abiNames),
        strategy: oneName("--strategy", flags.strategy, strategyNames),
        kernel: checkedKernel(flags.kernel),
        flags: wholeOption("--flags", flags.flags, 0, 7),
        ...(flags.faultAt === undefined ? {} : { faultAt: oneName("--fault-at", flags.faultAt, syncPtrFields) }),
      });
      if (flags.json) printJson(result);
      else print(runText(result));
      finish(result.findings.length > 0 ? exitCode.failed : exitCode.fine);
    });
}
