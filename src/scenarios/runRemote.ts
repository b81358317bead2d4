import { checkOptions, nameOf, optional, type Shape } from "../base/checks.ts";
import { oneOf } from "../base/nearest.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import {
  memoryViewNames,
  pictureOf,
  type MemoryPicture,
  type MemoryView,
} from "../inspector/index.ts";
import { anyAddress } from "../machine/address.ts";
import type { Counters } from "../machine/counters.ts";
import type { Finding } from "../machine/findings.ts";
import { kernelRelease } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { composeCall, costProfile, type CallCost } from "../measure/cost/index.ts";
import { tallyCall } from "../measure/tally.ts";
import type { RemoteCounts } from "../systems/remote/counts.ts";
import { remotePathNames, type RemotePath } from "../machine/remotePath.ts";
import { given } from "./compareSyncPtr.ts";
import { isRecorded, pagesMoved } from "./pagesMoved.ts";
import {
  anyLayout,
  layoutOf,
  pagesOf,
  pathsOf,
  prepareRemote,
  recordedKernel,
  remoteKernel,
  remoteScenarioNames,
  type LayoutOption,
  type RemoteBed,
  type RemotePart,
  type RemoteScenarioName,
} from "./remoteBed.ts";

/** What is run. Everything has a default. */
export interface RunRemoteOptions extends RemotePart {
  /** Default "resident". */
  readonly layout?: LayoutOption;
  /** Default "slow", the only one of process-vm. */
  readonly path?: RemotePath;
  /** A view of the target's address space, before the call and after it. Default: none. */
  readonly show?: MemoryView;
  /** 6.18, which was recorded, or newer. Default "6.18". */
  readonly kernel?: string;
  /** RAM, as machine.create has it. Default "64M". */
  readonly memory?: number | string;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

/** The machine checks its own option. */
const memoryOption = (): void => undefined;

const runOptions: Shape<RunRemoteOptions> = {
  layout: optional(anyLayout),
  path: optional(nameOf(remotePathNames)),
  at: optional(anyAddress),
  length: optional(anyAddress),
  show: optional(nameOf(memoryViewNames)),
  kernel: optional(kernelRelease),
  memory: memoryOption,
  wasm: optional(wasmSource),
};

/** What {@link runRemote} does unless it is told otherwise. */
export const remoteDefaults = {
  layout: "resident",
  path: "slow",
  memory: "64M",
  kernel: recordedKernel,
} as const;

/** One call: what it moved, which way, what it took, and what it left behind. */
export interface RemoteRun {
  readonly schemaVersion: 1;
  readonly scenario: RemoteScenarioName;
  readonly kernel: string;
  readonly path: RemotePath;
  /** The text form of the target's address space. */
  readonly layout: string;
  readonly at: bigint;
  readonly length: bigint;
  /** Bytes moved, or −errno. */
  readonly result: number;
  readonly counts: RemoteCounts;
  /**
   * A letter for each page of the part, up to 64, and a "…" for more: what stood for it before the call and after it; and
   * which way its bytes went: f fast, under its area's own lock; s slowly, had under the mmap lock; b some one way and
   * some the other; · not at all. `moved` is null where more happened than is recorded.
   */
  readonly pages: {
    readonly before: string;
    readonly after: string;
    readonly moved: string | null;
  };
  /** The view that was asked for; null for none. */
  readonly shown: { readonly before: MemoryPicture; readonly after: MemoryPicture } | null;
  /** Of the whole call, both tasks. */
  readonly counters: Counters;
  /**
   * Of the caller's own user access alone: the target's side (locks, walks, faults, copies) has no published figure.
   * Null after a fault of the caller's own, and where more happened than is recorded.
   */
  readonly cost: CallCost | null;
  readonly findings: readonly Finding[];
}

/**
 * Builds an address space and reaches into it once, on the study build.
 * @throws UsageError for a layout that cannot be, naming its line
 */
export async function runRemote(
  scenario: RemoteScenarioName,
  options: RunRemoteOptions = {},
): Promise<RemoteRun> {
  const name = oneOf("scenario", scenario, remoteScenarioNames);
  checkOptions("options", options, runOptions);
  const { memory = remoteDefaults.memory, wasm } = options;
  const path = oneOf("path", options.path ?? remoteDefaults.path, pathsOf(name));
  const layout = layoutOf(options.layout ?? remoteDefaults.layout);
  const kernel = remoteKernel("kernel", options.kernel ?? remoteDefaults.kernel);
  const machine = await Machine.create({ kernel, build: "study", memory, ...given(wasm) });
  const bed = prepareRemote(machine, name, layout, path, options);
  return {
    schemaVersion: 1,
    scenario: name,
    kernel: machine.shape.kernel.version,
    path,
    layout: layout.text,
    at: bed.at,
    length: bed.length,
    ...calledOnce(bed, options.show ?? null),
    findings: machine.findings(),
  };
}

type Called = Pick<RemoteRun, "result" | "counts" | "pages" | "shown" | "counters" | "cost">;

function calledOnce(bed: RemoteBed, view: MemoryView | null): Called {
  const { machine } = bed;
  const shownBefore = pictureFor(bed, view);
  const before = machine.counters();
  const pagesBefore = pagesOf(bed);
  const since = machine.eventCount;
  const { result, counts } = bed.call();
  const shownAfter = pictureFor(bed, view);
  const counters = difference(machine.counters(), before);
  return {
    result,
    counts,
    pages: { before: pagesBefore, after: pagesOf(bed), moved: pagesMoved(bed, since) },
    shown:
      shownBefore === null || shownAfter === null
        ? null
        : { before: shownBefore, after: shownAfter },
    counters,
    cost: counters.faults === 0 ? costSince(machine, since) : null,
  };
}

function pictureFor({ target }: RemoteBed, view: MemoryView | null): MemoryPicture | null {
  return view === null ? null : pictureOf(target, view);
}

/** Null where the ring of events has overflowed. */
function costSince(machine: Machine, since: number): CallCost | null {
  if (!isRecorded(machine, since)) return null;
  const counted = tallyCall(machine, machine.events(since), 64);
  return composeCall(costProfile(machine.arch), counted);
}

function difference(after: Counters, before: Counters): Counters {
  const names = Object.keys(after) as (keyof Counters)[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Counters;
}
