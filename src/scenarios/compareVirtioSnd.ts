import { checkOptions, listOf, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import type { FindingKind } from "../machine/findings.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import type { PcmDirection } from "../systems/pcm/states.ts";
import { designNames, type VirtioSndDesign } from "../systems/virtio/description.ts";
import { given } from "./compareSyncPtr.ts";
import { recordingOn, virtioSndRanges, type VirtioSndRunOptions } from "./runVirtioSnd.ts";
import { virtioSndDeviceNames, type VirtioSndDeviceName } from "./virtioBed.ts";
import type { VirtioSndEnd } from "./virtioRun.ts";
import { virtioSndPoints, type VirtioSndPointRow } from "./virtioPoints.ts";

/** What is compared. Everything has a default. */
export interface CompareVirtioSndOptions {
  /** Default mmap, copy, ack and corrected: each as it was proposed, or merged, first. */
  readonly designs?: readonly VirtioSndDesign[];
  /** Default eager, lazy and late. */
  readonly devices?: readonly VirtioSndDeviceName[];
  /** Frames of a write, or a read; a period has 100. Default 25, 100, 150 and 400. */
  readonly transfers?: readonly number[];
  readonly kernel?: string;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

const { least, most } = virtioSndRanges.transfer;
const compareOptions: Shape<CompareVirtioSndOptions> = {
  designs: optional(listOf(nameOf(designNames))),
  devices: optional(listOf(nameOf(virtioSndDeviceNames))),
  transfers: optional(listOf(whole(least, most))),
  kernel: optional(kernelRelease),
  wasm: optional(wasmSource),
};

export const comparedVirtioSnd = {
  designs: ["mmap", "copy", "ack", "corrected"],
  devices: ["eager", "lazy", "late"],
  transfers: [25, 100, 150, 400],
} as const satisfies CompareVirtioSndOptions;

/** The ring of the discussion's examples, in frames. */
export const comparedRing = { periodSize: 100, periods: 4 } as const;

/** What the program does: it fills the ring before it starts, or starts with its first frame, or captures. */
export const virtioSndProgramNames = ["full ring", "first frame", "capture"] as const;
export type VirtioSndProgram = (typeof virtioSndProgramNames)[number];

const programs: Readonly<Record<VirtioSndProgram, VirtioSndRunOptions>> = {
  "full ring": {},
  "first frame": { start: 1 },
  capture: { direction: "capture" },
};

/** What came of a program with one device. */
export interface VirtioSndOutcome {
  readonly device: VirtioSndDeviceName;
  /** Periods that the device played, or captured; and those of them that were wrong. */
  readonly played: number;
  readonly wrong: number;
  readonly end: VirtioSndEnd;
  /** The errno that a program was refused with; 0 where none was. */
  readonly errno: number;
}

/** One program in one design, with each device. */
export interface VirtioSndRow {
  readonly design: VirtioSndDesign;
  readonly program: VirtioSndProgram;
  readonly direction: PcmDirection;
  readonly transfer: number;
  readonly outcomes: readonly VirtioSndOutcome[];
  /** Kinds of findings, in any of them. */
  readonly findings: readonly FindingKind[];
}

export interface VirtioSndComparison {
  readonly schemaVersion: 1;
  readonly scenario: "virtio-snd";
  readonly kernel: string;
  readonly rows: readonly VirtioSndRow[];
  readonly points: readonly VirtioSndPointRow[];
}

/**
 * Designs × programs × transfer sizes × devices: how many periods are not what they were to be. Then what the
 * discussion found in the designs, each by a program of its own.
 * @throws UsageError for names that do not exist
 */
export async function compareVirtioSnd(
  options: CompareVirtioSndOptions = {},
): Promise<VirtioSndComparison> {
  checkOptions("options", options, compareOptions);
  const { designs = comparedVirtioSnd.designs, kernel = newestKernel, wasm } = options;
  const { devices = comparedVirtioSnd.devices, transfers = comparedVirtioSnd.transfers } = options;
  let machine = await Machine.create({ build: "study", memory: "4M", kernel, ...given(wasm) });
  const fresh = (): Machine => (machine = machine.reset());
  const rows = virtioSndProgramNames.flatMap((program) =>
    designs.flatMap((design) =>
      transfers.map((transfer) => rowOf(fresh, { program, design, transfer, devices })),
    ),
  );
  return {
    schemaVersion: 1,
    scenario: "virtio-snd",
    kernel: machine.shape.kernel.version,
    rows,
    points: virtioSndPoints(fresh, designs),
  };
}

interface RowPlan extends Pick<VirtioSndRow, "program" | "design" | "transfer"> {
  readonly devices: readonly VirtioSndDeviceName[];
}

function rowOf(fresh: () => Machine, plan: RowPlan): VirtioSndRow {
  const { program, design, transfer, devices } = plan;
  const runs = devices.map((device) => {
    const options = { ...comparedRing, ...programs[program], design, transfer, device };
    return recordingOn(fresh(), options).run;
  });
  return {
    design,
    program,
    direction: programs[program].direction ?? "playback",
    transfer,
    outcomes: runs.map(({ device, played, wrongPeriods, end, steps }) => ({
      device,
      played: played.length,
      wrong: wrongPeriods,
      end,
      errno: Math.max(0, ...steps.map(({ result }) => -(result ?? 0))),
    })),
    findings: [...new Set(runs.flatMap(({ findings }) => findings.map(({ kind }) => kind)))],
  };
}
