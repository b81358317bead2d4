/** Numbers of the PCM interface (include/uapi/sound/asound.h, include/sound/pcm.h). */

export const STATE_OPEN: u32 = 0;
export const STATE_SETUP: u32 = 1;
export const STATE_PREPARED: u32 = 2;
export const STATE_RUNNING: u32 = 3;
export const STATE_XRUN: u32 = 4;
export const STATE_DRAINING: u32 = 5;
export const STATE_PAUSED: u32 = 6;
export const STATE_SUSPENDED: u32 = 7;
export const STATE_DISCONNECTED: u32 = 8;

export const INFO_MMAP: u32 = 0x1;
export const INFO_BATCH: u32 = 0x10;
export const INFO_SYNC_APPLPTR: u32 = 0x20;
export const INFO_RESUME: u32 = 0x40000;
export const INFO_PAUSE: u32 = 0x80000;
export const INFO_EXPLICIT_SYNC: u32 = 0x10000000;
export const INFO_NO_REWINDS: u32 = 0x20000000;
export const INFO_DRAIN_TRIGGER: u32 = 0x40000000;

export const TRIGGER_STOP: u32 = 0;
export const TRIGGER_START: u32 = 1;
export const TRIGGER_PAUSE_PUSH: u32 = 2;
export const TRIGGER_PAUSE_RELEASE: u32 = 3;
export const TRIGGER_SUSPEND: u32 = 4;
export const TRIGGER_RESUME: u32 = 5;
export const TRIGGER_DRAIN: u32 = 6;

export const ACCESS_MMAP_INTERLEAVED: u32 = 0;
export const ACCESS_MMAP_NONINTERLEAVED: u32 = 1;
export const ACCESS_RW_INTERLEAVED: u32 = 3;
export const ACCESS_RW_NONINTERLEAVED: u32 = 4;

export const TSTAMP_NONE: u32 = 0;
export const TSTAMP_ENABLE: u32 = 1;
/** Clocks: wall, monotonic, monotonic raw. The virtual clock stands for all three. */
export const TSTAMP_TYPE_LAST: u32 = 2;

/** Protocol versions: major << 16 | minor << 8 | patch. */
export const PROTOCOL_VERSION: u32 = 0x20012;
export const PROTOCOL_TSTAMP_TYPE: u32 = 0x2000c;
export const PROTOCOL_STATUS_MAP: u32 = 0x2000e;

/** Ticks a second; the kernel builds that were recorded have this many. */
export const HZ: u64 = 250;

/** What a silence fill outside a pointer update, or a position callback in an xrun, says instead of a position. */
export const NO_POSITION: u64 = u64.MAX_VALUE;

/** Bit of the xrun debug word that turns the tick check of pointer updates on. */
export const XRUN_DEBUG_TICKS: u32 = 4;
