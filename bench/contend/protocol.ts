import type { MachineShape } from "../../src/index.ts";

/**
 * What the main thread and two workers share: the round that is due and its repetitions, and for each worker the last
 * round it has done, with the nanoseconds it took.
 *
 *   0        1        2          3          4         5
 *   ┌────────┬────────┬──────────┬──────────┬─────────┬─────────┐
 *   │ round  │ times  │ done, 0  │ done, 1  │ ready, 0│ ready, 1│   32-bit words
 *   └────────┴────────┴──────────┴──────────┴─────────┴─────────┘
 *   then two 64-bit floats: nanoseconds of each, and of results two more
 */
export const ROUND = 0;
export const TIMES = 1;
export const DONE = 2;
export const READY = 4;
export const NANOSECONDS_AT = 24;
export const RESULTS_AT = 40;
export const CONTROL_BYTES = 56;

/** What the two do: attempts on one word, or a word to and fro. */
export type Contest = "attempts" | "pingPong";

/** Where a worker does it: in raw wasm at a linear address, or in a machine at a user address. */
export type Arena =
  | {
      readonly kind: "raw";
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      readonly word: number;
    }
  | {
      readonly kind: "machine";
      readonly module: WebAssembly.Module;
      readonly memory: WebAssembly.Memory;
      readonly shape: MachineShape;
      /** The CPU of each worker. */
      readonly cpus: readonly number[];
      readonly word: number;
    };

export interface WorkerData {
  readonly control: SharedArrayBuffer;
  /** Which of the two it is. */
  readonly index: number;
  readonly contest: Contest;
  readonly arena: Arena;
}
