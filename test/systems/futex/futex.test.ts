import { describe, expect, test } from "vitest";
import { UsageError, futexBlocked, type FutexWaiter } from "../../../src/index.ts";
import {
  EAGAIN,
  EDEADLK,
  EFAULT,
  EINVAL,
  ENOSYS,
  EPERM,
  ESRCH,
  ETIMEDOUT,
  HOLE,
  OWNER_DIED,
  PRIVATE,
  WAITERS,
  WORDS,
  awake,
  end,
  newThreads,
} from "./threads.ts";

/** The futex calls of one machine, thread after thread: what each answers, who wakes, what stands in the words. */

const SECOND = WORDS + 64;
const THIRD = WORDS + 128;

describe("WAIT and WAKE", () => {
  test("a word that differs, a misaligned one, one that is not mapped; a wake there", async () => {
    const { futexes } = await newThreads(1);
    const [futex] = futexes;
    expect(futex.wait(WORDS, 5, PRIVATE)).toBe(-EAGAIN);
    expect(futex.wait(WORDS + 1, 0, PRIVATE)).toBe(-EINVAL);
    expect(futex.wait(HOLE, 0, PRIVATE)).toBe(-EFAULT);
    expect(futex.wake(HOLE, 1, PRIVATE)).toBe(0);
    expect(futex.wake(HOLE, 1)).toBe(-EFAULT);
  });

  test("a sleeper is woken and its call answers 0", async () => {
    const { futexes } = await newThreads(2);
    const [waker, sleeper] = futexes;
    expect(sleeper!.wait(WORDS, 0, PRIVATE)).toBe(futexBlocked);
    expect([sleeper!.task.blocked, sleeper!.finish()]).toEqual([true, futexBlocked]);
    expect(waker.wake(WORDS, 1, PRIVATE)).toBe(1);
    expect([sleeper!.finish(), sleeper!.task.blocked]).toEqual([0, false]);
  });

  test.each([0, -1, -(2 ** 31), 1])("a wake of %i wakes one", async (most) => {
    const { futexes } = await newThreads(3);
    const [waker, ...sleepers] = futexes;
    for (const sleeper of sleepers) sleeper.wait(WORDS, 0);
    expect(waker.wake(WORDS, most)).toBe(1);
    expect(awake(sleepers)).toEqual([0]);
  });

  test("futex_wake of 0 wakes nobody, of a negative number one", async () => {
    const { futexes } = await newThreads(3);
    const [waker, ...sleepers] = futexes;
    for (const sleeper of sleepers) sleeper.futexWait(WORDS, 0);
    expect(waker.futexWake(WORDS, { count: 0 })).toBe(0);
    expect(waker.futexWake(HOLE, { count: 0 })).toBe(-EFAULT);
    expect(awake(sleepers)).toEqual([]);
    expect(waker.futexWake(WORDS, { count: -1 })).toBe(1);
  });

  test("private and shared sleepers on one anonymous word do not meet", async () => {
    const { futexes } = await newThreads(3);
    const [waker, own, shared] = futexes;
    own!.wait(WORDS, 0, PRIVATE);
    shared!.wait(WORDS, 0);
    expect(waker.wake(WORDS, 9)).toBe(1);
    expect([own!.task.canResume, shared!.task.canResume]).toEqual([false, true]);
    expect(waker.wake(WORDS, 9, PRIVATE)).toBe(1);
  });

  test("bit sets choose among sleepers; none is no bit set", async () => {
    const { futexes } = await newThreads(4);
    const [waker, ...sleepers] = futexes;
    [1, 2, 3].forEach((bitset, index) => sleepers[index]!.waitBitset(WORDS, 0, { bitset }));
    expect(waker.wakeBitset(WORDS, 9, { bitset: 0 })).toBe(-EINVAL);
    expect(waker.waitBitset(WORDS, 0, { bitset: 0 })).toBe(-EINVAL);
    expect(waker.wakeBitset(WORDS, 9, { bitset: 2 })).toBe(2);
    expect(awake(sleepers)).toEqual([1, 2]);
  });
});

describe("time limits on the machine's clock", () => {
  const LIMIT = 1000n;

  test("a WAIT ends that long after its call", async () => {
    const { futexes, machine } = await newThreads(1);
    const [futex] = futexes;
    machine.advanceClock(77n);
    expect(futex.wait(WORDS, 0, { timeout: LIMIT })).toBe(futexBlocked);
    machine.advanceClock(LIMIT - 1n);
    expect(futex.finish()).toBe(futexBlocked);
    machine.advanceClock(1n);
    expect(futex.finish()).toBe(-ETIMEDOUT);
  });

  test.each([
    ["monotonic", "waitBitset"],
    ["realtime", "waitBitset"],
    ["monotonic", "lockPi2"],
    ["realtime", "lockPi2"],
  ] as const)("an end on %s of %s is a moment of that clock", async (clock, call) => {
    const { futexes, machine, store } = await newThreads(2);
    const [futex, owner] = futexes;
    store(SECOND, owner!.task.id);
    const timeout = futex.now(clock) + LIMIT;
    const answer =
      call === "waitBitset"
        ? futex.waitBitset(WORDS, 0, { timeout, clock })
        : futex.lockPi2(SECOND, { timeout, clock });
    expect(answer).toBe(futexBlocked);
    expect(machine.advanceToNextTimeout()).toBe(true);
    expect(machine.nanoseconds).toBe(LIMIT);
    expect(futex.finish()).toBe(-ETIMEDOUT);
  });

  test("LOCK_PI counts on realtime", async () => {
    const { futexes, machine, store } = await newThreads(2);
    const [futex, owner] = futexes;
    store(WORDS, owner!.task.id);
    expect(futex.lockPi(WORDS, { timeout: futex.now("realtime") + LIMIT })).toBe(futexBlocked);
    machine.advanceClock(LIMIT);
    expect(futex.finish()).toBe(-ETIMEDOUT);
  });

  test("an end that is past, no time at all, and a wrong value, which is told first", async () => {
    const { futexes } = await newThreads(1);
    const [futex] = futexes;
    expect(futex.waitBitset(WORDS, 0, { timeout: 0 })).toBe(-ETIMEDOUT);
    expect(futex.waitBitset(WORDS, 1, { timeout: 0 })).toBe(-EAGAIN);
    const noTime = { seconds: 0, nanoseconds: 1_000_000_000 };
    expect(futex.wait(WORDS, 1, { timeout: noTime })).toBe(-EINVAL);
    expect(futex.wait(WORDS, 1, { timeout: { seconds: -1, nanoseconds: 0 } })).toBe(-EINVAL);
    expect(futex.wait(WORDS, 1, { timeout: { at: HOLE } })).toBe(-EFAULT);
  });
});

describe("WAKE_OP", () => {
  test.each([
    ["an operand of 0x800 is negative", { op: "add", oparg: 0x800 }, 0, 0, 0xffff_f800],
    ["a shift of 0xfff is one of 31", { op: "set", oparg: 0xfff, shift: true }, 0, 0, WAITERS],
    [
      "an unknown comparison comes after the change",
      { op: "add", oparg: 3, cmp: 6 },
      4,
      -ENOSYS,
      7,
    ],
    ["an unknown operation changes nothing", { op: 5, oparg: 3 }, 4, -ENOSYS, 4],
  ] as const)("%s", async (_, operation, before, answer, after) => {
    const { futexes, store, wordAt } = await newThreads(1);
    store(SECOND, before);
    expect(futexes[0].wakeOp(WORDS, SECOND, operation, PRIVATE)).toBe(answer);
    expect(wordAt(SECOND)).toBe(after);
  });

  test.each([
    [-1, [0, 1]],
    [1, [0]],
  ])("the old word %i against less than 0: who wakes", async (old, woken) => {
    const { futexes, store } = await newThreads(3);
    const [waker, ...sleepers] = futexes;
    store(SECOND, old >>> 0);
    sleepers[0]!.wait(WORDS, 0);
    sleepers[1]!.wait(SECOND, old);
    expect(waker.wakeOp(WORDS, SECOND, { op: "set", cmp: "lt" })).toBe(woken.length);
    expect(awake(sleepers)).toEqual(woken);
  });
});

describe("requeues", () => {
  test("CMP_REQUEUE with five sleepers wakes one, moves two, leaves two", async () => {
    const { futexes } = await newThreads(6);
    const [waker, ...sleepers] = futexes;
    for (const sleeper of sleepers) sleeper.wait(WORDS, 0, PRIVATE);
    const counts = { ...PRIVATE, wake: 1, requeue: 2 };
    expect(waker.cmpRequeue(WORDS, SECOND, 1, counts)).toBe(-EAGAIN);
    expect(waker.cmpRequeue(WORDS, SECOND, 0, counts)).toBe(3);
    expect(awake(sleepers)).toEqual([0]);
    expect(waker.wake(SECOND, 9, PRIVATE)).toBe(2);
    expect(waker.wake(WORDS, 9, PRIVATE)).toBe(2);
  });

  test.each([{ wake: -1 }, { requeue: -1 }])(
    "%o is refused before the addresses",
    async (counts) => {
      const { futexes } = await newThreads(1);
      expect(futexes[0].requeue(WORDS + 1, SECOND, counts)).toBe(-EINVAL);
      expect(futexes[0].requeue(HOLE, SECOND, counts)).toBe(-EINVAL);
    },
  );

  test("futex_requeue wants equal flags of its two words", async () => {
    const { futexes } = await newThreads(2);
    const [waker, sleeper] = futexes;
    sleeper!.futexWait(WORDS, 0, PRIVATE);
    const from = { address: WORDS, value: 0, private: true };
    const to = { address: SECOND, value: 0 };
    expect(waker.futexRequeue(from, to)).toBe(-EINVAL);
    const counts = { wake: 0, requeue: 1 };
    expect(waker.futexRequeue(from, { ...to, private: true }, counts)).toBe(1);
    expect(waker.futexWake(SECOND, PRIVATE)).toBe(1);
  });
});

describe("robust lists", () => {
  /** Stores a list head at THIRD: the one node, the word's offset from a node, and the pending node. */
  const storeHead = (store: (at: number, value: number) => void, head: readonly number[]): void =>
    head.forEach((value, index) => {
      store(THIRD + 8 * index, value >>> 0);
      store(THIRD + 8 * index + 4, value < 0 ? 0xffff_ffff : 0);
    });

  test("a dead owner's word with waiters becomes 0xc0000000, and one is woken", async () => {
    const { futexes, store, wordAt } = await newThreads(4);
    const [first, owner, ...sleepers] = futexes;
    const node = SECOND;
    storeHead(store, [node, WORDS - node, 0]);
    store(node, THIRD);
    store(WORDS, owner!.task.id + WAITERS);
    expect(owner!.setRobustList(THIRD)).toBe(0);
    for (const sleeper of sleepers) sleeper.wait(WORDS, owner!.task.id + WAITERS);
    end(owner!.task);
    expect(wordAt(WORDS)).toBe(WAITERS + OWNER_DIED);
    expect(awake(sleepers)).toEqual([0]);
    expect(first.task.hasAddressSpace).toBe(true);
  });

  test("a list that goes in a circle ends after 2048 nodes, and the pending one comes then", async () => {
    const { futexes, store, wordAt } = await newThreads(2);
    const [, owner] = futexes;
    const [node, pending] = [SECOND, SECOND + 16];
    storeHead(store, [node, 8, pending]);
    store(node, node);
    store(node + 8, owner!.task.id);
    store(pending + 8, owner!.task.id);
    owner!.setRobustList(THIRD);
    end(owner!.task);
    expect([wordAt(node + 8), wordAt(pending + 8)]).toEqual([OWNER_DIED, OWNER_DIED]);
  });

  test("a wrong length is refused and leaves the list that was", async () => {
    const { futexes } = await newThreads(2);
    const [other, futex] = futexes;
    expect(futex!.setRobustList(THIRD)).toBe(0);
    expect(futex!.setRobustList(WORDS, 12)).toBe(-EINVAL);
    expect(futex!.getRobustList()).toEqual({ result: 0, head: BigInt(THIRD), length: 24n });
    expect(other.getRobustList(futex!.task).head).toBe(BigInt(THIRD));
    expect(other.getRobustList(futex!.task, { headAt: HOLE })).toEqual({
      result: -EFAULT,
      head: null,
      length: null,
    });
  });

  test("the last word of a thread becomes 0 with a wake, while another thread lives", async () => {
    const { futexes, store, wordAt } = await newThreads(2);
    const [sleeper, ending] = futexes;
    store(WORDS, 7);
    expect(ending!.setTidAddress(WORDS)).toBe(ending!.task.id);
    sleeper.wait(WORDS, 7);
    end(ending!.task);
    expect([wordAt(WORDS), sleeper.finish()]).toEqual([0, 0]);
  });
});

describe("PI locks", () => {
  test("one's own lock, a dead owner's, another's", async () => {
    const { futexes, store, wordAt } = await newThreads(2);
    const [futex, other] = futexes;
    const { id } = futex.task;
    expect([futex.lockPi(WORDS), wordAt(WORDS)]).toEqual([0, id]);
    expect(futex.lockPi(WORDS)).toBe(-EDEADLK);
    expect(other!.unlockPi(WORDS)).toBe(-EPERM);
    const nobody = 0x3fff_fffe;
    store(SECOND, nobody);
    expect(futex.lockPi(SECOND)).toBe(-ESRCH);
    expect(wordAt(SECOND)).toBe(nobody + WAITERS);
    expect([futex.unlockPi(WORDS), wordAt(WORDS)]).toEqual([0, 0]);
  });

  test("a waiter lends its priority, and gets the lock from who unlocks", async () => {
    const { futexes, wordAt } = await newThreads(3);
    const [owner, normal, urgent] = futexes;
    urgent!.setPriority(50);
    owner.lockPi(WORDS, PRIVATE);
    expect(normal!.lockPi(WORDS, PRIVATE)).toBe(futexBlocked);
    expect(owner.priority).toBe(0);
    expect(urgent!.lockPi(WORDS, PRIVATE)).toBe(futexBlocked);
    expect(owner.priority).toBe(50);
    expect(owner.unlockPi(WORDS, PRIVATE)).toBe(0);
    expect([owner.priority, wordAt(WORDS)]).toEqual([0, urgent!.task.id + WAITERS]);
    expect([urgent!.finish(), normal!.finish()]).toEqual([0, futexBlocked]);
  });

  test("two that wait for each other: the second is refused", async () => {
    const { futexes } = await newThreads(2);
    const [a, b] = futexes;
    expect([a.lockPi(WORDS), b!.lockPi(SECOND)]).toEqual([0, 0]);
    expect(a.lockPi(SECOND)).toBe(futexBlocked);
    expect(b!.lockPi(WORDS)).toBe(-EDEADLK);
    expect(b!.trylockPi(WORDS)).toBe(-EAGAIN);
  });

  test("a waiter of a condition variable is moved to its lock, and gets it", async () => {
    const { futexes } = await newThreads(3);
    const [owner, ...sleepers] = futexes;
    owner.lockPi(SECOND);
    for (const sleeper of sleepers) {
      expect(sleeper.waitRequeuePi(WORDS, SECOND, 0)).toBe(futexBlocked);
    }
    expect(owner.cmpRequeuePi(WORDS, SECOND, 0, { requeue: 9 })).toBe(2);
    expect(awake(sleepers)).toEqual([]);
    expect(owner.unlockPi(SECOND)).toBe(0);
    expect([sleepers[0]!.finish(), sleepers[0]!.unlockPi(SECOND)]).toEqual([0, 0]);
    expect(sleepers[1]!.finish()).toBe(0);
  });
});

describe("waitv", () => {
  const waiter = (address: number, more: Partial<FutexWaiter> = {}): FutexWaiter => ({
    address,
    value: 0,
    ...more,
  });
  const many = (count: number): FutexWaiter[] => Array.from({ length: count }, () => waiter(WORDS));

  test.each([
    ["no word", [], -EINVAL],
    ["129 words", many(129), -EINVAL],
    ["a word of 8 bits", [waiter(WORDS, { size: "u8" })], -EINVAL],
    ["a value of more than 32 bits", [waiter(WORDS, { value: 2n ** 32n })], -EINVAL],
    ["a reserved field that is not 0", [waiter(WORDS, { reserved: 1 })], -EINVAL],
    ["an unknown flag", [waiter(WORDS, { otherBits: 0x10 })], -EINVAL],
    ["a second word that differs", [waiter(WORDS), waiter(SECOND, { value: 1 })], -EAGAIN],
    ["128 words", many(128), futexBlocked],
  ] as const)("%s", async (_, waiters, answer) => {
    const { futexes } = await newThreads(1);
    expect(futexes[0].waitv(waiters)).toBe(answer);
  });

  test("the index of who was woken, and the highest of two", async () => {
    const { futexes } = await newThreads(2);
    const [waker, sleeper] = futexes;
    sleeper!.waitv([waiter(WORDS), waiter(SECOND)]);
    expect([waker.wake(SECOND), sleeper!.finish()]).toEqual([1, 1]);
    sleeper!.waitv([waiter(WORDS), waiter(SECOND), waiter(WORDS)]);
    expect([waker.wake(WORDS, 2), sleeper!.finish()]).toEqual([2, 2]);
  });
});

describe("misuse", () => {
  test("a task that sleeps makes no other call, and only a sleeper finishes one", async () => {
    const { futexes } = await newThreads(1);
    const [futex] = futexes;
    expect(() => futex.finish()).toThrow(UsageError);
    futex.wait(WORDS, 0);
    expect(() => futex.wake(WORDS)).toThrow(/task sleeps in a system call/);
  });

  test("a zombie makes none", async () => {
    const { futexes } = await newThreads(1);
    futexes[0].task.die();
    expect(() => futexes[0].wait(WORDS, 0, { timeout: 1 })).toThrow(UsageError);
    expect(() => futexes[0].wake(WORDS)).toThrow(/task has ended/);
  });

  test("a list that no page has room for", async () => {
    const { futexes } = await newThreads(1);
    const waiters = Array.from({ length: 161 }, () => ({ address: WORDS, value: 0 }));
    expect(() => futexes[0].waitv(waiters)).toThrow(/waiters .* a list of up to 160/);
  });
});
