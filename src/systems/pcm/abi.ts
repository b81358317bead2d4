import { oneOf } from "../../base/nearest.ts";
import { archNames, type ArchName } from "../../machine/arch.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import { madeMachine } from "../../machine/machine.ts";

/** The ABIs of SYNC_PTR (sound/core/pcm_compat.c), and which architecture has which. */
export const abis = [
  {
    name: "native64",
    column: "A",
    constant: "ABI_NATIVE64",
    wordBits: 64,
    meaning: "64-bit programs on a 64-bit kernel",
    archs: [
      "x86-64",
      "powerpc-book3s64",
      "arm64-pan",
      "arm64-ttbr0",
      "riscv64",
      "riscv64-block-guard",
      "none",
    ],
  },
  {
    name: "native32",
    column: "B",
    constant: "ABI_NATIVE32",
    wordBits: 32,
    meaning: "programs of a 32-bit kernel, with 64-bit time",
    archs: ["powerpc-8xx", "powerpc-book3s32"],
  },
  {
    name: "compat",
    column: "C",
    constant: "ABI_COMPAT",
    wordBits: 32,
    meaning: "32-bit programs with 32-bit time, on any kernel",
    archs: archNames,
  },
  {
    name: "x32",
    column: "D",
    constant: "ABI_X32",
    wordBits: 32,
    meaning: "x32 programs on an x86-64 kernel",
    archs: ["x86-64"],
  },
  {
    name: "compat-time64",
    column: "E",
    constant: "ABI_COMPAT_TIME64",
    wordBits: 32,
    meaning: "32-bit programs with 64-bit time on a 64-bit kernel",
    archs: [
      "x86-64",
      "powerpc-book3s64",
      "arm64-pan",
      "arm64-ttbr0",
      "riscv64",
      "riscv64-block-guard",
      "none",
    ],
  },
] as const;

export type AbiName = (typeof abis)[number]["name"];

export const abiNames: readonly AbiName[] = abis.map((abi) => abi.name);

/** The ways to move the data. `kernel` is whichever the machine's kernel version has. */
export const strategies = [
  {
    name: "kernel",
    constant: "STRATEGY_KERNEL",
    meaning: "what the machine's kernel version does",
  },
  {
    name: "per-field",
    constant: "STRATEGY_PER_FIELD",
    meaning: "a get_user or put_user for each field",
  },
  { name: "copy", constant: "STRATEGY_COPY", meaning: "block copies of the structure's parts" },
  { name: "unsafe-block", constant: "STRATEGY_BLOCK", meaning: "one guarded block for each side" },
] as const;

export type StrategyName = (typeof strategies)[number]["name"];

export const strategyNames: readonly StrategyName[] = strategies.map((strategy) => strategy.name);

/** The written fields, in the order they are written. */
export const syncPtrFields = [
  "state",
  "hw_ptr",
  "tstamp_sec",
  "tstamp_nsec",
  "suspended_state",
  "audio_tstamp_sec",
  "audio_tstamp_nsec",
  "appl_ptr",
  "avail_min",
] as const;

export type SyncPtrField = (typeof syncPtrFields)[number];

export function abiRow(name: AbiName): (typeof abis)[number] {
  return abis.find((abi) => abi.name === name)!;
}

export function abiExistsOn(name: AbiName, arch: ArchName): boolean {
  return (abiRow(name).archs as readonly string[]).includes(arch);
}

/** The core's number for a strategy. @throws UsageError for an unknown name */
export function strategyNumber(machine: CoreMemory, name: StrategyName): number {
  oneOf("strategy", name, strategyNames);
  return machine.constant(strategies.find((strategy) => strategy.name === name)!.constant);
}

/** The core's number for an ABI. @throws UsageError for an unknown name */
export function abiNumber(machine: CoreMemory, name: AbiName): number {
  oneOf("abi", name, abiNames);
  return machine.constant(abiRow(name).constant);
}

/** One field of an ABI's argument. */
export interface FieldPlace {
  readonly field: SyncPtrField;
  readonly offset: number;
  readonly width: number;
}

/** Where the nine written fields of an ABI stand, and how long the argument is: asked of the core. */
export function syncPtrLayout(
  machine: CoreMemory,
  name: AbiName,
): { readonly bytes: number; readonly fields: readonly FieldPlace[] } {
  madeMachine("machine", machine);
  const abi = abiNumber(machine, name);
  return {
    bytes: machine.exports.syncPtrBytes(abi),
    fields: syncPtrFields.map((field, index) => ({
      field,
      offset: machine.exports.syncPtrOffset(abi, index),
      width: machine.exports.syncPtrWidth(abi, index),
    })),
  };
}
