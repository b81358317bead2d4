/**
 * Real time of a loop inside the core, as nanoseconds a turn: the fastest of short samples, because whatever else the
 * machine does only ever adds time.
 */

const TARGET_MS = 1;
const SAMPLES = 9;
const FIRST_TURNS = 500;

/** Milliseconds of a monotonic clock, in Node and in browsers. */
const now = (): number => performance.now();

/** A loop inside the core: runs the work that often without leaving it. */
export type CoreLoop = (turns: number) => void;

/**
 * Nanoseconds a turn of each of some loops, sampled in turn, so that a slow moment of the machine meets all of them.
 * Every figure is this machine's, at this moment: compare it only with others of the same call.
 */
export function nanosecondsPerTurn(loops: readonly CoreLoop[]): number[] {
  const turns = loops.map(turnsFor);
  const best = loops.map(() => Number.POSITIVE_INFINITY);
  for (let sample = 0; sample < SAMPLES; sample++) {
    loops.forEach((loop, index) => {
      best[index] = Math.min(best[index]!, timed(loop, turns[index]!) / turns[index]!);
    });
  }
  return best.map((ms) => ms * 1e6);
}

/** Warms a loop up and finds how many turns make a sample. */
function turnsFor(loop: CoreLoop): number {
  let turns = FIRST_TURNS;
  loop(turns);
  for (;;) {
    const ms = timed(loop, turns);
    if (ms >= TARGET_MS) return turns;
    turns *= ms < TARGET_MS / 8 ? 8 : 2;
  }
}

function timed(loop: CoreLoop, turns: number): number {
  const start = now();
  loop(turns);
  return now() - start;
}
