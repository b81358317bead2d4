import type { CellId } from "./cells.ts";
import type { LoopWork, Peer, SingleWork, TimedWork, Work } from "./peer.ts";
import { summarize } from "./statistics.ts";
import type { Summary } from "./statistics.ts";

/** How long and how often to measure. */
export interface Settings {
  /** How long one sample should take, in milliseconds. */
  readonly sampleMs: number;
  /** How long a loop runs before it is measured, in milliseconds. */
  readonly warmMs: number;
  /** How often each peer gets its turn. */
  readonly rounds: number;
}

export const FULL: Settings = { sampleMs: 25, warmMs: 300, rounds: 9 };
export const QUICK: Settings = { sampleMs: 5, warmMs: 50, rounds: 3 };

/** A sample this much shorter than asked for comes of a wrong calibration, and says nothing. */
const SHORTEST_SHARE = 0.3;
const CALIBRATIONS = 5;
const NS_PER_MS = 1e6;

/** What one peer needed in one cell. */
export interface Result {
  readonly peer: string;
  readonly nsPerOp: Summary;
  /** To the limit's sample taken right before; absent where the limit has no such work. */
  readonly ratio?: Summary;
  readonly samples: number;
  readonly rejected: number;
}

type Repeated = LoopWork | TimedWork;

interface Sample {
  readonly ns: number;
  readonly checksum: number;
}

/** A work with the number of repetitions that fills one sample. */
interface Runner {
  readonly peer: string;
  readonly work: Repeated;
  readonly n: number;
  readonly ns: number[];
  readonly ratios: number[];
  rejected: number;
}

/** All that the loops returned, so that no compiler may think a result unused. */
let consumed = 0;

/** A digest of all results so far. */
export function consumedResults(): number {
  return consumed;
}

async function takeSample(work: Repeated, n: number): Promise<Sample> {
  if (work.kind === "timed") return takeTimedSample(work, n);
  const start = process.hrtime.bigint();
  const checksum = work.run(n);
  const ns = Number(process.hrtime.bigint() - start);
  consumed = (consumed ^ checksum) | 0;
  return { ns, checksum };
}

async function takeTimedSample(work: TimedWork, n: number): Promise<Sample> {
  await work.before?.();
  const sample = await work.run(n);
  await work.after?.();
  consumed = (consumed ^ sample.checksum) | 0;
  return sample;
}

/** Runs a work until it is warm, with ever longer samples. Returns a number of repetitions near enough. */
async function warmUp(work: Repeated, settings: Settings): Promise<number> {
  const warmNs = NS_PER_MS * (work.kind === "timed" ? work.warmMs : settings.warmMs);
  const enough = (settings.sampleMs * NS_PER_MS) / 4;
  let n = 1;
  for (let spent = 0; spent < warmNs;) {
    const { ns } = await takeSample(work, n);
    spent += ns;
    if (ns < enough) n *= 2;
  }
  return n;
}

/** How many repetitions fill one sample: by the median of five, since a single one may hit a stall. */
async function calibrate(work: Repeated, settings: Settings): Promise<number> {
  const n = await warmUp(work, settings);
  const perOp: number[] = [];
  for (let i = 0; i < CALIBRATIONS; i++) perOp.push((await takeSample(work, n)).ns / n);
  return Math.max(1, Math.ceil((settings.sampleMs * NS_PER_MS) / summarize(perOp).median));
}

async function createRunner(peer: Peer, work: Repeated, settings: Settings): Promise<Runner> {
  const n = await calibrate(work, settings);
  return { peer: peer.name, work, n, ns: [], ratios: [], rejected: 0 };
}

/** One sample; its nanoseconds for one operation, or undefined when it was too short to count. */
async function measure(runner: Runner, settings: Settings): Promise<number | undefined> {
  const { ns } = await takeSample(runner.work, runner.n);
  if (ns < SHORTEST_SHARE * settings.sampleMs * NS_PER_MS) {
    runner.rejected++;
    return undefined;
  }
  const perOp = ns / runner.n;
  runner.ns.push(perOp);
  return perOp;
}

/** The limit, then at once the peer, so that both see the machine in the same mood. */
async function measurePair(limit: Runner, runner: Runner, settings: Settings): Promise<void> {
  const floor = await measure(limit, settings);
  const perOp = await measure(runner, settings);
  if (floor !== undefined && perOp !== undefined) runner.ratios.push(perOp / floor);
}

/** `items` beginning with another one each round. */
function rotated<T>(items: readonly T[], round: number): readonly T[] {
  const first = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function toResult(runner: Runner): Result {
  const counts = { samples: runner.ns.length, rejected: runner.rejected };
  const shared = { peer: runner.peer, nsPerOp: summarize(runner.ns), ...counts };
  return runner.ratios.length === 0 ? shared : { ...shared, ratio: summarize(runner.ratios) };
}

async function measureRepeated(
  limit: Runner | undefined,
  runners: readonly Runner[],
  settings: Settings,
): Promise<Result[]> {
  for (let round = 0; round < settings.rounds; round++) {
    for (const runner of rotated(runners, round)) {
      if (limit === undefined) await measure(runner, settings);
      else await measurePair(limit, runner, settings);
    }
    if (limit !== undefined && runners.length === 0) await measure(limit, settings);
  }
  const all = limit === undefined ? runners : [limit, ...runners];
  return all.filter(({ ns }) => ns.length > 0).map(toResult);
}

interface Single {
  readonly peer: string;
  readonly work: SingleWork;
  readonly ns: number[];
}

async function measureSingles(singles: readonly Single[], settings: Settings): Promise<Result[]> {
  for (let round = 0; round < settings.rounds; round++) {
    const due = singles.filter(({ work }) => round < (work.mostRounds ?? settings.rounds));
    for (const { work, ns } of rotated(due, round)) {
      for (let i = 0; i < work.perRound; i++) {
        globalThis.gc?.();
        ns.push(await work.run());
      }
    }
  }
  return singles.map(({ peer, ns }) => ({
    peer,
    nsPerOp: summarize(ns),
    samples: ns.length,
    rejected: 0,
  }));
}

function isRepeated(work: Work): work is Repeated {
  return work.kind !== "single";
}

/**
 * Measures one cell for all `peers` that have it. The limit is sampled right before each sample of a
 * peer, but not before single events; the order of the peers rotates from round to round. A peer
 * whose samples were all rejected is missing from the answer.
 */
export async function measureCell(
  id: CellId,
  limit: Peer,
  peers: readonly Peer[],
  settings: Settings,
): Promise<readonly Result[]> {
  const runners: Runner[] = [];
  const singles: Single[] = [];
  let floor: Runner | undefined;
  for (const peer of [...peers, limit]) {
    const work = peer.works.get(id);
    if (work === undefined) continue;
    if (!isRepeated(work)) singles.push({ peer: peer.name, work, ns: [] });
    else if (peer === limit) floor = await createRunner(peer, work, settings);
    else runners.push(await createRunner(peer, work, settings));
  }
  globalThis.gc?.();
  const repeated = await measureRepeated(floor, runners, settings);
  return [...repeated, ...(await measureSingles(singles, settings))];
}
