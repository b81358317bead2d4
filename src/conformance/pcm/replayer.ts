/**
 * Replays PCM cases on a machine and compares everything that was recorded. A case ends at the
 * first step that differs. The formats and rules are those of test/golden/pcm/README.md.
 */

import { hwRequest, parseImage, slotOf } from "../../systems/pcm/params/index.ts";
import { param } from "../../systems/pcm/params/layout.ts";
import { pcmRequest } from "../../systems/pcm/requests.ts";
import { BookkeepingView, ExpectedBookkeeping } from "./bookkeeping.ts";
import { decodeBytes, encodeBytes, patternBytes, statedLike } from "../base/bytes.ts";
import { CaseRun, type TracePlace } from "../base/caseRun.ts";
import type { Checker } from "../base/checker.ts";
import { exempt, Mismatch } from "../base/compare.ts";
import { commandDevice, isDeviceStep } from "./device.ts";
import { checkCaptured } from "./loopback.ts";
import {
  requestBase,
  requestBytes,
  userDataBase,
  userPageSize,
  type PcmDoor,
  type PcmMachine,
} from "./machine.ts";
import { MovingDevice } from "./position.ts";
import {
  type fixedRequests,
  isObserved,
  isSingleValues,
  usesSlot,
  type CheckStep,
  type DeviceStep,
  type FillRingStep,
  type MmapStep,
  type OpenStep,
  type PcmCase,
  type PcmStep,
  type ReadPageStep,
  type RequestStep,
  type SingleValuesStep,
  type TransferStep,
  type UserDataStep,
  type WritePageStep,
} from "./steps.ts";
import type { ReplayTally } from "../base/report.ts";
import { RequestPages } from "./requestPages.ts";
import { highHalf, lowHalf, TraceError } from "../base/trace.ts";

/** What stands for bytes that are not there to be read. */
const notMapped = "err";

/** What `write_page` answers for an area that is not mapped. */
const storeFailed = -1;

/** Multipliers of the two fill patterns. */
const userDataPattern = { step: 7, pageStep: 13 } as const;
const ringPattern = { step: 5, pageStep: 11 } as const;

/** Replays one case after the other on one machine. */
export class PcmReplayer {
  readonly #machine: PcmMachine;
  readonly #run: CaseRun;
  readonly #checker: Checker;
  readonly #pages: RequestPages;
  readonly #moving: MovingDevice;
  readonly #view: BookkeepingView;
  readonly #slots = new Map<number, ExpectedBookkeeping>();
  /** Address of the first mapping asked for of each area, or -errno. */
  readonly #areas = new Map<string, number>();
  #case: PcmCase | null = null;
  /** Bytes at the start of the user data area that the last read call filled. */
  #captured = 0;

  constructor(machine: PcmMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#run = new CaseRun(machine, tally);
    this.#checker = this.#run.checker;
    this.#pages = new RequestPages(machine);
    this.#view = new BookkeepingView(machine);
    this.#moving = new MovingDevice(machine, this.#checker, (tries) => tally.countTries(tries));
  }

  /** Replays a case and counts it. */
  replay(pcmCase: PcmCase, place: TracePlace): void {
    this.#case = pcmCase;
    this.#slots.clear();
    this.#areas.clear();
    this.#captured = 0;
    this.#run.replay(pcmCase, place, () => this.#goThrough(pcmCase));
  }

  #goThrough(pcmCase: PcmCase): void {
    const { abi, kernel, setup, steps } = pcmCase;
    this.#machine.reset({ abi, kernel, limits: {}, ...setup });
    for (const [index, step] of steps.slice(0, comparedSteps(pcmCase)).entries()) {
      this.#run.operation(step.op, index, () => this.#replayStep(step, index));
    }
  }

  #replayStep(step: PcmStep, index: number): void {
    const { setup, steps, abi } = this.#case!;
    this.#expectOpen(step);
    if (setup.device === "ctl") this.#perform(step);
    else this.#moving.around(steps, index, abi, () => this.#perform(step));
  }

  /** Throws a TraceError for a step on a file that the case has not opened; a LINK may name any other. */
  #expectOpen(step: PcmStep): void {
    const slot = slotNumber(step);
    if (usesSlot(step.op) && !this.#slots.has(slot)) {
      throw new TraceError("", `slot ${slot} is not open`);
    }
  }

  #perform(step: PcmStep): void {
    this.#call(step);
    if (this.#case!.setup.device !== "ctl") return;
    if (step.op === "CLOSE") this.#checkDriverCalls(step);
    else if (isObserved(step)) this.#checkSlot(step);
  }

  #call(step: PcmStep): void {
    switch (step.op) {
      case "OPEN":
        return this.#open(step);
      case "CLOSE":
        return this.#close(step);
      case "PEEK":
      case "wait":
        return;
      case "user_data":
        return this.#setUserData(step);
      case "check_user_data":
        return this.#checkUserData(step);
      case "fill_ring":
        return this.#fillRing(step);
      case "check_ring":
        return this.#checkRing(step);
      case "read":
      case "write":
        return this.#transfer(step);
      case "POLL":
        return this.#poll(step);
      case "MMAP":
        return this.#mmap(step);
      case "read_page":
        return this.#readPage(step);
      case "write_page":
        return this.#writePage(step);
      case "system":
        return this.#checkReturn(step, this.#machine.writeSystemFile(step.file, step.text));
      default:
        return this.#callDeviceOrRequest(step);
    }
  }

  #callDeviceOrRequest(step: DeviceStep | RequestStep | SingleValuesStep): void {
    if (isDeviceStep(step)) this.#checkReturn(step, commandDevice(this.#machine.device, step));
    else if (isSingleValues(step)) this.#setSingleValues(step);
    else this.#request(step);
  }

  #checkReturn(step: PcmStep, actual: number): void {
    if (step.ret === undefined) return;
    this.#checker.number("ret", step.ret, actual);
    if (step.errno !== undefined) this.#checker.number("errno", step.errno, -actual);
  }

  #checkSlot(step: PcmStep): void {
    const slot = slotNumber(step);
    const expected = this.#slots.get(slot)!;
    if (step.moved !== undefined) expected.add(step.moved);
    if (step.post !== undefined) expected.add(step.post);
    expected.compare(this.#machine, slot, this.#checker);
    this.#checkDriverCalls(step);
  }

  #checkDriverCalls(step: PcmStep): void {
    const actual = this.#machine.takeDriverCalls(slotNumber(step));
    this.#checker.text("drv", (step.drv ?? []).join(" "), actual.join(" "));
  }

  #open(step: OpenStep): void {
    const slot = slotNumber(step);
    this.#checkReturn(step, this.#machine.open(slot, step));
    if (step.ret >= 0) this.#slots.set(slot, new ExpectedBookkeeping());
  }

  #close(step: PcmStep): void {
    const slot = slotNumber(step);
    this.#checkReturn(step, this.#machine.close(slot));
    this.#slots.delete(slot);
  }

  #doorOf(step: { readonly entry?: PcmDoor }): PcmDoor {
    return step.entry ?? this.#case!.abi;
  }

  #request(step: RequestStep): void {
    const { in: input = "", mem = "ww" } = step;
    const door = this.#doorOf(step);
    const [low, high] = this.#argument(step);
    const offset = pageOffset(door, low, high);
    const usesPages = namesPages(step);
    if (usesPages) this.#pages.place(input, offset, mem);
    const ret = this.#machine.ioctl(slotNumber(step), door, requestNumber(step), low, high);
    this.#checkReturn(step, ret);
    if (!usesPages) return;
    this.#pages.expect(step.out ?? "=", step.skip ?? []);
    this.#checker.agrees("out");
    if (step.op === "READI" && ret === 0) this.#noteCaptured(step);
  }

  /** The argument word of an ioctl as (low, high). */
  #argument(step: RequestStep): readonly [number, number] {
    if (step.other_slot !== undefined) return [this.#machine.descriptor(step.other_slot), 0];
    const word = step.arg ?? step.addr;
    if (word !== undefined) return [lowHalf(word), highHalf(word)];
    return [step.in === undefined ? 0 : requestBase, 0];
  }

  /** Remembers how many bytes a READI into the user data area brought. */
  #noteCaptured(step: RequestStep): void {
    const frames = lowWord(this.#pages.readBack());
    this.#view.read(slotNumber(step));
    this.#captured = (frames * Number(this.#view.entry("frame_bits"))) / 8;
  }

  #setSingleValues(step: SingleValuesStep): void {
    const door = this.#doorOf(step);
    const { access, format, channels, rate, flags = 0 } = step;
    const { period_size: periodSize, buffer_size: bufferSize } = step;
    const wanted = { access, format, channels, rate, flags, periodSize, bufferSize };
    this.#pages.placeBytes(hwRequest(wanted, door === "lp64" ? 8 : 4), 0, "ww");
    const slot = slotNumber(step);
    const ret = this.#machine.ioctl(slot, door, lowHalf(step.cmd), requestBase, 0);
    this.#checkReturn(step, ret);
    this.#checkSingleValues(step, this.#pages.readBack());
  }

  /** A refused request leaves the structure, and so the values asked for, as they were. */
  #checkSingleValues(step: SingleValuesStep, answer: Uint8Array): void {
    const params = parseImage(answer);
    const low = (k: number): number => params.intervals.min[slotOf(k)]!;
    const rows: readonly (readonly [string, number, number])[] = [
      ["access", step.access, params.maskFirst(param.access)],
      ["format", step.format, params.maskFirst(param.format)],
      ["channels", step.channels, low(param.channels)],
      ["rate", step.rate, low(param.rate)],
      ["period_size", step.period_size, low(param.periodSize)],
      ["buffer_size", step.buffer_size, low(param.bufferSize)],
      ["frame_bits", step.frame_bits, low(param.frameBits)],
      ["info", lowHalf(step.info), params.info],
    ];
    for (const [field, expected, actual] of rows) this.#checker.number(field, expected, actual);
  }

  #setUserData({ pages, seed }: UserDataStep): void {
    const { step, pageStep } = userDataPattern;
    this.#machine.setUserData(patternBytes(pages * userPageSize, seed, step, pageStep));
    this.#captured = 0;
  }

  #checkUserData(step: CheckStep): void {
    const actual = new Uint8Array(step.len);
    const mapped = this.#machine.readUserData(step.offset, actual);
    if (mapped && this.#captured > 0 && this.#case!.kind === "loopback") {
      checkCaptured(step, actual, this.#captured, this.#machine);
      this.#checker.agrees("bytes");
      return;
    }
    this.#checkBytes(step.bytes, mapped, actual);
  }

  #checkBytes(expected: string, readable: boolean, actual: Uint8Array): void {
    const stated = readable ? statedLike(expected, actual) : notMapped;
    this.#checker.text("bytes", expected, stated);
  }

  #fillRing(step: FillRingStep): void {
    const bytes = patternBytes(step.len, step.seed, ringPattern.step, ringPattern.pageStep);
    this.#checkReturn(step, this.#machine.fillRing(slotNumber(step), step.offset, bytes));
  }

  #checkRing(step: CheckStep): void {
    const actual = new Uint8Array(step.len);
    const inside = this.#machine.readRing(slotNumber(step), step.offset, actual);
    this.#checkBytes(step.bytes, inside, actual);
  }

  #transfer(step: TransferStep): void {
    const slot = slotNumber(step);
    const address = userDataBase + step.offset;
    const ret =
      step.op === "read"
        ? this.#machine.read(slot, address, step.len)
        : this.#machine.write(slot, address, step.len);
    this.#checkReturn(step, ret);
    if (step.op === "read" && step.offset === 0) this.#captured = Math.max(ret, 0);
  }

  #poll(step: PcmStep & { readonly op: "POLL" }): void {
    const revents = this.#machine.poll(slotNumber(step));
    this.#checkReturn(step, revents === 0 ? 0 : 1);
    this.#checker.number("revents", lowHalf(step.revents), revents);
  }

  #mmap(step: MmapStep): void {
    const slot = slotNumber(step);
    const address = this.#machine.mmap(slot, lowHalf(step.offset), step.len, step.prot);
    this.#checkReturn(step, Math.min(address, 0));
    if (!this.#areas.has(step.area)) this.#areas.set(step.area, address);
  }

  #readPage(step: ReadPageStep): void {
    const address = this.#areas.get(step.area) ?? storeFailed;
    const actual = new Uint8Array(step.len);
    if (address < 0 || !this.#machine.loadMapped(address + step.offset, actual)) {
      this.#checker.text("bytes", step.bytes, notMapped);
      return;
    }
    if (step.bytes === notMapped) throw new Mismatch("bytes", notMapped, encodeBytes(actual));
    const expected = new Uint8Array(step.len);
    decodeBytes(step.bytes, expected);
    for (const [offset, length] of step.skip ?? []) exempt(actual, expected, offset, length);
    this.#checkBytes(step.bytes, true, actual);
  }

  #writePage(step: WritePageStep): void {
    const address = this.#areas.get(step.area) ?? storeFailed;
    const scratch = new Uint8Array(userPageSize);
    const bytes = scratch.subarray(0, decodeBytes(step.bytes, scratch));
    const stored = address >= 0 && this.#machine.storeMapped(address + step.offset, bytes);
    this.#checkReturn(step, stored ? 0 : storeFailed);
  }
}

/**
 * Steps to compare: what follows the first period notification of a case marked nondeterministic
 * on the test device depends on real time.
 */
function comparedSteps({ nondeterministic, setup, steps }: PcmCase): number {
  if (nondeterministic !== true || setup.device !== "ctl") return steps.length;
  const first = steps.findIndex((step) => step.op === "ctl.elapsed");
  return first < 0 ? steps.length : first;
}

function slotNumber(step: PcmStep): number {
  return step.slot ?? 0;
}

function lowWord(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

function requestNumber(step: RequestStep): number {
  if (step.cmd !== undefined) return lowHalf(step.cmd);
  return pcmRequest(step.op as (typeof fixedRequests)[number], 8);
}

/** True for a request that says what the request pages hold before it, after it, or who may use them. */
function namesPages({ in: input, out, mem }: RequestStep): boolean {
  return input !== undefined || out !== undefined || mem !== undefined;
}

/** Where in the request pages the argument lies; null when it lies elsewhere. */
function pageOffset(door: PcmDoor, low: number, high: number): number | null {
  if (door === "lp64" && high !== 0) return null;
  const offset = low - requestBase;
  return offset >= 0 && offset < requestBytes ? offset : null;
}
