import { Frames, PAGE_SHIFT, PAGE_SIZE } from "./frames.ts";
import { NOT_MAPPED, PageTables } from "./tables.ts";
import { Tlb } from "./tlb.ts";

const PAGES_PER_HI = 2 ** (32 - PAGE_SHIFT);

/** What the guard word holds. */
export const GUARD_CLOSED = 0;
export const GUARD_READ = 1;
export const GUARD_WRITE = 2;

/** No frame, or no access: what `translateRead` and `translateWrite` answer for a fault. */
export const FAULT = -1;

/** User pages [firstPage, endPage), filled with zeros on first access. */
interface Area {
  readonly firstPage: number;
  readonly endPage: number;
}

function pageNumber(lo: number, hi: number): number {
  return hi * PAGES_PER_HI + (lo >>> PAGE_SHIFT);
}

/**
 * The machine of the plain-JavaScript peer: RAM, page tables, areas filled on demand, one TLB for
 * each direction, and a guard word that every access looks at.
 *
 * User addresses are int32 halves (lo, hi), kernel addresses are offsets into RAM. Nothing on the way
 * of an access allocates, uses a bigint or throws.
 */
export class JsMachine {
  readonly frames: Frames;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly tables: PageTables;
  readonly readTlb = new Tlb();
  readonly writeTlb = new Tlb();
  /** One word, in a typed array so that the compiler keeps every store to it. */
  readonly guard = new Int32Array(1);
  private readonly areas: Area[] = [];

  constructor(ramBytes: number, kernelBytes: number) {
    this.frames = new Frames(ramBytes, kernelBytes);
    this.words = this.frames.words;
    this.bytes = this.frames.bytes;
    this.tables = new PageTables(this.frames);
  }

  /** Lets `bytes` (whole pages) from (lo, hi) be filled with zeroed frames on first access. */
  mapAnonymous(lo: number, hi: number, bytes: number): void {
    const firstPage = pageNumber(lo, hi);
    this.areas.push({ firstPage, endPage: firstPage + bytes / PAGE_SIZE });
  }

  flushTlb(): void {
    this.readTlb.flush();
    this.writeTlb.flush();
  }

  /** The RAM address behind a user byte that is to be read, or FAULT. */
  translateRead(lo: number, hi: number): number {
    if (this.guard[0] !== GUARD_READ) return FAULT;
    const tlb = this.readTlb;
    const slot = tlb.slot(lo);
    if (tlb.words[slot] === tlb.byteKey(lo, hi)) return (lo + tlb.words[slot + 1]!) | 0;
    return this.fill(tlb, lo, hi);
  }

  /** The RAM address behind a user byte that is to be written, or FAULT. */
  translateWrite(lo: number, hi: number): number {
    if (this.guard[0] !== GUARD_WRITE) return FAULT;
    const tlb = this.writeTlb;
    const slot = tlb.slot(lo);
    if (tlb.words[slot] === tlb.byteKey(lo, hi)) return (lo + tlb.words[slot + 1]!) | 0;
    return this.fill(tlb, lo, hi);
  }

  private fill(tlb: Tlb, lo: number, hi: number): number {
    let frame = this.tables.lookup(lo, hi);
    if (frame === NOT_MAPPED) frame = this.demandZero(lo, hi);
    if (frame === NOT_MAPPED) return FAULT;
    tlb.fill(lo, hi, frame);
    return frame | (lo & (PAGE_SIZE - 1));
  }

  private demandZero(lo: number, hi: number): number {
    const page = pageNumber(lo, hi);
    const area = this.areas.find(({ firstPage, endPage }) => firstPage <= page && page < endPage);
    if (area === undefined) return NOT_MAPPED;
    const frame = this.frames.allocate();
    this.tables.map(lo, hi, frame);
    return frame;
  }
}
