/** What samples see of a signal's delivery (arch/x86/kernel/signal.c, 6.18). */

import type { PerfTask } from "./perfTask.ts";

/** The first byte of the frame that is written lies so far below the stack's top, with the recorded processor's state. */
const FRAME_BYTES = 0x7c0n;

/** The kernel writes the signal's frame on the alternate stack, which may fault. */
export function deliverSignal(task: PerfTask, stackTop: bigint): void {
  task.enterKernel(task.task.machine.constant("KERNEL_SS"));
  task.task.uaccess.putUser(stackTop - FRAME_BYTES, 8, 0);
}
