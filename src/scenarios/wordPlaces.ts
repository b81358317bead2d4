import type { Machine } from "../machine/machine.ts";
import { wordPages, type WordPage } from "./futexBed.ts";

/** What an address that a program passes as a futex word's can point to. */
export const wordPlaces = {
  ...wordPages,
  misaligned: "half a word behind one that is there",
  kernel: "an address that is no program's",
} as const;

export type WordPlace = keyof typeof wordPlaces;

export const wordPlaceNames = Object.keys(wordPlaces) as WordPlace[];

const HALF_A_WORD = 2;
const LAST_PAGE = 0x1000n;

/** The page of the word nearby; where the address itself is wrong, it is as good as any. */
export function pageOfPlace(place: WordPlace): WordPage {
  return place === "misaligned" || place === "kernel" ? "present" : place;
}

/** What is passed instead of a word's address. */
export function addressOfPlace(machine: Machine, word: number, place: WordPlace): bigint {
  if (place === "kernel") return 2n ** BigInt(8 * machine.wordBytes) - LAST_PAGE;
  return BigInt(place === "misaligned" ? word + HALF_A_WORD : word);
}
