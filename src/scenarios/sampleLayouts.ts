/**
 * struct perf_sample_data through its history (include/linux/perf_event.h): lists of members, and what the compiler
 * makes of them.
 */

import { layoutOf, parseStruct, type FieldDescription } from "../structs/index.ts";
import { frameWordNames } from "../systems/perf/registers.ts";

/** A line of the cache, and what the structure is aligned to (____cacheline_aligned). */
export const LINE_BYTES = 64;

type MemberType = "u64" | "pointer" | "pid_tid" | "cpu_reserved" | "perf_regs" | "pt_regs";
type Member = readonly [name: string, type: MemberType];

const word = (...names: string[]): Member[] => names.map((name) => [name, "u64"]);
const pointer = (...names: string[]): Member[] => names.map((name) => [name, "pointer"]);
const tid: Member = ["tid_entry", "pid_tid"];
const cpu: Member = ["cpu_entry", "cpu_reserved"];
const userRegs: Member = ["regs_user", "perf_regs"];
const userCopy: Member = ["regs_user_copy", "pt_regs"];
const intrRegs: Member = ["regs_intr", "perf_regs"];

/** What perf_sample_data_init wrote up to 6.0. */
const oldInit = ["addr", "raw", "br_stack", "period", "weight", "txn", "data_src"];

const oldStart: readonly Member[] = [
  ...word("addr"),
  ...pointer("raw", "br_stack"),
  ...word("period", "weight", "txn", "data_src"),
];
const oldMiddle: readonly Member[] = [
  ...word("type", "ip"),
  tid,
  ...word("time", "id", "stream_id"),
  cpu,
  ...pointer("callchain"),
];
const stackSize = word("stack_user_size");

/** The structure as it was, or was proposed; and the members that its init function writes. */
export const sampleEras = [
  {
    name: "v4.6",
    meaning: "with the copy of the user registers in it",
    members: [...oldStart, ...oldMiddle, userRegs, userCopy, intrRegs, ...stackSize],
    init: oldInit,
  },
  {
    name: "v4.6-flags",
    meaning: "with the copy, and a word of flags in the first line",
    members: [
      ...oldStart,
      ...word("sample_flags"),
      ...oldMiddle,
      userRegs,
      userCopy,
      intrRegs,
      ...stackSize,
    ],
    init: [...oldInit, "sample_flags"],
  },
  {
    name: "v5.5",
    meaning: "with the copy, and the size of AUX data, which init once wrote too",
    members: [
      ...oldStart,
      ...oldMiddle,
      userRegs,
      userCopy,
      intrRegs,
      ...stackSize,
      ...word("phys_addr", "aux_size"),
    ],
    init: [...oldInit, "aux_size"],
  },
  {
    name: "v4.6-without-copy",
    meaning: "as the patch of 2016 would have left it",
    members: [...oldStart, ...oldMiddle, userRegs, intrRegs, ...stackSize],
    init: oldInit,
  },
  {
    name: "v5.11",
    meaning: "the copy was taken out, three fields had come",
    members: [
      ...oldStart,
      ...oldMiddle,
      userRegs,
      intrRegs,
      ...stackSize,
      ...word("phys_addr", "cgroup", "aux_size"),
    ],
    init: oldInit,
  },
  {
    name: "v7.0",
    meaning: "with flags for what is valid, in the order of use",
    members: [
      ...word("sample_flags", "period", "dyn_size", "type"),
      tid,
      ...word("time", "id"),
      cpu,
      ...word("ip"),
      ...pointer("callchain", "raw", "br_stack", "br_stack_cntr"),
      ...word("weight", "data_src", "txn"),
      userRegs,
      intrRegs,
      ...stackSize,
      ...word("stream_id", "cgroup", "addr"),
      ...word("phys_addr", "data_page_size", "code_page_size", "aux_size"),
    ],
    init: ["sample_flags", "period", "dyn_size"],
  },
] as const satisfies readonly {
  readonly name: string;
  readonly meaning: string;
  readonly members: readonly Member[];
  readonly init: readonly string[];
}[];

export type SampleEra = (typeof sampleEras)[number]["name"];

export const sampleEraNames: readonly SampleEra[] = sampleEras.map(({ name }) => name);

/** A member in its place. */
export interface LaidMember {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** The first and the last line that it stands on. */
  readonly lines: readonly [first: number, last: number];
}

export interface SampleLayout {
  readonly era: SampleEra;
  readonly bytes: number;
  readonly lines: number;
  /** Sum of the members. */
  readonly memberBytes: number;
  readonly members: readonly LaidMember[];
  /** What the init function writes. */
  readonly init: readonly LaidMember[];
  /** Offsets of the members, and of the parts of those that have some, by their paths. */
  readonly offsets: ReadonlyMap<string, number>;
}

const types = {
  pid_tid: [
    ["pid", "u32"],
    ["tid", "u32"],
  ],
  cpu_reserved: [
    ["cpu", "u32"],
    ["reserved", "u32"],
  ],
  perf_regs: [
    ["abi", "u64"],
    ["regs", "pointer"],
  ],
  pt_regs: frameWordNames.map((name) => [name, "u64"] as const),
} as const;

const described = (fields: readonly (readonly [string, string])[]): FieldDescription[] =>
  fields.map(([name, type]) => ({ name, type: type === "pointer" ? "void *" : type }));

/** The layout of an era on x86-64. */
export function sampleLayout(era: SampleEra): SampleLayout {
  const { members, init } = sampleEras.find(({ name }) => name === era)!;
  const struct = parseStruct({
    name: "perf_sample_data",
    align: LINE_BYTES,
    types: Object.fromEntries(
      Object.entries(types).map(([name, fields]) => [name, { struct: described(fields) }]),
    ),
    struct: described(members),
    read: ["ip"],
  });
  const { bytes, fields } = layoutOf(struct, "native64", "x86-64");
  const laid = members.map(([name]) => laidMember(name, fields));
  return {
    era,
    bytes,
    lines: bytes / LINE_BYTES,
    memberBytes: laid.reduce((sum, member) => sum + member.bytes, 0),
    members: laid,
    init: laid.filter(({ name }) => (init as readonly string[]).includes(name)),
    offsets: new Map([
      ...laid.map(({ name, offset }) => [name, offset] as const),
      ...fields.map(({ path, offset }) => [path, offset] as const),
    ]),
  };
}

interface Part {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

function laidMember(name: string, parts: readonly Part[]): LaidMember {
  const own = parts.filter(({ path }) => path === name || path.startsWith(`${name}.`));
  const { offset } = own[0]!;
  const end = Math.max(...own.map((part) => part.offset + part.bytes));
  return { name, offset, bytes: end - offset, lines: [lineOf(offset), lineOf(end - 1)] };
}

/** The line that a byte stands on. */
export function lineOf(offset: number): number {
  return Math.floor(offset / LINE_BYTES);
}
