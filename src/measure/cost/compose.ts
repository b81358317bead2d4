/**
 * Puts the cost of a call together from its events and an architecture's weights:
 *
 *   instructions = Σ weight × count of its event  +  Σ copy routine(bytes, alignment)
 *
 * Nothing here knows which way of moving the data was used. What is priced is what was executed: the
 * work of an exception or a fixup has no published figure and is not in the sum.
 */

import { checkOptions } from "../../base/checks.ts";
import { copyCost, type CopyCurve } from "./copyCurve.ts";
import {
  anyCall,
  anySide,
  anyTaskBits,
  countOf,
  type CallEvents,
  type CopyEvent,
  type SideEvents,
  type TaskBits,
} from "./events.ts";
import type { CostProfile, CycleModel } from "./profile.ts";
import { anyProfile } from "./profileShape.ts";
import { components, type Component, type Weight } from "./weights.ts";

/** A copy whose cost was estimated because this length or alignment was not measured. */
export interface Approximation extends CopyEvent {
  readonly quantity: "instructions" | "cycles";
  readonly how: string;
}

/** The cost of one side of a call, or of both. Null: no figure was published for a part of it. */
export interface SideCost {
  readonly instructions: number | null;
  /** Core cycles; see the profile's cycle model for how they come about. */
  readonly modelledCycles: number | null;
  /** Calls out of the function: primitives, copies and guard switches that are not inline. */
  readonly outOfLineCalls: number | null;
  /** Guard writes, opening and closing counted apart. */
  readonly guardToggles: number;
  /** Compare pairs of all range checks executed. */
  readonly rangeChecks: number;
  /** Instructions by what they are spent on. */
  readonly components: Readonly<Record<Component, number | null>>;
  readonly approximations: readonly Approximation[];
}

/** The cost of one call. */
export interface CallCost {
  readonly read: SideCost;
  readonly write: SideCost;
  readonly both: SideCost;
}

/**
 * The cost of one call on one architecture.
 * @throws UsageError if a count is not a whole number from 0 or the task's width is not 32 or 64
 */
export function composeCall(profile: CostProfile, call: CallEvents): CallCost {
  anyProfile("profile", profile);
  checkOptions("call", call, anyCall);
  const read = sideCost(profile, call.read, call.taskBits);
  const write = sideCost(profile, call.write, call.taskBits);
  return { read, write, both: addSides(read, write) };
}

/** The cost of one side of a call; throws as `composeCall`. */
export function composeSide(
  profile: CostProfile,
  events: SideEvents,
  taskBits: TaskBits,
): SideCost {
  anyProfile("profile", profile);
  anySide("events", events);
  anyTaskBits("taskBits", taskBits);
  return sideCost(profile, events, taskBits);
}

function sideCost(profile: CostProfile, events: SideEvents, taskBits: TaskBits): SideCost {
  const copies = copyInstructions(profile, events);
  const byComponent = composeComponents(profile.weights, events, taskBits, copies.cost);
  const instructions = Object.values(byComponent).reduce(addKnown, 0);
  const cycles = composeCycles(profile.cycles, events, instructions);
  return {
    instructions,
    modelledCycles: cycles.cost,
    outOfLineCalls: outOfLineCalls(profile, events),
    guardToggles: guardToggles(events),
    rangeChecks: rangeChecks(profile, events),
    components: byComponent,
    approximations: [...copies.approximations, ...cycles.approximations],
  };
}

function composeComponents(
  weights: readonly Weight[] | null,
  events: SideEvents,
  taskBits: TaskBits,
  copies: number,
): Record<Component, number | null> {
  const costs = components.map((component): [Component, number | null] => [
    component,
    weights && componentCost(ofComponent(weights, component, taskBits), events),
  ]);
  const byComponent = Object.fromEntries(costs) as Record<Component, number | null>;
  return { ...byComponent, copy: addKnown(byComponent.copy, copies) };
}

function ofComponent(
  weights: readonly Weight[],
  component: Component,
  taskBits: TaskBits,
): readonly Weight[] {
  return weights.filter(
    (weight) => weight.component === component && (weight.taskBits ?? taskBits) === taskBits,
  );
}

/** An unpriced weight only matters if its event happened. */
function componentCost(weights: readonly Weight[], events: SideEvents): number | null {
  return weights
    .map(({ value, event }) => ({ value, count: countOf(events, event) }))
    .filter(({ count }) => count > 0)
    .map(({ value, count }) => (value === null ? null : value * count))
    .reduce(addKnown, 0);
}

interface CopiesCost {
  readonly cost: number;
  readonly approximations: readonly Approximation[];
}

/** A profile without a curve prices its copies by weight, or says there that they have no price. */
function copyInstructions(profile: CostProfile, events: SideEvents): CopiesCost {
  return addCopies(
    copiesCost(profile.copyFromUser, events.copiesFromUser, "instructions"),
    copiesCost(profile.copyToUser, events.copiesToUser, "instructions"),
  );
}

function copiesCost(
  curve: CopyCurve | null,
  copies: readonly CopyEvent[],
  quantity: Approximation["quantity"],
): CopiesCost {
  if (curve === null) return { cost: 0, approximations: [] };
  const estimates = copies.map((copy) => ({ copy, ...copyCost(curve, copy) }));
  return {
    cost: estimates.reduce((sum, { cost }) => sum + cost, 0),
    approximations: estimates.flatMap(({ copy, approximation }) =>
      approximation === null ? [] : [{ ...copy, quantity, how: approximation }],
    ),
  };
}

function addCopies(a: CopiesCost, b: CopiesCost): CopiesCost {
  return { cost: a.cost + b.cost, approximations: [...a.approximations, ...b.approximations] };
}

interface CyclesCost {
  readonly cost: number | null;
  readonly approximations: readonly Approximation[];
}

function composeCycles(
  model: CycleModel | null,
  events: SideEvents,
  instructions: number | null,
): CyclesCost {
  if (model === null || instructions === null) return { cost: null, approximations: [] };
  if (model.kind === "perInstruction") {
    return { cost: instructions * model.factor.value, approximations: [] };
  }
  const copies = addCopies(
    copiesCost(model.copyFromUser, events.copiesFromUser, "cycles"),
    copiesCost(model.copyToUser, events.copiesToUser, "cycles"),
  );
  const priced = model.weights.map(({ event, value }) => value * countOf(events, event));
  const cost = priced.reduce((sum, cycles) => sum + cycles, copies.cost);
  return { cost, approximations: copies.approximations };
}

function outOfLineCalls({ outOfLineCalls: calls }: CostProfile, events: SideEvents): number | null {
  if (calls === null) return null;
  return Object.entries(calls).reduce(
    (sum, [event, count]) => sum + count * countOf(events, event as keyof typeof calls),
    0,
  );
}

function guardToggles(events: SideEvents): number {
  const opens = events.accessOpens + events.blockOpens + events.copyOpens;
  return opens + events.accessCloses + events.blockCloses + events.copyCloses;
}

function rangeChecks({ checksPerCopyCheck }: CostProfile, events: SideEvents): number {
  const single = events.getRangeChecks + events.putRangeChecks + events.blockRangeChecks;
  return single + events.copyRangeChecks * checksPerCopyCheck.value;
}

/** What is not known stays not known. */
function addKnown(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function addSides(a: SideCost, b: SideCost): SideCost {
  const sums = components.map((component): [Component, number | null] => [
    component,
    addKnown(a.components[component], b.components[component]),
  ]);
  return {
    instructions: addKnown(a.instructions, b.instructions),
    modelledCycles: addKnown(a.modelledCycles, b.modelledCycles),
    outOfLineCalls: addKnown(a.outOfLineCalls, b.outOfLineCalls),
    guardToggles: a.guardToggles + b.guardToggles,
    rangeChecks: a.rangeChecks + b.rangeChecks,
    components: Object.fromEntries(sums) as Record<Component, number | null>,
    approximations: [...a.approximations, ...b.approximations],
  };
}
