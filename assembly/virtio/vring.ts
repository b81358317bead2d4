import { PAGE_MASK, header } from "../machine/map";

/**
 * The split virtqueue in memory (OASIS virtio 1.2, section 2.7), for a queue of Q entries, little-endian:
 *
 *   0             16 · Q                      next page
 *   ┌─────────────┬───────────────────────────┬──────────────────────────────────┐
 *   │ descriptors │ available                 │ used                             │
 *   └─────────────┴───────────────────────────┴──────────────────────────────────┘
 *                  flags idx ring[Q] used_event  flags idx ring[Q] avail_event
 *                  0/2   2/2 4/2 each  4+2Q/2    0/2   2/2 4/8 each  4+8Q/2
 *
 *   descriptor   0      8        12      14     16        used entry   0    4        8
 *               ┌──────┬────────┬───────┬──────┐                      ┌────┬────────┐
 *               │ addr │ length │ flags │ next │                      │ id │ length │
 *               └──────┴────────┴───────┴──────┘                      └────┴────────┘
 *
 * The driver writes the first two parts, the device the third. Both indexes run freely over 16 bits. They, the flags and
 * the events are atomic where the two sides are threads: who has read an index sees all that was stored before it moved,
 * and who moves one and then looks whether the other side wants to know does so in this order.
 */
export const DESCRIPTOR_BYTES: u32 = 16;
export const USED_ENTRY_BYTES: u32 = 8;
const INDEX_AT: u32 = 2;
const RING_AT: u32 = 4;

/** Descriptor flags. */
export const DESCRIPTOR_NEXT: u32 = 1;
export const DESCRIPTOR_WRITE: u32 = 2;
export const DESCRIPTOR_INDIRECT: u32 = 4;

/** The device need not interrupt (available), the driver need not notify (used). */
export const NO_SIGNAL: u32 = 1;

export const INDEX_MASK: u32 = 0xffff;

/** Largest queue. */
export const MAX_ENTRIES: u32 = 32768;

/** The three parts, by their linear addresses: what both sides know of a queue. */
@unmanaged
export class Vring {
  entries: u32;
  table: u32;
  available: u32;
  used: u32;
}

export function availableOffset(entries: u32): u32 {
  return entries * DESCRIPTOR_BYTES;
}

/** The used ring begins on a page of its own, as the transport asks for. */
export function usedOffset(entries: u32): u32 {
  const end = availableOffset(entries) + RING_AT + 2 * entries + 2;
  return (end + PAGE_MASK) & ~PAGE_MASK;
}

export function vringBytes(entries: u32): u32 {
  return usedOffset(entries) + RING_AT + USED_ENTRY_BYTES * entries + 2;
}

/** Sets the parts up over zeroed memory. */
export function placeVring(ring: Vring, entries: u32, memory: u32): void {
  ring.entries = entries;
  ring.table = memory;
  ring.available = memory + availableOffset(entries);
  ring.used = memory + usedOffset(entries);
}

@unmanaged
export class Descriptor {
  address: u64; // as the device sees memory
  length: u32;
  flags: u16;
  next: u16;
}

@inline
export function descriptorAt(table: usize, index: u32): Descriptor {
  return changetype<Descriptor>(table + index * DESCRIPTOR_BYTES);
}

/** Flags and next of a descriptor as one word, next in the upper half. */
@inline
export function linkOf(descriptor: Descriptor): u32 {
  return load<u32>(changetype<usize>(descriptor), offsetof<Descriptor>("flags"));
}

/** The device sees RAM from 0 on. */
@inline
export function deviceAddress(linear: u32): u64 {
  return linear - header().ram;
}

@inline
function slotOf(ring: Vring, index: u32): u32 {
  return index & (ring.entries - 1);
}

@inline
export function availableIndex(ring: Vring): u32 {
  return THREADS ? atomic.load<u16>(ring.available, INDEX_AT) : load<u16>(ring.available, INDEX_AT);
}

@inline
export function setAvailableIndex(ring: Vring, index: u32): void {
  if (THREADS) atomic.store<u16>(ring.available, index as u16, INDEX_AT);
  else store<u16>(ring.available, index as u16, INDEX_AT);
}

@inline
export function availableFlags(ring: Vring): u32 {
  return THREADS ? atomic.load<u16>(ring.available) : load<u16>(ring.available);
}

@inline
export function setAvailableFlags(ring: Vring, flags: u32): void {
  if (THREADS) atomic.store<u16>(ring.available, flags as u16);
  else store<u16>(ring.available, flags as u16);
}

@inline
export function availableHead(ring: Vring, index: u32): u32 {
  return load<u16>(ring.available + 2 * slotOf(ring, index), RING_AT);
}

@inline
export function setAvailableHead(ring: Vring, index: u32, head: u32): void {
  store<u16>(ring.available + 2 * slotOf(ring, index), head as u16, RING_AT);
}

@inline
export function usedEvent(ring: Vring): u32 {
  return THREADS
    ? atomic.load<u16>(ring.available + 2 * ring.entries, RING_AT)
    : load<u16>(ring.available + 2 * ring.entries, RING_AT);
}

@inline
export function setUsedEvent(ring: Vring, index: u32): void {
  if (THREADS) atomic.store<u16>(ring.available + 2 * ring.entries, index as u16, RING_AT);
  else store<u16>(ring.available + 2 * ring.entries, index as u16, RING_AT);
}

@inline
export function usedFlags(ring: Vring): u32 {
  return THREADS ? atomic.load<u16>(ring.used) : load<u16>(ring.used);
}

@inline
export function usedIndex(ring: Vring): u32 {
  return THREADS ? atomic.load<u16>(ring.used, INDEX_AT) : load<u16>(ring.used, INDEX_AT);
}

@inline
export function setUsedIndex(ring: Vring, index: u32): void {
  if (THREADS) atomic.store<u16>(ring.used, index as u16, INDEX_AT);
  else store<u16>(ring.used, index as u16, INDEX_AT);
}

@inline
export function usedEntry(ring: Vring, index: u32): usize {
  return ring.used + RING_AT + USED_ENTRY_BYTES * slotOf(ring, index);
}

@inline
export function availableEvent(ring: Vring): u32 {
  return THREADS
    ? atomic.load<u16>(ring.used + USED_ENTRY_BYTES * ring.entries, RING_AT)
    : load<u16>(ring.used + USED_ENTRY_BYTES * ring.entries, RING_AT);
}

@inline
export function setAvailableEvent(ring: Vring, index: u32): void {
  const end = ring.used + USED_ENTRY_BYTES * ring.entries;
  if (THREADS) atomic.store<u16>(end, index as u16, RING_AT);
  else store<u16>(end, index as u16, RING_AT);
}

/** With the event index: does moving an index from `old` to `now` pass the place that the other side asked for? */
@inline
export function passesEvent(event: u32, now: u32, old: u32): bool {
  return ((now - event - 1) & INDEX_MASK) < ((now - old) & INDEX_MASK);
}
