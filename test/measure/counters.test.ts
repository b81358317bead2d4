import { describe, expect, it } from "vitest";
import {
  Machine,
  counterTable,
  runPrograms,
  type CounterName,
  type Counters,
  type Operation,
  type Program,
  type Task,
} from "../../src/index.ts";
import { PAGE, machineOf } from "../machine/pool.ts";
import { preparedStream } from "../systems/pcm/playback.ts";

/** The one table of counters: each has a unit and a meaning, and something that makes it count. */

const DATA = 0x20000000;

function* program(operations: readonly Operation[]): Program {
  yield* operations;
}

interface Scene {
  readonly machine: Machine;
  readonly task: Task;
}

/** What one action adds to the counters of a task with one present page. */
async function added(
  action: (scene: Scene) => void,
  arch: "x86-64" | "powerpc-8xx" = "x86-64",
): Promise<Counters> {
  const machine = await machineOf({ build: "study", cpus: 2, arch });
  const task = machine.createTask();
  task.map({ at: DATA, length: PAGE, populate: true });
  const before = machine.counters();
  action({ machine, task });
  const after = machine.counters();
  return Object.fromEntries(
    counterTable.map(({ name }) => [name, after[name] - before[name]]),
  ) as Record<CounterName, number>;
}

/** Only the counters that moved. */
function moved(counts: Counters): Partial<Record<CounterName, number>> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

describe("the table of counters", () => {
  it("gives each a name of its own, a unit and a meaning", () => {
    expect(new Set(counterTable.map(({ name }) => name)).size).toBe(counterTable.length);
    expect(new Set(counterTable.map(({ constant }) => constant)).size).toBe(counterTable.length);
    for (const { unit, meaning } of counterTable) {
      expect(unit).toMatch(/^[a-z]+s$/);
      expect(meaning).toMatch(/^[a-z].{10,}[^.]$/);
    }
  });

  it("a get: one check, one pair, one load, one walk, and the TLB is filled", async () => {
    const counts = await added(({ task }) => void task.uaccess.getUser(DATA, 4));
    expect(moved(counts)).toEqual({
      rangeChecksRead: 1,
      guardOpensRead: 1,
      guardClosesRead: 1,
      userLoads: 1,
      gets: 1,
      tlbMisses: 1,
      walks: 1,
      yields: 1,
    });
  });

  it("a second put to the page finds its translation", async () => {
    const counts = await added(({ task }) =>
      [1, 2].forEach((value) => task.uaccess.putUser(DATA, 8, value)),
    );
    expect(moved(counts)).toEqual({
      rangeChecksWrite: 2,
      guardOpensWrite: 2,
      guardClosesWrite: 2,
      userStores: 2,
      puts: 2,
      tlbHits: 1,
      tlbMisses: 1,
      walks: 1,
      yields: 2,
    });
  });

  it("a page that is not there yet: a fault that is repaired, then the access", async () => {
    const counts = await added(({ task }) => {
      task.map({ at: DATA + PAGE, length: PAGE });
      task.uaccess.putUser(DATA + PAGE, 4, 1);
    });
    expect(counts).toMatchObject({ faults: 1, fixups: 0, userStores: 1, walks: 2 });
  });

  it("a page that never will be: a fault that ends in the fixup", async () => {
    const counts = await added(({ task }) => void task.uaccess.putUser(DATA + PAGE, 4, 1));
    expect(counts).toMatchObject({ faults: 1, fixups: 1, userStores: 0, puts: 1 });
  });

  it("copies count themselves and the bytes that arrived", async () => {
    const counts = await added(({ machine, task }) => {
      const buffer = machine.allocKernel(200);
      task.uaccess.copyToUser(DATA + PAGE - 150, buffer, 200); // 50 run off the page
      task.uaccess.copyFromUser(buffer, DATA, 70);
    });
    expect(counts).toMatchObject({
      copiesTo: 1,
      bytesTo: 150,
      copiesFrom: 1,
      bytesFrom: 70,
      userLoads: 0,
      userStores: 0,
    });
  });

  it("SYNC_PTR in blocks: one function, two blocks, three and nine accesses", async () => {
    const machine = await machineOf({ build: "study" });
    const task = machine.createTask();
    task.map({ at: DATA, length: PAGE, populate: true });
    const stream = preparedStream(task);
    const before = machine.counters();
    expect(stream.syncPtr({ address: DATA, abi: "native64", strategy: "unsafe-block" })).toBe(0);
    const after = machine.counters();
    const counts = Object.fromEntries(
      counterTable.map(({ name }) => [name, after[name] - before[name]]),
    );
    expect(counts).toMatchObject({
      functions: 1,
      readBlocks: 1,
      writeBlocks: 1,
      unsafeGets: 3,
      unsafePuts: 9,
      gets: 0,
      puts: 0,
    });
  });

  it("a TLB is flushed when another address space comes, and another CPU is asked to forget a page", async () => {
    const counts = await added(({ machine, task }) => {
      const other = machine.createTask({ cpu: 1, sharing: task });
      task.unmap(DATA, PAGE);
      machine.createTask({ cpu: 1 });
      expect(other.cpu).toBe(1);
    });
    expect(counts).toMatchObject({ shootdowns: 1 });
    expect(counts.tlbFlushes).toBeGreaterThanOrEqual(2);
  });

  it("every counter counts in one scene or another", async () => {
    const total: Record<string, number> = {};
    const machine = await machineOf({ build: "study", cpus: 2 });
    const one = machine.createTask({ cpu: 0 });
    const two = machine.createTask({ cpu: 1, sharing: one });
    one.map({ at: DATA, length: 2 * PAGE });
    const stream = preparedStream(one);
    const sync = (["per-field", "copy", "unsafe-block"] as const).map((strategy) =>
      stream.syncPtrOperation({ address: DATA, abi: "native64", strategy }),
    );
    const exports = machine.rawExports;
    const unmap: Operation = {
      name: "munmap",
      call: () => exports.unmapMemory(1, two.handle, DATA, 0, 2 * PAGE, 0),
    };
    runPrograms(
      machine,
      [
        { task: one, body: program([...sync, ...sync]) },
        { task: two, body: program([unmap]) },
      ],
      { choose: (runnable, step) => (step < 40 || !runnable.includes(1) ? runnable[0]! : 1) },
    );
    Object.assign(total, machine.counters());
    expect(Object.entries(total).filter(([, count]) => count === 0)).toEqual([]);
  });
});
