/**
 * Checking cases of performance events: as a whole, before anything is replayed, so that nothing recorded in a step is
 * silently left out.
 */

import { eventCommands } from "../../systems/perf/perfEvent.ts";
import { instructionNames } from "../../systems/perf/instructions.ts";
import { entryNames } from "../../systems/perf/programCalls.ts";
import { resultKeys, type PerfRegsCase } from "./steps.ts";
import { compileOperations, expectHead, expectOperations } from "../base/operations.ts";
import {
  anyNumber,
  anything,
  either,
  flag,
  hexNumber,
  integerNumber,
  listOf,
  objectWith,
  oneOf,
  oneOfNumbers,
  protection,
  size,
  text,
  upTo,
  type Check,
  type Shape,
} from "../base/shapes.ts";
import { isObject, type JsonObject } from "../base/trace.ts";

/** More of anything than a case needs: what a replay would not survive is said, not tried. */
const LAST_EVENT = 255;
const LAST_FILE = 63;
const MOST_BYTES = 1 << 26;
const MOST_MICROSECONDS = 10_000_000;

const event = upTo(LAST_EVENT);
const bytes = upTo(MOST_BYTES);
const events = listOf(event);

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

const memory = listOf(objectWith("memory with addr and len", range));

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
    group: either(integerNumber, text),
    oflags: size,
    "attr_bytes_readable?": bytes,
    "attr_at?": hexNumber,
  },
  mmap: { ...ofEvent, bytes, prot: protection, "private?": flag, "off?": bytes },
  ioctl: {
    ...ofEvent,
    cmd: oneOf(...eventCommands, "BOGUS"),
    arg: either(integerNumber, text),
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

const results: Shape = Object.fromEntries(resultKeys.map((key) => [`${key}?`, anything]));
const operations = compileOperations(shapes, { op: text, "note?": text, ...results });

/** True for a line's object that is a case of this kind, however broken. */
export function isPerfRegsCase(line: JsonObject): boolean {
  if (Array.isArray(line["setup"])) return true;
  const steps = line["steps"];
  return Array.isArray(steps) && steps.some((step) => isObject(step) && "attr" in step);
}

/** Takes a line's object as a case; throws a TraceError that names what does not fit. */
export function parsePerfRegsCase(line: JsonObject): PerfRegsCase {
  expectHead(line);
  if (line["setup"] !== undefined) expectAll(line["setup"], "setup");
  expectAll(line["steps"], "steps");
  return line as unknown as PerfRegsCase;
}

function expectAll(list: unknown, place: string): void {
  expectOperations(list, place, (op) => operations.get(op));
}
