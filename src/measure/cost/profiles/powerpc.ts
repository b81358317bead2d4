/**
 * PowerPC 8xx, book3s/32 and book3s/64. One access, as the compiler lays it out:
 *
 *   form limit, form end, compare, branch   range check; dropped with the address if done before
 *   add                                     address of the field, for the check only
 *   open, store or load, close              the access itself uses base + displacement
 *   compare, branch                         test of the fault result (gets only: puts jump)
 */

import { copyRoutines } from "../figures/copyRoutines.ts";
import { primitiveCounts } from "../figures/primitives.ts";
import type { CostProfile } from "../profile.ts";
import { derive, terms, unpriced, weight, type Term, type Weight } from "../weights.ts";
import { routineCurve } from "./curves.ts";
import { cyclesOf8xx } from "./cycles8xx.ts";
import { readSideStores } from "./frame.ts";

type Architecture = "ppc8xx" | "ppc32s" | "ppc64le";
type Figures = Readonly<Record<keyof (typeof primitiveCounts)[Architecture], number>>;
type Look = (name: keyof Figures) => Term;

/** A guard pair is two halves of equal length: form or fence, write the register. */
const halves = 2;
/** Fields by which the 9-field block is longer than the 3-field block. */
const moreFields = 6;

function look(architecture: Architecture): Look {
  const figures: Figures = primitiveCounts[architecture];
  return terms(`primitive_instruction_counts.${architecture}`, figures);
}

function checkWeights(of: Look): Weight[] {
  const single = derive([of("access_ok4.instructions")]);
  return [
    weight("rangeCheck", "getRangeChecks", single),
    weight("rangeCheck", "putRangeChecks", single),
    weight("rangeCheck", "blockRangeChecks", derive([of("access_ok64.instructions")])),
    weight("rangeCheck", "copyRangeChecks", derive([of("access_ok_n.instructions")])),
  ];
}

/**
 * One instruction forms one operand: the size argument of a copy in the figures, and in the same way a
 * base plus a displacement. A copy takes two addresses. (book3s/64 has a nop behind each call, which
 * the figures count among `other`.)
 */
function addressWeights(of: Look, nopsBehindCall: readonly Term[]): Weight[] {
  const operand = of("copy_to_user8.other");
  const two = derive([operand, operand], [...nopsBehindCall, ...nopsBehindCall]);
  return [
    weight("address", "putRangeChecks", derive([operand], nopsBehindCall)),
    weight("address", "copiesFromUser", two),
    weight("address", "copiesToUser", two),
  ];
}

function guardWeights(of: Look): Weight[] {
  const half = derive([of("guard_pair.instructions")], [], halves);
  return [
    weight("open", "accessOpens", half),
    weight("open", "blockOpens", half),
    weight("open", "copyOpens", half),
    weight("close", "accessCloses", half),
    weight("close", "blockCloses", half),
    weight("close", "copyCloses", half),
  ];
}

/** A 64-bit value is two words on a 32-bit machine: two accesses, and two moves around a single one. */
function accessWeights(of: Look): Weight[] {
  const load = derive([of("get_user4.user_loads")]);
  const store = derive([of("put_user4.user_stores")]);
  const wideLoad = derive([of("get_user8.user_loads")], [of("get_user4.user_loads")]);
  const wideStore = derive([of("put_user8.user_stores")], [of("put_user4.user_stores")]);
  const wideGet = derive([of("get_user8.instructions")], [of("get_user4.instructions")]);
  const widePut = derive([of("put_user8.instructions")], [of("put_user4.instructions")]);
  return [
    weight("load", "gets", load),
    weight("load", "wideGets", wideGet),
    weight("load", "blockLoads", load),
    weight("load", "wideBlockLoads", wideLoad),
    weight("store", "puts", store),
    weight("store", "widePuts", widePut),
    weight("store", "blockStores", store),
    weight("store", "wideBlockStores", wideStore),
  ];
}

function faultTestWeights(of: Look): Weight[] {
  const perLoad = derive(
    [of("rdblock9.compare"), of("rdblock9.branch")],
    [of("rdblock3.compare"), of("rdblock3.branch")],
    moreFields,
  );
  return [
    weight("faultTest", "gets", perLoad),
    weight("faultTest", "blockLoads", perLoad),
    weight("faultTest", "readBlocks", derive([of("rdblock1.other")], [of("rdblock0.other")])),
    weight(
      "faultTest",
      "copiesFromUser",
      derive([of("copy_from_user8.compare"), of("copy_from_user8.branch")]),
    ),
    weight(
      "faultTest",
      "copiesToUser",
      derive([of("copy_to_user8.compare"), of("copy_to_user8.branch")]),
    ),
  ];
}

/** What is left of a copy when its check, its guard and its test are taken out. */
function callWeights(of: Look, readGuard: readonly Term[]): Weight[] {
  const check = of("access_ok_n.instructions");
  return [
    weight(
      "call",
      "copiesFromUser",
      derive(
        [of("copy_from_user8.instructions_with_helpers")],
        [check, ...readGuard, of("copy_from_user8.compare"), of("copy_from_user8.branch")],
      ),
    ),
    weight(
      "call",
      "copiesToUser",
      derive(
        [of("copy_to_user8.instructions_with_helpers")],
        [
          check,
          of("guard_pair.instructions"),
          of("copy_to_user8.compare"),
          of("copy_to_user8.branch"),
        ],
      ),
    ),
  ];
}

function powerpcWeights(
  architecture: Architecture,
  terms: { readonly readGuard: readonly Term[]; readonly nopsBehindCall: readonly Term[] },
): Weight[] {
  const of = look(architecture);
  return [
    ...checkWeights(of),
    ...addressWeights(of, terms.nopsBehindCall),
    ...guardWeights(of),
    ...accessWeights(of),
    ...faultTestWeights(of),
    ...callWeights(of, terms.readGuard),
    // The fetched values stay in registers that the function has to save first.
    weight("frame", "functionEntries", derive([readSideStores(architecture)])),
    unpriced("copy", "clears"),
  ];
}

function copyCurves(
  routine: keyof typeof copyRoutines,
): Pick<CostProfile, "copyFromUser" | "copyToUser"> {
  const curve = routineCurve(routine);
  return { copyFromUser: curve, copyToUser: curve };
}

const calledForCopies = { copiesFromUser: 1, copiesToUser: 1 };

/** PowerPC 8xx: the guard covers reads and writes. */
export const powerpc8xx: CostProfile = {
  name: "powerpc-8xx",
  weights: powerpcWeights("ppc8xx", {
    readGuard: [look("ppc8xx")("guard_pair.instructions")],
    nopsBehindCall: [],
  }),
  outOfLineCalls: calledForCopies,
  checksPerCopyCheck: derive([look("ppc8xx")("access_ok_n.range_checks")]),
  ...copyCurves("ppc8xx/__copy_tofrom_user"),
  cycles: cyclesOf8xx,
  differences: [
    {
      form: "perField",
      cells: ["read"],
      why:
        "Too high by the four instructions that form the guard words: the compiler forms the two " +
        "words once for the three gets and keeps them in registers (on the write side it forms them " +
        "for every put). book3s/32, with the same checks and no guard on reads, shows no such gap.",
    },
  ],
};

/** PowerPC book3s/32: reads are not guarded. */
export const powerpcBook3s32: CostProfile = {
  name: "powerpc-book3s32",
  weights: powerpcWeights("ppc32s", { readGuard: [], nopsBehindCall: [] }),
  outOfLineCalls: calledForCopies,
  checksPerCopyCheck: derive([look("ppc32s")("access_ok_n.range_checks")]),
  ...copyCurves("ppc32s/__copy_tofrom_user"),
  cycles: null,
  differences: [],
};

/** PowerPC book3s/64: its copy routine was not run, so a call with a copy has no instruction count. */
export const powerpcBook3s64: CostProfile = {
  name: "powerpc-book3s64",
  weights: [
    ...powerpcWeights("ppc64le", {
      readGuard: [look("ppc64le")("guard_pair.instructions")],
      nopsBehindCall: [look("ppc64le")("copy_to_user8.call")],
    }),
    unpriced("copy", "copiesFromUser"),
    unpriced("copy", "copiesToUser"),
  ],
  outOfLineCalls: calledForCopies,
  checksPerCopyCheck: derive([look("ppc64le")("access_ok_n.range_checks")]),
  copyFromUser: null,
  copyToUser: null,
  cycles: null,
  differences: [],
};
