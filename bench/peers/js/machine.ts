import {
  GENERATION,
  GUARD,
  GUARD_READ,
  GUARD_WRITE,
  NEXT_FRAME,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
  RAM,
  READ_TLB,
  ROOT,
  WRITE_TLB,
} from "./layout.ts";
import { allocateFrame, allocateTable, lookup, mapPage, NOT_MAPPED } from "./tables.ts";
import { fillTlb, GENERATION_STEP, pageKey, tlbSlot } from "./tlb.ts";

const PAGES_PER_HI = 2 ** (32 - PAGE_SHIFT);

/** No frame or no permission: what the translations answer for a fault. */
export const FAULT = -1;

/** User pages [firstPage, endPage), filled with zeros on first access. */
interface Area {
  readonly firstPage: number;
  readonly endPage: number;
}

/**
 * The machine of the plain-JavaScript peer. User addresses are int32 halves (lo, hi); kernel and
 * frame addresses are bytes in `words`. Nothing on the way of an access allocates, uses a bigint or
 * throws.
 */
export interface JsMachine {
  /** CPU, TLBs and RAM; see layout.ts. */
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly areas: Area[];
}

/** A machine with `ramBytes` of RAM (whole pages), of which the first `kernelBytes` are the kernel's. */
export function createMachine(ramBytes: number, kernelBytes: number): JsMachine {
  return createMachineIn(new ArrayBuffer(RAM + ramBytes), kernelBytes);
}

/** The same with memory that other threads could have too. */
export function createSharedMachine(ramBytes: number, kernelBytes: number): JsMachine {
  return createMachineIn(new SharedArrayBuffer(RAM + ramBytes), kernelBytes);
}

function createMachineIn(buffer: ArrayBufferLike, kernelBytes: number): JsMachine {
  const words = new Int32Array(buffer);
  words[GENERATION] = GENERATION_STEP;
  words[NEXT_FRAME] = RAM + kernelBytes;
  words[ROOT] = allocateTable(words);
  return { words, bytes: new Uint8Array(buffer), areas: [] };
}

function pageNumber(lo: number, hi: number): number {
  return hi * PAGES_PER_HI + (lo >>> PAGE_SHIFT);
}

/** Lets `bytes` (whole pages) from (lo, hi) be filled with zeroed frames on first access. */
export function mapAnonymous(m: JsMachine, lo: number, hi: number, bytes: number): void {
  const firstPage = pageNumber(lo, hi);
  m.areas.push({ firstPage, endPage: firstPage + bytes / PAGE_SIZE });
}

/** The address behind a user byte that is to be read, or FAULT. */
export function translateRead(m: JsMachine, lo: number, hi: number): number {
  const w = m.words;
  if (w[GUARD] !== GUARD_READ) return FAULT;
  const slot = READ_TLB + tlbSlot(lo);
  return w[slot] === pageKey(w, lo, hi) ? (lo + w[slot + 1]!) | 0 : fill(m, READ_TLB, lo, hi);
}

/** The address behind a user byte that is to be written, or FAULT. */
export function translateWrite(m: JsMachine, lo: number, hi: number): number {
  const w = m.words;
  if (w[GUARD] !== GUARD_WRITE) return FAULT;
  const slot = WRITE_TLB + tlbSlot(lo);
  return w[slot] === pageKey(w, lo, hi) ? (lo + w[slot + 1]!) | 0 : fill(m, WRITE_TLB, lo, hi);
}

/** As `translateRead` where the TLB is known to have missed. */
export function fillRead(m: JsMachine, lo: number, hi: number): number {
  return m.words[GUARD] === GUARD_READ ? fill(m, READ_TLB, lo, hi) : FAULT;
}

function fill(m: JsMachine, tlb: number, lo: number, hi: number): number {
  let frame = lookup(m.words, lo, hi);
  if (frame === NOT_MAPPED) frame = demandZero(m, lo, hi);
  if (frame === NOT_MAPPED) return FAULT;
  fillTlb(m.words, tlb, lo, hi, frame);
  return frame | (lo & PAGE_MASK);
}

function demandZero(m: JsMachine, lo: number, hi: number): number {
  const page = pageNumber(lo, hi);
  if (!m.areas.some(({ firstPage, endPage }) => firstPage <= page && page < endPage)) {
    return NOT_MAPPED;
  }
  const frame = allocateFrame(m.words);
  mapPage(m.words, lo, hi, frame);
  return frame;
}
