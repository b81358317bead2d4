import { checkOptions, listOf, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import type { WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { composeCall, costProfile, type CallEvents } from "../measure/cost/index.ts";
import { nanosecondsPerTurn, type CoreLoop } from "../measure/realTime.ts";
import { tallyCall } from "../measure/tally.ts";
import {
  abiNumber,
  abiRow,
  strategyNames,
  strategyNumber,
  type AbiName,
  type StrategyName,
} from "../systems/pcm/abi.ts";
import { callFigures, type CallFigures } from "./callFigures.ts";
import { comparedStrategies, given } from "./compareSyncPtr.ts";
import { coresGiven } from "./coresGiven.ts";
import {
  expectAnswer,
  longestPeriod,
  playPeriod,
  preparePlayback,
  type PlaybackBed,
} from "./playbackBed.ts";

/** What is compared. Everything has a default. */
export interface ComparePlaybackOptions {
  readonly archs?: readonly ArchName[];
  /** Frames of a period. Default {@link comparedPeriods}. */
  readonly periodSizes?: readonly number[];
  /** How SYNC_PTR moves its values. */
  readonly strategies?: readonly StrategyName[];
  readonly kernel?: string;
  /** The cores to use, where the built-in ones cannot be found (browsers). */
  readonly wasm?: { readonly study?: WasmSource; readonly release?: WasmSource };
}

const compareOptions: Shape<ComparePlaybackOptions> = {
  archs: optional(listOf(nameOf(archNames))),
  periodSizes: optional(listOf(whole(1, longestPeriod))),
  strategies: optional(listOf(nameOf(strategyNames))),
  kernel: optional(kernelRelease),
  wasm: optional(coresGiven),
};

/**
 * What a period of stereo S16 costs the kernel in user access: WRITEI of the period and a SYNC_PTR, both at the native
 * door. The figures of the row itself add up both sides of both calls.
 */
export interface PlaybackRow extends CallFigures {
  readonly arch: ArchName;
  readonly abi: AbiName;
  readonly strategy: StrategyName;
  /** Frames. */
  readonly periodSize: number;
  /** Between kernel and user in bulk: the period, WRITEI's structure, and what SYNC_PTR copies. */
  readonly bytesCopied: number;
  /** Real time of both calls on this machine, in nanoseconds. */
  readonly nsPerPeriod: number;
}

export interface PlaybackComparison {
  readonly schemaVersion: 1;
  readonly scenario: "pcm-playback";
  readonly kernel: string;
  readonly rows: readonly PlaybackRow[];
}

export const comparedPeriods: readonly number[] = [64, 256, 1024];

interface Beds {
  readonly study: PlaybackBed;
  readonly release: PlaybackBed;
}

/**
 * Strategies × period sizes × architectures; counts come from the study build, times from release.
 * @throws UsageError for names that do not exist, and for a period of which four do not fit the device's ring
 */
export async function comparePlayback(
  options: ComparePlaybackOptions = {},
): Promise<PlaybackComparison> {
  checkOptions("options", options, compareOptions);
  const { archs = archNames, periodSizes = comparedPeriods } = options;
  const { strategies = comparedStrategies, kernel = newestKernel, wasm } = options;
  let study = await Machine.create({ kernel, build: "study", ...given(wasm?.study) });
  let release = await Machine.create({ kernel, build: "release", ...given(wasm?.release) });
  const rows: PlaybackRow[] = [];
  for (const arch of archs) {
    for (const periodSize of periodSizes) {
      study = study.reset({ arch });
      release = release.reset({ arch });
      const beds = {
        study: preparePlayback(study, periodSize),
        release: preparePlayback(release, periodSize),
      };
      rows.push(...rowsOf(beds, strategies));
    }
  }
  return { schemaVersion: 1, scenario: "pcm-playback", kernel: study.shape.kernel.version, rows };
}

function rowsOf({ study, release }: Beds, strategies: readonly StrategyName[]): PlaybackRow[] {
  const { arch } = study.machine;
  const times = realTimes(release, strategies);
  return strategies.map((strategy, index) => {
    const counted = countPeriod(study, strategy);
    return {
      arch,
      abi: study.abi,
      strategy,
      periodSize: study.periodSize,
      bytesCopied: bytesOf(counted),
      ...callFigures(counted, composeCall(costProfile(arch), counted)),
      nsPerPeriod: times[index]!,
    };
  });
}

/** The events of one warm period. */
function countPeriod(bed: PlaybackBed, strategy: StrategyName): CallEvents {
  const { machine, abi } = bed;
  playPeriod(bed, strategy);
  const since = machine.eventCount;
  playPeriod(bed, strategy);
  return tallyCall(machine, machine.events(since), abiRow(abi).wordBits);
}

function bytesOf({ read, write }: CallEvents): number {
  return [...read.copiesFromUser, ...write.copiesToUser].reduce((sum, { bytes }) => sum + bytes, 0);
}

/** WRITEI is the same for every strategy; all are sampled in turn, so that a slow moment meets all of them. */
function realTimes(bed: PlaybackBed, strategies: readonly StrategyName[]): number[] {
  const loops = [writeLoop(bed), ...strategies.map((name) => syncLoop(bed, name))];
  const [write, ...syncs] = nanosecondsPerTurn(loops.map(checkedLoop)) as [number, ...number[]];
  return syncs.map((sync) => write + sync);
}

/** A loop inside the core that answers the bit-or of its calls' results. */
type CountedLoop = (turns: number) => number;

/** A loop of calls that are refused would measure the refusal. */
function checkedLoop(loop: CountedLoop): CoreLoop {
  return (turns) => expectAnswer("loop", 0, loop(turns));
}

/** The verb has left WRITEI's structure in user memory. */
function writeLoop({ machine, task, stream }: PlaybackBed): CountedLoop {
  const { exports } = machine;
  const { lo, hi } = machine.word(stream.argument, "argument");
  return (turns) => exports.measureWritei(task.cpu, stream.handle, lo, hi, turns);
}

function syncLoop(bed: PlaybackBed, strategy: StrategyName): CountedLoop {
  const { machine, task, stream, syncAddress } = bed;
  const { exports } = machine;
  const numbers = [abiNumber(machine, bed.abi), strategyNumber(machine, strategy)] as const;
  return (turns) =>
    exports.measureSyncPtr(task.cpu, stream.handle, ...numbers, syncAddress, 0, turns);
}
