/** Checking cases of the futex: as a whole, before anything is replayed. */

import { commandNames } from "./calls.ts";
import type { FutexCase } from "./steps.ts";
import {
  compileOperations,
  expectHead,
  expectOperations,
  expectRows,
  objectAt,
} from "../base/operations.ts";
import {
  anyNumber,
  compileShape,
  either,
  expectFit,
  flag,
  hexNumber,
  integerNumber,
  listOf,
  matching,
  objectWith,
  oneOf,
  orNull,
  protection,
  rowOf,
  size,
  text,
  upTo,
  type Shape,
} from "../base/shapes.ts";
import { isObject, type JsonObject } from "../base/trace.ts";

/** More threads, files, bytes and rounds than any case needs: what a replay would not survive is said, not tried. */
const LAST_THREAD = 255;
const LAST_FILE = 3;
const MOST_BYTES = 1 << 26;
const MOST_NODES = 1 << 14;
const MOST_ROUNDS = 1 << 20;
const LAST_PRIORITY = 99;

const thread = upTo(LAST_THREAD);
const bytes = upTo(MOST_BYTES);

const ownerWord = matching(
  /^(0x[0-9a-f]{1,8}|(T\d{1,3}|X|N|K)(\|W)?(\|D)?)$/i,
  "a 32-bit 0x string or an owner's name",
);
const mapFlags = matching(/^(private|shared)(\|anon)?$/, '"private" or "shared", with "|anon"');
const commandNumber = matching(
  /^\d{1,9}$/,
  `a number in text, or one of ${commandNames.join(", ")}`,
);
const command = either(oneOf(...commandNames), commandNumber);

const timeForms = '[kind, seconds, nanoseconds] or ["ptr", "0x…"]';
const timeSpec = either(
  rowOf(timeForms, oneOf("ptr"), hexNumber),
  rowOf(timeForms, oneOf("raw", "mono+", "real+"), anyNumber, anyNumber),
);

const waiters = listOf(
  rowOf("[value, address, flags, reserved]", hexNumber, hexNumber, size, size),
);

const range: Shape = { addr: hexNumber, len: bytes };

const setupShapes: Readonly<Record<string, Shape>> = {
  mmap: { ...range, prot: protection, flags: mapFlags, "file?": upTo(LAST_FILE), "off?": bytes },
  munmap: range,
  mprotect: { ...range, prot: protection },
  madvise: { ...range, advice: oneOf("dontneed", "guard_install") },
  mremap: { ...range, to: hexNumber },
  thread: { to: thread },
  proc: { to: thread },
  store: { addr: hexNumber, val: ownerWord },
  store8: { addr: hexNumber, val: hexNumber },
  sched: { policy: oneOf("fifo"), prio: upTo(LAST_PRIORITY) },
  set_robust_list: { head: hexNumber, len: anyNumber },
  set_tid_address: { addr: hexNumber },
  robust_chain: {
    head: hexNumber,
    first: hexNumber,
    count: upTo(MOST_NODES),
    stride: size,
    offset: integerNumber,
    val: ownerWord,
  },
};

const stepShapes: Readonly<Record<string, Shape>> = {
  ...setupShapes,
  futex: {
    cmd: command,
    flags: listOf(oneOf("private", "realtime")),
    "extra_flags?": integerNumber,
    uaddr: hexNumber,
    val: ownerWord,
    "timeout?": timeSpec,
    "val2?": integerNumber,
    "uaddr2?": hexNumber,
    "val3?": ownerWord,
  },
  waitv: {
    waiters,
    flags: integerNumber,
    timeout: orNull(timeSpec),
    clock: integerNumber,
    "list_ptr?": hexNumber,
  },
  futex_wake: { uaddr: hexNumber, mask: hexNumber, nr: integerNumber, flags: integerNumber },
  futex_wait: {
    uaddr: hexNumber,
    val: hexNumber,
    mask: hexNumber,
    flags: integerNumber,
    timeout: orNull(timeSpec),
    clock: integerNumber,
  },
  futex_requeue: {
    waiters,
    flags: integerNumber,
    nr_wake: integerNumber,
    nr_requeue: integerNumber,
  },
  get_robust_list: { who: oneOf("self"), "head_read?": hexNumber, "len_read?": size },
  exit: {},
  prio: {},
  join: {},
  contend: {
    mode: upTo(5),
    threads: upTo(LAST_THREAD),
    count: upTo(MOST_ROUNDS),
    addr: hexNumber,
    "counter?": size,
  },
};

const observedValue = orNull(ownerWord);

const inSetup: Shape = { t: thread, op: text, "ret?": integerNumber, "errno?": text };
const returnedRow = objectWith("{t, ret, errno}", { t: thread, ret: integerNumber, errno: text });
const asStep: Shape = {
  t: thread,
  op: text,
  "ret?": integerNumber,
  "errno?": text,
  "blocked?": flag,
  "skipped?": flag,
  "wait_return?": flag,
  "returned?": listOf(returnedRow),
  "words?": listOf(observedValue),
  "note?": text,
};

const setupOperations = compileOperations(setupShapes, inSetup);
const stepOperations = compileOperations(stepShapes, asStep);

const observedShape = compileShape({ addr: hexNumber, owner: flag });

/** True for a line's object that is a case of this kind, however broken. */
export function isFutexCase(line: JsonObject): boolean {
  return "end_blocked" in line || (isObject(line["setup"]) && "words" in line["setup"]);
}

/** Takes a line's object as a case; throws a TraceError that names what does not fit. */
export function parseFutexCase(line: JsonObject): FutexCase {
  expectHead(line);
  const setup = objectAt(line, "setup");
  expectOperations(setup["ops"], "setup.ops", (op) => setupOperations.get(op));
  expectRows(setup["words"], "setup.words", observedShape);
  expectFit(objectAt(line, "start")["words"], listOf(observedValue), "start.words");
  expectOperations(line["steps"], "steps", (op) => stepOperations.get(op));
  expectFit(line["end_blocked"], listOf(thread), "end_blocked");
  return line as unknown as FutexCase;
}
