/** The threads of a case as tasks that take turns on one CPU: the builds in which one kernel path runs at a time. */

import type { Task } from "../../machine/task.ts";
import { contendInTurns } from "./contend.ts";
import type { FutexRunner, Returned } from "./runner.ts";
import type { OperationOf } from "./steps.ts";
import type { World } from "./world.ts";

export class TurnRunner implements FutexRunner {
  seat(task: Task): Task {
    return task;
  }

  prepare(task: Task): void {
    task.runOn(0);
  }

  observer(task: Task): Task {
    return task;
  }

  /** Resumes them one after the other, as long as there are any that can go on. */
  settle(world: World): Returned {
    const returned: { thread: number; result: number }[] = [];
    let found = true;
    while (found) {
      found = false;
      for (const thread of world.sleepers()) {
        const task = world.task(thread);
        if (!task.canResume) continue;
        const result = task.resume();
        found = true;
        if (!task.blocked) returned.push({ thread, result });
      }
    }
    return returned.sort((a, b) => a.thread - b.thread);
  }

  contend(world: World, step: OperationOf<"contend">): number {
    return contendInTurns(world, step);
  }

  leave(): void {
    // nothing is kept of a task
  }
}
