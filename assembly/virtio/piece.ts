import { DESCRIPTOR_NEXT, DESCRIPTOR_WRITE, Descriptor, deviceAddress } from "./vring";

/**
 * The pieces of a message, those that the device reads first, as the descriptors that they become in a table of their
 * own: exposing the message again is copying them.
 */
export const PIECE_BYTES: u32 = offsetof<Descriptor>();

@inline
export function pieceAt(pieces: usize, index: u32): Descriptor {
  return changetype<Descriptor>(pieces + index * PIECE_BYTES);
}

/** Lays a piece at a linear address. */
export function layPiece(pieces: usize, index: u32, address: u32, length: u32): void {
  const piece = pieceAt(pieces, index);
  piece.address = deviceAddress(address);
  piece.length = length;
}

/** All are laid, of which the device reads the first `readable`: how many bytes it may write. */
export function closePieces(pieces: usize, readable: u32, total: u32): u32 {
  let writable: u32 = 0;
  for (let index: u32 = 0; index < total; index++) {
    const piece = pieceAt(pieces, index);
    const written = index < readable ? 0 : DESCRIPTOR_WRITE;
    piece.flags = (written | (index + 1 < total ? DESCRIPTOR_NEXT : 0)) as u16;
    piece.next = (index + 1) as u16;
    if (written != 0) writable += piece.length;
  }
  return writable;
}
