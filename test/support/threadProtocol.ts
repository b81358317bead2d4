import type { MachineShape } from "../../src/index.ts";

/**
 * What the main thread and its emulated CPUs share besides the machine: a few words.
 *
 *   0        1         2         3           4          5         6
 *   ┌────────┬─────────┬─────────┬───────────┬──────────┬─────────┬───
 *   │ round  │ rounds  │ calls   │ last good │ result   │ rounds  │ …
 *   │        │ done    │ so far  │ call      │          │ done    │
 *   └────────┴─────────┴─────────┴───────────┴──────────┴─────────┴───
 *   (−1 = end) └────────── first worker ─────────────┘
 */
export const control = {
  round: 0,
  workers: 1,
  words: 4,
  done: 0,
  calls: 1,
  lastGood: 2,
  result: 3,
} as const;

/**
 * So long may a round take, on both sides: a little less than a test (vitest.config.ts), which a thread that waits here
 * cannot be told of. Where a core has much else to do, a word that goes to and fro 20,000 times needs its minute.
 */
export const PATIENCE_MS = 200_000;

/** Round number that ends a worker. */
export const END = -1;

export type Job =
  /** SYNC_PTR until it fails; before each call all nine values are set to the call's number. */
  | {
      readonly kind: "syncPtr";
      readonly stream: number;
      readonly abi: number;
      readonly strategy: number;
      readonly address: number;
    }
  /** copy_to_user of a buffer filled with the call's number, until it fails. */
  | {
      readonly kind: "copies";
      readonly buffer: number;
      readonly bytes: number;
      readonly address: number;
    }
  /** A word of its own in each page: perhaps read, then written, as often as it takes. */
  | {
      readonly kind: "slots";
      readonly address: number;
      readonly pages: number;
      readonly slot: number;
      readonly readFirst: boolean;
    }
  /** So many rounds of a loop of the core (ROUNDS_*) on a futex word, and a counter. */
  | {
      readonly kind: "futex";
      readonly loop: number;
      readonly address: number;
      readonly counter: number;
      readonly rounds: number;
    }
  /**
   * So many times: an event of these attributes is opened for the task, put onto a ring, hit, and closed; the result is
   * how often one could not be opened.
   */
  | {
      readonly kind: "perfSamples";
      readonly attributes: number;
      readonly perfTask: number;
      readonly frame: number;
      readonly ring: number;
      readonly number: number;
      readonly samples: number;
      readonly rounds: number;
    }
  /**
   * Holds the lock of the events until a CPU's thread is about to take it (the result is 1), or until the word `over`
   * says that what was to take it has come to its end without (0).
   */
  | { readonly kind: "holdsPerfLock"; readonly against: number; readonly over: number }
  /**
   * So many reads of another task's pages, of any place and length. Each word of a page should be its number, counted
   * from 1, or 0; the result is how many of those looked at were not.
   */
  | {
      readonly kind: "remoteReads";
      readonly target: number;
      readonly address: number;
      readonly pages: number;
      readonly calls: number;
      readonly buffer: number;
      readonly bytes: number;
    };

export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly shape: MachineShape;
  readonly control: SharedArrayBuffer;
  readonly index: number;
  readonly cpu: number;
  readonly task: number;
  readonly job: Job;
}
