/** Operations on address spaces and processes, as calls on the machine. */

import type { SpecialMapping } from "../../machine/advice.ts";
import { loadByProgram, storeByProgram, type Signal } from "../../machine/programAccess.ts";
import type { Task } from "../../machine/task.ts";
import { decodeHex } from "../base/bytes.ts";
import { content } from "../base/content.ts";
import type { Answer } from "./machine.ts";
import type { OperationOf } from "../base/handlers.ts";
import type { SetupOperation } from "./steps.ts";
import type { RemoteHandlers, World } from "./world.ts";
import { wordOf } from "../base/trace.ts";

type SetupOf<Op extends SetupOperation["op"]> = OperationOf<SetupOperation, Op>;

/** The letters of "rw-" as the machine wants them. */
function protectionOf(letters: string): string {
  return letters.replaceAll("-", "") || "none";
}

export const setupOperations: RemoteHandlers<SetupOperation> = {
  mmap: map,
  mprotect: (world, operation) =>
    onRange(world, operation, (task, at, length) =>
      task.protect(at, length, protectionOf(operation.prot)),
    ),
  munmap: (world, operation) =>
    onRange(world, operation, (task, at, length) => task.unmap(at, length)),
  madvise: (world, operation) =>
    onRange(world, operation, (task, at, length) => task.advise(at, length, operation.advice)),
  mlock2: (world, operation) =>
    onRange(world, operation, (task, at, length) =>
      operation.onfault === 0 ? task.lockMemory(at, length) : task.lockOnFault(at, length),
    ),
  mseal: (world, operation) =>
    onRange(world, operation, (task, at, length) => task.seal(at, length)),
  uffd_missing_sigbus: (world, operation) =>
    onRange(world, operation, (task, at, length) => task.registerMissing(at, length)),
  move_special: (world, { p, name, addr }) => ({
    result: world.program(p).task.moveSpecial(name.slice(1, -1) as SpecialMapping, wordOf(addr)),
  }),
  fork: (world, { p, to }) => done(world.fork(p, to)),
  setuid: (world, { p, uid }) => done(world.program(p).task.setUser(uid)),
  dumpable: (world, { p, val }) => done(world.program(p).task.setDumpable(val)),
  rlimit_stack: (world, { p, bytes }) => done(world.program(p).task.setStackLimit(wordOf(bytes))),
  set_args: setArguments,
  exec: (world, { p, argv, env }) =>
    done(world.program(p).exec(argv.map(decodeHex), env.map(decodeHex))),
  exit: (world, { p, reap }) => done(reap === 0 ? world.program(p).die() : world.end(p)),
  fill: (world, { p, addr, len, seed, pos }) =>
    store(world, p, wordOf(addr), content(seed, wordOf(pos), Number(wordOf(len)))),
  bytes: (world, { p, addr, hex }) => store(world, p, wordOf(addr), decodeHex(hex)),
  touch,
};

/** The answer of what cannot fail. */
function done(_nothing: void): Answer {
  return { result: 0 };
}

function onRange(
  world: World,
  { p, addr, len }: Pick<SetupOf<"munmap">, "p" | "addr" | "len">,
  call: (task: Task, at: bigint, length: bigint) => number,
): Answer {
  return { result: call(world.program(p).task, wordOf(addr), wordOf(len)) };
}

function map(world: World, operation: SetupOf<"mmap">): Answer {
  const flags = new Set(operation.flags.split("|"));
  const file = operation.file === undefined ? undefined : world.files[operation.file];
  world.program(operation.p).task.map({
    at: wordOf(operation.addr),
    length: wordOf(operation.len),
    protection: protectionOf(operation.prot),
    shared: flags.has("shared"),
    growsDown: flags.has("growsdown"),
    ...(file && { file }),
    filePage: Number(wordOf(operation.off ?? 0)) / world.machine.constant("PAGE_SIZE"),
    populate: flags.has("populate"),
  });
  return { result: 0 };
}

function setArguments(world: World, operation: SetupOf<"set_args">): Answer {
  world.program(operation.p).task.setArguments({
    argStart: wordOf(operation.arg_start),
    argEnd: wordOf(operation.arg_end),
    envStart: wordOf(operation.env_start),
    envEnd: wordOf(operation.env_end),
  });
  return { result: 0 };
}

function answerOf(signal: Signal | null): Answer {
  return signal === null ? { result: 0 } : { result: -1, signal };
}

function store(world: World, p: number, address: bigint, bytes: Uint8Array): Answer {
  return answerOf(storeByProgram(world.program(p).task, address, bytes));
}

/** Reads the first byte of each page. */
function touch(world: World, { p, addr, len }: SetupOf<"touch">): Answer {
  const { task } = world.program(p);
  const byte = new Uint8Array(1);
  const step = BigInt(task.machine.constant("PAGE_SIZE"));
  for (let done = 0n; done < wordOf(len); done += step) {
    const signal = loadByProgram(task, wordOf(addr) + done, byte);
    if (signal !== null) return answerOf(signal);
  }
  return answerOf(null);
}
