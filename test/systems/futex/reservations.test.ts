import { describe, expect, test } from "vitest";
import { type ArchName } from "../../../src/index.ts";
import { futex } from "../../../src/systems/futex/calls.ts";
import { machineOf } from "../../machine/pool.ts";

/** Store-exclusives that fail because another CPU wrote: who tries again, and who lets go first (asm/futex.h). */

const WORDS = 0x1000_0000;
const SECOND = WORDS + 4;
/** FUTEX_WAKE_OP of one process; adds 3 to the second word. */
const WAKE_OP = 5 | 128;
const ADD_THREE = (1 << 28) | (3 << 12);
/** FUTEX_MAX_LOOPS of arm64. */
const MOST_ATTEMPTS = 128;

/** What a WAKE_OP whose first so many stores fail answers and leaves, and how often it opens the guard. */
async function wakeOpLosing(arch: ArchName, lost: number) {
  const machine = await machineOf({ arch, build: "study" });
  const task = machine.createTask();
  const words = task.map({ at: WORDS, length: 4096, populate: true });
  words.write(4, Uint8Array.of(4));
  machine.exports.loseReservations(task.cpu, lost);
  const before = machine.counters().guardOpensWrite;
  const answer = futex(task, {
    address: WORDS,
    op: WAKE_OP,
    value: 1,
    address2: SECOND,
    value3: ADD_THREE,
  });
  const opens = machine.counters().guardOpensWrite - before;
  return { answer, word: words.read(4, 4)[0], opens };
}

describe("a WAKE_OP whose stores are lost", () => {
  test.each([
    ["arm64-pan", MOST_ATTEMPTS - 1, 1],
    ["arm64-pan", MOST_ATTEMPTS, 2],
    ["arm64-ttbr0", 3 * MOST_ATTEMPTS, 4],
    ["powerpc-8xx", 3 * MOST_ATTEMPTS, 1],
    ["x86-64", MOST_ATTEMPTS, 1],
  ] as const)("on %s, %i of them: the guard is opened %i times", async (arch, lost, opens) => {
    expect(await wakeOpLosing(arch, lost)).toEqual({ answer: 0, word: 7, opens });
  });
});
