import { describe, expect, test } from "vitest";
import {
  UsageError,
  archNames,
  compareFutexPi,
  piProgramNames,
  runFutexPi,
  type FutexPiRun,
  type PiStepRun,
  type PiWord,
} from "../../src/index.ts";

/** The scenario futex-pi: what each step answers, and how words, queues and priorities stand then. */

const EAGAIN = 11;
const EFAULT = 14;
const EDEADLK = 35;
const ETIMEDOUT = 110;
const SLEEPS = "sleeps";

function answersOf({ steps }: FutexPiRun): (number | string | null)[] {
  return steps.map(({ result, sleeps }) => (sleeps ? SLEEPS : result));
}

/** As "low|W" or "0". */
function wordOf({ value, owner, waiters, ownerDied }: PiWord): string {
  return `${owner ?? value}${waiters ? "|W" : ""}${ownerDied ? "|D" : ""}`;
}

const wordsOf = ({ steps }: FutexPiRun, index = 0): string[] =>
  steps.map(({ words }) => wordOf(words[index]!));

function effectiveOf({ tasks }: PiStepRun): (number | null)[] {
  return tasks.map(({ effective }) => effective);
}

const run = (tasks: string, program: string): Promise<FutexPiRun> => runFutexPi({ tasks, program });

describe("priority inversion", () => {
  test("with PI the holder runs as who waits for it", async () => {
    const pi = await runFutexPi({ name: "inversion" });
    expect(answersOf(pi)).toEqual([0, SLEEPS, 0, 0]);
    expect(wordsOf(pi)).toEqual(["low", "low|W", "high|W", "0"]);
    expect(pi.steps.map(({ runs, kept }) => [runs, ...kept])[1]).toEqual(["low"]);
    expect(pi.steps.map((step) => effectiveOf(step)[0])).toEqual([1, 20, 1, 1]);
    expect(pi.steps[2]!.returns).toEqual([{ task: "high", result: 0 }]);
  });

  test("with a plain mutex the middle runs, and the highest waits", async () => {
    const plain = await runFutexPi({ name: "inversion", locks: "plain" });
    expect(answersOf(plain)).toEqual([0, SLEEPS, 0, 0]);
    expect(plain.steps.map(({ words }) => words[0]!.value)).toEqual([1, 2, 2, 0]);
    expect(plain.steps[1]).toMatchObject({ runs: "mid", kept: ["high"] });
    expect(plain.steps.map((step) => effectiveOf(step)[0])).toEqual([1, 1, 1, 1]);
  });
});

describe("PI locks", () => {
  test("the queue is by priority, then by age, and so is the hand-over", async () => {
    const { steps } = await runFutexPi({ name: "hand-over" });
    expect(steps[4]!.words[0]).toMatchObject({ holder: "A", queue: ["D", "E", "C", "B"] });
    const heirs = steps.flatMap(({ returns }) => returns.map(({ task }) => task));
    expect(heirs).toEqual(["D", "E", "C", "B"]);
  });

  test("a priority travels along a chain, and back when a waiter gives up", async () => {
    const { steps } = await runFutexPi({ name: "chain" });
    expect(steps.map(effectiveOf).slice(2, 5)).toEqual([
      [5, 5, 30],
      [30, 30, 30],
      [5, 5, 30],
    ]);
    expect(steps[4]!.returns).toEqual([{ task: "C", result: -ETIMEDOUT }]);
  });

  test("a circle and one's own lock are refused", async () => {
    const result = await runFutexPi({ name: "deadlock" });
    expect(answersOf(result).slice(2, 5)).toEqual([SLEEPS, -EDEADLK, -EDEADLK]);
    expect(result.asleep).toEqual([]);
  });

  test("TRYLOCK_PI leaves FUTEX_WAITERS behind, UNLOCK_PI takes it off", async () => {
    const result = await runFutexPi({ name: "trylock" });
    expect(answersOf(result)).toEqual([0, -EAGAIN, -1, 0, 0, 0]);
    expect(wordsOf(result)).toEqual(["A", "A|W", "A|W", "0", "B", "0"]);
  });

  test("each time limit is on its clock", async () => {
    const { steps } = await runFutexPi({ name: "time-limits" });
    expect(steps.slice(4, 7).map(({ returns }) => returns)).toEqual(
      ["B", "C", "D"].map((task) => [{ task, result: -ETIMEDOUT }]),
    );
  });

  test("an heir marks the word; without one, or a robust list, the lock is lost", async () => {
    const result = await runFutexPi({ name: "owner-dies" });
    expect(wordsOf(result)[3]).toBe("B|W|D");
    expect(wordsOf(result, 1).slice(2)).toEqual(["A", "A", "A|W", "A|W"]);
    expect(answersOf(result)[4]).toBe(-3);
  });

  test("a robust list leaves FUTEX_OWNER_DIED, which the next owner keeps", async () => {
    const result = await runFutexPi({ name: "robust" });
    expect(wordsOf(result).slice(1, 8)).toEqual([
      "A",
      `${0x4000_0000}|D`,
      "B|D",
      "B|D",
      "B|W|D",
      "C|W|D",
      "0",
    ]);
    expect(result.steps[6]!.returns).toEqual([{ task: "C", result: 0 }]);
  });

  test("a requeue moves by priority and boosts who holds the lock; of a free one it gives it", async () => {
    const held = await runFutexPi({ name: "requeue" });
    expect(held.steps[4]).toMatchObject({
      result: 3,
      words: [{ queue: [] }, { holder: "A", queue: ["C", "B", "D"] }],
    });
    expect(effectiveOf(held.steps[4]!)[0]).toBe(9);
    const free = await runFutexPi({ name: "requeue-free" });
    expect(free.steps[2]).toMatchObject({ result: 2, returns: [{ task: "B", result: 0 }] });
    const one = await run("A,B,C", "B wait c m; C wait c m; A lock m; A requeue c m 0");
    expect(one.steps[3]).toMatchObject({ result: 1, words: [{ queue: ["C"] }, { queue: ["B"] }] });
  });

  test("one's own lock is refused before it is written: also on a page that cannot be", async () => {
    const result = await runFutexPi({ name: "pages" });
    expect(answersOf(result)).toEqual([
      null,
      0,
      null,
      -EDEADLK,
      -EFAULT,
      -EFAULT,
      null,
      -EFAULT,
      null,
      -EFAULT,
    ]);
    expect(result.steps[0]!.words[0]!.value).toBeNull();
  });

  test("a page becomes whatever is asked of it, and keeps its content while it is mapped", async () => {
    const program =
      "A lock; page m read-only; page m no-access; page m present; A unlock; page m unmapped; page m read-only; A lock; page m present; A lock";
    const result = await run("A", program);
    expect(answersOf(result)).toEqual([0, null, null, null, 0, null, null, -EFAULT, null, 0]);
    expect(wordsOf(result).slice(1, 4)).toEqual(["A", "A", "A"]);
    expect(result.steps[5]!.words[0]!.value).toBeNull();
    expect(result.steps[6]!.words[0]!.value).toBe(0);
  });

  test("a later priority counts for whom one waits", async () => {
    const { steps } = await run("A,B", "B priority 7; A lock; B lock; A priority 9; A priority 0");
    expect(steps.map(effectiveOf).slice(2)).toEqual([
      [7, 7],
      [9, 7],
      [7, 7],
    ]);
  });
});

describe("programs that cannot be", () => {
  test.each([
    ["A", "B lock", /^program, step 1: task "B" is unknown.*; valid: A, clock, page$/],
    ["A", "A lock; A grab", /^program, step 2 "grab" is unknown.*; valid: lock, /],
    ["A", "A lock m n", /^program, step 1 ends before "n"; valid: no more$/],
    ["A", "A", /^program, step 1 ends early; valid: what the task does there: lock/],
    ["A", "A wait c", /^program, step 1 ends early; valid: a word's name there$/],
    ["A", "A lock 7", /^program, step 1 has "7"; valid: a word's name there$/],
    ["A", "A lock for soon", /^program, step 1 has "soon"; valid: nanoseconds there, up to /],
    ["A", "A priority 100", /^program, step 1 has "100"; valid: a priority there, up to 99$/],
    ["A", "page m gone", /^program, step 1 "gone" is unknown.*; valid: present, /],
    ["A", " ; ", /^program has 0 steps; valid: 1 to 200$/],
    [
      "A",
      "A lock a; A lock b; A lock c; A lock d; A lock e; A lock f; A lock g; A lock h; A lock i",
      /^program names 9 words; valid: up to 8$/,
    ],
    ["A:100", "A lock", /^tasks has "A:100"; valid: NAME/],
    ["A,,B", "A lock", /^tasks has ""; valid: NAME/],
    ["clock", "clock 5", /^tasks has "clock"; valid: NAME/],
    ["A,A", "A lock", /^tasks names "A" twice; valid: each task once$/],
    ["A,B", "A lock; B lock; B unlock", /^program lets B "B unlock" while it sleeps on m; valid: /],
    ["A", "A exit; A lock", /^program lets A "A lock" while it has ended; valid: /],
    ["A", "page m unmapped; A store m 1", /^program stores to m, whose page cannot be written; /],
  ])("of %o: %o", async (tasks, program, message) => {
    const error = await run(tasks, program).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toMatch(message);
  });

  test.each([
    [{ tasks: "A" }, /^tasks is given alone; /],
    [{ program: "A lock" }, /^program is given alone; /],
    [{ program: "A lock", tasks: "A", name: "chain" }, /^program is given beside "chain"; /],
    [{ name: "chain", locks: "plain" }, /^locks are plain, and a step is "C lock n for 1000"; /],
  ] as const)("%o", async (options, message) => {
    await expect(runFutexPi(options)).rejects.toThrow(message);
  });
});

describe("compare", () => {
  test("every architecture answers alike, also to bad addresses", async () => {
    const { programs, places, costs } = await compareFutexPi();
    for (const name of piProgramNames) {
      const answers = programs.filter((row) => row.name === name).map(({ steps }) => steps);
      expect(answers).toHaveLength(archNames.length);
      for (const one of answers) expect(one).toEqual(answers[0]);
    }
    const own = places.filter(
      ({ call, place }) => call === "LOCK_PI, own" && place === "read-only",
    );
    for (const row of own) expect(row.result).toBe(row.private ? -EDEADLK : -EFAULT);
    const stranger = places.filter(
      ({ call, place }) => call === "UNLOCK_PI" && place === "misaligned",
    );
    expect(new Set(stranger.map(({ result }) => result))).toEqual(new Set([-1]));
    const target = places.filter(
      ({ call, place }) => call === "WAIT_REQUEUE_PI, word 2" && place === "unmapped",
    );
    for (const row of target) expect(row.result).toBe(row.private ? -ETIMEDOUT : -EFAULT);
    expect(costs.map(({ arch }) => arch)).toEqual(archNames);
  });

  test("both kinds of lock side by side, where the plain one comes to an end", async () => {
    const { locks } = await compareFutexPi({ archs: ["none"], names: ["inversion", "deadlock"] });
    expect(locks.map(({ name }) => name)).toEqual(["inversion"]);
    expect(locks[0]!.pi.map(({ kept }) => kept.length)).toEqual([0, 0, 0, 0]);
    expect(locks[0]!.plain.map(({ kept }) => kept.length)).toEqual([0, 1, 0, 0]);
  });
});
