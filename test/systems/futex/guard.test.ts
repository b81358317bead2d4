import { describe, expect, test } from "vitest";
import { archNames, type ArchName, type BuildName } from "../../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "../../machine/pool.ts";

/** The guard around futex_atomic_cmpxchg_inatomic: closed on every way out, or the next access is not noticed. */

const WORD = 0x1000_0000;
const ABSENT = WORD + PAGE;
const KERNEL = 0xffff_ff00;
const PRESENT = 5;

/** What the word is expected to be, where it lies, and what the exchange answers. */
const exchanges = {
  "that is made": { at: WORD, expected: PRESENT, answer: 0 },
  "that finds another value": { at: WORD, expected: PRESENT + 1, answer: 0 },
  "of a page that is not there": { at: ABSENT, expected: 0, answer: -EFAULT },
  "of an address that is no program's": { at: KERNEL, expected: 0, answer: -EFAULT },
} as const;
type Exchange = keyof typeof exchanges;
const exchangeNames = Object.keys(exchanges) as Exchange[];

async function exchange(arch: ArchName, build: BuildName, name: Exchange) {
  const machine = await machineOf({ arch, build, memory: "1M" });
  const task = machine.createTask();
  task.map({ at: WORD, length: 2 * PAGE }).write(0, Uint8Array.of(PRESENT));
  const { at, expected } = exchanges[name];
  const high = at === KERNEL ? -1 : 0;
  // a second one finds the translation that the first one left
  machine.exports.futexCmpxchg(task.cpu, at, high, expected, PRESENT);
  const answer = machine.exports.futexCmpxchg(task.cpu, at, high, expected, PRESENT);
  return { answer, task };
}

describe.each(["release", "threads", "profile", "study"] as const)("%s", (build) => {
  describe.each(archNames)("%s", (arch) => {
    test.each(exchangeNames)("an exchange %s", async (name) => {
      const { answer, task } = await exchange(arch, build, name);
      expect(answer).toBe(exchanges[name].answer);
      expect(task.uaccess.openDirections).toEqual({ read: false, write: false });
      expect(kindsOf(task.machine)).toEqual([]);
    });
  });

  test("what follows an exchange without a guard of its own is refused", async () => {
    const { task } = await exchange("x86-64", build, "that is made");
    expect(task.uaccess.unsafeGetUser(WORD, 4).error).toBe(-EFAULT);
    expect(kindsOf(task.machine)).toEqual(["guard-closed-access"]);
  });
});
