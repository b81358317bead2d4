import type { Finding } from "../machine/findings.ts";
import type { VirtioSndPeriod, VirtioSndRun } from "../scenarios/virtioRun.ts";
import { virtioSndDevices } from "../scenarios/virtioBed.ts";
import type { VirtioSndStep } from "../scenarios/virtioLog.ts";
import type { SoundPiece } from "../scenarios/virtioSound.ts";
import type { PcmDirection } from "../systems/pcm/states.ts";
import { errnoName } from "./errno.ts";
import { renderTable, type TableCell } from "./table.ts";
import { counted } from "./text.ts";

/** A run step by step, then period by period: who had it when, and what became of it. */
export function virtioSndText(run: VirtioSndRun): string {
  const { design, direction, device, kernel, transfer, periodSize, periods } = run;
  return [
    `virtio-snd, design ${design}, kernel ${kernel}: ${direction} in transfers of ${counted(transfer, "frame")}, ` +
      `${counted(periods, "period")} of ${periodSize}`,
    `The device is ${device}: it ${virtioSndDevices[device].meaning}.`,
    stepsTable(run.steps),
    periodsTable(run),
    legend(direction),
    verdict(run),
    groupedFindingsText(run.findings),
  ].join("\n\n");
}

function stepsTable(steps: readonly VirtioSndStep[]): string {
  return renderTable(
    [
      { title: "step", align: "right" },
      { title: "asked" },
      { title: "result", align: "right" },
      { title: "state" },
      { title: "hw_ptr", align: "right" },
      { title: "appl_ptr", align: "right" },
      { title: "exposed" },
      { title: "queue" },
    ],
    steps.map((step, index) => stepCells(step, index + 1)),
  );
}

function stepCells(step: VirtioSndStep, number: number): TableCell[] {
  const { asked, result, state, hwPtr, applPtr, exposed, queue } = step;
  const answer = result === null ? null : errnoName(result);
  return [number, asked, answer, state, hwPtr, applPtr, exposed.join(" "), queue.join(" ")];
}

/** What each period's times are called, by who moves the sound. */
const titles = {
  playback: ["written", "read", "played", "heard"],
  capture: ["got", "filled", "returned", "holds"],
} as const;

function periodsTable({ played, direction }: VirtioSndRun): string {
  const [program, device, returned, holds] = titles[direction];
  return renderTable(
    [
      { title: "period", align: "right" },
      { title: "place", align: "right" },
      { title: program, align: "right", group: "in step" },
      { title: "exposed", align: "right", group: "in step" },
      { title: device, align: "right", group: "in step" },
      { title: returned, align: "right", group: "in step" },
      { title: holds },
      { title: "" },
    ],
    played.map(periodCells),
  );
}

function periodCells(row: VirtioSndPeriod): TableCell[] {
  const { period, slot, program, exposed, device, returned, holds, wrong } = row;
  const mark = wrong ? "wrong" : "";
  return [period, slot, program, exposed, device, returned, piecesText(holds), mark];
}

function legend(direction: PcmDirection): string {
  const [, , , holds] = titles[direction];
  return [
    "exposed, queue  periods by their place in the ring: what the step gave to the device, what it then has",
    `in step, ${holds}  when that was (–: never), and the number of the period whose sound it is`,
  ].join("\n");
}

/** "5", or "25 of 1, 75 of old memory". */
function piecesText(pieces: readonly SoundPiece[]): string {
  if (pieces.length === 1) return String(pieces[0]!.of);
  return pieces.map(({ of, frames }) => `${frames} of ${of}`).join(", ");
}

const ends = {
  done: "",
  stalled: " The device has nothing more.",
  refused: " The program was refused and gave up.",
} as const;

function verdict(run: VirtioSndRun): string {
  const { played, count, wrongPeriods, direction } = run;
  const verb = direction === "playback" ? "played" : "captured";
  return `wrong periods: ${wrongPeriods} of ${played.length} ${verb}, of ${count} in all.${endText(run)}`;
}

/** Playback whose start threshold the program does not reach is heard by nobody. */
function endText({ end, steps, start }: VirtioSndRun): string {
  const last = steps.at(-1);
  if (end !== "stalled" || last?.state !== "PREPARED") return ends[end];
  return ` The stream never started: it waits for ${start} frames and has ${last.applPtr}.`;
}

/** Each kind once, with how often. */
function groupedFindingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return "findings: none";
  const kinds = [...new Map(findings.map((finding) => [finding.kind, finding.meaning]))];
  return kinds
    .map(([kind, meaning]) => {
      const times = findings.filter((finding) => finding.kind === kind).length;
      return `finding, ${counted(times, "time")}: ${kind}: ${meaning}`;
    })
    .join("\n");
}
