/** Records of a ring, taken apart as the recordings show them (test/golden/perf-regs/README.md). */

import type { ConstantName } from "../../core/exports.ts";
import {
  bitsOf,
  readFormats,
  registers,
  sampleTypes,
  type EventFlag,
  type ReadFormat,
  type SampleType,
} from "../../systems/perf/names.ts";
import { LengthOnly, type Answer } from "./steps.ts";

/** What must be known of the event that wrote a record. */
export interface RecordLayout {
  readonly sampleType: bigint;
  readonly readFormat: bigint;
  readonly userMask: bigint;
  readonly intrMask: bigint;
  readonly isTracepoint: boolean;
  /** Its raw data end in bytes that nobody compares. */
  readonly hasPacket: boolean;
  readonly has: (flag: EventFlag) => boolean;
}

export type Field = readonly [name: string, value: Answer];
/** A mutable record, as shown. */
type Shown = Record<string, Answer>;

/** Types of record under their recorded names. */
export const recordTypes = {
  MMAP: "RECORD_MMAP",
  LOST: "RECORD_LOST",
  COMM: "RECORD_COMM",
  EXIT: "RECORD_EXIT",
  FORK: "RECORD_FORK",
  SAMPLE: "RECORD_SAMPLE",
  MMAP2: "RECORD_MMAP2",
  SWITCH: "RECORD_SWITCH",
} as const satisfies Record<string, ConstantName>;
export type RecordType = keyof typeof recordTypes;

export const HEADER_BYTES = 8;
const BEYOND = "beyond";

/** A header: type, misc, size. */
export interface RecordHeader {
  readonly type: number;
  readonly misc: number;
  readonly size: number;
}

/** Reads a ring from a position on; behind `end` nothing is known any more, but the position goes on. */
export class RingReader {
  readonly #data: Uint8Array;
  readonly #end: bigint;
  at: bigint;

  constructor(data: Uint8Array, at: bigint, end: bigint) {
    this.#data = data;
    this.at = at;
    this.#end = end;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    const mask = BigInt(this.#data.length - 1);
    for (let index = 0; index < count; index++) {
      bytes[index] = this.#data[Number((this.at + BigInt(index)) & mask)]!;
    }
    this.at += BigInt(count);
    return bytes;
  }

  /** A little-endian number; null behind the end. */
  number(bytes: 2 | 4 | 8): bigint | null {
    const isKnown = this.at + BigInt(bytes) <= this.#end;
    const read = this.bytes(bytes);
    if (!isKnown) return null;
    return read.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  shown(bytes: 4 | 8 = 8): Answer {
    return this.number(bytes) ?? BEYOND;
  }

  header(): RecordHeader {
    const type = Number(this.number(4));
    const misc = Number(this.number(2));
    return { type, misc, size: Number(this.number(2)) };
  }
}

/** A record whose header was read; `reader` stands behind it. `end` is where the record ends by its size. */
export function showRecord(
  reader: RingReader,
  name: RecordType,
  { misc, size }: RecordHeader,
  layout: RecordLayout,
): Answer {
  const end = reader.at - BigInt(HEADER_BYTES) + BigInt(size);
  const fields = new FieldReader(reader, layout).fields(name, end);
  const shown: Shown = { type: name, misc: BigInt(misc), size: BigInt(size), fields };
  if (reader.at > end) shown["overrun"] = reader.at - end;
  if (reader.at < end) shown["left"] = reader.bytes(Number(end - reader.at));
  return shown;
}

/** Reads the bodies of records. */
class FieldReader {
  readonly #reader: RingReader;
  readonly #layout: RecordLayout;
  /** ABI of the user's registers: 0 where there are none, and then no stack either. */
  #userAbi = 1n;

  constructor(reader: RingReader, layout: RecordLayout) {
    this.#reader = reader;
    this.#layout = layout;
  }

  fields(name: RecordType, end: bigint): Field[] {
    if (name === "SAMPLE") return this.#sample();
    const body = this.#body(name, end);
    const trailer = this.#layout.has("sample_id_all") ? this.#trailer() : [];
    return trailer.length > 0 ? [...body, ["trailer", trailer]] : body;
  }

  #word(name: string, bytes: 4 | 8 = 8): Field {
    return [name, this.#reader.shown(bytes)];
  }

  #body(name: Exclude<RecordType, "SAMPLE">, end: bigint): Field[] {
    switch (name) {
      case "LOST":
        return [this.#word("id"), this.#word("lost")];
      case "COMM":
        return [this.#word("pid", 4), this.#word("tid", 4), this.#text("comm", end)];
      case "FORK":
      case "EXIT":
        return [
          ...["pid", "ppid", "tid", "ptid"].map((field) => this.#word(field, 4)),
          this.#word("time"),
        ];
      case "SWITCH":
        return [];
      case "MMAP":
        return [...this.#mapping(), this.#text("filename", end)];
      case "MMAP2":
        return [...this.#mapping(), ...this.#identity(), this.#text("filename", end)];
    }
  }

  #mapping(): Field[] {
    return [
      this.#word("pid", 4),
      this.#word("tid", 4),
      this.#word("addr"),
      this.#word("len"),
      this.#word("pgoff"),
    ];
  }

  #identity(): Field[] {
    const numbers = [4, 4, 8, 8] as const;
    return [
      ["maj_min_ino_gen", numbers.map((bytes) => this.#reader.shown(bytes))],
      this.#word("prot", 4),
      this.#word("flags", 4),
    ];
  }

  /** Text up to where the trailer begins. */
  #text(name: string, end: bigint): Field {
    const trailer = this.#layout.has("sample_id_all") ? this.#trailerBytes() : 0;
    const bytes = this.#reader.bytes(Number(end - this.#reader.at) - trailer);
    const length = bytes.indexOf(0);
    return [name, new TextDecoder().decode(bytes.subarray(0, length < 0 ? undefined : length))];
  }

  #asks(name: SampleType): boolean {
    return (this.#layout.sampleType & bitsOf(sampleTypes, [name])) !== 0n;
  }

  #trailerBytes(): number {
    const names = ["TID", "TIME", "ID", "STREAM_ID", "CPU", "IDENTIFIER"] as const;
    return 8 * names.filter((name) => this.#asks(name)).length;
  }

  #trailer(): Field[] {
    const fields: Field[] = [];
    if (this.#asks("TID")) fields.push(this.#word("pid", 4), this.#word("tid", 4));
    if (this.#asks("TIME")) fields.push(this.#word("time"));
    if (this.#asks("ID")) fields.push(this.#word("id"));
    if (this.#asks("STREAM_ID")) fields.push(this.#word("stream_id"));
    if (this.#asks("CPU")) fields.push(this.#word("cpu", 4), this.#word("res", 4));
    if (this.#asks("IDENTIFIER")) fields.push(this.#word("identifier"));
    return fields;
  }

  #sample(): Field[] {
    const { userMask, intrMask } = this.#layout;
    const parts: readonly (readonly [SampleType, () => Field[]])[] = [
      ["IDENTIFIER", () => [this.#word("identifier")]],
      ["IP", () => [this.#word("ip")]],
      ["TID", () => [this.#word("pid", 4), this.#word("tid", 4)]],
      ["TIME", () => [this.#word("time")]],
      ["ADDR", () => [this.#word("addr")]],
      ["ID", () => [this.#word("id")]],
      ["STREAM_ID", () => [this.#word("stream_id")]],
      ["CPU", () => [this.#word("cpu", 4), this.#word("res", 4)]],
      ["PERIOD", () => [this.#word("period")]],
      ["READ", () => [["read", readFields(this.#layout.readFormat, () => this.#reader.shown())]]],
      ["CALLCHAIN", () => [["callchain", this.#chain()]]],
      ["RAW", () => [["raw", this.#raw()]]],
      ["REGS_USER", () => [["regs_user", this.#registers(userMask, true)]]],
      ["STACK_USER", () => [["stack_user", this.#stack()]]],
      ["WEIGHT", () => [this.#word("weight")]],
      ["WEIGHT_STRUCT", () => [this.#word("weight")]],
      ["DATA_SRC", () => [this.#word("data_src")]],
      ["TRANSACTION", () => [this.#word("transaction")]],
      ["REGS_INTR", () => [["regs_intr", this.#registers(intrMask, false)]]],
      ["PHYS_ADDR", () => [this.#word("phys_addr")]],
      ["CGROUP", () => [this.#word("cgroup")]],
      ["DATA_PAGE_SIZE", () => [this.#word("data_page_size")]],
      ["CODE_PAGE_SIZE", () => [this.#word("code_page_size")]],
    ];
    return parts.filter(([type]) => this.#asks(type)).flatMap(([, read]) => read());
  }

  #chain(): Answer {
    const count = Number(this.#reader.number(8) ?? 0n);
    return Array.from({ length: count }, () => this.#reader.shown());
  }

  #raw(): Answer {
    const size = Number(this.#reader.number(4) ?? 0n);
    const bytes = this.#reader.bytes(size);
    if (this.#layout.isTracepoint) return tracepointData(bytes);
    const data = this.#layout.hasPacket ? new LengthOnly(size) : bytes;
    return { size: BigInt(size), data };
  }

  #registers(mask: bigint, isUser: boolean): Answer {
    const shown: Shown = {};
    const abi = this.#reader.number(8);
    shown["abi"] = abi ?? BEYOND;
    if (isUser && abi !== null) this.#userAbi = abi;
    if (abi === 0n) return shown;
    registers.forEach((name, bit) => {
      if (((mask >> BigInt(bit)) & 1n) !== 0n) shown[name] = this.#reader.shown();
    });
    return shown;
  }

  #stack(): Answer {
    const size = this.#reader.number(8) ?? 0n;
    const shown: Shown = { size };
    if (size === 0n) {
      if (this.#userAbi !== 0n) shown["dyn_size"] = this.#reader.shown();
      return shown;
    }
    const bytes = this.#reader.bytes(Number(size));
    const copied = this.#reader.number(8);
    const length = copied === null ? bytes.length : Number(copied);
    return {
      size,
      data: bytes.subarray(0, length),
      rest: bytes.subarray(length),
      dyn_size: copied ?? BEYOND,
    };
  }
}

/** READ, and what read() returns: names with their values, as many as `next` gives. */
export function readFields(format: bigint, next: () => Answer): Answer {
  const asks = (name: ReadFormat): boolean => (format & bitsOf(readFormats, [name])) !== 0n;
  const fields: Field[] = [];
  const add = (name: string): void => void fields.push([name, next()]);
  const addMember = (): void => {
    add("value");
    if (!asks("GROUP")) addTimes();
    if (asks("ID")) add("id");
    if (asks("LOST")) add("lost");
  };
  const addTimes = (): void => {
    if (asks("TOTAL_TIME_ENABLED")) add("time_enabled");
    if (asks("TOTAL_TIME_RUNNING")) add("time_running");
  };
  if (!asks("GROUP")) addMember();
  else {
    const count = next();
    fields.push(["nr", count]);
    addTimes();
    for (let left = typeof count === "bigint" ? count : 0n; left > 0n; left--) addMember();
  }
  return fields;
}

const COMMON_BYTES = 8;

/** Data of a tracepoint: the common part, words, what is left. */
function tracepointData(bytes: Uint8Array): Answer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = Math.floor((bytes.length - COMMON_BYTES) / 8);
  return {
    size: BigInt(bytes.length),
    common_type: BigInt(view.getUint16(0, true)),
    common_flags: BigInt(view.getUint8(2)),
    common_preempt_count: BigInt(view.getUint8(3)),
    common_pid: BigInt(view.getUint32(4, true)),
    words: Array.from({ length: words }, (_, at) => view.getBigUint64(COMMON_BYTES + 8 * at, true)),
    pad: bytes.subarray(COMMON_BYTES + 8 * words),
  };
}
