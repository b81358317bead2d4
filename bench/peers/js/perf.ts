import { PAGE_MASK, PAGE_SIZE } from "./layout.ts";
import { FAULT, translateRead } from "./machine.ts";
import type { JsMachine } from "./machine.ts";
import { carry, moveBytes, userAccessEnd, userReadAccessBegin } from "./uaccess.ts";

// Samples of a software event as the JavaScript peer makes them. Words of 8 bytes are two int32, the
// lower first; positions in the ring are bytes modulo 2^32.

/** Bits of the sample type that this peer writes, in the order of a record's fields. */
const IP = 1 << 0;
const TID = 1 << 1;
const TIME = 1 << 2;
const CPU = 1 << 7;
const PERIOD = 1 << 8;
const REGS_USER = 1 << 12;
const STACK_USER = 1 << 13;

const RECORD_SAMPLE = 9;
const MISC_USER = 2;
const ABI_64 = 2;
const USER_CS = 0x33;
const PRIVILEGE = 3;

/** Words (of 8 bytes) of struct pt_regs. */
export const FRAME_WORDS = 21;
const FRAME_IP = 16;
const FRAME_CS = 17;
const FRAME_SP = 19;
/** Where the registers of a full mask stand in the frame, in the order of the mask's bits. */
const REGISTERS = [10, 5, 11, 12, 13, 14, 4, 19, 16, 18, 17, 20, 9, 8, 7, 6, 3, 2, 1, 0] as const;

// An event's words.
export const EVENT_TYPE = 0;
export const EVENT_NUMBER = 1;
export const EVENT_STACK = 2;
export const EVENT_PID = 3;
/** Two words. */
export const EVENT_TIME = 4;
const EVENT_COUNT = 6;
const RING_HEAD = 7;
const RING_TAIL = 8;
const RING_LOST = 9;
const RING_DATA_HEAD = 10;
export const EVENT_WORDS = 12;

/** Where an event, the registers that it finds, and its ring (of a power of two of bytes) begin, in words of 4 bytes. */
export interface SamplePlace {
  readonly event: number;
  readonly frame: number;
  readonly ring: number;
  readonly ringBytes: number;
}

function recordBytes(type: number, stack: number): number {
  let bytes = 8;
  for (let left = type & (IP | TID | TIME | CPU | PERIOD); left !== 0; left &= left - 1) bytes += 8;
  if ((type & REGS_USER) !== 0) bytes += 8 + 8 * REGISTERS.length;
  return (type & STACK_USER) === 0 ? bytes : bytes + 16 + stack;
}

/** Where a record of `bytes` begins in the ring, in bytes; −1 where there is no room for it. */
function reserve(words: Int32Array, { event, ringBytes }: SamplePlace, bytes: number): number {
  const head = words[event + RING_HEAD]!;
  const free = (words[event + RING_TAIL]! - head - 1) & (ringBytes - 1);
  if (free < bytes) {
    words[event + RING_LOST]!++;
    return -1;
  }
  words[event + RING_HEAD] = head + bytes;
  return head & (ringBytes - 1);
}

/** One word of 8 bytes; where the next one goes. Records are whole words, so that none goes over the ring's end. */
function put(words: Int32Array, place: SamplePlace, at: number, low: number, high: number): number {
  const word = place.ring + (at >> 2);
  words[word] = low;
  words[word + 1] = high;
  return (at + 8) & (place.ringBytes - 1);
}

function putRegisters(words: Int32Array, place: SamplePlace, at: number): number {
  const { frame } = place;
  at = put(words, place, at, words[frame + 2 * FRAME_CS] === USER_CS ? ABI_64 : 1, 0);
  for (let index = 0; index < REGISTERS.length; index++) {
    const word = frame + 2 * REGISTERS[index]!;
    at = put(words, place, at, words[word]!, words[word + 1]!);
  }
  return at;
}

/** Copies from user memory to RAM, with no fault repaired; bytes that were copied. */
function copyFromUser(m: JsMachine, to: number, lo: number, hi: number, size: number): number {
  if (!userReadAccessBegin(m, lo, hi, size)) return 0;
  let done = 0;
  while (done < size) {
    const from = translateRead(m, lo, hi);
    if (from === FAULT) break;
    let run = Math.min(size - done, PAGE_SIZE - (lo & PAGE_MASK));
    while (
      done + run < size &&
      translateRead(m, (lo + run) | 0, carry(lo, hi, run)) === from + run
    ) {
      run = Math.min(size - done, run + PAGE_SIZE);
    }
    moveBytes(m, to + done, from, run);
    hi = carry(lo, hi, run);
    lo = (lo + run) | 0;
    done += run;
  }
  userAccessEnd(m);
  return done;
}

/** The size, the bytes, in two pieces where they go over the ring's end, and how many came over. */
function putStack(m: JsMachine, place: SamplePlace, at: number, bytes: number): number {
  const { words } = m;
  const { frame, ring, ringBytes } = place;
  const lo = words[frame + 2 * FRAME_SP]!;
  const hi = words[frame + 2 * FRAME_SP + 1]!;
  at = put(words, place, at, bytes, 0);
  const first = Math.min(bytes, ringBytes - at);
  let copied = copyFromUser(m, ring * 4 + at, lo, hi, first);
  if (copied === first && first < bytes) {
    copied += copyFromUser(m, ring * 4, (lo + first) | 0, carry(lo, hi, first), bytes - first);
  }
  return put(words, place, (at + bytes) & (ringBytes - 1), copied, 0);
}

/** An occurrence of a software number: counted, and sampled where the program was hit. */
function occur(m: JsMachine, place: SamplePlace, number: number): void {
  const { words } = m;
  const { event, frame } = place;
  if (words[event + EVENT_NUMBER] !== number) return;
  if ((words[frame + 2 * FRAME_CS]! & PRIVILEGE) !== PRIVILEGE) return;
  words[event + EVENT_COUNT]!++;
  const type = words[event + EVENT_TYPE]!;
  const stack = words[event + EVENT_STACK]!;
  const bytes = recordBytes(type, stack);
  let at = reserve(words, place, bytes);
  if (at < 0) return;
  at = put(words, place, at, RECORD_SAMPLE, MISC_USER | (bytes << 16));
  if ((type & IP) !== 0) {
    at = put(words, place, at, words[frame + 2 * FRAME_IP]!, words[frame + 2 * FRAME_IP + 1]!);
  }
  if ((type & TID) !== 0) {
    at = put(words, place, at, words[event + EVENT_PID]!, words[event + EVENT_PID]!);
  }
  if ((type & TIME) !== 0) {
    at = put(words, place, at, words[event + EVENT_TIME]!, words[event + EVENT_TIME + 1]!);
  }
  if ((type & CPU) !== 0) at = put(words, place, at, 0, 0);
  if ((type & PERIOD) !== 0) at = put(words, place, at, 1, 0);
  if ((type & REGS_USER) !== 0) at = putRegisters(words, place, at);
  if ((type & STACK_USER) !== 0) putStack(m, place, at, stack);
  words[event + RING_DATA_HEAD] = words[event + RING_HEAD]!;
}

/** n occurrences, after each of which a reader has taken all there is; where the next record would begin. */
export function loopSamples(m: JsMachine, place: SamplePlace, number: number, n: number): number {
  const { words } = m;
  for (let i = 0; i < n; i++) {
    occur(m, place, number);
    words[place.event + RING_TAIL] = words[place.event + RING_DATA_HEAD]!;
  }
  return words[place.event + RING_HEAD]! >>> 0;
}
