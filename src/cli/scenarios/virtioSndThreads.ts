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
import { wholeOption } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import { startThreads } from "../threads/start.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly design: string;
  readonly device: string;
  readonly pace: string;
  readonly signals: string;
  readonly write?: string;
  readonly count: string;
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
    const { design, device, pace, signals, count } = virtioThreadsDefaults;
    command
      .option("--design <name>", `of the driver: ${virtioThreadsDesigns.join(", ")}`, design)
      .option(
        "--device <kind>",
        explained(virtioThreadsDeviceNames, (name) => virtioThreadsDevices[name].meaning),
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
      .option("--write <frames>", "of each write (default: a period)")
      .option("--count <number>", "periods that are written and played", String(count))
      .option(...kernelOption);
  },
  perform: async (flags) => {
    const { least, most } = virtioThreadsRange;
    const { write } = flags;
    const data = await runVirtioThreads({
      design: oneOf("--design", flags.design, virtioThreadsDesigns),
      device: oneOf("--device", flags.device, virtioThreadsDeviceNames),
      pace: oneOf("--pace", flags.pace, virtioThreadsPaceNames),
      signals: oneOf("--signals", flags.signals, virtioThreadsSignalNames),
      write: write === undefined ? undefined : wholeOption("--write", write, 1, ringFrames),
      count: wholeOption("--count", flags.count, least, most),
      kernel: checkedKernel(flags.kernel),
      start: startThreads,
    });
    const { stopped, wrong, unheard, findings } = data;
    const failed = stopped !== null || wrong > 0 || unheard > 0 || findings.length > 0;
    return { data, text: () => virtioSndThreadsText(data), failed };
  },
};

export const virtioSndThreadsCommands: ScenarioCommands = { run };
