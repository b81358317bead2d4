import { expect, test } from "vitest";
import { PcmStream, type Machine, type Snapshot, type Task } from "../../../src/index.ts";
import { kindsOf, machineOf } from "../../machine/pool.ts";
import fc from "../../support/properties.ts";

/** Random programs that open, map, copy and close PCM files, beside a model that only counts references. */

const AT = 0x4000_0000;
const PAGE = 4096;
const PAGES = 12;
const CPUS = 4;
const MOST_OPEN = 5;
/** S16 stereo: a ring of four pages, which may be mapped. */
const RING_PAGES = 4;
const ring = { access: 0, periodSize: 512, bufferSize: (RING_PAGES * PAGE) / 4 };
const areas = ["ring", "status", "control"] as const;
const ANONYMOUS = -1;

const kinds = [
  ...["open", "close", "map", "map", "unmap", "anonymous", "move"],
  ...["fork", "share", "exit", "exec", "snapshot", "restore"],
] as const;
/** Which file, task, page and so on: each command makes of the numbers what it needs. */
const command = fc.record({
  kind: fc.constantFrom(...kinds),
  who: fc.nat(CPUS - 1),
  which: fc.nat(31),
  page: fc.nat(PAGES - 1),
  count: fc.integer({ min: 1, max: RING_PAGES }),
  target: fc.nat(PAGES - 1),
});
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

/** Page by page whose it is: a file by its number, or ANONYMOUS. */
type Space = Map<number, number>;

interface Process {
  readonly task: Task;
  space: Space;
}

interface File {
  readonly stream: PcmStream;
  readonly owner: Process;
  isOpen: boolean;
}

interface Kept {
  readonly snapshot: Snapshot;
  readonly processes: readonly { process: Process; space: Space; pages: Space }[];
  readonly files: readonly { file: File; isOpen: boolean }[];
}

class Model {
  readonly machine: Machine;
  processes: Process[];
  files: File[] = [];
  kept: Kept | undefined;

  constructor(machine: Machine) {
    this.machine = machine;
    this.processes = [{ task: machine.createTask(), space: new Map() }];
  }

  make(call: Command): void {
    const process = this.processes[call.who % this.processes.length]!;
    process.task.runOn(this.processes.indexOf(process));
    const file = this.files[call.which % Math.max(this.files.length, 1)];
    const count = Math.min(call.count, PAGES - call.page);
    const range = [AT + call.page * PAGE, count * PAGE] as const;
    if (call.kind === "open") this.#open(process);
    else if (call.kind === "close" && file !== undefined) this.#close(file);
    else if (call.kind === "map" && file?.isOpen) this.#map(file, call, count);
    else if (call.kind === "unmap") {
      expect(process.task.unmap(...range)).toBe(0);
      put(process.space, call.page, count, undefined);
    } else if (call.kind === "anonymous") {
      process.task.map({ at: range[0], length: range[1] });
      put(process.space, call.page, count, ANONYMOUS);
    } else if (call.kind === "move") move(process, call);
    else if (call.kind === "exec") {
      process.task.exec([], []);
      process.space = new Map();
    } else if (call.kind === "snapshot") this.#keep();
    else if (call.kind === "restore" && this.kept !== undefined) this.#takeBack(this.kept);
    else this.#multiply(call.kind, process);
  }

  #open(owner: Process): void {
    if (this.files.filter(({ isOpen }) => isOpen).length >= MOST_OPEN) return;
    const stream = PcmStream.open(owner.task);
    expect(stream.configure(ring)).toBe(0);
    this.files.push({ stream, owner, isOpen: true });
  }

  #close(file: File): void {
    if (file.isOpen) file.stream.close();
    file.isOpen = false;
  }

  #map({ stream, owner }: File, { which, page, target }: Command, wanted: number): void {
    if (!this.processes.includes(owner)) return;
    owner.task.runOn(this.processes.indexOf(owner));
    const area = areas[target % areas.length]!;
    const count = area === "ring" ? wanted : 1;
    expect(stream.mmap(area, AT + page * PAGE, count * PAGE, "r")).toBe(0);
    put(owner.space, page, count, which % this.files.length);
  }

  #multiply(kind: Command["kind"], process: Process): void {
    const { task, space } = process;
    if (kind === "exit" && this.processes.length > 1) {
      this.processes = this.processes.filter((other) => other !== process);
      task.exit();
    }
    if (this.processes.length === CPUS) return;
    if (kind === "fork") this.processes.push({ task: task.fork(), space: new Map(space) });
    const sharing = { sharing: task, cpu: null };
    if (kind === "share") this.processes.push({ task: this.machine.createTask(sharing), space });
  }

  #keep(): void {
    this.kept = {
      snapshot: this.machine.snapshot(),
      processes: this.processes.map((process) => {
        return { process, space: process.space, pages: new Map(process.space) };
      }),
      files: this.files.map((file) => ({ file, isOpen: file.isOpen })),
    };
  }

  #takeBack({ snapshot, processes, files }: Kept): void {
    this.machine.restore(snapshot);
    this.processes = processes.map(({ process, space, pages }) => {
      space.clear();
      for (const [page, owner] of pages) space.set(page, owner);
      return Object.assign(process, { space });
    });
    this.files = files.map(({ file, isOpen }) => Object.assign(file, { isOpen }));
  }

  /** Each file is released that is closed and mapped nowhere, and none else. */
  check(): void {
    const mapped = new Set(this.processes.flatMap(({ space }) => [...space.values()]));
    const wanted = this.files.map(({ isOpen }, index) => !isOpen && !mapped.has(index));
    expect(this.files.map(({ stream }) => stream.isReleased)).toEqual(wanted);
    expect(kindsOf(this.machine)).toEqual([]);
  }

  end(): void {
    for (const file of this.files) this.#close(file);
    this.check();
    for (const { task } of this.processes) task.exit();
    expect(this.files.every(({ stream }) => stream.isReleased)).toBe(true);
  }
}

function put(space: Space, page: number, count: number, owner: number | undefined): void {
  for (let at = page; at < page + count; at++) {
    if (owner === undefined) space.delete(at);
    else space.set(at, owner);
  }
}

/** Holes between what moves stay where they are. */
function move({ task, space }: Process, { page, target, count: wanted }: Command): void {
  const count = Math.min(wanted, PAGES - page, PAGES - target);
  if (page < target + count && target < page + count) return;
  const to = { mayMove: true, fixed: true, newAddress: AT + target * PAGE };
  const moved = task.remap(AT + page * PAGE, count * PAGE, count * PAGE, to);
  if (typeof moved !== "bigint") return;
  for (let at = 0; at < count; at++) {
    const owner = space.get(page + at);
    if (owner === undefined) continue;
    space.set(target + at, owner);
    space.delete(page + at);
  }
}

test("a file is released with its last reference, and all its memory comes back", async () => {
  const programs = fc.array(command, { minLength: 10, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(programs, async (calls) => {
      const machine = await machineOf({ memory: "8M", cpus: CPUS });
      const before = machine.framesInUse;
      const model = new Model(machine);
      for (const call of calls) {
        model.make(call);
        model.check();
      }
      model.end();
      expect(machine.framesInUse).toBe(before);
    }),
    { numRuns: 200 },
  );
});
