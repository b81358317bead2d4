import type { CellId } from "./cells.ts";

/** A loop timed from outside: `run(n)` does the work `n` times and returns something of its result. */
export interface LoopWork {
  readonly kind: "loop";
  readonly run: (n: number) => number;
}

/**
 * A loop that says itself how long it took, for a peer that is reached over something slow (a guest
 * behind a serial port). `warmMs`: how long it has to run before it is measured.
 */
export interface TimedWork {
  readonly kind: "timed";
  readonly warmMs: number;
  readonly run: (n: number) => Promise<{ readonly ns: number; readonly checksum: number }>;
  /** Called around every sample, so that a peer that works in the background can be kept quiet. */
  readonly before?: () => Promise<void>;
  readonly after?: () => Promise<void>;
}

/** One event, too long or too rare for a loop. Returns its nanoseconds. */
export interface SingleWork {
  readonly kind: "single";
  /** How many to take in each round. */
  readonly perRound: number;
  /** After how many rounds it is enough; all of them where absent. */
  readonly mostRounds?: number;
  readonly run: () => number | Promise<number>;
}

export type Work = LoopWork | TimedWork | SingleWork;

/** One of those compared: a name, what it is, and the work items that it can do. */
export interface Peer {
  readonly name: string;
  readonly about: string;
  readonly works: ReadonlyMap<CellId, Work>;
  /** Where its work is not quite the cell's, and how. */
  readonly notes?: ReadonlyMap<CellId, string>;
  /** The wasm that runs, for the peer whose build the figures are about. */
  readonly core?: Uint8Array;
  readonly close?: () => Promise<void>;
}

/** What a peer of our own shows of its memory, so that a test can compare peers byte by byte. */
export interface Inspectable {
  /** Writes the record that structure `record` (0 to STRUCTS - 1) is filled from: nine u32. */
  readonly setRecord: (record: number, fields: readonly number[]) => void;
  /** Writes the source of the copies of W2. */
  readonly setCopySource: (bytes: Uint8Array) => void;
  /** Sets every byte of the user's structures of W1. */
  readonly fillStructs: (byte: number) => void;
  /** The user's structures of W1, one behind the other at their distance. */
  readonly structs: () => Uint8Array;
  /** The first `size` bytes where W2 copies to. */
  readonly copied: (size: number) => Uint8Array;
}
