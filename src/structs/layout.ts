import { UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { abiExistsOn, abiNames, abiRow, type AbiName } from "../systems/pcm/abi.ts";
import { wrong } from "./checks.ts";
import { dataModel, type DataModel } from "./dataModel.ts";
import { parsedStruct } from "./parse.ts";
import { fieldOf } from "./paths.ts";
import { alignOf, sizeOf } from "./scalars.ts";
import {
  MAX_STRUCT_BYTES,
  type CompositeType,
  type Field,
  type Member,
  type Struct,
  type Type,
} from "./struct.ts";

/** A field without parts, or an array of such, in its place. */
export interface LaidField {
  readonly path: string;
  /** As it was described, with the elements of an array. */
  readonly type: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Bytes that belong to no field: the compiler's padding. */
export interface Hole {
  readonly offset: number;
  readonly bytes: number;
  /** The field before it. */
  readonly after: string;
}

export interface StructLayout {
  readonly abi: AbiName;
  readonly arch: ArchName;
  readonly model: string;
  readonly bytes: number;
  readonly align: number;
  /** In the order of the description; members of a union overlap. */
  readonly fields: readonly LaidField[];
  readonly holes: readonly Hole[];
}

/** Where the parts of a structure stand. */
interface Shape {
  readonly bytes: number;
  readonly align: number;
  readonly offsets: readonly number[];
}

/** The places of everything in one structure in one data model. */
export class Places {
  readonly #model: DataModel;
  readonly #shapes = new Map<CompositeType, Shape>();
  readonly root: Shape;

  /** @throws UsageError naming the field that overlaps, is misaligned, or makes the structure too large */
  constructor(struct: Struct, model: DataModel) {
    this.#model = model;
    this.root = this.#shapeOf(struct.name, struct.root);
  }

  #shapeOf(where: string, type: CompositeType): Shape {
    const known = this.#shapes.get(type);
    if (known !== undefined) return known;
    const shape = type.kind === "union" ? this.#union(where, type) : this.#struct(where, type);
    this.#shapes.set(type, shape);
    return shape;
  }

  #union(where: string, type: CompositeType): Shape {
    const ends = type.fields.map((field) => this.#fieldBytes(where, field));
    return finished(
      type,
      this.#aligns(where, type),
      ends,
      type.fields.map(() => 0),
    );
  }

  #struct(where: string, type: CompositeType): Shape {
    const aligns = this.#aligns(where, type);
    const offsets: number[] = [];
    const ends: number[] = [];
    let end = 0;
    type.fields.forEach((field, index) => {
      const start = roundUp(end, aligns[index]!);
      if (field.offset !== undefined) this.#checkOffset(where, type, index, end, aligns[index]!);
      const offset = field.offset ?? start;
      end = offset + this.#fieldBytes(where, field);
      if (end > MAX_STRUCT_BYTES) throw tooLarge(where, field, end);
      offsets.push(offset);
      ends.push(end);
    });
    return finished(type, aligns, ends, offsets);
  }

  #checkOffset(
    where: string,
    { fields }: CompositeType,
    index: number,
    end: number,
    align: number,
  ): void {
    const { name, offset = 0 } = fields[index]!;
    const self = `${where}: field ${name}`;
    const valid = `an offset from ${roundUp(end, align)} in steps of ${align} (${this.#model.name})`;
    if (offset < end) {
      const problem = `at ${offset} overlaps ${fields[index - 1]?.name ?? ""}, which ends at ${end}`;
      throw wrong(self, problem, valid);
    }
    if (offset % align !== 0) throw wrong(self, `at ${offset} is not aligned to ${align}`, valid);
  }

  /** What each field's place must be a multiple of. */
  #aligns(where: string, { fields, packed }: CompositeType): readonly number[] {
    return fields.map(({ name, type, align }) =>
      Math.max(align, packed ? 1 : this.#alignOf(`${where}.${name}`, type)),
    );
  }

  #alignOf(where: string, type: Type): number {
    return type.kind === "scalar" ? alignOf(type, this.#model) : this.#shapeOf(where, type).align;
  }

  /** Bytes of one element. */
  elementBytes(type: Type, where = ""): number {
    return type.kind === "scalar" ? sizeOf(type, this.#model) : this.#shapeOf(where, type).bytes;
  }

  #fieldBytes(where: string, field: Field): number {
    const bytes = this.elementBytes(field.type, `${where}.${field.name}`) * (field.count ?? 1);
    if (bytes > MAX_STRUCT_BYTES) throw tooLarge(where, field, bytes);
    return bytes;
  }

  /** Place and size of a member. */
  placeOf({ steps }: Member): { readonly offset: number; readonly bytes: number } {
    let offset = 0;
    let { bytes } = this.root;
    for (const step of steps) {
      const { type, count } = fieldOf(step);
      const element = this.elementBytes(type);
      offset += this.#shapes.get(step.owner)!.offsets[step.index]! + (step.element ?? 0) * element;
      bytes = step.element === undefined ? element * (count ?? 1) : element;
    }
    return { offset, bytes };
  }

  /** Every field without parts, in the order of the description. */
  *fields(type: CompositeType, path = "", from = 0): Generator<LaidField> {
    for (const [index, field] of type.fields.entries()) {
      const self = [path, field.name].filter((part) => part !== "").join(".");
      const offset = from + this.#shapes.get(type)!.offsets[index]!;
      yield* this.#leaves(field, self, offset);
    }
  }

  *#leaves({ type, count }: Field, path: string, offset: number): Generator<LaidField> {
    const bytes = this.elementBytes(type);
    if (type.kind === "scalar") {
      const suffix = count === undefined ? "" : `[${count}]`;
      yield { path, type: `${type.name}${suffix}`, offset, bytes: bytes * (count ?? 1) };
      return;
    }
    for (let at = 0; at < (count ?? 1); at++) {
      const self = count === undefined ? path : `${path}[${at}]`;
      yield* this.fields(type, self, offset + at * bytes);
    }
  }
}

function finished(
  type: CompositeType,
  aligns: readonly number[],
  ends: readonly number[],
  offsets: readonly number[],
): Shape {
  const align = Math.max(type.align, ...aligns);
  return { bytes: roundUp(Math.max(...ends), align), align, offsets };
}

function roundUp(at: number, align: number): number {
  return Math.ceil(at / align) * align;
}

function tooLarge(where: string, { name }: Field, bytes: number): UsageError {
  const problem = `makes the structure ${bytes} bytes long`;
  const valid = `at most ${MAX_STRUCT_BYTES}, what an ioctl's number can say`;
  return wrong(`${where}: field ${name}`, problem, valid);
}

/**
 * Where the compiler puts the fields of a structure in an ABI, and the holes it leaves.
 * @throws UsageError for an ABI that the architecture has not, and for fields that have no place
 */
export function layoutOf(
  struct: Struct,
  abi: AbiName,
  arch: ArchName = firstArch(abi),
): StructLayout {
  parsedStruct("struct", struct);
  oneOf("abi", abi, abiNames);
  oneOf("arch", arch, archNames);
  if (!abiExistsOn(abi, arch)) {
    const valid = abiNames.filter((name) => abiExistsOn(name, arch)).join(", ");
    throw wrong("abi", `${abi} does not exist on ${arch}`, valid);
  }
  const model = dataModel(abi, arch);
  const places = new Places(struct, model);
  const { bytes, align } = places.root;
  const fields = [...places.fields(struct.root)];
  return { abi, arch, model: model.name, bytes, align, fields, holes: holesIn(bytes, fields) };
}

function firstArch(abi: AbiName): ArchName {
  return abiRow(oneOf("abi", abi, abiNames)).archs[0];
}

/** Runs of bytes that no field covers. */
function holesIn(bytes: number, fields: readonly LaidField[]): readonly Hole[] {
  const holes: Hole[] = [];
  let end = 0;
  let after = "";
  for (const field of [...fields].sort((a, b) => a.offset - b.offset)) {
    if (field.offset > end) holes.push({ offset: end, bytes: field.offset - end, after });
    if (field.offset + field.bytes >= end) {
      end = field.offset + field.bytes;
      after = field.path;
    }
  }
  if (bytes > end) holes.push({ offset: end, bytes: bytes - end, after });
  return holes;
}
