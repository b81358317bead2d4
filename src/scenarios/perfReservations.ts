import { checkOptions, optional, type Shape } from "../base/checks.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { halves } from "../machine/address.ts";
import { Machine } from "../machine/machine.ts";
import { softwareEvents } from "../systems/perf/names.ts";
import type { PerfEvent } from "../systems/perf/perfEvent.ts";
import type { PerfRing } from "../systems/perf/perfRing.ts";
import { given } from "./compareSyncPtr.ts";
import { preparePerf, type PerfBed } from "./perfBed.ts";

/** Samples that write more or less than room was taken for in the ring, byte by byte: as 6.18 does it, and put right. */

/** Whether the kernel counts what it will write. */
export const reservationVariants = [
  { name: "recorded", meaning: "as Linux 6.18 does" },
  { name: "right", meaning: "with room for what is written" },
] as const;
export type ReservationVariant = (typeof reservationVariants)[number]["name"];

export interface RunReservationOptions {
  /** The release core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

const runOptions: Shape<RunReservationOptions> = { wasm: optional(wasmSource) };

/** Bytes next to each other, by their offset from the record's start. */
export interface ByteRun {
  readonly from: number;
  readonly bytes: number;
}

/** Bytes that no room was taken for. */
export interface Overwritten extends ByteRun {
  /** The first word of them, before and afterwards, as its bytes. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** One sample in a ring. */
export interface ReservedSample {
  /** Which of the samples, in words. */
  readonly what: string;
  readonly variant: ReservationVariant;
  /** What the record's header says. */
  readonly size: number;
  /** By how much the ring's head moved; 0: the sample was lost. */
  readonly reserved: number;
  /** Inside of the reservation, bytes that still hold what the ring held before. */
  readonly notWritten: readonly ByteRun[];
  /** Behind it, from the first byte that changed to the last; null: none did. */
  readonly behind: Overwritten | null;
  /** Headers of earlier records that no longer say what they said. */
  readonly headersHurt: number;
  /** The id that the record carries, and that of the event that wrote it; null where it carries none. */
  readonly ids: { readonly own: bigint; readonly carried: bigint } | null;
}

/** What a demonstration shows. */
export interface ReservationRun<Name extends string = string> {
  readonly schemaVersion: 1;
  readonly scenario: Name;
  readonly samples: readonly ReservedSample[];
}

/** A sample to take, and the ring that it goes into. */
export interface Shot {
  readonly what: string;
  readonly ring: PerfRing;
  readonly event: PerfEvent;
  /** Words from the record's start to the id, where it has one. */
  readonly idWord: number | null;
  readonly fire: () => void;
}

/** The samples of a demonstration on a machine with one task. */
export type Demonstration = (bed: PerfBed) => readonly Shot[];

/** What stands in a ring before: two runs with different bytes tell what was written from what happens to be equal. */
const fills = [0x5a, 0xa5] as const;
const HEADER_BYTES = 8;
const WORD_BYTES = 8;
const SIZE_AT = 6;

/** Shows a demonstration in both variants. */
export async function runReservations<Name extends string>(
  scenario: Name,
  demonstration: Demonstration,
  options: RunReservationOptions,
): Promise<ReservationRun<Name>> {
  checkOptions("options", options, runOptions);
  const shape = { memory: "2M", cpus: 1, tlbEntries: 64 } as const;
  let machine = await Machine.create({ ...shape, ...given(options.wasm) });
  const samples = reservationVariants.flatMap(({ name }) => {
    const [first, second] = fills.map((fill) => {
      machine = machine.reset();
      return shotsOn(machine, name, demonstration, fill);
    });
    return first!.map((shot, index) => compared(shot, second![index]!, name));
  });
  return { schemaVersion: 1, scenario, samples };
}

/** Where a record stands. */
interface Reserved {
  readonly from: bigint;
  readonly reserved: number;
}

/** A ring before and after a sample. */
interface Taken extends Reserved {
  readonly what: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly earlier: readonly Reserved[];
  readonly ids: ReservedSample["ids"];
}

function shotsOn(
  machine: Machine,
  variant: ReservationVariant,
  demonstration: Demonstration,
  fill: number,
): Taken[] {
  machine.setHeader("HEADER_PERF_CORRECTIONS", variant === "right" ? corrections(machine) : 0);
  const shots = demonstration(preparePerf(machine));
  const records = new Map<number, readonly Reserved[]>();
  return shots.map((shot) => {
    const earlier = records.get(shot.ring.address) ?? [];
    fillFree(shot.ring, earlier, fill);
    const one = takeShot(shot, earlier);
    if (one.reserved !== 0) records.set(shot.ring.address, [...earlier, one]);
    return one;
  });
}

/** What belongs to no record holds the same byte everywhere. */
function fillFree(ring: PerfRing, records: readonly Reserved[], fill: number): void {
  const { data } = ring;
  const kept = records.map(({ from, reserved }) =>
    offsets(0, reserved).map((offset) => [placeOf(data, from, offset), byteAt(data, from, offset)]),
  );
  data.fill(fill);
  for (const [place, byte] of kept.flat()) data[place!] = byte!;
}

function corrections(machine: Machine): number {
  return (["CORRECT_EMPTY_STACK", "CORRECT_RECORD_SIZE", "CORRECT_SHARED_SAMPLE"] as const)
    .map((name) => machine.constant(name))
    .reduce((all, bit) => all | bit, 0);
}

function takeShot({ what, ring, event, idWord, fire }: Shot, earlier: readonly Reserved[]): Taken {
  const head = ring.head;
  const before = ring.data.slice();
  fire();
  const backward = event.attributes.has("write_backward");
  const moved = BigInt.asIntN(64, ring.head - head);
  const from = backward ? ring.head : head;
  const after = ring.data.slice();
  return {
    what,
    from,
    reserved: Number(moved < 0n ? -moved : moved),
    before,
    after,
    earlier,
    ids: idWord === null ? null : { own: event.id, carried: wordAt(after, from, 8 * idWord) },
  };
}

function wordAt(data: Uint8Array, from: bigint, offset: number): bigint {
  return offsets(offset, offset + WORD_BYTES).reduceRight(
    (value, at) => (value << 8n) | BigInt(byteAt(data, from, at)),
    0n,
  );
}

function placeOf(data: Uint8Array, from: bigint, offset: number): number {
  return Number((from + BigInt(offset)) & BigInt(data.length - 1));
}

function byteAt(data: Uint8Array, from: bigint, offset: number): number {
  return data[placeOf(data, from, offset)]!;
}

/** Two runs of the same sample over different old content. */
function compared(one: Taken, other: Taken, variant: ReservationVariant): ReservedSample {
  const length = one.before.length;
  const isKept = (offset: number): boolean =>
    [one, other].every(
      ({ before, after, from }) => byteAt(before, from, offset) === byteAt(after, from, offset),
    );
  const inside = offsets(0, one.reserved).filter(isKept);
  const outside = offsets(one.reserved, length).filter((offset) => !isKept(offset));
  return {
    what: one.what,
    variant,
    size: one.reserved === 0 ? 0 : sizeAt(one.after, one.from),
    reserved: one.reserved,
    notWritten: runsOf(inside),
    behind: outside.length === 0 ? null : overwritten(one, outside[0]!, outside.at(-1)!),
    headersHurt: one.earlier.filter(({ from }) => isHurt(one, from)).length,
    ids: one.ids,
  };
}

function overwritten({ before, after, from }: Taken, first: number, last: number): Overwritten {
  const word = offsets(first, first + WORD_BYTES);
  return {
    from: first,
    bytes: last + 1 - first,
    before: word.map((offset) => byteAt(before, from, offset)),
    after: word.map((offset) => byteAt(after, from, offset)),
  };
}

function offsets(from: number, to: number): number[] {
  return Array.from({ length: Math.max(to - from, 0) }, (_, index) => from + index);
}

function sizeAt(data: Uint8Array, from: bigint): number {
  return byteAt(data, from, SIZE_AT) | (byteAt(data, from, SIZE_AT + 1) << 8);
}

function isHurt({ before, after }: Taken, record: bigint): boolean {
  return offsets(0, HEADER_BYTES).some(
    (offset) => byteAt(before, record, offset) !== byteAt(after, record, offset),
  );
}

function runsOf(sorted: readonly number[]): ByteRun[] {
  const runs: { from: number; bytes: number }[] = [];
  for (const at of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && last.from + last.bytes === at) last.bytes += 1;
    else runs.push({ from: at, bytes: 1 });
  }
  return runs;
}

/** An occurrence of a software event in the program itself. */
export function occurrence(
  { machine, task }: PerfBed,
  name: (typeof softwareEvents)[number],
  address: bigint,
): void {
  const { lo, hi } = halves(address);
  const number = softwareEvents.indexOf(name);
  machine.exports.perfSoftware(task.task.cpu, number, lo, hi, task.frame.address);
}
