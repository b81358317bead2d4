/** Reading cases of virtio-snd (test/golden/virtio-snd/README.md). */

import { queueNames, requestNames } from "../../systems/virtio/description.ts";
import { compileOperations, expectHead, expectOperations, expectRows } from "../base/operations.ts";
import {
  anyNumber,
  anything,
  compileShape,
  either,
  expectFit,
  expectShape,
  flag,
  integerNumber,
  listOf,
  matching,
  oneOf,
  size,
  text,
  upTo,
  type CompiledShape,
  type Shape,
} from "../base/shapes.ts";
import { isObject, type JsonObject } from "../base/trace.ts";
import type { Recorded, VirtioSndCase, VirtioSndStep } from "./steps.ts";

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

const applPtr = either(matching(/^B([+-]\d+)?$/, "a place from the boundary on"), anyNumber);
const threshold = either(oneOf("boundary", "B"), anyNumber);

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

const operations = compileOperations(
  Object.fromEntries(
    [...Object.entries(inputs), ...plain.map((name) => [name, ofSlot] as const)].map(
      ([name, shape]) => [name, { [inputKey(name)]: text, ...shape }],
    ),
  ),
  { ...outputs, ...recorded },
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
  expectHead(line);
  expectFit(line["release"], text, "release");
  expectDevice(line["device"] as JsonObject);
  expectOperations(line["steps"], "steps", shapeOf, ({ app, dev }) => app ?? dev);
  return line as unknown as VirtioSndCase;
}

function expectDevice(value: JsonObject): void {
  expectShape(value, device, "device");
  expectRows(value["streams"], "device.streams", stream);
  if (value["rules"] !== undefined) expectRows(value["rules"], "device.rules", ruleShape);
}

/** An application cannot do what a device is told to, nor the other way round. */
function shapeOf(name: string, step: JsonObject): CompiledShape | undefined {
  return step[inputKey(name)] === undefined ? undefined : operations.get(name);
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
