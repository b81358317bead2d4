import { expect, it } from "vitest";
import { FaultlineError, Machine } from "../../src/index.ts";
import { startChurners } from "../support/cpuThreads.ts";

/** Threads that map, fault and unmap, one of which is ended wherever it is just then. */

const AT = 0x1000_0000;
const APART = 0x1000_0000;
const DEATHS = 4;
const ROUNDS = 1 << 30;

/** What the others do until they have done so many rounds more; the error that stops them first, if one does. */
async function moreRounds(shared: Int32Array, check: () => void): Promise<void> {
  const before = Atomics.load(shared, 0);
  while (Atomics.load(shared, 0) < before + 20) {
    check();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

it.each(Array.from({ length: DEATHS }, (_, index) => index))(
  "whoever shares no address space with the dead one goes on; who does goes on or is told (%i)",
  async (seed) => {
    const machine = await Machine.create({ build: "threads", memory: "8M", cpus: 4 });
    const crew = await startChurners(machine);
    const first = machine.createTask();
    const tasks = [first, machine.createTask({ sharing: first, cpu: null }), machine.createTask()];
    const seats = tasks.map((task, index) => crew.threads[index]!.seat(task));
    seats.forEach((task, index) => {
      crew.threads[index]!.begin("churn", [task.handle, AT + index * APART, ROUNDS]);
    });
    const [dying, sharer, stranger] = crew.threads as [
      (typeof crew.threads)[0],
      ...typeof crew.threads,
    ];
    await moreRounds(crew.shared, () => undefined);
    await new Promise((resolve) => setTimeout(resolve, seed));
    await crew.kill(dying);
    let lost: unknown;
    try {
      crew.bury(dying, seats[0]!);
    } catch (error) {
      lost = error;
    }
    if (lost === undefined) await moreRounds(crew.shared, () => sharer!.checkAlive());
    else {
      expect(lost).toMatchObject({ code: "thread-lost" } satisfies Partial<FaultlineError>);
      expect((lost as Error).message).toContain("CPU 1 has ended in the middle of a change");
      await expect(crew.untilAtRest([sharer!])).rejects.toThrow(/thread that is CPU 1 has ended/);
    }
    await moreRounds(crew.shared, () => stranger!.checkAlive());
    expect(machine.findings()).toEqual([]);
  },
);
