// The 132-byte argument of SYNC_PTR as a compat program sees it (struct snd_pcm_sync_ptr32, sound/core/pcm_compat.c):
// the places of the nine u32 that the kernel writes back. Plain constants, because the raw-wasm limit (AssemblyScript)
// and the JavaScript peer (TypeScript) both read this file.
//
//   0      4       8     12       16      20       24          28       32         36..67
//   +------+-------+-----+--------+-------+--------+-----------+--------+----------+------+
//   | flags| state | pad | hw_ptr | t.sec | t.nsec | suspended | at.sec | at.nsec  | rest |
//   +------+-------+-----+--------+-------+--------+-----------+--------+----------+------+
//   68         72          76..131
//   +----------+-----------+------+
//   | appl_ptr | avail_min | rest |
//   +----------+-----------+------+

export const STRUCT_SIZE = 132;

/** Where the status image starts, and its length. */
export const STATUS = 4;
export const STATUS_SIZE = 32;

/** Where the control image starts, and its length. */
export const CONTROL = 68;
export const CONTROL_SIZE = 8;

export const STATE = 4;
export const HW_PTR = 12;
export const TSTAMP_SEC = 16;
export const TSTAMP_NSEC = 20;
export const SUSPENDED_STATE = 24;
export const AUDIO_SEC = 28;
export const AUDIO_NSEC = 32;
export const APPL_PTR = 68;
export const AVAIL_MIN = 72;

/** The loops go round this many structures, so that no single line stays in the store buffer. */
export const STRUCTS = 8;
/** log2 of the distance between two of them. */
export const STRUCT_SHIFT = 8;
/** log2 of the distance between two source records (nine u32 in the order above). */
export const SOURCE_SHIFT = 6;
