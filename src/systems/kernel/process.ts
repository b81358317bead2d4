import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import type { Task } from "../../machine/task.ts";

/** TASK_COMM_LEN (include/linux/sched.h): the name of a task with its NUL. */
export const NAME_BYTES = 16;

/** What the system calls of this room keep of a process, in emulated RAM: its name. */
export class Process {
  readonly task: Task;
  readonly #record: KernelBuffer;

  /** @throws FaultlineError "no-memory" when RAM is full */
  constructor(task: Task) {
    this.task = task;
    this.#record = task.machine.allocKernel(NAME_BYTES);
  }

  /** The name's 16 bytes, NUL and padding included; live. */
  get name(): Uint8Array {
    return this.#record.bytes;
  }

  /** Takes a name over, cut so that a NUL still fits behind it. */
  setName(bytes: Uint8Array): void {
    this.name.fill(0);
    this.name.set(bytes.subarray(0, NAME_BYTES - 1));
  }

  /** Gives the record up; the task itself ends elsewhere. */
  free(): void {
    this.#record.free();
  }
}
