/** A piece of memory in a message. A message's readable pieces come first. */
@unmanaged
export class Piece {
  address: u32; // linear
  length: u32;
}

export const PIECE_BYTES: u32 = offsetof<Piece>();

@inline
export function pieceAt(pieces: usize, index: u32): Piece {
  return changetype<Piece>(pieces + index * PIECE_BYTES);
}
