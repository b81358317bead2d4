import {
  checkOptions,
  checkThat,
  flag,
  objectOf,
  optional,
  text,
  type Shape,
} from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { type LabelTable, type Operation, type Program, resolveLabels } from "./program.ts";
import { type CodeContext, type RuleId, RULES } from "./rules.ts";
import { type GuardState, stateAfter, stateKey } from "./state.ts";

/** One broken rule at one operation, with the shortest path that breaks it. */
export interface DisciplineFinding {
  readonly rule: RuleId;
  readonly message: string;
  /** The operation that breaks the rule: its index in the program, and its line if the program was parsed. */
  readonly index: number;
  readonly line?: number;
  /** The indices executed to get there, from the first operation up to and with this one. */
  readonly path: readonly number[];
  /** What holds on this path just before the operation. */
  readonly state: GuardState;
}

export interface DisciplineOptions {
  /**
   * The function whose body the program is. `uaccessSafe` says whether it is on the allow list itself; left out, its
   * name is looked up there. Without a function the program is code outside any, such as an exception entry.
   */
  readonly function?: { readonly name: string; readonly uaccessSafe?: boolean };
  /** The functions that may be called while the guard is open. None by default. */
  readonly allowList?: Iterable<string>;
}

const disciplineOptions: Shape<DisciplineOptions> = {
  function: optional(
    objectOf<NonNullable<DisciplineOptions["function"]>>({
      name: text,
      uaccessSafe: optional(flag),
    }),
  ),
  allowList: optional(checkThat("function names to go through, such as a Set", isIterable)),
};

function isIterable(value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return Symbol.iterator in value;
}

/** Code on a real path has a handful of states. What passes this saves different values in branch after branch. */
const MOST_STATES = 1 << 16;

/** A point of a path: about to execute `index` in `state`. `before` leads back to the entry. */
interface Point {
  readonly index: number;
  readonly state: GuardState;
  readonly before: Point | undefined;
}

/**
 * Follows every path through `program` and reports where it breaks a rule (rules.ts). A path ends at its
 * first finding, since what the code means after it is anybody's guess; the other paths go on.
 *
 * @returns the findings by index, then by rule; a rule that several paths break at one operation is reported once,
 *   for the shortest. Empty: the program keeps the discipline.
 * @throws UsageError if the program cannot be walked (unknown label, runs off its end) or has over 2^16 states
 */
export function checkDiscipline(
  program: Program,
  options: DisciplineOptions = {},
): DisciplineFinding[] {
  checkOptions("options", options, disciplineOptions);
  const labels = resolveLabels(program);
  const context = contextOf(options);
  const findings = new Map<string, DisciplineFinding>();
  for (const point of reachablePoints(program, labels, context)) {
    for (const finding of findingsAt(point, program, context)) {
      const place = `${finding.index} ${finding.rule}`;
      if (!findings.has(place)) findings.set(place, finding);
    }
  }
  return [...findings.values()].sort(
    (a, b) => a.index - b.index || numberOf(a.rule) - numberOf(b.rule),
  );
}

function numberOf(rule: RuleId): number {
  return Number(rule.slice(1));
}

function contextOf({ function: checked, allowList = [] }: DisciplineOptions): CodeContext {
  const allowed = new Set(allowList);
  return {
    functionName: checked?.name,
    uaccessSafe: checked?.uaccessSafe ?? (checked !== undefined && allowed.has(checked.name)),
    mayBeCalledOpen: (callee) => allowed.has(callee),
  };
}

/**
 * Every (operation, state) pair that a path reaches, each once and nearest first. Rule R9 asks for pairs with U; the
 * pairs here are with the whole state, so that no path hides behind another with a different D or S.
 */
function reachablePoints(program: Program, labels: LabelTable, context: CodeContext): Point[] {
  const entered: GuardState = { open: context.uaccessSafe, directionSet: false, saved: [] };
  const entry: Point = { index: 0, state: entered, before: undefined };
  const points = [entry];
  const visited = new Set([keyOf(entry)]);
  // The list grows while it is walked: it is the queue of a breadth-first search and its result at once.
  for (const point of points) {
    for (const next of pointsAfter(point, program, labels, context)) {
      if (visited.has(keyOf(next))) continue;
      visited.add(keyOf(next));
      points.push(next);
    }
    requireFewStates(points);
  }
  return points;
}

function keyOf({ index, state }: Point): string {
  return `${index} ${stateKey(state)}`;
}

function pointsAfter(
  point: Point,
  program: Program,
  labels: LabelTable,
  context: CodeContext,
): Point[] {
  const operation = operationAt(program, point);
  if (brokenRules(operation, point.state, context).length > 0) return [];
  const state = stateAfter(operation, point.state);
  return indicesAfter(operation, point.index, labels).map((index) => ({
    index,
    state,
    before: point,
  }));
}

function indicesAfter(operation: Operation, index: number, labels: LabelTable): number[] {
  switch (operation.op) {
    case "return":
      return [];
    case "jump":
      return [labels.get(operation.target)!];
    case "branch":
      return [index + 1, labels.get(operation.target)!];
    default:
      return [index + 1];
  }
}

function findingsAt(point: Point, program: Program, context: CodeContext): DisciplineFinding[] {
  const operation = operationAt(program, point);
  return brokenRules(operation, point.state, context).map((rule) => ({
    rule: rule.id,
    message: rule.message(operation, context),
    index: point.index,
    ...(operation.line === undefined ? {} : { line: operation.line }),
    path: pathTo(point),
    state: point.state,
  }));
}

function brokenRules(operation: Operation, state: GuardState, context: CodeContext): typeof RULES {
  return RULES.filter((rule) => rule.isBroken(operation, state, context));
}

function pathTo(point: Point): number[] {
  const path: number[] = [];
  for (let at: Point | undefined = point; at !== undefined; at = at.before) path.push(at.index);
  return path.reverse();
}

/** Every path ends before the program does: resolveLabels has seen to it. */
function operationAt(program: Program, { index }: Point): Operation {
  return program[index]!;
}

function requireFewStates(points: readonly Point[]): void {
  if (points.length <= MOST_STATES) return;
  throw new UsageError({
    argument: "program",
    problem: "saves the guard in so many combinations that its paths cannot all be followed",
    valid: `at most ${MOST_STATES} different (operation, state) pairs`,
  });
}
