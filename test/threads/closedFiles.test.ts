import { beforeEach, expect, it } from "vitest";
import { Machine, PcmStream, type Task } from "../../src/index.ts";
import type { CpuThread } from "../../src/threads/cpuThread.ts";
import { startChurners } from "../support/cpuThreads.ts";

/** A file whose last references go on several threads at once: one of them releases it. */

const AT = 0x4000_0000;
const PAGE = 4096;
const ROUNDS = 200;
const RELEASE = ["hw_free", "close"];
/** S16 stereo: a ring of four pages, which may be mapped. */
const ring = { access: 0, periodSize: 1024, bufferSize: 4096 };

let machine: Machine;
let task: Task;
let first: CpuThread;
let second: CpuThread;

beforeEach(async () => {
  machine = await Machine.create({ build: "threads", memory: 4 << 20, cpus: 3 });
  const crew = await startChurners(machine);
  [first, second] = crew.threads as [CpuThread, CpuThread];
  task = machine.createTask();
});

function mappedStream(): PcmStream {
  const stream = PcmStream.open(task);
  expect([stream.configure(ring), stream.mmap("ring", AT, 4 * PAGE, "rw")]).toEqual([0, 0]);
  stream.takeDriverCalls();
  return stream;
}

/** The thread begins to unmap pages, of the four. */
function beginUnmap(thread: CpuThread, page: number, pages: number): void {
  thread.begin("unmap", [task.handle, AT + page * PAGE, pages * PAGE]);
}

function end(thread: CpuThread): void {
  for (let { state } = thread; state !== "returned";) state = thread.awaitOther(state);
  expect(thread.take()).toBe(0);
}

/** What the driver was asked since the close. */
function restOf(stream: PcmStream, calls: readonly { name: string }[]): string[] {
  const rest = calls.length === 0 ? stream.takeDriverCalls() : calls;
  return rest.map(({ name }) => name);
}

function expectNothingLeft(): void {
  expect(PcmStream.open(task).info().value!.subdevice).toBe(0);
  expect(machine.findings()).toEqual([]);
}

it("is released once where it is closed and unmapped at the same time", () => {
  for (let round = 0; round < ROUNDS; round++) {
    const stream = mappedStream();
    beginUnmap(first, 0, 4);
    const calls = stream.close();
    end(first);
    expect([stream.isReleased, restOf(stream, calls)]).toEqual([true, RELEASE]);
    task.unmap(stream.argument, PAGE);
  }
  expectNothingLeft();
});

it("is released once where two threads unmap a half of it each", () => {
  for (let round = 0; round < ROUNDS; round++) {
    const stream = mappedStream();
    const calls = stream.close();
    expect(calls).toEqual([]);
    beginUnmap(first, 0, 2);
    beginUnmap(second, 2, 2);
    end(first);
    end(second);
    expect([stream.isReleased, restOf(stream, calls)]).toEqual([true, RELEASE]);
    task.unmap(stream.argument, PAGE);
  }
  expectNothingLeft();
});
