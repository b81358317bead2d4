/**
 * What a recorded step would have answered on a kernel with version 1 of the fast path: the step is played through on
 * the state before it with the kernel's reads as the claims predict them and, where a claim made a difference, once more
 * as the slow path makes them. Where that does not give what was recorded, something else decided before any read, and
 * nothing is predicted.
 */

import { joinBytes } from "../../base/bytes.ts";
import { errnos } from "../../base/errno.ts";
import type { Task } from "../../machine/task.ts";
import { PAGE_BYTES } from "../base/content.ts";
import { recordedField, stateAnswer, type StatedAnswer } from "./answer.ts";
import { areaAt, ClaimedReads, SlowReads, type Claim, type ReadRights } from "./claims.ts";
import type { Answer } from "./machine.ts";
import type { RemoteVmStep, WatchedRange } from "./steps.ts";
import { checksumsOf, lettersOf } from "./view.ts";
import type { Piece, World } from "./world.ts";
import { wordOf, type Word } from "../base/trace.ts";

/** What a step must answer instead of what was recorded, and why. */
export interface Prediction {
  readonly claim: Claim;
  readonly answer: StatedAnswer;
  /** Letters of the watched ranges behind the step. */
  readonly letters: readonly string[];
  /** What the process itself reads then in pages that hold something else than on the slow path. */
  readonly pages: readonly PageWord[];
}

/** The word of a page of a watched range. */
export interface PageWord {
  readonly range: number;
  readonly page: number;
  readonly word: string;
}

/** How the kernel reads for a step: a page at most at a time. */
type Read = (at: bigint, length: number) => Uint8Array;

/** A step that reads through the kernel: what it reads at first, and the whole of it over some way to read. */
interface ReadStep {
  readonly target: Task;
  readonly rights: ReadRights;
  readonly ranges: readonly { readonly at: bigint; readonly length: bigint }[];
  readonly play: (read: Read) => Answer;
}

/** Most that one call moves (MAX_RW_COUNT). */
const MOST_BYTES = 0x7ffff000n;

/** The prediction for a step that must differ; null for one that must answer as recorded. */
export function predictStep(
  world: World,
  step: RemoteVmStep,
  watched: readonly WatchedRange[],
): Prediction | null {
  const reads = readStepOf(world, step);
  if (reads === null || !reads.ranges.some((range) => isConcerned(reads, range))) return null;
  const { machine } = world;
  const start = machine.snapshot();
  machine.remotePath = "slow";
  try {
    const caller = world.program(step.p).task;
    const claimed = new ClaimedReads(new SlowReads(caller, reads.target, reads.rights));
    const answer = stateAnswer(reads.play((at, length) => claimed.read(at, length)));
    const [claim] = claimed.claims;
    if (claim === undefined) return null;
    const letters = lettersIn(world, watched);
    const words = wordsOf(world, watched);
    machine.restore(start);
    machine.remotePath = "slow";
    const slow = new SlowReads(caller, reads.target, reads.rights);
    const recorded = stateAnswer(reads.play((at, length) => slow.read(at, length)));
    if (!isRecorded(step, recorded)) return null;
    const slowLetters = lettersIn(world, watched);
    const pages = changedWords(wordsOf(world, watched), words);
    const same = sameAnswer(recorded, answer) && letters.join() === slowLetters.join();
    return same && pages.length === 0 ? null : { claim, answer, letters, pages };
  } finally {
    machine.restore(start);
  }
}

function sameAnswer(one: StatedAnswer, other: StatedAnswer): boolean {
  return [...one, ...other].every(([field]) => one.get(field) === other.get(field));
}

function lettersIn(world: World, watched: readonly WatchedRange[]): string[] {
  return watched.map(({ p, addr, pages }) => {
    const program = world.find(p);
    return program === undefined ? "" : lettersOf(program.task, BigInt(addr), pages);
  });
}

/** A word for each page of each range. */
function wordsOf(world: World, watched: readonly WatchedRange[]): string[][] {
  return watched.map(({ p, addr, pages }) => {
    const program = world.find(p);
    return program === undefined ? [] : checksumsOf(program.task, BigInt(addr), pages).split(" ");
  });
}

function changedWords(before: readonly string[][], after: readonly string[][]): PageWord[] {
  return after.flatMap((words, range) =>
    words
      .map((word, page) => ({ range, page, word }))
      .filter(({ page, word }) => word !== before[range]![page]),
  );
}

function isRecorded(step: RemoteVmStep, answer: StatedAnswer): boolean {
  return (["ret", "errno", "crc"] as const).every(
    (field) => (recordedField(step, field) ?? "") === (answer.get(field) ?? ""),
  );
}

/** Only where something is mapped before a hole, or is no anonymous memory, has a claim anything to say. */
function isConcerned(
  { target, rights }: ReadStep,
  { at, length }: ReadStep["ranges"][number],
): boolean {
  const areas = target.vmas();
  const end = at + (length < MOST_BYTES ? length : MOST_BYTES);
  return areas.some((area) => {
    const borders = at < area.end && area.end < end && areaAt(areas, area.end) === undefined;
    const touches = area.start < end && at < area.end;
    return borders || (touches && rights === "anonymous" && area.backing !== "anonymous");
  });
}

function readStepOf(world: World, step: RemoteVmStep): ReadStep | null {
  switch (step.op) {
    case "mem_read":
    case "mem_seek_read": {
      const buffer = "buf" in step && step.buf !== undefined ? step.buf : "buf";
      const pieces = world.program(step.p).pieces([[buffer, step.len]]);
      return memStep(world, step, pieces, step.op === "mem_seek_read");
    }
    case "mem_preadv":
      return memStep(world, step, world.program(step.p).pieces(step.local), false);
    case "proc_read":
      return procStep(world, step);
    default:
      return null;
  }
}

function memStep(
  world: World,
  { p, pid, addr }: { readonly p: number; readonly pid: number; readonly addr: Word },
  pieces: readonly Piece[],
  moves: boolean,
): ReadStep | null {
  const target = world.find(pid)?.task;
  if (target === undefined) return null;
  const at = wordOf(addr);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0n);
  const caller = world.program(p).task;
  const play = (read: Read): Answer => {
    const { result, bytes } = readElements(caller, pieces, at, read);
    const position = moves ? { position: BigInt.asUintN(64, at + BigInt(bytes.length)) } : {};
    return { result, received: bytes.subarray(0, Math.max(result, 0)), ...position };
  };
  return { target, rights: "force", ranges: [{ at, length }], play };
}

interface Played {
  readonly result: number;
  readonly bytes: Uint8Array;
}

/** preadv (fs/proc/base.c): each element as a call of its own. */
function readElements(caller: Task, pieces: readonly Piece[], from: bigint, read: Read): Played {
  let bytes: Uint8Array = nothing;
  for (const piece of pieces) {
    if (piece.length === 0n) continue;
    const played = readChunks(caller, piece, from + BigInt(bytes.length), read);
    if (played.result < 0) {
      if (pieces.length === 1) return played;
      return { result: bytes.length > 0 ? bytes.length : played.result, bytes };
    }
    bytes = joinBytes([bytes, played.bytes]);
    if (BigInt(played.result) !== piece.length) break;
  }
  return { result: bytes.length, bytes };
}

/** mem_rw: chunks of a page from the request's own start, each copied out to the caller. */
function readChunks(caller: Task, { address, length }: Piece, from: bigint, read: Read): Played {
  const most = Number(length < MOST_BYTES ? length : MOST_BYTES);
  const chunks: Uint8Array[] = [];
  let done = 0;
  while (done < most) {
    const chunk = read(from + BigInt(done), Math.min(most - done, PAGE_BYTES));
    if (chunk.length === 0) break;
    if (copyOut(caller, address + BigInt(done), chunk) !== 0) {
      return { result: -errnos.EFAULT, bytes: joinBytes(chunks) };
    }
    chunks.push(chunk);
    done += chunk.length;
  }
  return { result: done > 0 ? done : -errnos.EIO, bytes: joinBytes(chunks) };
}

/** Bytes that could not be copied to the caller's memory. */
function copyOut(caller: Task, address: bigint, bytes: Uint8Array): number {
  const buffer = caller.machine.allocKernel(bytes.length);
  buffer.bytes.set(bytes);
  caller.runOn(caller.cpu);
  const left = caller.uaccess.copyToUser(address, buffer, bytes.length);
  buffer.free();
  return left;
}

type ProcStep = Extract<RemoteVmStep, { op: "proc_read" }>;

/** Where a process's strings stand. */
interface Strings {
  readonly argStart: bigint;
  readonly argEnd: bigint;
  readonly envStart: bigint;
  readonly envEnd: bigint;
}

function procStep(world: World, { pid, name, off, len }: ProcStep): ReadStep | null {
  const target = world.find(pid)?.task;
  if (target === undefined) return null;
  const strings = stringsOf(target);
  const { argStart, envStart, envEnd } = strings;
  const at = name === "cmdline" ? argStart : envStart;
  const end = strings.argEnd > envEnd ? strings.argEnd : envEnd;
  const length = end - at + BigInt(PAGE_BYTES);
  const play = (read: Read): Answer => {
    const offset = wordOf(off);
    const wanted = wordOf(len);
    const bytes =
      name === "cmdline"
        ? readCmdline(strings, offset, wanted, read)
        : readEnviron(strings, offset, wanted, read);
    return { result: bytes.length, received: bytes };
  };
  return { target, rights: "anonymous", ranges: [{ at, length }], play };
}

function stringsOf({ machine, handle }: Task): Strings {
  const mm = machine.words[(handle + machine.constant("TASK_MM")) >>> 2]!;
  return {
    argStart: machine.wideAt(mm + machine.constant("MM_ARG_START")),
    argEnd: machine.wideAt(mm + machine.constant("MM_ARG_END")),
    envStart: machine.wideAt(mm + machine.constant("MM_ENV_START")),
    envEnd: machine.wideAt(mm + machine.constant("MM_ENV_END")),
  };
}

const nothing = new Uint8Array(0);

function least(...numbers: readonly bigint[]): bigint {
  return numbers.reduce((smallest, number) => (number < smallest ? number : smallest));
}

function readCmdline(strings: Strings, offset: bigint, wanted: bigint, read: Read): Uint8Array {
  const { argStart, argEnd, envEnd } = strings;
  if (envEnd === 0n || argStart >= argEnd) return nothing;
  const runsOn = strings.envStart === argEnd && envEnd >= argEnd;
  const end = runsOn ? envEnd : argEnd;
  if (offset >= end - argStart) return nothing;
  const most = least(wanted, end - argStart - offset);
  if (most === 0n) return nothing;
  const last = read(argEnd - 1n, 1);
  if (last.length === 1 && last[0] !== 0) return readTitle(argStart, offset, most, read);
  if (offset >= argEnd - argStart) return nothing;
  return readPieces(argStart + offset, least(most, argEnd - argStart - offset), read);
}

/** A title written over the arguments: up to its NUL, at most a page. */
function readTitle(start: bigint, offset: bigint, most: bigint, read: Read): Uint8Array {
  if (offset >= BigInt(PAGE_BYTES)) return nothing;
  const page = read(start, PAGE_BYTES);
  const zero = page.indexOf(0);
  const length = least(BigInt(zero < 0 ? page.length : zero + 1), offset + most);
  return length <= offset ? nothing : page.slice(Number(offset), Number(length));
}

function readPieces(at: bigint, length: bigint, read: Read): Uint8Array {
  const pieces: Uint8Array[] = [];
  let done = 0n;
  while (done < length) {
    const piece = read(at + done, Number(least(length - done, BigInt(PAGE_BYTES))));
    if (piece.length === 0) break;
    pieces.push(piece);
    done += BigInt(piece.length);
  }
  return joinBytes(pieces);
}

/** One piece that cannot be had makes it nothing. */
function readEnviron(strings: Strings, offset: bigint, wanted: bigint, read: Read): Uint8Array {
  const { envStart, envEnd } = strings;
  const whole = envEnd - envStart;
  if (envEnd === 0n || offset >= whole) return nothing;
  const length = least(wanted, whole - offset);
  const bytes = readPieces(envStart + offset, length, read);
  return BigInt(bytes.length) === length ? bytes : nothing;
}
