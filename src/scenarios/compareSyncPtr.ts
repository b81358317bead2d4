import { checkOptions, listOf, nameOf, optional, type Shape } from "../base/checks.ts";
import type { WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { composeCall, costProfile, type CallCost, type CallEvents } from "../measure/cost/index.ts";
import { nanosecondsPerTurn } from "../measure/realTime.ts";
import { tallyCall } from "../measure/tally.ts";
import {
  abiExistsOn,
  abiNames,
  abiNumber,
  abiRow,
  strategyNames,
  strategyNumber,
  type AbiName,
  type StrategyName,
} from "../systems/pcm/abi.ts";
import { callFigures, type CallFigures } from "./callFigures.ts";
import { coresGiven } from "./coresGiven.ts";
import {
  argumentAddress,
  hotFlags,
  prepareSyncPtr,
  writeArgument,
  type SyncPtrBed,
} from "./syncPtr.ts";

/** What is compared. Everything has a default. */
export interface CompareOptions {
  readonly archs?: readonly ArchName[];
  readonly abis?: readonly AbiName[];
  readonly strategies?: readonly StrategyName[];
  readonly kernel?: string;
  /** The cores to use, where the built-in ones cannot be found (browsers). */
  readonly wasm?: { readonly study?: WasmSource; readonly release?: WasmSource };
}

const compareOptions: Shape<CompareOptions> = {
  archs: optional(listOf(nameOf(archNames))),
  abis: optional(listOf(nameOf(abiNames))),
  strategies: optional(listOf(nameOf(strategyNames))),
  kernel: optional(kernelRelease),
  wasm: optional(coresGiven),
};

/** One strategy on one architecture in one ABI; the figures of the row itself add up both sides. */
export interface CompareRow extends CallFigures {
  readonly arch: ArchName;
  readonly abi: AbiName;
  readonly strategy: StrategyName;
  /** Real time of the whole call on this machine, in nanoseconds. */
  readonly nsPerCall: number;
  /** The part of that time spent moving user data, 0 … 1. */
  readonly userShare: number;
}

export interface SyncPtrComparison {
  readonly schemaVersion: 1;
  readonly scenario: "sync-ptr";
  readonly kernel: string;
  readonly rows: readonly CompareRow[];
}

export const comparedStrategies: readonly StrategyName[] = ["per-field", "copy", "unsafe-block"];

/** Counts come from the study build, times from release; the two never mix. */
export async function compareSyncPtr(options: CompareOptions = {}): Promise<SyncPtrComparison> {
  const { archs, abis, strategies } = checkedVariants(options);
  const kernel = options.kernel ?? newestKernel;
  const machineOptions = { kernel, memory: "1M", cpus: 1, tlbEntries: 64 } as const;
  let study = await Machine.create({
    ...machineOptions,
    build: "study",
    ...given(options.wasm?.study),
  });
  let release = await Machine.create({
    ...machineOptions,
    build: "release",
    ...given(options.wasm?.release),
  });
  const rows: CompareRow[] = [];
  for (const arch of archs) {
    for (const abi of abis.filter((name) => abiExistsOn(name, arch))) {
      study = study.reset({ arch });
      release = release.reset({ arch });
      const beds = { study: prepareSyncPtr(study, abi), release: prepareSyncPtr(release, abi) };
      for (const strategy of strategies) rows.push(compareOne(beds, abi, strategy));
    }
  }
  return { schemaVersion: 1, scenario: "sync-ptr", kernel: study.shape.kernel.version, rows };
}

/** The variants asked for. @throws UsageError for a name that does not exist */
export function checkedVariants(
  options: CompareOptions,
): Required<Pick<CompareOptions, "archs" | "abis" | "strategies">> {
  checkOptions("options", options, compareOptions);
  const { archs = archNames, abis = ["compat"], strategies = comparedStrategies } = options;
  return { archs, abis, strategies };
}

/** The core that the caller brings, where one is brought. */
export function given(wasm: WasmSource | undefined): { wasm: WasmSource } | Record<string, never> {
  return wasm === undefined ? {} : { wasm };
}

function compareOne(
  beds: { study: SyncPtrBed; release: SyncPtrBed },
  abi: AbiName,
  strategy: StrategyName,
): CompareRow {
  const { machine } = beds.study;
  const { counted, call } = modelledCost(beds.study, abi, strategy);
  return {
    arch: machine.arch,
    abi,
    strategy,
    ...callFigures(counted, call),
    ...realTime(beds.release, abi, strategy),
  };
}

/** The events of one warm call, and what they cost on the machine's architecture. */
export function modelledCost(
  bed: SyncPtrBed,
  abi: AbiName,
  strategy: StrategyName,
): { counted: CallEvents; call: CallCost } {
  const { machine } = bed;
  const { wordBits } = abiRow(abi);
  writeArgument(bed, 0, hotFlags);
  bed.stream.syncPtr({ address: argumentAddress, abi, strategy });
  const since = machine.eventCount;
  bed.stream.syncPtr({ address: argumentAddress, abi, strategy });
  const counted = tallyCall(machine, machine.events(since), wordBits);
  return { counted, call: composeCall(costProfile(machine.arch), counted) };
}

/** Real time of the whole call and of what moves user data in it, measured one right after the other. */
function realTime(
  bed: SyncPtrBed,
  abi: AbiName,
  strategy: StrategyName,
): { nsPerCall: number; userShare: number } {
  const { exports } = bed.machine;
  const numbers = [abiNumber(bed.machine, abi), strategyNumber(bed.machine, strategy)] as const;
  const { cpu } = bed.task;
  writeArgument(bed, 0, hotFlags);
  const [whole, moving] = nanosecondsPerTurn([
    (turns) =>
      exports.measureSyncPtr(cpu, bed.stream.handle, ...numbers, argumentAddress, 0, turns),
    (turns) => exports.measureSyncPtrMove(cpu, ...numbers, argumentAddress, 0, turns),
  ]);
  // two measurements: on a busy machine the part may come out longer than the whole
  return { nsPerCall: whole!, userShare: Math.min(1, moving! / whole!) };
}
