/**
 * The two user pages around a request: what they hold before it, and what they must hold after.
 *
 *   0x1000_0000  a5 a5 … a5 │ in │ a5 … a5   0x1000_2000
 *                           └ addr
 */

import { decodeBytes, encodeBytes } from "../base/bytes.ts";
import { exempt, firstDifference, Mismatch } from "../base/compare.ts";
import { requestBytes, userPageSize, type PageAccess, type PcmMachine } from "./machine.ts";
import type { ByteRanges } from "./steps.ts";

/** What the pages hold where the request does not put anything. */
const untouched = 0xa5;

/** The part of a machine that this file uses. */
export type PagesMachine = Pick<PcmMachine, "setRequestPages" | "readRequestPages">;

/** Reused for all steps of all cases: nothing is allocated while steps agree. */
export class RequestPages {
  readonly #machine: PagesMachine;
  readonly #before = new Uint8Array(requestBytes).fill(untouched);
  readonly #expected = new Uint8Array(requestBytes);
  readonly #actual = new Uint8Array(requestBytes);
  readonly #bytes = new Uint8Array(requestBytes);
  readonly #known = new Uint8Array(requestBytes);
  #access: PageAccess = "ww";
  #start = 0;
  #end = 0;

  constructor(machine: PagesMachine) {
    this.#machine = machine;
  }

  /**
   * Builds the pages with the argument bytes `input` at `offset` (null: the argument lies
   * elsewhere), as far as the pages reach.
   */
  place(input: string, offset: number | null, access: PageAccess): void {
    const length = decodeBytes(input, this.#bytes);
    this.placeBytes(this.#bytes.subarray(0, length), offset, access);
  }

  /** {@link place} for bytes that are there already. */
  placeBytes(input: Uint8Array, offset: number | null, access: PageAccess): void {
    this.#before.fill(untouched, this.#start, this.#end);
    this.#start = offset ?? 0;
    this.#end = offset === null ? 0 : Math.min(offset + input.length, requestBytes);
    this.#before.set(input.subarray(0, this.#end - this.#start), this.#start);
    this.#access = access;
    this.#machine.setRequestPages(this.#before, access);
  }

  /** The argument's bytes as the call left them, until the next call of this object. */
  readBack(): Uint8Array {
    this.#machine.readRequestPages(this.#actual);
    return this.#actual.subarray(this.#start, this.#end);
  }

  /**
   * Throws a Mismatch unless the pages hold `out` in place of the argument ("=": unchanged) and
   * are untouched elsewhere. `skip` ranges of the argument and unmapped pages are not compared.
   */
  expect(out: string, skip: ByteRanges): void {
    this.readBack();
    this.#expected.set(this.#before);
    if (out !== "=") this.#setExpected(out);
    for (const [offset, length] of skip) {
      exempt(this.#expected, this.#actual, this.#start + offset, length);
    }
    for (let page = 0; page < this.#access.length; page++) {
      if (this.#access[page] !== "u") continue;
      exempt(this.#expected, this.#actual, page * userPageSize, userPageSize);
    }
    const at = firstDifference(this.#expected, this.#actual);
    if (at >= 0) throw this.#mismatch(at);
  }

  #setExpected(out: string): void {
    const length = decodeBytes(out, this.#bytes, this.#known);
    const count = Math.min(length, requestBytes - this.#start);
    this.#expected.set(this.#bytes.subarray(0, count), this.#start);
    for (let i = 0; i < count; i++) {
      if (this.#known[i] === 0) exempt(this.#expected, this.#actual, this.#start + i, 1);
    }
  }

  #mismatch(at: number): Mismatch {
    if (at >= this.#start && at < this.#end) {
      const [expected, actual] = [this.#expected, this.#actual].map((bytes) =>
        encodeBytes(bytes.subarray(this.#start, this.#end)),
      );
      const where = `from byte ${at - this.#start}`;
      return new Mismatch("out", `${expected} (${where})`, `${actual} (${where})`);
    }
    const byte = (bytes: Uint8Array): string =>
      `${encodeBytes(bytes.subarray(at, at + 1))} at page offset 0x${at.toString(16)}`;
    return new Mismatch("stray", byte(this.#expected), byte(this.#actual));
  }
}
