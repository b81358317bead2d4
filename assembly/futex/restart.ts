import { EINTR, ERESTARTNOINTR, ERESTARTSYS, ERESTART_RESTARTBLOCK } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { HANDLER_NONE, HANDLER_RESTARTS, takeSignal } from "../mm/signal";
import { Task } from "../mm/task";
import { forgetChecks } from "../uaccess/check";
import { CALL_LOCK, CALL_VECTOR, CALL_WAIT, FutexCall, callAt, endCall, taskOn } from "./call";
import { startLock } from "./lockPi";
import { startRequeue } from "./requeuePi";
import { NEVER, readDeadline } from "./time";
import { startVector } from "./vector";
import { startWait } from "./wait";

/**
 * A signal has ended a sleep (handle_signal, arch/x86/kernel/signal.c; futex_wait_restart, kernel/futex/waitwake.c, 6.18).
 * Its handler runs, and then the program sees −EINTR, or the call is made again:
 *
 *                            no handler   handler   handler with SA_RESTART
 *   −ERESTARTSYS             again        −EINTR    again
 *   −ERESTART_RESTARTBLOCK   goes on      −EINTR    −EINTR
 *   −ERESTARTNOINTR          again        again     again
 *
 * "Goes on" is restart_syscall, with the end time that was computed at first; "again" reads what the program points to
 * anew. What is left of the call is kept until then.
 */
export function returnToProgram(cpu: Cpu, answer: i32): i32 {
  let result = answer;
  while (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK) {
    const task = taskOn(cpu);
    const call = callAt(task.futexCall);
    result = isMadeAgain(task, result) ? makeAgain(cpu, call, result) : endCall(call, -EINTR);
  }
  return result;
}

/** Who got a fatal signal goes back to no program. */
function isMadeAgain(task: Task, result: i32): bool {
  const handler = takeSignal(task);
  if (task.killed != 0) return false;
  if (handler == HANDLER_NONE || result == -ERESTARTNOINTR) return true;
  return handler == HANDLER_RESTARTS && result == -ERESTARTSYS;
}

function makeAgain(cpu: Cpu, call: FutexCall, result: i32): i32 {
  forgetChecks(cpu);
  if (result != -ERESTART_RESTARTBLOCK && call.deadline != NEVER) {
    const task = taskOn(cpu);
    const error = readDeadline(cpu, task.limitAt, task.limitSince);
    if (error != 0) return endCall(call, error);
    call.deadline = cpu.value;
  }
  switch (call.kind) {
    case CALL_WAIT:
      return startWait(cpu, call);
    case CALL_VECTOR:
      return startVector(cpu, call);
    case CALL_LOCK:
      return startLock(cpu, call);
    default:
      return startRequeue(cpu, call);
  }
}
