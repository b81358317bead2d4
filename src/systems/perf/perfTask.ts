import { FaultlineError } from "../../base/errors.ts";
import type { Task } from "../../machine/task.ts";
import { Process } from "../kernel/process.ts";
import { RegisterFrame } from "./registers.ts";

/** How samples name a task, and what kind of program it is. */
export interface PerfTaskNumbers {
  readonly pid: number;
  readonly tid: number;
  /** A real 32-bit program; default false. */
  readonly compat?: boolean;
}

/** Where kernel code that a task runs into an exception with stands, and its stack: any place does. */
const KERNEL_IP = 0xffff_ffff_8100_0000n;
const KERNEL_SP = 0xffff_c900_0000_3f00n;

/** A task as samples see it: its numbers, its name, and the frames that its registers are saved in. */
export class PerfTask {
  readonly task: Task;
  readonly process: Process;
  readonly pid: number;
  readonly tid: number;
  readonly compat: boolean;
  /** Linear address of its record in the core. */
  readonly record: number;
  /** task_pt_regs: what the last entry from user mode saved. */
  readonly frame: RegisterFrame;
  /** What an exception in its kernel code saved. */
  readonly kernelFrame: RegisterFrame;

  /** @throws FaultlineError "no-memory" when RAM is full */
  constructor(task: Task, numbers: PerfTaskNumbers) {
    const { machine } = task;
    this.task = task;
    this.process = new Process(task);
    this.pid = numbers.pid;
    this.tid = numbers.tid;
    this.compat = numbers.compat ?? false;
    const compat = this.compat ? 1 : 0;
    this.record = machine.exports.newPerfTask(task.handle, this.pid, this.tid, compat) >>> 0;
    if (this.record === 0) throw new FaultlineError("no-memory", "RAM is full: no perf task");
    this.frame = new RegisterFrame(machine, this.record + machine.constant("PERF_TASK_FRAME"));
    this.kernelFrame = new RegisterFrame(
      machine,
      this.record + machine.constant("PERF_TASK_KERNEL_FRAME"),
    );
    this.enterKernel(0);
  }

  /** The kernel runs for the task; `ss` is what the entry leaves there. */
  enterKernel(ss: number): void {
    const cs = BigInt(this.task.machine.constant("KERNEL_CS"));
    this.kernelFrame.setAll({ ip: KERNEL_IP, sp: KERNEL_SP, cs, ss: BigInt(ss) });
  }

  /** It has all capabilities. */
  get privileged(): boolean {
    const { machine, handle } = this.task;
    return machine.words[(handle + machine.constant("TASK_PRIVILEGED")) >>> 2] !== 0;
  }

  /** It gives its record up; the task itself ends elsewhere. */
  free(): void {
    this.process.free();
    this.task.machine.exports.freePerfTask(this.record);
  }
}
