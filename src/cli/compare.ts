import type { Command } from "commander";
import { addScenarioVerb } from "./scenarioVerb.ts";

export function addCompare(program: Command, finish: (status: number) => void): void {
  addScenarioVerb(program, "compare", finish).description(
    "variants of a scenario side by side, on every architecture",
  );
}
