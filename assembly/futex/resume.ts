import { BLOCKED, EINVAL } from "../base/errno";
import { Cpu } from "../machine/cpu";
import {
  CALL_LOCK,
  CALL_VECTOR,
  CALL_WAIT,
  WAIT_FUTEX,
  callAt,
  endSleep,
  needNotSleep,
  taskOn,
} from "./call";
import { finishLock } from "./lockPi";
import { finishRequeue } from "./requeuePi";
import { finishVector } from "./vector";
import { finishWait } from "./wait";

/** Goes on with the futex call that the CPU's task sleeps in: its result, BLOCKED, or −EINVAL for a task that does not. */
export function resumeFutex(cpu: Cpu): i32 {
  const task = taskOn(cpu);
  if (task.blockedOn != WAIT_FUTEX) return -EINVAL;
  const call = callAt(task.wait0);
  if (!needNotSleep(task, call)) return BLOCKED;
  endSleep(task);
  switch (call.kind) {
    case CALL_WAIT:
      return finishWait(cpu, call);
    case CALL_VECTOR:
      return finishVector(cpu, call);
    case CALL_LOCK:
      return finishLock(cpu, call);
    default:
      return finishRequeue(cpu, call);
  }
}
