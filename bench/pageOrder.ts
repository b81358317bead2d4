// Which page, and which word on it, comes next in W5: one generator (xorshift) for all peers. Plain
// constants, because AssemblyScript and TypeScript both read this file.
//
//   x ^= x << SHIFT_A;  x ^= x >>> SHIFT_B;  x ^= x << SHIFT_C      (32 bits)
//   page = x & pageMask
//   va   = base + page * 4096 + ((page << LINE_SHIFT) & LINE_MASK)

export const SHIFT_A = 13;
export const SHIFT_B = 17;
export const SHIFT_C = 5;

/** Neighbouring pages use different cache lines, or all data would fall into one set. */
export const LINE_SHIFT = 6;
export const LINE_MASK = 0xfc0;
