import type { Command } from "commander";
import { byteOrderMark } from "../conformance/base/trace.ts";
import { UsageError } from "../base/errors.ts";
import { unknownName } from "../base/nearest.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { structComparisonText } from "../report/structComparison.ts";
import { structFaultsText } from "../report/structFaults.ts";
import { compareStruct } from "../scenarios/compareStruct.ts";
import { structStrategyNames, type CompareStructOptions } from "../scenarios/structBed.ts";
import { structFaults } from "../scenarios/structFaults.ts";
import { parseStruct, type Struct } from "../structs/index.ts";
import { abiNames, type AbiName } from "../systems/pcm/abi.ts";
import { abisOn, checkedAbis } from "./abiOption.ts";
import { nameList } from "./arguments.ts";
import { exitCode } from "./exit.ts";
import { checkedKernel, kernelOption } from "./kernelOption.ts";
import { print, printJson } from "./output.ts";
import { withoutScenario } from "./scenarioVerb.ts";
import { textFile } from "./textFile.ts";
import type { Answer } from "./scenarios/scenario.ts";

interface StructFlags {
  readonly struct?: string;
  readonly arch: string;
  readonly abi?: string;
  readonly strategy: string;
  readonly kernel: string;
  readonly faults?: true;
  readonly json?: true;
}

const descriptionHelp = `
A structure's file, for example (more in the package's folder examples/, all of it in docs/structures.md):
  { "name": "span",
    "struct": [{ "name": "start", "type": "__u64" }, { "name": "tag", "type": "char", "count": 12 }],
    "read": ["start"], "written": ["start", "tag"] }`;

/** `compare --struct my.json`: the verb without a scenario's name, for a structure of the user's own. */
export function addStructOption(verb: Command, finish: (status: number) => void): void {
  verb
    .option("--struct <file>", "instead of a scenario, a structure of your own, described in JSON")
    .option("--arch <names>", `one or more, with commas, or all: ${archNames.join(", ")}`, "all")
    .option(
      "--abi <names>",
      `one or more, with commas, or all: ${abiNames.join(", ")} (default: the description's, else each architecture's own)`,
    )
    .option(
      "--strategy <names>",
      "ways to move the data, with commas, or all",
      structStrategyNames.join(),
    )
    .option(...kernelOption)
    .option("--faults", "instead of costs, what a fault at each field leaves in user memory")
    .option("--json", "one JSON object on stdout")
    .addHelpText("after", descriptionHelp)
    .action(async (flags: StructFlags) => {
      if (flags.struct === undefined) {
        throw withoutScenario(verb, "compare", "--struct with a file");
      }
      checkRest(verb);
      const options = optionsOf(flags);
      const struct = await structOf(flags.struct);
      const perform = flags.faults ? compareFaults : compareCosts;
      const { data, text } = await named(flags.struct, () => perform(struct, options));
      if (flags.json) printJson(data);
      else print(text());
      finish(exitCode.fine);
    });
}

/** The verb takes anything, so that a missing name is what it complains about; with --struct nothing more is valid. */
function checkRest(verb: Command): void {
  const [first] = verb.args;
  if (first === undefined) return;
  const options = verb.options.map((option) => option.long ?? option.flags);
  if (first.startsWith("-")) throw unknownName("option", first, [...options, "--help"]);
  throw new UsageError({
    argument: "compare --struct",
    problem: `got too many arguments: ${verb.args.join(" ")}`,
    valid: options.join(", "),
  });
}

async function structOf(file: string): Promise<Struct> {
  const text = textFile("--struct", file, "a JSON file that describes a structure");
  return named(file, () => parseStruct(text.startsWith(byteOrderMark) ? text.slice(1) : text));
}

/** Mistakes in a description, whose options are right already, name its file. */
async function named<Result>(file: string, work: () => Result): Promise<Awaited<Result>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { argument, problem, valid } = error;
    throw new UsageError({ argument: `${file}: ${argument}`, problem, valid });
  }
}

type Found = Pick<Answer, "data" | "text">;

async function compareCosts(struct: Struct, options: CompareStructOptions): Promise<Found> {
  const data = await compareStruct(struct, options);
  return { data, text: () => structComparisonText(data) };
}

async function compareFaults(struct: Struct, options: CompareStructOptions): Promise<Found> {
  const data = await structFaults(struct, options);
  return { data, text: () => structFaultsText(data) };
}

function optionsOf(flags: StructFlags): CompareStructOptions {
  const archs = nameList("--arch", flags.arch, archNames);
  return {
    archs,
    ...abisOf(flags.abi, archs),
    strategies: nameList("--strategy", flags.strategy, structStrategyNames),
    kernel: checkedKernel(flags.kernel),
  };
}

function abisOf(
  abi: string | undefined,
  archs: readonly ArchName[],
): { abis?: readonly AbiName[] } {
  if (abi === undefined) return {};
  if (abi === "all") return { abis: abisOn(archs) };
  return { abis: checkedAbis(nameList("--abi", abi, abiNames), archs) };
}
