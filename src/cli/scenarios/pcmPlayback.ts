import { oneOf } from "../../base/nearest.ts";
import { buildNames } from "../../core/builds.ts";
import { archNames } from "../../machine/arch.ts";
import { playbackComparisonText, playbackText } from "../../report/playback.ts";
import { comparedPeriods, comparePlayback } from "../../scenarios/comparePlayback.ts";
import { comparedStrategies } from "../../scenarios/compareSyncPtr.ts";
import { longestPeriod } from "../../scenarios/playbackBed.ts";
import {
  mostOfParameter,
  playbackDefaults,
  ringPeriods,
  runPlayback,
  type PlaybackOptions,
} from "../../scenarios/runPlayback.ts";
import { strategyNames } from "../../systems/pcm/abi.ts";
import { pcmDeviceNames } from "../../systems/pcm/device.ts";
import { pcmDoorNames, requireDoor } from "../../systems/pcm/doors.ts";
import { pcmFormatNames } from "../../systems/pcm/formatNames.ts";
import { nameList, wholeList, wholeOption } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly arch: string;
  readonly device: string;
  readonly door: string;
  readonly period: string;
  readonly periods: string;
  readonly rate: string;
  readonly format: string;
  readonly channels: string;
  readonly kernel: string;
  readonly build: string;
}

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) => {
    const { arch, device, door, format, build, ...numbers } = playbackDefaults;
    command
      .option("--arch <name>", archNames.join(", "), arch)
      .option("--device <name>", pcmDeviceNames.join(", "), device)
      .option("--door <name>", `system call entry: ${pcmDoorNames.join(", ")}`, door)
      .option("--period <frames>", "frames of a period", String(numbers.periodSize))
      .option(
        "--periods <number>",
        "periods of the ring; twice as many are played",
        String(numbers.periods),
      )
      .option("--rate <hertz>", "frames a second", String(numbers.rate))
      .option("--format <name>", pcmFormatNames.join(", "), format)
      .option("--channels <number>", "samples of a frame", String(numbers.channels))
      .option(...kernelOption)
      .option("--build <name>", `${buildNames.join(", ")}; only study counts`, build);
  },
  perform: async (flags) => {
    const data = await runPlayback(runOptions(flags));
    return { data, text: () => playbackText(data), failed: data.findings.length > 0 };
  },
};

function runOptions(flags: RunFlags): PlaybackOptions {
  const arch = oneOf("--arch", flags.arch, archNames);
  const door = oneOf("--door", flags.door, pcmDoorNames);
  requireDoor("--door", door, arch);
  return {
    arch,
    door,
    device: oneOf("--device", flags.device, pcmDeviceNames),
    periodSize: wholeOption("--period", flags.period, 1, mostOfParameter),
    periods: wholeOption("--periods", flags.periods, ringPeriods.least, ringPeriods.most),
    rate: wholeOption("--rate", flags.rate, 1, mostOfParameter),
    format: oneOf("--format", flags.format, pcmFormatNames),
    channels: wholeOption("--channels", flags.channels, 1, mostOfParameter),
    kernel: checkedKernel(flags.kernel),
    build: oneOf("--build", flags.build, buildNames),
  };
}

interface CompareFlags {
  readonly arch: string;
  readonly strategy: string;
  readonly period: string;
  readonly kernel: string;
}

const compare: ScenarioCommand<CompareFlags> = {
  addOptions: (command) =>
    command
      .option("--arch <names>", `one or more, with commas, or all: ${archNames.join(", ")}`, "all")
      .option(
        "--strategy <names>",
        `ways for SYNC_PTR to move its data, with commas, or all: ${strategyNames.join(", ")}`,
        comparedStrategies.join(),
      )
      .option("--period <frames>", "periods of stereo S16, with commas", comparedPeriods.join())
      .option(...kernelOption),
  perform: async (flags) => {
    const data = await comparePlayback({
      archs: nameList("--arch", flags.arch, archNames),
      strategies: nameList("--strategy", flags.strategy, strategyNames),
      periodSizes: wholeList("--period", flags.period, 1, longestPeriod),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => playbackComparisonText(data), failed: false };
  },
};

export const pcmPlaybackCommands: ScenarioCommands = { run, compare };
