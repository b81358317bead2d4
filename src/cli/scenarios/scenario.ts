import type { Command, OptionValues } from "commander";

/** The verbs that take a scenario's name. */
export type ScenarioVerb = "run" | "compare";

/** What a verb found out. */
export interface Answer {
  /** Plain data with a `schemaVersion`, for --json. */
  readonly data: object;
  /** The same for a reader. */
  readonly text: () => string;
  /** A check failed, or there was a finding: exit status 1. */
  readonly failed: boolean;
}

/**
 * One verb of one scenario. `Flags` is what commander makes of its options; only the verb that gives them out knows
 * them, so a table of such commands knows none. `--json` is every command's and not among them.
 */
export interface ScenarioCommand<Flags extends object = OptionValues> {
  addOptions(command: Command): void;
  /** @throws UsageError for an option's value that cannot be used, naming the option */
  perform(flags: Flags): Promise<Answer>;
}

/** A scenario on the command line: the verbs it has. */
export type ScenarioCommands = Readonly<Partial<Record<ScenarioVerb, ScenarioCommand>>>;

/** What the verbs look a scenario up in. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly commands: ScenarioCommands;
}
