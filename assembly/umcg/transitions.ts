import { EAGAIN, EFAULT, EINTR, EINVAL, ETIMEDOUT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { Task, fatalSignalPending } from "../mm/task";
import { preemptDisable, preemptEnable } from "../uaccess/nofault";
import { getSized, putSized } from "../uaccess/sized";
import { MATCH_NONE } from "../uaccess/exclusiveSized";
import { pinPages, registeredTask, wakeUmcg } from "./control";
import { EXCHANGE_DIFFERED, EXCHANGE_DONE, exchangeUser, getUserNosleep } from "./helpers";
import { UMCG_BLOCKED, UMCG_IDLE, UMCG_NODE_PENDING, UMCG_RUNNING } from "./state";
import {
  changeWord,
  idleServerOf,
  idleWorkersOf,
  isTimed,
  lockedIn,
  nextTidOf,
  preemptedIn,
  readWord,
  stateIn,
  withState,
  withoutTime,
} from "./word";

/**
 * What the kernel does to the state words of workers and servers (kernel/sched/umcg.c, v0.6; v0.7 with
 * its times), with any variant of the helpers. That a worker is to wait is an answer, and puts nobody to sleep; a server that is to run is woken.
 */

/** Nothing was to do; the word changed, or the worker is to wait; a server was made to run; the worker goes on. */
export const UMCG_NOTHING: i32 = 0;
export const UMCG_WAITS: i32 = 1;
export const UMCG_SERVER_RUNS: i32 = 2;
export const UMCG_GOES_ON: i32 = 3;

/** An error in one of the kernel's hooks: the task gets a fatal signal. */
function die(task: Task): i32 {
  task.killed = 1;
  return -EINTR;
}

/** mark_server_running: IDLE, and nothing else, becomes RUNNING. Where the word has a time, that must be read first. */
function markServerRunning(cpu: Cpu, task: Task, id: u32, steps: u32): bool {
  const address = registeredTask(task, id);
  if (address == 0) return false;
  const server = changetype<Task>(address as usize);
  let word: u64 = UMCG_IDLE;
  if (isTimed(server)) {
    if (readWord(cpu, server, steps) != 0) return false;
    word = cpu.value;
    if (withoutTime(server, word) != UMCG_IDLE) return false;
  }
  return changeWord(cpu, server, word, UMCG_RUNNING, steps) == EXCHANGE_DONE;
}

/** umcg_wq_worker_sleeping: a running worker is about to sleep in the kernel; preemption is off, nothing may fault. */
export function workerSleeps(cpu: Cpu, task: Task, steps: u32): i32 {
  preemptDisable(cpu);
  const result = task.umcgServer == 0 ? UMCG_NOTHING : leaveServer(cpu, task, steps);
  preemptEnable(cpu);
  task.umcgServer = 0;
  return result;
}

function leaveServer(cpu: Cpu, task: Task, steps: u32): i32 {
  if (readWord(cpu, task, steps) != 0) return die(task);
  const word = cpu.value;
  if ((word & lockedIn(task)) != 0 || stateIn(task, word) != UMCG_RUNNING) return UMCG_NOTHING;
  if (!markBlocked(cpu, task, word, steps)) return die(task);
  if (getUserNosleep(cpu, nextTidOf(task), 4, steps) != 0) return die(task);
  const server = cpu.value as u32;
  // the server's own wait may have timed out meanwhile: then it is not IDLE
  const runs = server != 0 && markServerRunning(cpu, task, server, steps);
  return runs ? serverRuns(server) : UMCG_WAITS;
}

/** It looks at its word once more, and finds that it runs. */
function serverRuns(server: u32): i32 {
  wakeUmcg(server);
  return UMCG_SERVER_RUNS;
}

/** T1. A program may change the word of a running worker once, and in one way: by preempting it. */
function markBlocked(cpu: Cpu, task: Task, seen: u64, steps: u32): bool {
  const preempted = preemptedIn(task);
  let word = seen;
  while (true) {
    const result = changeWord(cpu, task, word, withState(task, word, UMCG_BLOCKED), steps);
    if (result != EXCHANGE_DIFFERED) return result == EXCHANGE_DONE;
    if ((word & preempted) != 0) return false;
    word = cpu.value;
    if (withoutTime(task, word) != (UMCG_RUNNING | preempted)) return false;
  }
}

/** umcg_handle_resuming_worker, one pass of its loop: a worker is on its way back to its program. */
export function workerReturns(cpu: Cpu, task: Task, steps: u32): i32 {
  if (task.umcg == 0 || task.umcgWorker == 0) return UMCG_NOTHING;
  if (fatalSignalPending(cpu)) return UMCG_GOES_ON;
  if (readWord(cpu, task, steps) != 0) return die(task);
  const word = cpu.value;
  const state = stateIn(task, word);
  if (state == UMCG_RUNNING) return runningReturns(cpu, task, word, steps);
  if (state != UMCG_IDLE) return becomesIdle(cpu, task, word, 0, steps);
  // it is about to sleep or to unregister, or it called umcg_wait
  return (word & lockedIn(task)) != 0 ? UMCG_GOES_ON : UMCG_WAITS;
}

/** A worker that may run with its server does; one that was preempted gives way, its server first (T7). */
function runningReturns(cpu: Cpu, task: Task, word: u64, steps: u32): i32 {
  if ((word & lockedIn(task)) != 0) return UMCG_WAITS;
  if (getSized(cpu, nextTidOf(task), 4) != 0) return die(task);
  const server = cpu.value as u32;
  if ((word & preemptedIn(task)) != 0) {
    if (server == 0 || !markServerRunning(cpu, task, server, steps)) return die(task);
  } else if (server != 0) {
    return pinPages(cpu, task, server) ? UMCG_GOES_ON : die(task);
  }
  return becomesIdle(cpu, task, word, server, steps);
}

/** T3: IDLE with its flags, then into the list of idle workers, then an idle server is made to run unless one was. */
function becomesIdle(cpu: Cpu, task: Task, word: u64, server: u32, steps: u32): i32 {
  const result = changeWord(cpu, task, word, withState(task, word, UMCG_IDLE), steps);
  if (result != EXCHANGE_DONE || !pushIdleWorker(cpu, task, steps)) return die(task);
  return server != 0 ? serverRuns(server) : takeIdleServer(cpu, task, steps);
}

/**
 * enqueue_idle_worker: the worker's idle_workers_ptr names the list's head until the worker is in the list; then it is
 * the node, and names the one behind.
 *
 *   node = 1, pending → head ⇄ &node → node = what head was
 */
function pushIdleWorker(cpu: Cpu, task: Task, steps: u32): bool {
  const node = idleWorkersOf(task);
  if (getSized(cpu, node, 8) != 0 || cpu.value == 0) return false;
  const head = cpu.value;
  if (putSized(cpu, node, UMCG_NODE_PENDING, 8) != 0) return false;
  if (exchangeUser(cpu, head, 8, node, MATCH_NONE, node, steps) != 0) return false;
  return putSized(cpu, node, cpu.value, 8) == 0;
}

/** get_idle_server. That the number taken names nobody is no error. */
function takeIdleServer(cpu: Cpu, task: Task, steps: u32): i32 {
  if (getSized(cpu, idleServerOf(task), 8) != 0 || cpu.value == 0) return die(task);
  if (exchangeUser(cpu, cpu.value, 4, 0, MATCH_NONE, 0, steps) != 0) return die(task);
  const server = cpu.value as u32;
  const runs = server != 0 && markServerRunning(cpu, task, server, steps);
  return runs ? serverRuns(server) : UMCG_WAITS;
}

export function unlockWorker(cpu: Cpu, task: Task, steps: u32): bool {
  if (readWord(cpu, task, steps) != 0) return false;
  const word = cpu.value;
  const locked = lockedIn(task);
  if ((word & locked) == 0) return true;
  return changeWord(cpu, task, word, word & ~locked, steps) == EXCHANGE_DONE;
}

/** handle_timedout_worker (T8): −ETIMEDOUT with the worker BLOCKED; 0 where it was made to run in time; −errno. */
export function workerTimesOut(cpu: Cpu, task: Task, steps: u32): i32 {
  if (task.umcg == 0) return -EINVAL;
  if (readWord(cpu, task, steps) != 0) return -EFAULT;
  const word = cpu.value;
  if (stateIn(task, word) != UMCG_IDLE) return 0;
  const result = changeWord(cpu, task, word, withState(task, word, UMCG_BLOCKED), steps);
  return result == EXCHANGE_DONE ? -ETIMEDOUT : result == EXCHANGE_DIFFERED ? -EAGAIN : result;
}
