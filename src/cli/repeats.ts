import type { Command, Option } from "commander";
import { UsageError } from "../base/errors.ts";

/**
 * Refuses an option that is given twice, on a command and all below it: commander would silently take the last.
 * One that takes several values takes them with commas.
 */
export function refuseRepeats(command: Command): void {
  for (const option of command.options) refuseRepeat(command, option);
  command.commands.forEach(refuseRepeats);
}

function refuseRepeat(command: Command, option: Option): void {
  let given = false;
  command.on(`option:${option.name()}`, () => {
    if (given) throw givenTwice(option);
    given = true;
  });
}

function givenTwice({ long, flags, description }: Option): UsageError {
  return new UsageError({
    argument: long ?? flags,
    problem: "is given twice",
    valid: `once (${description})`,
  });
}
