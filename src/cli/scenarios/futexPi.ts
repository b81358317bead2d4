import { oneOf } from "../../base/nearest.ts";
import { archNames } from "../../machine/arch.ts";
import { futexPiText } from "../../report/futexPi.ts";
import { futexPiComparisonText } from "../../report/futexPiComparison.ts";
import { compareFutexPi } from "../../scenarios/compareFutexPi.ts";
import { piDefaults, piLockKindNames, piLockKinds, runFutexPi } from "../../scenarios/futexPi.ts";
import { piVerbs } from "../../scenarios/piProgram.ts";
import { piProgramNames, piPrograms } from "../../scenarios/piPrograms.ts";
import { nameList } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly arch: string;
  readonly name?: string;
  readonly tasks?: string;
  readonly program?: string;
  readonly locks: string;
  readonly kernel: string;
}

const nameHelp = piPrograms.map(({ name, meaning }) => `${name} (${meaning})`).join("; ");
const lockHelp = piLockKindNames.map((name) => `${name} (${piLockKinds[name]})`).join("; ");
const stepHelp = [
  "",
  'Steps of --program, as in "A lock; B lock for 1000; clock 1000; A unlock"; a word is "m" where none is named:',
  ...Object.entries(piVerbs).map(([verb, meaning]) => `  <task> ${verb.padEnd(9)} ${meaning}`),
  "  clock <NS>         the time goes on",
  "  page <word> <kind> the word's page becomes present, absent, read-only, no-access, unmapped",
].join("\n");

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <name>", archNames.join(", "), piDefaults.arch)
      .option("--name <name>", `a program: ${nameHelp} (default: ${piDefaults.name})`)
      .option("--program <steps>", "instead, one of your own, with --tasks")
      .option("--tasks <list>", 'its tasks with their real-time priorities, as in "A:10,B"')
      .option("--locks <kind>", lockHelp, piDefaults.locks)
      .option(...kernelOption)
      .addHelpText("after", stepHelp),
  perform: async ({ arch, name, tasks, program, locks, kernel }) => {
    const data = await runFutexPi({
      arch: oneOf("--arch", arch, archNames),
      ...(name === undefined ? {} : { name: oneOf("--name", name, piProgramNames) }),
      ...(tasks === undefined ? {} : { tasks }),
      ...(program === undefined ? {} : { program }),
      locks: oneOf("--locks", locks, piLockKindNames),
      kernel: checkedKernel(kernel),
    });
    return { data, text: () => futexPiText(data), failed: data.findings.length > 0 };
  },
};

interface CompareFlags {
  readonly arch: string;
  readonly name: string;
  readonly kernel: string;
}

const compare: ScenarioCommand<CompareFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <names>", `one or more, with commas, or all: ${archNames.join(", ")}`, "all")
      .option("--name <names>", `programs, with commas, or all: ${nameHelp}`, "all")
      .option(...kernelOption),
  perform: async (flags) => {
    const data = await compareFutexPi({
      archs: nameList("--arch", flags.arch, archNames),
      names: nameList("--name", flags.name, piProgramNames),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => futexPiComparisonText(data), failed: false };
  },
};

export const futexPiCommands: ScenarioCommands = { run, compare };
