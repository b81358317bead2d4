/**
 * The bytes that recordings of memory are made of, and the checksum they are stated with (test/golden/remote-vm/README.md).
 */

/** Bytes of a page of the recorded machines. */
export const PAGE_BYTES = 4096;
const PAGE_STEP = 0x9e3779b1;
const WORD_STEP = 0x85ebca6b;

/** The word of a stream that stands `word` words into its page `page`. */
function contentWord(seed: number, page: number, word: number): number {
  let x = (seed + Math.imul(page, PAGE_STEP) + Math.imul(word, WORD_STEP)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** One page of a stream: as words, and the same memory as bytes (the host is little-endian, as wasm memory is). */
const pageWords = new Uint32Array(PAGE_BYTES / 4);
const pageBytes = new Uint8Array(pageWords.buffer);

/** Bytes [position, position + into.length) of stream `seed`. */
export function fillContent(into: Uint8Array, seed: number, position: bigint): void {
  // the page number counts modulo 2^32
  let page = Number(BigInt.asUintN(32, position >> 12n));
  let from = Number(position & BigInt(PAGE_BYTES - 1));
  for (let done = 0; done < into.length; page++) {
    const to = Math.min(PAGE_BYTES, from + into.length - done);
    for (let word = from >> 2; word < to / 4; word++) {
      pageWords[word] = contentWord(seed, page, word);
    }
    into.set(pageBytes.subarray(from, to), done);
    done += to - from;
    from = 0;
  }
}

/** The first `length` bytes of stream `seed` from `position` on. */
export function content(seed: number, position: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  fillContent(bytes, seed, position);
  return bytes;
}

const POLYNOMIAL = 0xedb88320;
const BYTE_VALUES = 256;
/** Bytes taken in one step: a table each. */
const SLICES = 8;

const tables = makeTables();

/** Table k tells what a byte does to the checksum k bytes later. */
function makeTables(): Int32Array {
  const made = new Int32Array(SLICES * BYTE_VALUES);
  for (let byte = 0; byte < BYTE_VALUES; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
    made[byte] = value;
  }
  for (let at = BYTE_VALUES; at < made.length; at++) {
    const before = made[at - BYTE_VALUES]!;
    made[at] = (before >>> 8) ^ made[before & 255]!;
  }
  return made;
}

/** CRC-32 as in zlib, as 8 hexadecimal digits. */
export function crc32(bytes: Uint8Array): string {
  const t = tables;
  let crc = -1;
  let at = 0;
  for (const end = bytes.length - SLICES; at <= end; at += SLICES) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t[1792 + (crc & 255)]! ^
      t[1536 + ((crc >>> 8) & 255)]! ^
      t[1280 + ((crc >>> 16) & 255)]! ^
      t[1024 + (crc >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 255]!;
  return (~crc >>> 0).toString(16).padStart(8, "0");
}
