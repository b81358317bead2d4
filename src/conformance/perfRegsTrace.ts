/**
 * Checking cases of performance events: as a whole, before anything is replayed, so that nothing recorded in a step is
 * silently left out.
 */

import { eventCommands } from "../systems/perf/perfEvent.ts";
import { instructionNames } from "../systems/perf/instructions.ts";
import { entryNames } from "../systems/perf/programCalls.ts";
import { resultKeys, type PerfRegsCase } from "./perfRegsSteps.ts";
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

/** More of anything than a case needs: what a replay would not survive is said, not tried. */
const LAST_EVENT = 255;
const LAST_FILE = 63;
const MOST_BYTES = 1 << 26;
const MOST_MICROSECONDS = 10_000_000;

const event = upTo(LAST_EVENT);
const bytes = upTo(MOST_BYTES);
const events = listOf(event);
const anything: Check = () => null;
const protection: Check = (value) =>
  typeof value === "string" && /^[r-][w-][x-]$/.test(value) ? null : 'three letters of "rwx" or -';

const range: Shape = { addr: hexNumber, len: bytes };
const ofEvent: Shape = { e: event };
const registerValues: Check = (value) =>
  isObject(value) && Object.values(value).every((word) => hexNumber(word) === null)
    ? null
    : "registers as 0x strings";
const attributes: Check = (value) =>
  isObject(value) && Object.values(value).every(isAttribute)
    ? null
    : "attributes: numbers, names, lists of names";

function isAttribute(value: unknown): boolean {
  return typeof value === "string" || anyNumber(value) === null || listOf(text)(value) === null;
}

const memory: Check = (value) => {
  if (!Array.isArray(value)) return "a list of memory";
  const isRange = (row: unknown): boolean =>
    isObject(row) && hexNumber(row["addr"]) === null && bytes(row["len"]) === null;
  return value.every(isRange) ? null : "a list of memory with addr and len";
};

const instruction: Shape = {
  insn: oneOf(...instructionNames, ...entryNames),
  regs: registerValues,
  ip: hexNumber,
  addr: hexNumber,
};

const shapes: Readonly<Record<string, Shape>> = {
  map: {
    ...range,
    prot: protection,
    "populate?": flag,
    "shared?": flag,
    "growsdown?": flag,
    "file?": upTo(LAST_FILE),
    "off?": bytes,
  },
  file: { file: upTo(LAST_FILE), size: bytes, seed: upTo(0xffffffff) },
  fill: { ...range, seed: upTo(0xffffffff), pos: size },
  poke: { addr: hexNumber, size: oneOfNumbers(1, 2, 4, 8), value: hexNumber },
  drop: range,
  unmap: range,
  altstack: range,
  protect: { ...range, prot: protection },
  open: {
    ...ofEvent,
    attr: attributes,
    pid: text,
    cpu: integerNumber,
    group: (value) => (integerNumber(value) === null ? null : text(value)),
    oflags: size,
    "attr_bytes_readable?": bytes,
    "attr_at?": hexNumber,
  },
  mmap: { ...ofEvent, bytes, prot: protection, "private?": flag, "off?": bytes },
  ioctl: {
    ...ofEvent,
    cmd: oneOf(...eventCommands, "BOGUS"),
    arg: (value) => (integerNumber(value) === null ? null : text(value)),
  },
  run: {
    ...instruction,
    bits: oneOfNumbers(32, 64),
    on: events,
    "thread?": event,
    "vfork?": flag,
  },
  records: { ...ofEvent, "sample_of?": events },
  area: { ...ofEvent, "max?": bytes },
  take: { ...ofEvent, max: bytes },
  tail: { ...ofEvent, value: anyNumber },
  head: ofEvent,
  bytes: ofEvent,
  page: ofEvent,
  poll: ofEvent,
  close: ofEvent,
  munmap: ofEvent,
  read: { ...ofEvent, len: bytes },
  forms: ofEvent,
  name: { name: text },
  uid: { uid: size },
  thread: { t: event },
  end_thread: { t: event },
  child: { c: event },
  end_child: { c: event },
  fork_exit: { on: events },
  sleep: { us: upTo(MOST_MICROSECONDS), on: events },
  spin: { us: upTo(MOST_MICROSECONDS), on: events },
  bpf_output: { ...ofEvent, bytes, packet: bytes, on: events },
  program32: { ...instruction, c: event, memory },
  program32_go: { on: events },
};

function oneOfNumbers(...numbers: readonly number[]): Check {
  return (value) => (numbers.includes(value as number) ? null : `one of ${numbers.join(", ")}`);
}

const results: Shape = Object.fromEntries(resultKeys.map((key) => [`${key}?`, anything]));
const compiled: ReadonlyMap<string, CompiledShape> = new Map(
  Object.entries(shapes).map(([op, shape]) => [
    op,
    compileShape({ op: text, "note?": text }, results, shape),
  ]),
);

/** True for a line's object that is a case of this kind, however broken. */
export function isPerfRegsCase(line: JsonObject): boolean {
  if (Array.isArray(line["setup"])) return true;
  const steps = line["steps"];
  return Array.isArray(steps) && steps.some((step) => isObject(step) && "attr" in step);
}

/** Takes a line's object as a case; throws a TraceError that names what does not fit. */
export function parsePerfRegsCase(line: JsonObject): PerfRegsCase {
  for (const key of ["id", "kernel", "kind"]) expectFit(line[key], text, key);
  if (line["setup"] !== undefined) expectOperations(line["setup"], "setup");
  expectOperations(line["steps"], "steps");
  return line as unknown as PerfRegsCase;
}

function expectOperations(operations: unknown, place: string): void {
  if (!Array.isArray(operations)) throw new TraceError(place, "expected a list");
  operations.forEach((operation: unknown, index) => {
    const at = `${place}[${index}]`;
    if (!isObject(operation)) throw new TraceError(at, "expected an object");
    expectFit(operation["op"], text, `${at}.op`);
    const op = operation["op"] as string;
    const shape = compiled.get(op);
    if (shape === undefined) throw new UnknownOperationError(op, at, index);
    expectShape(operation, shape, at);
  });
}
