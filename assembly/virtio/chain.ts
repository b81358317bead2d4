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
  next: u32;
  left: u32; // descriptors that may still come; 0 = the message has ended
  indirect: u32;
  /** The piece at hand. */
  address: u32; // linear
  length: u32;
  writable: u32;
}

/** Linear address of device memory, 0 where it does not all lie in RAM. */
function translate(address: u64, length: u32): u32 {
  const h = header();
  if (address > h.ramBytes || length > h.ramBytes - (address as u32)) return 0;
  return h.ram + (address as u32);
}

function reject(chain: Chain, head: u32): void {
  recordFinding(FINDING_VIRTIO_CHAIN, 0, 0, head, 0);
  chain.left = 0;
}

/** Begins at a head; `nextPiece` gives the first piece. */
export function beginChain(chain: Chain, ring: Vring, head: u32): void {
  chain.table = ring.table;
  chain.next = head;
  chain.left = ring.entries;
  chain.indirect = 0;
  if (head >= ring.entries) {
    reject(chain, head);
    return;
  }
  const descriptor = descriptorAt(ring.table, head);
  if ((descriptor.flags & DESCRIPTOR_INDIRECT) == 0) return;
  chain.indirect = 1;
  chain.left = descriptor.length / DESCRIPTOR_BYTES;
  chain.next = 0;
  chain.table = translate(descriptor.address, descriptor.length);
  if (chain.table == 0) reject(chain, head);
}

/** Steps on to the next piece; false at the end. */
export function nextPiece(chain: Chain, entries: u32): bool {
  if (chain.left == 0) return false;
  const limit = chain.indirect ? chain.next + chain.left : entries;
  const descriptor = descriptorAt(chain.table, chain.next);
  chain.length = descriptor.length;
  chain.address = translate(descriptor.address, descriptor.length);
  chain.writable = descriptor.flags & DESCRIPTOR_WRITE ? 1 : 0;
  chain.left -= 1;
  if (chain.address == 0) {
    reject(chain, chain.next);
    return false;
  }
  if ((descriptor.flags & DESCRIPTOR_NEXT) == 0) {
    chain.left = 0;
  } else if (descriptor.next >= limit || chain.left == 0) {
    reject(chain, chain.next);
  } else chain.next = descriptor.next;
  return true;
}
