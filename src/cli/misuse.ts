import { CommanderError, type Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { unknownName } from "../base/nearest.ts";

/**
 * A command line that commander refuses, as an error in our words: what is wrong, and what is valid. Null where the
 * error is none, because help or the version was asked for.
 */
export function misuseOf(
  error: CommanderError,
  program: Command,
  args: readonly string[],
): UsageError | null {
  if (error.exitCode === 0) return null;
  const verb = commandMeant(program, args);
  switch (error.code) {
    case "commander.unknownOption":
      return unknownName("option", quoted(error), optionNames(verb));
    case "commander.missingArgument":
      return missingArgument(verb);
    case "commander.optionMissingArgument":
      return missingValue(verb, quoted(error));
    case "commander.excessArguments":
      return excessArguments(verb);
    default:
      return otherMisuse(error, verb);
  }
}

/** The command that the first arguments name: a verb, or a scenario of a verb. */
function commandMeant(command: Command, [name, ...rest]: readonly string[]): Command {
  const named = command.commands.find((candidate) => candidate.name() === name);
  return named === undefined ? command : commandMeant(named, rest);
}

/** "compare sync-ptr": what was typed to come to the command. */
function pathOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}

/** What commander's messages put into single quotes. */
function quoted({ message }: CommanderError): string {
  return /'([^']*)'/.exec(message)?.[1] ?? "";
}

function optionNames(verb: Command): string[] {
  return [...verb.options.map((option) => option.long ?? option.flags), "--help"];
}

function missingArgument(verb: Command): UsageError {
  const [argument] = verb.registeredArguments;
  const problem = `is missing its <${argument?.name()}>`;
  return new UsageError({ argument: pathOf(verb), problem, valid: argument?.description ?? "" });
}

function missingValue(verb: Command, flags: string): UsageError {
  const option = verb.options.find((candidate) => candidate.flags === flags);
  const [name, value] = flags.split(" ");
  const valid = option?.description ?? "";
  return new UsageError({ argument: name ?? flags, problem: `is missing its ${value}`, valid });
}

function excessArguments(verb: Command): UsageError {
  const problem = `got too many arguments: ${verb.args.join(" ")}`;
  return new UsageError({ argument: pathOf(verb), problem, valid: verb.usage() });
}

function otherMisuse(error: CommanderError, verb: Command): UsageError {
  const problem = error.message.replace(/^error: /, "").replaceAll("\n", " ");
  return new UsageError({
    argument: pathOf(verb),
    problem: `was refused: ${problem}`,
    valid: verb.usage(),
  });
}
