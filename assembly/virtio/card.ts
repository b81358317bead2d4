import { Stream } from "../pcm/runtime";
import { allocateBytes, freeBytes } from "./memory";
import { QUEUES } from "./numbers";
import { Virtqueue, freeVirtqueue, virtqueueAt } from "./virtqueue";

/** One bound device: struct virtio_snd (sound/virtio/virtio_card.h). */
@unmanaged
export class Card {
  design: u32; // Design: what this driver does where designs differ
  device: u32; // SoundDevice at the other end of the queues
  /** How long the driver waits for an answer, in nanoseconds of the virtual clock. */
  timeout: u64;
  substreams: u32; // Substream addresses, by stream id
  substreamCount: u32;
  worksScheduled: u32; // counts, so that works run in the order in which they were scheduled
  eventBuffers: u32; // of the event queue, all in one
  eventBytes: u32;
  apart: u32; // threads: Apart, where the device is a CPU of its own; 0 = it works within the driver's calls
  /** Virtqueue addresses by QUEUE_*; 0 while the queues are deleted. */
  control: u32;
  event: u32;
  tx: u32;
  rx: u32;
}

@inline
export function cardAt(address: u32): Card {
  return changetype<Card>(address as usize);
}

@inline
export function cardAddress(card: Card): u32 {
  return changetype<usize>(card) as u32;
}

@inline
function queueSlot(card: Card, number: u32): usize {
  return changetype<usize>(card) + offsetof<Card>("control") + (number << 2);
}

/** A queue by QUEUE_*. */
@inline
export function queueOf(card: Card, number: u32): Virtqueue {
  return virtqueueAt(load<u32>(queueSlot(card, number)));
}

export function setQueue(card: Card, number: u32, queue: u32): void {
  store<u32>(queueSlot(card, number), queue);
}

/**
 * One stream of the device, and the I/O messages of whoever has it open: struct virtio_pcm_substream
 * (sound/virtio/virtio_pcm.h). Byte counts and places in the ring count from its start.
 */
@unmanaged
export class Substream {
  card: u32;
  id: u32;
  direction: u32; // PLAYBACK, CAPTURE
  features: u32; // FEATURE_*, selected
  stream: u32; // Stream that has it open, 0 = none
  lock: u32;
  messages: u32; // Message addresses, one a period; 0 before the first hw_params
  messageCount: u32;
  queued: u32; // messages now with the device
  lastQueued: i32; // mmap, copy: index of the message exposed last, −1 = none
  bufferBytes: u32; // set by prepare
  periodBytes: u32; // that a message is of
  hwPtr: u32; // where the oldest exposed message begins; the corrected design counts instead
  enabled: u32; // between START and STOP or a pause
  xrun: u32; // the device reported one while enabled
  stopped: u32; // a STOP was sent, RELEASE is due
  suspended: u32; // the parameters must be sent again
  waiting: u32; // ControlMessage that a call sleeps for, 0 = none
  work: u32; // place among the scheduled notifications, 0 = none
  cuts: u32; // where the ring's pages are not adjacent for the device: ascending offsets
  cutCount: u32;

  /** The ack design's record of an indirect transfer (include/sound/pcm-indirect.h). */
  hwData: u32;
  swData: u32;
  hwIo: u32;
  swIo: u32;
  hwReady: i32;
  swReady: i32;
  /** The message that begins at a place of the ring, the last one found: a division less (hitPeriod.ts). */
  foundPlace: u32;
  foundIndex: u32;
  applPtr: u64; // seen last; the corrected design's too

  /** The corrected design's counts of ring bytes since PREPARE. */
  finalBytes: i64; // appl_ptr moved over so many
  sentBytes: i64; // were exposed
  backBytes: i64; // came back, with all before them
  toldBytes: i64; // of those, the core knows of
}

@inline
export function substreamAt(address: u32): Substream {
  return changetype<Substream>(address as usize);
}

@inline
export function substreamById(card: Card, id: u32): Substream {
  return substreamAt(load<u32>(card.substreams + (id << 2)));
}

@inline
export function streamOf(substream: Substream): Stream {
  return changetype<Stream>(substream.stream as usize);
}

/** A card without queues and streams; 0 when RAM is full. `design` is the address of a Design. */
export function newCard(design: u32, timeout: u64): u32 {
  const address = allocateBytes(offsetof<Card>());
  if (address == 0) return 0;
  cardAt(address).design = design;
  cardAt(address).timeout = timeout;
  return address;
}

/** A record for each of `count` streams; false when RAM is full. */
export function addSubstreams(card: Card, count: u32): bool {
  card.substreams = allocateBytes(max<u32>(count, 1) << 2);
  if (card.substreams == 0) return false;
  card.substreamCount = count;
  for (let id: u32 = 0; id < count; id++) {
    const address = allocateBytes(offsetof<Substream>());
    if (address == 0) return false;
    store<u32>(card.substreams + (id << 2), address);
    const substream = substreamAt(address);
    substream.card = cardAddress(card);
    substream.id = id;
    substream.lastQueued = -1;
  }
  return true;
}

export function deleteQueues(card: Card): void {
  for (let number: u32 = 0; number < QUEUES; number++) {
    const queue = load<u32>(queueSlot(card, number));
    if (queue != 0) freeVirtqueue(virtqueueAt(queue));
    setQueue(card, number, 0);
  }
  freeBytes(card.eventBuffers, card.eventBytes);
  card.eventBuffers = 0;
}
