import { EINVAL } from "../base/errno";
import { WAIT_FUTEX } from "../futex/call";
import { cpuAt } from "../machine/cpu";
import { Task } from "../mm/task";
import { switchTo } from "../mm/taskLife";
import { WAIT_PCM_DRIVER, WAIT_PCM_TRANSFER } from "../pcm/wake";
import { futexResume } from "./futex";
import { WAIT_UMCG } from "../umcg/control";
import { pcmResume } from "./pcm";

/**
 * Runs the second half of the system call that a task sleeps in, on a CPU: its result, or BLOCKED when it sleeps
 * again; −EINVAL for a task that is not asleep.
 */
export function resumeTask(cpu: u32, task: u32): i32 {
  const kind = changetype<Task>(task as usize).blockedOn;
  const isPcm = kind >= WAIT_PCM_TRANSFER && kind <= WAIT_PCM_DRIVER;
  if (!isPcm && kind != WAIT_FUTEX && kind != WAIT_UMCG) return -EINVAL;
  switchTo(cpuAt(cpu), task);
  return isPcm ? pcmResume(cpu) : futexResume(cpu);
}
