import { joinBytes } from "../../base/bytes.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import type { PcmFile } from "../pcm/file.ts";
import type { VirtioQueueName } from "./description.ts";
import type { VirtioPiece } from "./journal.ts";

/** A queue's rings as they stand in memory. Asking changes nothing. */

/** The counters of both rings. */
export interface RingCounters {
  readonly availableIndex: number;
  readonly usedIndex: number;
  readonly availableFlags: number;
  readonly usedEvent: number;
  readonly usedFlags: number;
}

/** A message that the device has. */
export interface ChainView {
  readonly head: number;
  readonly indirect: boolean;
  /** Index, flags and next of each descriptor in the table that holds them. */
  readonly entries: readonly (readonly [number, number, number])[];
  readonly pieces: readonly VirtioPiece[];
  /** Data bytes; null for messages without, or whose ring is gone. */
  readonly content: Uint8Array | null;
}

/** A queue byte for byte. */
export interface QueueView extends RingCounters {
  readonly entries: number;
  /** Messages that the device has taken, over 16 bits. */
  readonly taken: number;
  readonly availableRing: readonly number[];
  /** Head and length of each entry. */
  readonly usedRing: readonly (readonly [number, number])[];
  readonly availableEvent: number;
  /** Length, flags and next of each descriptor. */
  readonly table: readonly (readonly [number, number, number])[];
  readonly chains: readonly ChainView[];
}

const RING_AT = 4;
const AVAILABLE_ENTRY_BYTES = 2;

/** Little-endian reads of one machine's memory, and the places of a queue's parts. */
class Rings {
  readonly machine: CoreMemory;
  readonly view: DataView;
  readonly entries: number;
  readonly table: number;
  readonly available: number;
  readonly used: number;
  readonly #queue: number;

  constructor(machine: CoreMemory, queue: number) {
    this.machine = machine;
    this.view = new DataView(machine.bytes.buffer);
    this.#queue = queue;
    this.entries = this.field("DEVICE_QUEUE_ENTRIES");
    this.table = this.field("DEVICE_QUEUE_TABLE");
    this.available = this.field("DEVICE_QUEUE_AVAILABLE");
    this.used = this.field("DEVICE_QUEUE_USED");
  }

  field(name: ConstantName): number {
    return this.machine.words[(this.#queue + this.machine.constant(name)) >>> 2]!;
  }

  half(at: number): number {
    return this.view.getUint16(at, true);
  }

  word(at: number): number {
    return this.view.getUint32(at, true);
  }

  counters(): RingCounters {
    return {
      availableIndex: this.half(this.available + 2),
      usedIndex: this.half(this.used + 2),
      availableFlags: this.half(this.available),
      usedEvent: this.half(this.available + RING_AT + AVAILABLE_ENTRY_BYTES * this.entries),
      usedFlags: this.half(this.used),
    };
  }

  /** A descriptor: [length, flags, next] and where its memory lies. */
  descriptor(table: number, index: number): { row: readonly [number, number, number]; at: number } {
    const place = table + index * this.machine.constant("DESCRIPTOR_BYTES");
    return {
      row: [this.word(place + 8), this.half(place + 12), this.half(place + 14)],
      at: this.word(place) + this.machine.header("HEADER_RAM"),
    };
  }
}

export function ringCounters(machine: CoreMemory, queue: number): RingCounters | null {
  const rings = new Rings(machine, queue);
  return rings.entries === 0 ? null : rings.counters();
}

/** Where the parts of a queue lie in the machine's memory. */
export interface QueuePlaces {
  readonly table: number;
  readonly available: number;
  readonly used: number;
}

export function queuePlaces(machine: CoreMemory, queue: number): QueuePlaces | null {
  const { entries, table, available, used } = new Rings(machine, queue);
  return entries === 0 ? null : { table, available, used };
}

/** `held`: heads of the control requests without an answer; `fileOf`: who has a stream open. */
export function lookAtQueue(
  machine: CoreMemory,
  queue: number,
  name: VirtioQueueName,
  held: readonly number[],
  fileOf: (stream: number) => PcmFile | undefined,
): QueueView | null {
  const rings = new Rings(machine, queue);
  if (rings.entries === 0) return null;
  const numbers = Array.from({ length: rings.entries }, (_, index) => index);
  const usedBytes = machine.constant("USED_ENTRY_BYTES");
  const heads = name === "ctl" ? held : headsThatWait(rings);
  return {
    ...rings.counters(),
    entries: rings.entries,
    taken: rings.field("DEVICE_QUEUE_TAKEN"),
    availableRing: numbers.map((index) => rings.half(rings.available + RING_AT + 2 * index)),
    usedRing: numbers.map((index) => {
      const at = rings.used + RING_AT + usedBytes * index;
      return [rings.word(at), rings.word(at + 4)] as const;
    }),
    availableEvent: rings.half(rings.used + RING_AT + usedBytes * rings.entries),
    table: numbers.map((index) => rings.descriptor(rings.table, index).row),
    chains: heads.map((head) => chainAt(rings, name, head, fileOf)),
  };
}

/** First entries of the messages that the device has, oldest first; none while there is no queue. */
export function waitingHeads(machine: CoreMemory, queue: number): number[] {
  return headsThatWait(new Rings(machine, queue));
}

function headsThatWait(rings: Rings): number[] {
  const waiting = rings.field("DEVICE_QUEUE_WAITING");
  return Array.from({ length: rings.field("DEVICE_QUEUE_WAITING_COUNT") }, (_, index) =>
    rings.half(waiting + 2 * index),
  );
}

function chainAt(
  rings: Rings,
  name: VirtioQueueName,
  head: number,
  fileOf: (stream: number) => PcmFile | undefined,
): ChainView {
  const { machine } = rings;
  const first = rings.descriptor(rings.table, head);
  const indirect = (first.row[1] & machine.constant("DESCRIPTOR_INDIRECT")) !== 0;
  const table = indirect ? first.at : rings.table;
  const most = indirect ? first.row[0] / machine.constant("DESCRIPTOR_BYTES") : rings.entries;
  const entries: (readonly [number, number, number])[] = [];
  const places: { at: number; length: number; writable: boolean }[] = [];
  let index = indirect ? 0 : head;
  for (let more = true; more && entries.length < most;) {
    const { row, at } = rings.descriptor(table, index);
    const [length, flags, next] = row;
    entries.push([index, flags, next]);
    places.push({ at, length, writable: (flags & machine.constant("DESCRIPTOR_WRITE")) !== 0 });
    more = (flags & machine.constant("DESCRIPTOR_NEXT")) !== 0;
    index = next;
  }
  return { head, indirect, entries, ...describe(rings, name, places, fileOf) };
}

function describe(
  rings: Rings,
  name: VirtioQueueName,
  places: readonly { at: number; length: number; writable: boolean }[],
  fileOf: (stream: number) => PcmFile | undefined,
): Pick<ChainView, "pieces" | "content"> {
  const plain = (pieceName: VirtioPiece["name"], index: number): VirtioPiece => {
    const { length, writable } = places[index]!;
    return { name: pieceName, offset: 0, length, writable };
  };
  if (name === "evt") return { pieces: [plain("event", 0)], content: null };
  if (name === "ctl") {
    const names = ["req", "resp", "info"] as const;
    return {
      pieces: places.map((_, index) => plain(names[index] ?? "info", index)),
      content: null,
    };
  }
  const ring = fileOf(rings.word(places[0]!.at))?.ring() ?? new Uint8Array();
  const data = places.slice(1, -1).map(({ at, length, writable }): VirtioPiece => {
    const offset = at - ring.byteOffset;
    const inside = offset >= 0 && offset + length <= ring.length;
    return { name: inside ? "dma" : "?", offset: inside ? offset : 0, length, writable };
  });
  const gone = data.some((piece) => piece.name === "?");
  return {
    pieces: [plain("xfer", 0), ...data, plain("status", places.length - 1)],
    content: gone
      ? null
      : joinBytes(data.map(({ offset, length }) => ring.subarray(offset, offset + length))),
  };
}
