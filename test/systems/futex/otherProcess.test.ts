import { describe, expect, test } from "vitest";
import { Futex, futexBlocked, type Task } from "../../../src/index.ts";
import { PAGE } from "../../machine/pool.ts";
import { EPERM, PRIVATE, WAITERS, WORDS, newThreads, type Threads } from "./threads.ts";

/** What a thread shares with the one that made it, and what a lock is to another process (recorded on 6.18.44). */

const SHARED_WORDS = 0x3000_0000;

/** A thread, and one of a process that it forked; both see the words of a shared mapping. */
async function withChild(): Promise<Threads & { readonly child: Futex; readonly parent: Futex }> {
  const threads = await newThreads(1);
  const [parent] = threads.futexes;
  parent.task.map({ at: SHARED_WORDS, length: PAGE, shared: true, populate: true });
  return { ...threads, parent, child: new Futex(forked(parent.task)) };
}

function forked(task: Task): Task {
  task.runOn(0);
  return task.fork();
}

describe("a lock that names a thread of another process", () => {
  test.each(["lockPi", "trylockPi"] as const)("%s of a private one: EPERM", async (call) => {
    const { parent, child, store, wordAt } = await withChild();
    store(WORDS, child.task.id);
    expect(parent[call](WORDS, PRIVATE)).toBe(-EPERM);
    expect(wordAt(WORDS)).toBe(child.task.id + WAITERS);
  });

  test("even in shared memory, where a shared lock is waited for", async () => {
    const { parent, child } = await withChild();
    expect(child.lockPi(SHARED_WORDS)).toBe(0);
    expect(parent.lockPi(SHARED_WORDS, PRIVATE)).toBe(-EPERM);
    expect(parent.lockPi(SHARED_WORDS)).toBe(futexBlocked);
  });

  test("a shared one is waited for in private memory too", async () => {
    const { parent, child, store } = await withChild();
    store(WORDS, child.task.id);
    expect(parent.lockPi(WORDS)).toBe(futexBlocked);
  });
});

describe("a new task's priority", () => {
  test("is that of the thread or process that made it", async () => {
    const { parent, machine } = await withChild();
    parent.setPriority(7);
    const thread = new Futex(machine.createTask({ sharing: parent.task }));
    expect([thread.priority, new Futex(forked(parent.task)).priority]).toEqual([7, 7]);
  });

  test("without what others lend that one", async () => {
    const { futexes, machine } = await newThreads(2);
    const [holder, waiter] = futexes;
    expect(holder.lockPi(WORDS)).toBe(0);
    waiter!.setPriority(9);
    expect(waiter!.lockPi(WORDS)).toBe(futexBlocked);
    expect(holder.priority).toBe(9);
    expect(new Futex(machine.createTask({ sharing: holder.task })).priority).toBe(0);
  });
});
