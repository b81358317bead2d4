/**
 * Checking cases of remote memory access: as a whole, before anything is replayed, so that nothing recorded in a step
 * is silently left out.
 */

import { adviceNames, specialNames } from "../../machine/advice.ts";
import { deviceNames } from "../../systems/kernel/devices.ts";
import { socketTypes } from "../../systems/kernel/socket.ts";
import { systemCallNames } from "../../systems/kernel/systemCalls.ts";
import { answerFields, fileBackings, type RemoteVmCase } from "./steps.ts";
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
  hexNumber,
  integerNumber,
  listOf,
  matching,
  oneOf,
  protection,
  rowOf,
  size,
  text,
  upTo,
  type Shape,
} from "../base/shapes.ts";
import { isObject, type JsonObject } from "../base/trace.ts";

/** More processes, files, pages and bytes than any case needs: what a replay would not survive is said, not tried. */
const LAST_PROCESS = 15;
const LAST_FILE = 63;
const MOST_PAGES = 1 << 16;
const MOST_BYTES = 1 << 26;

const process = upTo(LAST_PROCESS);
const seed = upTo(0xffffffff);
const bytes = upTo(MOST_BYTES);
const hexBytes = matching(/^([0-9a-f]{2})*$/, "bytes in hex");

const specialName = oneOf(...specialNames.map((name) => `[${name}]`));

const elementForms = '[address or "buf", length, repeat]';
const place = either(oneOf("buf"), anyNumber);
const elements = listOf(
  either(
    rowOf(elementForms, place, anyNumber),
    rowOf(elementForms, place, anyNumber, upTo(MOST_PAGES)),
  ),
);

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
  ...Object.fromEntries(answerFields.map((field) => [`${field}?`, either(text, anyNumber)])),
};

const setupOperations = compileOperations(setupShapes, inSetup);
const stepOperations = compileOperations(stepShapes, asStep);

const mappings = listOf(
  rowOf(
    "[process, start, end, permissions, backing, page offset]",
    ...[size, hexNumber, hexNumber, text, text, anyNumber],
  ),
);

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
  expectHead(line);
  expectSetup(objectAt(line, "setup"));
  const start = objectAt(line, "start");
  expectFit(start["vmas"], mappings, "start.vmas");
  expectFit(start["pages"], listOf(text), "start.pages");
  expectOperations(line["steps"], "steps", (op) => stepOperations.get(op));
  expectAfter(objectAt(line, "after"), line["no_after"] === true);
  return line as unknown as RemoteVmCase;
}

function expectSetup(setup: JsonObject): void {
  expectFit(setup["procs"], upTo(LAST_PROCESS), "setup.procs");
  expectRows(setup["files"], "setup.files", fileShape);
  expectRows(setup["watch"], "setup.watch", watchShape);
  expectOperations(setup["ops"], "setup.ops", (op) => setupOperations.get(op));
}

function expectAfter(after: JsonObject, unstated: boolean): void {
  if (after["vmas"] !== undefined) expectFit(after["vmas"], mappings, "after.vmas");
  if (!unstated) expectFit(after["page_crc"], listOf(text), "after.page_crc");
}
