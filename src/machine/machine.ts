import { checkThat, wholeNumber } from "../base/checks.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import { sizeText } from "../base/sizes.ts";
import { instantiateCore, loadModule, type Core } from "../core/core.ts";
import type { ConstantName } from "../core/exports.ts";
import { halves, type Address } from "./address.ts";
import { archConstant } from "./arch.ts";
import { CoreMemory } from "./coreMemory.ts";
import { counterTable, type CounterName, type Counters } from "./counters.ts";
import { eventTable, type EventKind, type MachineEvent } from "./events.ts";
import { UserFile, type FileBacking } from "./file.ts";
import { findingTable, type Finding } from "./findings.ts";
import { hugePagesOf, setHugePagesOf, type HugePages, type HugePageSize } from "./hugePages.ts";
import { KernelBuffer } from "./kernelBuffer.ts";
import { behavioursOf } from "./kernel.ts";
import { shapeOf, variantOf, type MachineOptions, type MachineShape } from "./options.ts";
import { remotePathNames, remotePaths, type RemotePath } from "./remotePath.ts";
import { restoreSnapshot, takeSnapshot, type Snapshot } from "./snapshot.ts";
import { Task, type TaskOptions } from "./task.ts";

/** The rarest that calls can be left: never in one that anybody waits for. */
export const MOST_SWITCHES = 2 ** 31 - 1;

/**
 * One emulated computer: CPUs, physical frames, page tables, a guard on user memory, and the kernel's bookkeeping, all
 * in one linear memory. Machines are independent of each other.
 */
export class Machine extends CoreMemory {
  /**
   * Makes a machine.
   * @throws UsageError for an option that cannot be used; FaultlineError "no-memory" where the host has not so much
   */
  static async create(options: MachineOptions = {}): Promise<Machine> {
    const shape = shapeOf(options);
    const core = instantiateCore(shape.build, await loadModule(shape.build, options.wasm));
    const machine = new Machine(core, shape);
    machine.#initialise();
    return machine;
  }

  /** Made here: an object that inherits from a machine, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is Machine {
    return typeof value === "object" && value !== null && #initialise in value;
  }

  /** Looks at a machine from another thread: the same shared memory, an instance of this thread's own. */
  static attach(core: Core, shape: MachineShape): Machine {
    return new Machine(core, shape);
  }

  /**
   * Empties the machine and brings it up anew, perhaps as another architecture or kernel: cheaper than a new one,
   * because memory that was touched once stays. Handles from before are no longer good.
   */
  reset(options: Pick<MachineOptions, "arch" | "kernel"> = {}): Machine {
    const machine = new Machine(this.core, variantOf(this.shape, options));
    machine.#initialise();
    return machine;
  }

  #initialise(): void {
    const { arch, kernel, ramBytes, cpus, tlbEntries } = this.shape;
    this.takeOver();
    const behaviour = behavioursOf(kernel.version, arch).reduce(
      (bits, name) => bits | this.constant(name),
      0,
    );
    const result = this.exports.initMachine(
      this.constant(archConstant(arch)),
      behaviour,
      ramBytes,
      cpus,
      tlbEntries,
    );
    if (result !== 0) {
      throw new FaultlineError(
        "no-memory",
        `a machine with ${sizeText(ramBytes)} of RAM, ${cpus} CPUs and ${tlbEntries} TLB entries does not fit into this host's memory`,
      );
    }
    this.refreshViews();
  }

  /** Study: every k-th yield point of a call is really left and taken up again; 0 = none. Other builds have none. */
  get switchEvery(): number {
    return this.header("HEADER_YIELD_EVERY");
  }

  set switchEvery(every: number) {
    this.setHeader("HEADER_YIELD_EVERY", wholeNumber("switchEvery", every, 0, MOST_SWITCHES));
  }

  /** How this kernel reads and writes another task's memory; "slow" at first. */
  get remotePath(): RemotePath {
    const number = this.header("HEADER_REMOTE_PATH");
    return remotePaths.find(({ constant }) => this.constant(constant) === number)!.name;
  }

  set remotePath(path: RemotePath) {
    const name = oneOf("remotePath", path, remotePathNames);
    const { constant } = remotePaths.find((row) => row.name === name)!;
    this.setHeader("HEADER_REMOTE_PATH", this.constant(constant));
  }

  advanceClock(nanoseconds: Address): void {
    const { lo, hi } = halves(nanoseconds, "nanoseconds");
    this.exports.pcmAdvanceClock(lo, hi);
  }

  /** Moves the clock to the first time limit of a sleeping task; false when none has one. */
  advanceToNextTimeout(): boolean {
    let first = 0n;
    for (
      let task = this.header("HEADER_TASKS");
      task !== 0;
      task = this.words[(task + this.constant("TASK_NEXT")) >>> 2]!
    ) {
      const wakeAt = this.wideAt(task + this.constant("TASK_WAKE_AT"));
      if (wakeAt > this.nanoseconds && (first === 0n || wakeAt < first)) first = wakeAt;
    }
    if (first !== 0n) this.advanceClock(first - this.nanoseconds);
    return first !== 0n;
  }

  /** A new task with an address space of its own, or sharing one. @throws FaultlineError "no-memory" */
  createTask(options: TaskOptions = {}): Task {
    return Task.create(this, options);
  }

  /** A zeroed kernel buffer; copies into and out of user memory are checked against its size. */
  allocKernel(bytes: number): KernelBuffer {
    return KernelBuffer.alloc(this, bytes);
  }

  /**
   * A file-like object that mappings can be backed by; accesses to pages past `size` are SIGBUS.
   * @param backing default "memfd", with pages of 1 GiB "dax"
   */
  createFile(
    size: Address,
    pageSize: "4K" | "2M" | "1G" = "4K",
    backing: FileBacking = pageSize === "1G" ? "dax" : "memfd",
  ): UserFile {
    return UserFile.create(this, size, pageSize, backing);
  }

  /**
   * nr_hugepages: how many pages are kept for MAP_HUGETLB. Answers how many they are then: fewer where RAM is full, more
   * where they are in use or promised.
   */
  setHugePages(size: HugePageSize, count: number): number {
    return setHugePagesOf(this, size, count);
  }

  /** The pool of huge pages of a size. */
  hugePages(size: HugePageSize): HugePages {
    return hugePagesOf(this, size);
  }

  /** What one CPU, or all of them together, have counted. Only the study build counts. */
  counters(cpu?: number): Counters {
    this.#needStudy("counters");
    const cpus = this.#cpusOf(cpu);
    const counts = {} as Record<CounterName, number>;
    for (const { name, constant } of counterTable) {
      counts[name] = cpus.reduce(
        (sum, index) => sum + this.#counter(index, this.constant(constant)),
        0,
      );
    }
    return counts;
  }

  #cpusOf(cpu: number | undefined): number[] {
    return cpu === undefined
      ? Array.from({ length: this.shape.cpus }, (_, index) => index)
      : [this.checkedCpu(cpu)];
  }

  #counter(cpu: number, slot: number): number {
    const base = this.header("HEADER_COUNTERS") + (cpu * this.constant("COUNTER_SLOTS") + slot) * 8;
    return Number(this.wideAt(base));
  }

  /** What happened since `since` (a sequence number), oldest first. The ring keeps the last few thousand. */
  events(since = 0): MachineEvent[] {
    this.#needStudy("events");
    wholeNumber("since", since, 0, Number.MAX_SAFE_INTEGER);
    const total = this.header("HEADER_EVENT_COUNT");
    const first = Math.max(since, total - this.constant("EVENT_SLOTS"));
    const kinds = new Map<number, EventKind>(
      eventTable.map((row) => [this.constant(row.constant), row.kind]),
    );
    return Array.from({ length: Math.max(0, total - first) }, (_, index) =>
      this.#event(first + index, kinds),
    );
  }

  /** The sequence number that the next event will have. */
  get eventCount(): number {
    return this.header("HEADER_EVENT_COUNT");
  }

  #event(sequence: number, kinds: ReadonlyMap<number, EventKind>): MachineEvent {
    const slot = sequence % this.constant("EVENT_SLOTS");
    const at = this.header("HEADER_EVENTS") + slot * this.constant("EVENT_BYTES");
    const word = (offset: number): number => this.words[(at + offset) >>> 2]!;
    return {
      kind: kinds.get(word(this.constant("EVENT_KIND")))!,
      sequence,
      cpu: word(this.constant("EVENT_CPU")),
      address: this.wideAt(at + this.constant("EVENT_VA")),
      detail: word(this.constant("EVENT_DETAIL")),
      flag: word(this.constant("EVENT_FLAG")),
    };
  }

  #needStudy(what: string): void {
    if (this.shape.build === "study") return;
    throw new UsageError({
      argument: what,
      problem: `are not kept by the ${this.shape.build} build`,
      valid: 'a machine with build "study"',
    });
  }

  /** What the modelled kernel code did wrong so far, oldest first (the last 64). */
  findings(): Finding[] {
    const total = this.header("HEADER_FINDING_COUNT");
    const slots = this.constant("FINDING_SLOTS");
    const first = Math.max(0, total - slots);
    return Array.from({ length: total - first }, (_, index) =>
      this.#finding((first + index) % slots),
    );
  }

  #finding(slot: number): Finding {
    const at = this.constant("FINDINGS") + slot * this.constant("FINDING_BYTES");
    const word = (field: ConstantName): number => this.words[(at + this.constant(field)) >>> 2]!;
    const kind = word("FINDING_KIND");
    const row = findingTable.find((candidate) => this.constant(candidate.constant) === kind)!;
    const task = word("FINDING_TASK");
    return {
      kind: row.kind,
      meaning: row.meaning,
      cpu: word("FINDING_CPU"),
      task: task === 0 ? 0 : this.words[(task + this.constant("TASK_ID")) >>> 2]!,
      address: this.wideAt(at + this.constant("FINDING_VA")),
      detail: word("FINDING_DETAIL"),
    };
  }

  /** Frames that something holds: equal before and after whatever leaves nothing behind. */
  get framesInUse(): number {
    return this.header("HEADER_FRAMES_IN_USE");
  }

  /** The whole machine as it stands, in one copy. */
  snapshot(): Snapshot {
    return takeSnapshot(this);
  }

  /** Puts a snapshot of this machine back. @throws UsageError for one of another shape */
  restore(snapshot: Snapshot): void {
    restoreSnapshot(this, snapshot);
  }
}

export const madeMachine = checkThat("a machine from Machine.create()", (value) =>
  Machine.isOne(value),
);
