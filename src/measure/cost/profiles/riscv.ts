/**
 * RISC-V, as Linux 6.12 (each access of a block sets and clears SUM itself) and with a block guard (as
 * kernels from mid-2025).
 *
 * The limit of user space depends on the task: a 32-bit task takes the short way (one load of the task's
 * flags), a 64-bit task the long one (two more loads and branches for the paging mode). The published
 * checks of constant size took the long way; the check of variable size took the short one and has one
 * compare pair more than a check of constant size.
 */

import { primitiveCounts } from "../figures/primitives.ts";
import type { CostProfile } from "../profile.ts";
import {
  derive,
  terms,
  unpriced,
  weight,
  weightFor,
  type Derived,
  type Term,
  type Weight,
} from "../weights.ts";
import { routineCurve } from "./curves.ts";
import { readSideStores } from "./frame.ts";

type Architecture = "riscv64" | "riscv64_blocks";
type Figures = Readonly<Record<keyof (typeof primitiveCounts)["riscv64"], number>>;
type Look = (name: keyof Figures) => Term;

const halves = 2;
const moreFields = 6;

function look(architecture: Architecture): Look {
  const figures: Figures = primitiveCounts[architecture];
  return terms(`primitive_instruction_counts.${architecture}`, figures);
}

/** The guard around single accesses is the same in both: the block-guard figures have no pair for it. */
const of612 = look("riscv64");

function checkWeights(of: Look): Weight[] {
  const short = [of("access_ok_n.instructions"), of("access_ok4.range_checks")];
  const morePairs = [of("access_ok_n.range_checks")];
  const single32 = derive(short, morePairs);
  const single64 = derive([of("put_user4.instructions")], [of("__put_user4.instructions")]);
  const block32 = derive(
    [...short, of("access_ok64.instructions")],
    [...morePairs, of("access_ok4.instructions")],
  );
  return [
    weightFor(32, "rangeCheck", "getRangeChecks", single32),
    weightFor(32, "rangeCheck", "putRangeChecks", single32),
    weightFor(32, "rangeCheck", "blockRangeChecks", block32),
    weightFor(64, "rangeCheck", "getRangeChecks", single64),
    weightFor(64, "rangeCheck", "putRangeChecks", single64),
    weightFor(64, "rangeCheck", "blockRangeChecks", derive([of("access_ok64.instructions")])),
    weight("rangeCheck", "copyRangeChecks", derive([of("access_ok_n.instructions")])),
  ];
}

/** One instruction forms one operand (a call is two, and the figures count the second as `other`). */
function addressWeights(of: Look): Weight[] {
  const [operand, call] = [of("copy_to_user8.other"), of("copy_to_user8.call")];
  const two = derive([operand, operand], [call, call]);
  return [
    weight("address", "putRangeChecks", derive([operand], [call])),
    weight("address", "copiesFromUser", two),
    weight("address", "copiesToUser", two),
  ];
}

/** Copies open and close in the assembler routine, whose count has both. */
function guardWeights(blockOpen: Derived, blockClose: Derived): Weight[] {
  const half = derive([of612("guard_pair.instructions")], [], halves);
  return [
    weight("open", "accessOpens", half),
    weight("open", "blockOpens", blockOpen),
    weight("close", "accessCloses", half),
    weight("close", "blockCloses", blockClose),
  ];
}

/** A single get also stores its value; in a block the values stay in registers. */
function accessWeights(of: Look): Weight[] {
  const load = of("get_user4.user_loads");
  const store = derive([of("put_user4.user_stores")]);
  return [
    weight("load", "gets", derive([load, of("__get_user4.other_stores")])),
    weight("load", "blockLoads", derive([load])),
    weight("store", "puts", store),
    weight("store", "blockStores", store),
  ];
}

function faultTestWeights(of: Look): Weight[] {
  const perLoad = derive([of("rdblock9.branch")], [of("rdblock3.branch")], moreFields);
  const perStore = derive([of("wrblock9.branch")], [of("wrblock3.branch")], moreFields);
  return [
    weight("faultTest", "gets", derive([of("__get_user4.branch")])),
    weight("faultTest", "puts", derive([of("__put_user4.branch")])),
    weight("faultTest", "blockLoads", perLoad),
    weight("faultTest", "blockStores", perStore),
    weight("faultTest", "copiesFromUser", derive([of("copy_from_user8.branch")])),
    weight("faultTest", "copiesToUser", derive([of("copy_to_user8.branch")])),
  ];
}

function callWeights(of: Look): Weight[] {
  const check = of("access_ok_n.instructions");
  const from = [of("copy_from_user8.instructions_with_helpers")];
  const to = [of("copy_to_user8.instructions_with_helpers")];
  return [
    weight("call", "copiesFromUser", derive(from, [check, of("copy_from_user8.branch")])),
    weight("call", "copiesToUser", derive(to, [check, of("copy_to_user8.branch")])),
  ];
}

/** Stores of the read side that do not keep one of its three values are saved registers: none. */
function frameWeight(architecture: Architecture): Weight {
  const kept = look(architecture)("__get_user4.other_stores");
  return weight(
    "frame",
    "functionEntries",
    derive([readSideStores(architecture)], [kept, kept, kept]),
  );
}

function riscvProfile(
  name: "riscv64" | "riscv64-block-guard",
  architecture: Architecture,
  blockGuard: { readonly open: Derived; readonly close: Derived },
): CostProfile {
  const of = look(architecture);
  return {
    name,
    weights: [
      ...checkWeights(of),
      ...addressWeights(of),
      ...guardWeights(blockGuard.open, blockGuard.close),
      ...accessWeights(of),
      ...faultTestWeights(of),
      ...callWeights(of),
      frameWeight(architecture),
      unpriced("copy", "clears"),
    ],
    outOfLineCalls: { copiesFromUser: 1, copiesToUser: 1 },
    checksPerCopyCheck: derive([of("access_ok_n.range_checks")]),
    copyFromUser: routineCurve("riscv64/__asm_copy_from_user"),
    copyToUser: routineCurve("riscv64/__asm_copy_to_user"),
    cycles: null,
    differences: [],
  };
}

/** RISC-V as Linux 6.12: in a block, one csrs and one csrc around every access. */
export const riscv64: CostProfile = riscvProfile("riscv64", "riscv64", {
  open: derive([of612("rdblock9.guard_open")], [of612("rdblock3.guard_open")], moreFields),
  close: derive([of612("rdblock9.guard_close")], [of612("rdblock3.guard_close")], moreFields),
});

const ofBlocks = look("riscv64_blocks");
const blockGuardHalf = derive(
  [ofBlocks("wrblock9.instructions")],
  [ofBlocks("access_ok64.instructions"), ofBlocks("wrblock9.user_stores")],
  halves,
);

/** RISC-V with a block guard. */
export const riscv64BlockGuard: CostProfile = riscvProfile(
  "riscv64-block-guard",
  "riscv64_blocks",
  {
    open: blockGuardHalf,
    close: blockGuardHalf,
  },
);
