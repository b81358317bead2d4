import type { AbiName, ArchName, StrategyName } from "../../../src/index.ts";

/**
 * The argument of SYNC_PTR as include/uapi/sound/asound.h and sound/core/pcm_compat.c have it, typed from there and not
 * taken from the core: offset and width of the nine written fields in the order they are written.
 */
export type Place = readonly [offset: number, width: number];

export interface AbiRow {
  readonly bytes: number;
  /** state, hw_ptr, tstamp (2), suspended_state, audio_tstamp (2), appl_ptr, avail_min */
  readonly fields: readonly Place[];
  /** What the block copies take in behind the flags word. */
  readonly copiedIn: Place;
  /** What they bring back, in order. */
  readonly copiedOut: readonly Place[];
}

export const abiTable: Readonly<Record<AbiName, AbiRow>> = {
  native64: {
    bytes: 136,
    fields: [
      [8, 4],
      [16, 8],
      [24, 8],
      [32, 8],
      [40, 4],
      [48, 8],
      [56, 8],
      [72, 8],
      [80, 8],
    ],
    copiedIn: [72, 16],
    copiedOut: [[0, 136]],
  },
  native32: {
    bytes: 136,
    fields: [
      [8, 4],
      [16, 4],
      [24, 8],
      [32, 8],
      [40, 4],
      [48, 8],
      [56, 8],
      [72, 4],
      [76, 4],
    ],
    copiedIn: [72, 12],
    copiedOut: [[0, 136]],
  },
  compat: {
    bytes: 132,
    fields: [
      [4, 4],
      [12, 4],
      [16, 4],
      [20, 4],
      [24, 4],
      [28, 4],
      [32, 4],
      [68, 4],
      [72, 4],
    ],
    copiedIn: [68, 8],
    copiedOut: [
      [4, 32],
      [68, 8],
    ],
  },
  x32: {
    bytes: 136,
    fields: [
      [8, 4],
      [16, 4],
      [24, 8],
      [32, 8],
      [40, 4],
      [48, 8],
      [56, 8],
      [72, 4],
      [76, 4],
    ],
    copiedIn: [72, 8],
    copiedOut: [
      [8, 56],
      [72, 8],
    ],
  },
  "compat-time64": {
    bytes: 136,
    fields: [
      [8, 4],
      [16, 8],
      [24, 8],
      [32, 8],
      [40, 4],
      [48, 8],
      [56, 8],
      [72, 4],
      [76, 4],
    ],
    copiedIn: [72, 8],
    copiedOut: [[0, 136]],
  },
};

const wide: readonly ArchName[] = [
  "x86-64",
  "powerpc-book3s64",
  "arm64-pan",
  "arm64-ttbr0",
  "riscv64",
  "riscv64-block-guard",
  "none",
];
const narrow: readonly ArchName[] = ["powerpc-8xx", "powerpc-book3s32"];

/** Which architecture has which ABI. */
const archsOf: Readonly<Record<AbiName, readonly ArchName[]>> = {
  native64: wide,
  native32: narrow,
  compat: [...wide, ...narrow],
  x32: ["x86-64"],
  "compat-time64": wide,
};

export const threeStrategies: readonly StrategyName[] = ["per-field", "copy", "unsafe-block"];

export interface Case {
  readonly arch: ArchName;
  readonly abi: AbiName;
  readonly strategy: StrategyName;
}

/** Every strategy of every ABI on every architecture that has it. */
export const everyCase: readonly Case[] = (Object.keys(archsOf) as AbiName[]).flatMap((abi) =>
  archsOf[abi].flatMap((arch) => threeStrategies.map((strategy) => ({ arch, abi, strategy }))),
);

/** A 32-bit CPU moves 8 bytes as two words. */
export function isNarrow(arch: ArchName): boolean {
  return narrow.includes(arch);
}

export const abiList = Object.keys(archsOf) as AbiName[];
