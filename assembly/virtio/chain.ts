import { FINDING_VIRTIO_CHAIN, recordFinding } from "../machine/findings";
import { header } from "../machine/map";
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_WRITE,
  Vring,
  descriptorAt,
} from "./vring";

/**
 * The device's way through a message, piece by piece. Whatever the driver wrote, it comes to an end within as many
 * steps as the table has entries, and reaches no memory outside of RAM: what is wrong is a finding, and the message
 * ends there.
 */
@unmanaged
export class Chain {
  table: u32; // linear address of the table that holds the next descriptor
  entries: u32; // of that table
  next: u32;
  left: u32; // descriptors that may still come; 0 = the message has ended
  indirect: u32;
  /** The piece at hand. */
  address: u32; // linear
  length: u32;
  writable: u32;
  /** 1: what is wrong is told, once; then, and while 0, it is known. */
  watched: u32;
  word: u32; // of readableWord
}

/** The device takes a message: what is wrong with it is told on the way. */
export function watchChain(chain: Chain): void {
  chain.watched = 1;
}

/** It has it, and goes through it again without a word. */
export function trustChain(chain: Chain): void {
  chain.watched = 0;
}

/** Linear address of device memory, 0 where it does not all lie in RAM. */
function translate(address: u64, length: u32): u32 {
  const h = header();
  if (address > h.ramBytes || length > h.ramBytes - (address as u32)) return 0;
  return h.ram + (address as u32);
}

function reject(chain: Chain, head: u32): void {
  if (chain.watched) recordFinding(FINDING_VIRTIO_CHAIN, 0, 0, head, 0);
  chain.watched = 0;
  chain.left = 0;
}

/** Begins at a head; `nextPiece` gives the first piece. */
export function beginChain(chain: Chain, ring: Vring, head: u32): void {
  chain.table = ring.table;
  chain.next = head;
  chain.entries = ring.entries;
  chain.left = ring.entries;
  chain.indirect = 0;
  if (head >= ring.entries) {
    reject(chain, head);
    return;
  }
  const descriptor = descriptorAt(ring.table, head);
  if ((descriptor.flags & DESCRIPTOR_INDIRECT) == 0) return;
  chain.indirect = 1;
  const bytes = descriptor.length;
  chain.entries = bytes / DESCRIPTOR_BYTES;
  chain.left = chain.entries;
  chain.next = 0;
  chain.table = translate(descriptor.address, bytes);
  if (chain.table == 0) reject(chain, head);
}

/** Steps on to the next piece; false at the end. */
export function nextPiece(chain: Chain): bool {
  if (chain.left == 0) return false;
  const descriptor = descriptorAt(chain.table, chain.next);
  const length = descriptor.length; // read once: who checked it uses what was checked
  chain.length = length;
  chain.address = translate(descriptor.address, length);
  chain.writable = descriptor.flags & DESCRIPTOR_WRITE ? 1 : 0;
  chain.left -= 1;
  if (chain.address == 0) {
    reject(chain, chain.next);
    return false;
  }
  const next = descriptor.next;
  if ((descriptor.flags & DESCRIPTOR_NEXT) == 0) {
    chain.left = 0;
  } else if (next >= chain.entries || chain.left == 0) {
    reject(chain, chain.next);
  } else chain.next = next;
  return true;
}

/** A little-endian word of a message's readable bytes, however they are cut; 0 behind their end. */
export function readableWord(chain: Chain, ring: Vring, head: u32, offset: u32): u32 {
  chain.word = 0;
  let passed: u32 = 0;
  beginChain(chain, ring, head);
  while (nextPiece(chain) && !chain.writable && passed < offset + 4) {
    const from = max(offset, passed);
    const to = min<u64>((offset as u64) + 4, (passed as u64) + chain.length) as u32;
    if (from < to) {
      const into = changetype<usize>(chain) + offsetof<Chain>("word") + (from - offset);
      memory.copy(into, chain.address + (from - passed), to - from);
    }
    passed = to;
  }
  return passed < offset + 4 ? 0 : chain.word;
}

/** Puts bytes into the writable ones of a message from `offset` on, however they are cut: how many found room. */
export function storeWritable(
  chain: Chain,
  ring: Vring,
  head: u32,
  offset: u32,
  source: usize,
  bytes: u32,
): u32 {
  let passed: u64 = 0;
  let stored: u32 = 0;
  beginChain(chain, ring, head);
  while (stored < bytes && nextPiece(chain)) {
    if (!chain.writable) continue;
    const place = (offset as u64) + stored;
    const end = passed + chain.length;
    if (place < end) {
      const part = min<u64>(end - place, bytes - stored) as u32;
      memory.copy(chain.address + ((place - passed) as u32), source + stored, part);
      stored += part;
    }
    passed = end;
  }
  return stored;
}
