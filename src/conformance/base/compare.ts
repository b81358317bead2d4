/** Comparing what a step left with what was recorded. */

/** A recorded value that the replay did not reproduce: ends the case. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
  /** What was compared: "ret", "out", "post.hw_ptr", … */
  readonly field: string;
  readonly expected: string;
  readonly actual: string;

  constructor(field: string, expected: string, actual: string) {
    super(`${field}: expected ${expected}, got ${actual}`);
    this.field = field;
    this.expected = expected;
    this.actual = actual;
  }
}

/** Index of the first byte that differs in two buffers of the same length, or -1. */
export function firstDifference(expected: Uint8Array, actual: Uint8Array): number {
  const words = expected.length >>> 2;
  const a = new Uint32Array(expected.buffer, expected.byteOffset, words);
  const b = new Uint32Array(actual.buffer, actual.byteOffset, words);
  let word = 0;
  while (word < words && a[word] === b[word]) word++;
  for (let i = word * 4; i < expected.length; i++) {
    if (expected[i] !== actual[i]) return i;
  }
  return -1;
}

/** Takes the bytes of [offset, offset + length) out of the comparison. */
export function exempt(
  expected: Uint8Array,
  actual: Uint8Array,
  offset: number,
  length: number,
): void {
  const end = Math.min(offset + length, expected.length);
  for (let i = Math.max(offset, 0); i < end; i++) expected[i] = actual[i]!;
}

/** A 64-bit word in two halves, as the traces write it. */
export function hexText(low: number, high: number): string {
  return `0x${((BigInt(high) << 32n) | BigInt(low)).toString(16)}`;
}
