import { checkOptions, nameOf, optional, wholeNumber, type Shape } from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import type { ConstantName, CoreExports } from "../../core/exports.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import { anyAddress, type Address } from "../../machine/address.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import type { Operation } from "../../machine/programs.ts";
import { madeTask, type Task } from "../../machine/task.ts";
import { afterUnmapping, unmapped } from "../../machine/unmapped.ts";
import {
  abiNames,
  abiNumber,
  strategyNames,
  strategyNumber,
  type AbiName,
  type StrategyName,
} from "./abi.ts";
import { DeviceCallbacks } from "./callbacks.ts";
import type { CompleteDevice } from "./device.ts";
import { doorNumber, type PcmDoor } from "./doors.ts";
import { askDevices, attend, dismiss, tellDevices } from "./driver.ts";
import type { DriverCall } from "./driverLog.ts";
import { pcmIoctl, pcmNegotiates, type Negotiable } from "./negotiate.ts";
import { openOptions, openSubstream, type PcmOpenOptions } from "./opening.ts";
import type { HwConstraints } from "./params/index.ts";
import { awoke, fellAsleep, requireAwake, sleepIn } from "./sleep.ts";
import { pcmStates, type PcmState } from "./states.ts";
import { PcmSubstream } from "./substream.ts";

const MOST_BYTES = 2 ** 31 - 1;
/** The answer of a system call is that of its second half. */
const asAnswered = (answer: number): number => answer;

/** What may be mapped: the ring and the two records, each of those under two offsets (SNDRV_PCM_MMAP_OFFSET_*). */
const areas = {
  ring: null,
  status: "MAP_STATUS",
  control: "MAP_CONTROL",
  "old-status": "MAP_STATUS_OLD",
  "old-control": "MAP_CONTROL_OLD",
} as const satisfies Record<string, ConstantName | null>;

export type PcmArea = keyof typeof areas;

/** One SYNC_PTR call. */
export interface SyncPtrCall {
  /** User address of the argument. */
  readonly address: Address;
  readonly abi: AbiName;
  /** How the data is moved; default what the machine's kernel does. */
  readonly strategy?: StrategyName;
}

const syncPtrCall: Shape<SyncPtrCall> = {
  address: anyAddress,
  abi: nameOf(abiNames),
  strategy: optional(nameOf(strategyNames)),
};

const areaNames = Object.keys(areas) as readonly PcmArea[];

/**
 * An open substream of a sound device, used by one task: the system calls with user addresses as a program passes them,
 * and the device's side of it. A call answers what the kernel's entry does: 0 or more, −errno, or BLOCKED where it
 * sleeps; then `finish()` runs its second half, and until then the task makes no other call (UsageError).
 */
export class PcmFile extends PcmSubstream {
  readonly #constraints: HwConstraints;
  readonly #device: CompleteDevice;
  readonly #callbacks: DeviceCallbacks;
  /** The core's numbers of the doors used so far. */
  readonly #doors = new Map<PcmDoor, number>();
  /** The rest of the HW_PARAMS that a task sleeps in. */
  #apply: (cpu: number) => number = () => pcmNegotiates;

  /** Made here: an object that inherits from a file, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is PcmFile {
    return typeof value === "object" && value !== null && #device in value;
  }

  /** @throws FaultlineError "open-failed" for limits nothing can meet, "no-memory" when RAM is full */
  constructor(task: Task, options: PcmOpenOptions = {}) {
    madeTask("task", task);
    checkOptions("options", options, openOptions);
    const { record, direction, device, constraints } = openSubstream(task, options);
    super(task, direction, record);
    this.#device = device;
    this.#constraints = constraints;
    this.#callbacks = new DeviceCallbacks(this, device, () => this.hasRecord);
    this.#attend();
    tellDevices(this.machine);
  }

  #attend(): void {
    const { pointer, called } = this.#device;
    if (pointer !== undefined || called !== undefined) attend(this.deviceMachine, this.#callbacks);
  }

  /** What the device's `pointer` threw last, or a UsageError with the last thing it answered that is no position. */
  get pointerError(): unknown {
    return this.#callbacks.pointerError;
  }

  /** What the device's `called` threw last; undefined if it never did. */
  get calledError(): unknown {
    return this.#callbacks.calledError;
  }

  /** A call into the core with the devices asked before and told after it. */
  #attended(call: () => number): number {
    const machine = this.deviceMachine;
    this.#attend();
    askDevices(machine);
    const answer = call();
    tellDevices(machine);
    return answer;
  }

  /** A system call of the file's task. @throws UsageError while the task sleeps in another */
  #made(name: string, make: () => number): number {
    requireAwake(this.task);
    const answer = this.#attended(make);
    if (answer === coreConstants.BLOCKED) {
      fellAsleep(this.task, { file: this, name, settle: asAnswered });
    }
    return answer;
  }

  /** The call as an operation of a program: it may be left and taken up, so the devices are told later. */
  #operation(name: string, call: (exports: CoreExports) => number): Operation {
    const { machine } = this;
    const exports = machine.rawExports;
    this.#attend();
    return {
      name,
      call: () => {
        askDevices(machine);
        return call(exports);
      },
    };
  }

  /**
   * ioctl(2) at a door, with any number and argument.
   * @throws UsageError for a door that the kernel has not
   */
  ioctl(door: PcmDoor, number: number, argument: Address = 0): number {
    const { lo, hi } = this.task.machine.word(argument, "argument");
    // only once the devices were asked: one of them may have closed the file
    const target = (): Negotiable => ({
      machine: this.machine,
      cpu: this.task.cpu,
      stream: this.handle,
      ringBytesMax: this.#device.limits.ringBytesMax,
      constraints: this.#constraints,
      goesOn: (apply: (cpu: number) => number) => void (this.#apply = apply),
    });
    const doorCode = this.#doors.get(door) ?? doorNumber(this.machine, door);
    this.#doors.set(door, doorCode);
    const command = wholeNumber("number", number, 0, 2 ** 32 - 1);
    const make = (): number => pcmIoctl(target(), doorCode, command, lo, hi);
    return this.#made("ioctl", make);
  }

  /** read(2) on a capture file: bytes. */
  read(address: Address, bytes: number): number {
    const make = (): number => this.#transfer("pcmRead", this.machine.exports, address, bytes);
    return this.#made("read", make);
  }

  /** write(2) on a playback file: bytes. */
  write(address: Address, bytes: number): number {
    const make = (): number => this.#transfer("pcmWrite", this.machine.exports, address, bytes);
    return this.#made("write", make);
  }

  /** write(2) as an operation of a program. */
  writeOperation(address: Address, bytes: number): Operation {
    return this.#operation("write", (exports) =>
      this.#transfer("pcmWrite", exports, address, bytes),
    );
  }

  #transfer(
    call: "pcmRead" | "pcmWrite",
    exports: CoreExports,
    address: Address,
    bytes: number,
  ): number {
    const { lo, hi } = this.task.machine.word(address, "address");
    const length = wholeNumber("bytes", bytes, 0, MOST_BYTES);
    return exports[call](this.task.cpu, this.handle, lo, hi, length);
  }

  /** SYNC_PTR in a chosen layout, its data moved in a chosen way: 0 or −errno. */
  syncPtr(call: SyncPtrCall): number {
    const made = this.#syncPtr(call);
    const make = (): number => made(this.machine.exports);
    return this.#made("SYNC_PTR", make);
  }

  /** SYNC_PTR as an operation of a program. */
  syncPtrOperation(call: SyncPtrCall): Operation {
    return this.#operation("SYNC_PTR", this.#syncPtr(call));
  }

  #syncPtr(call: SyncPtrCall): (exports: CoreExports) => number {
    checkOptions("call", call, syncPtrCall);
    const { lo, hi } = this.task.machine.word(call.address, "address");
    const abi = abiNumber(this.machine, call.abi);
    const strategy = strategyNumber(this.machine, call.strategy ?? "kernel");
    const { cpu } = this.task;
    return (exports) => exports.pcmSyncPtr(cpu, this.handle, abi, strategy, lo, hi);
  }

  /** poll(2) without waiting: POLLIN 1, POLLOUT 4, POLLERR 8, as bits. */
  poll(): number {
    return this.machine.exports.pcmPoll(this.handle);
  }

  /**
   * mmap of an area, shared, at a page-aligned address that must be free: 0 or −errno. `offset` counts in the ring.
   * The status page asked for with "rw" is mapped, but read-only.
   */
  mmap(area: PcmArea, at: Address, length: number, protection: "r" | "rw", offset = 0): number {
    const constant = areas[oneOf("area", area, areaNames)];
    const from = constant === null ? offset : this.machine.constant(constant);
    return this.mmapAt(from, at, length, protection);
  }

  /** mmap with the file offset as a program passes it. */
  mmapAt(offset: number, at: Address, length: number, protection: "r" | "rw"): number {
    const { lo, hi } = this.task.machine.word(at, "at");
    const access = this.task.protectionBits(protection);
    const from = wholeNumber("offset", offset, 0, 2 ** 32 - 1);
    const bytes = wholeNumber("length", length, 0, MOST_BYTES);
    const { machine, handle } = this;
    const { cpu } = this.task;
    const answer = machine.exports.pcmMap(cpu, handle, lo, hi, from, 0, bytes, access);
    unmapped(machine);
    return answer;
  }

  /**
   * The second half of this file's call that a task sleeps in, its opener unless another is named: what that call
   * answers, or BLOCKED when it sleeps again. @throws UsageError where the task sleeps in no call of this file
   */
  finish(task: Task = this.task): number {
    const sleep = sleepIn(task, this);
    const answer = this.#attended(() => this.#resumed(task));
    if (answer === coreConstants.BLOCKED) return answer;
    awoke(task);
    return sleep.settle(answer);
  }

  /** HW_PARAMS goes on in the host, once what its driver slept for has come. */
  #resumed(task: Task): number {
    const answer = task.resume();
    return answer === pcmNegotiates ? this.#apply(task.cpu) : answer;
  }

  /**
   * close(2), by its task, or for it once that has ended. Returns the driver calls that nobody has taken. The file is
   * released with it, or with the last mapping of its pages ({@link isReleased}).
   * @throws UsageError while a task sleeps in a call on the file, which the kernel releases only after that call
   */
  override close(): readonly DriverCall[] {
    const { machine } = this;
    if (machine.exports.pcmShut(this.task.cpu, this.handle) !== 0) throw this.#sleeping();
    tellDevices(machine);
    if (this.isReleased) dismiss(machine, this.#callbacks);
    else afterUnmapping(machine, () => this.#isTold(machine));
    // a device that was told of it may have closed the file by itself
    return this.isOpen ? super.close() : [];
  }

  /** Tells the device once the file is released, later than closed. */
  #isTold(machine: CoreMemory): boolean {
    if (!this.isReleased) return false;
    if (this.hasRecord) this.#callbacks.tellCalls();
    dismiss(machine, this.#callbacks);
    return true;
  }

  #sleeping(): UsageError {
    return new UsageError({
      argument: "stream",
      problem: "a task sleeps in a call on it",
      valid: "a stream whose calls have ended, by finish() or with their task",
    });
  }

  /** The device reports a period interrupt. */
  periodElapsed(): void {
    this.#tell((cpu, stream) => this.deviceMachine.exports.devicePeriodElapsed(cpu, stream));
  }

  /** The device reports an under- or overrun. */
  reportXrun(): void {
    this.#tell((cpu, stream) => this.deviceMachine.exports.deviceXrun(cpu, stream));
  }

  /** Power management suspends the device, with all its open files. */
  suspend(): void {
    this.#tell((cpu, stream) => this.deviceMachine.exports.deviceSuspend(cpu, stream));
  }

  /** The card is removed: every file on it answers ENODEV from now on. */
  disconnect(): void {
    this.#tell((cpu, stream) => this.deviceMachine.exports.cardDisconnect(cpu, stream));
  }

  #tell(event: (cpu: number, stream: number) => void): void {
    this.#attended(() => {
      event(this.task.cpu, this.record);
      return 0;
    });
  }

  /** The driver stops the stream into a state: 0, or −EBADFD in OPEN. */
  stop(state: PcmState): number {
    const number = pcmStates.indexOf(oneOf("state", state, pcmStates));
    return this.#attended(() =>
      this.deviceMachine.exports.deviceStop(this.task.cpu, this.record, number),
    );
  }
}
