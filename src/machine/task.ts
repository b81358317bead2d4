import {
  byteArray,
  checkOptions,
  checkThat,
  flag,
  listOf,
  optional,
  orNull,
  whole,
  wholeNumber,
  type Shape,
} from "../base/checks.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import { halves, type Address } from "./address.ts";
import { placeArguments, setArguments, type ArgumentPlaces } from "./arguments.ts";
import { Handle } from "./handle.ts";
import type { Machine } from "./machine.ts";
import { sendSignal, type SignalOptions } from "./signal.ts";
import { TaskMemory } from "./taskMemory.ts";
import { unmapped } from "./unmapped.ts";
import { UserAccess } from "./userAccess.ts";

export interface TaskOptions {
  /** The CPU it runs on; null leaves it off every CPU. Default 0. */
  readonly cpu?: number | null;
  /** Word size of the program; default the kernel's. A 32-bit one passes only the low half of an address. */
  readonly wordBits?: 32 | 64;
  /** A task whose address space it shares. */
  readonly sharing?: Task;
  /** arm64, RISC-V: the program may pass tagged pointers. */
  readonly tagged?: boolean;
}

/** Tagged pointers need a CPU that ignores the tag. */
function requireTags(machine: Machine): void {
  const mask = machine.wideAt(
    machine.exports.profileAddress() + machine.constant("PROFILE_TAG_MASK"),
  );
  if (mask !== 2n ** 64n - 1n) return;
  throw new UsageError({
    argument: "tagged",
    problem: `is true on ${machine.arch}`,
    valid: "true on arm64 and RISC-V only",
  });
}

/** A user task: its life, its address space, and the kernel code that runs for it. */
export class Task extends TaskMemory {
  readonly #machine: Machine;
  readonly #handle: Handle;
  /** Every user-access primitive, run by this task's kernel code on its CPU. */
  readonly uaccess: UserAccess;
  readonly id: number;
  #cpu: number;

  private constructor(machine: Machine, handle: number, cpu: number) {
    super();
    this.#machine = machine;
    this.#handle = new Handle(machine, "task", handle);
    this.#cpu = cpu;
    this.id = this.#field("TASK_ID");
    this.uaccess = new UserAccess(this);
  }

  /** Made here: an object that inherits from a task, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is Task {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /** The CPU that runs its kernel code; see {@link runOn}. */
  get cpu(): number {
    return this.#cpu;
  }

  /** The machine it lives on. @throws UsageError once the task has ended or the machine was reset */
  get machine(): Machine {
    this.#handle.check();
    return this.#machine;
  }

  /** Linear address of its record in the core. @throws UsageError once the task has ended */
  get handle(): number {
    return this.#handle.address;
  }

  /** False once the task has ended, or is a zombie: then no mapping is left. */
  get hasAddressSpace(): boolean {
    return this.#handle.isLive && this.#field("TASK_MM") !== 0;
  }

  /** The record of a task that has an address space. @throws UsageError for a zombie */
  protected get living(): number {
    if (this.#field("TASK_MM") !== 0) return this.handle;
    throw new UsageError({ argument: "task", problem: "is a zombie", valid: "a live task" });
  }

  /** Its record, for use on a machine. @throws UsageError once the task has ended, or on another machine */
  handleOn(machine: Machine): number {
    return this.#handle.addressOn(machine);
  }

  static create(machine: Machine, options: TaskOptions): Task {
    checkOptions("options", options, taskOptions(machine.shape.cpus));
    const cpu = options.cpu ?? 0;
    const wordBytes = options.wordBits === undefined ? machine.wordBytes : options.wordBits / 8;
    if (options.tagged === true) requireTags(machine);
    const sibling = options.sharing === undefined ? 0 : options.sharing.handleOn(machine);
    const handle = machine.exports.newTask(sibling, wordBytes) >>> 0;
    if (handle === 0) {
      throw new FaultlineError("no-memory", "RAM is full: no task record or address space");
    }
    const task = new Task(machine, handle, cpu);
    if (options.tagged === true) task.setTagged(true);
    if (options.cpu !== null) task.runOn(cpu);
    return task;
  }

  /** The task of a handle, on a machine that another thread shares. @throws UsageError for a CPU the machine has not */
  static attach(machine: Machine, handle: number, cpu: number): Task {
    return new Task(machine, handle, machine.checkedCpu(cpu));
  }

  /** Puts the task on a CPU; what ran there is off it. */
  runOn(cpu: number): void {
    this.#cpu = this.machine.checkedCpu(cpu);
    this.machine.exports.runTask(this.cpu, this.handle);
  }

  #field(
    name:
      "TASK_MM" | "TASK_ID" | "TASK_OOPSED" | "TASK_BLOCKED_ON" | "TASK_WOKEN" | "TASK_WORD_BYTES",
  ): number {
    return this.machine.words[(this.handle + this.machine.constant(name)) >>> 2]!;
  }

  /** Bytes of a word of its program: 8, or 4. */
  get wordBytes(): number {
    return this.#field("TASK_WORD_BYTES");
  }

  /** The kernel code running for the task died in a bad access. */
  get oopsed(): boolean {
    return this.#field("TASK_OOPSED") !== 0;
  }

  /** The task sleeps in a system call. */
  get blocked(): boolean {
    return this.#field("TASK_BLOCKED_ON") !== 0;
  }

  /** The sleep is over: the task was woken, a signal came, or its time limit has passed. */
  get canResume(): boolean {
    const { machine } = this;
    if (!this.blocked) return false;
    if (this.#field("TASK_WOKEN") !== 0) return true;
    const wakeAt = machine.wideAt(this.handle + machine.constant("TASK_WAKE_AT"));
    return wakeAt !== 0n && machine.nanoseconds >= wakeAt;
  }

  /** Runs the second half of the system call the task sleeps in; its result, or BLOCKED when it sleeps again. */
  resume(): number {
    return this.machine.exports.resumeTask(this.cpu, this.handle);
  }

  /** The user's own protection-key denials: the AMR of the thread (book3s/64). */
  setProtectionKeys(amr: bigint): void {
    const { lo, hi } = halves(amr, "amr");
    this.machine.exports.setTaskKeys(this.handle, lo, hi);
  }

  /** RLIMIT_STACK of the task, in bytes. */
  setStackLimit(bytes: Address): void {
    const { lo, hi } = halves(bytes, "bytes");
    this.machine.exports.setStackLimit(this.handle, lo, hi);
  }

  /** setuid: who leaves root loses its capabilities, and its address space is no longer dumpable. */
  setUser(uid: number): void {
    const id = wholeNumber("uid", uid, 0, 2 ** 32 - 1);
    this.machine.exports.setTaskUser(this.living, id);
  }

  /**
   * arm64, RISC-V: from now on the program may pass tagged pointers, or may not. On RISC-V others who reach into its
   * address space may name a tagged address then; on arm64 they always may.
   * @throws UsageError on an architecture without tags
   */
  setTagged(tagged: boolean): void {
    flag("tagged", tagged);
    if (tagged) requireTags(this.machine);
    this.machine.exports.setTagged(this.living, tagged ? 1 : 0);
  }

  /** PR_SET_DUMPABLE. */
  setDumpable(value: 0 | 1): void {
    this.machine.exports.setDumpable(this.living, wholeNumber("value", value, 0, 1));
  }

  /** PR_SET_MM_MAP: where the program's arguments and environment stand. */
  setArguments(places: ArgumentPlaces): void {
    setArguments(this.machine, this.living, places);
  }

  /**
   * fork: a child with a copy of the address space, on no CPU yet.
   * @throws FaultlineError "no-memory" when RAM is full
   */
  fork(): Task {
    const { machine } = this;
    const handle = machine.exports.forkTask(this.cpu, this.living) >>> 0;
    if (handle === 0) throw new FaultlineError("no-memory", "RAM is full: no child");
    return new Task(machine, handle, this.cpu);
  }

  /**
   * exec: all mappings go; a stack with the arguments and the environment is what the new program starts with.
   * @throws FaultlineError "no-memory" when RAM is full
   */
  exec(argv: readonly Uint8Array[], env: readonly Uint8Array[]): void {
    listOf(byteArray)("argv", argv);
    listOf(byteArray)("env", env);
    if (this.machine.exports.execTask(this.cpu, this.living) !== 0) {
      throw new FaultlineError("no-memory", "RAM is full: no address space");
    }
    unmapped(this.machine);
    placeArguments(this, argv, env);
  }

  /**
   * A fatal signal is sent to the task: a wait of its for a lock ends, so does a transfer between two pages, and so does
   * its sleep in a futex call. Its program runs no more; `exit` ends it.
   */
  kill(): void {
    this.machine.core.rawExports.killTask(this.handle);
  }

  /**
   * A signal that the program lives on after. A task that sleeps in a futex call can go on: `resume` then answers −EINTR,
   * or the call is made again. Outside such a call the handler has run at once, and nothing is pending.
   */
  signal(options: SignalOptions = {}): void {
    sendSignal(this.machine, this.handle, options);
  }

  /**
   * The OOM reaper has come to the task's address space: what is private there is dropped, and an access that would need
   * a new private page is SIGBUS from now on (MMF_UNSTABLE).
   */
  oomReap(): void {
    this.machine.exports.reapMemory(this.cpu, this.living);
  }

  /** The task ends but for its record, as a zombie does: no mapping is left. `exit` reaps it. */
  die(): void {
    this.machine.exports.leaveZombie(this.cpu, this.living);
    unmapped(this.machine);
  }

  /**
   * Ends the task; its address space goes with its last task.
   * @throws UsageError the second time
   */
  exit(): void {
    this.machine.exports.endTask(this.cpu, this.handle);
    this.#handle.release("has ended");
    unmapped(this.#machine);
  }
}

export const madeTask = checkThat("a task from machine.createTask()", (value) => Task.isOne(value));

const taskOptions = (cpus: number): Shape<TaskOptions> => ({
  cpu: optional(orNull(whole(0, cpus - 1))),
  wordBits: optional(checkThat("32 or 64", (value) => value === 32 || value === 64)),
  sharing: optional(madeTask),
  tagged: optional(flag),
});
