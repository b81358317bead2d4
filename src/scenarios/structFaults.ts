import type { ArchName } from "../machine/arch.ts";
import { newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import type { Struct } from "../structs/index.ts";
import type { AbiName } from "../systems/pcm/abi.ts";
import {
  callStruct,
  givenWasm,
  prepareStruct,
  structMachine,
  structStrategyNames,
  structVariants,
  type CompareStructOptions,
  type StructBed,
  type StructStrategy,
} from "./structBed.ts";
import { argumentAddress } from "./syncPtr.ts";
import { PATTERN, whatChanged, type Changes, type FieldBytes } from "./userBytes.ts";

/** What one call left in user memory. */
export interface StructOutcome extends Changes {
  readonly arch: ArchName;
  readonly abi: AbiName;
  readonly strategy: StructStrategy;
  /** 0 or −errno. */
  readonly result: number;
  /** The field at which the structure meets a page that cannot be written. */
  readonly faultAt: string;
}

/** What each strategy leaves in user memory when the k-th written field is the first that cannot be, for every k. */
export interface StructFaults {
  readonly schemaVersion: 1;
  readonly struct: string;
  readonly kernel: string;
  readonly outcomes: readonly StructOutcome[];
}

/** @throws UsageError for names that do not exist, and for a structure that has no layout in one of the ABIs */
export async function structFaults(
  struct: Struct,
  options: CompareStructOptions = {},
): Promise<StructFaults> {
  const variants = structVariants(struct, options);
  const strategies = options.strategies ?? structStrategyNames;
  let machine = await Machine.create({
    ...structMachine,
    kernel: options.kernel ?? newestKernel,
    build: "release",
    ...givenWasm(options.wasm?.release),
  });
  const outcomes: StructOutcome[] = [];
  for (const { arch, abi } of variants) {
    machine = machine.reset({ arch });
    const bed = prepareStruct(machine, struct, abi);
    for (const strategy of strategies) {
      outcomes.push(...bed.written.map((field) => faultAt(bed, strategy, field)));
    }
  }
  const kernel = machine.shape.kernel.version;
  return { schemaVersion: 1, struct: struct.name, kernel, outcomes };
}

/** One call whose argument has the field as its first byte behind the border, where pages can be read alone. */
function faultAt(bed: StructBed, strategy: StructStrategy, field: FieldBytes): StructOutcome {
  const { machine, task, pages, border, tables, abi } = bed;
  const offset = border - field.offset;
  task.protect(argumentAddress + border, border, "r");
  const result = callStruct(bed, strategy, offset);
  task.protect(argumentAddress + border, border, "rw");
  const after = pages.read(offset, tables.structBytes);
  const before = new Uint8Array(tables.structBytes).fill(PATTERN);
  return {
    arch: machine.arch,
    abi,
    strategy,
    result,
    faultAt: field.field,
    ...whatChanged(bed.written, before, after),
  };
}
