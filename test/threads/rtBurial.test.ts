import { expect, it } from "vitest";
import { Futex, Machine, futexBlocked } from "../../src/index.ts";
import { startThreads } from "../support/cpuThreads.ts";

/** A thread that dies in the middle of a change to the queue of a PI lock. */

const WORD = 0x4000_0000;
const PAGE = 4096;
const PRIORITY = 7;

it("a waiter that it had taken out of the queue stands there again, and lends its priority", async () => {
  const machine = await Machine.create({ build: "threads", memory: "2M", cpus: 4 });
  const crew = await startThreads(machine);
  const [dying, , waiting] = crew.threads as [(typeof crew.threads)[0], ...typeof crew.threads];
  const first = machine.createTask();
  first.map({ at: WORD, length: PAGE, populate: true });
  const sharing = { sharing: first, cpu: null } as const;
  const tasks = [first, machine.createTask(sharing), machine.createTask(sharing)];
  const seats = tasks.map((task, index) => crew.threads[index]!.seat(task));
  const [dead, owner, waiter] = seats.map((task) => new Futex(task)) as [Futex, Futex, Futex];
  const wordAt = (at: number): number => machine.words[at >>> 2]!;
  const constant = machine.constant.bind(machine);

  expect(owner.lockPi(WORD)).toBe(0);
  machine.exports.setPriority(0, waiter.task.handle, PRIORITY);
  expect(waiter.lockPi(WORD)).toBe(futexBlocked);
  const place = wordAt(waiter.task.handle + constant("TASK_RT_WAITER"));
  const mutex = wordAt(place + constant("RT_WAITER_MUTEX"));
  expect(wordAt(mutex + constant("RT_MUTEX_TOP"))).toBe(place);

  // in the middle of putting it behind its equals
  machine.words[(constant("HEADER") + constant("HEADER_RT_LOCK")) >>> 2] = dying.cpu + 1;
  machine.words[(mutex + constant("RT_MUTEX_TOP")) >>> 2] = 0;
  machine.words[(place + constant("RT_WAITER_MUTEX")) >>> 2] = 0;
  machine.bytes[owner.task.handle + constant("TASK_BOOSTED")] = 0;
  await crew.kill(dying);
  crew.bury(dying, dead.task);

  expect(wordAt(constant("HEADER") + constant("HEADER_RT_LOCK"))).toBe(0);
  expect(wordAt(mutex + constant("RT_MUTEX_TOP"))).toBe(place);
  expect(wordAt(place + constant("RT_WAITER_MUTEX"))).toBe(mutex);
  expect(machine.bytes[owner.task.handle + constant("TASK_BOOSTED")]).toBe(PRIORITY);
  expect(owner.unlockPi(WORD)).toBe(0);
  await crew.untilAtRest([waiting!]);
  expect(waiting!.take()).toBe(0);
  expect(machine.findings()).toEqual([]);
});
