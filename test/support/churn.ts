import { serveThread, type ThreadProgram } from "../../src/threads/serve.ts";
import { programs } from "../../src/cli/threads/programs.ts";
import { Task } from "../../src/machine/task.ts";
import { workerData } from "node:worker_threads";

/** A thread of the tests: the command's programs, and some that keep the locks of an address space busy. */

const PAGE = 4096;
const PAGES = 24;

/** Maps, touches, cuts and unmaps memory of its own, and counts its rounds in the shared words. */
const churn: ThreadProgram = (seat, [handle, at, rounds]) => {
  const task = Task.attach(seat.machine, handle!, seat.cpu);
  for (let round = 0; round < rounds!; round++) {
    task.map({ at: at!, length: PAGES * PAGE, populate: true });
    task.unmap(at! + 5 * PAGE, PAGE);
    task.unmap(at!, PAGES * PAGE);
    Atomics.add(seat.shared, 0, 1);
  }
  return rounds!;
};

const unmap: ThreadProgram = (seat, [handle, at, length]) =>
  Task.attach(seat.machine, handle!, seat.cpu).unmap(at!, length!);

/** Ends by itself, with no error that could be told. */
const leave: ThreadProgram = () => process.exit(1);

const own = { churn, unmap, leave };
serveThread(workerData as Parameters<typeof serveThread>[0], { ...programs, ...own });
