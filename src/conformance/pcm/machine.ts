/**
 * The machine that the PCM replayer drives: one emulated computer with a sound device, seen
 * through the same doors as the recorded kernel (system calls, user memory, the device's own
 * knobs) plus read-only views of the kernel's bookkeeping.
 *
 * The replayer holds no answers: every value it compares comes through this interface.
 *
 * User addresses (fixed by the recordings):
 *
 *   0x1000_0000 ┬ request page 0 ┐ rebuilt before every request, access set page by page
 *   0x1000_1000 ┴ request page 1 ┘
 *   0x1800_0000 ─ user data area, any number of pages, the page after it is unmapped
 */

/** System call door of a program: 64-bit, i386, x32. */
export const pcmDoors = ["lp64", "i386", "x32"] as const;
export type PcmDoor = (typeof pcmDoors)[number];

/** Sound device of a case: the scripted test device, or one of the kernel's own drivers. */
export const pcmDevices = ["ctl", "dummy", "aloop"] as const;
export type PcmDeviceName = (typeof pcmDevices)[number];

export const pcmDirections = ["playback", "capture"] as const;
export type PcmDirection = (typeof pcmDirections)[number];

/** Access to one request page: w read/write, r read only, n none (bytes kept), u unmapped. */
const pageLetters = ["w", "r", "n", "u"] as const;
export type PageLetter = (typeof pageLetters)[number];

/** Access of request page 0 and request page 1. */
export type PageAccess = `${PageLetter}${PageLetter}`;
export const pageAccesses: readonly PageAccess[] = pageLetters.flatMap((first) =>
  pageLetters.map((second): PageAccess => `${first}${second}`),
);

/** Address of the first of the two adjacent request pages. */
export const requestBase = 0x10000000;

/** Address of the user data area. */
export const userDataBase = 0x18000000;

/** Bytes in a user page. */
export const userPageSize = 4096;

/** Bytes in the two request pages together. */
export const requestBytes = 2 * userPageSize;

/**
 * The entries of the kernel's bookkeeping of a substream, in the order in which
 * {@link PcmMachine.bookkeeping} stores them.
 */
export const bookkeepingEntries = [
  "state",
  "suspended_state",
  "status_state",
  "hw_ptr",
  "appl_ptr",
  "avail_min",
  "boundary",
  "hw_ptr_base",
  "hw_ptr_interrupt",
  "hw_ptr_wrap",
  "avail_max",
  "silence_start",
  "silence_filled",
  "start_threshold",
  "stop_threshold",
  "silence_threshold",
  "silence_size",
  "buffer_size",
  "period_size",
  "delay",
  "min_align",
  "byte_align",
  "twake",
  "tstamp_mode",
  "period_step",
  "dma_bytes",
  "frame_bits",
] as const;

export type BookkeepingEntry = (typeof bookkeepingEntries)[number];

/** 32-bit words that a bookkeeping snapshot takes: low and high half of every entry. */
export const bookkeepingWords = 2 * bookkeepingEntries.length;

/** What a case fixes before its first step. */
export interface PcmCaseSetup {
  /** Kind of program that makes the calls. */
  readonly abi: PcmDoor;
  /** Kernel release, as recorded ("6.12.117+deb12-amd64"). */
  readonly kernel: string;
  readonly device: PcmDeviceName;
  /** Direction of the main file, slot 0. */
  readonly stream: PcmDirection;
  /** Device limits that differ from the test device's defaults, under the recorded names. */
  readonly limits: Readonly<Record<string, number>>;
}

/** What OPEN asks for. Always read and write. */
export interface PcmOpenRequest {
  readonly device: PcmDeviceName;
  readonly stream: PcmDirection;
  /** Device number inside the card. */
  readonly sub: number;
  /** O_NONBLOCK. */
  readonly nonblock: boolean;
}

/**
 * The device's own side, below the kernel's sound core. Positions, pointers and delays are in
 * frames, as unsigned 64-bit words.
 */
export interface PcmDeviceKnobs {
  /** From now on the pointer callback answers this, unchecked (all ones: "xrun"). */
  setPosition(slot: number, frames: bigint): void;
  /** The driver reports a period interrupt. */
  periodElapsed(slot: number): void;
  /** The driver stops the stream for an under/overrun. */
  xrun(slot: number): void;
  /** All streams of the slot's device are suspended. */
  suspend(slot: number): void;
  /** The core is told to stop the stream into `state`; returns the core's answer (0 or -errno). */
  stop(slot: number, state: number): number;
  /** Sets three pointers and the last interrupt; silence_start follows appl_ptr. */
  poke(slot: number, hwPtrBase: bigint, hwPtr: bigint, applPtr: bigint, interrupt: bigint): void;
  /** From now on prepare, trigger and ack return these (two's complement, 0 is success). */
  setReturns(slot: number, prepare: bigint, trigger: bigint, ack: bigint): void;
  /** The stream's extra delay. */
  setDelay(slot: number, frames: bigint): void;
  /** The card is removed, with every open file on it. */
  disconnect(slot: number): void;
}

/**
 * A machine for one case at a time. Numbers returned by calls are what the kernel entry
 * returns: 0 or positive, or minus the error number.
 *
 * A method may throw a NotImplementedError (notImplemented.ts); the replayer then fails the case with
 * "not implemented: …" and goes on with the next one.
 */
export interface PcmMachine {
  /** Drops everything of the case before and gets ready for a new one. */
  reset(setup: PcmCaseSetup): void;

  /** open(2) of a substream. */
  open(slot: number, request: PcmOpenRequest): number;
  close(slot: number): number;
  /** The file number that a program would pass to name this open file (argument of LINK). */
  descriptor(slot: number): number;
  /**
   * ioctl(2) through `door`, on whichever file `slot` is. The argument is a 64-bit word in two
   * halves, given uncut: i386 and x32 doors themselves use the low half only.
   */
  ioctl(slot: number, door: PcmDoor, cmd: number, argLow: number, argHigh: number): number;
  /** read(2) of `length` bytes to a user address below 4 GiB. */
  read(slot: number, address: number, length: number): number;
  /** write(2) of `length` bytes from a user address below 4 GiB. */
  write(slot: number, address: number, length: number): number;
  /** poll(2) for in, out, pri and err without waiting; returns revents. */
  poll(slot: number): number;
  /**
   * mmap(2), shared, of a file offset below 4 GiB (`prot` 1 read, 3 read and write). Returns the
   * user address of the new mapping, or -errno.
   */
  mmap(slot: number, offset: number, length: number, prot: number): number;
  /** Writes text to a file outside the sound system ("/sys/power/pm_test"); bytes taken. */
  writeSystemFile(file: string, text: string): number;

  /**
   * Maps both request pages, copies `image` (requestBytes bytes) into them, then sets access.
   * Neither the copy nor the change of access is an access of the emulated program.
   */
  setRequestPages(image: Uint8Array, access: PageAccess): void;
  /**
   * Reads both request pages into `into`, whatever their access. Bytes of an unmapped page are
   * left as `into` has them.
   */
  readRequestPages(into: Uint8Array): void;
  /** Replaces the user data area by `bytes` (a whole number of pages; none removes it). */
  setUserData(bytes: Uint8Array): void;
  /** Reads the user data area from `offset`; false when the range is not all mapped. */
  readUserData(offset: number, into: Uint8Array): boolean;
  /** A load by the program from a page that {@link mmap} returned; false if it faults. */
  loadMapped(address: number, into: Uint8Array): boolean;
  /** A store by the program to a page that {@link mmap} returned; false if it faults. */
  storeMapped(address: number, bytes: Uint8Array): boolean;

  /** Stores to the device ring, not through the sound calls; 0 or -errno. */
  fillRing(slot: number, offset: number, bytes: Uint8Array): number;
  /** Reads the device ring; false when the range is not inside it. */
  readRing(slot: number, offset: number, into: Uint8Array): boolean;

  readonly device: PcmDeviceKnobs;

  /**
   * Stores the substream's bookkeeping, two 32-bit words (low, high) an entry in the order of
   * {@link bookkeepingEntries}. All zero right after open.
   */
  bookkeeping(slot: number, into: Uint32Array): void;
  /**
   * The driver callbacks of this slot since the last question, oldest first: `open`, `close`,
   * `hw_params`, `hw_free`, `prepare`, `trigger:<name>`, `pointer`, `ack:0x<low 56 bits>`.
   */
  takeDriverCalls(slot: number): readonly string[];
  /** What broke the rules inside the modelled kernel since the last question; empty if nothing. */
  takeFindings(): readonly string[];

  /** Remembers the whole machine (one level deep), for a step that is tried several ways. */
  save(): void;
  /** Puts back what {@link save} remembered; may be called again. */
  restore(): void;
}
