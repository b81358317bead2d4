/** What a driver adds to its device's limits when it is opened (sound/core/pcm_lib.c, snd_pcm_hw_constraint_*). */

import {
  checkThat,
  listOf,
  nameOf,
  objectOf,
  optional,
  whole,
  wrong,
  type Check,
} from "../../../base/checks.ts";
import type { DriverConstraints } from "./constraints.ts";
import { slotOf } from "./hwParamsImage.ts";
import {
  integer,
  nothingLeft,
  unchanged,
  type IntervalSet,
  type RefineResult,
} from "./interval.ts";
import { param, unlimited } from "./layout.ts";
import { intervalNames, type IntervalName } from "./request.ts";
import { listRule, stepRule, type Rule } from "./rules.ts";

/** What one parameter may be, besides what the limits say: all that is named holds. Units as in {@link PcmHwRequest}. */
export interface PcmConstraint {
  readonly parameter: IntervalName;
  readonly min?: number;
  readonly max?: number;
  /** Multiples of it. */
  readonly step?: number;
  /** These values, between whichever of them the program's range contains. */
  readonly list?: readonly number[];
  readonly powerOfTwo?: true;
  /** Whole numbers. */
  readonly integer?: true;
}

const word = whole(0, unlimited);
const chosen = checkThat("true, or left out", (value) => value === true);
const conditions = ["min", "max", "step", "list", "powerOfTwo", "integer"] as const;

const entries = objectOf<PcmConstraint>({
  parameter: nameOf(intervalNames),
  min: optional(word),
  max: optional(word),
  step: optional(whole(1, unlimited)),
  list: optional(listOf(word)),
  powerOfTwo: optional(chosen),
  integer: optional(chosen),
});

const constraint: Check = (argument, value) => {
  entries(argument, value);
  const { parameter, ...rest } = value as PcmConstraint;
  if (conditions.some((name) => rest[name] !== undefined)) return;
  throw wrong(argument, value, `an object with one of ${conditions.join(", ")} for ${parameter}`);
};

/** A check for a device's constraints. */
export const pcmConstraints = listOf(constraint);

/** The largest power of two of the kernel's table is 2^30. */
const powersOfTwo = Array.from({ length: 31 }, (_, exponent) => 2 ** exponent);

/** Checked constraints as negotiation uses them: ranges hold from the start, the others are rules. */
export function driverConstraints(constraints: readonly PcmConstraint[]): DriverConstraints {
  return {
    narrow: (intervals) => narrowAll(intervals, constraints),
    rules: constraints.flatMap(rulesOf),
  };
}

function narrowAll(intervals: IntervalSet, constraints: readonly PcmConstraint[]): RefineResult {
  for (const { parameter, min = 0, max = unlimited, integer: whole } of constraints) {
    const bits = whole === true ? integer : 0;
    const result = intervals.narrow(slotOf(param[parameter]), min, max, bits);
    if (result === nothingLeft) return nothingLeft;
  }
  return unchanged;
}

function rulesOf({ parameter, step, list, powerOfTwo }: PcmConstraint): readonly Rule[] {
  const k = param[parameter];
  return [
    ...(step === undefined ? [] : [stepRule(k, step)]),
    ...(list === undefined ? [] : [listRule(k, list)]),
    ...(powerOfTwo === undefined ? [] : [listRule(k, powersOfTwo)]),
  ];
}
