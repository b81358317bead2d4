/** What the program of a virtio-snd-threads run is told, and what it writes down. */

/** A sample, S32_LE, mono, is the number of the period that it is of, from 1. */
export const THREAD_FRAME_BYTES = 4;

/**
 * How the device's time goes: in steps of a period, which the program gives it and between which all stand still; as
 * far as the program has come (what it wrote is played, what it read makes room); or as the device likes.
 */
export const paces = { steps: 0, program: 1, free: 2 } as const;

/** Addresses are linear but for the sound's own. */
export interface ApplicationScript {
  /** 1: it reads; 0: it writes. */
  readonly captures: number;
  readonly stream: number;
  /** Where its sound lies: the program's address, and the linear one. */
  readonly sound: number;
  readonly soundLinear: number;
  /** Frames of a write or read, of a period, of the ring and of all. */
  readonly write: number;
  readonly period: number;
  readonly ring: number;
  readonly frames: number;
  /** So many that are written start the stream. */
  readonly start: number;
  readonly pace: (typeof paces)[keyof typeof paces];
  readonly apart: number;
  readonly player: number;
  /** Its {@link notesAt}, and for how many beginnings they have room. */
  readonly notes: number;
  readonly beginnings: number;
}

const order = [
  "captures",
  "stream",
  "sound",
  "soundLinear",
  "write",
  "period",
  "ring",
  "frames",
  "start",
  "pace",
  "apart",
  "player",
  "notes",
  "beginnings",
] as const satisfies readonly (keyof ApplicationScript)[];

export function applicationNumbers(script: ApplicationScript): number[] {
  return order.map((name) => script[name]);
}

export function scriptOf(numbers: readonly number[]): ApplicationScript {
  const named = Object.fromEntries(order.map((name, at) => [name, numbers[at]! >>> 0]));
  return named as unknown as ApplicationScript;
}

/**
 * Words that the program writes down:
 *
 *   ┌────────────┬──────┬──────┬──────┬────────┬──────┬────────┬───
 *   │ beginnings │ read │ late │ turn │ number │ turn │ number │ …
 *   └────────────┴──────┴──────┴──────┴────────┴──────┴────────┴───
 *
 * how often it began, how many periods it has read, how often it slept over an xrun to its time limit, and for each
 * beginning: the turn that came next at the other end, and the number of the period whose turn that was.
 */
export const notesAt = { beginnings: 0, read: 1, late: 2, first: 3 } as const;
export const BEGINNING_WORDS = 2;

export function notesBytes(beginnings: number): number {
  return 4 * (notesAt.first + BEGINNING_WORDS * beginnings);
}
