import { registers } from "../systems/perf/names.ts";
import type { FrameWord } from "../systems/perf/registers.ts";
import type { PerfCase } from "./perfCase.ts";

/** Records in a case's ring, as their reader takes them apart. */

/** What a register in a record is, compared with the task's. */
export type RegisterState = "right" | "unknown" | "wrong";

export interface SampledRegister {
  readonly name: string;
  readonly value: bigint;
  readonly state: RegisterState;
}

export interface SampledRegisters {
  /** 0: no registers, 1: of a 32-bit segment, 2: of a 64-bit one. */
  readonly abi: bigint;
  readonly values: readonly SampledRegister[];
}

/** What a register that is not known reads. */
const UNKNOWN = 2n ** 64n - 1n;
const WORD_BYTES = 8;
/** Words in front of what is variable: header, ip, tid, time, id, cpu. */
const PLAIN_WORDS = 6;

/** The user registers of each record from a position on; none where their event asks for none. */
export function sampledRegisters(one: PerfCase, from: bigint): SampledRegisters[] {
  const { attributes, ring } = one.event;
  if (!attributes.samples("REGS_USER")) return [];
  return recordsFrom(ring!.data, Number(from), Number(ring!.head)).map((start) =>
    registersIn(one, start),
  );
}

function registersIn({ event, bed }: PerfCase, start: number): SampledRegisters {
  const view = event.attributes;
  const { data } = event.ring!;
  const word = (index: number): bigint => wordAt(data, start + index * WORD_BYTES);
  const chain = view.samples("CALLCHAIN") ? 1 + Number(word(PLAIN_WORDS)) : 0;
  const abi = word(PLAIN_WORDS + chain);
  const mask = view.attributes.get("sample_regs_user");
  const names = registers.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
  const first = PLAIN_WORDS + chain + 1;
  const values = names.map((name, index) => {
    const value = word(first + index);
    return { name, value, state: stateOf(value, bed.truth.get(name as FrameWord)) };
  });
  return { abi, values: abi === 0n ? [] : values };
}

function stateOf(value: bigint, truth: bigint): RegisterState {
  if (value === truth) return "right";
  return value === UNKNOWN ? "unknown" : "wrong";
}

/** Starts of the records in a ring that has not gone round yet. */
function recordsFrom(data: Uint8Array, from: number, head: number): number[] {
  const starts: number[] = [];
  for (let at = from; at < head; at += sizeAt(data, at)) starts.push(at);
  return starts;
}

function sizeAt(data: Uint8Array, at: number): number {
  return data[at + 6]! | (data[at + 7]! << 8);
}

function wordAt(data: Uint8Array, at: number): bigint {
  return new DataView(data.buffer, data.byteOffset).getBigUint64(at, true);
}
