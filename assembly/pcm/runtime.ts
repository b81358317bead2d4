import { HEADER, Header } from "../machine/map";
import { STATE_DRAINING, STATE_RUNNING } from "./numbers";
import { spinLock, spinUnlock, trySpinLock } from "../machine/held";

/**
 * One open substream: struct snd_pcm_runtime (include/sound/pcm.h). The records that a program may map stand in frames
 * of their own (maps.ts), so a store through a mapped page takes effect at once; the accessors below reach into them.
 *
 *   status page                                     control page, 64-bit      32-bit
 *   0       4        8        16        32   40     0          8        16    0          4           8
 *   ┌──────┬────────┬────────┬─────────┬────┬─────┐ ┌──────────┬─────────┐    ┌──────────┬───────────┐
 *   │state │        │hw_ptr  │tstamp   │susp│audio│ │appl_ptr  │avail_min│    │appl_ptr  │avail_min  │
 *   └──────┴────────┴────────┴─────────┴────┴─────┘ └──────────┴─────────┘    └──────────┴───────────┘
 *
 * Frame counts are u64 in the record whatever the kernel's word; `mask` cuts results to the word, `signBit` is the bit
 * that makes one negative there.
 */
@unmanaged
export class Stream {
  statusPage: u32; // linear addresses of the two records
  controlPage: u32;
  device: u32; // Device
  info: u32; // the runtime's info word: 0 until the first successful HW_PARAMS
  bufferSize: u64;
  boundary: u64;
  hwPtrBase: u64;
  hwPtrInterrupt: u64;
  hwPtrJiffies: u64;
  hwPtrBufferJiffies: u64;
  periodSize: u64;
  stopThreshold: u64;
  twake: u64;
  availMax: u64;
  mask: u64;
  signBit: u64;
  silenceSize: u64;
  minAlign: u64;
  hwPtrWrap: u64;
  delay: u64; // signed frames
  startThreshold: u64;
  silenceThreshold: u64;
  silenceStart: u64;
  silenceFilled: u64;
  direction: u32; // PLAYBACK, CAPTURE
  tstampMode: u32;
  sleepers: u32; // tasks asleep on this stream, so that waking nobody costs one test
  noPeriodWakeup: u32;
  baseAstray: u32; // hw_ptr_base is no multiple of the buffer: it was poked, or is of an earlier HW_PARAMS
  availMinAt: u32; // linear address of avail_min: its place depends on the word
  wordBytes: u32;
  rate: u32;
  channels: u32;
  format: u32;
  access: u32;
  physWidth: u32;
  frameBits: u32;
  byteAlign: u32;
  periodStep: u32;
  tstampType: u32;
  reportDelay: u32; // audio time takes the extra delay in (STATUS_EXT asked for it)
  xrunDebug: u32;
  dmaBytes: u32;
  ring: u32; // linear address of the ring, 0 = none
  ringFile: u32; // MappedFile the ring's frames belong to
  recordFile: u32; // MappedFile of the two record pages
  nonblock: u32;
  proto: u32; // protocol version the program announced
  compatUsed: u32; // a compat door was used: the old mmap offsets are gone
  gone: u32; // the card was removed
  accessing: i32; // > 0 copies in progress, < 0 a call that excludes them
  group: u32; // Group, 0 = alone
  groupNext: u32; // next member
  next: u32; // next open stream
  descriptor: u32; // the number LINK names it by
  lock: u32;
  image: u32; // hw_params structure between the halves of a negotiation
  stopOperating: u32; // a stop trigger went out, and its end was not waited for
  imageAddress: u64; // where the program's structure lies
  triggerSeconds: u64;
  triggerNanoseconds: u64;
  driverSeconds: u64;
  driverNanoseconds: u64;
  life: u32; // FILE_OPEN, FILE_CLOSED, …

  @inline get state(): u32 {
    return load<u32>(this.statusPage);
  }
  @inline set state(value: u32) {
    store<u32>(this.statusPage, value);
  }
  @inline get hwPtr(): u64 {
    return load<u64>(this.statusPage, 8);
  }
  @inline set hwPtr(value: u64) {
    store<u64>(this.statusPage, value, 8);
  }
  @inline get tstampSeconds(): u64 {
    return load<u64>(this.statusPage, 16);
  }
  @inline set tstampSeconds(value: u64) {
    store<u64>(this.statusPage, value, 16);
  }
  @inline get tstampNanoseconds(): u64 {
    return load<u64>(this.statusPage, 24);
  }
  @inline set tstampNanoseconds(value: u64) {
    store<u64>(this.statusPage, value, 24);
  }
  @inline get suspendedState(): u32 {
    return load<u32>(this.statusPage, 32);
  }
  @inline set suspendedState(value: u32) {
    store<u32>(this.statusPage, value, 32);
  }
  @inline get audioSeconds(): u64 {
    return load<u64>(this.statusPage, 40);
  }
  @inline set audioSeconds(value: u64) {
    store<u64>(this.statusPage, value, 40);
  }
  @inline get audioNanoseconds(): u64 {
    return load<u64>(this.statusPage, 48);
  }
  @inline set audioNanoseconds(value: u64) {
    store<u64>(this.statusPage, value, 48);
  }
  /** The program may change it at any moment where the control page is mapped: read it once. */
  @inline get applPtr(): u64 {
    return load<u64>(this.controlPage) & this.mask;
  }
  @inline set applPtr(value: u64) {
    storeWord(this, this.controlPage, value);
  }
  @inline get availMin(): u64 {
    return load<u64>(this.availMinAt) & this.mask;
  }
  @inline set availMin(value: u64) {
    storeWord(this, this.availMinAt, value);
  }
}

/** Where the records' fields stand, for whoever reads the pages from outside. */
export const STATUS_STATE: u32 = 0;
export const STATUS_HW_PTR: u32 = 8;
export const STATUS_TSTAMP: u32 = 16;
export const STATUS_SUSPENDED_STATE: u32 = 32;
export const STATUS_AUDIO_TSTAMP: u32 = 40;

@inline
function storeWord(stream: Stream, address: usize, value: u64): void {
  if (stream.wordBytes == 8) store<u64>(address, value);
  else store<u32>(address, value as u32);
}

/** A stream's file: its program may call it; only mappings hold it; it is being released; only its record is left. */
export const FILE_OPEN: u32 = 0;
export const FILE_CLOSED: u32 = 1;
export const FILE_LEAVING: u32 = 2;
export const FILE_RELEASED: u32 = 3;

export const PLAYBACK: u32 = 0;
export const CAPTURE: u32 = 1;

@inline
export function streamAt(address: u32): Stream {
  return changetype<Stream>(address as usize);
}

@inline
export function addressOf(stream: Stream): u32 {
  return changetype<usize>(stream) as u32;
}

/** The device moves: RUNNING, or DRAINING on playback. */
@inline
export function isRunning(stream: Stream): bool {
  const state = stream.state;
  return state == STATE_RUNNING || (state == STATE_DRAINING && stream.direction == PLAYBACK);
}

/** A difference of frame counts as the kernel's signed word. */
@inline
export function signedFrames(stream: Stream, value: u64): i64 {
  return ((value & stream.signBit) != 0 ? value | ~stream.mask : value & stream.mask) as i64;
}

/** `to` - `from` on the circle of `boundary` frames; added once, so values off the circle stay off it. */
@inline
export function distance(stream: Stream, from: u64, to: u64): u64 {
  const delta = (to - from) & stream.mask;
  return (delta & stream.signBit) != 0 ? (delta + stream.boundary) & stream.mask : delta;
}

/**
 * To be called wherever base or buffer size are set regardless of each other: every pointer update after that keeps a
 * base on a multiple there. A base that comes back to one by itself stays marked until PREPARE or RESET.
 */
export function noteBase(stream: Stream): void {
  const size = stream.bufferSize;
  stream.baseAstray = u32(size != 0 && stream.hwPtrBase % size != 0);
}

/** Linked streams, newest member first. */
@unmanaged
export class Group {
  first: u32;
  count: u32;
}

@inline
export function groupAt(address: u32): Group {
  return changetype<Group>(address as usize);
}

/** A group is walked with these two: `for (at = firstMember(stream); at != 0; at = streamAt(at).groupNext)`. */
@inline
export function firstMember(stream: Stream): u32 {
  return stream.group != 0 ? groupAt(stream.group).first : addressOf(stream);
}

/** A stream alone has its own lock; linked ones share a single one. */
@inline
function lockWord(stream: Stream): usize {
  return stream.group != 0 ? PCM_LOCK : ownLock(stream);
}

@inline
function ownLock(stream: Stream): usize {
  return changetype<usize>(stream) + offsetof<Stream>("lock");
}

const PCM_LOCK: usize = HEADER + offsetof<Header>("pcmLock");

/** The stream lock. The stream may be linked while a thread waits for its lock, so the place is looked at again. */
@inline
export function lockStream(stream: Stream): void {
  if (THREADS) takeLock(stream);
}

function takeLock(stream: Stream): void {
  while (true) {
    const word = lockWord(stream);
    spinLock(word);
    if (lockWord(stream) == word) return;
    spinUnlock(word);
  }
}

/** Takes the lock if nobody has it. */
export function tryLockStream(stream: Stream): bool {
  const word = lockWord(stream);
  if (!trySpinLock(word)) return false;
  if (lockWord(stream) == word) return true;
  spinUnlock(word);
  return false;
}

@inline
export function unlockStream(stream: Stream): void {
  if (THREADS) spinUnlock(lockWord(stream));
}

/** The lock over links and the list of open streams; it comes before any stream's own. */
export function lockLinks(): void {
  spinLock(PCM_LOCK);
}

export function unlockLinks(): void {
  spinUnlock(PCM_LOCK);
}

/** Keeps everybody off a stream that is about to be linked; `lockLinks` is held. */
export function lockAlone(stream: Stream): void {
  spinLock(ownLock(stream));
}

export function unlockAlone(stream: Stream): void {
  spinUnlock(ownLock(stream));
}
