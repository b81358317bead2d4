import type { Finding } from "../machine/findings.ts";
import type { VirtioSndPeriod, VirtioSndRun } from "../scenarios/virtioRun.ts";
import { virtioSndDevices } from "../scenarios/virtioBed.ts";
import type { VirtioSndStep } from "../scenarios/virtioLog.ts";
import type { SoundPiece } from "../scenarios/virtioSound.ts";
import { errnoName } from "./errno.ts";
import { renderTable, type TableCell } from "./table.ts";

/** A run step by step, then period by period: who had it when, and what became of it. */
export function virtioSndText(run: VirtioSndRun): string {
  const { design, direction, device, kernel, transfer, periodSize, periods } = run;
  return [
    `virtio-snd, design ${design}, kernel ${kernel}: ${direction} in transfers of ${transfer} frames, ` +
      `${periods} periods of ${periodSize}`,
    `The device is ${device}: it ${virtioSndDevices[device].meaning}.`,
    stepsTable(run.steps),
    periodsTable(run),
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

function verdict({ played, count, wrongPeriods, end, direction }: VirtioSndRun): string {
  const verb = direction === "playback" ? "played" : "captured";
  return `wrong periods: ${wrongPeriods} of ${played.length} ${verb}, of ${count} in all.${ends[end]}`;
}

/** Each kind once, with how often. */
function groupedFindingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return "findings: none";
  const kinds = [...new Map(findings.map((finding) => [finding.kind, finding.meaning]))];
  return kinds
    .map(([kind, meaning]) => {
      const times = findings.filter((finding) => finding.kind === kind).length;
      return `finding, ${times} times: ${kind}: ${meaning}`;
    })
    .join("\n");
}
