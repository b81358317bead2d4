import { BLOCKED, EAGAIN, EBADFD, EBUSY, EIO, ENODEV, EPIPE, ESTRPIPE } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { FINDING_SLEEP_IN_ATOMIC, recordFinding } from "../machine/findings";
import { Task } from "../mm/task";
import {
  ACTION_DRAIN,
  ACTION_PREPARE,
  ACTION_RELEASE,
  ACTION_RESET,
  ACTION_SUSPEND,
  performAction,
} from "./actions";
import { delayOf } from "./avail";
import { sleepLimit } from "./clock";
import {
  STATE_DISCONNECTED,
  STATE_DRAINING,
  STATE_OPEN,
  STATE_PAUSED,
  STATE_PREPARED,
  STATE_RUNNING,
  STATE_SETUP,
  STATE_SUSPENDED,
  STATE_XRUN,
} from "./numbers";
import { DRIVER_PREPARE, NEGOTIATE } from "./device";
import { FROM_CALL, updateHwPtr } from "./pointer";
import {
  CAPTURE,
  PLAYBACK,
  Stream,
  addressOf,
  firstMember,
  isRunning,
  lockStream,
  streamAt,
  unlockStream,
} from "./runtime";
import { enterXrun, stopStream } from "./stop";
import { WAIT_PCM_DRAIN, endSleep, sleepOn, timeIsUp, wakeAll } from "./wake";

/** The calls that move a stream between its states (sound/core/pcm_native.c). Each takes the stream lock itself. */

/** Refreshes the pointer where the device moves; says why it does not elsewhere. The stream lock is held. */
export function hwsyncLocked(cpu: Cpu, stream: Stream): i32 {
  switch (stream.state) {
    case STATE_RUNNING:
      return updateHwPtr(cpu, stream, FROM_CALL);
    case STATE_DRAINING:
      return stream.direction == CAPTURE ? -EBADFD : updateHwPtr(cpu, stream, FROM_CALL);
    case STATE_PREPARED:
    case STATE_PAUSED:
      return 0;
    case STATE_SUSPENDED:
      return -ESTRPIPE;
    case STATE_XRUN:
      return -EPIPE;
    default:
      return -EBADFD;
  }
}

/** HWSYNC, alone or as a part of SYNC_PTR. */
export function hwsync(cpu: Cpu, stream: Stream): i32 {
  lockStream(stream);
  const result = hwsyncLocked(cpu, stream);
  unlockStream(stream);
  return result;
}

/** DELAY: 0 with the frames left in `cpu.value`, or −errno. */
export function measureDelay(cpu: Cpu, stream: Stream): i32 {
  lockStream(stream);
  const result = hwsyncLocked(cpu, stream);
  if (result == 0) cpu.value = delayOf(stream);
  unlockStream(stream);
  return result;
}

/** START, PAUSE, RESUME: an action and nothing else. */
export function act(cpu: Cpu, stream: Stream, action: u32): i32 {
  lockStream(stream);
  const result = performAction(cpu, stream, action);
  unlockStream(stream);
  return result;
}

/** DROP. Pointers are kept. */
export function drop(cpu: Cpu, stream: Stream): i32 {
  if (stream.state == STATE_OPEN || stream.state == STATE_DISCONNECTED) return -EBADFD;
  lockStream(stream);
  if (stream.state == STATE_PAUSED) performAction(cpu, stream, ACTION_RELEASE);
  stopStream(cpu, stream, STATE_SETUP);
  unlockStream(stream);
  return 0;
}

/** PREPARE: a paused or suspended stream is first brought down to SETUP, and stays there if the driver refuses. */
export function prepare(cpu: Cpu, stream: Stream): i32 {
  lockStream(stream);
  const before = stream.state;
  if (before == STATE_PAUSED) performAction(cpu, stream, ACTION_RELEASE);
  if (before == STATE_PAUSED || before == STATE_SUSPENDED) stopStream(cpu, stream, STATE_SETUP);
  const result = exclusively(cpu, stream, ACTION_PREPARE);
  unlockStream(stream);
  return result;
}

/**
 * Goes on with a call that its driver sleeps in: the call is made once more, and the driver knows how far it came.
 * NEGOTIATE for one that the host makes.
 */
export function resumeDriver(cpu: Cpu, task: Task): i32 {
  if (task.woken == 0 && !timeIsUp(task)) return BLOCKED;
  const stream = streamAt(task.wait0 as u32);
  endSleep(task, stream);
  return task.wait1 == DRIVER_PREPARE ? prepare(cpu, stream) : NEGOTIATE;
}

export function reset(cpu: Cpu, stream: Stream): i32 {
  lockStream(stream);
  const result = exclusively(cpu, stream, ACTION_RESET);
  unlockStream(stream);
  return result;
}

/** An action that must not meet a copy between ring and program. */
function exclusively(cpu: Cpu, stream: Stream, action: u32): i32 {
  if (!excludeCopies(stream)) return -EBUSY;
  const result = performAction(cpu, stream, action);
  admitCopies(stream);
  return result;
}

export function excludeCopies(stream: Stream): bool {
  if (stream.accessing > 0) return false;
  stream.accessing -= 1;
  return true;
}

export function admitCopies(stream: Stream): void {
  stream.accessing += 1;
}

/** The XRUN request. */
export function requestXrun(cpu: Cpu, stream: Stream): i32 {
  lockStream(stream);
  const state = stream.state;
  if (state == STATE_RUNNING) enterXrun(cpu, stream);
  unlockStream(stream);
  return state == STATE_RUNNING || state == STATE_XRUN ? 0 : -EBADFD;
}

/**
 * DRAIN. A blocking file sleeps until no playback stream of the group drains any more: BLOCKED, and `resumeDrain`
 * goes on.
 */
export function drain(cpu: Cpu, stream: Stream): i32 {
  if (stream.state == STATE_OPEN) return -EBADFD;
  lockStream(stream);
  if (stream.state == STATE_PAUSED) performAction(cpu, stream, ACTION_RELEASE);
  let result = performAction(cpu, stream, ACTION_DRAIN);
  // even where there was nothing to drain
  if (result >= 0) result = stream.nonblock != 0 ? -EAGAIN : sleepWhileDraining(cpu, stream);
  unlockStream(stream);
  return result;
}

function drainingMember(stream: Stream): u32 {
  for (let at = firstMember(stream); at != 0; at = streamAt(at).groupNext) {
    if (streamAt(at).direction == PLAYBACK && streamAt(at).state == STATE_DRAINING) return at;
  }
  return 0;
}

function sleepWhileDraining(cpu: Cpu, stream: Stream): i32 {
  const member = drainingMember(stream);
  if (member == 0) return 0;
  if (cpu.task == 0) {
    recordFinding(FINDING_SLEEP_IN_ATOMIC, cpu.index, 0, 0, member);
    return -EIO;
  }
  const task = changetype<Task>(cpu.task as usize);
  sleepOn(task, streamAt(member), WAIT_PCM_DRAIN, sleepLimit(streamAt(member)));
  task.wait1 = addressOf(stream);
  return BLOCKED;
}

/** Goes on with a drain after a wake or its time limit; BLOCKED while it sleeps on. */
export function resumeDrain(cpu: Cpu, task: Task): i32 {
  const stream = streamAt(task.wait1 as u32);
  const late = task.woken == 0;
  if (late && !timeIsUp(task)) return BLOCKED;
  endSleep(task, streamAt(task.wait0 as u32));
  lockStream(stream);
  let result: i32;
  if (stream.gone != 0) result = -ENODEV;
  else if (late) result = giveUpDrain(cpu, stream);
  else result = sleepWhileDraining(cpu, stream);
  unlockStream(stream);
  return result;
}

function giveUpDrain(cpu: Cpu, stream: Stream): i32 {
  if (stream.state == STATE_SUSPENDED) return -ESTRPIPE;
  stopStream(cpu, stream, STATE_SETUP);
  return -EIO;
}

/** The driver says that the stream under- or overran. */
export function driverXrun(cpu: Cpu, stream: Stream): void {
  lockStream(stream);
  if (isRunning(stream)) enterXrun(cpu, stream);
  unlockStream(stream);
}

/** The driver stops the stream into any state; −EBADFD in OPEN. */
export function driverStop(cpu: Cpu, stream: Stream, state: u32): i32 {
  lockStream(stream);
  const result = stopStream(cpu, stream, state);
  unlockStream(stream);
  return result;
}

/** The device is suspended: a group with a member that cannot be is left alone. */
export function suspendStream(cpu: Cpu, stream: Stream): void {
  lockStream(stream);
  performAction(cpu, stream, ACTION_SUSPEND);
  unlockStream(stream);
}

/** The card is removed: whatever runs stops, and the state is DISCONNECTED in any case. */
export function disconnectStream(cpu: Cpu, stream: Stream): void {
  lockStream(stream);
  if (isRunning(stream)) stopStream(cpu, stream, STATE_DISCONNECTED);
  stream.state = STATE_DISCONNECTED;
  stream.gone = 1;
  wakeAll(stream);
  unlockStream(stream);
}
