/**
 * The argument of SYNC_PTR in every ABI (include/uapi/sound/asound.h, sound/core/pcm_compat.c): where each of the nine
 * written fields stands and how wide it is. Called with constants, these functions fold away.
 *
 *   A native64   0 flags · 8 state · 16 hw_ptr:8 · 24 tstamp · 40 suspended · 48 audio · 72 appl_ptr:8 · 80 avail_min:8
 *   B native32   0 flags · 8 state · 16 hw_ptr:4 · 24 tstamp · 40 suspended · 48 audio · 72 appl_ptr:4 · 76 avail_min:4
 *   C compat     0 flags · 4 state · 12 hw_ptr:4 · 16 tstamp:4 4 · 24 suspended · 28 audio:4 4 · 68 appl_ptr · 72 avail_min
 *   D x32        as B
 *   E time64     as B, but the kernel fills hw_ptr as 8 bytes
 */
export const ABI_NATIVE64: u32 = 0;
export const ABI_NATIVE32: u32 = 1;
export const ABI_COMPAT: u32 = 2;
export const ABI_X32: u32 = 3;
export const ABI_COMPAT_TIME64: u32 = 4;

export const STRATEGY_KERNEL: u32 = 0; // the form that the machine's kernel version has
export const STRATEGY_PER_FIELD: u32 = 1;
export const STRATEGY_COPY: u32 = 2;
export const STRATEGY_BLOCK: u32 = 3;

/**
 * The written fields, in the order they are written: state, hw_ptr, tstamp (s, ns), suspended, audio tstamp (s, ns),
 * appl_ptr, avail_min.
 */
export const FIELD_STATE: u32 = 0;
export const FIELD_HW_PTR: u32 = 1;
export const FIELD_SUSPENDED: u32 = 4;
export const FIELD_APPL_PTR: u32 = 7;
export const FIELD_AVAIL_MIN: u32 = 8;

/** Bytes of the whole argument. */
@inline
export function argumentBytes(abi: u32): u32 {
  return abi == ABI_COMPAT ? 132 : 136;
}

@inline
export function offsetOf(abi: u32, field: u32): u32 {
  if (abi == ABI_COMPAT) {
    if (field == FIELD_STATE) return 4;
    if (field >= FIELD_APPL_PTR) return 68 + (field - FIELD_APPL_PTR) * 4;
    return 8 + field * 4;
  }
  if (field == FIELD_APPL_PTR) return 72;
  // the odd place in B, D and E is an old mistake in the padding, now ABI
  if (field == FIELD_AVAIL_MIN) return abi == ABI_NATIVE64 ? 80 : 76;
  return 8 + field * 8;
}

@inline
export function widthOf(abi: u32, field: u32): u32 {
  if (abi == ABI_COMPAT || field == FIELD_STATE || field == FIELD_SUSPENDED) return 4;
  if (field == FIELD_HW_PTR) return abi == ABI_NATIVE64 || abi == ABI_COMPAT_TIME64 ? 8 : 4;
  if (field >= FIELD_APPL_PTR) return abi == ABI_NATIVE64 ? 8 : 4;
  return 8;
}

/** Bytes of the control part, as the kernel's own block copy takes it in. */
@inline
export function controlBytes(abi: u32): u32 {
  if (abi == ABI_NATIVE64) return 16;
  return abi == ABI_NATIVE32 ? 12 : 8;
}

/** Bytes of the status part: 32 in C, 56 elsewhere. */
@inline
export function statusBytes(abi: u32): u32 {
  return abi == ABI_COMPAT ? 32 : 56;
}
