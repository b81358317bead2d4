import { BEHAVIOUR_PAUSE_UPDATES } from "../arch/profile";
import { EBADFD, EBUSY, ENOSYS, EPIPE } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { captureAvail, hasData, isEmpty } from "./avail";
import { stampTrigger } from "./clock";
import { deviceOf } from "./device";
import { driverPrepare, driverReset, driverTrigger } from "./driver";
import {
  HZ,
  INFO_DRAIN_TRIGGER,
  INFO_PAUSE,
  INFO_RESUME,
  NO_POSITION,
  STATE_DISCONNECTED,
  STATE_DRAINING,
  STATE_OPEN,
  STATE_PAUSED,
  STATE_PREPARED,
  STATE_RUNNING,
  STATE_SETUP,
  STATE_SUSPENDED,
  STATE_XRUN,
  TRIGGER_DRAIN,
  TRIGGER_PAUSE_PUSH,
  TRIGGER_PAUSE_RELEASE,
  TRIGGER_RESUME,
  TRIGGER_START,
  TRIGGER_STOP,
  TRIGGER_SUSPEND,
} from "./numbers";
import { FROM_CALL, updateHwPtr } from "./pointer";
import { PLAYBACK, Stream, firstMember, isRunning, streamAt } from "./runtime";
import { fillSilence } from "./silence";
import { haltDevice, settleInto, syncStop } from "./stop";
import { wakeAll } from "./wake";

/**
 * What acts on a whole group (snd_pcm_action, sound/core/pcm_native.c): every member is tested, then every one acts,
 * then every one settles. A member that fails its test leaves all as they were; one that fails to act makes the others
 * undo.
 */
export const ACTION_START: u32 = 0;
export const ACTION_PAUSE: u32 = 1;
export const ACTION_RELEASE: u32 = 2;
export const ACTION_SUSPEND: u32 = 3;
export const ACTION_RESUME: u32 = 4;
export const ACTION_PREPARE: u32 = 5;
export const ACTION_RESET: u32 = 6;
export const ACTION_DRAIN: u32 = 7;

/** How far in the past a pause puts the last update, so that the next tick check sees no jump. */
const PAUSE_AGE: u64 = 1000 * HZ;

function testStart(stream: Stream): i32 {
  if (stream.state != STATE_PREPARED) return -EBADFD;
  return stream.direction == PLAYBACK && !hasData(stream) ? -EPIPE : 0;
}

function testPause(stream: Stream, needed: u32): i32 {
  if ((stream.info & INFO_PAUSE) == 0) return -ENOSYS;
  return stream.state == needed ? 0 : -EBADFD;
}

function testSuspend(stream: Stream): i32 {
  switch (stream.state) {
    case STATE_OPEN:
    case STATE_SETUP:
    case STATE_SUSPENDED:
    case STATE_DISCONNECTED:
      return -EBUSY;
    default:
      return 0;
  }
}

function testResume(stream: Stream): i32 {
  if (stream.state != STATE_SUSPENDED) return -EBADFD;
  return stream.info & INFO_RESUME ? 0 : -ENOSYS;
}

function testPrepare(stream: Stream): i32 {
  if (stream.state == STATE_OPEN || stream.state == STATE_DISCONNECTED) return -EBADFD;
  return isRunning(stream) ? -EBUSY : 0;
}

function testReset(stream: Stream): i32 {
  switch (stream.state) {
    case STATE_RUNNING:
    case STATE_PREPARED:
    case STATE_PAUSED:
    case STATE_SUSPENDED:
      return 0;
    default:
      return -EBADFD;
  }
}

function testDrain(stream: Stream): i32 {
  switch (stream.state) {
    case STATE_OPEN:
    case STATE_DISCONNECTED:
    case STATE_SUSPENDED:
      return -EBADFD;
    default:
      return 0;
  }
}

function test(stream: Stream, action: u32): i32 {
  switch (action) {
    case ACTION_START:
      return testStart(stream);
    case ACTION_PAUSE:
      return testPause(stream, STATE_RUNNING);
    case ACTION_RELEASE:
      return testPause(stream, STATE_PAUSED);
    case ACTION_SUSPEND:
      return testSuspend(stream);
    case ACTION_RESUME:
      return testResume(stream);
    case ACTION_PREPARE:
      return testPrepare(stream);
    case ACTION_RESET:
      return testReset(stream);
    case ACTION_DRAIN:
      return testDrain(stream);
    default:
      return unreachable();
  }
}

function startDevice(cpu: Cpu, stream: Stream): i32 {
  const answer = driverTrigger(cpu, stream, TRIGGER_START);
  // this stream alone, and nobody is woken: snd_pcm_do_start only says what the state is
  if (answer == -EPIPE) stream.state = STATE_XRUN;
  return answer;
}

function pauseDevice(cpu: Cpu, stream: Stream, command: u32): i32 {
  const updates = (header().behaviour & BEHAVIOUR_PAUSE_UPDATES) != 0;
  // an xrun that the position says is not a failure of the pause
  if (updates && command == TRIGGER_PAUSE_PUSH) updateHwPtr(cpu, stream, FROM_CALL);
  stream.hwPtrJiffies = header().jiffies - PAUSE_AGE;
  return driverTrigger(cpu, stream, command);
}

function suspendDevice(cpu: Cpu, stream: Stream): i32 {
  if (!isRunning(stream)) return 0;
  driverTrigger(cpu, stream, TRIGGER_SUSPEND);
  stream.stopOperating = 1;
  return 0;
}

/** Only a device that ran when it was suspended has something to resume. */
function resumeDevice(cpu: Cpu, stream: Stream): i32 {
  const before = stream.suspendedState;
  const ran = before == STATE_RUNNING || (before == STATE_DRAINING && stream.direction == PLAYBACK);
  return ran ? driverTrigger(cpu, stream, TRIGGER_RESUME) : 0;
}

function prepareDevice(cpu: Cpu, stream: Stream): i32 {
  syncStop(cpu, stream);
  const answer = driverPrepare(cpu, stream);
  if (answer < 0) return answer;
  resetPointers(cpu, stream);
  return 0;
}

function resetDevice(cpu: Cpu, stream: Stream): i32 {
  const refused = driverReset(cpu, stream);
  if (refused < 0) return refused;
  resetPointers(cpu, stream);
  return 0;
}

function resetPointers(cpu: Cpu, stream: Stream): void {
  if (isRunning(stream) && updateHwPtr(cpu, stream, FROM_CALL) >= 0) {
    stream.hwPtr %= stream.bufferSize;
  } else {
    stream.hwPtr = 0;
    stream.hwPtrWrap = 0;
  }
  stream.hwPtrBase = 0;
  stream.baseAstray = 0;
  stream.hwPtrInterrupt = stream.hwPtr - (stream.hwPtr % stream.periodSize);
  stream.silenceStart = stream.hwPtr;
  stream.silenceFilled = 0;
}

/** A drain changes the state while it acts: playback goes on to its end, capture stops and keeps what it has. */
function drainDevice(cpu: Cpu, stream: Stream): i32 {
  const settled =
    stream.direction == PLAYBACK ? drainPlayback(cpu, stream) : drainCapture(cpu, stream);
  // a start or stop within the drain took the trigger's timestamp, and with it the turn to trigger once more
  if (settled || stream.state != STATE_DRAINING) return 0;
  return deviceOf(stream).info & INFO_DRAIN_TRIGGER ? driverTrigger(cpu, stream, TRIGGER_DRAIN) : 0;
}

/** True when the stream was started for the drain. */
function drainPlayback(cpu: Cpu, stream: Stream): bool {
  const state = stream.state;
  if (state == STATE_PREPARED && !isEmpty(stream)) {
    startDevice(cpu, stream);
    settleStarted(cpu, stream, STATE_DRAINING);
    return true;
  }
  if (state == STATE_PREPARED || state == STATE_XRUN) stream.state = STATE_SETUP;
  else if (state == STATE_RUNNING) stream.state = STATE_DRAINING;
  return false;
}

/** True when the stream was stopped for the drain. */
function drainCapture(cpu: Cpu, stream: Stream): bool {
  if (stream.state != STATE_RUNNING) return false;
  const target = captureAvail(stream) > 0 ? STATE_DRAINING : STATE_SETUP;
  haltDevice(cpu, stream);
  settleInto(stream, target);
  return true;
}

function act(cpu: Cpu, stream: Stream, action: u32): i32 {
  switch (action) {
    case ACTION_START:
      return startDevice(cpu, stream);
    case ACTION_PAUSE:
      return pauseDevice(cpu, stream, TRIGGER_PAUSE_PUSH);
    case ACTION_RELEASE:
      return pauseDevice(cpu, stream, TRIGGER_PAUSE_RELEASE);
    case ACTION_SUSPEND:
      return suspendDevice(cpu, stream);
    case ACTION_RESUME:
      return resumeDevice(cpu, stream);
    case ACTION_PREPARE:
      return prepareDevice(cpu, stream);
    case ACTION_RESET:
      return resetDevice(cpu, stream);
    case ACTION_DRAIN:
      return drainDevice(cpu, stream);
    default:
      return unreachable();
  }
}

/** The opposite trigger, once, whatever it answers. The other actions have none. */
function undo(cpu: Cpu, stream: Stream, action: u32): void {
  if (action == ACTION_START) {
    driverTrigger(cpu, stream, TRIGGER_STOP);
    stream.stopOperating = 1;
  } else if (action == ACTION_PAUSE) driverTrigger(cpu, stream, TRIGGER_PAUSE_RELEASE);
  else if (action == ACTION_RELEASE) driverTrigger(cpu, stream, TRIGGER_PAUSE_PUSH);
}

function settleStarted(cpu: Cpu, stream: Stream, state: u32): void {
  stampTrigger(stream);
  stream.hwPtrJiffies = header().jiffies;
  stream.hwPtrBufferJiffies = (stream.bufferSize * HZ) / stream.rate;
  stream.state = state;
  if (stream.direction == PLAYBACK && stream.silenceSize > 0) fillSilence(cpu, stream, NO_POSITION);
}

function settleSuspended(stream: Stream): void {
  stampTrigger(stream);
  stream.suspendedState = stream.state;
  stream.state = STATE_SUSPENDED;
  wakeAll(stream);
}

function settleInPlace(stream: Stream, state: u32): void {
  stampTrigger(stream);
  stream.state = state;
}

function settleReset(cpu: Cpu, stream: Stream): void {
  stream.applPtr = stream.hwPtr;
  if (stream.direction == PLAYBACK && stream.silenceSize > 0) fillSilence(cpu, stream, NO_POSITION);
}

function settlePaused(stream: Stream): void {
  settleInPlace(stream, STATE_PAUSED);
  wakeAll(stream);
}

function settlePrepared(stream: Stream): void {
  stream.applPtr = stream.hwPtr;
  stream.state = STATE_PREPARED;
}

/** A drain has settled while it acted. */
function settle(cpu: Cpu, stream: Stream, action: u32): void {
  if (action == ACTION_START) settleStarted(cpu, stream, STATE_RUNNING);
  else if (action == ACTION_PAUSE) settlePaused(stream);
  else if (action == ACTION_RELEASE) settleInPlace(stream, STATE_RUNNING);
  else if (action == ACTION_SUSPEND) settleSuspended(stream);
  else if (action == ACTION_RESUME) settleInPlace(stream, stream.suspendedState);
  else if (action == ACTION_PREPARE) settlePrepared(stream);
  else if (action == ACTION_RESET) settleReset(cpu, stream);
}

/** A group's members before the one that failed undo what they did; a stream alone undoes its own attempt. */
function undoUpTo(cpu: Cpu, stream: Stream, failed: u32, action: u32): void {
  if (stream.group == 0) {
    undo(cpu, stream, action);
    return;
  }
  for (let at = firstMember(stream); at != failed; at = streamAt(at).groupNext) {
    undo(cpu, streamAt(at), action);
  }
}

/** Performs an action on a stream and its group; the stream lock is held. 0 or −errno. */
export function performAction(cpu: Cpu, stream: Stream, action: u32): i32 {
  const first = firstMember(stream);
  for (let at = first; at != 0; at = streamAt(at).groupNext) {
    const refused = test(streamAt(at), action);
    if (refused < 0) return refused;
  }
  for (let at = first; at != 0; at = streamAt(at).groupNext) {
    const failed = act(cpu, streamAt(at), action);
    if (failed >= 0) continue;
    undoUpTo(cpu, stream, at, action);
    return failed;
  }
  for (let at = first; at != 0; at = streamAt(at).groupNext) settle(cpu, streamAt(at), action);
  return 0;
}
