import type { ConstantName } from "../../core/exports.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";

type Step = Extract<ConstantName, `STEP_${string}`>;

interface HelperRow {
  readonly name: string;
  readonly meaning: string;
  /** What the form that may not sleep does. */
  readonly nosleep: readonly Step[];
  /** What the one that may sleep does. */
  readonly sleepable: readonly Step[];
}

const posted = [
  "STEP_FAULTS_OFF",
  "STEP_BARRIER",
  "STEP_MISMATCH_AGAIN",
  "STEP_FIXUP_IN_VALUE",
] as const;
const moved = [...posted, "STEP_RECHECKS"] as const;
/** The barrier is there too, hidden in the architecture's own code. */
const reviewed = ["STEP_ALIGNS_FIRST", "STEP_FAULTS_OFF", "STEP_BARRIER"] as const;
const upstream = ["STEP_BARRIER", "STEP_MISMATCH_ONE"] as const;

/**
 * The helpers that compare and exchange a word of a program's, by whom they are (spec: kernel/sched/umcg_uaccess.h of
 * v0.6, mm/maccess.c of v0.7, the review of 28 Sep 2021, the one of 24 Nov 2021, arch/x86/include/asm/uaccess.h since
 * 5.18, kernel/futex).
 */
export const umcgHelpers = [
  {
    name: "posted",
    meaning: "v0.6, 17 Sep 2021: inline, in a header of its own",
    nosleep: posted,
    sleepable: [...posted, "STEP_REPAIRS", "STEP_REPAIR_ALIGNS", "STEP_REPAIR_KILLABLE"],
  },
  {
    name: "moved",
    meaning: "v0.7, 12 Oct 2021: out of line in mm/maccess.c",
    nosleep: moved,
    sleepable: [...moved, "STEP_ALIGNS_FIRST", "STEP_REPAIRS"],
  },
  {
    name: "reviewed",
    meaning: "28 Sep 2021: generic, checks first, the futex's repair, rounds that end",
    nosleep: reviewed,
    sleepable: [...reviewed, "STEP_REPAIRS", "STEP_BOUNDED"],
  },
  {
    name: "enabled",
    meaning: "24 Nov 2021: the same without the loop, since the fault handler repairs too",
    nosleep: reviewed,
    sleepable: ["STEP_ALIGNS_FIRST", "STEP_BARRIER", "STEP_BOUNDED"],
  },
  {
    name: "upstream",
    meaning: "__try_cmpxchg_user, since 5.18: one try, 1 for a word that differs",
    nosleep: [...upstream, "STEP_FAULTS_OFF"],
    sleepable: upstream,
  },
  {
    name: "futex",
    meaning: "futex_atomic_cmpxchg_inatomic, words of 32 bits",
    nosleep: ["STEP_ALIGNS_FIRST", "STEP_AS_FUTEX"],
    sleepable: ["STEP_ALIGNS_FIRST", "STEP_AS_FUTEX", "STEP_REPAIRS", "STEP_BOUNDED"],
  },
] as const satisfies readonly HelperRow[];

export type UmcgHelperName = (typeof umcgHelpers)[number]["name"];

export const umcgHelperNames: readonly UmcgHelperName[] = umcgHelpers.map(({ name }) => name);

/** Whether a helper may be used where nobody may sleep. */
export type UmcgForm = "nosleep" | "sleepable";

export const umcgForms: readonly UmcgForm[] = ["nosleep", "sleepable"];

/** A helper's steps as the core takes them. */
export function umcgSteps(name: UmcgHelperName, form: UmcgForm): number {
  const row = umcgHelpers.find((helper) => helper.name === name)!;
  return row[form].reduce((bits, step) => bits | coreConstants[step], 0);
}
