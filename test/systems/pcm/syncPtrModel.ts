import { abiTable, isNarrow, type Case, type Place } from "./abiTable.ts";

/**
 * What SYNC_PTR does to user memory, said once more and differently from the core: which bytes it
 * reads, which it writes, and where it stops at a page that is not there.
 */

/** The nine values to report, in the order they are written; cut to the field's width. */
export type Values = readonly bigint[];

export interface ModelResult {
  readonly faulted: boolean;
  readonly bytes: Uint8Array;
}

/** What the call writes, piece by piece: each is stored whole or not at all, or byte by byte in a copy. */
interface Piece {
  readonly place: Place;
  readonly bytes: Uint8Array;
  readonly bytewise: boolean;
}

function littleEndian(value: bigint, width: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes.subarray(0, width);
}

/** The unit that is stored at once: on a 32-bit CPU a word. */
function units([offset, width]: Place, whole: Uint8Array, narrow: boolean): Piece[] {
  if (width !== 8 || !narrow) return [{ place: [offset, width], bytes: whole, bytewise: false }];
  return [0, 4].map((half) => ({
    place: [offset + half, 4],
    bytes: whole.subarray(half, half + 4),
    bytewise: false,
  }));
}

function pieces({ arch, abi, strategy }: Case, flags: number, values: Values): Piece[] {
  const { bytes, fields, copiedOut } = abiTable[abi];
  const stored = fields.map((place, index) => littleEndian(values[index]!, place[1]));
  if (strategy !== "copy") {
    return fields.flatMap((place, index) => units(place, stored[index]!, isNarrow(arch)));
  }
  const image = new Uint8Array(bytes);
  image.set(littleEndian(BigInt(flags), 4));
  fields.forEach(([offset], index) => image.set(stored[index]!, offset));
  return copiedOut.map((place) => ({
    place,
    bytes: image.subarray(place[0], place[0] + place[1]),
    bytewise: true,
  }));
}

/** Writes the nine values into an argument of which only the first `writable` bytes can be written. */
export function modelWrite(
  which: Case,
  before: Uint8Array,
  values: Values,
  writable = Infinity,
): ModelResult {
  const bytes = before.slice();
  const flags = new DataView(before.buffer, before.byteOffset).getUint32(0, true);
  for (const {
    place: [offset, width],
    bytes: piece,
    bytewise,
  } of pieces(which, flags, values)) {
    const room = Math.max(0, Math.min(width, writable - offset));
    if (room === width || bytewise) bytes.set(piece.subarray(0, room), offset);
    if (room < width) return { faulted: true, bytes };
  }
  return { faulted: false, bytes };
}

/** True where everything that the call reads lies in the first `readable` bytes. */
export function modelReads({ abi, strategy }: Case, readable: number): boolean {
  const { fields, copiedIn } = abiTable[abi];
  const [applPtr, availMin] = fields.slice(-2) as [Place, Place];
  const read: Place[] = strategy === "copy" ? [copiedIn] : [applPtr, availMin];
  return [[0, 4] as const, ...read].every(([offset, width]) => offset + width <= readable);
}

/** Bytes that the call stores at all, holes zeroed by a copy among them. */
export function modelStored(which: Case): Set<number> {
  const stored = new Set<number>();
  for (const {
    place: [offset, width],
  } of pieces(which, 0, Array(9).fill(0n))) {
    for (let at = offset; at < offset + width; at++) stored.add(at);
  }
  return stored;
}
