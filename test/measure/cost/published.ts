/**
 * What the composed model is held against: instructions of the whole SYNC_PTR, counted in the builds that
 * `figureSources` names (the model itself knows only the primitives), compat layout, a / b / c = per field / copy /
 * block. Null: not counted.
 */

import type { ArchName } from "../../../src/index.ts";

type Triple<T = number> = readonly [perField: T, copy: T, block: T];

interface Row {
  readonly read: Triple<number | null>;
  readonly write: Triple<number | null>;
  readonly toggles: Triple;
  readonly rangeChecks: Triple;
  readonly outOfLineCalls: Triple;
}

const row = (
  read: Row["read"],
  write: Row["write"],
  toggles: Triple,
  rangeChecks: Triple,
  outOfLineCalls: Triple,
): Row => ({ read, write, toggles, rangeChecks, outOfLineCalls });

export const published: Readonly<Record<Exclude<ArchName, "none">, Row>> = {
  "powerpc-8xx": row([36, 72, 28], [80, 131, 13], [24, 8, 4], [10, 7, 1], [0, 3, 0]),
  "powerpc-book3s32": row([28, 63, 24], [152, 137, 21], [18, 4, 2], [10, 7, 1], [0, 3, 0]),
  "powerpc-book3s64": row([125, null, 55], [299, null, 35], [24, 8, 4], [10, 7, 1], [0, 3, 0]),
  "x86-64": row([44, 40, 24], [127, 48, 18], [24, 8, 4], [12, 4, 2], [12, 4, 0]),
  "arm64-pan": row([48, 50, 28], [115, 82, 37], [0, 0, 0], [12, 4, 2], [0, 3, 0]),
  "arm64-ttbr0": row([120, 93, 50], [354, 136, 61], [24, 8, 4], [12, 4, 2], [21, 7, 1]),
  riscv64: row([45, 98, 23], [136, 270, 45], [24, 8, 24], [12, 7, 2], [0, 3, 0]),
  "riscv64-block-guard": row([45, 98, 18], [136, 270, 19], [24, 8, 4], [12, 7, 2], [0, 3, 0]),
};
