import { UsageError } from "../../base/errors.ts";
import { futexStressText } from "../../report/futexStress.ts";
import {
  runFutexStress,
  stressLayoutNames,
  stressWorkNames,
  stressWorks,
} from "../../scenarios/futexStress.ts";
import { nameList, wholeOption } from "../arguments.ts";
import { startThreads } from "../threads/start.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly workers: string;
  readonly operations: string;
  readonly layout: string;
  readonly work: string;
  readonly kill: string;
}

const MOST_WORKERS = 32;
const MOST_OPERATIONS = 1_000_000_000;

const workHelp = stressWorkNames.map((name) => `${name} (${stressWorks[name].meaning})`).join("; ");

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) =>
    command
      .option("--workers <number>", "real threads, each an emulated CPU", "3")
      .option(
        "--operations <number>",
        "increments on each layout; locks are taken and words handed over so much more rarely",
        "1000000",
      )
      .option("--layout <names>", `with commas, or all: ${stressLayoutNames.join(", ")}`, "all")
      .option("--work <names>", `with commas, or all: ${workHelp}`, "all")
      .option(
        "--kill <number>",
        "threads ended in the middle of each work: robust locks and PI locks that somebody waits for go to others; what stays with the dead (mutex, handoff, a PI lock that nobody waits for) is named",
        "0",
      ),
  perform: async (flags) => {
    const workers = wholeOption("--workers", flags.workers, 2, MOST_WORKERS);
    const works = nameList("--work", flags.work, stressWorkNames);
    const data = await runFutexStress({
      workers,
      operations: wholeOption("--operations", flags.operations, 1, MOST_OPERATIONS),
      layouts: nameList("--layout", flags.layout, stressLayoutNames),
      works,
      kills: killsOf(flags.kill, workers),
      start: startThreads,
    });
    const isLeft = data.rows.some(({ abandoned }) => abandoned !== null);
    const failed = data.lost > 0 || data.wakesLost > 0 || data.findings.length > 0 || isLeft;
    return { data, text: () => futexStressText(data), failed };
  },
};

/** Somebody has to be left. */
function killsOf(text: string, workers: number): number {
  const kills = wholeOption("--kill", text, 0, MOST_WORKERS);
  if (kills < workers) return kills;
  const problem = `is ${kills} of ${workers} workers`;
  throw new UsageError({ argument: "--kill", problem, valid: "fewer than --workers" });
}

export const futexStressCommands: ScenarioCommands = { run };
