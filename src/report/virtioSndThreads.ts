import type { PcmDirection } from "../systems/pcm/states.ts";
import {
  virtioThreadsDevices,
  virtioThreadsPaces,
  virtioThreadsRing,
  virtioThreadsSignals,
  type VirtioThreadsRun,
} from "../scenarios/virtioThreads.ts";
import type { WrongPeriod } from "../scenarios/virtioThreadsOutcome.ts";
import { findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { renderTable } from "./table.ts";
import { counted } from "./text.ts";

/** How a period goes from one side to the other, and what each side does with it. */
const words = {
  playback: { given: "written", got: "played", device: "played", heard: "heard", calls: "writes" },
  capture: { given: "captured", got: "read", device: "captured", heard: "read", calls: "reads" },
} as const satisfies Record<PcmDirection, object>;

/** What three threads made of numbered periods. */
export function virtioSndThreadsText(run: VirtioThreadsRun): string {
  const { design, direction, kernel, device, pace, signals, count, write, played, wrong } = run;
  const { periodSize, periods } = virtioThreadsRing;
  const { calls, got } = words[direction];
  return [
    `virtio-snd-threads, design ${design}, kernel ${kernel}: ${direction} of ${counted(count, "period")} of ${periodSize} frames in ${calls} of ${write}, through a ring of ${periods}`,
    [
      "The program, the driver's interrupts and the device are a thread each.",
      `The device is ${device}: it ${virtioThreadsDevices[device][direction]}.`,
      `Pace ${pace}: ${virtioThreadsPaces[pace]}.`,
      `Signals ${signals}: ${virtioThreadsSignals[signals]}.`,
    ].join("\n"),
    periodsTable(run),
    ...(run.xruns.length === 0 ? [] : [xrunsText(run)]),
    ...(run.firstWrong.length === 0 ? [] : [firstWrongText(run)]),
    ...(run.firstUnheard.length === 0 ? [] : [firstUnheardText(run)]),
    ...(run.stopped === null ? [] : [`the program came no further: ${errnoName(run.stopped)}`]),
    ...(run.behind === 0
      ? []
      : [`frames ${words[direction].device} that the position does not tell: ${run.behind}`]),
    `wrong periods: ${wrong} of ${played} ${got}, of ${count} in all.`,
    findingsText(run.findings),
  ].join("\n\n");
}

function periodsTable({
  direction,
  played,
  wrong,
  torn,
  dropped,
  unheard,
}: VirtioThreadsRun): string {
  const { given, got, heard } = words[direction];
  return renderTable(
    [{ title: "periods" }, { title: "number", align: "right" }],
    [
      [got, played],
      ["in their turn", played - wrong],
      ["wrong", wrong],
      ["of those, parts of two", torn],
      ["dropped by an xrun", dropped],
      [`else ${given} and never ${heard}`, unheard],
    ],
  );
}

/** What became of the device's reports. */
function xrunsText({ reported, met, late }: VirtioThreadsRun): string {
  const meeting = met === 0 ? "none" : `${met}, and began again after each`;
  const line = `xruns: the device reported ${reported}, of which the program met ${meeting}.`;
  if (late === 0) return line;
  return `${line}\nOf these ${late} by a call that asked for the position, had nothing to move and slept to its time limit.`;
}

/** What came in whose turn. */
function firstWrongText({ direction, firstWrong, wrong }: VirtioThreadsRun): string {
  const table = renderTable(
    [
      { title: "turn", align: "right" },
      { title: "due", align: "right" },
      { title: words[direction].heard, align: "right" },
      { title: "" },
    ],
    firstWrong.map((period) => [period.turn, period.due, ...heardCells(period)]),
  );
  return table + moreText(wrong - firstWrong.length);
}

function heardCells({ heard, due }: WrongPeriod): [number | null, string] {
  if (heard === "torn") return [null, "parts of two"];
  if (heard === "nothing") return [null, "what was there before"];
  return [heard, heard < due ? "old" : "later"];
}

function firstUnheardText({ direction, firstUnheard, unheard }: VirtioThreadsRun): string {
  const line = `never ${words[direction].heard}: ${firstUnheard.join(", ")}`;
  return line + moreText(unheard - firstUnheard.length);
}

function moreText(more: number): string {
  return more === 0 ? "" : `\n… and ${more} more`;
}
