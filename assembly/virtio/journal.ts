import { kfree, kmalloc } from "../machine/slab";

/**
 * What a device saw and did, in order, for whoever watches it. The host takes the records out after each call; a record
 * that finds no room is counted instead.
 *
 *   0     4     8      12    16   20  24  28  32  36       40                 + 16 each       + bytes, to a multiple of 4
 *   ┌─────┬─────┬──────┬─────┬────────────────┬───┬────────┬──────────────────┬─────────────┐
 *   │bytes│kind │queue │head │ four values    │ n │content │ n × JournalPiece │ content     │
 *   └─────┴─────┴──────┴─────┴────────────────┴───┴────────┴──────────────────┴─────────────┘
 */
@unmanaged
export class Journal {
  used: u32;
  room: u32;
  lost: u32;
  records: u32; // linear address
  keeps: u32; // KEEPS_*
}

/** What a journal keeps. What it does not keep is not lost. */
export const KEEPS_NOTHING: u32 = 0;
export const KEEPS_STEPS: u32 = 1; // what happened, without the bytes of I/O messages
export const KEEPS_CONTENTS: u32 = 2;

@unmanaged
export class JournalRecord {
  bytes: u32; // of the whole record
  kind: u32; // JOURNAL_*
  queue: u32;
  head: u32;
  first: u32;
  second: u32;
  third: u32;
  fourth: u32;
  pieces: u32;
  content: u32; // bytes
}

/** A piece of a message by what it is, since addresses say nothing. */
@unmanaged
export class JournalPiece {
  name: u32; // PIECE_*
  offset: u32; // in the stream's ring
  length: u32;
  writable: u32;
}

export const JOURNAL_KICK: u32 = 1;
export const JOURNAL_EXPOSE: u32 = 2; // stream; whether indirect; whether there is no content
export const JOURNAL_REQUEST: u32 = 3; // whether indirect
export const JOURNAL_ANSWER: u32 = 4; // request; used length
export const JOURNAL_HOLD: u32 = 5; // request; HOLD_*
export const JOURNAL_COMPLETE: u32 = 6; // status; latency; used length; whether there is no content
export const JOURNAL_INTERRUPT: u32 = 7; // whether it was wanted
export const JOURNAL_EVENT: u32 = 8; // code; data

export const PIECE_REQUEST: u32 = 0;
export const PIECE_RESPONSE: u32 = 1;
export const PIECE_INFO: u32 = 2;
export const PIECE_HEADER: u32 = 3;
export const PIECE_DATA: u32 = 4;
export const PIECE_STATUS: u32 = 5;
export const PIECE_STRAY: u32 = 6; // outside of the ring of an open stream

const RECORD_BYTES: u32 = offsetof<JournalRecord>();

/** Gives a journal so much room for what it `keeps` (KEEPS_*); false when RAM is full. */
export function openJournal(journal: Journal, room: u32, keeps: u32): bool {
  journal.keeps = keeps;
  journal.records = kmalloc(room) as u32;
  journal.room = journal.records != 0 ? room : 0;
  return journal.records != 0;
}

export function closeJournal(journal: Journal): void {
  if (journal.records != 0) kfree(journal.records);
}

/** Begins a record that may grow by `grow` bytes; 0 where there is no room. */
export function beginRecord(journal: Journal, kind: u32, queue: u32, head: u32, grow: u64): u32 {
  if (journal.keeps == KEEPS_NOTHING) return 0;
  // pieces may overlap: those of one message may be more bytes than there are addresses
  const wanted = (RECORD_BYTES as u64) + ((grow + 3) & ~3);
  if (wanted > journal.room - journal.used) {
    journal.lost += 1;
    return 0;
  }
  const bytes = wanted as u32;
  const address = journal.records + journal.used;
  memory.fill(address, 0, RECORD_BYTES);
  const record = changetype<JournalRecord>(address as usize);
  record.bytes = bytes;
  record.kind = kind;
  record.queue = queue;
  record.head = head;
  journal.used += bytes;
  return address;
}

/** A record of a few values alone. */
@inline
export function noteValues(journal: Journal, kind: u32, queue: u32, first: u32, second: u32): void {
  if (journal.keeps != KEEPS_NOTHING) writeValues(journal, kind, queue, first, second);
}

function writeValues(journal: Journal, kind: u32, queue: u32, first: u32, second: u32): void {
  const address = beginRecord(journal, kind, queue, 0, 0);
  if (address == 0) return;
  const record = changetype<JournalRecord>(address as usize);
  record.first = first;
  record.second = second;
}

@inline
export function recordAt(address: u32): JournalRecord {
  return changetype<JournalRecord>(address as usize);
}

/** Adds a piece. Pieces come before content. */
export function addPiece(
  record: JournalRecord,
  name: u32,
  offset: u32,
  length: u32,
  writable: u32,
): void {
  const start = RECORD_BYTES + record.pieces * offsetof<JournalPiece>();
  if (offsetof<JournalPiece>() > record.bytes - start) return;
  const piece = changetype<JournalPiece>(changetype<usize>(record) + start);
  piece.name = name;
  piece.offset = offset;
  piece.length = length;
  piece.writable = writable;
  record.pieces += 1;
}

/** Nothing where the record has no room for it: a driver may have put its table where the journal is being written. */
export function addContent(record: JournalRecord, from: usize, bytes: u32): void {
  const start = RECORD_BYTES + record.pieces * offsetof<JournalPiece>() + record.content;
  if (bytes > record.bytes - start) return;
  memory.copy(changetype<usize>(record) + start, from, bytes);
  record.content += bytes;
}
