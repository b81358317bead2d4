/** Checking cases of the futex: as a whole, before anything is replayed. */

import { commandNames } from "./futexCalls.ts";
import type { FutexCase } from "./futexSteps.ts";
import {
  anyNumber,
  compileShape,
  expectFit,
  expectShape,
  flag,
  hexNumber,
  integerNumber,
  isObject,
  listOf,
  oneOf,
  size,
  text,
  TraceError,
  UnknownOperationError,
  upTo,
  type Check,
  type CompiledShape,
  type JsonObject,
  type Shape,
} from "./trace.ts";

/** More threads, files, bytes and rounds than any case needs: what a replay would not survive is said, not tried. */
const LAST_THREAD = 255;
const LAST_FILE = 3;
const MOST_BYTES = 1 << 26;
const MOST_NODES = 1 << 14;
const MOST_ROUNDS = 1 << 20;
const LAST_PRIORITY = 99;

const thread = upTo(LAST_THREAD);
const bytes = upTo(MOST_BYTES);

function matching(pattern: RegExp, description: string): Check {
  return (value) => (typeof value === "string" && pattern.test(value) ? null : description);
}

const protection = matching(/^[r-][w-][x-]$/, 'three letters of "rwx" or -');
const ownerWord = matching(
  /^(0x[0-9a-f]{1,8}|(T\d{1,3}|X|N|K)(\|W)?(\|D)?)$/i,
  "a 32-bit 0x string or an owner's name",
);
const mapFlags = matching(/^(private|shared)(\|anon)?$/, '"private" or "shared", with "|anon"');
const command: Check = (value) =>
  commandNames.includes(value as string) ? null : commandNumber(value);
const commandNumber = matching(
  /^\d{1,9}$/,
  `a number in text, or one of ${commandNames.join(", ")}`,
);

const timeSpec: Check = (value) => {
  const expected = '[kind, seconds, nanoseconds] or ["ptr", "0x…"]';
  if (!Array.isArray(value)) return expected;
  const [kind, ...rest] = value as unknown[];
  if (kind === "ptr") return rest.length === 1 && hexNumber(rest[0]) === null ? null : expected;
  const known = oneOf("raw", "mono+", "real+")(kind) === null;
  const times = rest.length === 2 && rest.every((number) => anyNumber(number) === null);
  return known && times ? null : expected;
};

function orNull(check: Check): Check {
  return (value) => (value === null ? null : check(value));
}

const waiter: Check = (value) => {
  const expected = "[value, address, flags, reserved]";
  if (!Array.isArray(value) || value.length !== 4) return expected;
  const [wanted, address, flags, reserved] = value as unknown[];
  const fits = hexNumber(wanted) === null && hexNumber(address) === null;
  return fits && size(flags) === null && size(reserved) === null ? null : expected;
};
const waiters = listOf(waiter);

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
const returnedShape = compileShape({ t: thread, ret: integerNumber, errno: text });
const asStep: Shape = {
  t: thread,
  op: text,
  "ret?": integerNumber,
  "errno?": text,
  "blocked?": flag,
  "skipped?": flag,
  "wait_return?": flag,
  "returned?": returnedRows,
  "words?": listOf(observedValue),
  "note?": text,
};

function returnedRows(value: unknown): string | null {
  const expected = "a list of {t, ret, errno}";
  if (!Array.isArray(value)) return expected;
  for (const row of value as unknown[]) {
    if (!isObject(row)) return expected;
    for (const [key, check] of returnedShape.checks) {
      if (check(row[key]) !== null) return expected;
    }
  }
  return null;
}

const compiledSetup = compileAll(setupShapes, inSetup);
const compiledSteps = compileAll(stepShapes, asStep);

function compileAll(
  shapes: Readonly<Record<string, Shape>>,
  common: Shape,
): ReadonlyMap<string, CompiledShape> {
  return new Map(
    Object.entries(shapes).map(([op, shape]) => [op, compileShape(common, shape)] as const),
  );
}

const observedShape = compileShape({ addr: hexNumber, owner: flag });

/** True for a line's object that is a case of this kind, however broken. */
export function isFutexCase(line: JsonObject): boolean {
  return "end_blocked" in line || (isObject(line["setup"]) && "words" in line["setup"]);
}

/** Takes a line's object as a case; throws a TraceError that names what does not fit. */
export function parseFutexCase(line: JsonObject): FutexCase {
  for (const key of ["id", "kernel", "kind"]) expectFit(line[key], text, key);
  const setup = objectAt(line, "setup");
  expectOperations(setup["ops"], "setup.ops", compiledSetup);
  expectObserved(setup["words"]);
  expectFit(objectAt(line, "start")["words"], listOf(observedValue), "start.words");
  expectOperations(line["steps"], "steps", compiledSteps);
  expectFit(line["end_blocked"], listOf(thread), "end_blocked");
  return line as unknown as FutexCase;
}

function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  if (!isObject(value)) throw new TraceError(key, "expected an object");
  return value;
}

function expectObserved(words: unknown): void {
  if (!Array.isArray(words)) throw new TraceError("setup.words", "expected a list");
  words.forEach((word: unknown, index) => {
    const at = `setup.words[${index}]`;
    if (!isObject(word)) throw new TraceError(at, "expected an object");
    expectShape(word, observedShape, at);
  });
}

function expectOperations(
  operations: unknown,
  place: string,
  shapes: ReadonlyMap<string, CompiledShape>,
): void {
  if (!Array.isArray(operations)) throw new TraceError(place, "expected a list");
  operations.forEach((operation: unknown, index) => {
    const at = `${place}[${index}]`;
    if (!isObject(operation)) throw new TraceError(at, "expected an object");
    expectFit(operation["op"], text, `${at}.op`);
    const op = operation["op"] as string;
    const shape = shapes.get(op);
    if (shape === undefined) throw new UnknownOperationError(op, at, index);
    expectShape(operation, shape, at);
  });
}
