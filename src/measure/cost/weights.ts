/**
 * Weights: how many instructions (or cycles) one event costs, each computed from published figures and
 * carrying the paths of those figures. The text of a derivation is made from the same terms as its
 * value, so the two cannot differ.
 */

import type { CostEvent, TaskBits } from "./events.ts";

/** What an instruction is spent on. */
export const components = [
  "rangeCheck",
  "address",
  "open",
  "close",
  "load",
  "store",
  "faultTest",
  "call",
  "frame",
  "copy",
] as const;

/** One entry of `components`. */
export type Component = (typeof components)[number];

/** A published figure: its name (figures/) and its value. */
export interface Term {
  readonly path: string;
  readonly value: number;
}

/** A value computed from published figures, and the computation in words of their paths. */
export interface Derived {
  readonly value: number;
  readonly key: string;
}

/** The price of one event: `value` units of `component` each time `event` is counted. */
export interface Weight {
  readonly component: Component;
  readonly event: CostEvent;
  /** Instructions for one event; null where no figure was published. */
  readonly value: number | null;
  /** The figures the value was derived from. */
  readonly key: string;
  /** Present if the weight holds for tasks of this width only. */
  readonly taskBits?: TaskBits;
}

/** Looks figures up in one section: `term("put_user4.instructions")`. */
export function terms<K extends string>(
  section: string,
  figures: Readonly<Record<K, number>>,
): (name: K) => Term {
  return (name) => ({ path: `${section}.${name}`, value: figures[name] });
}

/** (sum of `plus` − sum of `minus`) / `divisor`, with its derivation. */
export function derive(plus: readonly Term[], minus: readonly Term[] = [], divisor = 1): Derived {
  const value = (total(plus) - total(minus)) / divisor;
  const sum = [listed(plus, " + "), ...minus.map(({ path }) => path)].join(" - ");
  return { value, key: divisor === 1 ? sum : `(${sum}) / ${divisor}` };
}

/** `figure` taken `count` times. */
export function times(count: number, figure: Derived): Derived {
  return { value: count * figure.value, key: `${count} * (${figure.key})` };
}

/** A weight that holds for every task. */
export function weight(component: Component, event: CostEvent, { value, key }: Derived): Weight {
  return { component, event, value, key };
}

/** A weight that holds for tasks of one width. */
export function weightFor(
  taskBits: TaskBits,
  component: Component,
  event: CostEvent,
  { value, key }: Derived,
): Weight {
  return { component, event, value, key, taskBits };
}

/** An event that happens but whose price was never published: everything it is part of becomes null. */
export function unpriced(component: Component, event: CostEvent): Weight {
  return { component, event, value: null, key: "no figure published" };
}

function total(list: readonly Term[]): number {
  return list.reduce((sum, { value }) => sum + value, 0);
}

function listed(list: readonly Term[], separator: string): string {
  return list.map(({ path }) => path).join(separator);
}
