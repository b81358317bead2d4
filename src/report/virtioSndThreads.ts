import {
  virtioThreadsDevices,
  virtioThreadsPaces,
  virtioThreadsRing,
  virtioThreadsSignals,
  type VirtioThreadsRun,
} from "../scenarios/virtioThreads.ts";
import { findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { renderTable } from "./table.ts";
import { counted } from "./text.ts";

/** What three threads made of numbered periods. */
export function virtioSndThreadsText(run: VirtioThreadsRun): string {
  const { design, kernel, device, pace, signals, count, write, played, wrong, torn } = run;
  const { periodSize, periods } = virtioThreadsRing;
  return [
    `virtio-snd-threads, design ${design}, kernel ${kernel}: ${counted(count, "period")} of ${periodSize} frames in writes of ${write}, through a ring of ${periods}`,
    [
      "The program, the driver's interrupts and the device are a thread each.",
      `The device is ${device}: it ${virtioThreadsDevices[device].meaning}.`,
      `Pace ${pace}: ${virtioThreadsPaces[pace]}.`,
      `Signals ${signals}: ${virtioThreadsSignals[signals]}.`,
    ].join("\n"),
    renderTable(
      [{ title: "periods" }, { title: "number", align: "right" }],
      [
        ["played", played],
        ["in their turn", played - wrong],
        ["wrong", wrong],
        ["of those, parts of two", torn],
        ["written and never heard", run.unheard],
      ],
    ),
    ...(run.firstWrong.length === 0 ? [] : [firstWrongText(run)]),
    ...(run.stopped === null ? [] : [`the program came no further: ${errnoName(run.stopped)}`]),
    `wrong periods: ${wrong} of ${played} played, of ${count} in all.`,
    findingsText(run.findings),
  ].join("\n\n");
}

/** What was heard in whose turn. */
function firstWrongText({ firstWrong, wrong }: VirtioThreadsRun): string {
  const table = renderTable(
    [{ title: "turn", align: "right" }, { title: "heard" }],
    firstWrong.map(({ turn, heard }) => [turn, heard === "torn" ? "parts of two" : heard]),
  );
  const more = wrong - firstWrong.length;
  return more === 0 ? table : `${table}\n… and ${more} more`;
}
