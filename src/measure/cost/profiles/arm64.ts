/**
 * arm64 with PAN in hardware (unprivileged loads and stores, nothing to open) and with PAN in software
 * (TTBR0 switched by two static functions that the compiler inlines or calls). The range check is inline
 * in copies too, and every access masks its own address.
 */

import { primitiveCounts } from "../figures/primitives.ts";
import type { CostProfile } from "../profile.ts";
import { derive, terms, times, unpriced, weight, type Term, type Weight } from "../weights.ts";
import { routineCurve } from "./curves.ts";
import { readSideStores } from "./frame.ts";

type Architecture = "arm64" | "arm64sw";
type Figures = Readonly<Record<keyof (typeof primitiveCounts)["arm64"], number>>;
type Look = (name: keyof Figures) => Term;

const moreFields = 6;

function look(architecture: Architecture): Look {
  const figures: Figures = primitiveCounts[architecture];
  return terms(`primitive_instruction_counts.${architecture}`, figures);
}

function checkWeights(of: Look): Weight[] {
  const constantSize = derive([of("access_ok4.instructions")]);
  return [
    weight("rangeCheck", "getRangeChecks", constantSize),
    weight("rangeCheck", "putRangeChecks", constantSize),
    weight("rangeCheck", "blockRangeChecks", derive([of("access_ok64.instructions")])),
    weight("rangeCheck", "copyRangeChecks", constantSize),
  ];
}

/** What masks the address of a single access; in a block, the two instructions each field adds. */
function addressWeights(of: Look): Weight[] {
  const around = [of("access_ok4.instructions"), of("guard_pair.instructions")];
  const inReads = derive([of("rdblock9.other")], [of("rdblock3.other")], moreFields);
  const inWrites = derive([of("wrblock9.other")], [of("wrblock3.other")], moreFields);
  return [
    weight(
      "address",
      "gets",
      derive(
        [of("get_user4.instructions"), of("access_ok4.branch")],
        [...around, of("get_user4.user_loads"), of("get_user4.branch")],
      ),
    ),
    weight(
      "address",
      "puts",
      derive([of("put_user4.instructions")], [...around, of("put_user4.user_stores")]),
    ),
    weight("address", "blockLoads", inReads),
    weight("address", "blockStores", inWrites),
  ];
}

function accessWeights(of: Look): Weight[] {
  const load = derive([of("get_user4.user_loads")]);
  const store = derive([of("put_user4.user_stores")]);
  return [
    weight("load", "gets", load),
    weight("load", "blockLoads", load),
    weight("store", "puts", store),
    weight("store", "blockStores", store),
  ];
}

/** Branches of a primitive beyond those of its range check. Puts jump on a fault and test nothing. */
function faultTestWeights(of: Look): Weight[] {
  const check = [of("access_ok4.branch")];
  const inBlocks = derive([of("rdblock9.branch")], [of("rdblock3.branch")], moreFields);
  return [
    weight("faultTest", "gets", derive([of("get_user4.branch")], check)),
    weight("faultTest", "blockLoads", inBlocks),
    weight("faultTest", "copiesFromUser", derive([of("copy_from_user8.branch")], check)),
    weight("faultTest", "copiesToUser", derive([of("copy_to_user8.branch")], check)),
  ];
}

function callWeights(of: Look): Weight[] {
  const around = [of("access_ok4.instructions"), of("guard_pair.instructions")];
  const from = [of("copy_from_user8.instructions_with_helpers"), of("access_ok4.branch")];
  const to = [of("copy_to_user8.instructions_with_helpers"), of("access_ok4.branch")];
  return [
    weight("call", "copiesFromUser", derive(from, [...around, of("copy_from_user8.branch")])),
    weight("call", "copiesToUser", derive(to, [...around, of("copy_to_user8.branch")])),
  ];
}

function arm64Weights(architecture: Architecture): Weight[] {
  const of = look(architecture);
  return [
    ...checkWeights(of),
    ...addressWeights(of),
    ...accessWeights(of),
    ...faultTestWeights(of),
    ...callWeights(of),
    weight("frame", "functionEntries", derive([readSideStores(architecture)])),
    unpriced("copy", "clears"),
  ];
}

const pair = derive([look("arm64")("guard_pair.instructions")]);
const panGuardWeights: Weight[] = [
  weight("open", "accessOpens", pair),
  weight("open", "blockOpens", pair),
  weight("open", "copyOpens", pair),
];

const ofSoftware = terms("primitive_instruction_counts.arm64sw", primitiveCounts.arm64sw);
const enableReturn = ofSoftware("helper_functions.uaccess_ttbr0_enable.isra.0.ret");
const disableReturn = ofSoftware("helper_functions.uaccess_ttbr0_disable.isra.0.ret");
const enable = derive(
  [ofSoftware("helper_functions.uaccess_ttbr0_enable.isra.0.instructions")],
  [enableReturn],
);
const disable = derive(
  [ofSoftware("helper_functions.uaccess_ttbr0_disable.isra.0.instructions")],
  [disableReturn],
);
const ttbr0GuardWeights: Weight[] = [
  weight("open", "accessOpens", enable),
  weight("open", "blockOpens", enable),
  weight("open", "copyOpens", enable),
  weight("close", "accessCloses", disable),
  weight("close", "blockCloses", disable),
  weight("close", "copyCloses", disable),
];

/**
 * Which switches the compiler leaves as calls in the measured function: the opening of a get; both of a
 * put and of a copy to user; the closing of a write block. Only the functions called are taken from
 * there (`sync_ptr_instruction_counts.arm64sw.*.out_of_line_calls`), no instruction count; a primitive
 * compiled alone has them all inline and cannot tell.
 */
const switchCalls = { gets: 1, puts: 2, copiesToUser: 2, writeBlocks: 1 } as const;
const callAndReturn = derive([ofSoftware("copy_to_user8.call"), enableReturn]);
const switchCallWeights: Weight[] = Object.entries(switchCalls).map(([event, calls]) =>
  weight("call", event as keyof typeof switchCalls, times(calls, callAndReturn)),
);

const copyCurves = {
  copyFromUser: routineCurve("arm64/__arch_copy_from_user"),
  copyToUser: routineCurve("arm64/__arch_copy_to_user"),
};

/** arm64 with PAN in hardware. */
export const arm64Pan: CostProfile = {
  name: "arm64-pan",
  weights: [...arm64Weights("arm64"), ...panGuardWeights],
  outOfLineCalls: { copiesFromUser: 1, copiesToUser: 1 },
  checksPerCopyCheck: derive([look("arm64")("access_ok4.range_checks")]),
  ...copyCurves,
  cycles: null,
  differences: [],
};

/** arm64 with PAN in software. */
export const arm64Ttbr0: CostProfile = {
  name: "arm64-ttbr0",
  weights: [...arm64Weights("arm64sw"), ...ttbr0GuardWeights, ...switchCallWeights],
  outOfLineCalls: { ...switchCalls, copiesFromUser: 1, copiesToUser: 1 + switchCalls.copiesToUser },
  checksPerCopyCheck: derive([look("arm64sw")("access_ok4.range_checks")]),
  ...copyCurves,
  cycles: null,
  differences: [
    {
      form: "copy",
      cells: ["outOfLineCalls"],
      why:
        "One too many: with a single get in the function the compiler inlines its opening, with " +
        "three gets it calls it. The weight is that of a function with several gets, as the kernel has.",
    },
  ],
};
