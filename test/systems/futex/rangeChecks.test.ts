import { expect, test } from "vitest";
import { archNames, futexBlocked, type Futex } from "../../../src/index.ts";
import { PRIVATE, WORDS, newThreads } from "./threads.ts";

/**
 * The PowerPC compiler drops a check of an address that the same function has checked before. What one call has checked
 * says nothing of the next one.
 */
const calls: readonly (readonly [string, (futex: Futex) => number])[] = [
  ["WAKE", (f) => f.wake(WORDS, 1, PRIVATE)],
  ["WAIT that differs", (f) => f.wait(WORDS, 1, PRIVATE)],
  ["CMP_REQUEUE", (f) => f.cmpRequeue(WORDS, WORDS + 64, 0, PRIVATE)],
  ["WAKE_OP", (f) => f.wakeOp(WORDS, WORDS + 64, 0, PRIVATE)],
  ["LOCK_PI of one's own", (f) => f.lockPi(WORDS + 128, PRIVATE)],
];

test.each(archNames.flatMap((arch) => calls.map(([name, call]) => [arch, name, call] as const)))(
  "on %s each %s checks what the first one did",
  async (arch, _, call) => {
    const { futexes, machine, store } = await newThreads(1, { arch, build: "study" });
    store(WORDS + 128, futexes[0].task.id);
    const checks = (): number => {
      const before = machine.counters();
      expect(call(futexes[0])).not.toBe(futexBlocked);
      const after = machine.counters();
      const read = after.rangeChecksRead - before.rangeChecksRead;
      return read + after.rangeChecksWrite - before.rangeChecksWrite;
    };
    const first = checks();
    expect(first).toBeGreaterThan(0);
    expect([checks(), checks()]).toEqual([first, first]);
  },
);
