import {
  checkOptions,
  flag,
  nameOf,
  optional,
  whole,
  wholeNumber,
  type Shape,
} from "../../base/checks.ts";
import { FaultlineError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import type { CoreExports } from "../../core/exports.ts";
import { anyAddress, halves, type Address } from "../../machine/address.ts";
import { Handle } from "../../machine/handle.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
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
import { doorNames, pcmIoctl, type DoorName } from "./negotiate.ts";
import {
  constraintsFor,
  deviceLimits,
  deviceProfiles,
  lastMaskBit,
  openRequest,
  requestNumber,
  type HwConstraints,
  type PcmDeviceLimits,
} from "./params/index.ts";

/** ioctl numbers without an argument, the same at every door (include/uapi/sound/asound.h). */
const requests = {
  hwsync: 0x4122,
  prepare: 0x4140,
  reset: 0x4141,
  start: 0x4142,
  drop: 0x4143,
  drain: 0x4144,
  resume: 0x4147,
  xrun: 0x4148,
} as const;

const requestNames = Object.keys(requests) as (keyof typeof requests)[];

/** From where on a place is looked for in which a request's structure lies while HW_PARAMS runs. */
const REQUEST_ADDRESS = 0x08000000;
const REQUEST_BYTES = 4096;
const MOST_BYTES = 2 ** 31 - 1;
const MAX_WORD = 2 ** 32 - 1;

const FORMAT_S16_LE = 2;
const ACCESS_RW_INTERLEAVED = 3;

/** Directions, in the order of the core's numbers for them. */
const pcmDirections = ["playback", "capture"] as const;

/** What a stream is opened with. */
export interface PcmOpenOptions {
  readonly direction?: "playback" | "capture";
  /** The device's limits; default those of the test device of the recordings. */
  readonly limits?: PcmDeviceLimits;
  readonly nonblock?: boolean;
}

/** Parameters set in one go, each as a single value. Sizes in frames, rate in Hz. */
export interface PcmConfiguration {
  readonly format?: number;
  readonly access?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly periodSize: number;
  readonly bufferSize: number;
}

/** One SYNC_PTR call. */
export interface SyncPtrCall {
  /** User address of the argument. */
  readonly address: Address;
  readonly abi: AbiName;
  /** How the data is moved; default what the machine's kernel does. */
  readonly strategy?: StrategyName;
}

const openOptions: Shape<PcmOpenOptions> = {
  direction: optional(nameOf(pcmDirections)),
  limits: optional(deviceLimits),
  nonblock: optional(flag),
};

const number = whole(0, MAX_WORD);
/** Which values a device takes is its own to say, by an errno; a mask's bits are its all. */
const configuration: Shape<PcmConfiguration> = {
  format: optional(whole(0, lastMaskBit)),
  access: optional(whole(0, lastMaskBit)),
  channels: optional(number),
  rate: optional(number),
  periodSize: number,
  bufferSize: number,
};

const syncPtrCall: Shape<SyncPtrCall> = {
  address: anyAddress,
  abi: nameOf(abiNames),
  strategy: optional(nameOf(strategyNames)),
};

/** An open substream of a sound device, used by one task. */
export class PcmStream {
  readonly task: Task;
  readonly #handle: Handle;
  readonly #constraints: HwConstraints;
  readonly #limits: PcmDeviceLimits;

  private constructor(
    task: Task,
    handle: number,
    limits: PcmDeviceLimits,
    constraints: HwConstraints,
  ) {
    madeTask("task", task);
    this.task = task;
    this.#handle = new Handle(task.machine, "stream", handle);
    this.#limits = limits;
    this.#constraints = constraints;
  }

  /** @throws FaultlineError "open-failed" for limits nothing can meet, "no-memory" when RAM is full */
  static open(task: Task, options: PcmOpenOptions = {}): PcmStream {
    madeTask("task", task);
    checkOptions("options", options, openOptions);
    const limits = options.limits ?? deviceProfiles.ctl;
    const { constraints } = constraintsFor(limits);
    if (constraints === undefined) {
      throw new FaultlineError(
        "open-failed",
        "open gave -22: no configuration meets the device's limits",
      );
    }
    const direction = options.direction ?? "playback";
    const handle =
      task.machine.exports.pcmOpen(
        pcmDirections.indexOf(direction),
        0,
        0,
        limits.info >>> 0,
        options.nonblock === true ? 1 : 0,
      ) >>> 0;
    if (handle === 0) throw new FaultlineError("no-memory", "RAM is full: no stream record");
    return new PcmStream(task, handle, limits, constraints);
  }

  /** Linear address of its record in the core. @throws UsageError once it was closed */
  get handle(): number {
    return this.#handle.address;
  }

  get #machine(): CoreMemory {
    return this.task.machine;
  }

  /** HW_PARAMS with single values: 0 or −errno. The request passes through user memory as a program's would. */
  configure(wanted: PcmConfiguration): number {
    checkOptions("configuration", wanted, configuration);
    const fixed = {
      access: wanted.access ?? ACCESS_RW_INTERLEAVED,
      format: wanted.format ?? FORMAT_S16_LE,
      channels: wanted.channels ?? 2,
      rate: wanted.rate ?? 48000,
      periodSize: wanted.periodSize,
      bufferSize: wanted.bufferSize,
      flags: 0,
    };
    const wide = this.#machine.wordBytes === 8;
    const at = this.task.freeRange(REQUEST_ADDRESS, REQUEST_BYTES);
    const mapping = this.task.map({ at, length: REQUEST_BYTES });
    mapping.write(0, openRequest(fixed, wide ? "lp64" : "i386"));
    const command = requestNumber[wide ? "lp64" : "i386"].hwParams;
    const result = this.ioctl("lp64", command, at);
    mapping.unmap();
    return result;
  }

  /** ioctl(2) at a door: what the kernel's entry returns, or BLOCKED when it sleeps. */
  ioctl(door: DoorName, command: number, argument: Address): number {
    oneOf("door", door, doorNames);
    wholeNumber("command", command, 0, MAX_WORD);
    const { lo, hi } = this.#machine.word(argument, "argument");
    const target = {
      machine: this.#machine,
      cpu: this.task.cpu,
      stream: this.handle,
      limits: this.#limits,
      constraints: this.#constraints,
    };
    return pcmIoctl(target, door, command, lo, hi);
  }

  /** A request without an argument: 0 or −errno, or BLOCKED when it sleeps. */
  request(name: keyof typeof requests): number {
    return this.ioctl("lp64", requests[oneOf("request", name, requestNames)], 0);
  }

  /** SYNC_PTR: 0 or −errno. */
  syncPtr(call: SyncPtrCall): number {
    return this.#syncPtr(call, this.#machine.exports).call();
  }

  /** SYNC_PTR as an operation of a program. */
  syncPtrOperation(call: SyncPtrCall): Operation {
    return this.#syncPtr(call, this.#machine.rawExports);
  }

  #syncPtr(call: SyncPtrCall, exports: CoreExports): Operation {
    checkOptions("call", call, syncPtrCall);
    const { lo, hi } = this.#machine.word(call.address, "address");
    const abi = abiNumber(this.#machine, call.abi);
    const strategy = strategyNumber(this.#machine, call.strategy ?? "kernel");
    const { cpu } = this.task;
    return {
      name: "SYNC_PTR",
      call: () => exports.pcmSyncPtr(cpu, this.handle, abi, strategy, lo, hi),
    };
  }

  /** write(2) as an operation of a program: bytes taken, −errno, or BLOCKED when the ring is full. */
  writeOperation(address: Address, bytes: number): Operation {
    return this.#write(address, bytes, this.#machine.rawExports);
  }

  /** write(2): bytes taken, −errno, or BLOCKED when the ring is full and the file blocks. */
  write(address: Address, bytes: number): number {
    return this.#write(address, bytes, this.#machine.exports).call();
  }

  #write(address: Address, bytes: number, exports: CoreExports): Operation {
    const { lo, hi } = this.#machine.word(address, "address");
    const length = wholeNumber("bytes", bytes, 0, MOST_BYTES);
    const { cpu } = this.task;
    return { name: "write", call: () => exports.pcmWrite(cpu, this.handle, lo, hi, length) };
  }

  /** The position that the device reports from now on, in frames. */
  setPosition(frames: Address): void {
    const { lo, hi } = halves(frames, "frames");
    this.#machine.exports.deviceSetPosition(this.handle, lo, hi);
  }

  /** The device reports a period interrupt. */
  periodElapsed(): void {
    this.#machine.exports.devicePeriodElapsed(this.task.cpu, this.handle);
  }

  close(): void {
    this.#machine.exports.pcmClose(this.task.cpu, this.handle);
    this.#handle.release("was closed");
  }
}
