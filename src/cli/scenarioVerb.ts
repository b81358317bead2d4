import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { unknownName } from "../base/nearest.ts";
import { exitCode } from "./exit.ts";
import { print, printJson } from "./output.ts";
import { scenarios } from "./scenarios/index.ts";
import type { ScenarioCommand, ScenarioVerb } from "./scenarios/scenario.ts";

type Finish = (status: number) => void;

/** A scenario that has the verb. */
interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly command: ScenarioCommand;
}

/**
 * Adds a verb that takes a scenario's name. Each scenario is a subcommand, so each has its own options and help. The
 * verb itself has no option; one that also works without a name gets its options and its action from the caller.
 */
export function addScenarioVerb(program: Command, verb: ScenarioVerb, finish: Finish): Command {
  const command = program
    .command(verb)
    .usage("[options] <scenario>")
    .helpCommand(false)
    .commandsGroup("Scenarios:")
    .addHelpText("after", `\n"faultline ${verb} <scenario> --help" has the scenario's options.`);
  for (const entry of entriesOf(verb)) addEntry(command, entry, finish);
  // only now, because subcommands inherit: whatever is typed without a name, the name is what is missing
  return command
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw withoutScenario(command, verb);
    });
}

/** What is wrong where no scenario is named: an option that none of them has, else the name is what is missing. */
export function withoutScenario(
  command: Command,
  verb: ScenarioVerb,
  ...others: string[]
): UsageError {
  const known = [command, ...command.commands].flatMap(({ options }) =>
    options.map((option) => option.long ?? option.flags),
  );
  const typed = command.args.filter((arg) => arg.startsWith("--")).map((arg) => arg.split("=")[0]!);
  const unknown = typed.find((option) => !known.includes(option));
  return unknown === undefined
    ? missingScenario(verb, ...others)
    : unknownName("option", unknown, [...new Set(known), "--help"]);
}

function entriesOf(verb: ScenarioVerb): Entry[] {
  return scenarios.flatMap(({ name, summary, commands }) => {
    const command = commands[verb];
    return command === undefined ? [] : [{ name, summary, command }];
  });
}

function addEntry(verb: Command, { name, summary, command }: Entry, finish: Finish): void {
  const added = verb.command(name).description(summary);
  command.addOptions(added);
  added
    .option("--json", "one JSON object on stdout")
    .action(async ({ json, ...flags }: { readonly json?: true }) => {
      const { data, text, failed } = await command.perform(flags);
      if (json) printJson(data);
      else print(text());
      finish(failed ? exitCode.failed : exitCode.fine);
    });
}

/**
 * A verb's arguments with the scenario's name in front: commander wants a subcommand before its options, and a reader
 * of the usage line may type it behind them.
 * @throws UsageError for a name in front that no scenario has
 */
export function scenarioFirst(verb: ScenarioVerb, args: readonly string[]): string[] {
  const names = entriesOf(verb).map((entry) => entry.name);
  const [first] = args;
  if (first !== undefined && !first.startsWith("-") && !names.includes(first)) {
    throw unknownName("scenario", first, names);
  }
  const place = args.findIndex((arg, at) => names.includes(arg) && args[at - 1] !== "--struct");
  return place < 0 ? [...args] : [args[place]!, ...args.slice(0, place), ...args.slice(place + 1)];
}

/** `others`: what the verb also takes instead of a name. */
function missingScenario(verb: ScenarioVerb, ...others: string[]): UsageError {
  const names = entriesOf(verb).map((entry) => entry.name);
  return new UsageError({
    argument: verb,
    problem: "is missing its <scenario>",
    valid: [...names, ...others].join(", "),
  });
}
