import type { Operation } from "./program.ts";
import { type GuardState, MOST_SAVED } from "./state.ts";

/**
 * The rules that objtool checks on x86 (validate_call, validate_return and the STAC/CLAC cases of
 * tools/objtool/check.c, 6.3), numbered here. R9 is missing because nothing can break it: paths that meet may carry
 * different states, and each instruction is followed once for each state (check.ts).
 */
export type RuleId = "R1" | "R2" | "R3" | "R4" | "R5" | "R6" | "R7" | "R8" | "R10";

/** Where the checked code stands. */
export interface CodeContext {
  /** Undefined for code outside any function, such as an exception entry: it may close and clear at any time. */
  readonly functionName: string | undefined;
  /** The function is on the allow list: it is entered and left with the guard open. */
  readonly uaccessSafe: boolean;
  readonly mayBeCalledOpen: (callee: string) => boolean;
}

interface Rule {
  readonly id: RuleId;
  readonly isBroken: (operation: Operation, state: GuardState, context: CodeContext) => boolean;
  readonly message: (operation: Operation, context: CodeContext) => string;
}

/** In the order of their ids. R8 has two halves. */
export const RULES: readonly Rule[] = [
  {
    id: "R1",
    isBroken: (operation, { open }, { mayBeCalledOpen }) =>
      operation.op === "call" && open && !mayBeCalledOpen(operation.callee),
    message: (operation, context) =>
      `${whoOf(operation, context)} is called while the guard is open, and it is not on the allow list`,
  },
  {
    id: "R2",
    isBroken: ({ op }, { open }, { uaccessSafe }) => op === "return" && open && !uaccessSafe,
    message: (operation, context) =>
      `${whoOf(operation, context)} returns and leaves the guard open`,
  },
  {
    id: "R3",
    isBroken: ({ op }, { open }, { uaccessSafe }) => op === "return" && !open && uaccessSafe,
    message: (operation, context) =>
      `${whoOf(operation, context)} is on the allow list, so its caller expects the guard open, but it returns with it closed`,
  },
  {
    id: "R4",
    isBroken: ({ op }, { open }) => op === "open" && open,
    message: () => "the guard is opened although it is open: open and close do not nest",
  },
  {
    id: "R5",
    isBroken: ({ op }, { open }, { functionName }) =>
      op === "close" && !open && functionName !== undefined,
    message: () => "the guard is closed although it is not open on this path",
  },
  {
    id: "R6",
    isBroken: ({ op }, { saved }, { uaccessSafe }) =>
      op === "close" && saved.length === 0 && uaccessSafe,
    message: (operation, context) =>
      `${whoOf(operation, context)} is on the allow list and closes its caller's guard without having saved it`,
  },
  {
    id: "R7",
    isBroken: ({ op }, { directionSet }) => (op === "call" || op === "return") && directionSet,
    message: (operation, context) =>
      `${whoOf(operation, context)} ${operation.op === "call" ? "is called" : "returns"} while the direction flag is set`,
  },
  {
    id: "R8",
    isBroken: ({ op }, { directionSet }) => op === "std" && directionSet,
    message: () => "the direction flag is set a second time",
  },
  {
    id: "R8",
    isBroken: ({ op }, { directionSet }, { functionName }) =>
      op === "cld" && !directionSet && functionName !== undefined,
    message: () => "the direction flag is cleared although it is clear on this path",
  },
  {
    id: "R10",
    isBroken: ({ op }, { saved }) => op === "save" && saved.length >= MOST_SAVED,
    message: () => `the flags are saved more than ${MOST_SAVED} deep`,
  },
];

/** The function that is entered or left: the callee of a call, else the one whose code this is. */
function whoOf(operation: Operation, { functionName }: CodeContext): string {
  if (operation.op === "call") return `${operation.callee}()`;
  return functionName === undefined ? "code outside any function" : `${functionName}()`;
}
