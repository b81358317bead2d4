import type { PlaybackRow, PlaybackComparison } from "../scenarios/comparePlayback.ts";
import type { PlaybackStep } from "../scenarios/playbackSteps.ts";
import type { PlaybackRun } from "../scenarios/runPlayback.ts";
import { countersText, findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { cycleNotes, figureCells, figureColumns, figureLegend } from "./figures.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";

const stepColumns: readonly TableColumn[] = [
  { title: "asked" },
  { title: "result", align: "right" },
  { title: "state" },
  { title: "hw_ptr", align: "right" },
  { title: "appl_ptr", align: "right" },
  { title: "avail", align: "right" },
  { title: "the driver was asked" },
];

/** A playback as text: its steps, the counters that are not zero, findings. */
export function playbackText(run: PlaybackRun): string {
  const { arch, kernel, device, door, build, steps, counters, findings } = run;
  return [
    `PCM playback on ${arch}, device ${device}, door ${door}, kernel ${kernel}, ${build} build`,
    renderTable(stepColumns, steps.map(stepCells)),
    counters === null ? "counters: only the study build counts" : countersText(counters),
    findingsText(findings),
  ].join("\n\n");
}

function stepCells(step: PlaybackStep): TableCell[] {
  const { asked, result, state, hwPtr, applPtr, avail, driverCalls } = step;
  const answer = typeof result === "number" ? errnoName(result) : result;
  return [asked, answer, state, hwPtr, applPtr, avail, driverCalls.join(" ")];
}

const costColumns: readonly TableColumn[] = [
  { title: "period", align: "right" },
  ...figureColumns,
  { title: "bytes copied", align: "right" },
  { title: "per period", align: "right", group: "real, this machine" },
];

/** The costs of a period side by side. */
export function playbackComparisonText(comparison: PlaybackComparison): string {
  const parts = [
    renderTable(costColumns, comparison.rows.map(costCells)),
    legend(comparison),
    cycleNotes(comparison.rows),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function costCells(row: PlaybackRow): TableCell[] {
  return [row.periodSize, ...figureCells(row), row.bytesCopied, `${row.nsPerPeriod.toFixed(0)} ns`];
}

function legend({ kernel }: PlaybackComparison): string {
  return [
    `One period of stereo S16 while playing, kernel ${kernel}: a WRITEI of its frames, then a SYNC_PTR in the strategy;`,
    "both sides of both calls unless one is named.",
    "period                     frames; a frame has 4 bytes",
    ...figureLegend,
    "                           entering WRITEI is priced as SYNC_PTR's entry",
    "bytes copied               in bulk: the period, WRITEI's structure, and what SYNC_PTR copies",
    "per period                 real time here: the emulator's, not the hardware's",
  ].join("\n");
}
