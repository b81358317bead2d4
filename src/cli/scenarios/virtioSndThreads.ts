import { oneOf } from "../../base/nearest.ts";
import { virtioSndThreadsText } from "../../report/virtioSndThreads.ts";
import {
  runVirtioThreads,
  virtioThreadsDefaults,
  virtioThreadsDesigns,
  virtioThreadsDeviceNames,
  virtioThreadsDevices,
  virtioThreadsPaceNames,
  virtioThreadsPaces,
  virtioThreadsRange,
  virtioThreadsRing,
  virtioThreadsSignalNames,
  virtioThreadsSignals,
} from "../../scenarios/virtioThreads.ts";
import { pcmDirections } from "../../systems/pcm/states.ts";
import { wholeList, wholeOption } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import { startThreads } from "../threads/start.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly design: string;
  readonly direction: string;
  readonly device: string;
  readonly pace: string;
  readonly signals: string;
  readonly write?: string;
  readonly count: string;
  readonly xruns?: string;
  readonly kernel: string;
}

const ringFrames = virtioThreadsRing.periodSize * virtioThreadsRing.periods;

function explained<Name extends string>(
  names: readonly Name[],
  meaning: (name: Name) => string,
): string {
  return names.map((name) => `${name} (${meaning(name)})`).join("; ");
}

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) => {
    const { design, direction, device, pace, signals, count } = virtioThreadsDefaults;
    command
      .option(
        "--design <name>",
        `of the driver: ${virtioThreadsDesigns.capture.join(", ")} (copy captures only)`,
        design,
      )
      .option("--direction <name>", pcmDirections.join(", "), direction)
      .option(
        "--device <kind>",
        explained(virtioThreadsDeviceNames, (name) => {
          const { playback, capture } = virtioThreadsDevices[name];
          return `${playback}, or ${capture}`;
        }),
        device,
      )
      .option(
        "--pace <name>",
        explained(virtioThreadsPaceNames, (name) => virtioThreadsPaces[name]),
        pace,
      )
      .option(
        "--signals <name>",
        explained(virtioThreadsSignalNames, (name) => virtioThreadsSignals[name]),
        signals,
      )
      .option("--write <frames>", "of each write, or read (default: a period)")
      .option("--count <number>", "periods that are played, or captured", String(count))
      .option("--xruns <periods>", "with commas: after these the device reports an xrun")
      .option(...kernelOption);
  },
  perform: async (flags) => {
    const { least, most } = virtioThreadsRange;
    const { write, xruns } = flags;
    const direction = oneOf("--direction", flags.direction, pcmDirections);
    const count = wholeOption("--count", flags.count, least, most);
    const data = await runVirtioThreads({
      design: oneOf("--design", flags.design, virtioThreadsDesigns[direction]),
      direction,
      device: oneOf("--device", flags.device, virtioThreadsDeviceNames),
      pace: oneOf("--pace", flags.pace, virtioThreadsPaceNames),
      signals: oneOf("--signals", flags.signals, virtioThreadsSignalNames),
      write: write === undefined ? undefined : wholeOption("--write", write, 1, ringFrames),
      count,
      xruns: xruns === undefined ? undefined : ascending(wholeList("--xruns", xruns, 1, count)),
      kernel: checkedKernel(flags.kernel),
      start: startThreads,
    });
    const { stopped, played, dropped, wrong, unheard, behind, findings } = data;
    const isComplete = stopped === null && played + dropped === count;
    const isWrong = wrong > 0 || unheard > 0 || behind !== 0;
    const failed = !isComplete || isWrong || findings.length > 0;
    return { data, text: () => virtioSndThreadsText(data), failed };
  },
};

function ascending(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}

export const virtioSndThreadsCommands: ScenarioCommands = { run };
