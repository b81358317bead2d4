/**
 * The cases and steps of the PCM traces (test/golden/pcm/README.md describes the format).
 * A case is checked as a whole before it is replayed: every key of every step has a known
 * meaning and a fitting value, so that nothing recorded is silently left out.
 */

import {
  bookkeepingEntries,
  type BookkeepingEntry,
  type PageAccess,
  type PcmDeviceName,
  type PcmDirection,
  type PcmDoor,
} from "./pcmMachine.ts";
import {
  anyNumber,
  compileShape,
  entriesOf,
  expectFit,
  expectShape,
  flag,
  hexNumber,
  integerNumber,
  isObject,
  listOf,
  oneOf,
  ranges,
  size,
  text,
  TraceError,
  type CompiledShape,
  type HexText,
  type JsonObject,
  type Shape,
} from "./trace.ts";

/** Entries of the bookkeeping and their values. */
export type Entries = Readonly<Partial<Record<BookkeepingEntry, HexText | number>>>;

export type ByteRanges = readonly (readonly [offset: number, length: number])[];

/** What any step may carry besides its own keys. */
interface CommonKeys {
  readonly slot?: number;
  readonly ret?: number;
  readonly errno?: number;
  readonly pre?: Entries;
  readonly post?: Entries;
  readonly moved?: Entries;
  readonly drv?: readonly string[];
}

export interface OpenStep extends CommonKeys {
  readonly op: "OPEN";
  readonly device: PcmDeviceName;
  readonly stream: PcmDirection;
  readonly sub: number;
  readonly nonblock: boolean;
}

/** An ioctl whose argument is a structure, a plain number or nothing. */
export interface RequestStep extends CommonKeys {
  readonly op: StructRequest | FixedRequest;
  readonly cmd?: HexText;
  readonly addr?: HexText;
  readonly mem?: PageAccess;
  readonly in?: string;
  readonly out?: string;
  readonly skip?: ByteRanges;
  readonly entry?: PcmDoor;
  readonly arg?: HexText;
  readonly other_slot?: number;
}

/** HW_PARAMS with one value for each of six parameters, and what it answered. */
export interface SingleValuesStep extends CommonKeys {
  readonly op: "HW_PARAMS";
  readonly cmd: HexText;
  readonly entry?: PcmDoor;
  readonly access: number;
  readonly format: number;
  readonly flags: number;
  readonly channels: number;
  readonly rate: number;
  readonly period_size: number;
  readonly buffer_size: number;
  readonly frame_bits: number;
  readonly info: HexText;
}

export interface UserDataStep extends CommonKeys {
  readonly op: "user_data";
  readonly pages: number;
  readonly seed: number;
}

export interface CheckStep extends CommonKeys {
  readonly op: "check_user_data" | "check_ring";
  readonly offset: number;
  readonly len: number;
  readonly bytes: string;
}

export interface FillRingStep extends CommonKeys {
  readonly op: "fill_ring";
  readonly offset: number;
  readonly len: number;
  readonly seed: number;
}

export interface TransferStep extends CommonKeys {
  readonly op: "read" | "write";
  readonly offset: number;
  readonly len: number;
}

export interface PollStep extends CommonKeys {
  readonly op: "POLL";
  readonly revents: HexText;
}

export interface MmapStep extends CommonKeys {
  readonly op: "MMAP";
  readonly area: string;
  readonly offset: HexText;
  readonly len: number;
  readonly prot: number;
}

export interface ReadPageStep extends CommonKeys {
  readonly op: "read_page";
  readonly area: string;
  readonly offset: number;
  readonly len: number;
  readonly bytes: string;
  readonly skip?: ByteRanges;
}

export interface WritePageStep extends CommonKeys {
  readonly op: "write_page";
  readonly area: string;
  readonly offset: number;
  readonly bytes: string;
}

export interface DeviceStep extends CommonKeys {
  readonly op: DeviceCommand;
  readonly args?: readonly HexText[];
}

export interface SystemStep extends CommonKeys {
  readonly op: "system";
  readonly file: string;
  readonly text: string;
}

export interface WaitStep extends CommonKeys {
  readonly op: "wait";
  readonly us: number;
}

export interface BareStep extends CommonKeys {
  readonly op: "PEEK" | "CLOSE";
}

export type PcmStep =
  | OpenStep
  | RequestStep
  | SingleValuesStep
  | UserDataStep
  | CheckStep
  | FillRingStep
  | TransferStep
  | PollStep
  | MmapStep
  | ReadPageStep
  | WritePageStep
  | DeviceStep
  | SystemStep
  | WaitStep
  | BareStep;

export interface PcmCase {
  readonly id: string;
  readonly kernel: string;
  readonly abi: PcmDoor;
  readonly kind: string;
  readonly setup: {
    readonly device: PcmDeviceName;
    readonly stream: PcmDirection;
    readonly limits?: Readonly<Record<string, number>>;
  };
  readonly nondeterministic?: boolean;
  readonly steps: readonly PcmStep[];
}

/** Requests that name their number and point to a structure. */
const structRequests = [
  "SYNC_PTR",
  "HW_REFINE",
  "HW_PARAMS",
  "SW_PARAMS",
  "STATUS",
  "STATUS_EXT",
  "DELAY",
  "FORWARD",
  "REWIND",
  "WRITEI",
  "READI",
  "WRITEN",
  "READN",
  "PVERSION",
  "USER_PVERSION",
  "TTSTAMP",
  "INFO",
  "CHANNEL_INFO",
  "RAW",
] as const;
type StructRequest = (typeof structRequests)[number];

/** Requests whose number is the same at every door. */
export const fixedRequests = {
  HW_FREE: 0x4112,
  HWSYNC: 0x4122,
  PREPARE: 0x4140,
  RESET: 0x4141,
  START: 0x4142,
  DROP: 0x4143,
  DRAIN: 0x4144,
  PAUSE: 0x40044145,
  RESUME: 0x4147,
  XRUN: 0x4148,
  LINK: 0x40044160,
  UNLINK: 0x4161,
} as const;
type FixedRequest = keyof typeof fixedRequests;

/** Commands to the test device, with the number of their arguments. */
const deviceCommands = {
  "ctl.pos": 1,
  "ctl.elapsed": 0,
  "ctl.xrun": 0,
  "ctl.suspend": 0,
  "ctl.stop": 1,
  "ctl.poke": 4,
  "ctl.rets": 3,
  "ctl.delay": 1,
  "ctl.disconnect": 0,
} as const;
type DeviceCommand = keyof typeof deviceCommands;

const doors = oneOf("lp64", "i386", "x32");
const devices = oneOf("ctl", "dummy", "aloop");
const directions = oneOf("playback", "capture");
const letters = ["w", "r", "n", "u"];
const pageAccess = oneOf(...letters.flatMap((first) => letters.map((second) => first + second)));
const entries = entriesOf(bookkeepingEntries, anyNumber);

const anyStep: Shape = {
  op: text,
  "slot?": size,
  "ret?": integerNumber,
  "errno?": integerNumber,
  "pre?": entries,
  "post?": entries,
  "moved?": entries,
  "drv?": listOf(text),
  "waits?": text,
};
const structStep: Shape = {
  cmd: hexNumber,
  in: text,
  ret: integerNumber,
  "out?": text,
  "addr?": hexNumber,
  "mem?": pageAccess,
  "skip?": ranges,
  "entry?": doors,
};
const singleValuesStep = compileShape(anyStep, {
  cmd: hexNumber,
  ret: integerNumber,
  "entry?": doors,
  access: size,
  format: size,
  flags: size,
  channels: size,
  rate: size,
  period_size: size,
  buffer_size: size,
  frame_bits: size,
  info: hexNumber,
});
const fixedStep: Shape = {
  ret: integerNumber,
  "addr?": hexNumber,
  "arg?": hexNumber,
  "entry?": doors,
};
const checkStep: Shape = { offset: size, len: size, bytes: text };
const transferStep: Shape = { offset: size, len: size, ret: integerNumber };

const shapes = new Map<string, CompiledShape>([
  ...shapesOf(structRequests, structStep),
  ...shapesOf(Object.keys(fixedRequests), { ...fixedStep, "other_slot?": size }),
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
  ...shapesOf(["user_data"], { pages: size, seed: integerNumber }),
  ...shapesOf(["check_user_data", "check_ring"], checkStep),
  ...shapesOf(["fill_ring"], { offset: size, len: size, seed: integerNumber, ret: integerNumber }),
  ...shapesOf(["read", "write"], transferStep),
  ...shapesOf(["POLL"], { ret: integerNumber, revents: hexNumber }),
  ...shapesOf(["MMAP"], {
    area: text,
    offset: hexNumber,
    len: size,
    prot: oneOfNumbers(1, 3),
    ret: integerNumber,
  }),
  ...shapesOf(["read_page"], { area: text, ...checkStep, "skip?": ranges }),
  ...shapesOf(["write_page"], { area: text, offset: size, bytes: text, ret: integerNumber }),
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
    args: (value) =>
      Array.isArray(value) && value.length === count
        ? listOf(hexNumber)(value)
        : `${count} arguments`,
  };
}

function oneOfNumbers(...numbers: readonly number[]): (value: unknown) => string | null {
  return (value) => (numbers.includes(value as number) ? null : `one of ${numbers.join(", ")}`);
}

/** Takes a line's object as a PCM case; throws a TraceError that names what does not fit. */
export function parsePcmCase(line: JsonObject): PcmCase {
  expectFit(line["id"], text, "id");
  expectFit(line["kernel"], text, "kernel");
  expectFit(line["kind"], text, "kind");
  expectFit(line["abi"], doors, "abi");
  expectSetup(line["setup"]);
  if (line["nondeterministic"] !== undefined) {
    expectFit(line["nondeterministic"], flag, "nondeterministic");
  }
  const { steps } = line;
  if (!Array.isArray(steps)) throw new TraceError("steps", "expected a list of steps");
  steps.forEach(expectStep);
  return line as unknown as PcmCase;
}

function expectSetup(setup: unknown): void {
  if (!isObject(setup)) throw new TraceError("setup", "expected an object");
  expectFit(setup["device"], devices, "setup.device");
  expectFit(setup["stream"], directions, "setup.stream");
  if (setup["limits"] === undefined) return;
  if (!isObject(setup["limits"])) throw new TraceError("setup.limits", "expected an object");
  for (const [name, limit] of Object.entries(setup["limits"])) {
    expectFit(limit, size, `setup.limits.${name}`);
  }
}

function expectStep(step: unknown, index: number): void {
  const place = `steps[${index}]`;
  if (!isObject(step)) throw new TraceError(place, "expected an object");
  expectFit(step["op"], text, `${place}.op`);
  const op = step["op"] as string;
  const shape = isSingleValues(step) ? singleValuesStep : shapes.get(op);
  if (shape === undefined) throw new UnknownOperationError(op, index);
  expectShape(step, shape, place);
}

/** True for the HW_PARAMS form that names single values in place of the structure's bytes. */
export function isSingleValues(step: object): step is SingleValuesStep {
  return "op" in step && step.op === "HW_PARAMS" && !("in" in step);
}

/** A step asks for something that this replayer does not know. */
export class UnknownOperationError extends TraceError {
  readonly operation: string;
  readonly step: number;

  constructor(operation: string, step: number) {
    super(`steps[${step}].op`, `unknown operation ${JSON.stringify(operation)}`);
    this.operation = operation;
    this.step = step;
  }
}
