/** Copy curves made from the assembler copy routines' figures. */

import type { AlignmentClass, CopyCurve, CopyPoint } from "../copyCurve.ts";
import { copyRoutines } from "../figures/copyRoutines.ts";

/** RISC-V moves one byte at a time below this many bytes, words from it on. */
const riscvWordCopyFrom = 71;

/** The curve of one routine of `assembler_copy_routines`. */
export function routineCurve(routine: keyof typeof copyRoutines): CopyCurve {
  const { "to+0,from+0": aligned, ...others } = copyRoutines[routine];
  return {
    key: `assembler_copy_routines.instructions_executed.${routine}`,
    aligned: { toAlign: 0, fromAlign: 0, points: aligned },
    others: Object.entries(others).map(([alignment, points]) => alignmentClass(alignment, points)),
    alignmentMatters: true,
    breakAt: routine.startsWith("riscv64/") ? riscvWordCopyFrom : 0,
  };
}

/** `alignment` as the figures write it: "to+4,from+8". */
function alignmentClass(alignment: string, points: readonly CopyPoint[]): AlignmentClass {
  const [toAlign = 0, fromAlign = 0] = [...alignment.matchAll(/\d+/g)].map(Number);
  return { toAlign, fromAlign, points };
}
