/**
 * A system call whose argument is a structure that a user of the library described: tables of what it moves, in a
 * kernel buffer of their own, with the kernel's values and the bounce buffers behind them.
 *
 *   0              4                                  32
 *   ┌──────────────┬──────────────────────────────────┬────────────────────┬───────────────────────────┐
 *   │ bytes        │ number of moves in each of LISTS │ moves, list by list│ values, bounce buffers …  │
 *   └──────────────┴──────────────────────────────────┴────────────────────┴───────────────────────────┘
 *     of the user's structure
 */

/** The lists. The first four name places in user memory; the others move data inside the buffer. */
export const LIST_READS: u32 = 0; // fields read, into the values
export const LIST_WRITES: u32 = 1; // fields written, from the values
export const LIST_COPIES_IN: u32 = 2; // parts read by block copies, into bounce buffers
export const LIST_COPIES_OUT: u32 = 3; // parts written by block copies, from bounce buffers
export const LIST_TAKEN: u32 = 4; // fields read, from bounce buffers into the values
export const LIST_CLEARED: u32 = 5; // bounce buffers zeroed before they are filled
export const LIST_ASSEMBLED: u32 = 6; // fields written, from the values into bounce buffers
const LISTS: u32 = 7;

/** Kinds of moves. */
export const MOVE_VALUE: u32 = 0; // 1, 2, 4 or 8 bytes: get_user, put_user
export const MOVE_RUN: u32 = 1; // an array, or a part of the structure: copied

export const STRUCT_HEADER_BYTES: u32 = 4 + LISTS * 4;
export const MOVE_BYTES: u32 = 16;

/**
 * One field, or one part that is copied as a whole.
 *
 *   0        4         8        12        16
 *   ┌────────┬─────────┬────────┬─────────┐
 *   │ place  │ kernel  │ bytes  │ kind    │
 *   └────────┴─────────┴────────┴─────────┘
 */
@unmanaged
export class Move {
  place: u32; // from the structure's start; in LIST_TAKEN and LIST_ASSEMBLED from the buffer's start
  kernel: u32; // from the buffer's start
  bytes: u32;
  kind: u32; // MOVE_VALUE or MOVE_RUN
}

@inline
export function movesIn(call: usize, list: u32): u32 {
  return load<u32>(call + 4 + (list << 2));
}

/** Address of a list's first move. */
export function firstMove(call: usize, list: u32): usize {
  let before: u32 = 0;
  for (let at: u32 = 0; at < list; at++) before += movesIn(call, at);
  return call + STRUCT_HEADER_BYTES + before * MOVE_BYTES;
}

/** True when no number in the tables leads outside the buffer of `bytes`, or back into the tables. */
export function isSound(call: usize, bytes: u32): bool {
  if (bytes < STRUCT_HEADER_BYTES) return false;
  let moves: u64 = 0;
  for (let list: u32 = 0; list < LISTS; list++) moves += movesIn(call, list);
  if (moves > (bytes - STRUCT_HEADER_BYTES) / MOVE_BYTES) return false;
  const tables = STRUCT_HEADER_BYTES + (moves as u32) * MOVE_BYTES;
  for (let list: u32 = 0; list < LISTS; list++) {
    if (!isSoundList(call, list, tables, bytes)) return false;
  }
  return true;
}

function isSoundList(call: usize, list: u32, tables: u32, bytes: u32): bool {
  let at = firstMove(call, list);
  const end = at + movesIn(call, list) * MOVE_BYTES;
  for (; at < end; at += MOVE_BYTES) {
    const move = changetype<Move>(at);
    if (!fits(move.kernel, move.bytes, tables, bytes)) return false;
    if (list >= LIST_TAKEN && !fits(move.place, move.bytes, tables, bytes)) return false;
    if (move.kind == MOVE_VALUE && (move.bytes > 8 || popcnt(move.bytes) != 1)) return false;
  }
  return true;
}

@inline
function fits(at: u32, length: u32, start: u32, end: u32): bool {
  return length != 0 && at >= start && at <= end && length <= end - at;
}
