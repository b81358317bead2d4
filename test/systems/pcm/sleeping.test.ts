import { expect, test } from "vitest";
import { pcmBlocked, PcmStream, UsageError, type Task } from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";

/** A task has one continuation: what it sleeps in ends before it makes another call, and in the file that it is of. */
const PERIOD = 100;
const BUFFER = 400;
const USER = 0x10000;

function playing(task: Task): PcmStream {
  const stream = PcmStream.open(task);
  expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER })).toBe(0);
  expect([stream.prepare(), stream.writei(0, BUFFER)]).toEqual([0, BUFFER]);
  return stream;
}

async function asleepInWritei() {
  const machine = await machineOf();
  const task = machine.createTask();
  task.map({ at: USER, length: 4096 });
  const [stream, other] = [playing(task), playing(task)];
  expect(stream.writei(0, PERIOD)).toBe(pcmBlocked);
  return { machine, task, stream, other };
}

function playOne(stream: PcmStream): void {
  stream.setPosition(PERIOD);
  stream.periodElapsed();
}

test("finish() of another file of the task takes nothing", async () => {
  const { stream, other } = await asleepInWritei();
  playOne(stream);
  expect(() => other.finish()).toThrow(
    "task sleeps in WRITEI of another file; valid: a task that sleeps in a call of this file, which answered pcmBlocked",
  );
  expect(stream.finish()).toBe(PERIOD);
});

test("finish() with nobody asleep is a mistake of the caller", async () => {
  const { stream, other } = await asleepInWritei();
  playOne(stream);
  expect(stream.finish()).toBe(PERIOD);
  for (const file of [stream, other]) {
    expect(() => file.finish()).toThrow("task does not sleep; valid: a task that sleeps");
  }
});

test.each<[string, (file: PcmStream) => unknown]>([
  ["DRAIN", (file) => file.drain()],
  ["WRITEI", (file) => file.writei(0, 1)],
  ["a structure in the page", (file) => file.status()],
  ["write", (file) => file.write(USER, 4)],
  ["ioctl", (file) => file.ioctl("native", 0x4144)],
  ["SYNC_PTR", (file) => file.syncPtr({ address: USER, abi: "native64" })],
])("a sleeping task makes no other call: %s", async (_, call) => {
  const { stream, other } = await asleepInWritei();
  for (const file of [stream, other]) {
    expect(() => call(file)).toThrow(UsageError);
    expect(() => call(file)).toThrow("task sleeps in WRITEI; valid: finish() of the file");
  }
  playOne(stream);
  expect([stream.finish(), stream.field("appl_ptr")]).toEqual([PERIOD, BigInt(BUFFER + PERIOD)]);
});

test("a write(2) that slept after a WRITEI answers bytes, not what WRITEI's structure holds", async () => {
  const { stream } = await asleepInWritei();
  playOne(stream);
  expect(stream.finish()).toBe(PERIOD);
  expect(stream.write(USER, PERIOD * 4)).toBe(pcmBlocked);
  stream.setPosition(2 * PERIOD);
  stream.periodElapsed();
  expect(stream.finish()).toBe(PERIOD * 4);
});
