import { describe, expect, test } from "vitest";
import { RemoteVm, type Task } from "../../../src/index.ts";
import { errnos } from "../../../src/base/errno.ts";
import { machineOf, PAGE } from "../../machine/pool.ts";

/** Files of a process under /proc have an owner, who is asked for before the process itself is. */

const AT = 0x10000000;
const USER = 1000;
const { EACCES, ESRCH } = errnos;

async function newTask(): Promise<Task> {
  const machine = await machineOf({ memory: "8M" });
  const task = machine.createTask();
  task.map({ at: AT, length: PAGE, populate: true });
  return task;
}

/** What opening mem, and reading environ, come to: 0 or −errno. */
function opening(vm: RemoteVm): number[] {
  const file = vm.memFile();
  if (typeof file !== "number") file.close();
  return [typeof file === "number" ? file : 0, vm.environ(AT, PAGE).result];
}

describe("who may open mem and environ:", () => {
  test("not even the process itself, where its memory may not be dumped", async () => {
    const task = await newTask();
    const vm = new RemoteVm(task, task);
    expect(opening(vm)).toEqual([0, 0]);
    task.setUser(USER);
    expect(opening(vm)).toEqual([-EACCES, -EACCES]);
    expect(vm.cmdline(AT, PAGE).result).toBe(0);
    expect(vm.read(AT, 8).result).toBe(8);
    task.setDumpable(1);
    expect(opening(vm)).toEqual([0, 0]);
  });

  test("of one that has ended, root is told so, and others nothing", async () => {
    const caller = await newTask();
    caller.setUser(USER);
    caller.setDumpable(1);
    const child = caller.fork();
    const root = caller.machine.createTask({ cpu: null });
    root.map({ at: AT, length: PAGE });
    expect(opening(new RemoteVm(caller, child))).toEqual([0, 0]);
    child.die();
    expect(opening(new RemoteVm(caller, child))).toEqual([-EACCES, -EACCES]);
    expect(opening(new RemoteVm(root, child))).toEqual([-ESRCH, -ESRCH]);
  });
});
