import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import { isFutexCase, parseFutexCase } from "../conformance/futex/trace.ts";
import { threadsOf } from "../conformance/futex/threads.ts";
import { expandTracePaths, readTraceLines, replayFiles } from "../conformance/files.ts";
import { isRemoteVmCase } from "../conformance/remote/trace.ts";
import { Replayer } from "../conformance/replay.ts";
import { isMalformed, type ReplayReport } from "../conformance/base/report.ts";
import { parseJsonLine } from "../conformance/base/trace.ts";
import { emulatedSystems, type EmulationOptions } from "../conformance/systems.ts";
import { buildNames, type BuildName } from "../core/builds.ts";
import { resolveKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { remotePathNames, type RemotePath } from "../machine/remotePath.ts";
import { replayText } from "../report/replay.ts";
import { wholeOption } from "./arguments.ts";
import { exitCode } from "./exit.ts";
import { noteKernel } from "./kernelOption.ts";
import { print, printJson, progress } from "./output.ts";
import { startThreads } from "./threads/start.ts";

interface ReplayFlags {
  readonly build: string;
  readonly switchEvery?: string;
  readonly path?: string;
  readonly json?: true;
}

/** RAM for the largest recorded ring, and for the largest recorded address spaces with a program's own memory. */
const REPLAY_RAM = "64M";
const MOST_SWITCHES = 1_000_000;
/** Real threads of a replay: many more than any recorded case has. */
const MOST_THREADS = 64;

export function addReplay(program: Command, finish: (status: number) => void): void {
  program
    .command("replay")
    .description(
      "golden traces, recorded from real kernels, on a build of the core; exit 1 if one differs, 2 if a file is malformed",
    )
    .argument("<paths...>", "trace files (.jsonl, .jsonl.gz) or folders with such files")
    .option("--build <name>", buildNames.join(", "), "release")
    .option(
      "--switch-every <k>",
      "study: leave each call at every k-th yield point and take it up again, 0 = never (default: 1)",
    )
    .option(
      "--path <name>",
      `how the emulated kernel reads another process's memory: ${remotePathNames.join(", ")} (default: slow)`,
    )
    .option("--json", "one JSON object on stdout")
    .action(async (paths: string[], flags: ReplayFlags) => {
      const build = oneOf("--build", flags.build, buildNames);
      const switchEvery = switchEveryOf(build, flags.switchEvery);
      const files = await traceFiles(paths);
      const remotePath = await remotePathOf(flags.path, files);
      const report = await replayOn(build, { switchEvery, remotePath }, files);
      if (flags.json) printJson(report);
      else print(replayText(report));
      finish(statusOf(report));
    });
}

/** A file that cannot be read as it should is a mistake of its own; a case that differs is an answer. */
function statusOf({ failed, failures }: ReplayReport): number {
  if (failures.some(isMalformed)) return exitCode.usage;
  return failed > 0 ? exitCode.failed : exitCode.fine;
}

function switchEveryOf(build: BuildName, text: string | undefined): number {
  if (text === undefined) return build === "study" ? 1 : 0;
  if (build === "study") return wholeOption("--switch-every", text, 0, MOST_SWITCHES);
  const problem = `means nothing to the ${build} build`;
  throw new UsageError({ argument: "--switch-every", problem, valid: "with --build study" });
}

/** @throws UsageError where no file's traces go any path */
async function remotePathOf(text: string | undefined, files: string[]): Promise<RemotePath> {
  if (text === undefined) return "slow";
  const path = oneOf("--path", text, remotePathNames);
  for (const file of files) if (await beginsRemote(file)) return path;
  const problem = "means nothing to traces of another system";
  throw new UsageError({ argument: "--path", problem, valid: "with traces of remote memory" });
}

/** A file that cannot be read may be anything; the replay says what is wrong with it. */
async function beginsRemote(file: string): Promise<boolean> {
  try {
    for await (const { text } of readTraceLines(file)) return isRemoteVmCase(parseJsonLine(text));
    return false;
  } catch {
    return true;
  }
}

async function traceFiles(paths: readonly string[]): Promise<string[]> {
  const files = await expandTracePaths(paths);
  if (files.length > 0) return files;
  const valid = "files that end in .jsonl or .jsonl.gz";
  throw new UsageError({ argument: paths.join(" "), problem: "holds no trace files", valid });
}

async function replayOn(
  build: BuildName,
  options: EmulationOptions,
  files: readonly string[],
): Promise<ReplayReport> {
  const threads = build === "threads" ? await threadsAtOnce(files) : 0;
  const machine = await Machine.create({ build, memory: REPLAY_RAM, cpus: 1 + threads });
  const others = threads > 0 ? { threads: await startThreads(machine) } : {};
  const emulation = { ...options, ...others, onKernel: kernelNotes() };
  const replayer = new Replayer(emulatedSystems(machine, emulation));
  for (const [index, file] of files.entries()) {
    progress(`${index + 1} of ${files.length}: ${file}`);
    await replayFiles([file], replayer);
  }
  progress("");
  return replayer.report();
}

/** The most tasks at once that a case has of those that are to be real threads, as far as there may be so many. */
async function threadsAtOnce(files: readonly string[]): Promise<number> {
  let most = 0;
  for (const file of files) most = Math.max(most, await threadsIn(file));
  return Math.min(most, MOST_THREADS);
}

/** A line that cannot be read needs none; the replay says what is wrong with it. */
async function threadsIn(file: string): Promise<number> {
  let most = 0;
  try {
    for await (const { text } of readTraceLines(file)) {
      const line = parseJsonLine(text);
      if (!isFutexCase(line)) return most;
      most = Math.max(most, threadsOf(parseFutexCase(line)));
    }
  } catch {
    return most;
  }
  return most;
}

/** Says once for each release that has no row of its own which one stands in. */
function kernelNotes(): (release: string) => void {
  const said = new Set<string>();
  return (release) => {
    if (said.has(release)) return;
    said.add(release);
    noteKernel(release, resolveKernel(release));
  };
}
