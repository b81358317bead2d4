import type { Operation } from "./program.ts";

/** What the checker tracks along a path: U (guard open), D (direction flag set), S (stack of saved flags). */
export interface GuardState {
  /** U: the guard on user memory is open. */
  readonly open: boolean;
  /** D: the direction flag is set, so string instructions would run downwards. */
  readonly directionSet: boolean;
  /** S: the values of U that `save` put aside, innermost last. */
  readonly saved: readonly boolean[];
}

/** The deepest S. objtool keeps it in a 32-bit word, of which a marker above the oldest entry takes one bit. */
export const MOST_SAVED = 31;

/** The state after an operation that broke no rule. */
export function stateAfter({ op }: Operation, state: GuardState): GuardState {
  switch (op) {
    case "open":
      return { ...state, open: true };
    case "close":
      return { ...state, open: false };
    case "std":
      return { ...state, directionSet: true };
    case "cld":
      return { ...state, directionSet: false };
    case "save":
      return { ...state, saved: [...state.saved, state.open] };
    case "restore":
      return restored(state);
    default:
      return state;
  }
}

/** With nothing saved here the flags come from where the checker does not look: U stays, as in objtool. */
function restored(state: GuardState): GuardState {
  const open = state.saved.at(-1) ?? state.open;
  return { ...state, open, saved: state.saved.slice(0, -1) };
}

/** Equal for equal states and different for different ones. */
export function stateKey({ open, directionSet, saved }: GuardState): string {
  return [open, directionSet, ...saved].map(Number).join("");
}
