import type { ArchName } from "../machine/arch.ts";
import type { MachineEvent } from "../machine/events.ts";
import { newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { composeCall, costProfile, type CallEvents } from "../measure/cost/index.ts";
import { nanosecondsPerTurn } from "../measure/realTime.ts";
import { tallyCall } from "../measure/tally.ts";
import { layoutOf, type Struct, type StructLayout } from "../structs/index.ts";
import { abiRow, type AbiName } from "../systems/pcm/abi.ts";
import { callFigures, type CallFigures } from "./callFigures.ts";
import {
  callStruct,
  givenWasm,
  prepareStruct,
  strategyCode,
  structMachine,
  structStrategyNames,
  structVariants,
  type CompareStructOptions,
  type StructBed,
  type StructStrategy,
} from "./structBed.ts";
import { structLeaks, type Leak } from "./structLeaks.ts";
import { argumentAddress } from "./syncPtr.ts";

/** One strategy on one architecture in one ABI; the figures of the row itself add up both sides. */
export interface StructRow extends CallFigures {
  readonly arch: ArchName;
  readonly abi: AbiName;
  readonly strategy: StructStrategy;
  /** Real time of the call on this machine, in nanoseconds: the core goes through a table of the fields. */
  readonly nsPerCall: number;
  /** What in the composed figures is an estimate beyond interpolated copies, in words. */
  readonly estimates: readonly string[];
}

/** A layout, and what an unzeroed copy of it would disclose. */
export interface ComparedLayout extends StructLayout {
  readonly leaks: readonly Leak[];
}

export interface StructComparison {
  readonly schemaVersion: 1;
  readonly struct: string;
  readonly kernel: string;
  /** Paths of the fields that are read and written, in order. */
  readonly read: readonly string[];
  readonly written: readonly string[];
  readonly layouts: readonly ComparedLayout[];
  readonly rows: readonly StructRow[];
}

interface Beds {
  readonly study: StructBed;
  readonly release: StructBed;
}

/**
 * The strategies side by side for a described structure, as compareSyncPtr does for SYNC_PTR: counts come from the study
 * build, times from release.
 * @throws UsageError for names that do not exist, and for a structure that has no layout in one of the ABIs
 */
export async function compareStruct(
  struct: Struct,
  options: CompareStructOptions = {},
): Promise<StructComparison> {
  const variants = structVariants(struct, options);
  const strategies = options.strategies ?? structStrategyNames;
  const plans = variants.map(({ arch, abi }) => ({
    arch,
    abi,
    layout: layoutOf(struct, abi, arch),
  }));
  const shape = { ...structMachine, kernel: options.kernel ?? newestKernel };
  const { wasm } = options;
  let study = await Machine.create({ ...shape, build: "study", ...givenWasm(wasm?.study) });
  let release = await Machine.create({ ...shape, build: "release", ...givenWasm(wasm?.release) });
  const layouts: ComparedLayout[] = [];
  const rows: StructRow[] = [];
  for (const { arch, abi, layout } of plans) {
    study = study.reset({ arch });
    release = release.reset({ arch });
    const beds = {
      study: prepareStruct(study, struct, abi),
      release: prepareStruct(release, struct, abi),
    };
    layouts.push({ ...layout, leaks: structLeaks(beds.release, layout) });
    rows.push(...rowsOf(beds, strategies));
  }
  return {
    schemaVersion: 1,
    struct: struct.name,
    kernel: study.shape.kernel.version,
    read: struct.reads.map(({ path }) => path),
    written: struct.writes.map(({ path }) => path),
    layouts,
    rows,
  };
}

/** The strategies of one ABI are timed in turn, so that a slow moment of the machine meets all of them. */
function rowsOf({ study, release }: Beds, strategies: readonly StructStrategy[]): StructRow[] {
  const { arch } = study.machine;
  const times = nanosecondsPerTurn(strategies.map((strategy) => loopOf(release, strategy)));
  return strategies.map((strategy, index) => {
    const call = countStruct(study, strategy);
    const cost = composeCall(costProfile(arch), call.counted);
    return {
      arch,
      abi: study.abi,
      strategy,
      ...callFigures(call.counted, cost),
      nsPerCall: times[index]!,
      estimates: cost.both.instructions === null ? [] : estimatesOf(study, strategy, call),
    };
  });
}

function loopOf(bed: StructBed, strategy: StructStrategy): (turns: number) => void {
  const { machine, task, call } = bed;
  const code = strategyCode(bed, strategy);
  return (turns) =>
    machine.exports.measureStructCall(task.cpu, call.linear, argumentAddress, 0, code, turns);
}

/** The events of one warm call. */
export function countStruct(
  bed: StructBed,
  strategy: StructStrategy,
): { readonly counted: CallEvents; readonly events: readonly MachineEvent[] } {
  const { machine, abi } = bed;
  callStruct(bed, strategy);
  const since = machine.eventCount;
  callStruct(bed, strategy);
  const events = machine.events(since);
  return { counted: tallyCall(machine, events, abiRow(abi).wordBits), events };
}

const NARROWEST_PRICED = 4;

/** What no figure was published for, and how it is priced all the same. */
function estimatesOf(
  { tables: { lists } }: StructBed,
  strategy: StructStrategy,
  { counted, events }: ReturnType<typeof countStruct>,
): readonly string[] {
  const isNarrow = ({ kind, detail }: MachineEvent): boolean =>
    (kind === "load" || kind === "store") && detail < NARROWEST_PRICED;
  const hasArray = [...lists.reads, ...lists.writes].some(({ isValue }) => !isValue);
  const copies = counted.read.copiesFromUser.length + counted.write.copiesToUser.length;
  const inPieces = strategy === "unsafe-block" && hasArray && copies === 0;
  return [
    ...(events.some(isNarrow) ? ["values of 1 and 2 bytes are priced as those of 4"] : []),
    ...(inPieces
      ? ["an array in a block is priced as its pieces, without the loop around them"]
      : []),
  ];
}
