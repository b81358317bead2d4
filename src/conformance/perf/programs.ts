/** Operations of a case's programs: instructions, system calls, tasks that come and go. */

import {
  execute,
  fetchInstruction,
  instructionNames,
  type InstructionName,
  type SegmentBits,
} from "../../systems/perf/instructions.ts";
import type { PerfTask } from "../../systems/perf/perfTask.ts";
import { enterKernel, entryNames, type EntryName } from "../../systems/perf/programCalls.ts";
import { generalRegisters } from "../../systems/perf/registers.ts";
import { sleep, spin } from "../../systems/perf/scheduling.ts";
import { recordName } from "../../systems/perf/sideBand.ts";
import { deliverSignal } from "../../systems/perf/signals.ts";
import { content } from "../base/content.ts";
import { mapMemory, type PerfHandlers } from "./memory.ts";
import type { ProgramStep, StepAnswer } from "./steps.ts";
import type { PerfWorld } from "./world.ts";
import type { OperationOf } from "../base/handlers.ts";
import { TraceError, wordOf } from "../base/trace.ts";

type ProgramOf<Op extends ProgramStep["op"]> = OperationOf<ProgramStep, Op>;

const nothing: StepAnswer = {};
const MICROSECOND = 1000n;
/** The words of a BPF program's output. */
const OUTPUT_WORD = 0x1122334455667700n;
/** TASK_COMM_LEN without its NUL. */
const NAME_BYTES = 15;

export const programOperations: PerfHandlers<ProgramStep> = {
  run,
  name: (world, { name }) => {
    const bytes = new TextEncoder().encode(name);
    world.process.process.setName(bytes);
    recordName(world.process, new TextDecoder().decode(bytes.subarray(0, NAME_BYTES)));
    return nothing;
  },
  uid: (world, { uid }) => {
    world.process.task.setUser(uid);
    return nothing;
  },
  thread: (world, { t }) => done(world.startThread(`T${t}`)),
  end_thread: (world, { t }) => done(world.end(`T${t}`)),
  child: (world, { c }) => done(world.startFork(`C${c}`)),
  end_child: (world, { c }) => done(world.end(`C${c}`)),
  fork_exit: (world, { on }) =>
    withEvents(world, on, () => {
      world.startFork("F");
      world.end("F");
      return nothing;
    }),
  sleep: (world, { us, on }) =>
    withEvents(world, on, () => {
      sleep(world.process, BigInt(us) * MICROSECOND);
      return nothing;
    }),
  spin: (world, { us, on }) => withEvents(world, on, () => spinFor(world, us, on)),
  bpf_output: bpfOutput,
  program32,
  program32_go: (world, { on }) => {
    const { waiting } = world;
    if (waiting === null) throw new TraceError("", "no program waits");
    withEvents(world, on, () =>
      world.on(waiting.task, () => {
        loadRegisters(waiting.task, 32, waiting.regs, waiting.ip);
        return perform(world, waiting.task, waiting.insn, 32, waiting.address);
      }),
    );
    return nothing;
  },
};

/** The answer of what cannot fail. */
function done(_nothing: unknown): StepAnswer {
  return nothing;
}

/** Enables events in their order, and disables them in the opposite one afterwards. */
function withEvents(world: PerfWorld, on: readonly number[], part: () => StepAnswer): StepAnswer {
  for (const e of on) world.event(e).event.control("ENABLE", 0n);
  const answer = part();
  for (const e of [...on].reverse()) world.event(e).event.control("DISABLE", 0n);
  return answer;
}

function run(world: PerfWorld, step: ProgramOf<"run">): StepAnswer {
  const task = runner(world, step);
  const answer = world.on(task, () =>
    withEvents(world, step.on, () => {
      const regs = Object.fromEntries(
        Object.entries(step.regs).map(([name, value]) => [name, wordOf(value)]),
      );
      loadRegisters(task, step.bits, regs, wordOf(step.ip));
      const result = perform(world, task, step.insn, step.bits, wordOf(step.addr));
      world.restFrame(task);
      return result;
    }),
  );
  if (step.vfork === true) world.end("V");
  return answer;
}

function runner(world: PerfWorld, { thread, vfork }: ProgramOf<"run">): PerfTask {
  if (vfork === true) return world.startVfork();
  if (thread === undefined) return world.process;
  const task = world.task(`T${thread}`);
  if (task === null) throw new TraceError("", `there is no thread ${thread}`);
  return task;
}

function loadRegisters(
  task: PerfTask,
  bits: SegmentBits,
  regs: Readonly<Record<string, bigint>>,
  ip: bigint,
): void {
  const { machine } = task.task;
  for (const name of generalRegisters) task.frame.set(name, regs[name] ?? 0n);
  const segment = machine.constant(bits === 64 ? "USER_CS" : "USER32_CS");
  task.frame.setAll({
    ip,
    cs: BigInt(segment),
    ss: BigInt(machine.constant("USER_SS")),
    origAx: -1n,
  });
  task.enterKernel(machine.constant("KERNEL_SS"));
}

function isEntry(name: InstructionName | EntryName): name is EntryName {
  return (
    (entryNames as readonly string[]).includes(name) &&
    !instructionNames.includes(name as InstructionName)
  );
}

function perform(
  world: PerfWorld,
  task: PerfTask,
  name: InstructionName | EntryName,
  bits: SegmentBits,
  address: bigint,
): StepAnswer {
  const enters = isEntry(name);
  const signal = enters ? fetchInstruction(task, bits) : execute(task, { name, bits, address });
  if (signal === null) return enters ? { ret: enterKernel(task, name, bits, world) } : nothing;
  // a real 32-bit program has no handlers: the signal ends it, and no frame is written
  if (!task.compat) deliverSignal(task, world.alternateStackTop);
  const { signo, code, address: at } = signal;
  return { signal: { signo: BigInt(signo), code: BigInt(code), addr: at } };
}

/** Clocks count nanoseconds: their period is one. */
function spinFor(world: PerfWorld, us: number, on: readonly number[]): StepAnswer {
  const { event } = world.event(on[0]!);
  spin(world.process, BigInt(us) * MICROSECOND, event.record.get64("PERF_EVENT_PERIOD"));
  return nothing;
}

function bpfOutput(world: PerfWorld, step: ProgramOf<"bpf_output">): StepAnswer {
  const { machine, process } = world;
  const { event } = world.event(step.e);
  if (step.packet > 0) world.withPacket.add(step.e);
  const buffer = machine.allocKernel(step.bytes + step.packet);
  const words = new DataView(new ArrayBuffer(step.bytes + 8));
  for (let at = 0; at < step.bytes; at += 8) {
    words.setBigUint64(at, OUTPUT_WORD + BigInt(at / 8), true);
  }
  buffer.bytes.set(new Uint8Array(words.buffer, 0, step.bytes));
  process.enterKernel(0);
  withEvents(world, step.on, () => {
    const { cpu } = process.task;
    const { address } = event.record;
    const regs = process.kernelFrame.address;
    machine.exports.perfRawOutput(cpu, address, buffer.linear, buffer.length, regs);
    return nothing;
  });
  buffer.free();
  return { ret: 0n };
}

function program32(world: PerfWorld, step: ProgramOf<"program32">): StepAnswer {
  const task = world.startProgram32(`C${step.c}`);
  for (const { addr, len, prot, fresh, seed } of step.memory) {
    mapMemory(task.task, { addr, len, prot, populate: fresh !== true }, world);
    if (seed !== undefined) world.store(task, wordOf(addr), content(seed, 0n, len));
  }
  const regs: Record<string, bigint> = {};
  for (const [name, value] of Object.entries(step.regs)) regs[name] = wordOf(value);
  world.waiting = { task, insn: step.insn, regs, ip: wordOf(step.ip), address: wordOf(step.addr) };
  return nothing;
}
