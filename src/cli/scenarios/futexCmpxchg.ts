import { oneOf } from "../../base/nearest.ts";
import { archNames } from "../../machine/arch.ts";
import { futexCmpxchgComparisonText, futexCmpxchgText } from "../../report/futexCmpxchg.ts";
import { comparedLosses, compareFutexCmpxchg } from "../../scenarios/compareFutexCmpxchg.ts";
import { wordPageNames, wordPages } from "../../scenarios/futexBed.ts";
import { MOST_LOST, cmpxchgDefaults, runFutexCmpxchg } from "../../scenarios/futexCmpxchg.ts";
import { nameList, wholeOption, wordOption } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly arch: string;
  readonly page: string;
  readonly value?: string;
  readonly expected?: string;
  readonly replacement: string;
  readonly lost: string;
  readonly kernel: string;
}

const pageHelp = wordPageNames.map((name) => `${name} (${wordPages[name]})`).join("; ");

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <name>", archNames.join(", "), cmpxchgDefaults.arch)
      .option("--page <kind>", `the word's page: ${pageHelp}`, cmpxchgDefaults.page)
      .option(
        "--value <word>",
        `what stands in the word (default: ${cmpxchgDefaults.value} on a page that is there)`,
      )
      .option("--expected <word>", "what is expected there (default: what stands there)")
      .option("--replacement <word>", "what shall stand there", String(cmpxchgDefaults.replacement))
      .option("--lost <number>", "store-exclusives that fail, as under contention", "0")
      .option(...kernelOption),
  perform: async (flags) => {
    const data = await runFutexCmpxchg({
      arch: oneOf("--arch", flags.arch, archNames),
      page: oneOf("--page", flags.page, wordPageNames),
      ...(flags.value === undefined ? {} : { value: wordOption("--value", flags.value) }),
      ...(flags.expected === undefined
        ? {}
        : { expected: wordOption("--expected", flags.expected) }),
      replacement: wordOption("--replacement", flags.replacement),
      lost: wholeOption("--lost", flags.lost, 0, MOST_LOST),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => futexCmpxchgText(data), failed: data.findings.length > 0 };
  },
};

interface CompareFlags {
  readonly arch: string;
  readonly page: string;
  readonly lost: string;
  readonly kernel: string;
}

const compare: ScenarioCommand<CompareFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <names>", `one or more, with commas, or all: ${archNames.join(", ")}`, "all")
      .option("--page <kinds>", `with commas, or all: ${wordPageNames.join(", ")}`, "all")
      .option(
        "--lost <number>",
        "store-exclusives that fail in the contended row",
        String(comparedLosses),
      )
      .option(...kernelOption),
  perform: async (flags) => {
    const data = await compareFutexCmpxchg({
      archs: nameList("--arch", flags.arch, archNames),
      pages: nameList("--page", flags.page, wordPageNames),
      lost: wholeOption("--lost", flags.lost, 0, MOST_LOST),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => futexCmpxchgComparisonText(data), failed: false };
  },
};

export const futexCmpxchgCommands: ScenarioCommands = { run, compare };
