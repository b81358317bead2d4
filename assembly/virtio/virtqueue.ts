import { EIO, ENOSPC } from "../base/errno";
import { FINDING_VIRTIO_LENGTH, FINDING_VIRTIO_USED, recordFinding } from "../machine/findings";
import { spinLock, spinUnlock } from "../machine/held";
import { allocateBytes, freeBytes } from "./memory";
import { RING_EVENT_INDEX, RING_INDIRECT } from "./numbers";
import { pieceAt } from "./piece";
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  INDEX_MASK,
  NO_SIGNAL,
  Vring,
  availableEvent,
  descriptorAt,
  deviceAddress,
  passesEvent,
  placeVring,
  setAvailableFlags,
  setAvailableHead,
  setAvailableIndex,
  setUsedEvent,
  usedEntry,
  usedFlags,
  usedIndex,
  vringBytes,
} from "./vring";

/**
 * The driver's side of a split virtqueue (drivers/virtio/virtio_ring.c). Free entries are linked in a list of the
 * driver's own, last returned first; what stands in the table is never read back.
 */
@unmanaged
export class Virtqueue extends Vring {
  number: u32; // QUEUE_*
  card: u32; // Card
  lock: u32;
  features: u32; // RING_*
  freeHead: u32;
  freeCount: u32;
  added: u32; // since the last kick was considered
  availIndex: u32; // the driver's own copy of what it last stored
  availFlags: u32; // likewise
  lastUsed: u32;
  interrupted: u32; // with the event index: an interrupt came since interrupts were last enabled
  broken: u32; // the device returned what it was never given
  entryStates: u32; // EntryState × entries
  usedLength: u32; // of the message that was taken last
  kicked: u32; // QueueEnd: the device is told that there is something new
  polled: u32; // QueueEnd: something was stored, and the device may look
  callback: u32; // QueueEnd: the driver takes what came back
}

/** What happens at one end of a queue because of the other; the ends are tied together above both (wires.ts). */
export type QueueEnd = (queue: Virtqueue) => void;

@inline
export function notifyDevice(queue: Virtqueue): void {
  changetype<QueueEnd>(queue.kicked as usize)(queue);
}

/** Study: after each store to a ring, so that a device that looks then can be tested. */
@inline
function letDevicePoll(queue: Virtqueue): void {
  if (STUDY) changetype<QueueEnd>(queue.polled as usize)(queue);
}

/** What the driver remembers of an entry. */
@unmanaged
export class EntryState {
  token: u32; // of the message that begins here; 0 = none
  table: u32; // an indirect table; it stays for the next message of as many pieces
  tableBytes: u32;
  writable: u32; // bytes that the device may write
  next: u16; // entry that follows, in the chain or in the free list
  flags: u16; // as stored in the descriptor
}

@inline
export function virtqueueAt(address: u32): Virtqueue {
  return changetype<Virtqueue>(address as usize);
}

@inline
export function stateOf(queue: Virtqueue, entry: u32): EntryState {
  return changetype<EntryState>((queue.entryStates as usize) + entry * offsetof<EntryState>());
}

/** A queue with every entry free; 0 when RAM is full. `entries` is a power of two. */
export function newVirtqueue(card: u32, number: u32, entries: u32, features: u32): u32 {
  const address = allocateBytes(offsetof<Virtqueue>());
  if (address == 0) return 0;
  const queue = virtqueueAt(address);
  const ring = allocateBytes(vringBytes(entries));
  placeVring(queue, entries, ring);
  queue.entryStates = allocateBytes(entries * offsetof<EntryState>());
  if (ring == 0 || queue.entryStates == 0) {
    freeVirtqueue(queue);
    return 0;
  }
  queue.number = number;
  queue.card = card;
  queue.features = features;
  queue.freeCount = entries;
  for (let entry: u32 = 0; entry < entries; entry++) {
    stateOf(queue, entry).next = (entry + 1) as u16;
  }
  // the follower of the last entry is never used; the kernel's own table says 0
  stateOf(queue, entries - 1).next = 0;
  return address;
}

/** Messages that were never returned are forgotten with it. */
export function freeVirtqueue(queue: Virtqueue): void {
  if (queue.entryStates != 0) {
    for (let entry: u32 = 0; entry < queue.entries; entry++) {
      const state = stateOf(queue, entry);
      freeBytes(state.table, state.tableBytes);
    }
  }
  freeBytes(queue.entryStates, queue.entries * offsetof<EntryState>());
  freeBytes(queue.table, vringBytes(queue.entries));
  freeBytes(changetype<usize>(queue) as u32, offsetof<Virtqueue>());
}

export function lockQueue(queue: Virtqueue): void {
  spinLock(changetype<usize>(queue) + offsetof<Virtqueue>("lock"));
}

export function unlockQueue(queue: Virtqueue): void {
  spinUnlock(changetype<usize>(queue) + offsetof<Virtqueue>("lock"));
}

/** The token of a message that has not come back, by its first entry; 0 = none. */
@inline
export function pendingToken(queue: Virtqueue, entry: u32): u32 {
  return stateOf(queue, entry).token;
}

/**
 * Exposes a message: from the moment its index moves the device may access all of it. 0; −ENOSPC where too few entries
 * are free, −EIO on a broken queue. Of its `total` pieces the device reads the first `readable`, and into the others it
 * writes at most `writable` bytes. `token` names the message when it comes back.
 */
export function addMessage(
  queue: Virtqueue,
  pieces: usize,
  readable: u32,
  total: u32,
  writable: u32,
  token: u32,
): i32 {
  // while the system sleeps there are no queues
  if (changetype<usize>(queue) == 0 || queue.broken) return -EIO;
  const table = indirectTable(queue, total);
  if (queue.freeCount < (table != 0 ? 1 : total)) {
    // perhaps the device was never told of what fills the queue
    if (readable != 0) notifyDevice(queue);
    return -ENOSPC;
  }
  const head = queue.freeHead;
  if (table != 0) linkIndirect(queue, head, table, pieces, total);
  else linkDirect(queue, pieces, total);
  const state = stateOf(queue, head);
  state.token = token;
  state.writable = writable;
  publish(queue, head);
  queue.added += 1;
  return 0;
}

/** The head into the available ring, then the index: from here on the device may have the message. */
@inline
export function publish(queue: Virtqueue, head: u32): void {
  const index = queue.availIndex;
  setAvailableHead(queue, index, head);
  letDevicePoll(queue);
  const next = (index + 1) & INDEX_MASK;
  queue.availIndex = next;
  setAvailableIndex(queue, next);
  letDevicePoll(queue);
}

/** A table of their own for two pieces or more, where the two sides agreed on that; else 0. */
@inline
function indirectTable(queue: Virtqueue, total: u32): u32 {
  if ((queue.features & RING_INDIRECT) == 0 || total < 2 || queue.freeCount == 0) return 0;
  const state = stateOf(queue, queue.freeHead);
  const ready = readyTable(state, total);
  return ready != 0 ? ready : newTable(state, total);
}

/** The table that stands ready at an entry for a message of so many pieces; 0 = none. */
@inline
export function readyTable(state: EntryState, total: u32): u32 {
  return state.tableBytes == total * DESCRIPTOR_BYTES ? state.table : 0;
}

/** The kernel gets one for each message and frees it when that is back. A device cannot tell. */
function newTable(state: EntryState, total: u32): u32 {
  freeBytes(state.table, state.tableBytes);
  state.table = allocateBytes(total * DESCRIPTOR_BYTES);
  state.tableBytes = state.table != 0 ? total * DESCRIPTOR_BYTES : 0;
  return state.table;
}

/** `next` is filled in always, also behind the last one: the entry that is free next. */
function linkDirect(queue: Virtqueue, pieces: usize, total: u32): void {
  let entry = queue.freeHead;
  for (let index: u32 = 0; index < total; index++) {
    const state = stateOf(queue, entry);
    const piece = pieceAt(pieces, index);
    const descriptor = descriptorAt(queue.table, entry);
    descriptor.address = piece.address;
    descriptor.length = piece.length;
    descriptor.flags = piece.flags;
    descriptor.next = state.next;
    letDevicePoll(queue);
    state.flags = piece.flags;
    entry = state.next;
  }
  queue.freeHead = entry;
  queue.freeCount -= total;
}

@inline
export function linkIndirect(
  queue: Virtqueue,
  head: u32,
  table: u32,
  pieces: usize,
  total: u32,
): void {
  const bytes = total * DESCRIPTOR_BYTES;
  for (let at: u32 = 0; at < bytes; at += DESCRIPTOR_BYTES) {
    v128.store(table + at, v128.load(pieces + at));
    letDevicePoll(queue);
  }
  const state = stateOf(queue, head);
  const next = state.next;
  state.flags = DESCRIPTOR_INDIRECT as u16;
  const descriptor = descriptorAt(queue.table, head);
  descriptor.address = deviceAddress(table);
  descriptor.length = bytes;
  descriptor.flags = DESCRIPTOR_INDIRECT as u16;
  descriptor.next = next;
  queue.freeHead = next;
  queue.freeCount -= 1;
}

/** Tells the device of what was added since this was last done, if it wants to know. */
export function kick(queue: Virtqueue): void {
  if (changetype<usize>(queue) != 0 && kickIsDue(queue)) notifyDevice(queue);
}

@inline
export function kickIsDue(queue: Virtqueue): bool {
  const old = (queue.availIndex - queue.added) & INDEX_MASK;
  queue.added = 0;
  if (queue.features & RING_EVENT_INDEX) {
    return passesEvent(availableEvent(queue), queue.availIndex, old);
  }
  return (usedFlags(queue) & NO_SIGNAL) == 0;
}

/** The token of a message that came back, 0 if none did; the length that the device wrote is in `usedLength`. */
export function takeMessage(queue: Virtqueue): u32 {
  if (queue.broken || !hasUsed(queue)) return 0;
  const slot = usedEntry(queue, queue.lastUsed);
  const head = load<u32>(slot);
  if (head >= queue.entries || pendingToken(queue, head) == 0) return reportBroken(queue, head);
  queue.usedLength = load<u32>(slot, 4);
  if (queue.usedLength > stateOf(queue, head).writable) {
    recordFinding(FINDING_VIRTIO_LENGTH, 0, 0, queue.usedLength, queue.number);
  }
  const token = detach(queue, head);
  queue.lastUsed = (queue.lastUsed + 1) & INDEX_MASK;
  if ((queue.availFlags & NO_SIGNAL) == 0) setUsedEvent(queue, queue.lastUsed);
  return token;
}

/** The device returned an entry that it was never given: nothing more is taken from it. */
function reportBroken(queue: Virtqueue, head: u32): u32 {
  queue.broken = 1;
  recordFinding(FINDING_VIRTIO_USED, 0, 0, head, queue.number);
  return 0;
}

/** Puts a message's entries in front of the free list. They stay as they are in memory. */
@inline
export function detach(queue: Virtqueue, head: u32): u32 {
  let state = stateOf(queue, head);
  const token = state.token;
  state.token = 0;
  let count: u32 = 1;
  for (; state.flags & DESCRIPTOR_NEXT; count++) state = stateOf(queue, state.next);
  state.next = queue.freeHead as u16;
  queue.freeHead = head;
  queue.freeCount += count;
  return token;
}

@inline
export function hasUsed(queue: Virtqueue): bool {
  return queue.lastUsed != usedIndex(queue);
}

/** While messages are taken no interrupt is wanted; with the event index one that came counts as such a wish. */
export function disableInterrupts(queue: Virtqueue): void {
  if (queue.interrupted || (queue.availFlags & NO_SIGNAL) != 0) return;
  queue.availFlags |= NO_SIGNAL;
  if (queue.features & RING_EVENT_INDEX) setUsedEvent(queue, 0);
  else setAvailableFlags(queue, queue.availFlags);
}

/** False where more came back meanwhile. */
export function enableInterrupts(queue: Virtqueue): bool {
  queue.interrupted = 0;
  if (queue.availFlags & NO_SIGNAL) {
    queue.availFlags &= ~NO_SIGNAL;
    if ((queue.features & RING_EVENT_INDEX) == 0) setAvailableFlags(queue, queue.availFlags);
  }
  setUsedEvent(queue, queue.lastUsed);
  return !hasUsed(queue);
}
