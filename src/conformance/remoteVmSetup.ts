/** Operations on address spaces and processes, as calls on the machine. */

import { loadByProgram, storeByProgram, type Signal } from "../machine/programAccess.ts";
import type { Task } from "../machine/task.ts";
import { decodeHex } from "./bytes.ts";
import { content } from "./content.ts";
import { NotImplementedError } from "./notImplemented.ts";
import type { Answer } from "./remoteVmMachine.ts";
import type { OperationOf, SetupOperation } from "./remoteVmSteps.ts";
import type { Handlers, World } from "./remoteVmWorld.ts";
import { wordOf } from "./trace.ts";

type SetupOf<Op extends SetupOperation["op"]> = OperationOf<SetupOperation, Op>;

/** The letters of "rw-" as the machine wants them. */
function protectionOf(letters: string): string {
  return letters.replaceAll("-", "") || "none";
}

export const setupOperations: Handlers<SetupOperation> = {
  mmap: map,
  mprotect: (world, operation) =>
    onRange(world, operation, (task, at, length) =>
      task.protect(at, length, protectionOf(operation.prot)),
    ),
  munmap: (world, operation) =>
    onRange(world, operation, (task, at, length) => task.unmap(at, length)),
  madvise: missing,
  mlock2: missing,
  mseal: missing,
  uffd_missing_sigbus: missing,
  move_special: missing,
  fork: missing,
  setuid: missing,
  dumpable: missing,
  rlimit_stack: missing,
  set_args: missing,
  exec: missing,
  exit: missing,
  fill: (world, { p, addr, len, seed, pos }) =>
    store(world, p, wordOf(addr), content(seed, wordOf(pos), Number(wordOf(len)))),
  bytes: (world, { p, addr, hex }) => store(world, p, wordOf(addr), decodeHex(hex)),
  touch,
};

function missing(_world: World, { op }: SetupOperation): Answer {
  throw new NotImplementedError(op);
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
  if (flags.has("growsdown")) throw new NotImplementedError("mmap growsdown");
  const length = wordOf(operation.len);
  const shared = flags.has("shared");
  const named = operation.file === undefined ? undefined : world.files[operation.file]!;
  const own = shared && named === undefined ? world.machine.createFile(length) : undefined;
  const file = named ?? own;
  world.program(operation.p).task.map({
    at: wordOf(operation.addr),
    length,
    protection: protectionOf(operation.prot),
    shared,
    ...(file && { file }),
    filePage: Number(wordOf(operation.off ?? 0)) / world.machine.constant("PAGE_SIZE"),
    populate: flags.has("populate"),
  });
  own?.close();
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
