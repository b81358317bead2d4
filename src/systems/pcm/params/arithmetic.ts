/**
 * Products and quotients of unsigned 32-bit numbers, exact in 64 bits and cut off at
 * `unlimited` (sound/core/pcm_lib.c). Doubles are exact to 2^53, so larger products are
 * divided in two steps of 16 bits:
 *
 *   a = high · 2^16 + low        high · b = q1 · c + r1
 *   a · b = q1 · c · 2^16 + (r1 · 2^16 + low · b)      the bracket stays below 2^49
 */

import { unlimited } from "./layout.ts";

const half = 0x10000;

/** a × b, at most `unlimited`. */
export function mul(a: number, b: number): number {
  const product = a * b;
  return product < unlimited ? product : unlimited;
}

/** a × b / c, rounded down, at most `unlimited`; `unlimited` when c is 0. */
export function mulDiv(a: number, b: number, c: number): number {
  if (c === 0) return unlimited;
  const product = a * b;
  const quotient =
    product <= Number.MAX_SAFE_INTEGER ? Math.floor(product / c) : splitQuotient(a, b, c);
  return quotient < unlimited ? quotient : unlimited;
}

/** True when a × b / c leaves a remainder and was not cut off; `quotient` is {@link mulDiv}'s. */
export function hasRemainder(a: number, b: number, c: number, quotient: number): boolean {
  if (quotient === unlimited) return false;
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) return product !== quotient * c;
  return splitRest(a, b, c) % c !== 0;
}

function splitQuotient(a: number, b: number, c: number): number {
  const upper = Math.floor(a / half) * b;
  return Math.floor(upper / c) * half + Math.floor(splitRest(a, b, c) / c);
}

/** What is left to divide after the upper 16 bits of a were used up. */
function splitRest(a: number, b: number, c: number): number {
  const upper = Math.floor(a / half) * b;
  const rest = upper - Math.floor(upper / c) * c;
  return rest * half + (a % half) * b;
}
