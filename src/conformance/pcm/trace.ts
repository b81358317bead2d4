/**
 * Checking PCM cases. A case is checked as a whole before it is replayed: every key of every step
 * has a known meaning and a fitting value, so that nothing recorded is silently left out.
 */

import { lastMaskBit } from "../../systems/pcm/params/index.ts";
import {
  bookkeepingEntries,
  pageAccesses,
  pcmDevices,
  pcmDirections,
  pcmDoors,
  userPageSize,
} from "./machine.ts";
import {
  deviceCommands,
  fixedRequests,
  isSingleValues,
  structRequests,
  type PcmCase,
  type PcmStep,
} from "./steps.ts";
import { expectHead, expectOperations, objectAt } from "../base/operations.ts";
import {
  anyNumber,
  compileShape,
  entriesOf,
  expectFit,
  flag,
  hexNumber,
  integerNumber,
  listOf,
  oneOf,
  oneOfNumbers,
  ranges,
  rowOf,
  size,
  text,
  upTo,
  type Check,
  type CompiledShape,
  type Shape,
} from "../base/shapes.ts";
import { isObject, TraceError, type JsonObject } from "../base/trace.ts";

const doors = oneOf(...pcmDoors);
const devices = oneOf(...pcmDevices);
const directions = oneOf(...pcmDirections);
const pageAccess = oneOf(...pageAccesses);
const entries = entriesOf(bookkeepingEntries, anyNumber);

/** More open files than any case needs; a machine may have a table of them. */
const lastSlot = 15;
const slotNumber = upTo(lastSlot);

const anyStep: Shape = {
  op: text,
  "slot?": slotNumber,
  "ret?": integerNumber,
  "errno?": integerNumber,
  "pre?": entries,
  "post?": entries,
  "moved?": entries,
  "drv?": listOf(text),
  "waits?": text,
};
/** Any request: its argument may be a structure in the request pages, an address elsewhere, a number or nothing. */
const requestStep: Shape = {
  ret: integerNumber,
  "in?": text,
  "out?": text,
  "addr?": hexNumber,
  "arg?": hexNumber,
  "mem?": pageAccess,
  "skip?": ranges,
  "entry?": doors,
};
const structStep: Shape = { ...requestStep, cmd: hexNumber };
const fixedStep: Shape = { ...requestStep, "cmd?": hexNumber, "other_slot?": slotNumber };
/** Values that a request of single values can hold: bits of a mask, 32-bit numbers. */
const word = upTo(0xffffffff);

/** The largest block of memory that a step may name. */
const largestBlock = 64 * 1024 * 1024;
const blockLength = upTo(largestBlock);

const singleValuesStep = compileShape(anyStep, {
  cmd: hexNumber,
  ret: integerNumber,
  "entry?": doors,
  access: upTo(lastMaskBit),
  format: upTo(lastMaskBit),
  "flags?": word,
  channels: word,
  rate: word,
  period_size: word,
  buffer_size: word,
  frame_bits: word,
  info: hexNumber,
});
const checkStep: Shape = { offset: word, len: blockLength, bytes: text };
const transferStep: Shape = { offset: word, len: word, ret: integerNumber };

const shapes = new Map<string, CompiledShape>([
  ...shapesOf(structRequests, structStep),
  ...shapesOf(fixedRequests, fixedStep),
  ...Object.entries(deviceCommands).flatMap(([op, count]) => shapesOf([op], deviceStep(count))),
  ...shapesOf(["OPEN"], {
    device: devices,
    stream: directions,
    sub: size,
    nonblock: flag,
    ret: integerNumber,
  }),
  ...shapesOf(["PEEK"], {}),
  ...shapesOf(["CLOSE"], { ret: integerNumber }),
  ...shapesOf(["user_data"], { pages: upTo(largestBlock / userPageSize), seed: integerNumber }),
  ...shapesOf(["check_user_data", "check_ring"], checkStep),
  ...shapesOf(["fill_ring"], {
    offset: word,
    len: blockLength,
    seed: integerNumber,
    ret: integerNumber,
  }),
  ...shapesOf(["read", "write"], transferStep),
  ...shapesOf(["POLL"], { ret: integerNumber, revents: hexNumber }),
  ...shapesOf(["MMAP"], {
    area: text,
    offset: hexNumber,
    len: word,
    prot: oneOfNumbers(1, 3),
    ret: integerNumber,
  }),
  ...shapesOf(["read_page"], { area: text, ...checkStep, "skip?": ranges }),
  ...shapesOf(["write_page"], { area: text, offset: word, bytes: text, ret: integerNumber }),
  ...shapesOf(["wait"], { us: size }),
  ...shapesOf(["system"], { file: text, text, ret: integerNumber }),
]);

function shapesOf(ops: readonly string[], own: Shape): [string, CompiledShape][] {
  const shape = compileShape(anyStep, own);
  return ops.map((op) => [op, shape]);
}

function deviceStep(count: number): Shape {
  if (count === 0) return { ret: integerNumber };
  return {
    ret: integerNumber,
    args: rowOf(`${count} arguments`, ...Array<Check>(count).fill(hexNumber)),
  };
}

/** Takes a line's object as a PCM case; throws a TraceError that names what does not fit. */
export function parsePcmCase(line: JsonObject): PcmCase {
  expectHead(line);
  expectFit(line["abi"], doors, "abi");
  expectSetup(objectAt(line, "setup"));
  if (line["nondeterministic"] !== undefined) {
    expectFit(line["nondeterministic"], flag, "nondeterministic");
  }
  expectOperations(line["steps"], "steps", shapeOf);
  const steps = line["steps"] as readonly PcmStep[];
  if (steps.length === 0) throw new TraceError("steps", "expected at least one step");
  expectSingleOpens(steps);
  return line as unknown as PcmCase;
}

function expectSetup(setup: JsonObject): void {
  expectFit(setup["device"], devices, "setup.device");
  expectFit(setup["stream"], directions, "setup.stream");
  if (setup["limits"] === undefined) return;
  if (!isObject(setup["limits"])) throw new TraceError("setup.limits", "expected an object");
  for (const [name, limit] of Object.entries(setup["limits"])) {
    expectFit(limit, size, `setup.limits.${name}`);
  }
}

/** A slot is opened once at a time; an open that was refused opens nothing. */
function expectSingleOpens(steps: readonly PcmStep[]): void {
  const open = new Set<number>();
  for (const [index, step] of steps.entries()) {
    const slot = step.slot ?? 0;
    if (step.op === "CLOSE") open.delete(slot);
    if (step.op !== "OPEN" || step.ret < 0) continue;
    if (open.has(slot)) {
      throw new TraceError(`steps[${index}].slot`, `slot ${slot} is open already`);
    }
    open.add(slot);
  }
}

function shapeOf(op: string, step: JsonObject): CompiledShape | undefined {
  return isSingleValues(step) ? singleValuesStep : shapes.get(op);
}
