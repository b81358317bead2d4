import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { FaultlineError, UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import { addCompare } from "./compare.ts";
import { exitCode } from "./exit.ts";
import { misuseOf } from "./misuse.ts";
import { note } from "./output.ts";
import { addReplay } from "./replay.ts";
import { refuseRepeats } from "./repeats.ts";
import { addRun } from "./run.ts";
import { scenarioFirst } from "./scenarioVerb.ts";

/** The verbs; each adds itself and says by its result how the command ends. */
const verbs = { run: addRun, compare: addCompare, replay: addReplay } as const;

const examples = `
Examples:
  faultline compare sync-ptr
  faultline compare sync-ptr --arch x86-64,riscv64 --abi all --json
  faultline compare --struct my.json --faults
  faultline run sync-ptr --arch powerpc-8xx --strategy unsafe-block --fault-at appl_ptr
  faultline replay test/golden/pcm --build study

Data goes to stdout, everything else to stderr. Exit status: 0 fine, 1 a check failed or there was
a finding, 2 the command line or a trace file is wrong, 3 Faultline itself failed (a mistake of its
own, a broken installation, no memory), 130 interrupted.`;

/** Runs one command line. Returns the exit status; prints at most one line about a mistake. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let status: number = exitCode.fine;
  const program = newProgram((result) => (status = result));
  watchOutput();
  try {
    await parse(program, inOrder(args));
    return status;
  } catch (error) {
    return statusOf(error);
  }
}

async function parse(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    const misuse = error instanceof CommanderError ? misuseOf(error, program, args) : error;
    if (misuse !== null) throw misuse;
  }
}

function newProgram(finish: (status: number) => void): Command {
  const program = new Command("faultline")
    .description(
      "Emulates the Linux kernel code that reads and writes user memory, and says what it does and costs.",
    )
    .version(version())
    .enablePositionalOptions() // a verb's options stand before a scenario's name, the scenario's behind it
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
    .addHelpText("after", examples);
  for (const add of Object.values(verbs)) add(program, finish);
  refuseRepeats(program);
  return program;
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * The arguments as commander takes them: names in front, and a question for help as the flag. Names are checked here,
 * because for an unknown one commander offers one near name, and ours are all of them.
 */
function inOrder(args: readonly string[]): string[] {
  if (args.length === 0) return ["--help"];
  if (args[0] === "help") return inOrder([...args.slice(1), "--help"]);
  const [verb, ...rest] = args as [string, ...string[]];
  if (verb.startsWith("-")) return [...args];
  const known = oneOf("verb", verb, Object.keys(verbs) as (keyof typeof verbs)[]);
  return known === "replay" ? [...args] : [known, ...scenarioFirst(known, rest)];
}

function statusOf(error: unknown): number {
  if (error instanceof FaultlineError) {
    note(error.message);
    return error instanceof UsageError ? exitCode.usage : exitCode.internal;
  }
  note(
    `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return exitCode.internal;
}

/** `faultline … | head` closes the pipe early: that is no error. Output that cannot be written is. */
function watchOutput(): void {
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCode.fine);
    note(`stdout: ${error.message}`);
    process.exit(exitCode.internal);
  });
  process.once("SIGINT", () => process.exit(exitCode.interrupted));
}
