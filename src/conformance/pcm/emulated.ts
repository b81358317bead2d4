/** The emulated machine behind the PCM replayer's interface: files, user pages, the device's side. */

import { FaultlineError } from "../../base/errors.ts";
import { join } from "../../machine/address.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Snapshot } from "../../machine/snapshot.ts";
import type { Task } from "../../machine/task.ts";
import { substreamsOf, type PcmDevice } from "../../systems/pcm/device.ts";
import type { PcmDoor as SystemDoor } from "../../systems/pcm/doors.ts";
import type { DriverCall } from "../../systems/pcm/driverLog.ts";
import { StreamFields } from "../../systems/pcm/fields.ts";
import { PcmFile } from "../../systems/pcm/file.ts";
import { deviceProfiles, type PcmDeviceLimits } from "../../systems/pcm/params/index.ts";
import { pcmStates } from "../../systems/pcm/states.ts";
import { CaseMachine, type EmulatedOptions } from "../base/caseMachine.ts";
import { checkMethods, knobArguments, methodArguments } from "./arguments.ts";
import {
  bookkeepingEntries,
  type PageAccess,
  type PcmCaseSetup,
  type PcmDeviceKnobs,
  type PcmDeviceName,
  type PcmDoor,
  type PcmMachine,
  type PcmOpenRequest,
} from "./machine.ts";
import { UserPages } from "./userPages.ts";

/** Calls to a file that is not open. */
const EBADF = 9;
const EBUSY = 16;
const ENODEV = 19;
const EINVAL = 22;

/** What the recordings call the doors. */
const doors: Readonly<Record<PcmDoor, SystemDoor>> = { lp64: "native", i386: "i386", x32: "x32" };

/** The low 56 bits of appl_ptr are what a recording shows of an ack. */
const ackBits = 56;

/** Everything a case has besides linear memory. */
interface Kept {
  readonly snapshot: Snapshot;
  readonly files: ReadonlyMap<number, PcmFile>;
  readonly opened: ReadonlyMap<PcmFile, PcmOpenRequest>;
}

/** Replays on a {@link Machine}, which it takes over: it resets it now and for every case. */
export class EmulatedPcm implements PcmMachine {
  readonly device: PcmDeviceKnobs;
  readonly #cases: CaseMachine;
  #task: Task;
  #pages: UserPages;
  #fields: StreamFields;
  #limits: Readonly<Record<string, number>> = {};
  #files = new Map<number, PcmFile>();
  /** What each file was opened with. */
  #opened = new Map<PcmFile, PcmOpenRequest>();
  /** What the driver was asked while a file was closed. */
  readonly #lastCalls = new Map<number, readonly string[]>();
  #kept: Kept | null = null;

  static {
    checkMethods(this.prototype, methodArguments);
  }

  constructor(machine: Machine, options: EmulatedOptions = {}) {
    this.#cases = new CaseMachine(machine, options);
    this.#task = this.#cases.restart().createTask();
    this.#pages = new UserPages(this.#task);
    this.#fields = new StreamFields(this.#machine, bookkeepingEntries);
    this.device = checkMethods(this.#knobs(), knobArguments);
  }

  reset(setup: PcmCaseSetup): void {
    const machine = this.#cases.begin(setup.kernel);
    this.#task = machine.createTask({ wordBits: setup.abi === "lp64" ? 64 : 32 });
    this.#pages = new UserPages(this.#task);
    this.#fields = new StreamFields(this.#machine, bookkeepingEntries);
    this.#limits = setup.limits;
    this.#files.clear();
    this.#opened.clear();
    this.#lastCalls.clear();
    this.#kept = null;
  }

  get #machine(): Machine {
    return this.#cases.machine;
  }

  open(slot: number, request: PcmOpenRequest): number {
    const { stream: direction, sub: number, nonblock } = request;
    if (this.#isTaken(request)) return this.#refuseOpen(nonblock);
    const device = deviceOf(request.device, this.#limits);
    try {
      const file = new PcmFile(this.#task, { device, direction, number, nonblock });
      this.#files.set(slot, file);
      this.#opened.set(file, request);
    } catch (error) {
      if (error instanceof FaultlineError && error.code === "open-failed") return -EINVAL;
      throw error;
    }
    return 0;
  }

  /** True when every substream of the device's number and direction has a file that is not released. */
  #isTaken({ device, stream, sub }: PcmOpenRequest): boolean {
    const holders = this.#holders.filter((file) => {
      const other = this.#opened.get(file)!;
      return other.device === device && other.stream === stream && other.sub === sub;
    });
    return holders.length >= substreamsOf(device);
  }

  /** The files that have a substream: those that are open, and those that only mappings hold. */
  get #holders(): PcmFile[] {
    return [...this.#opened.keys()].filter((file) => !file.isReleased);
  }

  /** A blocking open sleeps until somebody closes, which nobody in a case can do meanwhile. */
  #refuseOpen(nonblock: boolean): number {
    if (nonblock) return -EBUSY;
    throw new FaultlineError("never-wakes", "the open sleeps for ever");
  }

  close(slot: number): number {
    this.#lastCalls.set(slot, namesOf(this.#file(slot).close()));
    this.#files.delete(slot);
    return 0;
  }

  #file(slot: number): PcmFile {
    const file = this.#files.get(slot);
    if (file === undefined) throw new FaultlineError("not-open", `slot ${slot} is not open`);
    return file;
  }

  descriptor(slot: number): number {
    return this.#files.get(slot)?.descriptor ?? -EBADF >>> 0;
  }

  ioctl(slot: number, door: PcmDoor, command: number, low: number, high: number): number {
    const file = this.#file(slot);
    return this.#finish(file, file.ioctl(doors[door], command, join(low, high)));
  }

  /** A call that sleeps is alone: the clock goes to its limit, as often as it takes. */
  #finish(file: PcmFile, result: number): number {
    let answer = result;
    while (answer === this.#machine.constant("BLOCKED")) {
      if (!this.#task.canResume && !this.#machine.advanceToNextTimeout()) {
        throw new FaultlineError("never-wakes", "the call sleeps for ever");
      }
      answer = file.finish();
    }
    return answer;
  }

  read(slot: number, address: number, length: number): number {
    const file = this.#file(slot);
    return this.#finish(file, file.read(address, length));
  }

  write(slot: number, address: number, length: number): number {
    const file = this.#file(slot);
    return this.#finish(file, file.write(address, length));
  }

  poll(slot: number): number {
    return this.#file(slot).poll();
  }

  mmap(slot: number, offset: number, length: number, prot: number): number {
    const address = this.#pages.freeAddress(length);
    const protection = (prot & 2) === 0 ? "r" : "rw";
    const result = this.#file(slot).mmapAt(offset, address, length, protection);
    return result < 0 ? result : address;
  }

  /** Power management tests suspend all devices and resume them, which leaves streams suspended. */
  writeSystemFile(file: string, text: string): number {
    if (file.endsWith("/power/state")) {
      for (const holder of this.#holders) holder.suspend();
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
    const ring = this.#file(slot).ring();
    if (ring.length === 0 || offset + length > ring.length) return null;
    return ring.subarray(offset, offset + length);
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
    if (file !== undefined) return namesOf(file.takeDriverCalls());
    const calls = this.#lastCalls.get(slot) ?? [];
    this.#lastCalls.delete(slot);
    return calls;
  }

  takeFindings(): readonly string[] {
    return this.#cases.takeFindings();
  }

  save(): void {
    this.#kept = {
      snapshot: this.#machine.snapshot(),
      files: new Map(this.#files),
      opened: new Map(this.#opened),
    };
  }

  restore(): void {
    if (this.#kept === null) {
      throw new FaultlineError("nothing-saved", "restore needs a save before it");
    }
    this.#machine.restore(this.#kept.snapshot);
    this.#files = new Map(this.#kept.files);
    this.#opened = new Map(this.#kept.opened);
    this.#cases.skipFindings();
  }

  #knobs(): PcmDeviceKnobs {
    const file = (slot: number): PcmFile => this.#file(slot);
    const answer = (word: bigint): number => Number(BigInt.asIntN(32, word));
    return {
      setPosition: (slot, frames) => file(slot).setPosition(frames),
      periodElapsed: (slot) => file(slot).periodElapsed(),
      xrun: (slot) => file(slot).reportXrun(),
      suspend: (slot) => file(slot).suspend(),
      stop: (slot, state) => file(slot).stop(pcmStates[state]!),
      poke: (slot, hwPtrBase, hwPtr, applPtr, hwPtrInterrupt) =>
        file(slot).poke({ hwPtrBase, hwPtr, applPtr, hwPtrInterrupt }),
      setReturns: (slot, prepare, trigger, ack) =>
        file(slot).setAnswers({
          prepare: answer(prepare),
          trigger: answer(trigger),
          ack: answer(ack),
        }),
      setDelay: (slot, frames) => file(slot).setDelay(frames),
      disconnect: (slot) => file(slot).disconnect(),
    };
  }
}

/** Driver calls as the recordings write them. */
function namesOf(calls: readonly DriverCall[]): readonly string[] {
  return calls.map(({ name, argument }) =>
    name === "ack" ? `ack:0x${BigInt.asUintN(ackBits, argument).toString(16)}` : name,
  );
}

function deviceOf(
  device: PcmDeviceName,
  changed: Readonly<Record<string, number>>,
): PcmDeviceName | PcmDevice {
  return device === "ctl" ? { limits: testLimits(changed) } : device;
}

/** The test device's limits with those replaced that a case names. */
function testLimits(changed: Readonly<Record<string, number>>): PcmDeviceLimits {
  const limits: PcmDeviceLimits = deviceProfiles.ctl;
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
