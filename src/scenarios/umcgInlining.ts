import type { ArchName } from "../machine/arch.ts";
import { composeSide, costProfile, sideEvents } from "../measure/cost/index.ts";

/** Written out at each of its call sites, or called from them: what either takes, in code and in instructions run. */
export interface UmcgInlining {
  readonly arch: ArchName;
  /** Instructions of the helper where nothing faults; null: none published. The atomic itself counts as one store. */
  readonly bodyInstructions: number | null;
  /** Instructions that a call of it leaves at its site: the call, and its operands by the published price of one. */
  readonly siteInstructions: number | null;
  /** From so many call sites on, one body and calls of it are less code than a body at each; null: never. */
  readonly breakEvenSites: number | null;
  /** One operation by the price of a call, in instructions. */
  readonly prices: readonly UmcgPrice[];
  /** Real time of one operation here, in nanoseconds: emulated, the same loop with the hit written out and called. */
  readonly nsInline: number;
  readonly nsOutOfLine: number;
}

export interface UmcgPrice {
  readonly price: number;
  readonly inline: number | null;
  readonly outOfLine: number | null;
}

const MOST_PRICE = 10;

/** Address, old value, new value. */
const OPERANDS = 3;
/** What the published price of a copy's operands is for. */
const OPERANDS_OF_COPY = 2;
const CALL = 1;

export function siteInstructions(arch: ArchName): number | null {
  const copy = { bytes: 8, toAlign: 0, fromAlign: 0 };
  const { components } = composeSide(costProfile(arch), sideEvents({ copiesToUser: [copy] }), 64);
  const { address } = components;
  return address === null || address === 0 ? null : CALL + (OPERANDS * address) / OPERANDS_OF_COPY;
}

/** sites × body > body + sites × site, for the fewest sites. */
export function breakEven(body: number | null, site: number | null): number | null {
  if (body === null || site === null || body <= site) return null;
  return Math.floor(body / (body - site)) + 1;
}

export function pricesOf(body: number | null): readonly UmcgPrice[] {
  return Array.from({ length: MOST_PRICE + 1 }, (_, price) => ({
    price,
    inline: body,
    outOfLine: body === null ? null : body + price,
  }));
}
