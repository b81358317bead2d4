/**
 * Byte strings of the traces: hex in memory order, in chunks split by blanks.
 *
 *   "0300 00*7 f301 ??*128"
 *         │         └ 128 bytes that no longer exist
 *         └ seven zeros
 */

import { TraceError } from "./trace.ts";

const blank = 0x20;
const star = 0x2a;
const question = 0x3f;

/** Runs at least this long are written as one chunk. */
const shortestRun = 4;

/**
 * Decodes `text` into `into` from its start and returns the number of bytes. In `known`, where
 * given, bytes get 1 and bytes that no longer exist 0; without it the latter are an error.
 * Throws a TraceError for anything else, and when `into` is too small.
 */
export function decodeBytes(text: string, into: Uint8Array, known?: Uint8Array): number {
  let length = 0;
  let at = 0;
  while (at < text.length) {
    if (text.charCodeAt(at) === blank) {
      at++;
      continue;
    }
    const byte = byteAt(text, at, known !== undefined);
    at += 2;
    let count = 1;
    if (text.charCodeAt(at) === star) {
      const end = endOfChunk(text, at);
      count = repeatCount(text, at + 1, end);
      at = end;
    }
    if (length + count > into.length) {
      throw new TraceError("", `more than ${into.length} bytes in "${excerpt(text, 0)}"`);
    }
    into.fill(Math.max(byte, 0), length, length + count);
    known?.fill(byte < 0 ? 0 : 1, length, length + count);
    length += count;
  }
  return length;
}

/** The byte written at `at`, or -1 for one that no longer exists. */
function byteAt(text: string, at: number, mayBeGone: boolean): number {
  const high = text.charCodeAt(at);
  const low = text.charCodeAt(at + 1);
  if (high === question && low === question && mayBeGone) return -1;
  const byte = (digit(high) << 4) | digit(low);
  if (byte < 0) throw new TraceError("", `"${excerpt(text, at)}" is no hex byte`);
  return byte;
}

/** The value of a hex digit, or a negative number. */
function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -256;
}

function endOfChunk(text: string, at: number): number {
  const end = text.indexOf(" ", at);
  return end < 0 ? text.length : end;
}

function repeatCount(text: string, start: number, end: number): number {
  const digits = text.slice(start, end);
  if (!/^[0-9]{1,9}$/.test(digits)) {
    throw new TraceError("", `"${excerpt(text, start - 3)}" has no decimal count after the *`);
  }
  return Number(digits);
}

function excerpt(text: string, at: number): string {
  return text.length - at > 24 ? `${text.slice(at, at + 24)}...` : text.slice(at);
}

/** Writes bytes in the traces' notation; bytes whose `known` is 0 become `??`. */
export function encodeBytes(bytes: Uint8Array, known?: Uint8Array): string {
  const chunks: string[] = [];
  let loose = "";
  for (let at = 0; at < bytes.length;) {
    const run = runLength(bytes, at, known);
    const name = known?.[at] === 0 ? "??" : bytes[at]!.toString(16).padStart(2, "0");
    if (run >= shortestRun || name === "??") {
      if (loose !== "") chunks.push(loose);
      chunks.push(`${name}*${run}`);
      loose = "";
    } else {
      loose += name.repeat(run);
    }
    at += run;
  }
  if (loose !== "") chunks.push(loose);
  return chunks.join(" ");
}

function runLength(bytes: Uint8Array, start: number, known?: Uint8Array): number {
  let end = start + 1;
  while (
    end < bytes.length &&
    known?.[end] === known?.[start] &&
    (bytes[end] === bytes[start] || known?.[start] === 0)
  ) {
    end++;
  }
  return end - start;
}

// FNV-1a in 64 bits, as two halves: the prime is 2^40 + 0x1b3.
const fnvBasisHigh = 0xcbf29ce4;
const fnvBasisLow = 0x84222325;
const fnvPrimeLow = 0x1b3;
const fnvPrimeShift = 40 - 32;

/** The 64-bit FNV-1a hash of `bytes`, as the traces write it: "fnv:" and 16 hex digits. */
export function fnv1a(bytes: Uint8Array): string {
  let high = fnvBasisHigh;
  let low = fnvBasisLow;
  for (let i = 0; i < bytes.length; i++) {
    low = (low ^ bytes[i]!) >>> 0;
    const product = low * fnvPrimeLow;
    const carry = Math.floor(product / 2 ** 32);
    high = (Math.imul(high, fnvPrimeLow) + carry + (low << fnvPrimeShift)) >>> 0;
    low = product >>> 0;
  }
  return `fnv:${high.toString(16).padStart(8, "0")}${low.toString(16).padStart(8, "0")}`;
}

/**
 * `bytes` as a trace states a block it checks: a hash if `expected` is one, else hex that reads
 * the same as `expected` when the bytes are the same.
 */
export function statedLike(expected: string, bytes: Uint8Array): string {
  if (expected.startsWith("fnv:")) return fnv1a(bytes);
  const decoded = new Uint8Array(bytes.length);
  const same =
    decodeBytes(expected, decoded) === bytes.length && decoded.every((b, i) => b === bytes[i]);
  return same ? expected : encodeBytes(bytes);
}

/** Bytes after which the fill patterns take an extra step: a whole number of turns for `step`. */
const patternPage = 256;

/** The pattern of `fill_ring` and `user_data`: byte i = i·step + (i >> 8)·pageStep + seed. */
export function patternBytes(
  length: number,
  seed: number,
  step: number,
  pageStep: number,
): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += patternPage) {
    const end = Math.min(start + patternPage, length);
    let value = (start / patternPage) * pageStep + seed;
    for (let i = start; i < end; i++, value += step) bytes[i] = value;
  }
  return bytes;
}

/** Bytes as plain hex, two digits each. */
export function encodeHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** The bytes of plain hex that was checked. */
export function decodeHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}
