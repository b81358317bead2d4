import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";

/** Where a field of a stream's bookkeeping lies: in its record, or in one of the two records a program may map. */
type Home = "record" | "status" | "control" | "availMin";

interface FieldRow {
  readonly name: string;
  readonly home: Home;
  readonly constant: ConstantName | null;
  readonly bits: 32 | 64;
}

/** A row for a field of the stream's own record. */
function own<const Name extends string>(name: Name, constant: ConstantName, bits: 32 | 64 = 64) {
  return { name, home: "record", constant, bits } as const;
}

/** The sound core's bookkeeping under the kernel's names (struct snd_pcm_runtime). */
export const streamFields = [
  { name: "state", home: "status", constant: "STATUS_STATE", bits: 32 },
  { name: "suspended_state", home: "status", constant: "STATUS_SUSPENDED_STATE", bits: 32 },
  { name: "status_state", home: "status", constant: "STATUS_STATE", bits: 32 },
  { name: "hw_ptr", home: "status", constant: "STATUS_HW_PTR", bits: 64 },
  { name: "appl_ptr", home: "control", constant: null, bits: 64 },
  { name: "avail_min", home: "availMin", constant: null, bits: 64 },
  own("boundary", "STREAM_BOUNDARY"),
  own("hw_ptr_base", "STREAM_HW_PTR_BASE"),
  own("hw_ptr_interrupt", "STREAM_HW_PTR_INTERRUPT"),
  own("hw_ptr_wrap", "STREAM_HW_PTR_WRAP"),
  own("avail_max", "STREAM_AVAIL_MAX"),
  own("silence_start", "STREAM_SILENCE_START"),
  own("silence_filled", "STREAM_SILENCE_FILLED"),
  own("start_threshold", "STREAM_START_THRESHOLD"),
  own("stop_threshold", "STREAM_STOP_THRESHOLD"),
  own("silence_threshold", "STREAM_SILENCE_THRESHOLD"),
  own("silence_size", "STREAM_SILENCE_SIZE"),
  own("buffer_size", "STREAM_BUFFER_SIZE"),
  own("period_size", "STREAM_PERIOD_SIZE"),
  own("delay", "STREAM_DELAY"),
  own("min_align", "STREAM_MIN_ALIGN"),
  own("byte_align", "STREAM_BYTE_ALIGN", 32),
  own("twake", "STREAM_TWAKE"),
  own("tstamp_mode", "STREAM_TSTAMP_MODE", 32),
  own("period_step", "STREAM_PERIOD_STEP", 32),
  own("dma_bytes", "STREAM_DMA_BYTES", 32),
  own("frame_bits", "STREAM_FRAME_BITS", 32),
] as const satisfies readonly FieldRow[];

export type StreamField = (typeof streamFields)[number]["name"];

const homePointers = {
  status: "STREAM_STATUS_PAGE",
  control: "STREAM_CONTROL_PAGE",
  availMin: "STREAM_AVAIL_MIN_AT",
} as const satisfies Record<Exclude<Home, "record">, ConstantName>;

/** Reads chosen fields of streams of one machine; asking changes nothing. */
export class StreamFields {
  readonly #machine: CoreMemory;
  readonly #places: readonly {
    readonly pointer: number;
    readonly offset: number;
    readonly wide: boolean;
  }[];

  constructor(machine: CoreMemory, fields: readonly StreamField[]) {
    this.#machine = machine;
    const wordBits =
      8 *
      machine.words[
        (machine.exports.profileAddress() + machine.constant("PROFILE_WORD_BYTES")) >>> 2
      ]!;
    this.#places = fields.map((name) => {
      const row: FieldRow = streamFields.find((candidate) => candidate.name === name)!;
      const shared = row.home === "control" || row.home === "availMin";
      return {
        pointer: row.home === "record" ? -1 : machine.constant(homePointers[row.home]),
        offset: row.constant === null ? 0 : machine.constant(row.constant),
        wide: row.bits === 64 && !(shared && wordBits === 32),
      };
    });
  }

  /** Stores two words (low, high) for each field, in the order asked for at construction. */
  read(stream: number, into: Uint32Array): void {
    const { words } = this.#machine;
    let next = 0;
    for (const { pointer, offset, wide } of this.#places) {
      const home = pointer < 0 ? stream : words[(stream + pointer) >>> 2]!;
      const at = (home + offset) >>> 2;
      into[next++] = words[at]!;
      into[next++] = wide ? words[at + 1]! : 0;
    }
  }
}
