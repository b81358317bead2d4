/**
 * The position rule for devices that move by themselves (the kernel's dummy and loopback
 * drivers). Their position is an input of the replay: it is read off the recording and given to
 * the emulated device, never to the core, before a step or as a period interrupt.
 *
 *    post of the step before ─ interrupt? ─► pre ─ call, reads a position ─► … ─ interrupt? ─► post
 */

import { BookkeepingView } from "./bookkeeping.ts";
import { decodeBytes } from "../base/bytes.ts";
import type { Checker } from "../base/checker.ts";
import { Mismatch } from "../base/compare.ts";
import type { PcmDirection, PcmDoor, PcmMachine } from "./machine.ts";
import type { Entries, PcmStep, RequestStep } from "./steps.ts";
import { lowHalf, TraceError, wordOf, type HexText } from "../base/trace.ts";

/** Entries that a recording of these devices has before and after every step. */
const viewedEntries = ["state", "hw_ptr", "appl_ptr", "avail_min"] as const;
type ViewedEntry = (typeof viewedEntries)[number];

/** One way to explain a step: where the device stands, and whether it says so before the call. */
interface Reading {
  readonly hwPtr: bigint;
  readonly interruptFirst: boolean;
}

/** Where a structure that a call fills has hw_ptr, by size of the structure: [offset, bytes]. */
const hwPtrInAnswer: Readonly<Record<string, readonly [offset: number, bytes: number]>> = {
  "SYNC_PTR 132": [12, 4],
  "SYNC_PTR 136": [16, 4],
  "SYNC_PTR 136 lp64": [16, 8],
  "STATUS 108": [24, 4],
  "STATUS 128": [44, 4],
  "STATUS 152": [48, 8],
};

/** Drives the positions of one machine's devices along a recording. */
export class MovingDevice {
  readonly #machine: PcmMachine;
  readonly #checker: Checker;
  readonly #view: BookkeepingView;
  readonly #countTries: (tries: number) => void;

  /** `countTries` is told how many readings a step took, for every step that was recorded moving. */
  constructor(machine: PcmMachine, checker: Checker, countTries: (tries: number) => void) {
    this.#machine = machine;
    this.#checker = checker;
    this.#view = new BookkeepingView(machine);
    this.#countTries = countTries;
  }

  /**
   * Runs `perform` for a step with the device standing where the recording says, and compares
   * `pre` and `post`. Where the recording allows several readings, the first that explains the
   * whole step is taken; if none does, the first one's Mismatch is thrown.
   */
  around(steps: readonly PcmStep[], index: number, abi: PcmDoor, perform: () => void): void {
    const step = steps[index]!;
    if (step.op === "system") this.#meetNextSteps(steps, index, abi);
    if (step.post === undefined || step.op === "CLOSE") return perform();
    expectViewed("post", step.post);
    if (step.pre !== undefined) expectViewed("pre", step.pre);
    const slot = step.slot ?? 0;
    if (step.pre !== undefined) this.#catchUp(slot, step.pre, abi);
    const readings = readingsOf(step, abi, directionOf(steps, slot));
    this.#explain(step, abi, readings, perform);
  }

  #explain(step: PcmStep, abi: PcmDoor, readings: readonly Reading[], perform: () => void): void {
    if (readings.length > 1) this.#machine.save();
    let first: Mismatch | null = null;
    for (const [tries, reading] of readings.entries()) {
      try {
        this.#attempt(step, abi, reading, perform);
        this.#countTries(tries + 1);
        return;
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        first ??= error;
        if (readings.length > 1) this.#machine.restore();
      }
    }
    this.#countTries(readings.length);
    throw first!;
  }

  #attempt(
    step: PcmStep,
    abi: PcmDoor,
    { hwPtr, interruptFirst }: Reading,
    perform: () => void,
  ): void {
    const { slot = 0 } = step;
    this.#checker.begin();
    if (interruptFirst) this.#interruptTo(slot, hwPtr);
    else this.#standAt(slot, hwPtr);
    perform();
    this.#catchUp(slot, step.post!, abi);
    this.#checker.agrees("post");
  }

  /** Lets an interrupt move the stream if it is not where it was seen, then compares. */
  #catchUp(slot: number, seen: Entries, abi: PcmDoor): void {
    this.#view.read(slot);
    const moved = (["state", "hw_ptr"] as const).some(
      (name) => this.#viewed(name, abi) !== wordOf(seen[name]!),
    );
    if (moved) {
      this.#interruptTo(slot, wordOf(seen.hw_ptr!));
      this.#view.read(slot);
    }
    for (const name of viewedEntries) {
      const expected = wordOf(seen[name]!);
      const actual = this.#viewed(name, abi);
      if (actual !== expected) throw new Mismatch(`post.${name}`, hex(expected), hex(actual));
    }
  }

  /** An entry, as last read, as a program of this ABI sees it: i386 and x32 have 32-bit pointers. */
  #viewed(name: ViewedEntry, abi: PcmDoor): bigint {
    const value = this.#view.entry(name);
    if (abi === "lp64") return value;
    const boundary = this.#view.entry("boundary");
    const isPointer = name === "hw_ptr" || name === "appl_ptr";
    return BigInt.asUintN(32, isPointer && boundary !== 0n ? value % boundary : value);
  }

  #standAt(slot: number, hwPtr: bigint): void {
    this.#view.read(slot);
    this.#setPosition(slot, hwPtr, this.#view.entry("buffer_size"));
  }

  #setPosition(slot: number, hwPtr: bigint, bufferSize: bigint): void {
    this.#machine.device.setPosition(slot, bufferSize === 0n ? 0n : hwPtr % bufferSize);
  }

  /**
   * Period interrupts that bring the stream to `target`. From a ring or more away there were
   * several: the position goes to just within a ring of the target first, so that no xrun is
   * seen too early.
   */
  #interruptTo(slot: number, target: bigint): void {
    this.#view.read(slot);
    const bufferSize = this.#view.entry("buffer_size");
    const boundary = this.#view.entry("boundary");
    let at = this.#view.entry("hw_ptr");
    let ahead = boundary === 0n ? 0n : (((target - at) % boundary) + boundary) % boundary;
    while (bufferSize > 1n && ahead >= bufferSize) {
      const excess = ahead - bufferSize + 1n;
      const move = excess < bufferSize ? excess : bufferSize - 1n;
      at += move;
      ahead -= move;
      this.#setPosition(slot, at, bufferSize);
      this.#machine.device.periodElapsed(slot);
    }
    this.#setPosition(slot, target, bufferSize);
    this.#machine.device.periodElapsed(slot);
  }

  /** Steps without pre and post: how far a stream still moved is told by its next step. */
  #meetNextSteps(steps: readonly PcmStep[], index: number, abi: PcmDoor): void {
    const met = new Set<number>();
    for (const { slot = 0, pre } of steps.slice(index + 1)) {
      if (pre === undefined || met.has(slot)) continue;
      met.add(slot);
      const target = wordOf(pre.hw_ptr!);
      this.#view.read(slot);
      if (this.#viewed("hw_ptr", abi) !== target) this.#interruptTo(slot, target);
    }
  }
}

function expectViewed(place: string, entries: Entries): void {
  const missing = viewedEntries.find((name) => entries[name] === undefined);
  if (missing !== undefined) throw new TraceError(place, `the entry ${missing} is missing`);
}

/** The readings that a recording allows for the position during a call, likeliest first. */
function readingsOf(step: PcmStep, abi: PcmDoor, direction: PcmDirection): readonly Reading[] {
  const { pre, post } = step;
  const answered = "in" in step ? answeredPosition(step, abi, direction) : null;
  const last = wordOf(post!.hw_ptr!);
  const before = pre === undefined ? last : wordOf(pre.hw_ptr!);
  const readings: Reading[] = [];
  const add = (hwPtr: bigint, interruptFirst: boolean): void => {
    const known = readings.some((r) => r.hwPtr === hwPtr && r.interruptFirst === interruptFirst);
    if (!known) readings.push({ hwPtr, interruptFirst });
  };
  if (answered !== null) add(answered, false);
  add(last, false);
  add(before, false);
  if (answered !== null && answered !== before) add(answered, true);
  if (last !== before || post!.state !== pre?.state) add(last, true);
  return readings;
}

/** The position that the answer itself tells, modulo a multiple of the ring; null if it does not. */
function answeredPosition(step: RequestStep, abi: PcmDoor, direction: PcmDirection): bigint | null {
  if (step.ret !== 0 || step.cmd === undefined) return null;
  const text = (step.out === "=" ? step.in : step.out) ?? "";
  const applPtr = wordOf(step.post!.appl_ptr!);
  switch (step.op) {
    case "SYNC_PTR":
    case "STATUS":
    case "STATUS_EXT":
      return hwPtrIn(step.op, step.cmd, step.entry ?? abi, text);
    case "DELAY":
      return positionFromDelay(step, applPtr, text, direction);
    case "READI":
      return applPtr;
    default:
      return null;
  }
}

function hwPtrIn(op: string, cmd: HexText, door: PcmDoor, text: string): bigint | null {
  const name = `${op === "SYNC_PTR" ? op : "STATUS"} ${argumentBytes(cmd)}`;
  const place = hwPtrInAnswer[`${name} ${door}`] ?? hwPtrInAnswer[name];
  return place === undefined ? null : numberIn(text, place[0], place[1]);
}

/** Playback queues ahead of the hardware, capture behind it. */
function positionFromDelay(
  step: RequestStep,
  applPtr: bigint,
  text: string,
  direction: PcmDirection,
): bigint | null {
  const width = argumentBytes(step.cmd!);
  const raw = numberIn(text, 0, width);
  if (raw === null) return null;
  const delay = BigInt.asIntN(8 * width, raw);
  const hwPtr = direction === "playback" ? applPtr - delay : applPtr + delay;
  return hwPtr < 0n ? null : hwPtr;
}

function directionOf(steps: readonly PcmStep[], slot: number): PcmDirection {
  const open = steps.find((step) => step.op === "OPEN" && (step.slot ?? 0) === slot);
  return open?.op === "OPEN" ? open.stream : "playback";
}

/** Size of an ioctl's argument: bits 16 to 29 of its number. */
function argumentBytes(cmd: HexText): number {
  return (lowHalf(cmd) >>> 16) & 0x3fff;
}

/** An unsigned number of `width` bytes at `offset`; null when some of it no longer exists. */
function numberIn(text: string, offset: number, width: number): bigint | null {
  const bytes = new Uint8Array(1024);
  const known = new Uint8Array(bytes.length);
  decodeBytes(text, bytes, known);
  if (known.subarray(offset, offset + width).includes(0)) return null;
  const view = new DataView(bytes.buffer);
  return width === 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
