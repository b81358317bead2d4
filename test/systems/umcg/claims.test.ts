import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  archNames,
  compareUmcg,
  runPrograms,
  Umcg,
  type ArchName,
  type Operation,
  type Program,
  type UmcgHelperName,
} from "../../../src/index.ts";
import { umcgSteps } from "../../../src/systems/umcg/helpers.ts";
import { PAGE } from "../../machine/pool.ts";
import {
  bedOf,
  BORDER,
  counted,
  EAGAIN,
  EFAULT,
  EINTR,
  EINVAL,
  setWord,
  steps,
  WORDS,
  wordAt,
  type Bed,
} from "./bed.ts";

/** What the review of 28 Sep 2021 and the one of 24 Nov 2021 claim, each shown or measured. */

const compare = (expected: number | bigint, replacement: number | bigint) => ({
  expected,
  replacement,
});
/** Where an atomic is one instruction, a misaligned one is a split locked access. */
const SPLITS: readonly ArchName[] = ["x86-64", "none"];
const MOST_ATTEMPTS = 128;

describe("F1: alignment must be checked before the access", () => {
  const offsets = Array.from({ length: 8 }, (_, offset) => offset);

  test.each([
    ["present", 32],
    ["present", 64],
    ["absent", 32],
    ["absent", 64],
  ] as const)("as posted, a word around a page border that is %s, %i bits", async (step, bits) => {
    const bytes = bits / 8;
    for (const offset of offsets) {
      const at = BORDER - 8 + offset + (8 - bytes);
      const bed = await bedOf("posted", step);
      const aligned = at % bytes === 0;
      const { answer, counts } = counted(bed, () =>
        bed.umcg.compareExchange(at, { ...compare(0, 0x0102_0304), bits }),
      );
      // accessed first: what is there is changed, split or not; what is not there is refused by its repair
      const works = step === "present" || aligned;
      expect([at % 8, answer.result]).toEqual([at % 8, works ? 0 : EFAULT]);
      expect(counts.userStores + counts.faults).toBeGreaterThan(0);
      expect(wordAt(bed, at, bytes)).toBe(works ? 0x0102_0304n : null);
    }
  });

  test.each(archNames)(
    "on %s never −EINVAL, and reviewed always, without an access",
    async (arch) => {
      for (const form of ["nosleep", "sleepable"] as const) {
        for (const offset of [1, 2, 3]) {
          const posted = await bedOf("posted", "present", arch);
          const wrong = posted.umcg.compareExchange(BORDER - 4 + offset, {
            ...compare(0, 7),
            form,
          });
          expect(wrong.result).toBe(SPLITS.includes(arch) ? 0 : EFAULT);
          const reviewed = await bedOf("reviewed", "present", arch);
          const { answer, counts } = counted(reviewed, () =>
            reviewed.umcg.compareExchange(BORDER - 4 + offset, { ...compare(0, 7), form }),
          );
          expect(answer).toEqual({ result: EINVAL, old: 0n });
          expect(Object.values(counts).every((count) => count === 0)).toBe(true);
        }
      }
    },
  );
});

describe("F2: the helper equals the futex one", () => {
  const values = [0, 1, 0xffff_ffff];
  test.each(archNames)("on %s", async (arch) => {
    for (const step of steps) {
      for (const value of values) {
        for (const expected of values) {
          const [posted, futex] = [
            await outcome("posted", step, arch, value, expected),
            await outcome("futex", step, arch, value, expected),
          ];
          expect(posted.word).toBe(futex.word);
          expect(posted.old).toBe(futex.old);
          expect(posted.counts).toEqual(futex.counts);
          const differs = futex.result === 0 && futex.old !== BigInt(expected);
          expect(posted.result).toBe(differs ? EAGAIN : futex.result);
        }
      }
    }
  });

  async function outcome(
    helper: UmcgHelperName,
    step: (typeof steps)[number],
    arch: ArchName,
    value: number,
    expected: number,
  ) {
    const bed = await bedOf(helper, step, arch);
    if (bed.task.linearOf(WORDS) !== null) setWord(bed, WORDS, value);
    const { answer, counts } = counted(bed, () =>
      bed.umcg.compareExchange(WORDS, { ...compare(expected, 5), form: "nosleep" }),
    );
    const { rangeChecksWrite, guardOpensWrite, guardClosesWrite, userStores, faults } = counts;
    return {
      ...answer,
      word: wordAt(bed, WORDS),
      counts: { rangeChecksWrite, guardOpensWrite, guardClosesWrite, userStores, faults },
    };
  }
});

test("F3: inline needs numbers: the call site at which out of line is smaller, and what a call costs", async () => {
  const { inlining } = await compareUmcg({
    archs: ["x86-64", "powerpc-8xx"],
    helpers: ["reviewed"],
    steps: ["absent"],
  });
  expect(inlining).toHaveLength(2);
  for (const { bodyInstructions, siteInstructions, breakEvenSites, prices } of inlining) {
    expect(bodyInstructions).toBeGreaterThan(siteInstructions!);
    // one site more and the copies are larger than one body and its calls; one less and they are not
    const inline = (sites: number): number => sites * bodyInstructions!;
    const called = (sites: number): number => bodyInstructions! + sites * siteInstructions!;
    expect(inline(breakEvenSites!)).toBeGreaterThan(called(breakEvenSites!));
    expect(inline(breakEvenSites! - 1)).toBeLessThanOrEqual(called(breakEvenSites! - 1));
    expect(prices.map(({ price }) => price)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const { price, outOfLine, inline: written } of prices) {
      expect(outOfLine! - written!).toBe(price);
    }
  }
});

test.each(archNames)("F4: without the barrier no result changes, on %s", async (arch) => {
  const variants: { result: number; old: bigint; word: bigint | null }[][] = [[], []];
  for (const step of steps) {
    for (const expected of [0, 1]) {
      for (const [index, outcomes] of variants.entries()) {
        const { machine, task } = await bedOf("posted", step, arch);
        const { exports } = machine;
        const barrier = machine.constant("STEP_BARRIER");
        const bits = umcgSteps("posted", "nosleep") & ~(index === 0 ? 0 : barrier);
        expect(bits & barrier).toBe(index === 0 ? barrier : 0);
        const result = exports.umcgCompareExchange(task.cpu, WORDS, 0, 4, expected, 0, 9, 0, bits);
        const old = BigInt(exports.readValueLow(task.cpu));
        outcomes.push({ result, old, word: wordAt({ machine, task }, WORDS) });
      }
    }
  }
  expect(variants[1]).toEqual(variants[0]);
});

/** A page that is dropped after each of its repairs, so often. */
async function fight(helper: UmcgHelperName, drops: number) {
  const bed = await bedOf(helper, "absent");
  const { machine, task, umcg } = bed;
  const other = machine.createTask({ cpu: 1, sharing: task });
  const advice = machine.constant("MADV_DONTNEED");
  const drop: Operation = {
    name: "madvise",
    call: () => machine.rawExports.adviseMemory(1, other.handle, WORDS, 0, PAGE, 0, advice),
  };
  function* once(operation: Operation): Program {
    yield operation;
  }
  function* often(): Program {
    for (let count = 0; count < drops; count++) yield drop;
  }
  const call = umcg.compareExchangeOperation(WORDS, compare(0, 7));
  const { answer, counts } = counted(bed, () =>
    runPrograms(
      machine,
      [
        { task, body: once(call) },
        { task: other, body: often() },
      ],
      {
        choose: (runnable) =>
          runnable.includes(1) && (task.linearOf(WORDS) !== null || !runnable.includes(0))
            ? 1
            : runnable[0]!,
      },
    ),
  );
  return { result: answer[0]!.results[0]!.result, counts };
}

describe("F5: retry loops must end", () => {
  test.each([5, 50, 200])("posted: as many rounds as the page is dropped, %i", async (drops) => {
    const { result, counts } = await fight("posted", drops);
    expect(result).toBe(0);
    expect(counts.fixups).toBe(drops + 1);
  });

  test("reviewed: rounds end, and say that nothing is known", async () => {
    const most = (await bedOf("reviewed")).machine.constant("MOST_ROUNDS");
    for (const drops of [50, 200]) {
      const { result, counts } = await fight("reviewed", drops);
      expect([result, counts.fixups]).toEqual([EAGAIN, most]);
    }
    expect((await fight("reviewed", most - 2)).result).toBe(0);
  });
});

describe("F6: the repair routine is fault_in_user_writeable, but for three steps", () => {
  test("the alignment test", async () => {
    const posted = await bedOf("posted", "absent");
    expect(posted.umcg.fixPagefault(WORDS + 1, "write")).toBe(EINVAL);
    expect(posted.task.linearOf(WORDS)).toBeNull();
    for (const helper of ["moved", "reviewed"] as const) {
      const bed = await bedOf(helper, "absent");
      expect(bed.umcg.fixPagefault(WORDS + 1, "write")).toBe(0);
      expect(bed.task.linearOf(WORDS)).not.toBeNull();
    }
  });

  test("the lock that a fatal signal ends the wait for", async () => {
    for (const [helper, wanted] of [
      ["posted", EINTR],
      ["reviewed", EFAULT],
    ] as const) {
      const bed = await killedBehindWriter(helper);
      expect(bed.umcg.fixPagefault(WORDS, "write")).toBe(wanted);
    }
  });

  test("the write flag", async () => {
    const { task, umcg } = await bedOf("posted", "absent");
    task.protect(WORDS, PAGE, "r");
    expect(umcg.fixPagefault(WORDS, "read")).toBe(0);
    expect(umcg.fixPagefault(WORDS, "write")).toBe(EFAULT);
  });

  test("and nothing else: what both leave is the same", async () => {
    for (const step of steps) {
      const left = [];
      for (const helper of ["posted", "reviewed"] as const) {
        const bed = await bedOf(helper, step);
        const { answer, counts } = counted(bed, () => bed.umcg.fixPagefault(WORDS, "write"));
        left.push({ answer, counts, entry: bed.task.entryOf(WORDS).entry });
      }
      expect(left[1]).toEqual(left[0]);
    }
  });
});

/** The task has a fatal signal, and somebody else holds its mmap lock for writing; no page is there. */
async function killedBehindWriter(helper: UmcgHelperName): Promise<Bed> {
  const bed = await bedOf(helper, "absent");
  bed.machine.exports.holdMmapLock(1, bed.task.handle, 2);
  bed.machine.exports.killTask(bed.task.handle);
  return bed;
}

test("F7: nine tenths of it are generic", () => {
  const lines = (file: string): string[] =>
    readFileSync(new URL(`../../../assembly/${file}`, import.meta.url), "utf8")
      .replaceAll(/\/\*\*[\s\S]*?\*\//g, "")
      .split("\n")
      .map((line) => line.replace(/\/\/.*/, "").trim())
      .filter((line) => line !== "" && !line.startsWith("import"));
  const path = ["umcg/helpers.ts", "uaccess/exclusiveSized.ts", "uaccess/nofault.ts"];
  const all = path.flatMap(lines);
  const specific = all.filter((line) => /GUARD_|EXCLUSIVE_|Exclusive\(|reservationLost/.test(line));
  expect(specific.length).toBeGreaterThan(0);
  expect(specific.length / all.length).toBeLessThan(0.1);
  expect(lines("umcg/helpers.ts").join("\n")).not.toMatch(/profile|GUARD_|EXCLUSIVE_/);
});

test.each(archNames)("F8: the sleepable loop is pointless, on %s", async (arch) => {
  for (const step of steps) {
    for (const expected of [0, 1]) {
      const results = [];
      for (const helper of ["posted", "enabled"] as const) {
        const bed = await bedOf(helper, step, arch);
        const { answer, counts } = counted(bed, () =>
          bed.umcg.compareExchange(WORDS, compare(expected, 7)),
        );
        results.push({ ...answer, word: wordAt(bed, WORDS), counts });
      }
      const [looping, plain] = results;
      expect(plain!.word).toBe(looping!.word);
      expect(plain!.old).toBe(looping!.old);
      expect(plain!.result).toBe(looping!.result === EAGAIN ? 0 : looping!.result);
      expect(plain!.counts.guardOpensWrite).toBeLessThanOrEqual(looping!.counts.guardOpensWrite);
      if (step !== "absent") continue;
      expect([looping!.counts.fixups, plain!.counts.fixups]).toEqual([1, 0]);
      expect(looping!.counts.guardOpensWrite).toBe(2 * plain!.counts.guardOpensWrite);
    }
  }
});

test("F9: toggling the guard in the loop: two toggles a round, against none", async () => {
  const toggles = async (helper: UmcgHelperName, drops: number): Promise<number> => {
    const { counts } = await fight(helper, drops);
    return counts.guardOpensWrite + counts.guardClosesWrite;
  };
  expect((await toggles("posted", 30)) - (await toggles("posted", 20))).toBe(2 * 10);
  expect([await toggles("enabled", 30), await toggles("enabled", 20)]).toEqual([2, 2]);
});

describe("F10: a wrong fixup register turns a fault into success", () => {
  test.each([
    ["posted", 32, 0xffff_fff2n],
    ["posted", 64, 0xffff_ffff_ffff_fff2n],
    ["moved", 32, 0xffff_fff2n],
    ["moved", 64, 0xffff_ffff_ffff_fff2n],
  ] as const)("%s, %i bits: 0 and −14 as the value", async (helper, bits, old) => {
    const { task, umcg } = await bedOf(helper, "absent");
    expect(umcg.exchange(WORDS, 7, { bits })).toEqual({ result: 0, old });
    expect(task.linearOf(WORDS)).toBeNull();
  });

  test.each(["reviewed", "enabled", "upstream"] as const)(
    "%s does the exchange",
    async (helper) => {
      const bed = await bedOf(helper, "absent");
      expect(bed.umcg.exchange(WORDS, 7)).toEqual({ result: 0, old: 0n });
      expect(wordAt(bed, WORDS)).toBe(7n);
      const unmapped = await bedOf(helper, "unmapped");
      expect(unmapped.umcg.exchange(WORDS, 7)).toEqual({ result: EFAULT, old: 7n });
    },
  );
});

test("F11: error codes get lost: −EINTR and −EINVAL come out as −EFAULT", async () => {
  const call = ({ umcg }: Bed, at: number) => umcg.compareExchange(at, compare(0, 7)).result;
  expect(call(await killedBehindWriter("posted"), WORDS)).toBe(EFAULT);
  expect(call(await killedBehindWriter("reviewed"), WORDS)).toBe(EINTR);
  expect(call(await bedOf("posted", "absent"), WORDS + 1)).toBe(EFAULT);
  expect(call(await bedOf("reviewed", "absent"), WORDS + 1)).toBe(EINVAL);
});

describe("F12: the two meanings of −EAGAIN cannot share one helper", () => {
  async function losing(helper: UmcgHelperName, lost: number) {
    const bed = await bedOf(helper, "present", "arm64-pan");
    bed.machine.exports.loseReservations(bed.task.cpu, lost);
    const answer = bed.umcg.compareExchange(WORDS, { ...compare(0, 7), form: "nosleep" });
    return { ...answer, word: wordAt(bed, WORDS) };
  }

  test("arm64 gives up after 128 lost attempts, and the caller believes that the value differs", async () => {
    expect(await losing("posted", MOST_ATTEMPTS - 1)).toEqual({ result: 0, old: 0n, word: 7n });
    // "differs", and the value that differs is the one that was expected
    expect(await losing("posted", MOST_ATTEMPTS)).toEqual({ result: EAGAIN, old: 0n, word: 0n });
  });

  test("reviewed, −EAGAIN means that alone, and a value that differs is a success", async () => {
    expect(await losing("reviewed", MOST_ATTEMPTS)).toEqual({ result: EAGAIN, old: 0n, word: 0n });
    const bed = await bedOf("reviewed", "present", "arm64-pan");
    setWord(bed, WORDS, 3);
    const answer = bed.umcg.compareExchange(WORDS, { ...compare(0, 7), form: "nosleep" });
    expect(answer).toEqual({ result: 0, old: 3n });
  });
});

test("a helper of one task leaves the other's guard alone", async () => {
  const { machine, task } = await bedOf("posted");
  const other = machine.createTask({ cpu: 1, sharing: task });
  new Umcg(other, { helper: "posted" }).compareExchange(WORDS, compare(0, 1));
  expect(machine.findings()).toEqual([]);
});
