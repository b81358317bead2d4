/** Reading cases of virtio-snd (test/golden/virtio-snd/README.md). */

import { queueNames, requestNames } from "../systems/virtio/description.ts";
import {
  anyNumber,
  compileShape,
  expectFit,
  expectShape,
  flag,
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
import type { Recorded, VirtioSndCase, VirtioSndStep } from "./virtioSndSteps.ts";

const octet = upTo(255);
const queue = oneOf(...queueNames);
const ioQueue = oneOf("tx", "rx");
const MOST_SLOTS = 15;
const slot = upTo(MOST_SLOTS);
const ofSlot: Shape = { slot, "background?": upTo(1) };
const fill: Shape = {
  "fill?": oneOf("const", "ramp", "period"),
  "value?": octet,
  "fill_period?": size,
};
const MOST_BYTES = 1 << 24;
const bytes = upTo(MOST_BYTES);

const rule: Shape = {
  request: oneOf(...requestNames),
  "skip?": size,
  "times?": size,
  "status?": anyNumber,
  "action?": oneOf("never", "later"),
  "used_len?": size,
  "keep?": integerNumber,
};

const parameters: Shape = {
  ...ofSlot,
  access: integerNumber,
  format: integerNumber,
  channels: size,
  rate: size,
  "period_size?": size,
  "buffer_size?": size,
  "entry?": oneOf("i386"),
};

const applPtr: Check = (value) =>
  typeof value === "string" && /^B([+-]\d+)?$/.test(value) ? null : anyNumber(value);
const threshold: Check = (value) =>
  value === "boundary" || value === "B" ? null : anyNumber(value);

/** The inputs of each operation; whatever else a step has was recorded. */
const inputs: Readonly<Record<string, Shape>> = {
  plug: {},
  suspend: {},
  resume: {},
  complete: {
    ...fill,
    queue: ioQueue,
    n: size,
    "first?": size,
    "status?": anyNumber,
    "latency?": anyNumber,
    "captured?": bytes,
    "used_len?": anyNumber,
    "interrupts?": oneOf("one", "each", "each_settled", "none"),
  },
  spin: { queue: ioQueue, n: size },
  interrupt: { queue },
  look: { queue },
  event: { code: anyNumber, data: size },
  answer: { status: anyNumber },
  rule,
  used_flags: { queue, value: upTo(65535) },
  layout: { stream: size, pieces: listOf(size) },
  OPEN: { ...ofSlot, stream: size, nonblock: flag },
  HW_REFINE: parameters,
  HW_PARAMS: parameters,
  SW_PARAMS: {
    ...ofSlot,
    start_threshold: threshold,
    stop_threshold: threshold,
    avail_min: threshold,
    silence_threshold: threshold,
    silence_size: threshold,
  },
  WRITEI: { ...ofSlot, ...fill, frames: bytes },
  READI: { ...ofSlot, frames: bytes },
  FORWARD: { ...ofSlot, frames: size },
  REWIND: { ...ofSlot, frames: size },
  SYNC_PTR: { ...ofSlot, flags: size, appl_ptr: applPtr, avail_min: anyNumber },
  PAUSE: { ...ofSlot, arg: size },
  MMAP: { ...ofSlot, area: oneOf("data", "status", "control"), len: bytes },
  store: { ...ofSlot, ...fill, offset: bytes, len: bytes },
  load: { ...ofSlot, offset: bytes, len: bytes },
  store_appl_ptr: { ...ofSlot, value: anyNumber },
  join: {},
  repeat: { n: size, call: text, then: text },
};

const bare = ["CLOSE", "STATUS", "DELAY", "HWSYNC", "PREPARE", "HW_FREE", "DROP", "START", "DRAIN"];
const plain = [...bare, "RESET", "RESUME", "XRUN", "POLL"];

const deviceOperations: ReadonlySet<string> = new Set([
  ...["plug", "suspend", "resume", "complete", "spin", "interrupt", "look", "event", "answer"],
  ...["rule", "used_flags", "layout"],
]);

/** Names of a step, and how long a call slept. */
const notCompared: ReadonlySet<string> = new Set(["app", "dev", "note", "slept_ms"]);

const anything: Check = () => null;

/** What a step may have besides its inputs. */
const outputNames = [
  ...["log", "rings", "pcm", "slept_ms", "result", "out_result", "data", "boundary", "revents"],
  ...["period", "buffer", "frame_bytes", "info", "fifo", "out_access", "formats"],
  ...Array.from({ length: 12 }, (_, index) => `i${index + 8}`),
  ...["state", "appl_ptr", "hw_ptr", "delay", "avail", "avail_max", "overrange", "suspended_state"],
  ...["out_appl_ptr", "out_avail_min", "out_frames", "out_call", "done", "device", "frames"],
  ...["num", "taken", "waiting", "used", "table", "chains"],
];
const outputs: Shape = Object.fromEntries(outputNames.map((name) => [`${name}?`, anything]));

const recorded: Shape = { ret: integerNumber, "errno?": integerNumber, "note?": text };

const shapes: ReadonlyMap<string, CompiledShape> = new Map(
  [...Object.entries(inputs), ...plain.map((name) => [name, ofSlot] as const)].map(
    ([name, shape]) =>
      [name, compileShape({ [inputKey(name)]: text }, outputs, recorded, shape)] as const,
  ),
);

/** The key that names an operation. */
function inputKey(name: string): "app" | "dev" {
  return deviceOperations.has(name) ? "dev" : "app";
}

const stream = compileShape({
  nid: size,
  features: size,
  formats: anyNumber,
  rates: anyNumber,
  direction: octet,
  channels: listOf(octet),
});
const ruleShape = compileShape(rule);
const device = compileShape({
  features: listOf(oneOf("INDIRECT_DESC", "EVENT_IDX")),
  "version_1?": flag,
  queues: listOf(size),
  streams: listOf(anything),
  "jacks?": listOf(text),
  "chmaps?": listOf(text),
  "params?": anything,
  "rules?": listOf(anything),
  "eager_rx?": upTo(1),
  "merge_pieces?": upTo(1),
  "release_latency?": size,
});

/** True for a line's object that is a case of this system, however broken. */
export function isVirtioSndCase(line: JsonObject): boolean {
  return isObject(line["device"]) && "queues" in line["device"];
}

/** Takes a line's object as a case; throws a TraceError that names what does not fit. */
export function parseVirtioSndCase(line: JsonObject): VirtioSndCase {
  for (const key of ["id", "kernel", "release", "kind"]) expectFit(line[key], text, key);
  expectDevice(line["device"] as JsonObject);
  const { steps } = line;
  if (!Array.isArray(steps)) throw new TraceError("steps", "expected a list");
  steps.forEach((step: unknown, index) => expectStep(step, index));
  return line as unknown as VirtioSndCase;
}

function expectDevice(value: JsonObject): void {
  expectShape(value, device, "device");
  expectRows(value["streams"], stream, "device.streams");
  if (value["rules"] !== undefined) expectRows(value["rules"], ruleShape, "device.rules");
}

function expectRows(rows: unknown, shape: CompiledShape, place: string): void {
  (rows as unknown[]).forEach((row, index) => {
    if (!isObject(row)) throw new TraceError(`${place}[${index}]`, "expected an object");
    expectShape(row, shape, `${place}[${index}]`);
  });
}

function expectStep(step: unknown, index: number): void {
  const place = `steps[${index}]`;
  if (!isObject(step)) throw new TraceError(place, "expected an object");
  const name = step["app"] ?? step["dev"];
  expectFit(name, text, `${place}.op`);
  const shape = shapes.get(name as string);
  if (shape === undefined || step[inputKey(name as string)] === undefined) {
    throw new UnknownOperationError(name as string, place, index);
  }
  expectShape(step, shape, place);
}

/** What was recorded of a step: its keys that are no inputs. */
export function recordedOf(step: VirtioSndStep): Recorded {
  const name = "app" in step ? step.app : step.dev;
  const known = inputs[name] ?? ofSlot;
  return Object.fromEntries(
    Object.entries(step).filter(
      ([key]) => !(key in known) && !(`${key}?` in known) && !notCompared.has(key),
    ),
  );
}
