import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  Machine,
  remotePathNames,
  runPrograms,
  type KernelBuffer,
  type Operation,
  type Program,
  type RemotePath,
  type Snapshot,
  type Task,
} from "../../../src/index.ts";
import { audit } from "../../machine/frames.ts";
import { PAGE, kindsOf, machineOf } from "../../machine/pool.ts";
import { mutantCore } from "../../support/mutant.ts";

/**
 * One CPU reads another process's memory, while a second one of that process changes what is mapped: every schedule of
 * the form "i steps of the reader, j steps of the other, the reader to its end, the other to its end".
 */

const BASE = 0x10000000;
const OLD = 0x11;
const NEW = 0x77;
const UNTOUCHED = 0xee;
const MOST = 4 * PAGE;
/** What fills a freed page. */
const POISON = 0x6b;
const WRITE = 2;

let machine: Machine;
let reader: Task;
let target: Task;
/** Shares the target's address space, on a CPU of its own. */
let other: Task;
let buffer: KernelBuffer;

beforeEach(async () => {
  prepare(await machineOf({ build: "study", cpus: 3, memory: "8M" }));
});

function prepare(on: Machine): void {
  machine = on;
  reader = machine.createTask({ cpu: 0 });
  target = machine.createTask({ cpu: 1 });
  other = machine.createTask({ cpu: 2, sharing: target });
  buffer = machine.allocKernel(MOST);
}

/** Pages of the target that hold a byte throughout, and are there. */
function filled(page: number, pages: number, byte = OLD): void {
  const length = pages * PAGE;
  target.map({ at: BASE + page * PAGE, length }).write(0, new Uint8Array(length).fill(byte));
}

function read(offset: number, length: number): Operation {
  const exports = machine.rawExports;
  return {
    name: "read",
    call: () =>
      exports.accessProcessVm(
        reader.cpu,
        target.handle,
        BASE + offset,
        0,
        buffer.linear,
        length,
        0,
      ),
  };
}

/** One mmap over pages of the target, of a file that holds NEW throughout: what was there is replaced at once. */
function replacing(page: number, pages: number): Operation {
  const file = machine.createFile(pages * PAGE);
  for (let index = 0; index < pages; index++) file.page(index).fill(NEW);
  const record = file.handleOn(machine);
  const flags = ["VM_MAYREAD", "VM_MAYWRITE", "VM_MAYEXEC"] as const;
  const bits = flags.reduce(
    (all, name) => all | machine.constant(name),
    other.protectionBits("rw"),
  );
  const at = BASE + page * PAGE;
  const exports = machine.rawExports;
  return {
    name: "mmap",
    call: () =>
      exports.mapMemory(other.cpu, other.handle, at, 0, pages * PAGE, 0, bits, record, 0, 1, 0),
  };
}

function touching(page: number, access: "ACCESS_READ" | "ACCESS_WRITE" = "ACCESS_READ"): Operation {
  const exports = machine.rawExports;
  const kind = machine.constant(access);
  const at = BASE + page * PAGE;
  return { name: "touch", call: () => exports.touchPage(other.cpu, other.handle, at, 0, kind) };
}

function dropping(page: number, pages = 1): Operation {
  const exports = machine.rawExports;
  const advice = machine.constant("MADV_DONTNEED");
  const at = BASE + page * PAGE;
  return {
    name: "dontneed",
    call: () => exports.adviseMemory(other.cpu, other.handle, at, 0, pages * PAGE, 0, advice),
  };
}

function hold(task: Task): Operation {
  const exports = machine.rawExports;
  return { name: "hold", call: () => exports.holdMmapLock(task.cpu, task.handle, WRITE) };
}

function drop(task: Task): Operation {
  const exports = machine.rawExports;
  return {
    name: "drop",
    call: () => {
      exports.dropMmapLock(task.cpu, task.handle, WRITE);
      return 0;
    },
  };
}

function* program(operations: readonly Operation[]): Program {
  for (const operation of operations) yield operation;
}

/** What the reader got: how many bytes, and which values in turn. */
function got(moved: number): string {
  const values: number[] = [];
  for (const byte of buffer.bytes.subarray(0, Math.max(moved, 0))) {
    if (byte !== values.at(-1)) values.push(byte);
  }
  const spilled = buffer.bytes.subarray(Math.max(moved, 0)).some((byte) => byte !== UNTOUCHED);
  return `${moved}: ${values.map(nameOf).join(" ")}${spilled ? " spilled" : ""}`;
}

function nameOf(byte: number): string {
  const names: Readonly<Record<number, string>> = {
    0: "zeros",
    [OLD]: "old",
    [NEW]: "new",
    [POISON]: "freed",
  };
  return names[byte] ?? `${byte}`;
}

interface Run {
  readonly outcome: string;
  readonly steps: readonly [number, number];
}

function schedule(
  start: Snapshot,
  reads: Operation,
  changes: readonly Operation[],
  before: number,
  between: number,
): Run {
  machine.restore(start);
  buffer.bytes.fill(UNTOUCHED);
  const steps: [number, number] = [0, 0];
  const programs = [
    { task: reader, body: program([reads]) },
    { task: other, body: program(changes) },
  ];
  const traces = runPrograms(machine, programs, {
    choose: (runnable) => {
      const wanted = steps[0] < before ? 0 : steps[1] < between ? 1 : 0;
      const chosen = runnable.includes(wanted) ? wanted : runnable[0]!;
      steps[chosen]! += 1;
      return chosen;
    },
  });
  expect(traces[1]!.results.filter(({ result }) => result < 0)).toEqual([]);
  return { outcome: got(traces[0]!.results[0]!.result), steps };
}

/** What all schedules come to. After each of them no lock is held, and no frame held or freed that should not be. */
function outcomes(reads: Operation, changes: readonly Operation[]): string[] {
  const start = machine.snapshot();
  const [most] = schedule(start, reads, changes, Infinity, 0).steps;
  const [, others] = schedule(start, reads, changes, 0, Infinity).steps;
  const seen = new Set<string>();
  for (let before = 0; before <= most; before++) {
    for (let between = 1; between <= others; between++) {
      seen.add(schedule(start, reads, changes, before, between).outcome);
      expect(target.vmas().filter(({ lockCount }) => lockCount !== 1)).toEqual([]);
      expect(kindsOf(machine)).toEqual([]);
      audit(machine);
    }
  }
  return [...seen].sort();
}

describe.each(remotePathNames)("%s", (path) => {
  beforeEach(() => {
    machine.remotePath = path;
  });

  const isFirst = path === "fast-v1";
  const needsMmapLock = path === "slow";

  describe("a reader that meets a writer", () => {
    /** Whether the read comes to its end while the mmap lock is held for writing; then it is let go. */
    function endsBefore(reads: Operation, held: readonly Operation[]): boolean {
      const order: string[] = [];
      const noted = (operation: Operation): Operation => ({
        name: operation.name,
        call: () => {
          order.push(operation.name);
          return operation.call();
        },
      });
      const ended: Operation = { name: "read done", call: () => 0 };
      const programs = [
        { task: reader, body: program([reads, noted(ended)]) },
        { task: other, body: program([...held, noted(drop(other))]) },
      ];
      buffer.bytes.fill(UNTOUCHED);
      runPrograms(machine, programs, {
        choose: (runnable, step) => {
          const wanted = step < held.length ? 1 : 0;
          return runnable.includes(wanted) ? wanted : runnable[0]!;
        },
        switchEvery: 0,
      });
      expect(got(8)).toBe("8: old");
      expect(kindsOf(machine)).toEqual([]);
      return order[0] === "read done";
    }

    test("who holds the mmap lock alone: only the slow path waits", () => {
      filled(0, 1);
      expect(endsBefore(read(0, 8), [hold(other)])).toBe(!needsMmapLock);
    });

    test("who has locked the area too: every path waits", () => {
      filled(0, 1);
      const exports = machine.rawExports;
      const lock: Operation = {
        name: "lock",
        call: () => exports.writeLockVma(other.cpu, other.handle, BASE, 0),
      };
      expect(endsBefore(read(0, 8), [hold(other), lock])).toBe(false);
    });
  });

  describe("two areas that one call replaces", () => {
    beforeEach(() => {
      filled(0, 2);
      target.protect(BASE + PAGE, PAGE, "r");
      expect(target.vmas()).toHaveLength(2);
    });
    const mixed = isFirst ? ["32: old new"] : [];

    test("are read as they were or as they are, by version 1 also as they never were", () => {
      const changes = [replacing(0, 2), touching(0), touching(1)];
      expect(outcomes(read(PAGE - 16, 32), changes)).toEqual(
        ["32: new", "32: old", ...mixed].sort(),
      );
    });

    test("with the second one absent, which version 1 reads by the slow path behind the old first", () => {
      const changes = [replacing(0, 2)];
      expect(outcomes(read(PAGE - 16, 32), changes)).toEqual(
        ["32: new", "32: old", ...mixed].sort(),
      );
    });
  });

  test("one area, resident page first: who hands over to the slow path may read both layouts", () => {
    filled(0, 1);
    target.map({ at: BASE + PAGE, length: PAGE });
    target.protect(BASE + PAGE, PAGE, "rw");
    const mixed = path === "fast-v1" || path === "fast-v2" ? ["32: old new"] : [];
    expect(outcomes(read(PAGE - 16, 32), [replacing(0, 2)])).toEqual(
      ["32: new", "32: old zeros", ...mixed].sort(),
    );
  });

  test("a page that is dropped while it is copied: its bytes, or zeros", () => {
    filled(0, 1);
    target.map({ at: BASE + 4 * PAGE, length: PAGE });
    const changes = [dropping(0), touching(4, "ACCESS_WRITE")];
    expect(outcomes(read(8, 16), changes)).toEqual(["16: old", "16: zeros"]);
  });

  test("a page table that goes during the walk, and its frame into use again: never what is stale", () => {
    filled(0, 1);
    target.map({ at: BASE + 512 * PAGE, length: PAGE });
    const changes = [dropping(0), touching(512, "ACCESS_WRITE"), touching(0, "ACCESS_WRITE")];
    expect(outcomes(read(8, 16), changes)).toEqual(["16: old", "16: zeros"]);
  });

  test("a leaf of 2 MiB that is split while it is read over its end", () => {
    const leaf = 512;
    const area = target.map({ at: BASE, length: leaf * PAGE, pageSize: "2M" });
    area.write(0, new Uint8Array(leaf * PAGE).fill(OLD));
    filled(leaf, 1);
    expect(target.entryOf(BASE).level).toBe(2);
    const across = read(leaf * PAGE - 16, 32);
    expect(outcomes(across, [dropping(0)])).toEqual(["32: old"]);
    expect(outcomes(across, [dropping(leaf - 1)])).toEqual(["32: old", "32: zeros old"]);
  });

  test("an area that is unmapped: all, or nothing", () => {
    filled(0, 1);
    const exports = machine.rawExports;
    const munmap: Operation = {
      name: "munmap",
      call: () => exports.unmapMemory(other.cpu, other.handle, BASE, 0, PAGE, 0),
    };
    expect(outcomes(read(8, 16), [munmap])).toEqual(["0: ", "16: old"]);
  });

  test("an area that loses its right: all, or nothing", () => {
    filled(0, 1);
    const exports = machine.rawExports;
    const mprotect: Operation = {
      name: "mprotect",
      call: () => exports.protectMemory(other.cpu, other.handle, BASE, 0, PAGE, 0, 0),
    };
    expect(outcomes(read(8, 16), [mprotect])).toEqual(["0: ", "16: old"]);
  });

  test("a copy on write during the copy: the reader's reference forces one, and it reads the old page", () => {
    filled(0, 1);
    target.fork().exit();
    const places = new Set<bigint>();
    const before = frame();
    const start = machine.snapshot();
    for (let steps = 0; steps < 12; steps++) {
      const { outcome } = schedule(start, read(8, 16), [touching(0, "ACCESS_WRITE")], steps, 9);
      expect(outcome).toBe("16: old");
      places.add(frame());
    }
    expect(places.has(before)).toBe(true); // alone, its owner takes the page over
    expect(places.size).toBe(path === "fast-v1" || path === "fast-v2" ? 2 : 1);

    function frame(): bigint {
      return target.pageState(BASE).entry >> 12n;
    }
  });

  /** Bytes that are had before the path has to wait for the mmap lock. */
  const first: Readonly<Record<RemotePath, number>> = {
    slow: 0,
    "fast-v1": PAGE,
    "fast-v2": PAGE,
    "fast-v3-sketch": 0,
  };

  test.each([
    ["before any byte", 1],
    ["behind a resident page", 0],
  ] as const)("killed while it waits, %s: what it has", (_, page) => {
    filled(0, 1);
    target.map({ at: BASE + PAGE, length: 2 * PAGE });
    buffer.bytes.fill(UNTOUCHED);
    const exports = machine.rawExports;
    const kill: Operation = {
      name: "kill",
      call: () => {
        exports.killTask(reader.handle);
        return 0;
      },
    };
    // the sketch would fault within one area without that lock
    if (path === "fast-v3-sketch") target.protect(BASE + PAGE, PAGE, "r");
    const programs = [
      { task: other, body: program([hold(other), kill, drop(other)]) },
      { task: reader, body: program([read(page * PAGE, 2 * PAGE)]) },
    ];
    const order = [0, 1, 0, 1];
    const traces = runPrograms(machine, programs, {
      switchEvery: 0,
      choose: (runnable, step) => {
        const wanted = order[step] ?? 1;
        return runnable.includes(wanted) ? wanted : runnable[0]!;
      },
    });
    expect(traces[1]!.results[0]!.result).toBe(page === 0 ? first[path] : 0);
    expect(got(first[path] * (1 - page))).not.toContain("spilled");
  });
});

describe("a mistake in a path is found by these schedules:", () => {
  const mutants = [
    {
      name: "no reference",
      mutations: [
        {
          file: "remote/resident.ts",
          find: "  takeReference(pteFrame(entry));\n  folioWalkEnd(cpu, mm);",
          replace: "  folioWalkEnd(cpu, mm);",
        },
        {
          file: "remote/resident.ts",
          find: "  dropReference(pfn);\n  tallyFast(cpu, va, length);",
          replace: "  tallyFast(cpu, va, length);",
        },
      ],
    },
    {
      name: "no second look under the lock",
      mutations: [
        {
          file: "mm/folioWalk.ts",
          find: "    const entry = walkTo(mm.root, va, walk);\n",
          replace: "    const entry = seen;\n",
        },
      ],
    },
  ] as const;

  describe.each(mutants)("$name", ({ mutations }) => {
    let broken: Machine;

    beforeAll(async () => {
      const wasm = await mutantCore("study", mutations);
      broken = await Machine.create({ build: "study", cpus: 3, memory: "8M", wasm });
    });

    test.each(["fast-v1", "fast-v2"] as const)("%s reads a freed page", (path) => {
      prepare(broken.reset());
      machine.remotePath = path;
      filled(0, 1);
      const start = machine.snapshot();
      const seen = new Set<string>();
      for (let before = 0; before < 12; before++) {
        seen.add(schedule(start, read(8, 16), [dropping(0)], before, Infinity).outcome);
      }
      expect(seen).toContain("16: freed");
    });
  });
});

describe("/proc/PID/mem", () => {
  test("pread and preadv leave the file's position alone, also while they run", () => {
    filled(0, 3);
    const exports = machine.rawExports;
    expect(exports.openMemFile(reader.cpu, target.handle)).toBe(0);
    const file = machine.exports.readValueLow(reader.cpu) >>> 0;
    const word = (file + machine.constant("MEM_FILE_POSITION")) >>> 2;
    machine.words[word] = 4711;
    const own = 0x20000000;
    const list = reader.map({ at: own, length: 4 * PAGE, populate: true });
    list.write(
      3 * PAGE,
      new Uint8Array(new BigUint64Array([BigInt(own), BigInt(3 * PAGE)]).buffer),
    );
    const calls: readonly Operation[] = [
      {
        name: "pread",
        call: () => exports.memMoveAt(reader.cpu, file, own, 0, 3 * PAGE, 0, BASE, 0, 0),
      },
      {
        name: "preadv",
        call: () => exports.memMoveList(reader.cpu, file, own + 3 * PAGE, 0, 1, BASE, 0, 0),
      },
    ];
    const positions = new Set<number>();
    let steps = 0;
    const traces = runPrograms(machine, [{ task: reader, body: program(calls) }], {
      choose: (runnable) => {
        steps += 1;
        positions.add(machine.words[word]!);
        return runnable[0]!;
      },
    });
    expect(traces[0]!.results.map(({ result }) => result)).toEqual([3 * PAGE, 3 * PAGE]);
    expect([[...positions], machine.words[word]]).toEqual([[4711], 4711]);
    expect(steps).toBeGreaterThan(10);
    exports.closeMemFile(file);
  });
});
