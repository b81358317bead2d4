// Which page, and which word on it, comes next in W5. One linear congruential generator for all
// peers (plain constants: AssemblyScript and TypeScript both read this file). The low bits of such a
// generator have short periods, hence the shift, which leaves 20 bits: 1,048,576 pages.
//
//   x    = x * RANDOM_MUL + RANDOM_ADD          (modulo 2^32)
//   page = (x >>> RANDOM_SHIFT) & pageMask
//   va   = base + page * 4096 + ((page << LINE_SHIFT) & LINE_MASK)

export const RANDOM_MUL = 1664525;
export const RANDOM_ADD = 1013904223;
export const RANDOM_SHIFT = 12;

/** Neighbouring pages use different cache lines, or all data would fall into one set. */
export const LINE_SHIFT = 6;
export const LINE_MASK = 0xfc0;
