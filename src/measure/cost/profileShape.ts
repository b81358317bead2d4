import {
  checkThat,
  flag,
  listOf,
  nameOf,
  objectOf,
  optional,
  orNull,
  text,
  type Check,
  type Shape,
} from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { archNames } from "../../machine/arch.ts";
import type { AlignmentClass, CopyCurve } from "./copyCurve.ts";
import { alignment, anyTaskBits, costEvents, type CostEvent } from "./events.ts";
import type { CostProfile, CycleModel, CycleWeight, Difference } from "./profile.ts";
import { components, type Derived, type Weight } from "./weights.ts";

/** What a cost profile of the caller's own must hold; the library's are checked by their types. */

const figure = checkThat("a number", (value) => Number.isFinite(value));
const event = nameOf(costEvents);
const derived = objectOf<Derived>({ value: figure, key: text });

const weight = objectOf<Weight>({
  component: nameOf(components),
  event,
  value: orNull(figure),
  key: text,
  taskBits: optional(anyTaskBits),
});

const point = checkThat(
  "[bytes, cost]",
  (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite),
);
const points: Check = (argument, value) => {
  listOf(point)(argument, value);
  checkThat("at least one measured copy", (list) => (list as unknown[]).length > 0)(
    argument,
    value,
  );
};
const alignmentClass = objectOf<AlignmentClass>({
  toAlign: alignment,
  fromAlign: alignment,
  points,
});
const curveEntries = objectOf<CopyCurve>({
  key: text,
  aligned: alignmentClass,
  others: listOf(alignmentClass),
  alignmentMatters: flag,
  breakAt: figure,
});

/** What was not measured lies on a line through two points of the same way of working. */
const curve: Check = (argument, value) => {
  curveEntries(argument, value);
  const { aligned, breakAt } = value as CopyCurve;
  const below = aligned.points.filter(([bytes]) => bytes < breakAt).length;
  const above = aligned.points.length - below;
  if (above >= 2 && (below >= 2 || breakAt <= 0)) return;
  throw new UsageError({
    argument: `${argument}.aligned.points`,
    problem: `has ${below} below the length ${breakAt} and ${above} from there on`,
    valid: "at least two on each side of breakAt",
  });
};

type Measured = Extract<CycleModel, { kind: "measured" }>;
type PerInstruction = Extract<CycleModel, { kind: "perInstruction" }>;

const cycleModels: Readonly<Record<CycleModel["kind"], Check>> = {
  measured: objectOf<Measured>({
    kind: text,
    weights: listOf(objectOf<CycleWeight>({ event, value: figure, key: text })),
    copyFromUser: curve,
    copyToUser: curve,
    note: text,
  }),
  perInstruction: objectOf<PerInstruction>({ kind: text, factor: derived, note: text }),
};

const cycles: Check = (argument, value) => {
  const { kind } = (value ?? {}) as Partial<CycleModel>;
  nameOf(Object.keys(cycleModels))(`${argument}.kind`, kind);
  cycleModels[kind!](argument, value);
};

const callsShape = Object.fromEntries(costEvents.map((name) => [name, optional(figure)])) as Shape<
  Partial<Record<CostEvent, number>>
>;

export const anyProfile = objectOf<CostProfile>({
  name: nameOf(archNames),
  weights: orNull(listOf(weight)),
  outOfLineCalls: orNull(objectOf(callsShape)),
  checksPerCopyCheck: derived,
  copyFromUser: orNull(curve),
  copyToUser: orNull(curve),
  cycles: orNull(cycles),
  differences: listOf(objectOf<Difference>({ form: text, cells: listOf(text), why: text })),
});
