import { Task } from "../mm/task";

/** The numbers of the futex that the host needs. */

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
export { REALTIME_AHEAD_SECONDS } from "../futex/time";
export const TASK_BOOSTED: u32 = offsetof<Task>("boosted");
