import type { Command } from "commander";
import { addScenarioVerb } from "./scenarioVerb.ts";

export function addRun(program: Command, finish: (status: number) => void): void {
  addScenarioVerb(program, "run", finish).description(
    "one scenario: its result, what it left in user memory, its counters and its cost",
  );
}
