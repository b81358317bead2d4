import { describe, expect, test } from "vitest";
import { futexBlocked, type Futex, type FutexScope, type FutexTime } from "../../../src/index.ts";
import { PAGE } from "../../machine/pool.ts";
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  ENOSYS,
  EPERM,
  ETIMEDOUT,
  HOLE,
  PRIVATE,
  WORDS,
  awake,
  newThreads,
} from "./threads.ts";

/** Words, commands, flags, times and counts that a program gets wrong: the kernel's answer, by the order of its checks. */

const GOOD = WORDS + 64;
const READ_ONLY = 0x3000_0000;
const NO_ACCESS = 0x3000_1000;
const KERNEL = 0xffff_8000_0000_0000n;
const SHARED = { private: false } as const;

const badWords = {
  misaligned: WORDS + 2,
  null: 0,
  kernel: KERNEL,
  unmapped: HOLE,
  "read-only": READ_ONLY,
  "without access": NO_ACCESS,
} as const;
type BadWord = keyof typeof badWords;

type Answers = Readonly<Record<BadWord, number>>;

/** A thread, and pages that are there but cannot be used as they are meant to. */
async function newFutex(): Promise<Futex> {
  const { futexes } = await newThreads(1);
  const { task } = futexes[0];
  task.map({ at: READ_ONLY, length: PAGE, populate: true }).protect("r");
  task.map({ at: NO_ACCESS, length: PAGE, populate: true }).protect("none");
  return futexes[0];
}

/** What an operation does with a word; a key comes first, and only a misaligned word has none. */
const ways = {
  /** It makes a private key, and does not touch the word. */
  key: (good: number): Answers => ({
    ...allFault,
    null: good,
    unmapped: good,
    "read-only": good,
    "without access": good,
  }),
  /** It reads the word. */
  read: (good: number): Answers => ({ ...allFault, "read-only": good }),
  /** It writes it, or needs a page that can be written. */
  write: (): Answers => allFault,
  /** It looks at the word before it makes the key: a word that does not name the caller ends it. */
  ownersWord: (): Answers => ({ ...allFault, misaligned: -EPERM, "read-only": -EPERM }),
} as const;

const allFault: Answers = {
  misaligned: -EINVAL,
  null: -EFAULT,
  kernel: -EFAULT,
  unmapped: -EFAULT,
  "read-only": -EFAULT,
  "without access": -EFAULT,
};

/** A shared key needs the page: one of private anonymous memory has to be writable. */
const sharedWays = {
  key: ways.write,
  read: ways.write,
  write: ways.write,
  ownersWord: ways.ownersWord,
} as const;

interface Operation {
  readonly name: string;
  readonly way: keyof typeof ways;
  /** What it answers where nothing is wrong. */
  readonly good: number;
  readonly call: (futex: Futex, at: number | bigint, scope: FutexScope) => number;
}

const add = { op: "add", oparg: 1 } as const;
const pairOf = (at: number | bigint, scope: FutexScope) => ({ address: at, value: 0, ...scope });

// prettier-ignore
const operations: readonly Operation[] = [
  { name: "WAIT", way: "read", good: futexBlocked, call: (f, at, o) => f.wait(at, 0, o) },
  { name: "WAIT_BITSET", way: "read", good: futexBlocked, call: (f, at, o) => f.waitBitset(at, 0, o) },
  { name: "WAKE", way: "key", good: 0, call: (f, at, o) => f.wake(at, 1, o) },
  { name: "WAKE_BITSET", way: "key", good: 0, call: (f, at, o) => f.wakeBitset(at, 1, o) },
  { name: "REQUEUE", way: "key", good: 0, call: (f, at, o) => f.requeue(at, GOOD, o) },
  { name: "REQUEUE's target", way: "key", good: 0, call: (f, at, o) => f.requeue(GOOD, at, o) },
  { name: "CMP_REQUEUE", way: "read", good: 0, call: (f, at, o) => f.cmpRequeue(at, GOOD, 0, o) },
  { name: "CMP_REQUEUE's target", way: "key", good: 0, call: (f, at, o) => f.cmpRequeue(GOOD, at, 0, o) },
  { name: "WAKE_OP's first", way: "key", good: 0, call: (f, at, o) => f.wakeOp(at, GOOD, add, o) },
  { name: "WAKE_OP's second", way: "write", good: 0, call: (f, at, o) => f.wakeOp(GOOD, at, add, o) },
  { name: "LOCK_PI", way: "write", good: 0, call: (f, at, o) => f.lockPi(at, o) },
  { name: "LOCK_PI2", way: "write", good: 0, call: (f, at, o) => f.lockPi2(at, o) },
  { name: "TRYLOCK_PI", way: "write", good: 0, call: (f, at, o) => f.trylockPi(at, o) },
  { name: "UNLOCK_PI", way: "ownersWord", good: -EPERM, call: (f, at, o) => f.unlockPi(at, o) },
  { name: "WAIT_REQUEUE_PI", way: "read", good: futexBlocked, call: (f, at, o) => f.waitRequeuePi(at, GOOD, 0, o) },
  { name: "WAIT_REQUEUE_PI's target", way: "key", good: futexBlocked, call: (f, at, o) => f.waitRequeuePi(GOOD, at, 0, o) },
  { name: "CMP_REQUEUE_PI", way: "read", good: 0, call: (f, at, o) => f.cmpRequeuePi(at, GOOD, 0, o) },
  { name: "CMP_REQUEUE_PI's target", way: "read", good: 0, call: (f, at, o) => f.cmpRequeuePi(GOOD, at, 0, o) },
  { name: "futex_wait", way: "read", good: futexBlocked, call: (f, at, o) => f.futexWait(at, 0, o) },
  { name: "futex_wake", way: "key", good: 0, call: (f, at, o) => f.futexWake(at, o) },
  { name: "futex_requeue", way: "read", good: 0, call: (f, at, o) => f.futexRequeue(pairOf(at, o), pairOf(GOOD, o)) },
  { name: "futex_requeue's target", way: "key", good: 0, call: (f, at, o) => f.futexRequeue(pairOf(GOOD, o), pairOf(at, o)) },
  { name: "futex_waitv", way: "read", good: futexBlocked, call: (f, at, o) => f.waitv([pairOf(at, o)]) },
  { name: "futex_waitv's second", way: "read", good: futexBlocked, call: (f, at, o) => f.waitv([pairOf(GOOD, o), pairOf(at, o)]) },
];

describe.each([
  ["private", PRIVATE, ways],
  ["shared", SHARED, sharedWays],
] as const)("a bad %s word", (_, scope, table) => {
  test.each(operations)("of $name", async ({ way, good, call }) => {
    const answers: Partial<Record<BadWord, number>> = {};
    for (const [name, at] of Object.entries(badWords)) {
      answers[name as BadWord] = call(await newFutex(), at, scope);
    }
    expect(answers).toEqual(table[way](good));
    expect(call(await newFutex(), WORDS, scope)).toBe(good);
  });
});

describe("memory that the calls point to", () => {
  test.each([0, 8, 4096, KERNEL, HOLE])("a list of waiters at %s", async (list) => {
    const futex = await newFutex();
    const { task } = futex;
    const { lo, hi } = task.machine.word(list, "list");
    const { exports } = task.machine;
    const answers = [
      exports.futexWaitv(task.cpu, lo, hi, 1, 0, 0, 0, 0),
      exports.futexRequeue(task.cpu, lo, hi, 0, 1, 1),
    ];
    expect(answers).toEqual(Array(2).fill(list === 0 ? -EINVAL : -EFAULT));
  });
});

const REALTIME = 256;
const commands = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] as const;
const withClock: readonly number[] = [9, 11, 13];
const timed: readonly number[] = [0, 6, 9, 11, 13];

/** A call whose words are good and which does not sleep: the word is not as expected, or free. */
const harmless = { address: WORDS, address2: GOOD, value: 1, value3: 1, timeout: 0 } as const;

describe("commands", () => {
  test.each([2, 14, 15, 100, 127, 0x200, 0x1000 | 1, 0x8000_0000])("%i is unknown", async (op) => {
    const futex = await newFutex();
    expect(futex.call({ ...harmless, op })).toBe(-ENOSYS);
    expect(futex.call({ address: 1, op, timeout: HOLE })).toBe(-ENOSYS);
  });

  test.each(commands)("%i with a bit for the clock", async (command) => {
    const plain = (await newFutex()).call({ ...harmless, op: command });
    const clocked = (await newFutex()).call({ ...harmless, op: command | REALTIME });
    expect(clocked).toBe(withClock.includes(command) ? plain : -ENOSYS);
    expect(plain).not.toBe(-ENOSYS);
  });
});

describe("times", () => {
  const SECOND = 1_000_000_000;
  const noTimes: readonly FutexTime[] = [
    { seconds: 0, nanoseconds: SECOND },
    { seconds: 0, nanoseconds: -1 },
    { seconds: -1, nanoseconds: 0 },
    { seconds: 2n ** 63n, nanoseconds: 0 },
  ];
  const at = GOOD + 64;

  /** The pointer that a raw call gets for a time. */
  function placed(
    futex: Futex,
    { seconds, nanoseconds }: Extract<FutexTime, { seconds: unknown }>,
  ): number {
    const spec = BigInt64Array.of(
      BigInt.asIntN(64, BigInt(seconds)),
      BigInt.asIntN(64, BigInt(nanoseconds)),
    );
    const { task } = futex;
    task.machine.bytes.set(new Uint8Array(spec.buffer), task.linearOf(at)!);
    return at;
  }

  test.each(timed)("command %i refuses what is no time, before anything else", async (command) => {
    for (const time of noTimes) {
      const futex = await newFutex();
      const timeout = placed(futex, time as never);
      for (const bits of [0, REALTIME]) {
        expect(futex.call({ address: 1, op: command | bits, timeout })).toBe(-EINVAL);
      }
    }
    const futex = await newFutex();
    expect(futex.call({ address: 1, op: command, timeout: HOLE })).toBe(-EFAULT);
    expect(futex.call({ address: 1, op: command, timeout: KERNEL })).toBe(-EFAULT);
  });

  test.each(commands.filter((command) => !timed.includes(command)))(
    "command %i takes a bad pointer for a number, or for nothing",
    async (command) => {
      const plain = (await newFutex()).call({ ...harmless, op: command });
      expect((await newFutex()).call({ ...harmless, op: command, timeout: HOLE })).toBe(plain);
    },
  );

  test("too many seconds for nanoseconds are as good as for ever", async () => {
    const timeout = { seconds: 2n ** 63n - 1n, nanoseconds: SECOND - 1 };
    for (const clock of ["monotonic", "realtime"] as const) {
      expect((await newFutex()).waitBitset(WORDS, 0, { timeout, clock })).toBe(futexBlocked);
    }
    expect((await newFutex()).wait(WORDS, 0, { timeout })).toBe(futexBlocked);
  });

  test("futex2 looks at the clock only where there is a time", async () => {
    const futex = await newFutex();
    expect(futex.futexWait(WORDS, 1, { clock: 2 })).toBe(-EAGAIN);
    expect(futex.futexWait(WORDS, 1, { clock: 2, timeout: 0 })).toBe(-EINVAL);
    expect(futex.futexWait(WORDS, 0, { clock: 1, timeout: 0 })).toBe(-ETIMEDOUT);
    expect(futex.waitv([], { clock: 2, timeout: 0 })).toBe(-EINVAL);
    expect(futex.waitv([pairOf(WORDS, {})], { clock: 2, timeout: { at: HOLE } })).toBe(-EINVAL);
    expect(futex.waitv([pairOf(1, {})], { clock: 1, timeout: { at: HOLE } })).toBe(-EFAULT);
  });
});

describe("flags of futex2", () => {
  test.each([
    { size: "u8" },
    { size: "u16" },
    { size: "u64" },
    { otherBits: 0x10 },
    { otherBits: 0x8000_0000 },
    { mask: 2n ** 32n },
  ] as const)("%o is refused before the address is looked at", async (options) => {
    const futex = await newFutex();
    expect(futex.futexWake(HOLE, options)).toBe(-EINVAL);
    expect(futex.futexWait(HOLE, 0, options)).toBe(-EINVAL);
  });

  test("an empty mask, a value of 33 bits, flags of a call", async () => {
    const futex = await newFutex();
    expect(futex.futexWake(HOLE, { mask: 0 })).toBe(-EINVAL);
    expect(futex.futexWait(WORDS, 0, { mask: 0 })).toBe(-EINVAL);
    expect(futex.futexWait(WORDS, 2n ** 32n)).toBe(-EINVAL);
    expect(futex.waitv([pairOf(WORDS, {})], { flags: 1 })).toBe(-EINVAL);
    expect(futex.futexRequeue(pairOf(WORDS, {}), pairOf(GOOD, {}), { flags: 1 })).toBe(-EINVAL);
  });

  test("a node number behind the word: aligned to 8, read, and chosen by the kernel", async () => {
    const { futexes, store, wordAt } = await newThreads(1);
    const [futex] = futexes;
    const numa = { numa: true, private: true };
    expect(futex.futexWake(WORDS + 4, numa)).toBe(-EINVAL);
    expect(futex.futexWake(HOLE, numa)).toBe(-EFAULT);
    store(WORDS + 4, 1);
    expect(futex.futexWake(WORDS, numa)).toBe(-EINVAL);
    store(WORDS + 4, 0xffff_ffff);
    expect([futex.futexWake(WORDS, numa), wordAt(WORDS + 4)]).toEqual([0, 0]);
  });

  describe.each([PRIVATE, SHARED])("%o, on a machine of one node", (scope) => {
    test.each([
      ["0 is accepted", 0, 0, 0],
      ["-1 becomes 0", 0xffff_ffff, 0, 0],
      ["1 is none", 1, -EINVAL, 1],
      ["-2 is none", 0xffff_fffe, -EINVAL, 0xffff_fffe],
      ["2^31 is none", 0x8000_0000, -EINVAL, 0x8000_0000],
    ])("%s", async (_, node, answer, after) => {
      for (const mpol of [false, true]) {
        const { futexes, store, wordAt } = await newThreads(1);
        store(WORDS + 4, node);
        expect(futexes[0].futexWake(WORDS, { ...scope, numa: true, mpol })).toBe(answer);
        expect(wordAt(WORDS + 4)).toBe(after);
      }
    });

    test("a node that cannot be read, and one that cannot be written", async () => {
      const futex = await newFutex();
      const options = { ...scope, numa: true };
      for (const at of [HOLE, NO_ACCESS, KERNEL, 0]) {
        expect(futex.futexWake(at, options)).toBe(-EFAULT);
        expect(futex.waitv([{ address: at, value: 0, ...options }])).toBe(-EFAULT);
      }
      // READ_ONLY holds 0, which private keys accept; -1 would have to be replaced
      expect(futex.futexWake(READ_ONLY, options)).toBe(scope.private ? 0 : -EFAULT);
      const { task } = futex;
      task.protect(READ_ONLY, PAGE, "rw");
      task.uaccess.putUser(READ_ONLY + 4, 4, 0xffff_ffff);
      task.protect(READ_ONLY, PAGE, "r");
      expect(futex.futexWake(READ_ONLY, options)).toBe(-EFAULT);
    });

    test("MPOL alone looks at no node, writes none, and needs 4 bytes only", async () => {
      const { futexes, store, wordAt } = await newThreads(1);
      store(WORDS + 8, 7);
      expect(futexes[0].futexWake(WORDS + 4, { ...scope, mpol: true })).toBe(0);
      store(WORDS + 4, 0xffff_ffff);
      expect(futexes[0].futexWake(WORDS, { ...scope, mpol: true })).toBe(0);
      expect([wordAt(WORDS + 4), wordAt(WORDS + 8)]).toEqual([0xffff_ffff, 7]);
    });
  });
});

describe("counts", () => {
  const LEAST = -(2 ** 31);
  const MOST = 2 ** 31 - 1;

  test.each([
    ["WAKE", LEAST, [0]],
    ["WAKE", 0, [0]],
    ["WAKE", MOST, [0, 1, 2]],
    ["WAKE_OP", LEAST, [0]],
    ["WAKE_OP", MOST, [0, 1, 2]],
    ["futex_wake", LEAST, [0]],
    ["futex_wake", 0, []],
    ["futex_wake", MOST, [0, 1, 2]],
    ["REQUEUE", 0, []],
    ["REQUEUE", MOST, [0, 1, 2]],
  ] as const)("%s of %i with three sleepers", async (call, wake, woken) => {
    const { futexes } = await newThreads(4);
    const [waker, ...sleepers] = futexes;
    for (const sleeper of sleepers) sleeper.wait(WORDS, 0);
    const calls = {
      WAKE: () => waker.wake(WORDS, wake),
      WAKE_OP: () => waker.wakeOp(WORDS, GOOD, { op: "set", cmp: "ne" }, { wake }),
      futex_wake: () => waker.futexWake(WORDS, { count: wake }),
      REQUEUE: () => waker.requeue(WORDS, GOOD, { wake, requeue: 0 }),
    };
    expect(calls[call]()).toBe(woken.length);
    expect(awake(sleepers)).toEqual(woken);
  });

  test("a negative count of a requeue, and another than 1 of CMP_REQUEUE_PI", async () => {
    const futex = await newFutex();
    for (const counts of [{ wake: -1 }, { requeue: LEAST }]) {
      expect(futex.requeue(1, 1, counts)).toBe(-EINVAL);
      expect(futex.cmpRequeue(KERNEL, 0, 0, counts)).toBe(-EINVAL);
      expect(futex.cmpRequeuePi(KERNEL, 0, 0, counts)).toBe(-EINVAL);
    }
    expect(futex.cmpRequeuePi(KERNEL, 0, 0, { wake: 2 })).toBe(-EINVAL);
    expect(futex.cmpRequeuePi(KERNEL, 0, 0, { wake: 1 })).toBe(-EFAULT);
  });

  test("the two words of the PI requeues have to differ", async () => {
    const futex = await newFutex();
    expect(futex.waitRequeuePi(WORDS, WORDS, 0)).toBe(-EINVAL);
    expect(futex.cmpRequeuePi(WORDS, WORDS, 0)).toBe(-EINVAL);
  });
});
