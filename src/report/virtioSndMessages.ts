import {
  virtioSndMessagesRing,
  type VirtioSndIndex,
  type VirtioSndMessages,
} from "../scenarios/virtioMessages.ts";
import { findingsText } from "./counters.ts";
import { renderTable } from "./table.ts";
import { counted } from "./text.ts";

const TURN = 2 ** 16;

/** What went through the queue, how often its indexes went round, and what was lost. */
export function virtioSndMessagesText(run: VirtioSndMessages): string {
  const { design, kernel, messages, available, used, played, position, waiting } = run;
  const { periodSize, periods } = virtioSndMessagesRing;
  return [
    `virtio-snd-messages, design ${design}, kernel ${kernel}: ${counted(messages, "period")} of ${periodSize} frames through a ring of ${periods}`,
    renderTable(
      [
        { title: "messages" },
        { title: "number", align: "right" },
        { title: "index", align: "right" },
        { title: "went round", align: "right" },
      ],
      [
        indexCells("given to the device", available),
        indexCells("given back", used),
        ["still with the device", waiting, null, null],
        ["played by the device", played, null, null],
        ["counted by the stream", position, null, null],
      ],
    ),
    `lost: ${run.lost}; wrong periods: ${run.wrong} of ${run.looked} looked at`,
    findingsText(run.findings),
  ].join("\n\n");
}

function indexCells(what: string, { steps, value }: VirtioSndIndex): (string | number)[] {
  return [what, steps, value, Math.floor(steps / TURN)];
}
