/**
 * Checking cases of remote memory access: as a whole, before anything is replayed, so that nothing recorded in a step
 * is silently left out.
 */

import { adviceNames, specialNames } from "../machine/advice.ts";
import { deviceNames } from "../systems/kernel/devices.ts";
import { socketTypes } from "../systems/kernel/socket.ts";
import { systemCallNames } from "../systems/kernel/systemCalls.ts";
import { answerFields, fileBackings, type RemoteVmCase } from "./remoteVmSteps.ts";
import {
  anyNumber,
  compileShape,
  expectFit,
  expectShape,
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

/** More processes, files, pages and bytes than any case needs: what a replay would not survive is said, not tried. */
const LAST_PROCESS = 15;
const LAST_FILE = 63;
const MOST_PAGES = 1 << 16;
const MOST_BYTES = 1 << 26;

const process = upTo(LAST_PROCESS);
const seed = upTo(0xffffffff);
const bytes = upTo(MOST_BYTES);
const protection: Check = (value) =>
  typeof value === "string" && /^[r-][w-][x-]$/.test(value) ? null : 'three letters of "rwx" or -';
const hexBytes: Check = (value) =>
  typeof value === "string" && /^([0-9a-f]{2})*$/.test(value) ? null : "bytes in hex";

const specialName = oneOf(...specialNames.map((name) => `[${name}]`));

const element: Check = (value) =>
  Array.isArray(value) && isElement(value) ? null : '[address or "buf", length, repeat]';
const elements = listOf(element);

function isElement(value: readonly unknown[]): boolean {
  const [address, length, repeat] = value;
  if (value.length < 2 || value.length > 3) return false;
  if (address !== "buf" && anyNumber(address) !== null) return false;
  return anyNumber(length) === null && (value.length === 2 || upTo(MOST_PAGES)(repeat) === null);
}

const range: Shape = { p: process, addr: anyNumber, len: anyNumber };

const setupShapes: Readonly<Record<string, Shape>> = {
  mmap: { ...range, prot: protection, flags: text, "file?": upTo(LAST_FILE), "off?": anyNumber },
  mprotect: { ...range, prot: protection },
  munmap: range,
  madvise: { ...range, advice: oneOf(...adviceNames) },
  mlock2: { ...range, onfault: size },
  mseal: range,
  fill: { ...range, seed, pos: anyNumber },
  bytes: { p: process, addr: anyNumber, hex: hexBytes },
  touch: range,
  uffd_missing_sigbus: range,
  move_special: { p: process, name: specialName, addr: anyNumber },
  fork: { p: process, to: process },
  setuid: { p: process, uid: size },
  dumpable: { p: process, val: upTo(1) },
  rlimit_stack: { p: process, bytes: anyNumber },
  set_args: {
    p: process,
    arg_start: anyNumber,
    arg_end: anyNumber,
    env_start: anyNumber,
    env_end: anyNumber,
  },
  exec: { p: process, argv: listOf(hexBytes), env: listOf(hexBytes) },
  exit: { p: process, reap: upTo(1) },
};

const onTarget: Shape = { p: process, pid: process };
const transfer: Shape = { ...onTarget, addr: anyNumber, len: anyNumber };
const vectors: Shape = {
  ...onTarget,
  local: elements,
  remote: elements,
  flags: anyNumber,
  "pid_abs?": integerNumber,
  "local_count?": anyNumber,
  "remote_count?": anyNumber,
  "local_ptr?": anyNumber,
  "remote_ptr?": anyNumber,
};
const ofElements: Shape = { p: process, iov: elements };
const ofFile: Shape = {
  ...ofElements,
  backing: oneOf("memfd", "disk"),
  off: bytes,
  size: bytes,
  seed,
};
const ofDevice: Shape = { ...range, dev: oneOf(...deviceNames) };
const socketType = oneOf(...socketTypes);

const stepShapes: Readonly<Record<string, Shape>> = {
  ...setupShapes,
  mem_read: { ...transfer, "buf?": anyNumber },
  mem_write: { ...transfer, "seed?": seed, "buf?": anyNumber },
  mem_seek_read: transfer,
  mem_seek_write: { ...transfer, seed },
  mem_preadv: { ...onTarget, addr: anyNumber, local: elements },
  mem_pwritev: { ...onTarget, addr: anyNumber, local: elements, seed },
  peek: { ...onTarget, addr: anyNumber },
  poke: { ...onTarget, addr: anyNumber, val: anyNumber },
  vm_readv: vectors,
  vm_writev: { ...vectors, seed },
  proc_read: { ...onTarget, name: oneOf("cmdline", "environ"), off: anyNumber, len: anyNumber },
  pipe_write: ofElements,
  pipe_read: { ...ofElements, fill: bytes, seed },
  file_write: ofFile,
  file_read: ofFile,
  sock_send: { ...ofElements, type: socketType },
  sock_recv: { ...ofElements, type: socketType, fill: bytes, seed },
  dev_read: ofDevice,
  dev_write: ofDevice,
  sys: { p: process, name: oneOf(...systemCallNames), addr: anyNumber, x: bytes },
  cpu_load: { p: process, addr: anyNumber },
  cpu_store: { p: process, addr: anyNumber, val: upTo(255) },
};

const inSetup: Shape = { op: text, "ret?": integerNumber, "errno?": text, "note?": text };
const asStep: Shape = {
  op: text,
  ret: integerNumber,
  errno: text,
  "pages_after?": listOf(text),
  "note?": text,
  ...Object.fromEntries(answerFields.map((field) => [`${field}?`, answerCheck])),
};

function answerCheck(value: unknown): string | null {
  return typeof value === "string" ? null : anyNumber(value);
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

const mappingRow: Check = (row) =>
  Array.isArray(row) &&
  row.length === 6 &&
  size(row[0]) === null &&
  hexNumber(row[1]) === null &&
  hexNumber(row[2]) === null &&
  text(row[3]) === null &&
  text(row[4]) === null &&
  anyNumber(row[5]) === null
    ? null
    : "[process, start, end, permissions, backing, page offset]";
const mappings = listOf(mappingRow);

const fileShape = compileShape({
  file: upTo(LAST_FILE),
  backing: oneOf(...fileBackings),
  size: bytes,
  seed,
});
const watchShape = compileShape({ p: process, addr: hexNumber, pages: upTo(MOST_PAGES) });

/** True for a line's object that is a case of this kind, however broken. */
export function isRemoteVmCase(line: JsonObject): boolean {
  return "start" in line || (isObject(line["setup"]) && "procs" in line["setup"]);
}

/** Takes a line's object as a case; throws a TraceError that names what does not fit. */
export function parseRemoteVmCase(line: JsonObject): RemoteVmCase {
  for (const key of ["id", "kernel", "kind"]) expectFit(line[key], text, key);
  expectSetup(objectAt(line, "setup"));
  const start = objectAt(line, "start");
  expectFit(start["vmas"], mappings, "start.vmas");
  expectFit(start["pages"], listOf(text), "start.pages");
  expectOperations(line["steps"], "steps", compiledSteps);
  expectAfter(objectAt(line, "after"), line["no_after"] === true);
  return line as unknown as RemoteVmCase;
}

function objectAt(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  if (!isObject(value)) throw new TraceError(key, "expected an object");
  return value;
}

function expectSetup(setup: JsonObject): void {
  expectFit(setup["procs"], upTo(LAST_PROCESS), "setup.procs");
  expectRows(setup["files"], "setup.files", fileShape);
  expectRows(setup["watch"], "setup.watch", watchShape);
  expectOperations(setup["ops"], "setup.ops", compiledSetup);
}

function expectRows(rows: unknown, place: string, shape: CompiledShape): void {
  if (!Array.isArray(rows)) throw new TraceError(place, "expected a list");
  rows.forEach((row: unknown, index) => {
    if (!isObject(row)) throw new TraceError(`${place}[${index}]`, "expected an object");
    expectShape(row, shape, `${place}[${index}]`);
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

function expectAfter(after: JsonObject, unstated: boolean): void {
  if (after["vmas"] !== undefined) expectFit(after["vmas"], mappings, "after.vmas");
  if (!unstated) expectFit(after["page_crc"], listOf(text), "after.page_crc");
}
