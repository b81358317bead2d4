import { expect } from "vitest";
import { Machine, PcmStream, pcmBlocked, type Program } from "../../src/index.ts";

export const PAGE = 4096;
export const USER = 0x10000000;

const study = await Machine.create({ build: "study", memory: "1M", cpus: 2, tlbEntries: 64 });

/** Something of everything that the API hands out, on an empty machine. */
export function newFloor() {
  const machine = study.reset();
  const task = machine.createTask();
  const pages = task.map({ at: USER, length: 4 * PAGE, populate: true });
  const stream = PcmStream.open(task, { nonblock: true });
  return {
    machine,
    task,
    pages,
    stream,
    uaccess: task.uaccess,
    buffer: machine.allocKernel(64),
    file: machine.createFile(PAGE),
    get snapshot() {
      return machine.snapshot();
    },
  };
}

export type Floor = ReturnType<typeof newFloor>;

/** A blocking stream whose task sleeps in DRAIN. */
export function drainingStream({ task }: Floor): PcmStream {
  const stream = PcmStream.open(task, { number: 1 });
  stream.configure({ periodSize: 100, bufferSize: 400 });
  expect([stream.prepare(), stream.writei(USER, 1)]).toEqual([0, 1]);
  expect(stream.drain()).toBe(pcmBlocked);
  return stream;
}

export function* program(stream: PcmStream): Program {
  yield stream.syncPtrOperation({ address: USER, abi: "native64" });
}

/** Good arguments of runPrograms. */
export function runningPrograms({ machine, task, stream }: Floor): readonly unknown[] {
  const options = { choose: ([first]: readonly number[]) => first!, switchEvery: 1 };
  return [machine, [{ task, body: program(stream) }], options];
}

/** A new program on the machine gets what it should; on a machine that was reset meanwhile, the next one does. */
export function expectWorking({ machine }: Pick<Floor, "machine">): void {
  const current = machine.isCurrent ? machine : study.reset();
  const task = current.createTask({ cpu: 0 });
  task.map({ at: USER, length: PAGE, protection: "rw" });
  const stored = [task.uaccess.putUser(USER, 4, 42), task.uaccess.getUser(USER, 4)];
  expect(stored).toEqual([0, { error: 0, value: 42n }]);
  task.exit();
}
