import { UsageError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import { virtioSndText } from "../../report/virtioSnd.ts";
import { virtioSndComparisonText } from "../../report/virtioSndComparison.ts";
import { compareVirtioSnd, comparedVirtioSnd } from "../../scenarios/compareVirtioSnd.ts";
import {
  runVirtioSnd,
  virtioSndDefaults,
  virtioSndRanges,
  type VirtioSndRunOptions,
} from "../../scenarios/runVirtioSnd.ts";
import { virtioSndDeviceNames, virtioSndDevices } from "../../scenarios/virtioBed.ts";
import { pcmDirections } from "../../systems/pcm/states.ts";
import { designNames } from "../../systems/virtio/description.ts";
import { nameList, wholeList, wholeOption } from "../arguments.ts";
import { writeBinaryFile } from "../binaryFile.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly design: string;
  readonly device: string;
  readonly direction: string;
  readonly write?: string;
  readonly period: string;
  readonly periods: string;
  readonly count: string;
  readonly start?: string;
  readonly wav?: string;
  readonly kernel: string;
}

const deviceHelp = virtioSndDeviceNames
  .map((name) => `${name} (${virtioSndDevices[name].meaning})`)
  .join("; ");

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) => {
    const { design, device, direction, ...numbers } = virtioSndDefaults;
    command
      .option("--design <name>", `of the driver: ${designNames.join(", ")}`, design)
      .option("--device <kind>", deviceHelp, device)
      .option("--direction <name>", pcmDirections.join(", "), direction)
      .option("--write <frames>", "of each write, or read (default: a period)")
      .option("--period <frames>", "frames of a period", String(numbers.periodSize))
      .option("--periods <number>", "periods of the ring", String(numbers.periods))
      .option("--count <number>", "periods that are played", String(numbers.count))
      .option("--start <frames>", "playback starts with so many (default: a full ring)")
      .option("--wav <file>", "where to write what the device played")
      .option(...kernelOption);
  },
  perform: async (flags) => {
    const options = optionsOf(flags);
    const { run: data, wav } = await runVirtioSnd(options);
    if (flags.wav !== undefined) writeBinaryFile("--wav", flags.wav, wav);
    const { wrongPeriods, end, findings } = data;
    const failed = wrongPeriods > 0 || end !== "done" || findings.length > 0;
    return { data, text: () => virtioSndText(data), failed };
  },
};

function optionsOf(flags: RunFlags): VirtioSndRunOptions {
  const direction = oneOf("--direction", flags.direction, pcmDirections);
  if (flags.wav !== undefined && direction === "capture") {
    throw new UsageError({
      argument: "--wav",
      problem: "is given for a capture, whose device fills periods with their numbers",
      valid: "--direction playback",
    });
  }
  return {
    direction,
    design: oneOf("--design", flags.design, designNames),
    device: oneOf("--device", flags.device, virtioSndDeviceNames),
    periodSize: within("--period", flags.period, "periodSize"),
    periods: within("--periods", flags.periods, "periods"),
    count: within("--count", flags.count, "count"),
    ...(flags.write !== undefined && { transfer: within("--write", flags.write, "transfer") }),
    ...(flags.start !== undefined && { start: within("--start", flags.start, "start") }),
    kernel: checkedKernel(flags.kernel),
  };
}

function within(option: string, text: string, range: keyof typeof virtioSndRanges): number {
  const { least, most } = virtioSndRanges[range];
  return wholeOption(option, text, least, most);
}

interface CompareFlags {
  readonly design: string;
  readonly device: string;
  readonly write: string;
  readonly kernel: string;
}

const compare: ScenarioCommand<CompareFlags> = {
  addOptions: (command) => {
    const { designs, devices, transfers } = comparedVirtioSnd;
    command
      .option("--design <names>", `with commas, or all: ${designNames.join(", ")}`, designs.join())
      .option(
        "--device <kinds>",
        `with commas, or all: ${virtioSndDeviceNames.join(", ")}`,
        devices.join(),
      )
      .option("--write <frames>", "of each write, or read, with commas", transfers.join())
      .option(...kernelOption);
  },
  perform: async (flags) => {
    const { least, most } = virtioSndRanges.transfer;
    const data = await compareVirtioSnd({
      designs: nameList("--design", flags.design, designNames),
      devices: nameList("--device", flags.device, virtioSndDeviceNames),
      transfers: wholeList("--write", flags.write, least, most),
      kernel: checkedKernel(flags.kernel),
    });
    return { data, text: () => virtioSndComparisonText(data), failed: false };
  },
};

export const virtioSndCommands: ScenarioCommands = { run, compare };
