import { expect, test } from "vitest";
import { Machine } from "../../src/index.ts";
import { mutantCore, type Mutation } from "../support/mutant.ts";
import { FUTEX_RAM, futexLines, replayFutex, type FutexKind } from "./goldenFutex.ts";

/** One rule of the core broken at a time: recorded cases fail, in the field where it shows. */

interface BrokenRule {
  readonly rule: string;
  readonly mutation: Mutation;
  readonly kind: FutexKind;
  /** What differs in some case. */
  readonly field: string;
}

const brokenRules: readonly BrokenRule[] = [
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
    rule: "a shared futex in anonymous memory that can only be read has no key",
    mutation: { file: "futex/key.ts", find: "readOnly ? -EFAULT : 0", replace: "0" },
    kind: "address",
    field: "errno",
  },
  {
    rule: "real-time tasks come first in a bucket",
    mutation: {
      file: "futex/entry.ts",
      find: "entry.priority = taskOf(entry).priority;",
      replace: "entry.priority = 0;",
    },
    kind: "queue",
    field: "returned",
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
    rule: "a task that would wait for itself is told so",
    mutation: {
      file: "futex/rtMutex.ts",
      find: "next == mutex || next.holder == addressOfTask(task)",
      replace: "false",
    },
    kind: "pimulti",
    field: "errno",
  },
  {
    rule: "FUTEX_WAITERS stays in the word whatever comes of the call",
    mutation: {
      file: "futex/piState.ts",
      find: "exchange(cpu, va, word, word | FUTEX_WAITERS)",
      replace: "exchange(cpu, va, word, word)",
    },
    kind: "pistate",
    field: "words",
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
    rule: "a robust list's wakes are for shared futexes",
    mutation: {
      file: "futex/robust.ts",
      find: "FLAG_SIZE_U32, 1, MATCH_ANY",
      replace: "FLAG_SIZE_U32 | 128, 1, MATCH_ANY",
    },
    kind: "robust",
    field: "returned",
  },
  {
    rule: "futex_waitv answers the highest index that was woken",
    mutation: {
      file: "futex/vector.ts",
      find: "if (!unqueueOwn(cpu, entryOf(call, index))) woken = index;",
      replace: "if (!unqueueOwn(cpu, entryOf(call, index)) && woken < 0) woken = index;",
    },
    kind: "futex2",
    field: "returned",
  },
  {
    rule: "a bad time is reported before a clock that cannot be chosen",
    mutation: {
      file: "futex/syscall.ts",
      find: "if (timeout != 0 && hasTimeout(command)) {",
      replace: "if (timeout != 0 && hasTimeout(command) && (op & FLAG_REALTIME) == 0) {",
    },
    kind: "timeout",
    field: "errno",
  },
  {
    rule: "a waiter that no bit of a wake is for stays asleep",
    mutation: {
      file: "futex/wake.ts",
      find: "if ((entry.bitset & bitset) == 0) continue;",
      replace: "if (false) continue;",
    },
    kind: "bitset",
    field: "ret",
  },
  {
    rule: "what a call kept is given back",
    mutation: { file: "futex/piState.ts", find: "  slabFree(address);", replace: "" },
    kind: "pimulti",
    field: "balance",
  },
  {
    rule: "a lock is taken by the task, or not at all",
    mutation: {
      file: "uaccess/exclusive.ts",
      find: "compareExchange(address, expected, replacement)",
      replace: "loadShared(address)",
    },
    kind: "contend",
    field: "machine",
  },
];

test.each(brokenRules)("$rule", async ({ mutation, kind, field }) => {
  const wasm = await mutantCore("release", [mutation]);
  const machine = await Machine.create({ memory: FUTEX_RAM, kernel: "6.18", wasm });
  const { failures } = replayFutex(machine, futexLines(kind));
  expect(failures.map((failure) => failure.field)).toContain(field);
});
