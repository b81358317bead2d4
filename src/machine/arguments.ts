import { checkOptions, type Shape } from "../base/checks.ts";
import { anyAddress, type Address } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";
import type { Mapping } from "./mapping.ts";

/** Where a program's arguments and its environment stand; each ends behind its last byte. */
export interface ArgumentPlaces {
  readonly argStart: Address;
  readonly argEnd: Address;
  readonly envStart: Address;
  readonly envEnd: Address;
}

/** A task that has just got an empty address space. */
interface NewProgram {
  readonly machine: CoreMemory;
  readonly handle: number;
  map(options: { at: bigint; length: bigint; growsDown: boolean }): Mapping;
}

/** Pages of a new program's stack below its strings. */
const STACK_PAGES = 32n;

const argumentPlaces: Shape<ArgumentPlaces> = {
  argStart: anyAddress,
  argEnd: anyAddress,
  envStart: anyAddress,
  envEnd: anyAddress,
};

export function setArguments(machine: CoreMemory, task: number, places: ArgumentPlaces): void {
  checkOptions("places", places, argumentPlaces);
  const [argStart, argEnd, envStart, envEnd] = [
    machine.word(places.argStart, "argStart"),
    machine.word(places.argEnd, "argEnd"),
    machine.word(places.envStart, "envStart"),
    machine.word(places.envEnd, "envEnd"),
  ];
  machine.exports.setArguments(
    task,
    argStart.lo,
    argStart.hi,
    argEnd.lo,
    argEnd.hi,
    envStart.lo,
    envStart.hi,
    envEnd.lo,
    envEnd.hi,
  );
}

/** A new program's stack: at its top the arguments and right behind them the environment, each string with its NUL. */
export function placeArguments(
  program: NewProgram,
  argv: readonly Uint8Array[],
  env: readonly Uint8Array[],
): void {
  const { machine } = program;
  const strings = [...argv, ...env];
  const lengthOf = (list: readonly Uint8Array[]): bigint =>
    list.reduce((sum, text) => sum + BigInt(text.length + 1), 0n);
  const total = lengthOf(strings);
  const pageSize = BigInt(machine.constant("PAGE_SIZE"));
  const top = machine.wideAt(
    machine.exports.profileAddress() + machine.constant("PROFILE_TASK_LIMIT"),
  );
  // a word of zeros ends the stack, and one page above it stays free
  const end = top - pageSize - 8n;
  const argStart = end - total;
  const bottom = (argStart / pageSize - STACK_PAGES) * pageSize;
  const stack = program.map({ at: bottom, length: top - pageSize - bottom, growsDown: true });
  let at = Number(argStart - bottom);
  for (const text of strings) {
    stack.write(at, text);
    stack.write(at + text.length, Uint8Array.of(0));
    at += text.length + 1;
  }
  const argEnd = argStart + lengthOf(argv);
  setArguments(machine, program.handle, { argStart, argEnd, envStart: argEnd, envEnd: end });
}
