/** Steps on another process, as calls of the remote-access paths. */

import { errnos } from "../../base/errno.ts";
import type { MemFile, RemoteDirection } from "../../systems/remote/memFile.ts";
import { processVm, type IovecArgument } from "../../systems/remote/processVm.ts";
import { openProcFile, readProcFile } from "../../systems/remote/procFiles.ts";
import { attachTo, peekWord, pokeWord } from "../../systems/remote/ptrace.ts";
import type { Answer } from "./machine.ts";
import type { OperationOf } from "../base/handlers.ts";
import type { Element, RemoteStep, VectorStep } from "./steps.ts";
import type { RemoteHandlers, Piece, Program, World } from "./world.ts";
import { wordOf, type Word } from "../base/trace.ts";

type StepOf<Op extends RemoteStep["op"]> = OperationOf<RemoteStep, Op>;

export const remoteSteps: RemoteHandlers<RemoteStep> = {
  mem_read: (world, step) => moveOnce(world, step, "read", atPosition(step)),
  mem_write: (world, step) => moveOnce(world, step, "write", atPosition(step)),
  mem_seek_read: (world, step) => moveOnce(world, step, "read", afterSeek(step)),
  mem_seek_write: (world, step) => moveOnce(world, step, "write", afterSeek(step)),
  mem_preadv: (world, step) => moveLists(world, step, "read"),
  mem_pwritev: (world, step) => moveLists(world, step, "write"),
  peek: (world, step) => onAttached(world, step, (tracer, target) => peek(tracer, target, step)),
  poke: (world, step) => onAttached(world, step, (tracer, target) => poke(tracer, target, step)),
  vm_readv: (world, step) => moveVectors(world, step, "read"),
  vm_writev: (world, step) => moveVectors(world, step, "write"),
  proc_read: readOfProc,
};

/** One transfer through an open mem file. */
type Transfer = (
  file: MemFile,
  direction: RemoteDirection,
  piece: Piece,
) => Partial<Answer> & {
  readonly result: number;
};

function atPosition({ addr }: { readonly addr: Word }): Transfer {
  return (file, direction, { address, length }) => ({
    result: file.moveAt(direction, address, length, wordOf(addr)),
  });
}

function afterSeek({ addr }: { readonly addr: Word }): Transfer {
  return (file, direction, { address, length }) => {
    file.position = wordOf(addr);
    const result = file.move(direction, address, length);
    return { result, position: file.position };
  };
}

function moveOnce(
  world: World,
  step: StepOf<"mem_read" | "mem_write" | "mem_seek_read" | "mem_seek_write">,
  direction: RemoteDirection,
  transfer: Transfer,
): Answer {
  const buffer: Element = ["buf" in step && step.buf !== undefined ? step.buf : "buf", step.len];
  return onMemFile(world, step, direction, [buffer], (file, pieces) =>
    transfer(file, direction, pieces[0]!),
  );
}

function moveLists(
  world: World,
  step: StepOf<"mem_preadv" | "mem_pwritev">,
  direction: RemoteDirection,
): Answer {
  return onMemFile(world, step, direction, step.local, (file, pieces, caller) => ({
    result: file.moveList(direction, caller.writeList(pieces), pieces.length, wordOf(step.addr)),
  }));
}

function onMemFile(
  world: World,
  { p, pid, seed }: { readonly p: number; readonly pid: number; readonly seed?: number },
  direction: RemoteDirection,
  elements: readonly Element[],
  transfer: (file: MemFile, pieces: readonly Piece[], caller: Program) => Answer,
): Answer {
  const caller = world.program(p);
  const file = world.memFile(p, pid);
  if (typeof file === "number") return { result: file, failedAt: "open" };
  return withOwnBytes(caller, direction, caller.pieces(elements), seed, (pieces) =>
    transfer(file, pieces, caller),
  );
}

/** Fills or marks the caller's own pieces before a transfer, and reads back afterwards what arrived. */
function withOwnBytes(
  caller: Program,
  direction: RemoteDirection,
  pieces: readonly Piece[],
  seed: number | undefined,
  transfer: (pieces: readonly Piece[]) => Answer,
): Answer {
  if (direction === "write") {
    caller.fillOwn(pieces, seed ?? 0);
    return transfer(pieces);
  }
  caller.markOwn(pieces);
  const answer = transfer(pieces);
  return { ...answer, received: caller.readPieces(pieces, Math.max(answer.result, 0)) };
}

function moveVectors(world: World, step: VectorStep, direction: RemoteDirection): Answer {
  const caller = world.program(step.p);
  const target = step.pid_abs === undefined ? world.find(step.pid) : undefined;
  const remotePieces = caller.pieces(step.remote);
  return withOwnBytes(caller, direction, caller.pieces(step.local), step.seed, (pieces) => {
    const local = argument(caller.writeList(pieces), pieces, step.local_ptr, step.local_count);
    const list = caller.writeList(remotePieces, 1);
    const remote = argument(list, remotePieces, step.remote_ptr, step.remote_count);
    const on = target?.task ?? null;
    return { result: processVm(caller.task, on, direction, local, remote, wordOf(step.flags)) };
  });
}

function argument(
  list: bigint,
  pieces: readonly Piece[],
  otherList: Word | undefined,
  otherCount: Word | undefined,
): IovecArgument {
  return {
    list: otherList === undefined ? list : wordOf(otherList),
    count: otherCount === undefined ? BigInt(pieces.length) : wordOf(otherCount),
  };
}

function onAttached(
  world: World,
  { p, pid }: StepOf<"peek" | "poke">,
  use: (tracer: Program, target: Program) => Answer,
): Answer {
  const tracer = world.program(p);
  const target = world.found(pid);
  const attached = target === undefined ? -errnos.ESRCH : attachTo(tracer.task, target.task);
  if (target === undefined || attached !== 0) return { result: attached, failedAt: "attach" };
  return use(tracer, target);
}

function peek(tracer: Program, target: Program, { addr }: StepOf<"peek">): Answer {
  const word = peekWord(tracer.task, target.task, wordOf(addr));
  return typeof word === "number" ? { result: word } : { result: 0, word };
}

function poke(tracer: Program, target: Program, { addr, val }: StepOf<"poke">): Answer {
  return { result: pokeWord(tracer.task, target.task, wordOf(addr), wordOf(val)) };
}

function readOfProc(world: World, step: StepOf<"proc_read">): Answer {
  const caller = world.program(step.p);
  const target = world.found(step.pid);
  const opened =
    target === undefined ? -errnos.ENOENT : openProcFile(caller.task, target.task, step.name);
  if (target === undefined || opened !== 0) return { result: opened, failedAt: "open" };
  return withOwnBytes(caller, "read", caller.pieces([["buf", step.len]]), undefined, ([piece]) => ({
    result: readProcFile(
      caller.task,
      target.task,
      step.name,
      piece!.address,
      piece!.length,
      wordOf(step.off),
    ),
  }));
}
