import { ENTRIES_AT, RtWaiter } from "../futex/call";
import { Entry } from "../futex/entry";
import { RtMutex } from "../futex/rtMutex";
import { Task } from "../mm/task";

/** The numbers of the futex that the host needs. */

export { COUNTS_LATE } from "../futex/bucket";
export { WAIT_FUTEX } from "../futex/call";
export {
  ROUNDS_ATTEMPT,
  ROUNDS_CALLED,
  ROUNDS_INCREMENT,
  ROUNDS_MUTEX,
  ROUNDS_PI,
  ROUNDS_PING,
  ROUNDS_PONG,
} from "./futexRounds";
export {
  FLAG_MPOL,
  FLAG_NUMA,
  FLAG_PRIVATE,
  FLAG_REALTIME,
  FLAG_SIZE_U32,
  FUTEX_OWNER_DIED,
  FUTEX_TID_MASK,
  FUTEX_WAITERS,
} from "../futex/flags";
export {
  FUTEX_CMP_REQUEUE,
  FUTEX_CMP_REQUEUE_PI,
  FUTEX_LOCK_PI,
  FUTEX_LOCK_PI2,
  FUTEX_REQUEUE,
  FUTEX_TRYLOCK_PI,
  FUTEX_UNLOCK_PI,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAIT_REQUEUE_PI,
  FUTEX_WAKE,
  FUTEX_WAKE_BITSET,
  FUTEX_WAKE_OP,
} from "../futex/syscall";
export { HANDLER_INTERRUPTS, HANDLER_NONE, HANDLER_RESTARTS } from "../mm/signal";
export { REALTIME_AHEAD_SECONDS } from "../futex/time";
export const TASK_BOOSTED: u32 = offsetof<Task>("boosted");
export const TASK_FUTEX_CALL: u32 = offsetof<Task>("futexCall");
/** Of a call's first entry: the bucket that it names, and the state of the PI futex that it waits for. */
export const CALL_BUCKET: u32 = ENTRIES_AT + offsetof<Entry>("bucket");
export const CALL_PI_STATE: u32 = ENTRIES_AT + offsetof<Entry>("piState");
export const TASK_RT_WAITER: u32 = offsetof<Task>("rtWaiter");
export const RT_WAITER_TASK: u32 = offsetof<RtWaiter>("task");
export const RT_WAITER_MUTEX: u32 = offsetof<RtWaiter>("mutex");
export const RT_WAITER_NEXT: u32 = offsetof<RtWaiter>("next");
export const RT_MUTEX_HOLDER: u32 = offsetof<RtMutex>("holder");
export const RT_MUTEX_TOP: u32 = offsetof<RtMutex>("top");
