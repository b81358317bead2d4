import { beforeAll, describe, expect, test } from "vitest";
import {
  Machine,
  remotePathNames,
  runPrograms,
  type Operation,
  type Program,
  type RemotePath,
  type Task,
} from "../../../src/index.ts";
import { kindsOf, machineOf, PAGE } from "../../machine/pool.ts";
import { mutantCore } from "../../support/mutant.ts";

/** Readers that meet who changes the same address space: nobody waits for good, and who need not wait does not. */

const BASE = 0x10000000;
/** No schedule below has as many steps. */
const MOST_STEPS = 200;

function* program(operations: readonly Operation[]): Program {
  for (const operation of operations) yield operation;
}

function touching(task: Task, address: number): Operation {
  const { machine, cpu, handle } = task;
  const write = machine.constant("ACCESS_WRITE");
  const { rawExports } = machine;
  return { name: "touch", call: () => rawExports.touchPage(cpu, handle, address, 0, write) };
}

function reading(reader: Task, target: Task, address: number, length: number): Operation {
  const { machine, cpu } = reader;
  const { linear } = machine.allocKernel(length);
  const { rawExports } = machine;
  return {
    name: "read",
    call: () => rawExports.accessProcessVm(cpu, target.handle, address, 0, linear, length, 0),
  };
}

describe("a CPU that reads its own process's memory, and one that flushes it under the page tables' lock", () => {
  /**
   * Every schedule of "i steps of the reader, j of a fault that copies a page, then in turn": the results of the reads.
   * The fault waits, with the page tables locked, until the reader's CPU has taken the invalidation.
   */
  function results(machine: Machine, path: RemotePath): number[] {
    machine.remotePath = path;
    const owner = machine.createTask({ cpu: 0 });
    const other = machine.createTask({ cpu: 1, sharing: owner });
    owner.map({ at: BASE, length: PAGE }).write(0, new Uint8Array(PAGE).fill(7));
    owner.fork();
    const read = reading(owner, owner, BASE, 16);
    const copy = touching(other, BASE);
    const start = machine.snapshot();
    const seen: number[] = [];
    for (let before = 0, most = MOST_STEPS; before < most; before++) {
      for (let between = 1; between < 12; between++) {
        machine.restore(start);
        const steps = [0, 0];
        const traces = runPrograms(
          machine,
          [
            { task: owner, body: program([read]) },
            { task: other, body: program([copy]) },
          ],
          {
            choose: (runnable, step) => {
              const wanted = step < before ? 0 : step < before + between ? 1 : step % 2;
              const chosen = runnable.includes(wanted) ? wanted : runnable[0]!;
              steps[chosen]! += 1;
              return chosen;
            },
          },
        );
        seen.push(traces[0]!.results[0]!.result);
        most = Math.min(most, steps[0]! + 1);
      }
    }
    expect(kindsOf(machine)).toEqual([]);
    return [...new Set(seen)];
  }

  test.each(remotePathNames)("%s: both come to their ends, in every schedule", async (path) => {
    const machine = await machineOf({ build: "study", cpus: 2, memory: "4M" });
    expect(results(machine, path)).toEqual([16]);
  });

  describe("version 2 as it was posted, which waits for that lock with interrupts off (claim D4)", () => {
    let posted: Machine;

    beforeAll(async () => {
      const wasm = await mutantCore("study", [
        {
          file: "mm/folioWalk.ts",
          find: "    if (cpu.interruptsOff == 0) lockTables(cpu, mm);\n    else if (!tryLockTables(cpu, mm)) return 0;\n",
          replace: "    lockTables(cpu, mm);\n",
        },
      ]);
      posted = await Machine.create({ build: "study", cpus: 2, memory: "4M", wasm });
    });

    test("waits for good", () => {
      expect(() => results(posted.reset(), "fast-v2")).toThrowError(
        expect.objectContaining({ code: "deadlock" }),
      );
    });

    test("version 1, which leaves them on, does not", () => {
      expect(results(posted.reset(), "fast-v1")).toEqual([16]);
    });
  });
});

describe("three readers of resident pages, and a CPU that changes what is mapped beside them", () => {
  const READS = 8;
  const CHANGES = 24;
  const WRITE = 2;

  interface Scene {
    readonly machine: Machine;
    readonly target: Task;
    readonly readers: readonly Task[];
  }

  async function scene(path: RemotePath): Promise<Scene> {
    const machine = await machineOf({ build: "study", cpus: 4, memory: "4M" });
    machine.remotePath = path;
    const target = machine.createTask({ cpu: 3 });
    target.map({ at: BASE, length: 4 * PAGE, populate: true });
    return { machine, target, readers: [0, 1, 2].map((cpu) => machine.createTask({ cpu })) };
  }

  /** Takes the mmap lock for writing and lets it go, again and again; between the two others have their turns. */
  function changing({ machine, cpu, handle }: Task): Operation[] {
    const exports = machine.rawExports;
    const done = (call: () => void) => (): number => {
      call();
      return 0;
    };
    return Array.from({ length: CHANGES }, () => [
      { name: "lock", call: () => exports.holdMmapLock(cpu, handle, WRITE) },
      { name: "unlock", call: done(() => exports.dropMmapLock(cpu, handle, WRITE)) },
    ]).flat();
  }

  /** Turns that the readers take in all, each program in turn; who changes comes last. */
  function turns({ machine, readers, target }: Scene, changes: readonly Operation[]): number {
    const bodies = readers.map((task) =>
      Array.from({ length: READS }, () => reading(task, target, BASE, 8)),
    );
    let taken = 0;
    const traces = runPrograms(
      machine,
      [
        ...readers.map((task, index) => ({ task, body: program(bodies[index]!) })),
        { task: target, body: program(changes) },
      ],
      {
        choose: (runnable, step) => {
          const wanted = step % 4;
          const chosen = runnable.includes(wanted) ? wanted : runnable[step % runnable.length]!;
          if (chosen < readers.length) taken += 1;
          return chosen;
        },
      },
    );
    for (const { results } of traces.slice(0, readers.length)) {
      expect(results.map(({ result }) => result)).toEqual(Array<number>(READS).fill(8));
    }
    expect(kindsOf(machine)).toEqual([]);
    return taken;
  }

  /** How many turns the reads take beside that CPU, by how many they take without it. */
  async function slowdown(path: RemotePath): Promise<number> {
    const place = await scene(path);
    const start = place.machine.snapshot();
    const alone = turns(place, []);
    place.machine.restore(start);
    return turns(place, changing(place.target)) / alone;
  }

  test.each(remotePathNames)("%s: only the slow path waits for it", async (path) => {
    const ratio = await slowdown(path);
    if (path === "slow") expect(ratio).toBeGreaterThan(1.2);
    else expect(ratio).toBe(1);
  });
});
