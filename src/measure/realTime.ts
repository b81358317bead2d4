/**
 * Real time of a loop inside the core, as nanoseconds a turn: the fastest of short samples, because whatever else the
 * machine does only ever adds time.
 */

const TARGET_MS = 1;
const SAMPLES = 9;
const FIRST_TURNS = 500;

/** Milliseconds of a monotonic clock, in Node and in browsers. */
const now = (): number => performance.now();

/**
 * `loop(n)` runs the work n times without leaving the core. The first turns warm it up and say how long a sample has
 * to be. Every figure is this machine's, at this moment: compare it only with others of the same run.
 */
export function nanosecondsPerTurn(loop: (turns: number) => void): number {
  loop(FIRST_TURNS);
  const turns = turnsFor(loop);
  const samples = Array.from({ length: SAMPLES }, () => timed(loop, turns) / turns);
  return Math.min(...samples) * 1e6;
}

function turnsFor(loop: (turns: number) => void): number {
  let turns = FIRST_TURNS;
  for (;;) {
    const ms = timed(loop, turns);
    if (ms >= TARGET_MS) return turns;
    turns *= ms < TARGET_MS / 8 ? 8 : 2;
  }
}

function timed(loop: (turns: number) => void, turns: number): number {
  const start = now();
  loop(turns);
  return now() - start;
}
