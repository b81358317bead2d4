/** What stands in memory that a layout has filled: every word of eight bytes is its own address, or place in its file. */

const WORD = 8;
const HALF = 32n;

/** Fills bytes whose first one stands at `from`, a multiple of eight. */
export function fillWords(bytes: Uint8Array, from: bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const high = Number(from >> HALF);
  const low = Number(BigInt.asUintN(32, from));
  for (let at = 0; at + WORD <= bytes.length; at += WORD) {
    view.setUint32(at, low + at, true);
    view.setUint32(at + WORD / 2, high, true);
  }
}
