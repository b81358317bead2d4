import { checkOptions, listOf, nameOf, optional, type Shape } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import type { ConstantName } from "../core/exports.ts";
import type { KernelBuffer } from "../machine/kernelBuffer.ts";
import type { Machine } from "../machine/machine.ts";
import type { Mapping } from "../machine/mapping.ts";
import type { Task } from "../machine/task.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { kernelRelease } from "../machine/kernel.ts";
import {
  dataModel,
  listNames,
  moveTables,
  parsedStruct,
  Places,
  type Access,
  type ListName,
  type Move,
  type MoveTables,
  type Struct,
} from "../structs/index.ts";
import { abiExistsOn, abiNames, abiRow, type AbiName } from "../systems/pcm/abi.ts";
import { coresGiven } from "./coresGiven.ts";
import { argumentAddress } from "./syncPtr.ts";
import { PATTERN, type FieldBytes } from "./userBytes.ts";
import type { WasmSource } from "../core/source.ts";

/** A machine on which a kernel function moves the fields of a described structure. */
export interface StructBed {
  readonly machine: Machine;
  readonly task: Task;
  readonly abi: AbiName;
  /** Good pages up to the border; behind it as many that a test may forbid. */
  readonly pages: Mapping;
  readonly border: number;
  readonly tables: MoveTables;
  /** The fields that are written, in order. */
  readonly written: readonly FieldBytes[];
  readonly call: KernelBuffer;
}

/** The ways to move a structure's fields, with the core's names. */
export const structStrategies = [
  { name: "per-field", constant: "MOVE_PER_FIELD" },
  { name: "copy", constant: "MOVE_COPY" },
  { name: "unsafe-block", constant: "MOVE_BLOCK" },
] as const satisfies readonly { readonly name: string; readonly constant: ConstantName }[];

export type StructStrategy = (typeof structStrategies)[number]["name"];

export const structStrategyNames: readonly StructStrategy[] = structStrategies.map(
  ({ name }) => name,
);

/** What is compared. Everything has a default. */
export interface CompareStructOptions {
  readonly archs?: readonly ArchName[];
  /** Default: the description's, else each architecture's own. */
  readonly abis?: readonly AbiName[];
  readonly strategies?: readonly StructStrategy[];
  readonly kernel?: string;
  /** The cores to use, where the built-in ones cannot be found (browsers). */
  readonly wasm?: { readonly study?: WasmSource; readonly release?: WasmSource };
}

const compareOptions: Shape<CompareStructOptions> = {
  archs: optional(listOf(nameOf(archNames))),
  abis: optional(listOf(nameOf(abiNames))),
  strategies: optional(listOf(nameOf(structStrategyNames))),
  kernel: optional(kernelRelease),
  wasm: optional(coresGiven),
};

export function givenWasm(
  wasm: WasmSource | undefined,
): { readonly wasm: WasmSource } | Record<string, never> {
  return wasm === undefined ? {} : { wasm };
}

/** An architecture with one of its ABIs. */
export interface Variant {
  readonly arch: ArchName;
  readonly abi: AbiName;
}

/** @throws UsageError for a name that does not exist, and where no architecture has any of the ABIs */
export function structVariants(struct: Struct, options: CompareStructOptions): readonly Variant[] {
  parsedStruct("struct", struct);
  checkOptions("options", options, compareOptions);
  const { archs = archNames, abis = struct.abis } = options;
  const variants = archs.flatMap((arch) =>
    (abis ?? [nativeAbi(arch)])
      .filter((abi) => abiExistsOn(abi, arch))
      .map((abi) => ({ arch, abi })),
  );
  if (variants.length > 0) return variants;
  throw new UsageError({
    argument: "abis",
    problem: `${(abis ?? []).join(", ")} does not exist on ${archs.join(", ")}`,
    valid: abiNames.filter((abi) => archs.some((arch) => abiExistsOn(abi, arch))).join(", "),
  });
}

function nativeAbi(arch: ArchName): AbiName {
  return abiExistsOn("native64", arch) ? "native64" : "native32";
}

/** Machines for a structure need room for as many copies as a description may ask for. */
export const structMachine = { memory: "8M", cpus: 1, tlbEntries: 64 } as const;

/** Maps the argument's pages and puts the tables of moves into a kernel buffer. */
export function prepareStruct(machine: Machine, struct: Struct, abi: AbiName): StructBed {
  const task = machine.createTask({ wordBits: abiRow(abi).wordBits });
  const places = new Places(struct, dataModel(abi, machine.arch));
  const tables = moveTables(struct, places, {
    header: machine.constant("STRUCT_HEADER_BYTES"),
    move: machine.constant("MOVE_BYTES"),
  });
  const page = machine.constant("PAGE_SIZE");
  const border = Math.ceil(tables.structBytes / page) * page;
  const pages = task.map({ at: argumentAddress, length: 2 * border, populate: true });
  const call = machine.allocKernel(tables.bytes);
  const written = struct.writes.map((access) => fieldBytes(places, access));
  const bed = { machine, task, abi, pages, border, tables, written, call };
  writeTables(bed, tables.lists);
  return bed;
}

function fieldBytes(places: Places, access: Access): FieldBytes {
  const { offset, bytes } = places.placeOf(access);
  return { field: access.path, offset, width: bytes };
}

/** Fills the call's buffer: the tables, and values that differ from whatever else memory may hold. */
export function writeTables(
  { machine, call, tables }: StructBed,
  lists: Readonly<Record<ListName, readonly Move[]>>,
): void {
  const { bytes } = call;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(0, tables.structBytes, true);
  listNames.forEach((name, index) => view.setUint32(4 + index * 4, lists[name].length, true));
  let at = machine.constant("STRUCT_HEADER_BYTES");
  for (const move of listNames.flatMap((name) => lists[name])) {
    writeMove(machine, view, at, move);
    at += machine.constant("MOVE_BYTES");
  }
  for (let index = 0; index < tables.structBytes; index++) {
    bytes[tables.valuesAt + index] = 1 + (index % GREATEST_VALUE);
  }
}

/** Values are 1 … 127 in each byte: never the user's pattern, never a cleared byte, never a stale one. */
const GREATEST_VALUE = 127;

function writeMove(machine: Machine, view: DataView, at: number, move: Move): void {
  const kind = machine.constant(move.isValue ? "MOVE_VALUE" : "MOVE_RUN");
  const words = [
    ["MOVE_PLACE", move.place],
    ["MOVE_KERNEL", move.kernel],
    ["MOVE_LENGTH", move.bytes],
    ["MOVE_KIND", kind],
  ] as const;
  for (const [field, value] of words) view.setUint32(at + machine.constant(field), value, true);
}

/** Fills the argument's pages with a pattern, then makes one call with the argument `offset` bytes into them. */
export function callStruct(bed: StructBed, strategy: StructStrategy, offset = 0): number {
  bed.pages.write(0, new Uint8Array(bed.pages.length).fill(PATTERN));
  const { exports } = bed.machine;
  const address = argumentAddress + offset;
  return exports.structCall(bed.task.cpu, bed.call.linear, address, 0, strategyCode(bed, strategy));
}

/** The core's number for a strategy. */
export function strategyCode({ machine }: StructBed, strategy: StructStrategy): number {
  return machine.constant(structStrategies.find(({ name }) => name === strategy)!.constant);
}
