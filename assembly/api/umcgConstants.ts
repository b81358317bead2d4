import { Task } from "../mm/task";

/** The numbers of UMCG that the host needs. */

export { HOOK_RETURNS, HOOK_SLEEPS, HOOK_TIMES_OUT } from "./umcg";
export { UMCG_REGISTER, UMCG_UNREGISTER, UMCG_WORKER, WAIT_UMCG } from "../umcg/control";
export {
  MOST_ROUNDS,
  STEP_ALIGNS_FIRST,
  STEP_AS_FUTEX,
  STEP_BARRIER,
  STEP_BOUNDED,
  STEP_FAULTS_OFF,
  STEP_FIXUP_IN_VALUE,
  STEP_MISMATCH_AGAIN,
  STEP_MISMATCH_ONE,
  STEP_RECHECKS,
  STEP_REPAIRS,
  STEP_REPAIR_ALIGNS,
  STEP_REPAIR_KILLABLE,
} from "../umcg/helpers";
export {
  UMCG_BLOCKED,
  UMCG_IDLE,
  UMCG_LOCKED,
  UMCG_NONE,
  UMCG_PREEMPTED,
  UMCG_RUNNING,
} from "../umcg/state";
export { UMCG_GOES_ON, UMCG_NOTHING, UMCG_SERVER_RUNS, UMCG_WAITS } from "../umcg/transitions";
export const TASK_KILLED: u32 = offsetof<Task>("killed");
