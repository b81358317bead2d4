import { beforeEach, describe, expect, it } from "vitest";
import {
  runPrograms,
  type Machine,
  type Operation,
  type Program,
  type RunOptions,
  type Task,
  type VmaView,
} from "../../src/index.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

/** The locks of an address space: the mmap lock, first come, first served, and the one of each VMA. */

const A = 0x10000000;
const B = 0x20000000;
const EINTR = 4;
const EAGAIN = 11;
const READ = 1;
const WRITE = 2;
/** A writer waits for the readers of a VMA. */
const FLAG = 1 << 30;

/** The programs in this order; who cannot go on is left out. */
function inOrder(order: readonly number[]): NonNullable<RunOptions["choose"]> {
  const queue = [...order];
  return (runnable) => {
    let wanted = queue.shift();
    while (wanted !== undefined && !runnable.includes(wanted)) wanted = queue.shift();
    return wanted ?? runnable[0]!;
  };
}

function* program(operations: readonly Operation[]): Program {
  for (const operation of operations) yield operation;
}

function holdMmap(task: Task, kind: number): Operation {
  const exports = task.machine.rawExports;
  return { name: "hold", call: () => exports.holdMmapLock(task.cpu, task.handle, kind) };
}

function dropMmap(task: Task, kind: number): Operation {
  const exports = task.machine.rawExports;
  return {
    name: "drop",
    call: () => {
      exports.dropMmapLock(task.cpu, task.handle, kind);
      return 0;
    },
  };
}

function munmap(task: Task, at: number): Operation {
  const exports = task.machine.rawExports;
  return { name: "munmap", call: () => exports.unmapMemory(task.cpu, task.handle, at, 0, PAGE, 0) };
}

/** Locks a VMA of a task for reading, on the CPU of a task that may be another one. */
function readVma(task: Task, at: number, { cpu } = task): Operation {
  const exports = task.machine.rawExports;
  return { name: "read", call: () => exports.holdVmaLock(cpu, task.handle, at, 0) };
}

function endVma(task: Task, at: number): Operation {
  const exports = task.machine.rawExports;
  return {
    name: "end",
    call: () => {
      exports.dropVmaLock(task.handle, at, 0);
      return 0;
    },
  };
}

function vma(task: Task, at: number): VmaView {
  return task.vmas().find(({ start }) => start === BigInt(at))!;
}

let machine: Machine;
/** On CPU 0, 1, 2, in one address space. */
let tasks: readonly [Task, Task, Task];

beforeEach(async () => {
  machine = await machineOf({ build: "study", cpus: 5 });
  const first = machine.createTask({ cpu: 0 });
  const others = [1, 2].map((cpu) => machine.createTask({ cpu, sharing: first }));
  tasks = [first, others[0]!, others[1]!];
  for (const at of [A, B]) first.map({ at, length: PAGE, populate: true });
});

/** Who took and dropped the mmap lock, in order: CPU and 1 read, 2 write, 0 dropped. */
function lockLog(since: number): string[] {
  return machine
    .events(since)
    .filter(({ kind }) => kind === "mmap-lock")
    .map(({ cpu, detail }) => `${cpu}:${detail}`);
}

describe("the mmap lock", () => {
  it("is given to a writer that waits before it is given to a reader that came later", () => {
    const since = machine.eventCount;
    const [reader, writer, late] = tasks;
    const programs = [
      { task: reader, body: program([holdMmap(reader, READ), dropMmap(reader, READ)]) },
      { task: writer, body: program([holdMmap(writer, WRITE), dropMmap(writer, WRITE)]) },
      { task: late, body: program([holdMmap(late, READ), dropMmap(late, READ)]) },
    ];
    runPrograms(machine, programs, { choose: inOrder([0, 1, 2, 0]) });
    expect(lockLog(since)).toEqual(["0:1", "0:0", "1:2", "1:0", "2:1", "2:0"]);
    expect(kindsOf(machine)).toEqual([]);
  });

  it("is given to all readers at the head of the queue at once", () => {
    const since = machine.eventCount;
    const [writer, one, two] = tasks;
    const programs = [
      { task: writer, body: program([holdMmap(writer, WRITE), dropMmap(writer, WRITE)]) },
      { task: one, body: program([holdMmap(one, READ), dropMmap(one, READ)]) },
      { task: two, body: program([holdMmap(two, READ), dropMmap(two, READ)]) },
    ];
    runPrograms(machine, programs, { choose: inOrder([0, 1, 2, 0, 1, 2]) });
    expect(lockLog(since)).toEqual(["0:2", "0:0", "1:1", "2:1", "1:0", "2:0"]);
  });

  it("lets those go on who stood behind one that was killed", () => {
    const since = machine.eventCount;
    const [reader, writer, late] = tasks;
    const kill: Operation = {
      name: "kill",
      call: () => {
        machine.rawExports.killTask(writer.handle);
        return 0;
      },
    };
    const programs = [
      { task: reader, body: program([holdMmap(reader, READ), kill, dropMmap(reader, READ)]) },
      { task: writer, body: program([munmap(writer, A)]) },
      { task: late, body: program([holdMmap(late, READ), dropMmap(late, READ)]) },
    ];
    const traces = runPrograms(machine, programs, { choose: inOrder([0, 1, 2, 0, 1, 2, 2]) });
    expect(traces[1]!.results).toEqual([{ operation: "munmap", result: -EINTR }]);
    expect(lockLog(since)).toEqual(["0:1", "2:1", "2:0", "0:0"]);
    expect(vma(reader, A)).toBeDefined();
  });

  it("is taken by a killed task where nobody has it", () => {
    tasks[0].kill();
    expect(tasks[0].unmap(A, PAGE)).toBe(0);
  });
});

describe("a VMA's lock", () => {
  const hold = (task: Task, at: number): number => readVma(task, at).call();
  const end = (task: Task, at: number): number => endVma(task, at).call();
  const writeLock = (task: Task, at: number): number =>
    machine.rawExports.writeLockVma(task.cpu, task.handle, at, 0);

  it("counts its readers", () => {
    const [one, two] = tasks;
    const counts = [vma(one, A).lockCount];
    for (const step of [
      () => hold(one, A),
      () => hold(two, A),
      () => end(one, A),
      () => end(two, A),
    ]) {
      expect(step()).toBe(0);
      counts.push(vma(one, A).lockCount);
    }
    expect(counts).toEqual([1, 2, 3, 2, 1]);
  });

  it("is not had where nothing is mapped", () => {
    expect(hold(tasks[0], A - PAGE)).toBe(-EAGAIN);
  });

  it("is had while somebody holds the mmap lock for writing, unless he locked this VMA", () => {
    const [writer, reader] = tasks;
    holdMmap(writer, WRITE).call();
    expect([writeLock(writer, A), hold(reader, A), hold(reader, B)]).toEqual([0, -EAGAIN, 0]);
    expect([vma(reader, A), vma(reader, B)]).toMatchObject([
      { lockCount: 1, writeLocked: true },
      { lockCount: 2, writeLocked: false },
    ]);
    end(reader, B);
    dropMmap(writer, WRITE).call();
    expect(vma(reader, A).writeLocked).toBe(false);
    expect([hold(reader, A), end(reader, A)]).toEqual([0, 0]);
  });

  it("is not had where the sequence numbers agree by chance", () => {
    const [task] = tasks;
    const record = machine.exports.vmaAt(task.handle, A, 0) >>> 0;
    const { words } = machine;
    const mm = words[(record + machine.constant("VMA_MM")) >>> 2]!;
    words[(mm + machine.constant("MM_LOCK_SEQ")) >>> 2] =
      words[(record + machine.constant("VMA_LOCK_SEQ")) >>> 2]!;
    expect(hold(task, A)).toBe(-EAGAIN);
    expect(task.uaccess.getUser(A, 4)).toMatchObject({ error: 0 });
  });

  it("keeps a writer waiting until its readers are gone; new ones are refused at once", () => {
    const [reader, writer, late] = tasks;
    const record = machine.exports.vmaAt(reader.handle, A, 0) >>> 0;
    const count = (): number => machine.words[(record + machine.constant("VMA_REFCOUNT")) >>> 2]!;
    const counts: number[] = [];
    const programs = [
      { task: reader, body: program([readVma(reader, A), endVma(reader, A)]) },
      { task: writer, body: program([munmap(writer, A)]) },
      { task: late, body: program([readVma(late, A), readVma(late, B), endVma(late, B)]) },
    ];
    const next = inOrder([0, 1, 2, 2, 2, 0, 1]);
    const traces = runPrograms(machine, programs, {
      switchEvery: 0,
      choose: (runnable, step) => {
        counts.push(count());
        return next(runnable, step);
      },
    });
    expect(traces.map(({ results }) => results.map(({ result }) => result))).toEqual([
      [0, 0],
      [0],
      [-EAGAIN, 0, 0],
    ]);
    expect(counts.slice(0, 7)).toEqual([
      1,
      2,
      ...Array.from({ length: 4 }, () => FLAG + 2),
      FLAG + 1,
    ]);
    expect(vma(reader, A)).toBeUndefined();
    expect(kindsOf(machine)).toEqual([]);
  });

  it("is never had by a reader and a writer at once, wherever the writer comes in", () => {
    const [reader, writer] = tasks;
    const record = machine.exports.vmaAt(reader.handle, A, 0) >>> 0;
    const word = (at: number): number => machine.words[at >>> 2]!;
    const mm = word(record + machine.constant("VMA_MM"));
    const isWriteLocked: Operation = {
      name: "look",
      call: () =>
        Number(
          word(record + machine.constant("VMA_LOCK_SEQ")) ===
            word(mm + machine.constant("MM_LOCK_SEQ")),
        ),
    };
    const writeLockA: Operation = {
      name: "write-lock",
      call: () => machine.rawExports.writeLockVma(writer.cpu, writer.handle, A, 0),
    };
    const results = new Set<string>();
    const before = machine.snapshot();
    for (let first = 0; first < 8; first++) {
      machine.restore(before);
      const body = (function* (): Program {
        const locked: number = yield readVma(reader, A);
        if (locked !== 0) return;
        yield isWriteLocked;
        yield endVma(reader, A);
      })();
      const programs = [
        { task: reader, body },
        {
          task: writer,
          body: program([holdMmap(writer, WRITE), writeLockA, dropMmap(writer, WRITE)]),
        },
      ];
      const order = [Array(first).fill(0), [1, 1], Array(9).fill(0)].flat() as number[];
      const traces = runPrograms(machine, programs, { choose: inOrder(order) });
      results.add(traces[0]!.results.map(({ result }) => result).join());
    }
    expect([...results].sort()).toEqual([`${-EAGAIN}`, "0,0,0"]);
  });

  it("is given up by a reader who finds that the record is another address space's by now", () => {
    const outcomes = new Set<string>();
    const before = machine.snapshot();
    for (let first = 0; first < 8; first++) {
      for (let second = 0; second < 12; second++) {
        machine.restore(before);
        outcomes.add(JSON.stringify(reuse(first, second)));
      }
    }
    expect([...outcomes].sort()).toEqual(
      [
        JSON.stringify({ reader: -EAGAIN, reused: false, left: [] }),
        JSON.stringify({ reader: -EAGAIN, reused: true, left: [] }),
        JSON.stringify({ reader: 0, reused: false, left: [] }),
      ].sort(),
    );
  });

  /**
   * A reader gets so many steps; then the VMA goes, another address space maps and unmaps one of its own with so many
   * steps, the reader comes to its end, and the other to its own.
   */
  function reuse(first: number, second: number): Record<string, unknown> {
    const [owner, taker] = tasks;
    const stranger = machine.createTask({ cpu: 3 });
    const onlooker = machine.createTask({ cpu: 4 });
    const record = machine.exports.vmaAt(owner.handle, A, 0) >>> 0;
    const whose = (): number => machine.words[(record + machine.constant("VMA_MM")) >>> 2]!;
    const own = whose();
    let reused = false;
    const exports = machine.rawExports;
    const bits = stranger.protectionBits("rw");
    const map: Operation = {
      name: "map",
      call: () => exports.mapMemory(3, stranger.handle, A, 0, PAGE, 0, bits, 0, 0, 1, 0),
    };
    const readAndEnd = function* (): Program {
      const locked: number = yield readVma(owner, A, onlooker);
      if (locked === 0) yield endVma(owner, A);
    };
    const programs = [
      { task: onlooker, body: readAndEnd() },
      { task: taker, body: program([munmap(taker, A)]) },
      { task: stranger, body: program([map, munmap(stranger, A)]) },
    ];
    const order = [Array(first).fill(0), Array(40).fill(1), Array(second).fill(2)].flat();
    const next = inOrder(order as number[]);
    const count = (): number => machine.words[(record + machine.constant("VMA_REFCOUNT")) >>> 2]!;
    const traces = runPrograms(machine, programs, {
      choose: (runnable, step) => {
        reused ||= whose() !== own && count() !== 0;
        return next(runnable, step);
      },
    });
    const left = [...kindsOf(machine), ...owner.vmas().filter(({ lockCount }) => lockCount !== 1)];
    for (const task of [stranger, onlooker]) task.exit();
    return { reader: traces[0]!.results[0]!.result, reused, left };
  }
});
