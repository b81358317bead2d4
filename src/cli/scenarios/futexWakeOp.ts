import { UsageError } from "../../base/errors.ts";
import { oneOf, unknownName } from "../../base/nearest.ts";
import { archNames } from "../../machine/arch.ts";
import { futexWakeOpText } from "../../report/futexWakeOp.ts";
import { futexWakeOpComparisonText } from "../../report/futexWakeOpComparison.ts";
import { comparedLosses } from "../../scenarios/compareFutexCmpxchg.ts";
import { comparedWakeOps, compareFutexWakeOp } from "../../scenarios/compareFutexWakeOp.ts";
import { MOST_LOST } from "../../scenarios/futexCmpxchg.ts";
import { MOST_SLEEPERS, runFutexWakeOp, wakeOpDefaults } from "../../scenarios/futexWakeOp.ts";
import { LEAST_INT, MOST_INT } from "../../systems/futex/options.ts";
import {
  MOST_CMP,
  MOST_OP,
  wakeOpArguments,
  wakeOpComparisons,
  wakeOpNames,
  type WakeOperation,
} from "../../systems/futex/wakeOperation.ts";
import { nameList, signedOption, wholeOption, wordOption } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";
import { wordPlaceNames, wordPlaces } from "../../scenarios/wordPlaces.ts";

interface RunFlags {
  readonly arch: string;
  readonly encoded?: string;
  readonly op?: string;
  readonly oparg?: string;
  readonly shift?: true;
  readonly cmp?: string;
  readonly cmparg?: string;
  readonly word?: string;
  readonly place: string;
  readonly place2: string;
  readonly sleepers: string;
  readonly sleepers2: string;
  readonly wake: string;
  readonly wake2: string;
  readonly private?: true;
  readonly lost: string;
  readonly kernel: string;
}

const usual = wakeOpDefaults.operation;
const placeHelp = wordPlaceNames.map((name) => `${name} (${wordPlaces[name]})`).join("; ");
const argumentHelp = `${wakeOpArguments.least} to ${wakeOpArguments.most}, of which the kernel takes 12 bits as signed`;

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <name>", archNames.join(", "), wakeOpDefaults.arch)
      .option("--op <name>", `${wakeOpNames.join(", ")}, or 0 to ${MOST_OP} (default: ${usual.op})`)
      .option("--oparg <number>", `${argumentHelp} (default: ${usual.oparg})`)
      .option("--shift", "the operand is 1 << oparg")
      .option(
        "--cmp <name>",
        `${wakeOpComparisons.join(", ")}, or 0 to ${MOST_CMP} (default: ${usual.cmp})`,
      )
      .option("--cmparg <number>", `as --oparg (default: ${usual.cmparg})`)
      .option("--encoded <word>", "instead of these five, the word that says them all")
      .option(
        "--word <word>",
        `what stands in word 2 (default: ${wakeOpDefaults.word} on a page that is there)`,
      )
      .option("--place <kind>", `what word 1's address is: ${placeHelp}`, wakeOpDefaults.place)
      .option("--place2 <kind>", "what word 2's address is, likewise", wakeOpDefaults.place)
      .option("--sleepers <number>", "who sleeps on word 1", String(wakeOpDefaults.sleepers))
      .option("--sleepers2 <number>", "who sleeps on word 2", String(wakeOpDefaults.sleepers))
      .option("--wake <count>", "how many to wake on word 1", String(wakeOpDefaults.wake))
      .option("--wake2 <count>", "how many to wake on word 2", String(wakeOpDefaults.wake))
      .option("--private", "the words belong to this address space alone")
      .option("--lost <number>", "store-exclusives that fail, as under contention", "0")
      .option(...kernelOption),
  perform: async (flags) => {
    const data = await runFutexWakeOp({
      arch: oneOf("--arch", flags.arch, archNames),
      operation: operationOf(flags),
      ...(flags.word === undefined ? {} : { word: wordOption("--word", flags.word) }),
      place: oneOf("--place", flags.place, wordPlaceNames),
      place2: oneOf("--place2", flags.place2, wordPlaceNames),
      sleepers: wholeOption("--sleepers", flags.sleepers, 0, MOST_SLEEPERS),
      sleepers2: wholeOption("--sleepers2", flags.sleepers2, 0, MOST_SLEEPERS),
      wake: signedOption("--wake", flags.wake, LEAST_INT, MOST_INT),
      wake2: signedOption("--wake2", flags.wake2, LEAST_INT, MOST_INT),
      private: flags.private === true,
      lost: wholeOption("--lost", flags.lost, 0, MOST_LOST),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => futexWakeOpText(data), failed: data.findings.length > 0 };
  },
};

const parts = ["op", "oparg", "shift", "cmp", "cmparg"] as const;

function operationOf(flags: RunFlags): WakeOperation | number {
  if (flags.encoded === undefined) {
    return {
      op: nameOrNumber("--op", flags.op ?? usual.op, wakeOpNames, MOST_OP),
      oparg: argumentOf("--oparg", flags.oparg ?? String(usual.oparg)),
      shift: flags.shift === true,
      cmp: nameOrNumber("--cmp", flags.cmp ?? usual.cmp, wakeOpComparisons, MOST_CMP),
      cmparg: argumentOf("--cmparg", flags.cmparg ?? String(usual.cmparg)),
    };
  }
  const also = parts.find((part) => flags[part] !== undefined);
  if (also === undefined) return wordOption("--encoded", flags.encoded);
  throw new UsageError({
    argument: "--encoded",
    problem: `is given together with --${also}`,
    valid: "the word, or its parts",
  });
}

function nameOrNumber<Name extends string>(
  option: string,
  text: string,
  names: readonly Name[],
  most: number,
): Name | number {
  const name = names.find((known) => known === text);
  if (name !== undefined) return name;
  if (/^\d+$/.test(text) && Number(text) <= most) return Number(text);
  throw unknownName(option, text, [...names, `0 to ${most}`]);
}

function argumentOf(option: string, text: string): number {
  return signedOption(option, text, wakeOpArguments.least, wakeOpArguments.most);
}

interface CompareFlags {
  readonly arch: string;
  readonly oparg: string;
  readonly word: string;
  readonly cmparg: string;
  readonly lost: string;
  readonly kernel: string;
}

const compare: ScenarioCommand<CompareFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <names>", `one or more, with commas, or all: ${archNames.join(", ")}`, "all")
      .option(
        "--oparg <numbers>",
        "arguments of every operation, with commas",
        comparedWakeOps.opargs.join(),
      )
      .option(
        "--word <words>",
        "what stands in word 2 for every comparison, with commas",
        comparedWakeOps.words.join(),
      )
      .option("--cmparg <number>", "what it is compared with there", String(comparedWakeOps.cmparg))
      .option(
        "--lost <number>",
        "store-exclusives that fail in the contended call",
        String(comparedLosses),
      )
      .option(...kernelOption),
  perform: async (flags) => {
    const data = await compareFutexWakeOp({
      archs: nameList("--arch", flags.arch, archNames),
      opargs: listed(flags.oparg, (text) => argumentOf("--oparg", text)),
      words: listed(flags.word, (text) => wordOption("--word", text)),
      cmparg: argumentOf("--cmparg", flags.cmparg),
      lost: wholeOption("--lost", flags.lost, 0, MOST_LOST),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => futexWakeOpComparisonText(data), failed: false };
  },
};

/** With commas, each once. */
function listed(text: string, one: (text: string) => number): number[] {
  return [...new Set(text.split(",").map((part) => one(part.trim())))];
}

export const futexWakeOpCommands: ScenarioCommands = { run, compare };
