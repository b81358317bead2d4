import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { EmulatedPcm } from "../conformance/pcmEmulated.ts";
import { expandTracePaths, replayFiles } from "../conformance/files.ts";
import { Replayer } from "../conformance/replay.ts";
import { buildNames, type BuildName } from "../core/builds.ts";
import { resolveKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { replayText } from "../report/replay.ts";
import { oneName, wholeOption } from "./arguments.ts";
import { exitCode } from "./exit.ts";
import { note, print, printJson, progress } from "./output.ts";

interface ReplayFlags {
  readonly build: string;
  readonly switchEvery: string;
  readonly json?: true;
}

/** RAM for the largest recorded ring, its index and the user pages. */
const REPLAY_RAM = "16M";
const MOST_SWITCHES = 1_000_000;

export function addReplay(program: Command, finish: (status: number) => void): void {
  program
    .command("replay")
    .description("golden traces, recorded from real kernels, on a build of the core; exit 1 if any failed")
    .argument("<paths...>", "trace files (.jsonl, .jsonl.gz) or folders with such files")
    .option("--build <name>", buildNames.join(", "), "release")
    .option("--switch-every <k>", "study: leave every call at each k-th yield point and take it up again; 0 = never", "1")
    .option("--json", "one JSON object on stdout")
    .action(async (paths: string[], flags: ReplayFlags) => {
      const build = oneName("--build", flags.build, buildNames);
      const switchEvery = wholeOption("--switch-every", flags.switchEvery, 0, MOST_SWITCHES);
      await checkPaths(paths);
      const report = await replayOn(build, switchEvery, paths);
      if (flags.json) printJson(report);
      else print(replayText(report));
      finish(report.failed > 0 ? exitCode.failed : exitCode.fine);
    });
}

async function checkPaths(paths: readonly string[]): Promise<void> {
  const files = await expandTracePaths(paths);
  if (files.length > 0) return;
  throw new UsageError({ argument: paths.join(" "), problem: "holds no trace files", valid: "files that end in .jsonl or .jsonl.gz" });
}

async function replayOn(build: BuildName, switchEvery: number, paths: readonly string[]): Promise<ReturnType<Replayer["report"]>> {
  const machine = await Machine.create({ build, memory: REPLAY_RAM, kernel: "6.12" });
  const replayer = new Replayer(new EmulatedPcm(machine, { switchEvery: build === "study" ? switchEvery : 0, onKernel: kernelNotes() }));
  await replayFiles(paths, replayer);
  progress("");
  return replayer.report();
}

/** Says once for each release that has no row of its own which one stands in. */
function kernelNotes(): (release: string) => void {
  const said = new Set<string>();
  return (release) => {
    if (said.has(release)) return;
    said.add(release);
    const { version, exact } = resolveKernel(release);
    if (!exact) note(`kernel ${release} has no row of its own; taking ${version}`);
  };
}
