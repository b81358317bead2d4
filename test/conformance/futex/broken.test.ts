import { test } from "vitest";
import { expectNoticed, type BrokenRule } from "../brokenRules.ts";
import { futexRecordings, type FutexKind } from "./recordings.ts";

/**
 * One rule of the core broken at a time: recorded cases fail, in the field where it shows. The rules are of different
 * rooms: keys, operands, wakes, locks' priorities, owners, requeues. None of them says when a loop ends, so that a core
 * without it fails and does not hang.
 */

const brokenRules: readonly BrokenRule<FutexKind>[] = [
  {
    rule: "a private and a shared futex on the same anonymous word are two",
    mutation: {
      file: "futex/key.ts",
      find: "key.offset |= FUT_OFF_MMSHARED;",
      replace: "key.offset |= 0;",
    },
    kind: "process",
    field: "ret",
  },
  {
    rule: "the operand of WAKE_OP has a sign",
    mutation: { file: "futex/wake.ts", find: "as i32) >> 20", replace: "as i32) >>> 20" },
    kind: "wakeop",
    field: "words",
  },
  {
    rule: "a waiter lends its priority to who holds the lock",
    mutation: {
      file: "futex/rtMutex.ts",
      find: "highest = max<u32>(highest, waiterAt(top).priority);",
      replace: "highest = max<u32>(highest, 0);",
    },
    kind: "pimulti",
    field: "ret",
  },
  {
    rule: "one more than asked is moved to a held PI futex",
    mutation: {
      file: "futex/requeuePi.ts",
      find: "done - 1 < requeue",
      replace: "done < requeue",
    },
    kind: "requeuepi",
    field: "ret",
  },
  {
    rule: "who inherits a PI futex from a dead owner says so in the word",
    mutation: {
      file: "futex/fixOwner.ts",
      find: "state.owner == 0 ? FUTEX_OWNER_DIED : 0",
      replace: "state.owner == 0 ? 0 : 0",
    },
    kind: "robust",
    field: "words",
  },
  {
    rule: "a waiter that no bit of a wake is for stays asleep",
    mutation: {
      file: "futex/wake.ts",
      find: "if ((entry.bitset & bitset) == 0) continue;",
      replace: "if (false) continue;",
    },
    kind: "queue",
    field: "ret",
  },
];

test.each(brokenRules)("$rule", (rule) => expectNoticed(futexRecordings, rule));
