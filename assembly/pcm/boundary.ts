/** Where the pointers wrap (snd_pcm_hw_params in pcm_native.c, recalculate_boundary in pcm_compat.c). */

const LONG_MAX_32: u32 = 0x7fffffff;

/**
 * The buffer size doubled as long as a pointer plus one buffer stays in the signed word of `wordBytes`: what a loop
 * over boundary · 2 ≤ LONG_MAX − buffer gives.
 */
export function boundaryFor(bufferSize: u64, wordBytes: u32): u64 {
  const longMax: u64 = wordBytes == 8 ? (i64.MAX_VALUE as u64) : LONG_MAX_32;
  let boundary = bufferSize;
  while (boundary <= (longMax - bufferSize) >> 1) boundary <<= 1;
  return boundary;
}

/** The boundary that a program with 32-bit frame counts sees; 0 before the first HW_PARAMS. */
export function recalculateBoundary(bufferSize: u64): u32 {
  const size = bufferSize as u32;
  if (size == 0) return 0;
  const border = LONG_MAX_32 - size;
  if (size > border) return size;
  const shifted = size << (clz(size) - clz(border));
  return shifted > border ? shifted >> 1 : shifted;
}
