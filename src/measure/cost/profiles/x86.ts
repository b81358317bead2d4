/**
 * x86-64 with SMAP. A single access is a call: address and value go in registers, the routine checks,
 * opens (stac), accesses, closes (clac) and returns. A block opens with stac and a fence. The copy is
 * one `rep movsb`, counted as one instruction.
 */

import { primitiveCounts } from "../figures/primitives.ts";
import type { CostProfile } from "../profile.ts";
import { derive, terms, unpriced, weight, type Weight } from "../weights.ts";
import { x86CycleModel } from "./cyclesX86.ts";
import { readSideStores } from "./frame.ts";

const of = terms("primitive_instruction_counts.x86_64", primitiveCounts.x86_64);
const check = of("access_ok4.instructions");
const copyCheck = of("access_ok_n.instructions");
const stac = of("helper_functions.__put_user_nocheck_4.guard_open");
const clac = of("helper_functions.__put_user_nocheck_4.guard_close");
const load = of("helper_functions.__get_user_4.user_loads");
const store = of("helper_functions.__put_user_4.user_stores");
const moreFields = 6;

/** There are few registers: a fetched value goes to the function's frame. */
const keepValue = of("get_user4.other_stores");
const getTest = [of("get_user4.compare"), of("get_user4.branch")];
const putTest = [of("put_user4.compare"), of("put_user4.branch")];
const copyFromTest = [of("copy_from_user8.compare"), of("copy_from_user8.branch")];
const copyToTest = [of("copy_to_user8.compare"), of("copy_to_user8.branch")];

const checkWeights: Weight[] = [
  weight("rangeCheck", "getRangeChecks", derive([check])),
  weight("rangeCheck", "putRangeChecks", derive([check])),
  weight("rangeCheck", "blockRangeChecks", derive([of("access_ok64.instructions")])),
  weight("rangeCheck", "copyRangeChecks", derive([copyCheck])),
];

/** One instruction forms one argument (the size of a copy in the figures); a copy takes two addresses. */
const operand = of("copy_to_user8.other");
const addressWeights: Weight[] = [
  weight("address", "puts", derive([operand])),
  weight("address", "copiesFromUser", derive([operand, operand])),
  weight("address", "copiesToUser", derive([operand, operand])),
];

const guardWeights: Weight[] = [
  weight("open", "accessOpens", derive([stac])),
  weight("open", "blockOpens", derive([stac])),
  weight("open", "copyOpens", derive([of("helper_functions._copy_to_user.guard_open")])),
  weight("open", "readBlocks", derive([of("rdblock0.fence")])),
  weight("open", "writeBlocks", derive([of("wrblock0.fence")])),
  weight("close", "accessCloses", derive([clac])),
  weight("close", "blockCloses", derive([clac])),
  weight("close", "copyCloses", derive([of("helper_functions._copy_to_user.guard_close")])),
];

const accessWeights: Weight[] = [
  weight("load", "gets", derive([load, keepValue])),
  weight("load", "blockLoads", derive([load, keepValue])),
  weight("store", "puts", derive([store])),
  weight("store", "blockStores", derive([store])),
];

const faultTestWeights: Weight[] = [
  weight("faultTest", "gets", derive(getTest)),
  weight("faultTest", "puts", derive(putTest)),
  weight(
    "faultTest",
    "blockLoads",
    derive(
      [of("rdblock9.compare"), of("rdblock9.branch")],
      [of("rdblock3.compare"), of("rdblock3.branch")],
      moreFields,
    ),
  ),
  weight("faultTest", "readBlocks", derive([of("rdblock1.other")], [of("rdblock0.other")])),
  weight("faultTest", "copiesFromUser", derive(copyFromTest)),
  weight("faultTest", "copiesToUser", derive(copyToTest)),
];

/** What is left of a primitive when all the parts above are taken out: call, return, register moves. */
const callWeights: Weight[] = [
  weight(
    "call",
    "gets",
    derive(
      [of("get_user4.instructions_with_helpers")],
      [check, stac, clac, load, keepValue, ...getTest],
    ),
  ),
  weight(
    "call",
    "puts",
    derive([of("put_user4.instructions_with_helpers")], [check, stac, clac, store, ...putTest]),
  ),
  weight(
    "call",
    "copiesFromUser",
    derive(
      [of("copy_from_user8.instructions_with_helpers")],
      [
        copyCheck,
        of("helper_functions._copy_from_user.guard_open"),
        of("helper_functions._copy_from_user.guard_close"),
        of("helper_functions._copy_from_user.string_copy"),
        ...copyFromTest,
      ],
    ),
  ),
  weight(
    "call",
    "copiesToUser",
    derive(
      [of("copy_to_user8.instructions_with_helpers")],
      [
        copyCheck,
        of("helper_functions._copy_to_user.guard_open"),
        of("helper_functions._copy_to_user.guard_close"),
        of("helper_functions._copy_to_user.string_copy"),
        ...copyToTest,
      ],
    ),
  ),
];

/** Stores of the read side that do not keep one of its three values are saved registers. */
const frameWeight = weight(
  "frame",
  "functionEntries",
  derive([readSideStores("x86_64")], [keepValue, keepValue, keepValue]),
);

const copyWeights: Weight[] = [
  weight("copy", "copiesFromUser", derive([of("helper_functions._copy_from_user.string_copy")])),
  weight("copy", "copiesToUser", derive([of("helper_functions._copy_to_user.string_copy")])),
  unpriced("copy", "clears"),
];

/** x86-64 with SMAP. */
export const x86: CostProfile = {
  name: "x86-64",
  weights: [
    ...checkWeights,
    ...addressWeights,
    ...guardWeights,
    ...accessWeights,
    ...faultTestWeights,
    ...callWeights,
    frameWeight,
    ...copyWeights,
  ],
  outOfLineCalls: { gets: 1, puts: 1, copiesFromUser: 1, copiesToUser: 1 },
  checksPerCopyCheck: derive([of("access_ok_n.range_checks")]),
  copyFromUser: null,
  copyToUser: null,
  cycles: x86CycleModel,
  differences: [
    {
      form: "block",
      cells: ["read", "write", "both"],
      why:
        "Too low: with few registers the compiler fetches three of the nine values from the frame " +
        "just before it stores them, saves one more register and moves three values on the read " +
        "side. No primitive measured alone shows such moves, so no weight has them; in a function " +
        "of 18 or 24 instructions they are a sixth.",
    },
  ],
};
