import type { ConstantName } from "../core/exports.ts";
import type { CoreMemory } from "../machine/coreMemory.ts";

/**
 * Page tables read as they stand in memory, by the host alone: no code of the core runs, so no lock is taken, no
 * accessed bit set, nothing counted. While programs run on other threads the answer may mix two moments.
 */

/** The shape of a machine's page tables. */
interface Geometry {
  readonly levels: number;
  readonly topEntries: number;
  readonly entryBytes: number;
  readonly pageShift: number;
  /** Bits of an address that choose the entry in every table but the root. */
  readonly indexBits: number;
}

/** One entry in use. */
export interface RawEntry {
  readonly index: number;
  readonly level: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly entry: bigint;
  /** The frame that it names: a table's, or the first of a leaf's. */
  readonly frame: number;
  readonly kind: "table" | "leaf" | "guard";
}

/** The tables of one address space. */
export class TableWalk {
  readonly #machine: CoreMemory;
  readonly #geometry: Geometry;
  readonly #root: number;

  /** @param mm linear address of the address space's record */
  constructor(machine: CoreMemory, mm: number) {
    this.#machine = machine;
    this.#geometry = geometryOf(machine);
    this.#root = machine.words[(mm + machine.constant("MM_ROOT")) >>> 2]!;
  }

  get levels(): number {
    return this.#geometry.levels;
  }

  get rootFrame(): number {
    return (this.#root - this.#machine.header("HEADER_RAM")) >>> this.#geometry.pageShift;
  }

  /** First address behind what the root table stands for. */
  get end(): bigint {
    return BigInt(this.#geometry.topEntries) << this.#shift(this.levels);
  }

  /** The entries in use of the root table, in order. */
  root(): Generator<RawEntry> {
    return this.#entriesOf(this.#root, this.levels, 0n, 0n, this.end);
  }

  /** The entries in use of the table that an entry leads to, in order. */
  below(above: RawEntry): Generator<RawEntry> {
    return this.#below(above, above.start, above.end);
  }

  /** Leaves and markers that stand for a part of [from, to), in order. */
  *leaves(from: bigint, to: bigint): Generator<RawEntry> {
    yield* this.#leavesOf(this.#entriesOf(this.#root, this.levels, 0n, from, to), from, to);
  }

  *#leavesOf(entries: Iterable<RawEntry>, from: bigint, to: bigint): Generator<RawEntry> {
    for (const raw of entries) {
      if (raw.kind === "table") yield* this.#leavesOf(this.#below(raw, from, to), from, to);
      else yield raw;
    }
  }

  #below({ frame, level, start }: RawEntry, from: bigint, to: bigint): Generator<RawEntry> {
    const table = this.#machine.header("HEADER_RAM") + frame * 2 ** this.#geometry.pageShift;
    return this.#entriesOf(table, level - 1, start, from, to);
  }

  *#entriesOf(
    table: number,
    level: number,
    base: bigint,
    from: bigint,
    to: bigint,
  ): Generator<RawEntry> {
    const { entryBytes, topEntries, indexBits } = this.#geometry;
    const shift = this.#shift(level);
    const count = level === this.levels ? topEntries : 2 ** indexBits;
    const first = from > base ? (from - base) >> shift : 0n;
    for (let index = Number(first); index < count; index++) {
      const start = base + (BigInt(index) << shift);
      if (start >= to) return;
      const entry = this.#read(table + index * entryBytes);
      if (entry !== 0n) yield this.#raw(entry, index, level, start);
    }
  }

  #raw(entry: bigint, index: number, level: number, start: bigint): RawEntry {
    const frame = Number(BigInt.asUintN(32, entry >> BigInt(this.#geometry.pageShift)));
    const end = start + (1n << this.#shift(level));
    return { index, level, start, end, entry, frame, kind: this.#kindOf(entry, level) };
  }

  #kindOf(entry: bigint, level: number): RawEntry["kind"] {
    const has = (name: ConstantName): boolean =>
      (entry & BigInt(this.#machine.constant(name))) !== 0n;
    if (!has("ENTRY_PRESENT") && !has("ENTRY_PROTNONE")) return "guard";
    return level === 1 || has("ENTRY_PSE") ? "leaf" : "table";
  }

  /** Bits of an address below a level's index. */
  #shift(level: number): bigint {
    const { pageShift, indexBits } = this.#geometry;
    return BigInt(pageShift + (level - 1) * indexBits);
  }

  #read(at: number): bigint {
    if (this.#geometry.entryBytes === 8) return this.#machine.wideAt(at);
    return BigInt(this.#machine.words[at >>> 2]!);
  }
}

function geometryOf(machine: CoreMemory): Geometry {
  const profile = machine.exports.profileAddress();
  const word = (name: ConstantName): number =>
    machine.words[(profile + machine.constant(name)) >>> 2]!;
  const page = machine.constant("PAGE_SIZE");
  const entryBytes = word("PROFILE_ENTRY_BYTES");
  return {
    levels: word("PROFILE_LEVELS"),
    topEntries: word("PROFILE_TOP_ENTRIES"),
    entryBytes,
    pageShift: Math.log2(page),
    indexBits: Math.log2(page / entryBytes),
  };
}

/** Linear address of a task's address space; 0 for a zombie. */
export function mmOf(machine: CoreMemory, task: number): number {
  return machine.words[(task + machine.constant("TASK_MM")) >>> 2]!;
}
