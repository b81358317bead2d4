import { describe, expect, test } from "vitest";
import { futexBlocked, type Futex } from "../../../src/index.ts";
import { PAGE } from "../../machine/pool.ts";
import { EFAULT, WORDS, newThreads } from "./threads.ts";

/** Which words are one (recorded on 6.18.44). */

const SHARED_WORDS = 0x3000_0000;

describe("a word that names its node", () => {
  test("is another one than the same private word that does not", async () => {
    const { futexes } = await newThreads(2);
    const [waker, sleeper] = futexes;
    expect(sleeper!.futexWait(WORDS, 0, { private: true, numa: true })).toBe(futexBlocked);
    expect(waker.futexWake(WORDS, { private: true, count: 9 })).toBe(0);
    expect(waker.futexWake(WORDS, { private: true, numa: true, count: 9 })).toBe(1);
  });

  test("and the same one where it is shared", async () => {
    const { futexes } = await newThreads(2);
    const [waker, sleeper] = futexes;
    expect(sleeper!.futexWait(WORDS, 0, { numa: true })).toBe(futexBlocked);
    expect(waker.futexWake(WORDS, { count: 9 })).toBe(1);
  });
});

describe("a shared word in memory that may only be executed", () => {
  async function executable(populate: boolean): Promise<Futex> {
    const [futex] = (await newThreads(1)).futexes;
    futex.task.map({ at: SHARED_WORDS, length: PAGE, shared: true, populate });
    expect(futex.task.protect(SHARED_WORDS, PAGE, "x")).toBe(0);
    return futex;
  }

  test("is got where its page is present", async () => {
    const futex = await executable(true);
    expect(futex.wait(SHARED_WORDS, 0)).toBe(futexBlocked);
  });

  test("is not to be had for a lock", async () => {
    expect((await executable(true)).trylockPi(SHARED_WORDS)).toBe(-EFAULT);
  });

  test("nor where its page is absent", async () => {
    expect((await executable(false)).wait(SHARED_WORDS, 0)).toBe(-EFAULT);
  });
});
