/** What the methods of a {@link PcmMachine} take: a replayer of the caller's own may drive one too. */

import {
  byteArray,
  byteArrayOf,
  checkThat,
  flag,
  nameOf,
  text,
  whole,
  withMethods,
  type Check,
} from "../../base/checks.ts";
import { kernelRelease } from "../../machine/kernel.ts";
import {
  bookkeepingWords,
  pageAccesses,
  pcmDevices,
  pcmDirections,
  pcmDoors,
  requestBytes,
  userPageSize,
  type PcmDeviceKnobs,
  type PcmMachine,
} from "./machine.ts";

/** The arguments of a call by their names, in their order. */
type Arguments = Readonly<Record<string, Check>>;

const word = whole(0, 2 ** 32 - 1);
const device = nameOf(pcmDevices);
const direction = nameOf(pcmDirections);
const wide = checkThat("a bigint of 64 bits", isWide);
const wholePages = byteArrayOf(
  `whole ${userPageSize}-byte pages`,
  (length) => length % userPageSize === 0,
);
const requestPages = byteArrayOf(`${requestBytes} bytes`, (length) => length === requestBytes);
const bookkeeping = checkThat(
  `a Uint32Array of ${bookkeepingWords} words`,
  (value) =>
    ArrayBuffer.isView(value) && value instanceof Uint32Array && value.length >= bookkeepingWords,
);

function isWide(value: unknown): boolean {
  return typeof value === "bigint" && value === BigInt.asUintN(64, value);
}

/** Members that are looked at; a step of a trace is passed on whole, so others may stand beside them. */
function withMembers(members: Arguments): Check {
  return (argument, value) => {
    checkThat("an object", (given) => typeof given === "object" && given !== null)(argument, value);
    for (const [name, check] of Object.entries(members)) {
      check(`${argument}.${name}`, (value as Readonly<Record<string, unknown>>)[name]);
    }
  };
}

const limits: Check = (argument, value) => {
  withMembers({})(argument, value);
  for (const [name, limit] of Object.entries(value as object)) {
    whole(0, Number.MAX_SAFE_INTEGER)(`${argument}.${name}`, limit);
  }
};
const setup = withMembers({
  abi: nameOf(pcmDoors),
  kernel: kernelRelease,
  device,
  stream: direction,
  limits,
});
const request = withMembers({ device, stream: direction, sub: word, nonblock: flag });

type Methods = Exclude<
  { [Name in keyof PcmMachine]: PcmMachine[Name] extends object ? Name : never }[keyof PcmMachine],
  "device"
>;

/** A row for every method. */
export const methodArguments = {
  reset: { setup },
  open: { slot: word, request },
  close: { slot: word },
  descriptor: { slot: word },
  ioctl: { slot: word, door: nameOf(pcmDoors), command: word, low: word, high: word },
  read: { slot: word, address: word, length: word },
  write: { slot: word, address: word, length: word },
  poll: { slot: word },
  mmap: { slot: word, offset: word, length: word, prot: word },
  writeSystemFile: { file: text, text },
  setRequestPages: { image: requestPages, access: nameOf(pageAccesses) },
  readRequestPages: { into: requestPages },
  setUserData: { bytes: wholePages },
  readUserData: { offset: word, into: byteArray },
  loadMapped: { address: word, into: byteArray },
  storeMapped: { address: word, bytes: byteArray },
  fillRing: { slot: word, offset: word, bytes: byteArray },
  readRing: { slot: word, offset: word, into: byteArray },
  bookkeeping: { slot: word, into: bookkeeping },
  takeDriverCalls: { slot: word },
  takeFindings: {},
  save: {},
  restore: {},
} satisfies Record<Methods, Arguments>;

/** And one for each of the device's knobs. */
export const knobArguments = {
  setPosition: { slot: word, frames: wide },
  periodElapsed: { slot: word },
  xrun: { slot: word },
  suspend: { slot: word },
  stop: { slot: word, state: word },
  poke: { slot: word, hwPtrBase: wide, hwPtr: wide, applPtr: wide, interrupt: wide },
  setReturns: { slot: word, prepare: wide, trigger: wide, ack: wide },
  setDelay: { slot: word, frames: wide },
  disconnect: { slot: word },
} satisfies Record<keyof PcmDeviceKnobs, Arguments>;

/** What may be replayed on: by its methods, for any system can be put behind them. */
export const pcmMachine: Check = withMethods(Object.keys(methodArguments));

type Method = (this: unknown, ...values: unknown[]) => unknown;

/** Puts the check of its arguments before each of an object's methods: a UsageError names the one that does not fit. */
export function checkMethods<Methods extends object>(
  object: Methods,
  rows: Readonly<Partial<Record<keyof Methods, Arguments>>>,
): Methods {
  for (const [name, row] of Object.entries(rows) as [keyof Methods, Arguments][]) {
    const checks = Object.entries(row);
    const method = object[name] as Method;
    const checked: Method = function (...values) {
      checks.forEach(([argument, check], index) => check(argument, values[index]));
      return method.apply(this, values);
    };
    object[name] = checked as Methods[typeof name];
  }
  return object;
}
