import {
  checkOptions,
  checkThat,
  flag,
  optional,
  whole,
  wholeNumber,
  type Shape,
} from "../../base/checks.ts";
import { FaultlineError } from "../../base/errors.ts";
import { Handle } from "../../machine/handle.ts";
import { madeTask, type Task } from "../../machine/task.ts";
import { Process } from "../kernel/process.ts";
import { RegisterFrame } from "./registers.ts";

/** How samples name a task, and what kind of program it is. */
export interface PerfTaskNumbers {
  readonly pid: number;
  readonly tid: number;
  /** A real 32-bit program; default false. */
  readonly compat?: boolean;
}

/** The largest number of a process (PID_MAX_LIMIT is below). */
const MOST_NUMBER = 0x7fff_ffff;

const MOST_SEGMENT = 0xffff;

const numbersShape: Shape<PerfTaskNumbers> = {
  pid: whole(0, MOST_NUMBER),
  tid: whole(0, MOST_NUMBER),
  compat: optional(flag),
};

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
  /** task_pt_regs: what the last entry from user mode saved. */
  readonly frame: RegisterFrame;
  /** What an exception in its kernel code saved. */
  readonly kernelFrame: RegisterFrame;
  readonly #handle: Handle;

  /** @throws UsageError for what is no task or no number; FaultlineError "no-memory" when RAM is full */
  constructor(task: Task, numbers: PerfTaskNumbers) {
    madeTask("task", task);
    checkOptions("numbers", numbers, numbersShape);
    const { machine } = task;
    this.task = task;
    this.process = new Process(task);
    this.pid = numbers.pid;
    this.tid = numbers.tid;
    this.compat = numbers.compat ?? false;
    const compat = this.compat ? 1 : 0;
    const record = machine.exports.newPerfTask(task.handle, this.pid, this.tid, compat) >>> 0;
    if (record === 0) throw new FaultlineError("no-memory", "RAM is full: no perf task");
    const handle = new Handle(machine, "perf task", record);
    this.#handle = handle;
    const frame = (at: "PERF_TASK_FRAME" | "PERF_TASK_KERNEL_FRAME"): RegisterFrame =>
      new RegisterFrame(machine, record + machine.constant(at), () => handle.check());
    this.frame = frame("PERF_TASK_FRAME");
    this.kernelFrame = frame("PERF_TASK_KERNEL_FRAME");
    this.enterKernel(0);
  }

  /** Made here: an object that inherits from one, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is PerfTask {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /** Linear address of its record in the core. @throws UsageError once it was given up */
  get record(): number {
    return this.#handle.address;
  }

  /** The kernel runs for the task; `ss` is what the entry leaves there. */
  enterKernel(ss: number): void {
    wholeNumber("ss", ss, 0, MOST_SEGMENT);
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
    const { record } = this;
    this.#handle.release("was given up");
    this.process.free();
    this.task.machine.exports.freePerfTask(record);
  }
}

export const madePerfTask = checkThat("a new PerfTask(task, …)", (value) => PerfTask.isOne(value));
