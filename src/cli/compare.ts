import type { Command } from "commander";
import { addScenarioVerb } from "./scenarioVerb.ts";
import { addStructOption } from "./structOption.ts";

export function addCompare(program: Command, finish: (status: number) => void): void {
  const verb = addScenarioVerb(program, "compare", finish).description(
    "variants of a scenario, or of moving a structure of your own, side by side on every architecture",
  );
  addStructOption(verb, finish);
}
