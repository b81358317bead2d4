import { Machine } from "../../../src/index.ts";
import type { PerfRing } from "../../../src/systems/perf/perfRing.ts";

/** Records of a ring, as a reader takes them. */
export interface ReadRecord {
  readonly type: number;
  readonly misc: number;
  readonly size: number;
  /** The words behind the header. */
  readonly words: readonly bigint[];
}

export const studyMachine = (): Promise<Machine> =>
  Machine.create({ build: "study", memory: "2M", cpus: 1, tlbEntries: 64, kernel: "6.18" });

/** The records between two positions of the ring. */
export function recordsFrom(ring: PerfRing, from = 0n): ReadRecord[] {
  const records: ReadRecord[] = [];
  const size = BigInt(ring.dataBytes);
  const byte = (at: bigint): bigint => BigInt(ring.data[Number(at % size)]!);
  const word = (at: bigint): bigint => {
    let value = 0n;
    for (let index = 7n; index >= 0n; index--) value = (value << 8n) | byte(at + index);
    return value;
  };
  for (let at = from; at < ring.head;) {
    const header = word(at);
    const bytes = Number(header >> 48n);
    const words = Array.from({ length: bytes / 8 - 1 }, (_, index) =>
      word(at + BigInt(8 * (index + 1))),
    );
    records.push({
      type: Number(header & 0xffff_ffffn),
      misc: Number((header >> 32n) & 0xffffn),
      size: bytes,
      words,
    });
    at += BigInt(bytes);
  }
  return records;
}
