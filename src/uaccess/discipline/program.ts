/**
 * The programs that the discipline checker reads: the body of one function, reduced to what matters for the guard on
 * user memory and for the direction flag. Everything else a function does is left out.
 */
import { listOf, text } from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";

/** The operations that name nothing; what each does to the state stands in state.ts. */
export const PLAIN_OPS = ["open", "close", "save", "restore", "return", "std", "cld"] as const;

/** One entry of a program. `line` is set by {@link parseProgram} and only repeated in findings. */
export type Operation = { readonly line?: number } & (
  | { readonly op: (typeof PLAIN_OPS)[number] }
  | { readonly op: "call"; readonly callee: string }
  /** Goes on with the next entry, or at the label: both paths are followed. */
  | { readonly op: "branch"; readonly target: string }
  /** The unconditional branch: goes on at the label only. */
  | { readonly op: "jump"; readonly target: string }
  /** A place to branch to. Does nothing itself; several may stand in a row. */
  | { readonly op: "label"; readonly name: string }
);

/** The entries in the order of the code. Execution starts at the first. */
export type Program = readonly Operation[];

/** Where each label stands: its index in the program. */
export type LabelTable = ReadonlyMap<string, number>;

const OPS: readonly Operation["op"][] = [...PLAIN_OPS, "call", "branch", "jump", "label"];

const ENDS_A_PATH: readonly Operation["op"][] = ["return", "jump"];

/**
 * The label table of a program that can be walked: every operation is known, every target exists, no label
 * stands twice, no path runs off the end.
 * @throws UsageError naming the entry (and its line, if it was parsed)
 */
export function resolveLabels(program: Program): LabelTable {
  checkEntries(program);
  const labels = collectLabels(program);
  program.forEach((operation, index) => {
    if (operation.op !== "branch" && operation.op !== "jump") return;
    if (labels.has(operation.target)) return;
    const known = [...labels.keys()].join(", ");
    throw new UsageError({
      argument: placeOf(operation, index),
      problem: `goes to the label "${operation.target}", which stands nowhere`,
      valid: known === "" ? "no target, for the program has no label" : known,
    });
  });
  requireEnd(program);
  return labels;
}

/** The name that an operation needs, where it needs one. */
const namedBy: Readonly<Partial<Record<Operation["op"], "callee" | "target" | "name">>> = {
  call: "callee",
  branch: "target",
  jump: "target",
  label: "name",
};

const entries = listOf((place, value) => {
  const entry = (value ?? {}) as Readonly<Record<string, unknown>>;
  const where = typeof entry["line"] === "number" ? `program line ${entry["line"]}` : place;
  const op = oneOf(`${where}: operation`, entry["op"], OPS);
  const named = namedBy[op];
  if (named !== undefined) text(`${where}: ${named}`, entry[named]);
});

function checkEntries(program: unknown): void {
  entries("program", program);
}

function collectLabels(program: Program): Map<string, number> {
  const labels = new Map<string, number>();
  program.forEach((operation, index) => {
    if (operation.op !== "label") return;
    if (labels.has(operation.name)) {
      throw new UsageError({
        argument: placeOf(operation, index),
        problem: `sets the label "${operation.name}" a second time`,
        valid: "each label once",
      });
    }
    labels.set(operation.name, index);
  });
  return labels;
}

/** The last entry closes every path that gets there, so that the walk never has to ask what comes after the end. */
function requireEnd(program: Program): void {
  const last = program.at(-1);
  if (last !== undefined && ENDS_A_PATH.includes(last.op)) return;
  throw new UsageError({
    argument: last === undefined ? "program" : placeOf(last, program.length - 1),
    problem: last === undefined ? "is empty" : `is the last and is "${last.op}"`,
    valid: `a program whose last operation is ${ENDS_A_PATH.join(" or ")}`,
  });
}

function placeOf(operation: Operation, index: number): string {
  return operation.line === undefined ? `program[${index}]` : `program line ${operation.line}`;
}
