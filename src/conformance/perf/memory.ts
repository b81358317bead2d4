/** Operations on a case's memory, as calls on the machine; mappings made in a step are recorded by events. */

import type { Task } from "../../machine/task.ts";
import type { VmaView } from "../../machine/inspect.ts";
import { recordMapping } from "../../systems/perf/sideBand.ts";
import { content, fillContent, PAGE_BYTES } from "../base/content.ts";
import type { MemoryStep, StepAnswer } from "./steps.ts";
import type { PerfWorld } from "./world.ts";
import type { Handlers, OperationOf } from "../base/handlers.ts";
import { wordOf } from "../base/trace.ts";

/** What is done for each operation of a group. */
export type PerfHandlers<Operation extends { op: string }> = Handlers<
  PerfWorld,
  Operation,
  StepAnswer
>;

const nothing: StepAnswer = {};
const PROT_BITS = { r: 1, w: 2, x: 4 } as const;

export const memoryOperations: PerfHandlers<MemoryStep> = {
  map: (world, operation) => {
    mapMemory(world.process.task, operation, world);
    reportMapping(world, wordOf(operation.addr));
    return nothing;
  },
  file: (world, { file, size, seed }) => {
    world.addFile(file, createFile(world, size, seed));
    return nothing;
  },
  fill: (world, { addr, len, seed, pos }) => {
    world.store(world.process, wordOf(addr), content(seed, BigInt(pos), len));
    return nothing;
  },
  poke: (world, { addr, size, value }) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, wordOf(value), true);
    world.store(world.process, wordOf(addr), bytes.subarray(0, size));
    return nothing;
  },
  drop: (world, { addr, len }) => {
    world.process.task.advise(wordOf(addr), len, "dontneed");
    return nothing;
  },
  unmap: (world, { addr, len }) => {
    world.process.task.unmap(wordOf(addr), len);
    return nothing;
  },
  protect,
  altstack: (world, { addr, len }) => {
    world.alternateStackTop = wordOf(addr) + BigInt(len);
    return nothing;
  },
};

function lettersOf(prot: string): string {
  return prot.replaceAll("-", "") || "none";
}

/** A mapping of a case in a task's memory. */
export function mapMemory(
  task: Task,
  operation: Omit<OperationOf<MemoryStep, "map">, "op">,
  world: PerfWorld,
): void {
  const { file } = operation;
  task.map({
    at: wordOf(operation.addr),
    length: operation.len,
    protection: lettersOf(operation.prot),
    shared: operation.shared ?? false,
    growsDown: operation.growsdown ?? false,
    populate: operation.populate ?? false,
    ...(file !== undefined && { file: world.file(file) }),
    filePage: (operation.off ?? 0) / PAGE_BYTES,
  });
}

function createFile({ machine }: PerfWorld, size: number, seed: number) {
  const file = machine.createFile(size);
  for (let at = 0; seed !== 0 && at < size; at += PAGE_BYTES) {
    const page = file.page(at / PAGE_BYTES).subarray(0, Math.min(PAGE_BYTES, size - at));
    fillContent(page, seed, BigInt(at));
  }
  return file;
}

/** Area by area: each whose protection changes is recorded as it is then, before the next one joins it. */
function protect(
  world: PerfWorld,
  { addr, len, prot }: OperationOf<MemoryStep, "protect">,
): StepAnswer {
  const { task } = world.process;
  const start = wordOf(addr);
  const end = start + BigInt(len);
  for (const vma of task.vmas()) {
    const from = vma.start > start ? vma.start : start;
    const to = vma.end < end ? vma.end : end;
    if (from >= to || vma.permissions.slice(0, 3) === prot) continue;
    task.protect(from, Number(to - from), lettersOf(prot));
    reportMapping(world, from);
  }
  return nothing;
}

function reportMapping(world: PerfWorld, address: bigint): void {
  const vma = world.process.task
    .vmas()
    .find(({ start, end }) => start <= address && address < end)!;
  const shared = vma.permissions.endsWith("s");
  recordMapping(world.process, {
    address: vma.start,
    length: vma.end - vma.start,
    offset: shared ? vma.filePage * BigInt(PAGE_BYTES) : vma.start,
    name: nameOf(vma),
    protection: [...vma.permissions].reduce(
      (bits, letter) => bits | (PROT_BITS[letter as keyof typeof PROT_BITS] ?? 0),
      0,
    ),
    executable: vma.permissions.includes("x"),
    shared,
  });
}

function nameOf({ backing }: VmaView): string {
  if (backing === "anonymous") return "//anon";
  return backing === "shared anonymous" ? "/dev/zero (deleted)" : "/memfd:file (deleted)";
}
