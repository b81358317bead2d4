import { expect } from "vitest";
import {
  runPrograms,
  type KernelBuffer,
  type Machine,
  type Operation,
  type Program,
  type Snapshot,
  type Task,
} from "../../../src/index.ts";
import { audit } from "../../machine/frames.ts";
import { PAGE, kindsOf } from "../../machine/pool.ts";

/**
 * One CPU reads another process's memory, while a second one of that process changes what is mapped: every schedule of
 * the form "i steps of the reader, j steps of the other, the reader to its end, the other to its end".
 */

export const BASE = 0x10000000;
export const OLD = 0x11;
const NEW = 0x77;
const UNTOUCHED = 0xee;
const MOST = 4 * PAGE;
/** What fills a freed page. */
const POISON = 0x6b;
const WRITE = 2;

interface Run {
  readonly outcome: string;
  readonly steps: readonly [number, number];
}

/** The machine that a race needs. */
export const raceMachine = { build: "study", cpus: 3, memory: "8M" } as const;

/** A reader, and a target whose memory changes meanwhile. */
export class Race {
  readonly machine: Machine;
  readonly reader: Task;
  readonly target: Task;
  /** Shares the target's address space, on a CPU of its own. */
  readonly other: Task;
  readonly #buffer: KernelBuffer;

  constructor(machine: Machine) {
    this.machine = machine;
    this.reader = machine.createTask({ cpu: 0 });
    this.target = machine.createTask({ cpu: 1 });
    this.other = machine.createTask({ cpu: 2, sharing: this.target });
    this.#buffer = machine.allocKernel(MOST);
  }

  /** Pages of the target that hold a byte throughout, and are there. */
  filled(page: number, pages: number, byte = OLD): void {
    const length = pages * PAGE;
    this.target.map({ at: BASE + page * PAGE, length }).write(0, new Uint8Array(length).fill(byte));
  }

  read(offset: number, length: number): Operation {
    const exports = this.machine.rawExports;
    return {
      name: "read",
      call: () =>
        exports.accessProcessVm(
          this.reader.cpu,
          this.target.handle,
          BASE + offset,
          0,
          this.#buffer.linear,
          length,
          0,
        ),
    };
  }

  /** One mmap over pages of the target, of a file that holds NEW throughout: what was there is replaced at once. */
  replacing(page: number, pages: number): Operation {
    const file = this.machine.createFile(pages * PAGE);
    for (let index = 0; index < pages; index++) file.page(index).fill(NEW);
    const record = file.handleOn(this.machine);
    const flags = ["VM_MAYREAD", "VM_MAYWRITE", "VM_MAYEXEC"] as const;
    const bits = flags.reduce(
      (all, name) => all | this.machine.constant(name),
      this.other.protectionBits("rw"),
    );
    const at = BASE + page * PAGE;
    const exports = this.machine.rawExports;
    return {
      name: "mmap",
      call: () =>
        exports.mapMemory(
          this.other.cpu,
          this.other.handle,
          at,
          0,
          pages * PAGE,
          0,
          bits,
          record,
          0,
          1,
          0,
        ),
    };
  }

  touching(page: number, access: "ACCESS_READ" | "ACCESS_WRITE" = "ACCESS_READ"): Operation {
    const exports = this.machine.rawExports;
    const kind = this.machine.constant(access);
    const at = BASE + page * PAGE;
    return {
      name: "touch",
      call: () => exports.touchPage(this.other.cpu, this.other.handle, at, 0, kind),
    };
  }

  dropping(page: number, pages = 1): Operation {
    const exports = this.machine.rawExports;
    const advice = this.machine.constant("MADV_DONTNEED");
    const at = BASE + page * PAGE;
    return {
      name: "dontneed",
      call: () =>
        exports.adviseMemory(this.other.cpu, this.other.handle, at, 0, pages * PAGE, 0, advice),
    };
  }

  hold(task: Task): Operation {
    const exports = this.machine.rawExports;
    return { name: "hold", call: () => exports.holdMmapLock(task.cpu, task.handle, WRITE) };
  }

  drop(task: Task): Operation {
    const exports = this.machine.rawExports;
    return {
      name: "drop",
      call: () => {
        exports.dropMmapLock(task.cpu, task.handle, WRITE);
        return 0;
      },
    };
  }

  /** Forgets what was read. */
  clear(): void {
    this.#buffer.bytes.fill(UNTOUCHED);
  }

  /** What the reader got: how many bytes, and which values in turn. */
  got(moved: number): string {
    const values: number[] = [];
    for (const byte of this.#buffer.bytes.subarray(0, Math.max(moved, 0))) {
      if (byte !== values.at(-1)) values.push(byte);
    }
    const spilled = this.#buffer.bytes
      .subarray(Math.max(moved, 0))
      .some((byte) => byte !== UNTOUCHED);
    return `${moved}: ${values.map(nameOf).join(" ")}${spilled ? " spilled" : ""}`;
  }

  /** Both to their ends, after `before` steps of the reader and `between` of the other. */
  schedule(
    start: Snapshot,
    reads: Operation,
    changes: readonly Operation[],
    before: number,
    between: number,
  ): Run {
    this.machine.restore(start);
    this.clear();
    const steps: [number, number] = [0, 0];
    const programs = [
      { task: this.reader, body: program([reads]) },
      { task: this.other, body: program(changes) },
    ];
    const traces = runPrograms(this.machine, programs, {
      choose: (runnable) => {
        const wanted = steps[0] < before ? 0 : steps[1] < between ? 1 : 0;
        const chosen = runnable.includes(wanted) ? wanted : runnable[0]!;
        steps[chosen]! += 1;
        return chosen;
      },
    });
    expect(traces[1]!.results.filter(({ result }) => result < 0)).toEqual([]);
    return { outcome: this.got(traces[0]!.results[0]!.result), steps };
  }

  /** What all schedules come to. After each of them no lock is held, and no frame held or freed that should not be. */
  outcomes(reads: Operation, changes: readonly Operation[]): string[] {
    const start = this.machine.snapshot();
    const [most] = this.schedule(start, reads, changes, Infinity, 0).steps;
    const [, others] = this.schedule(start, reads, changes, 0, Infinity).steps;
    const seen = new Set<string>();
    for (let before = 0; before <= most; before++) {
      for (let between = 1; between <= others; between++) {
        seen.add(this.schedule(start, reads, changes, before, between).outcome);
        expect(this.target.vmas().filter(({ lockCount }) => lockCount !== 1)).toEqual([]);
        expect(kindsOf(this.machine)).toEqual([]);
        audit(this.machine);
      }
    }
    return [...seen].sort();
  }
}

export function* program(operations: readonly Operation[]): Program {
  for (const operation of operations) yield operation;
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
