import { oneOf } from "../../base/nearest.ts";
import { UsageError } from "../../base/errors.ts";
import { archNames } from "../../machine/arch.ts";
import { umcgComparisonText, umcgText } from "../../report/umcg.ts";
import { compareUmcg, umcgDefaults } from "../../scenarios/compareUmcg.ts";
import { runUmcg, runUmcgDefaults } from "../../scenarios/runUmcg.ts";
import { umcgStepNames } from "../../scenarios/umcgBed.ts";
import { umcgForms, umcgHelperNames } from "../../systems/umcg/helpers.ts";
import type { UmcgBits } from "../../systems/umcg/umcg.ts";
import { nameList } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface Flags {
  readonly arch: string;
  readonly helper: string;
  readonly form: string;
  readonly bits: string;
  readonly step: string;
  readonly kernel: string;
}

const run: ScenarioCommand<Flags> = {
  addOptions: (command) =>
    command
      .option("--arch <name>", archNames.join(", "), runUmcgDefaults.arch)
      .option("--helper <name>", umcgHelperNames.join(", "), runUmcgDefaults.helper)
      .option("--form <name>", umcgForms.join(", "), runUmcgDefaults.form)
      .option("--bits <number>", "32 or 64", String(runUmcgDefaults.bits))
      .option("--step <name>", `the word: ${umcgStepNames.join(", ")}`, runUmcgDefaults.step)
      .option(...kernelOption),
  perform: async (flags) => {
    const data = await runUmcg({
      arch: oneOf("--arch", flags.arch, archNames),
      helper: oneOf("--helper", flags.helper, umcgHelperNames),
      form: oneOf("--form", flags.form, umcgForms),
      bits: bitsOf(flags.bits),
      step: oneOf("--step", flags.step, umcgStepNames),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => umcgText(data), failed: data.findings.length > 0 };
  },
};

const listed = (what: string, names: readonly string[]): string =>
  `${what}, with commas, or all: ${names.join(", ")}`;

const compare: ScenarioCommand<Flags> = {
  addOptions: (command) =>
    command
      .option("--arch <names>", listed("one or more", archNames), umcgDefaults.archs.join())
      .option("--helper <names>", listed("one or more", umcgHelperNames), "all")
      .option("--form <names>", listed("one or both", umcgForms), umcgDefaults.forms.join())
      .option("--bits <numbers>", "32, 64 or both, with commas", umcgDefaults.bits.join())
      .option("--step <names>", listed("what the word lies on", umcgStepNames), "all")
      .option(...kernelOption),
  perform: async (flags) => {
    const data = await compareUmcg({
      archs: nameList("--arch", flags.arch, archNames),
      helpers: nameList("--helper", flags.helper, umcgHelperNames),
      forms: nameList("--form", flags.form, umcgForms),
      bits: [...new Set(flags.bits.split(",").map(bitsOf))],
      steps: nameList("--step", flags.step, umcgStepNames),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => umcgComparisonText(data), failed: false };
  },
};

function bitsOf(text: string): UmcgBits {
  const typed = text.trim();
  if (typed === "32") return 32;
  if (typed === "64") return 64;
  throw new UsageError({ argument: "--bits", problem: `is "${text}"`, valid: "32 or 64" });
}

export const umcgCommands: ScenarioCommands = { run, compare };
