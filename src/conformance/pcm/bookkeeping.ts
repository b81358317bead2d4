/** The running expectation of a substream's bookkeeping, and its comparison with the machine's. */

import type { Checker } from "../base/checker.ts";
import { hexText, Mismatch } from "../base/compare.ts";
import {
  bookkeepingEntries,
  bookkeepingWords,
  type BookkeepingEntry,
  type PcmMachine,
} from "./machine.ts";
import type { Entries } from "./steps.ts";
import { highHalf, lowHalf } from "../base/trace.ts";

const indexOf = new Map<string, number>(bookkeepingEntries.map((name, index) => [name, index]));

/** One slot's entries: a recording lists only those that changed, all others must not have. */
export class ExpectedBookkeeping {
  readonly #expected = new Uint32Array(bookkeepingWords);
  readonly #actual = new Uint32Array(bookkeepingWords);

  /** Starts again at zero, as a fresh open does. */
  clear(): void {
    this.#expected.fill(0);
  }

  /** Takes over entries that changed. */
  add(entries: Entries): void {
    for (const name in entries) {
      const value = entries[name as BookkeepingEntry]!;
      const index = indexOf.get(name)!;
      this.#expected[2 * index] = lowHalf(value);
      this.#expected[2 * index + 1] = highHalf(value);
    }
  }

  /** Throws a Mismatch at the first entry that is not as expected. */
  compare(machine: PcmMachine, slot: number, checker: Checker): void {
    machine.bookkeeping(slot, this.#actual);
    for (let word = 0; word < bookkeepingWords; word++) {
      if (this.#expected[word] !== this.#actual[word]) throw this.#mismatch(word >> 1);
    }
    checker.agrees("post");
  }

  #mismatch(index: number): Mismatch {
    const shown = (words: Uint32Array): string => hexText(words[2 * index]!, words[2 * index + 1]!);
    const name = bookkeepingEntries[index]!;
    return new Mismatch(`post.${name}`, shown(this.#expected), shown(this.#actual));
  }
}

/** The entries of one slot as the machine has them now. */
export class BookkeepingView {
  readonly #machine: PcmMachine;
  readonly #words = new Uint32Array(bookkeepingWords);

  constructor(machine: PcmMachine) {
    this.#machine = machine;
  }

  read(slot: number): void {
    this.#machine.bookkeeping(slot, this.#words);
  }

  /** An entry, as an unsigned 64-bit word, of the slot that was read last. */
  entry(name: BookkeepingEntry): bigint {
    const index = indexOf.get(name)!;
    return (BigInt(this.#words[2 * index + 1]!) << 32n) | BigInt(this.#words[2 * index]!);
  }
}
