/**
 * The hw_params structure as user programs see it (kernel file
 * include/uapi/sound/asound.h, Linux 6.12).
 *
 *     0 ┬ flags
 *     4 ┼ masks: access, format, subformat   3 × 32 bytes, bit n in word n / 32
 *   100 ┼ reserved masks                     160 bytes
 *   260 ┼ intervals 8..19                    12 × (min, max, bits)
 *   404 ┼ reserved intervals                 108 bytes
 *   512 ┼ rmask, cmask, info, msbits, rate_num, rate_den
 *   536 ┼ fifo_size                          8 bytes to the kernel, 4 to a 32-bit program
 *   544 ┴ sync id, reserved                  up to 608 (64-bit) or 604 (i386, x32)
 */

/** Bytes of a word at the program's door: i386, x32 and the programs of a 32-bit kernel share the short structure. */
export type WordBytes = 4 | 8;

export const nativeImageBytes = 608;
export const compatImageBytes = 604;

/** Byte offsets of the fields that negotiation reads or writes. */
export const offsetOf = {
  flags: 0,
  masks: 4,
  intervals: 260,
  rmask: 512,
  cmask: 516,
  info: 520,
  msbits: 524,
  rateNum: 528,
  rateDen: 532,
  fifoSize: 536,
} as const;

export const maskBytes = 32;

/** The highest value that a mask can hold. */
export const lastMaskBit = maskBytes * 8 - 1;
export const maskWords = maskBytes / 4;
export const intervalBytes = 12;

/** Parameter numbers: also the bit of the parameter in rmask and cmask. */
export const param = {
  access: 0,
  format: 1,
  subformat: 2,
  sampleBits: 8,
  frameBits: 9,
  channels: 10,
  rate: 11,
  periodTime: 12,
  periodSize: 13,
  periodBytes: 14,
  periods: 15,
  bufferTime: 16,
  bufferSize: 17,
  bufferBytes: 18,
  tickTime: 19,
} as const;

export const maskCount = 3;
export const firstInterval = param.sampleBits;
export const intervalCount = param.tickTime - firstInterval + 1;
/** One more than the highest parameter number. */
export const paramCount = firstInterval + intervalCount;

/** The largest 32-bit number, which stands for "no limit". */
export const unlimited = 0xffffffff;

export const access = {
  mmapInterleaved: 0,
  mmapNonInterleaved: 1,
  mmapComplex: 2,
  rwInterleaved: 3,
  rwNonInterleaved: 4,
} as const;

export const subformat = { std: 0, msbitsMax: 1, msbits20: 2, msbits24: 3 } as const;

/** Bits of the info word that negotiation looks at. */
export const infoBit = {
  mmap: 0x1,
  mmapValid: 0x2,
  interleaved: 0x100,
  nonInterleaved: 0x200,
  complex: 0x400,
  noPeriodWakeup: 0x800000,
  drainTrigger: 0x40000000,
  fifoInFrames: 0x80000000,
} as const;

/** Bit of the request's flags: the program does without period wake-ups. */
export const flagNoPeriodWakeup = 4;

export const einval = 22;

/** Size of the structure at a door. */
export function imageBytes(wordBytes: WordBytes): number {
  return wordBytes === 8 ? nativeImageBytes : compatImageBytes;
}
