/** The emulated machine behind the PCM replayer's interface: files, user pages, the device's side. */

import { callback, checkOptions, optional, whole, type Shape } from "../base/checks.ts";
import { FaultlineError } from "../base/errors.ts";
import { halves } from "../machine/address.ts";
import { MOST_SWITCHES, madeMachine, type Machine } from "../machine/machine.ts";
import type { Snapshot } from "../machine/snapshot.ts";
import type { Task } from "../machine/task.ts";
import { takeDriverLog } from "../systems/pcm/driverLog.ts";
import { StreamFields } from "../systems/pcm/fields.ts";
import { pcmIoctl } from "../systems/pcm/negotiate.ts";
import {
  constraintsFor,
  deviceProfiles,
  type HwConstraints,
  type PcmDeviceLimits,
} from "../systems/pcm/params/index.ts";
import { checkMethods, knobArguments, methodArguments } from "./pcmArguments.ts";
import {
  bookkeepingEntries,
  type PageAccess,
  type PcmCaseSetup,
  type PcmDeviceKnobs,
  type PcmDeviceName,
  type PcmDoor,
  type PcmMachine,
  type PcmOpenRequest,
} from "./pcmMachine.ts";
import { UserPages } from "./pcmUserPages.ts";

/** Numbers of the sound cards of the recorded computer. */
const cards = { dummy: 1, aloop: 2, ctl: 3 } as const;

/** Calls to a file that is not open. */
const EBADF = 9;
const ENODEV = 19;
const EINVAL = 22;

/** The low 56 bits of appl_ptr are what a recording shows of an ack. */
const ackBits = 56;

/** Findings about what the device said, not about the modelled kernel. */
const deviceFindings: readonly string[] = ["pcm-position", "pcm-unexpected"];

interface OpenFile {
  readonly handle: number;
  readonly limits: PcmDeviceLimits;
  readonly constraints: HwConstraints;
}

/** Everything a case has besides linear memory. */
interface Kept {
  readonly snapshot: Snapshot;
  readonly files: ReadonlyMap<number, OpenFile>;
}

/** How a replay runs the machine. */
export interface EmulatedPcmOptions {
  /** Study build: every k-th yield point of every call is really left and taken up again; 0 = none. */
  readonly switchEvery?: number;
  /** Told the kernel release of each case. */
  readonly onKernel?: (release: string) => void;
}

const emulatedOptions: Shape<EmulatedPcmOptions> = {
  switchEvery: optional(whole(0, MOST_SWITCHES)),
  onKernel: optional(callback),
};

/** Replays on a {@link Machine}, which it takes over: it resets it now and for every case. */
export class EmulatedPcm implements PcmMachine {
  readonly device: PcmDeviceKnobs;
  readonly #options: EmulatedPcmOptions;
  #machine: Machine;
  #task: Task;
  #pages: UserPages;
  #fields: StreamFields;
  #limits: Readonly<Record<string, number>> = {};
  #files = new Map<number, OpenFile>();
  /** What the driver was asked while a file was closed. */
  readonly #lastCalls = new Map<number, readonly string[]>();
  #kept: Kept | null = null;
  #findings = 0;

  static {
    checkMethods(this.prototype, methodArguments);
  }

  constructor(machine: Machine, options: EmulatedPcmOptions = {}) {
    madeMachine("machine", machine);
    checkOptions("options", options, emulatedOptions);
    this.#options = options;
    this.#machine = machine.reset();
    this.#task = this.#machine.createTask();
    this.#pages = new UserPages(this.#task);
    this.#fields = new StreamFields(this.#machine, bookkeepingEntries);
    this.device = checkMethods(this.#knobs(), knobArguments);
  }

  reset(setup: PcmCaseSetup): void {
    this.#options.onKernel?.(setup.kernel);
    this.#machine = this.#machine.reset({ kernel: setup.kernel });
    this.#machine.switchEvery = this.#options.switchEvery ?? 0;
    this.#task = this.#machine.createTask({ wordBits: setup.abi === "lp64" ? 64 : 32 });
    this.#pages = new UserPages(this.#task);
    this.#fields = new StreamFields(this.#machine, bookkeepingEntries);
    this.#limits = setup.limits;
    this.#files.clear();
    this.#lastCalls.clear();
    this.#kept = null;
    this.#findings = 0;
  }

  open(slot: number, request: PcmOpenRequest): number {
    const limits = limitsOf(request.device, this.#limits);
    const { constraints } = constraintsFor(limits);
    if (constraints === undefined) return -EINVAL;
    const { exports } = this.#machine;
    const direction = this.#machine.constant(
      request.stream === "capture" ? "PCM_CAPTURE" : "PCM_PLAYBACK",
    );
    const nonblock = request.nonblock ? 1 : 0;
    const handle = exports.pcmOpen(
      direction,
      cards[request.device],
      request.sub,
      limits.info,
      nonblock,
    );
    if (handle === 0) throw new FaultlineError("no-memory", "RAM is full: no stream record");
    if (request.device === "dummy") exports.deviceSetOwnCopy(handle, 1);
    this.#files.set(slot, { handle: handle >>> 0, limits, constraints });
    return 0;
  }

  close(slot: number): number {
    const { exports } = this.#machine;
    const { handle } = this.#file(slot);
    exports.pcmShut(this.#task.cpu, handle);
    this.#lastCalls.set(slot, this.#driverCalls(handle));
    exports.pcmFree(handle);
    this.#files.delete(slot);
    return 0;
  }

  #file(slot: number): OpenFile {
    const file = this.#files.get(slot);
    if (file === undefined) throw new FaultlineError("not-open", `slot ${slot} is not open`);
    return file;
  }

  #word(address: number): number {
    return this.#machine.words[address >>> 2]!;
  }

  descriptor(slot: number): number {
    const file = this.#files.get(slot);
    if (file === undefined) return -EBADF >>> 0;
    return this.#word(file.handle + this.#machine.constant("STREAM_DESCRIPTOR"));
  }

  ioctl(slot: number, door: PcmDoor, command: number, low: number, high: number): number {
    const { handle, limits, constraints } = this.#file(slot);
    const machine = this.#machine;
    const target = { machine, cpu: this.#task.cpu, stream: handle, limits, constraints };
    return this.#finish(pcmIoctl(target, door, command, low, high));
  }

  /** A call that sleeps is alone: the clock goes to its limit, as often as it takes. */
  #finish(result: number): number {
    let answer = result;
    while (answer === this.#machine.constant("BLOCKED")) {
      if (!this.#task.canResume && !this.#machine.advanceToNextTimeout()) {
        throw new FaultlineError("never-wakes", "the call sleeps for ever");
      }
      answer = this.#task.resume();
    }
    return answer;
  }

  read(slot: number, address: number, length: number): number {
    const { exports } = this.#machine;
    return this.#finish(
      exports.pcmRead(this.#task.cpu, this.#file(slot).handle, address, 0, length),
    );
  }

  write(slot: number, address: number, length: number): number {
    const { exports } = this.#machine;
    return this.#finish(
      exports.pcmWrite(this.#task.cpu, this.#file(slot).handle, address, 0, length),
    );
  }

  poll(slot: number): number {
    return this.#machine.exports.pcmPoll(this.#file(slot).handle);
  }

  mmap(slot: number, offset: number, length: number, prot: number): number {
    const address = this.#pages.freeAddress(length);
    const access = this.#task.protectionBits((prot & 2) === 0 ? "r" : "rw");
    const { handle } = this.#file(slot);
    const result = this.#machine.exports.pcmMap(
      this.#task.cpu,
      handle,
      address,
      0,
      offset,
      0,
      length,
      access,
    );
    return result < 0 ? result : address;
  }

  /** Power management tests suspend all devices and resume them, which leaves streams suspended. */
  writeSystemFile(file: string, text: string): number {
    if (file.endsWith("/power/state")) {
      for (const { handle } of this.#files.values()) {
        this.#machine.exports.deviceSuspend(this.#task.cpu, handle);
      }
    }
    return text.length;
  }

  setRequestPages(image: Uint8Array, access: PageAccess): void {
    this.#pages.setRequestPages(image, access);
  }

  readRequestPages(into: Uint8Array): void {
    this.#pages.readRequestPages(into);
  }

  setUserData(bytes: Uint8Array): void {
    this.#pages.setUserData(bytes);
  }

  readUserData(offset: number, into: Uint8Array): boolean {
    return this.#pages.readUserData(offset, into);
  }

  loadMapped(address: number, into: Uint8Array): boolean {
    return this.#pages.load(address, into);
  }

  storeMapped(address: number, bytes: Uint8Array): boolean {
    return this.#pages.store(address, bytes);
  }

  /** The ring's bytes from `offset`, live; null where the range is not all inside it. */
  #ring(slot: number, offset: number, length: number): Uint8Array | null {
    const { handle } = this.#file(slot);
    const ring = this.#word(handle + this.#machine.constant("STREAM_RING"));
    const size = this.#word(handle + this.#machine.constant("STREAM_DMA_BYTES"));
    if (ring === 0 || offset + length > size) return null;
    return this.#machine.bytes.subarray(ring + offset, ring + offset + length);
  }

  fillRing(slot: number, offset: number, bytes: Uint8Array): number {
    const ring = this.#ring(slot, offset, bytes.length);
    ring?.set(bytes);
    return ring === null ? -ENODEV : 0;
  }

  readRing(slot: number, offset: number, into: Uint8Array): boolean {
    const ring = this.#ring(slot, offset, into.length);
    if (ring !== null) into.set(ring);
    return ring !== null;
  }

  bookkeeping(slot: number, into: Uint32Array): void {
    this.#fields.read(this.#file(slot).handle, into);
  }

  takeDriverCalls(slot: number): readonly string[] {
    const file = this.#files.get(slot);
    if (file !== undefined) return this.#driverCalls(file.handle);
    const calls = this.#lastCalls.get(slot) ?? [];
    this.#lastCalls.delete(slot);
    return calls;
  }

  #driverCalls(handle: number): readonly string[] {
    return takeDriverLog(this.#machine, handle).map(({ name, argument }) =>
      name === "ack" ? `ack:0x${BigInt.asUintN(ackBits, argument).toString(16)}` : name,
    );
  }

  takeFindings(): readonly string[] {
    const total = this.#machine.header("HEADER_FINDING_COUNT");
    if (total === this.#findings) return [];
    const fresh = this.#machine.findings().slice(this.#findings - total);
    this.#findings = total;
    return fresh.filter(({ kind }) => !deviceFindings.includes(kind)).map(({ meaning }) => meaning);
  }

  save(): void {
    this.#kept = { snapshot: this.#machine.snapshot(), files: new Map(this.#files) };
  }

  restore(): void {
    if (this.#kept === null) {
      throw new FaultlineError("nothing-saved", "restore needs a save before it");
    }
    this.#machine.restore(this.#kept.snapshot);
    this.#files = new Map(this.#kept.files);
    this.#findings = this.#machine.header("HEADER_FINDING_COUNT");
  }

  #knobs(): PcmDeviceKnobs {
    const handle = (slot: number): number => this.#file(slot).handle;
    const cpu = (): number => this.#task.cpu;
    return {
      setPosition: (slot, frames) => {
        const { lo, hi } = halves(frames);
        this.#machine.exports.deviceSetPosition(handle(slot), lo, hi);
      },
      periodElapsed: (slot) => this.#machine.exports.devicePeriodElapsed(cpu(), handle(slot)),
      xrun: (slot) => this.#machine.exports.deviceXrun(cpu(), handle(slot)),
      suspend: (slot) => this.#machine.exports.deviceSuspend(cpu(), handle(slot)),
      stop: (slot, state) => this.#machine.exports.deviceStop(cpu(), handle(slot), state),
      poke: (slot, hwPtrBase, hwPtr, applPtr, interrupt) => {
        const [base, hw, appl, last] = [hwPtrBase, hwPtr, applPtr, interrupt].map((p) => halves(p));
        this.#machine.exports.pcmPoke(
          handle(slot),
          base!.lo,
          base!.hi,
          hw!.lo,
          hw!.hi,
          appl!.lo,
          appl!.hi,
          last!.lo,
          last!.hi,
        );
      },
      setReturns: (slot, prepare, trigger, ack) => {
        const answer = (word: bigint): number => Number(BigInt.asIntN(32, word));
        this.#machine.exports.deviceSetAnswers(
          handle(slot),
          answer(prepare),
          answer(trigger),
          answer(ack),
        );
      },
      setDelay: (slot, frames) => {
        const { lo, hi } = halves(frames);
        this.#machine.exports.deviceSetDelay(handle(slot), lo, hi);
      },
      disconnect: (slot) => this.#machine.exports.cardDisconnect(cpu(), handle(slot)),
    };
  }
}

/** A device's limits, with the test device's own replaced where a case says so. */
function limitsOf(
  device: PcmDeviceName,
  changed: Readonly<Record<string, number>>,
): PcmDeviceLimits {
  const limits: PcmDeviceLimits = deviceProfiles[device];
  if (device !== "ctl") return limits;
  const value = (name: string, usual: number): number => changed[name] ?? usual;
  const { formats } = changed;
  return {
    ...limits,
    info: value("info", limits.info),
    formats: formats === undefined ? limits.formats : BigInt(formats),
    rateMin: value("rate_min", limits.rateMin),
    rateMax: value("rate_max", limits.rateMax),
    channelsMin: value("channels_min", limits.channelsMin),
    channelsMax: value("channels_max", limits.channelsMax),
    bufferBytesMax: value("buffer_bytes_max", limits.bufferBytesMax),
    periodBytesMin: value("period_bytes_min", limits.periodBytesMin),
    periodBytesMax: value("period_bytes_max", limits.periodBytesMax),
    periodsMin: value("periods_min", limits.periodsMin),
    periodsMax: value("periods_max", limits.periodsMax),
    fifoSize: value("fifo_size", limits.fifoSize),
    wholePeriods: value("whole_periods", limits.wholePeriods ? 1 : 0) !== 0,
  };
}
