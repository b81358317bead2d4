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
import { oneOf } from "../base/nearest.ts";
import {
  adviceConstants,
  adviceNames,
  specialConstants,
  specialNames,
  type Advice,
  type SpecialMapping,
} from "./advice.ts";
import { placeArguments, setArguments, type ArgumentPlaces } from "./arguments.ts";
import { UserAccess } from "./userAccess.ts";
import { anyAddress, halves, type Address } from "./address.ts";
import type { Machine } from "./machine.ts";
import { mapDeviceOf, type DeviceMapOptions } from "./deviceMapping.ts";
import {
  fixupFaultOf,
  touchConstant,
  type FixupAnswer,
  type FixupOptions,
  type Touch,
} from "./fixupFault.ts";
import { Handle } from "./handle.ts";
import { inspectPage, inspectVmas, type PageState, type VmaView } from "./inspect.ts";
import {
  checkHugetlb,
  mapOptions,
  mapRequest,
  protectionLetters,
  type MapOptions,
} from "./mapOptions.ts";
import { Mapping } from "./mapping.ts";
import { levelOf, type PageSize } from "./pageSize.ts";
import { remapOf, type RemapOptions } from "./remap.ts";
import { sendSignal, type SignalOptions } from "./signal.ts";

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

const letterBits = { r: "VM_READ", w: "VM_WRITE", x: "VM_EXEC" } as const;

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

/** A user task: its address space, and the kernel code that runs for it. */
export class Task {
  readonly #machine: Machine;
  readonly #handle: Handle;
  /** Every user-access primitive, run by this task's kernel code on its CPU. */
  readonly uaccess: UserAccess;
  readonly id: number;
  #cpu: number;

  private constructor(machine: Machine, handle: number, cpu: number) {
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
  get #living(): number {
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

  /**
   * Maps a range, replacing what was there. Nothing is present until it is touched, unless `populate` is given.
   * @throws UsageError for options that no mmap could mean, an unaligned place and no bytes among them; FaultlineError
   *   "mmap-failed" with the errno for what the modelled kernel refuses: a range that the program cannot have, RAM full
   */
  map(options: MapOptions): Mapping {
    checkOptions("options", options, mapOptions);
    checkHugetlb(options);
    mapRequest(this.#caller, {
      at: options.at,
      length: options.length,
      flags: this.#vmaFlags(options),
      file: options.file === undefined ? 0 : options.file.handleOn(this.machine),
      filePage: options.filePage,
      level: this.#leafLevel(options.pageSize ?? (options.hugetlb === true ? "2M" : "4K")),
      protectionKey: options.protectionKey,
    });
    const mapping = new Mapping(this, BigInt(options.at), Number(BigInt(options.length)));
    if (options.populate === true && options.file?.isSecret !== true) mapping.populate();
    return mapping;
  }

  /** Who asks for what its machine does with its address space. */
  get #caller() {
    return {
      machine: this.machine,
      cpu: this.cpu,
      handle: this.#living,
      protectionBits: (letters: string) => this.protectionBits(letters),
    };
  }

  /** Maps memory of a device, as a driver's own mmap does: new memory, all zeros. @throws as {@link map} */
  mapDevice(options: DeviceMapOptions): Mapping {
    mapDeviceOf(this.#caller, options);
    return new Mapping(this, BigInt(options.at), Number(BigInt(options.length)));
  }

  /** 32-bit tables have no larger leaves. */
  #leafLevel(pageSize: PageSize): number {
    const levels =
      this.machine.words[
        (this.machine.exports.profileAddress() + this.machine.constant("PROFILE_LEVELS")) >>> 2
      ]!;
    if (levels > 2 || pageSize === "4K") return levelOf(pageSize);
    throw new UsageError({
      argument: "pageSize",
      problem: `is ${pageSize} on ${this.machine.arch}`,
      valid: "4K (32-bit tables have one size)",
    });
  }

  #vmaFlags(options: MapOptions): number {
    const { machine } = this;
    const may = ["VM_MAYREAD", "VM_MAYWRITE", "VM_MAYEXEC"] as const;
    let flags =
      this.protectionBits(options.protection ?? "rw") |
      may.reduce((bits, name) => bits | machine.constant(name), 0);
    if (options.shared === true) {
      flags |= machine.constant("VM_SHARED") | machine.constant("VM_MAYSHARE");
    }
    if (options.hugetlb === true) flags |= machine.constant("VM_HUGETLB");
    if (options.growsDown === true) flags |= machine.constant("VM_GROWSDOWN");
    return flags;
  }

  /** VM_READ | VM_WRITE | VM_EXEC for letters such as "rw". @throws UsageError for other letters */
  protectionBits(protection: string): number {
    protectionLetters("protection", protection);
    if (protection === "none") return 0;
    let bits = 0;
    for (const letter of protection) {
      bits |= this.machine.constant(letterBits[letter as keyof typeof letterBits]);
    }
    return bits;
  }

  /** The lowest page-aligned place from `from` on where `length` bytes are not mapped. */
  freeRange(from: Address, length: number): bigint {
    anyAddress("from", from);
    anyAddress("length", length);
    let start = BigInt(from);
    for (const vma of this.vmas()) {
      if (vma.end <= start) continue;
      if (vma.start >= start + BigInt(length)) break;
      start = vma.end;
    }
    return start;
  }

  /** A range as the core takes it: address and length, each as low and high half. */
  #range(at: Address, length: Address): [number, number, number, number] {
    const start = this.machine.word(at, "at");
    const bytes = this.machine.word(length, "length");
    return [start.lo, start.hi, bytes.lo, bytes.hi];
  }

  /** munmap: 0 or −errno. */
  unmap(at: Address, length: Address): number {
    return this.machine.exports.unmapMemory(this.cpu, this.#living, ...this.#range(at, length));
  }

  /** mprotect: 0 or −errno. */
  protect(at: Address, length: Address, protection: string): number {
    const access = this.protectionBits(protection);
    const { exports } = this.machine;
    return exports.protectMemory(this.cpu, this.#living, ...this.#range(at, length), access);
  }

  /** madvise: 0 or −errno. */
  advise(at: Address, length: Address, advice: Advice): number {
    const { machine } = this;
    const value = machine.constant(adviceConstants[oneOf("advice", advice, adviceNames)]);
    return machine.exports.adviseMemory(this.cpu, this.#living, ...this.#range(at, length), value);
  }

  /** mlock2 without flags: locks a range and makes its pages present. 0 or −errno. */
  lockMemory(at: Address, length: Address): number {
    return this.machine.exports.lockMemory(this.cpu, this.#living, ...this.#range(at, length), 0);
  }

  /** mlock2 with MLOCK_ONFAULT: locks the pages of a range as they come. 0 or −errno. */
  lockOnFault(at: Address, length: Address): number {
    const { machine } = this;
    const flags = machine.constant("MLOCK_ONFAULT");
    return machine.exports.lockMemory(this.cpu, this.#living, ...this.#range(at, length), flags);
  }

  /** mseal: 0 or −errno. */
  seal(at: Address, length: Address): number {
    return this.machine.exports.sealMemory(this.cpu, this.#living, ...this.#range(at, length));
  }

  /** Registers a range with a userfaultfd of its own, for missing pages and SIGBUS: 0 or −errno. */
  registerMissing(at: Address, length: Address): number {
    return this.machine.exports.registerMissing(this.cpu, this.#living, ...this.#range(at, length));
  }

  /** mremap: the mapping's address from now on, or −errno. */
  remap(
    at: Address,
    oldLength: Address,
    newLength: Address,
    options: RemapOptions = {},
  ): bigint | number {
    return remapOf(this.#caller, at, oldLength, newLength, options);
  }

  /** mremap of one of the kernel's own mappings to an address: 0 or −errno. */
  moveSpecial(name: SpecialMapping, at: Address): number {
    const { machine } = this;
    const { lo, hi } = machine.word(at, "at");
    const which = machine.constant(specialConstants[oneOf("name", name, specialNames)]);
    return machine.exports.moveSpecial(this.cpu, this.#living, which, lo, hi);
  }

  /** The program itself touches a page: true if it is present for that now, false for a signal. */
  touch(at: Address, access: Touch): boolean {
    return this.#makePresent(at, touchConstant(access));
  }

  /**
   * fixup_user_fault: kernel code makes a page of the task present, by the mapping's own rights and without growing a
   * stack. With `mayRetry` a page that a disk has to be asked for lets go of the mmap lock meanwhile.
   */
  fixupFault(at: Address, access: Touch, options: FixupOptions = {}): FixupAnswer {
    return fixupFaultOf(this.#caller, at, access, options);
  }

  /** A debugger is about to write: a page of the task's own stands there if that can be, whatever the protection. */
  force(at: Address): boolean {
    return this.#makePresent(at, "ACCESS_FORCE");
  }

  #makePresent(at: Address, access: "ACCESS_READ" | "ACCESS_WRITE" | "ACCESS_FORCE"): boolean {
    const { lo, hi } = this.machine.word(at, "at");
    return (
      this.machine.exports.touchPage(
        this.cpu,
        this.handle,
        lo,
        hi,
        this.machine.constant(access),
      ) === 0
    );
  }

  /** The byte's place in linear memory, or null where no page is present. Asking changes nothing. */
  linearOf(at: Address): number | null {
    const { lo, hi } = this.machine.word(at, "at");
    const linear = this.machine.exports.inspectAddress(this.handle, lo, hi) >>> 0;
    return linear === 0 ? null : linear;
  }

  /** The page-table entry for an address and the level it stands at. Asking changes nothing. */
  entryOf(at: Address): { entry: bigint; level: number } {
    const { entry, level } = this.pageState(at);
    return { entry, level };
  }

  /** What stands for the page of an address. Asking changes nothing. */
  pageState(at: Address): PageState {
    return inspectPage(this.machine, this.handle, at);
  }

  /** The address space's mappings, in order. */
  vmas(): VmaView[] {
    return inspectVmas(this.machine, this.handle);
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
    this.machine.exports.setTaskUser(this.#living, id);
  }

  /**
   * arm64, RISC-V: from now on the program may pass tagged pointers, or may not. On RISC-V others who reach into its
   * address space may name a tagged address then; on arm64 they always may.
   * @throws UsageError on an architecture without tags
   */
  setTagged(tagged: boolean): void {
    flag("tagged", tagged);
    if (tagged) requireTags(this.machine);
    this.machine.exports.setTagged(this.#living, tagged ? 1 : 0);
  }

  /** PR_SET_DUMPABLE. */
  setDumpable(value: 0 | 1): void {
    this.machine.exports.setDumpable(this.#living, wholeNumber("value", value, 0, 1));
  }

  /** PR_SET_MM_MAP: where the program's arguments and environment stand. */
  setArguments(places: ArgumentPlaces): void {
    setArguments(this.machine, this.#living, places);
  }

  /**
   * fork: a child with a copy of the address space, on no CPU yet.
   * @throws FaultlineError "no-memory" when RAM is full
   */
  fork(): Task {
    const { machine } = this;
    const handle = machine.exports.forkTask(this.cpu, this.#living) >>> 0;
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
    if (this.machine.exports.execTask(this.cpu, this.#living) !== 0) {
      throw new FaultlineError("no-memory", "RAM is full: no address space");
    }
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
    this.machine.exports.reapMemory(this.cpu, this.#living);
  }

  /** The task ends but for its record, as a zombie does: no mapping is left. `exit` reaps it. */
  die(): void {
    this.machine.exports.leaveZombie(this.cpu, this.#living);
  }

  /**
   * Ends the task; its address space goes with its last task.
   * @throws UsageError the second time
   */
  exit(): void {
    this.machine.exports.endTask(this.cpu, this.handle);
    this.#handle.release("has ended");
  }
}

export const madeTask = checkThat("a task from machine.createTask()", (value) => Task.isOne(value));

const taskOptions = (cpus: number): Shape<TaskOptions> => ({
  cpu: optional(orNull(whole(0, cpus - 1))),
  wordBits: optional(checkThat("32 or 64", (value) => value === 32 || value === 64)),
  sharing: optional(madeTask),
  tagged: optional(flag),
});
