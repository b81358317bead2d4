import { oneOf } from "../../base/nearest.ts";
import { virtioSndMessagesText } from "../../report/virtioSndMessages.ts";
import {
  runVirtioSndMessages,
  virtioSndMessageDesigns,
  virtioSndMessagesDefaults,
  virtioSndMessagesRange,
} from "../../scenarios/virtioMessages.ts";
import { wholeOption } from "../arguments.ts";
import { checkedKernel, kernelOption } from "../kernelOption.ts";
import type { ScenarioCommand, ScenarioCommands } from "./scenario.ts";

interface RunFlags {
  readonly design: string;
  readonly messages: string;
  readonly kernel: string;
}

const run: ScenarioCommand<RunFlags> = {
  addOptions: (command) => {
    const { design, messages } = virtioSndMessagesDefaults;
    command
      .option("--design <name>", `of the driver: ${virtioSndMessageDesigns.join(", ")}`, design)
      .option("--messages <number>", "periods, a message each", String(messages))
      .option(...kernelOption);
  },
  perform: async (flags) => {
    const { least, most } = virtioSndMessagesRange;
    const data = await runVirtioSndMessages({
      design: oneOf("--design", flags.design, virtioSndMessageDesigns),
      messages: wholeOption("--messages", flags.messages, least, most),
      kernel: checkedKernel(flags.kernel),
    });
    const { messages, played, position, lost, wrong, findings } = data;
    const isComplete = played === messages && position === messages && lost === 0;
    return {
      data,
      text: () => virtioSndMessagesText(data),
      failed: !isComplete || wrong > 0 || findings.length > 0,
    };
  },
};

export const virtioSndMessagesCommands: ScenarioCommands = { run };
