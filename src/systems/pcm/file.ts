import {
  checkOptions,
  flag,
  nameOf,
  optional,
  whole,
  wholeNumber,
  type Check,
  type Shape,
} from "../../base/checks.ts";
import { FaultlineError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import type { ConstantName, CoreExports } from "../../core/exports.ts";
import { anyAddress, halves, type Address } from "../../machine/address.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import { Handle } from "../../machine/handle.ts";
import type { Operation } from "../../machine/programs.ts";
import { madeTask, type Task } from "../../machine/task.ts";
import {
  abiNames,
  abiNumber,
  strategyNames,
  strategyNumber,
  type AbiName,
  type StrategyName,
} from "./abi.ts";
import { cableRulesOf } from "./cable.ts";
import {
  completeDevice,
  nameBytes,
  type CompleteDevice,
  type PcmDevice,
  type PcmDeviceName,
} from "./device.ts";
import { doorNumber, type PcmDoor } from "./doors.ts";
import { askDevices, attend, dismiss, tellDevices } from "./driver.ts";
import { takeDriverLog, type DriverCall } from "./driverLog.ts";
import { StreamFields, streamFields, type StreamField } from "./fields.ts";
import { pcmIoctl } from "./negotiate.ts";
import { constraintsFor, type HwConstraints } from "./params/index.ts";

const MOST_BYTES = 2 ** 31 - 1;
const EINVAL = 22;

/** Directions, in the order of the core's numbers for them. */
const directions = ["playback", "capture"] as const;

export type PcmDirection = (typeof directions)[number];

/** States, in the order of their numbers (SNDRV_PCM_STATE_*). */
export const pcmStates = [
  "OPEN",
  "SETUP",
  "PREPARED",
  "RUNNING",
  "XRUN",
  "DRAINING",
  "PAUSED",
  "SUSPENDED",
  "DISCONNECTED",
] as const;

export type PcmState = (typeof pcmStates)[number];

/** What may be mapped: the ring and the two records, each of those under two offsets (SNDRV_PCM_MMAP_OFFSET_*). */
const areas = {
  ring: null,
  status: "MAP_STATUS",
  control: "MAP_CONTROL",
  "old-status": "MAP_STATUS_OLD",
  "old-control": "MAP_CONTROL_OLD",
} as const satisfies Record<string, ConstantName | null>;

export type PcmArea = keyof typeof areas;

/** What a file is opened with. */
export interface PcmOpenOptions {
  readonly direction?: PcmDirection;
  /** One of the recorded devices, or your own. Default "ctl", the test device of the recordings. */
  readonly device?: PcmDeviceName | PcmDevice;
  /** The device's number on its card. Default 0. */
  readonly number?: number;
  /** O_NONBLOCK. Default false. */
  readonly nonblock?: boolean;
}

/** One SYNC_PTR call. */
export interface SyncPtrCall {
  /** User address of the argument. */
  readonly address: Address;
  readonly abi: AbiName;
  /** How the data is moved; default what the machine's kernel does. */
  readonly strategy?: StrategyName;
}

/** What the driver answers from now on: 0 or −errno. */
export interface DriverAnswers {
  readonly prepare?: number;
  readonly trigger?: number;
  readonly ack?: number;
}

/** Where the four pointers are put by {@link PcmFile.poke}, in frames. */
export interface PokedPointers {
  readonly hwPtrBase: Address;
  readonly hwPtr: Address;
  readonly applPtr: Address;
  readonly hwPtrInterrupt: Address;
}

/** A device is checked as it is completed. */
const anyDevice: Check = (_, value) => void completeDevice(value as PcmDevice);

export const openOptions: Shape<PcmOpenOptions> = {
  direction: optional(nameOf(directions)),
  device: optional(anyDevice),
  number: optional(whole(0, MOST_BYTES)),
  nonblock: optional(flag),
};

const syncPtrCall: Shape<SyncPtrCall> = {
  address: anyAddress,
  abi: nameOf(abiNames),
  strategy: optional(nameOf(strategyNames)),
};

const answer = optional(whole(-(2 ** 31), MOST_BYTES));
const driverAnswers: Shape<DriverAnswers> = { prepare: answer, trigger: answer, ack: answer };

const pokedPointers: Shape<PokedPointers> = {
  hwPtrBase: anyAddress,
  hwPtr: anyAddress,
  applPtr: anyAddress,
  hwPtrInterrupt: anyAddress,
};

const fieldNames: readonly string[] = streamFields.map(({ name }) => name);
const areaNames = Object.keys(areas) as readonly PcmArea[];

/**
 * An open substream of a sound device, used by one task: the system calls with user addresses as a program passes them,
 * and the device's side of it. A call answers what the kernel's entry does: 0 or more, −errno, or BLOCKED where it
 * sleeps; then `finish()` runs its second half.
 */
export class PcmFile {
  readonly task: Task;
  readonly direction: PcmDirection;
  readonly #handle: Handle;
  readonly #constraints: HwConstraints;
  readonly #device: CompleteDevice;
  /** The core's numbers of the doors used so far. */
  readonly #doors = new Map<PcmDoor, number>();
  #pointerError: unknown;

  /** @throws FaultlineError "open-failed" for limits nothing can meet, "no-memory" when RAM is full */
  constructor(task: Task, options: PcmOpenOptions = {}) {
    madeTask("task", task);
    checkOptions("options", options, openOptions);
    const { machine } = task;
    this.task = task;
    this.direction = options.direction ?? "playback";
    this.#device = completeDevice(options.device ?? "ctl");
    this.#constraints = this.#openConstraints();
    const kind =
      (this.#device.ownCopy ? machine.constant("DEVICE_OWN_COPY") : 0) |
      (this.#device.loopback ? machine.constant("DEVICE_LOOPBACK") : 0);
    const address =
      machine.exports.pcmOpen(
        directions.indexOf(this.direction),
        this.#device.card,
        options.number ?? 0,
        this.#device.limits.info >>> 0,
        kind,
        options.nonblock === true ? 1 : 0,
      ) >>> 0;
    if (address === 0) throw new FaultlineError("no-memory", "RAM is full: no stream record");
    this.#handle = new Handle(machine, "stream", address);
    this.#describe();
    this.#attend();
    tellDevices(machine);
  }

  #openConstraints(): HwConstraints {
    const { limits, loopback } = this.#device;
    const driverRules = loopback
      ? cableRulesOf(limits, (field) => this.#deviceWord(field))
      : limits.driverRules;
    const { constraints } = constraintsFor({ ...limits, driverRules });
    if (constraints !== undefined) return constraints;
    throw new FaultlineError(
      "open-failed",
      `open gave ${-EINVAL}: no configuration meets the device's limits`,
    );
  }

  /** What INFO tells of the device. */
  #describe(): void {
    const { machine } = this;
    const record = this.#deviceAddress;
    machine.bytes.set(nameBytes(this.#device.name), record + machine.constant("DEVICE_NAME"));
    machine.words[(record + machine.constant("DEVICE_SUBSTREAMS")) >>> 2] = this.#device.substreams;
  }

  #attend(): void {
    const { pointer, called } = this.#device;
    if (pointer !== undefined || called !== undefined) attend(this.machine, this);
  }

  /** The machine it is open on. @throws UsageError once its task has ended */
  get machine(): CoreMemory {
    return this.task.machine;
  }

  /** Linear address of its record in the core. @throws UsageError once it was closed */
  get handle(): number {
    return this.#handle.address;
  }

  /** False once it was closed, or its machine reset. */
  get isOpen(): boolean {
    return this.#handle.isLive;
  }

  /** The number by which LINK names it. */
  get descriptor(): number {
    return this.#word("STREAM_DESCRIPTOR");
  }

  /** A word of the kernel's bookkeeping. Asking changes nothing. */
  field(name: StreamField): bigint {
    oneOf("name", name, fieldNames);
    const words = new Uint32Array(2);
    new StreamFields(this.machine, [name]).read(this.handle, words);
    return (BigInt(words[1]!) << 32n) | BigInt(words[0]!);
  }

  /** The stream's state, as the kernel has it. Asking changes nothing. */
  get state(): PcmState {
    return pcmStates[Number(this.field("state"))]!;
  }

  #word(field: ConstantName): number {
    return this.machine.words[(this.handle + this.machine.constant(field)) >>> 2]!;
  }

  get #deviceAddress(): number {
    return this.#word("STREAM_DEVICE");
  }

  #deviceWord(field: ConstantName): number {
    return this.machine.words[(this.#deviceAddress + this.machine.constant(field)) >>> 2]!;
  }

  /** A call into the core with the devices asked before and told after it. */
  #attended(call: () => number): number {
    const { machine } = this;
    this.#attend();
    askDevices(machine);
    const answer = call();
    tellDevices(machine);
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
    const { lo, hi } = this.machine.word(argument, "argument");
    const target = {
      machine: this.machine,
      cpu: this.task.cpu,
      stream: this.handle,
      ringBytesMax: this.#device.limits.ringBytesMax,
      constraints: this.#constraints,
    };
    const doorCode = this.#doors.get(door) ?? doorNumber(this.machine, door);
    this.#doors.set(door, doorCode);
    const command = wholeNumber("number", number, 0, 2 ** 32 - 1);
    return this.#attended(() => pcmIoctl(target, doorCode, command, lo, hi));
  }

  /** read(2) on a capture file: bytes. */
  read(address: Address, bytes: number): number {
    return this.#attended(() => this.#transfer("pcmRead", this.machine.exports, address, bytes));
  }

  /** write(2) on a playback file: bytes. */
  write(address: Address, bytes: number): number {
    return this.#attended(() => this.#transfer("pcmWrite", this.machine.exports, address, bytes));
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
    const { lo, hi } = this.machine.word(address, "address");
    const length = wholeNumber("bytes", bytes, 0, MOST_BYTES);
    return exports[call](this.task.cpu, this.handle, lo, hi, length);
  }

  /** SYNC_PTR in a chosen layout, its data moved in a chosen way: 0 or −errno. */
  syncPtr(call: SyncPtrCall): number {
    const made = this.#syncPtr(call);
    return this.#attended(() => made(this.machine.exports));
  }

  /** SYNC_PTR as an operation of a program. */
  syncPtrOperation(call: SyncPtrCall): Operation {
    return this.#operation("SYNC_PTR", this.#syncPtr(call));
  }

  #syncPtr(call: SyncPtrCall): (exports: CoreExports) => number {
    checkOptions("call", call, syncPtrCall);
    const { lo, hi } = this.machine.word(call.address, "address");
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
    const { lo, hi } = this.machine.word(at, "at");
    const access = this.task.protectionBits(protection);
    const from = wholeNumber("offset", offset, 0, 2 ** 32 - 1);
    const bytes = wholeNumber("length", length, 0, MOST_BYTES);
    return this.machine.exports.pcmMap(this.task.cpu, this.handle, lo, hi, from, 0, bytes, access);
  }

  /** The second half of the call that the task sleeps in. */
  finish(): number {
    return this.#attended(() => this.task.resume());
  }

  /** close(2). Returns the driver calls that nobody has taken. */
  close(): readonly DriverCall[] {
    const { exports } = this.machine;
    const address = this.handle;
    exports.pcmShut(this.task.cpu, address);
    tellDevices(this.machine);
    const calls = this.takeDriverCalls();
    exports.pcmFree(address);
    dismiss(this.machine, this);
    this.#handle.release("was closed");
    return calls;
  }

  /** Calls down to the driver since the last question, oldest first (the log keeps 255). */
  takeDriverCalls(): readonly DriverCall[] {
    return takeDriverLog(this.machine, this.handle);
  }

  /** The position that the device reports from now on, in frames, right or wrong; all ones reports an xrun. */
  setPosition(frames: Address): void {
    const { lo, hi } = halves(frames, "frames");
    this.#storePosition(lo, hi);
  }

  /** Past the core's exports, because an operation that is being taken up again may pass here. */
  #storePosition(lo: number, hi: number): void {
    const at = (this.#deviceAddress + this.machine.constant("DEVICE_POSITION")) >>> 2;
    this.machine.words[at] = lo;
    this.machine.words[at + 1] = hi;
  }

  /** Asks the device's `pointer` for the position, if it has one and moves. */
  askPosition(): void {
    const { pointer } = this.#device;
    const { state } = this;
    if (pointer === undefined || (state !== "RUNNING" && state !== "DRAINING")) return;
    const { lo, hi } = halves(this.#validPosition(pointer));
    this.#storePosition(lo, hi);
  }

  /** Nonsense becomes a number that no ring has, so that the kernel's own check finds it. */
  #validPosition(pointer: NonNullable<PcmDevice["pointer"]>): bigint {
    const noPosition = this.machine.wordBytes === 8 ? 2n ** 64n - 1n : 2n ** 32n - 1n;
    let frames: number | bigint | "xrun";
    try {
      frames = pointer(this);
    } catch (error) {
      this.#pointerError = error;
      return noPosition - 1n;
    }
    if (frames === "xrun") return noPosition;
    const whole = typeof frames === "bigint" || Number.isInteger(frames);
    return whole && frames >= 0 && frames < noPosition ? BigInt(frames) : noPosition - 1n;
  }

  /** What the device's `pointer` threw last; undefined if it never did. */
  get pointerError(): unknown {
    return this.#pointerError;
  }

  /** Tells the device's `called` what its driver was asked since the last time. */
  tellCalls(): void {
    const { called } = this.#device;
    if (called === undefined) return;
    for (const call of this.takeDriverCalls()) called(call, this);
  }

  /** What the driver answers from now on. What is not named answers 0. */
  setAnswers(answers: DriverAnswers): void {
    checkOptions("answers", answers, driverAnswers);
    const { prepare = 0, trigger = 0, ack = 0 } = answers;
    this.machine.exports.deviceSetAnswers(this.handle, prepare, trigger, ack);
  }

  /** The stream's extra delay in frames, which DELAY and STATUS report on top; may be negative. */
  setDelay(frames: Address): void {
    const negative = (typeof frames === "number" || typeof frames === "bigint") && frames < 0;
    anyAddress("frames", negative ? -frames : frames);
    const { lo, hi } = halves(BigInt.asUintN(64, BigInt(frames)));
    this.machine.exports.deviceSetDelay(this.handle, lo, hi);
  }

  /** The device reports a period interrupt. */
  periodElapsed(): void {
    this.#tell((cpu, stream) => this.machine.exports.devicePeriodElapsed(cpu, stream));
  }

  /** The device reports an under- or overrun. */
  reportXrun(): void {
    this.#tell((cpu, stream) => this.machine.exports.deviceXrun(cpu, stream));
  }

  /** Power management suspends the device, with all its open files. */
  suspend(): void {
    this.#tell((cpu, stream) => this.machine.exports.deviceSuspend(cpu, stream));
  }

  /** The card is removed: every file on it answers ENODEV from now on. */
  disconnect(): void {
    this.#tell((cpu, stream) => this.machine.exports.cardDisconnect(cpu, stream));
  }

  #tell(event: (cpu: number, stream: number) => void): void {
    this.#attended(() => {
      event(this.task.cpu, this.handle);
      return 0;
    });
  }

  /** The driver stops the stream into a state: 0, or −EBADFD in OPEN. */
  stop(state: PcmState): number {
    const number = pcmStates.indexOf(oneOf("state", state, pcmStates));
    return this.#attended(() =>
      this.machine.exports.deviceStop(this.task.cpu, this.handle, number),
    );
  }

  /** Puts the pointers somewhere else, past all rules; the silent part then begins at appl_ptr. */
  poke(pointers: PokedPointers): void {
    checkOptions("pointers", pointers, pokedPointers);
    const base = halves(pointers.hwPtrBase);
    const hw = halves(pointers.hwPtr);
    const appl = halves(pointers.applPtr);
    const last = halves(pointers.hwPtrInterrupt);
    this.machine.exports.pcmPoke(
      this.handle,
      base.lo,
      base.hi,
      hw.lo,
      hw.hi,
      appl.lo,
      appl.hi,
      last.lo,
      last.hi,
    );
  }

  /** The ring's bytes, live, until the next HW_PARAMS, HW_FREE or close; empty while there is no ring. */
  ring(): Uint8Array {
    const at = this.#word("STREAM_RING");
    const length = at === 0 ? 0 : this.#word("STREAM_DMA_BYTES");
    return this.machine.bytes.subarray(at, at + length);
  }
}
