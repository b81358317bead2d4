import { errnoNameOf } from "../base/errno.ts";
import {
  comparedRing,
  type VirtioSndComparison,
  type VirtioSndOutcome,
  type VirtioSndRow,
} from "../scenarios/compareVirtioSnd.ts";
import { virtioSndDevices } from "../scenarios/virtioBed.ts";
import { virtioSndDefaults } from "../scenarios/runVirtioSnd.ts";
import type { VirtioSndPointRow } from "../scenarios/virtioPoints.ts";
import { renderTable } from "./table.ts";
import { wrap } from "./text.ts";

/** Wrong periods by design, program, size and device; then what was found in the designs, each by its program. */
export function virtioSndComparisonText({ kernel, rows, points }: VirtioSndComparison): string {
  const { periodSize, periods } = comparedRing;
  return [
    wrap(
      `virtio-snd, kernel ${kernel}: ${virtioSndDefaults.count} numbered periods of ${periodSize} frames through a ring of ${periods}. Wrong ones of those that the device played, or the program captured:`,
    ),
    rowsTable(rows),
    legend(rows),
    wrap(
      "What was found in the request for comments (R: design copy), what the merged driver leaves open (F: design ack), and what more than one of them has (I, S):",
    ),
    pointsTable(points),
    wrap(
      "Transfers in frames and what they answered; queue: periods of the ring that the device has; played: the position; fill 5: what the device filled in as its fifth. In mmap all of the ring is with the device once the stream runs (R1 does not start it); an xrun leaves the position where it was.",
    ),
  ].join("\n\n");
}

function rowsTable(rows: readonly VirtioSndRow[]): string {
  const devices = rows[0]?.outcomes.map(({ device }) => device) ?? [];
  return renderTable(
    [
      { title: "program" },
      { title: "design" },
      { title: "transfer", align: "right" },
      ...devices.map((device) => ({ title: device, group: "device" })),
      { title: "findings" },
    ],
    rows.map(({ program, design, transfer, outcomes, findings }) => [
      program,
      design,
      transfer,
      ...outcomes.map(outcomeText),
      findings.join(" "),
    ]),
  );
}

function outcomeText({ played, wrong, end, errno }: VirtioSndOutcome): string {
  const counted = `${wrong} of ${played}`;
  if (end === "done") return counted;
  return end === "stalled" ? `${counted}, stands` : `${counted}, -${errnoNameOf(errno)}`;
}

function legend(rows: readonly VirtioSndRow[]): string {
  const devices = rows[0]?.outcomes.map(({ device }) => device) ?? [];
  return [
    ...devices.map((device) => `${device.padEnd(11)}  ${virtioSndDevices[device].meaning}`),
    "full ring    the stream starts once the ring is full; first frame: with the first write",
    "capture      the program reads whatever there is; an eager device fills a message once it is exposed",
    "stands       the device has nothing more to play, and not all was played; -EFAULT: a call was refused",
    "findings     virtio-store: bytes that the device had were stored to; virtio-reuse: a message was exposed that it had",
  ].join("\n");
}

function pointsTable(points: readonly VirtioSndPointRow[]): string {
  const designs = Object.keys(points[0]?.outcomes ?? {}) as (keyof VirtioSndPointRow["outcomes"])[];
  return renderTable(
    [{ title: "" }, { title: "program" }, { title: "design" }, { title: "outcome" }],
    points.flatMap(({ name, program, outcomes }) =>
      designs.map((design, index) => [
        index === 0 ? name : "",
        index === 0 ? program : "",
        design,
        outcomes[design] ?? null,
      ]),
    ),
  );
}
