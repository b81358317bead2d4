import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/**
 * What is claimed of the futex and of UMCG's helpers, and the test that shows it: file and the beginning of its name. The
 * schedules that no recording has stand at the end.
 */
const here = "test/systems/futex";
const umcg = "test/systems/umcg";
const shown: readonly (readonly [claim: string, file: string, name: string])[] = [
  ["F1 alignment before the access", `${umcg}/claims.test.ts`, "F1: "],
  ["F2 the helper equals the futex's", `${umcg}/claims.test.ts`, "F2: "],
  ["F3 inline needs numbers", `${umcg}/claims.test.ts`, "F3: "],
  ["F4 no barrier is needed", `${umcg}/claims.test.ts`, "F4: "],
  ["F5 loops must end", `${umcg}/claims.test.ts`, "F5: "],
  ["F6 the repair is the futex's", `${umcg}/claims.test.ts`, "F6: "],
  ["F7 nine tenths are generic", `${umcg}/claims.test.ts`, "F7: "],
  ["F8 the loop is pointless", `${umcg}/claims.test.ts`, "F8: "],
  ["F9 toggling costs", `${umcg}/claims.test.ts`, "F9: "],
  ["F10 a wrong fixup register", `${umcg}/claims.test.ts`, "F10: "],
  ["F11 error codes get lost", `${umcg}/claims.test.ts`, "F11: "],
  ["F12 two meanings of EAGAIN", `${umcg}/claims.test.ts`, "F12: "],
  [
    "WAIT: another value, misaligned, unmapped",
    `${here}/futex.test.ts`,
    "a word that differs, a mis",
  ],
  ["a WAKE of 0 wakes one", `${here}/futex.test.ts`, "a wake of %i wakes one"],
  ["a strict one of 0 wakes none", `${here}/futex.test.ts`, "futex_wake of 0 wakes nobody"],
  ["private and shared do not meet", `${here}/futex.test.ts`, "private and shared sleepers"],
  ["WAKE_OP: 0x800 is negative", `${here}/futex.test.ts`, "an operand of 0x800 is negative"],
  ["WAKE_OP: a shift by 0xfff", `${here}/futex.test.ts`, "a shift of 0xfff is one of 31"],
  ["WAKE_OP: comparison 6", `${here}/futex.test.ts`, "an unknown comparison comes after"],
  ["WAKE_OP: operation 5", `${here}/futex.test.ts`, "an unknown operation changes nothing"],
  ["CMP_REQUEUE of five", `${here}/futex.test.ts`, "CMP_REQUEUE with five sleepers"],
  ["a list in a circle", `${here}/futex.test.ts`, "a list that goes in a circle"],
  ["a dead owner with waiters", `${here}/futex.test.ts`, "a dead owner's word with waiters"],
  ["EDEADLK, ESRCH, EPERM", `${here}/futex.test.ts`, "one's own lock, a dead owner's"],
  ["waitv: 129 entries", `${here}/futex.test.ts`, "129 words"],
  ["waitv: flags of 0 mean a byte", `${here}/futex.test.ts`, "a word of 8 bits"],
  [
    "store and WAKE against WAIT",
    `${here}/interleavings.test.ts`,
    "nobody sleeps with the new value",
  ],
  ["one barrier removed", `${here}/interleavings.test.ts`, "without the barrier between counting"],
  [
    "a page goes between key and access",
    `${here}/interleavings.test.ts`,
    "a page that goes between",
  ],
  ["the same, for calls that write", `${here}/droppedPages.test.ts`, "of %s: retry, then success"],
  ["waitv: the second differs", `${here}/interleavings.test.ts`, "answers index 0 where the first"],
  ["T1 races T6", `${umcg}/states.test.ts`, "a preemption is one retry"],
  ["T1 races another write", `${umcg}/states.test.ts`, "any other write is its end"],
  ["a push shows 1 in between", `${umcg}/states.test.ts`, "a reader of the list may see"],
  ["a signal ends a sleep", `${here}/signals.test.ts`, "%s, handler %s"],
];

test.each(shown)("%s: %s", (_, file, name) => {
  const titles = [...readFileSync(file, "utf8").matchAll(/"([^"\n]+)"/g)].map(
    ([, title]) => title!,
  );
  expect(titles.filter((title) => title.startsWith(name)).length).toBeGreaterThan(0);
});
