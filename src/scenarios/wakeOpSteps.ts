import { errnos } from "../base/errno.ts";
import type { MachineEvent } from "../machine/events.ts";

/** The steps of a FUTEX_WAKE_OP: what the kernel calls, and for the wakes what it does. */
export type WakeOpCall =
  "get_futex_key" | "futex_atomic_op_inuser" | "fault_in_user_writeable" | "cond_resched" | "wake";

/** One step. */
export interface WakeOpStep {
  readonly call: WakeOpCall;
  /** Which of the two words it is about; null for none. */
  readonly word: 1 | 2 | null;
  /** 0 or −errno; of the operation also 1, for a comparison that is true; of a wake, how many. */
  readonly result: number;
}

/** What is known of a call that was made. */
export interface WakeOpCallMade {
  /** What the study build recorded in it. */
  readonly events: readonly MachineEvent[];
  readonly private: boolean;
  readonly result: number;
  /** What looking at the first key gives: 0 or −errno. */
  readonly firstKey: number;
  readonly passed: boolean | null;
  /** How many were woken on each word. */
  readonly woken: readonly [number, number];
}

/** The way that a call went: the keys, the operation as often as it was tried, with what was between, and the wakes. */
export function wakeOpSteps(made: WakeOpCallMade): WakeOpStep[] {
  const { result, firstKey } = made;
  const tries = triesIn(made.events);
  if (tries.length === 0 && result !== -errnos.ENOSYS) return keySteps(firstKey, result);
  const last = tries.pop() ?? NOT_ACCESSED;
  return [
    ...keySteps(0, 0),
    ...tries.flatMap((one) => [...failedSteps(one, 0), ...(made.private ? [] : keySteps(0, 0))]),
    ...(last.faulted ? failedSteps(last, result) : doneSteps(made)),
  ];
}

/** One access of the operation. */
interface Try {
  /** It ended in the fixup; if not, and there is another try, its reservation was lost too often. */
  readonly faulted: boolean;
}

/** An unknown operation: nothing to try. */
const NOT_ACCESSED: Try = { faulted: false };

/** The operation opens a block; a fault in it ends in a fixup. */
function triesIn(events: readonly MachineEvent[]): Try[] {
  const starts = [...events.keys()].filter((index) => events[index]!.kind === "block");
  return starts.map((start, index) => ({
    faulted: events.slice(start, starts[index + 1]).some(({ kind }) => kind === "fixup"),
  }));
}

/** Keys whose pages others share are looked at again in each round: the mapping may have changed. */
function keySteps(first: number, second: number): WakeOpStep[] {
  const steps: WakeOpStep[] = [{ call: "get_futex_key", word: 1, result: first }];
  if (first === 0) steps.push({ call: "get_futex_key", word: 2, result: second });
  return steps;
}

function failedSteps({ faulted }: Try, repaired: number): WakeOpStep[] {
  const operation = { call: "futex_atomic_op_inuser", word: 2 } as const;
  return faulted
    ? [
        { ...operation, result: -errnos.EFAULT },
        { call: "fault_in_user_writeable", word: 2, result: repaired },
      ]
    : [
        { ...operation, result: -errnos.EAGAIN },
        { call: "cond_resched", word: null, result: 0 },
      ];
}

function doneSteps({ result, passed, woken }: WakeOpCallMade): WakeOpStep[] {
  const answer = result < 0 ? result : Number(passed);
  const steps: WakeOpStep[] = [{ call: "futex_atomic_op_inuser", word: 2, result: answer }];
  if (answer >= 0) steps.push({ call: "wake", word: 1, result: woken[0] });
  if (answer > 0) steps.push({ call: "wake", word: 2, result: woken[1] });
  return steps;
}
