import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import { queueNames, requestName, type VirtioQueueName } from "./description.ts";

/** A piece of a message by what it is, since addresses say nothing. */
export interface VirtioPiece {
  readonly name: "req" | "resp" | "info" | "xfer" | "dma" | "status" | "?" | "event";
  /** Where data begins in its stream's ring. */
  readonly offset: number;
  readonly length: number;
  /** The device writes it; else it reads it. */
  readonly writable: boolean;
}

/** What the device saw and did, in order. */
export type VirtioSndEvent =
  | { readonly kind: "kick"; readonly queue: VirtioQueueName }
  | {
      readonly kind: "expose";
      readonly queue: VirtioQueueName;
      readonly head: number;
      readonly indirect: boolean;
      readonly pieces: readonly VirtioPiece[];
      readonly stream: number;
      /** The data bytes at that moment; null where the ring is gone. */
      readonly content: Uint8Array | null;
    }
  | {
      readonly kind: "request";
      readonly head: number;
      readonly indirect: boolean;
      readonly pieces: readonly VirtioPiece[];
      readonly content: Uint8Array;
    }
  | {
      readonly kind: "answer";
      readonly request: string;
      readonly usedLength: number;
      readonly content: Uint8Array;
    }
  | { readonly kind: "hold"; readonly request: string; readonly action: "never" | "later" }
  | {
      readonly kind: "complete";
      readonly queue: VirtioQueueName;
      readonly head: number;
      readonly pieces: readonly VirtioPiece[];
      readonly status: number;
      readonly latency: number;
      readonly usedLength: number;
      readonly content: Uint8Array | null;
    }
  | { readonly kind: "interrupt"; readonly queue: VirtioQueueName; readonly wanted: boolean }
  | {
      readonly kind: "event";
      readonly head: number;
      readonly code: number;
      readonly data: number;
    }
  | { readonly kind: "status"; readonly value: number | "reset" }
  | { readonly kind: "features"; readonly bits: bigint }
  | {
      readonly kind: "queue";
      readonly queue: VirtioQueueName;
      readonly name: string;
      readonly entries: number;
      readonly available: number;
      readonly used: number;
    }
  | { readonly kind: "queues-deleted" }
  | { readonly kind: "config-read"; readonly offset: number; readonly bytes: number };

const pieceNames = [
  ["PIECE_REQUEST", "req"],
  ["PIECE_RESPONSE", "resp"],
  ["PIECE_INFO", "info"],
  ["PIECE_HEADER", "xfer"],
  ["PIECE_DATA", "dma"],
  ["PIECE_STATUS", "status"],
  ["PIECE_STRAY", "?"],
] as const satisfies readonly (readonly [ConstantName, VirtioPiece["name"]])[];

/** A record of the core's journal. */
interface Row {
  readonly queue: VirtioQueueName;
  readonly head: number;
  readonly values: Uint32Array;
  readonly pieces: readonly VirtioPiece[];
  readonly content: Uint8Array;
}

type Reader = (row: Row) => VirtioSndEvent;

const readers: readonly (readonly [ConstantName, Reader])[] = [
  ["JOURNAL_KICK", ({ queue }) => ({ kind: "kick", queue })],
  [
    "JOURNAL_EXPOSE",
    ({ queue, head, values: [stream, indirect, gone], pieces, content }) => ({
      kind: "expose",
      queue,
      head,
      indirect: indirect !== 0,
      pieces,
      stream: stream!,
      content: gone === 0 ? content : null,
    }),
  ],
  [
    "JOURNAL_REQUEST",
    ({ head, values: [indirect], pieces, content }) => ({
      kind: "request",
      head,
      indirect: indirect !== 0,
      pieces,
      content,
    }),
  ],
  [
    "JOURNAL_ANSWER",
    ({ values: [request, usedLength], content }) => ({
      kind: "answer",
      request: requestName(request!),
      usedLength: usedLength!,
      content,
    }),
  ],
  [
    "JOURNAL_COMPLETE",
    ({ queue, head, values: [status, latency, usedLength, gone], pieces, content }) => ({
      kind: "complete",
      queue,
      head,
      pieces,
      status: status!,
      latency: latency!,
      usedLength: usedLength!,
      content: gone === 0 ? content : null,
    }),
  ],
  [
    "JOURNAL_INTERRUPT",
    ({ queue, values: [wanted] }) => ({ kind: "interrupt", queue, wanted: wanted !== 0 }),
  ],
  [
    "JOURNAL_EVENT",
    ({ head, values: [code, data] }) => ({ kind: "event", head, code: code!, data: data! }),
  ],
];

/** Reads a device's journal in the core. */
export class JournalReader {
  readonly #machine: CoreMemory;
  readonly #journal: number;
  readonly #readers: ReadonlyMap<number, Reader>;
  readonly #pieceNames: ReadonlyMap<number, VirtioPiece["name"]>;

  constructor(machine: CoreMemory, journal: number) {
    this.#machine = machine;
    this.#journal = journal;
    const never = machine.constant("HOLD_NEVER");
    const hold: Reader = ({ values: [request, action] }) => ({
      kind: "hold",
      request: requestName(request!),
      action: action === never ? "never" : "later",
    });
    this.#readers = new Map([
      ...readers.map(([constant, reader]) => [machine.constant(constant), reader] as const),
      [machine.constant("JOURNAL_HOLD"), hold] as const,
    ]);
    this.#pieceNames = new Map(
      pieceNames.map(([constant, name]) => [machine.constant(constant), name] as const),
    );
  }

  #word(address: number): number {
    return this.#machine.words[address >>> 2]!;
  }

  #field(name: ConstantName): number {
    return this.#word(this.#journal + this.#machine.constant(name));
  }

  /** Records for which there was no room. */
  get lost(): number {
    return this.#field("JOURNAL_LOST");
  }

  /** Takes out what was written since the last time, oldest first. */
  take(): VirtioSndEvent[] {
    const records = this.#field("JOURNAL_RECORDS");
    const end = records + this.#field("JOURNAL_USED");
    const events: VirtioSndEvent[] = [];
    for (let at = records; at < end; at += this.#word(at)) events.push(this.#read(at));
    this.forget();
    return events;
  }

  /** Drops what was written. */
  forget(): void {
    const at = this.#journal + this.#machine.constant("JOURNAL_USED");
    this.#machine.words[at >>> 2] = 0;
  }

  #read(at: number): VirtioSndEvent {
    const machine = this.#machine;
    const field = (name: ConstantName): number => this.#word(at + machine.constant(name));
    const pieceCount = field("RECORD_PIECES");
    const firstPiece = at + machine.constant("RECORD_END");
    const pieceBytes = machine.constant("PIECE_RECORD_BYTES");
    const content = firstPiece + pieceCount * pieceBytes;
    const values = (at + machine.constant("RECORD_VALUES")) >>> 2;
    const reader = this.#readers.get(field("RECORD_KIND"))!;
    return reader({
      queue: queueNames[field("RECORD_QUEUE")]!,
      head: field("RECORD_HEAD"),
      values: machine.words.slice(values, values + 4),
      pieces: Array.from({ length: pieceCount }, (_, index) =>
        this.#piece(firstPiece + index * pieceBytes),
      ),
      content: machine.bytes.slice(content, content + field("RECORD_CONTENT")),
    });
  }

  #piece(at: number): VirtioPiece {
    return {
      name: this.#pieceNames.get(this.#word(at))!,
      offset: this.#word(at + 4),
      length: this.#word(at + 8),
      writable: this.#word(at + 12) !== 0,
    };
  }
}
