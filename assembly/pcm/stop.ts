import { EBADFD } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { stampStatus, stampTrigger } from "./clock";
import { driverSyncStop, driverTrigger } from "./driver";
import { STATE_OPEN, STATE_XRUN, TRIGGER_STOP, TSTAMP_ENABLE } from "./numbers";
import { Stream, firstMember, isRunning, streamAt } from "./runtime";
import { wakeAll } from "./wake";

/** Stopping, alone or with the group (snd_pcm_stop and __snd_pcm_xrun, sound/core). The stream lock is held. */

/** What stopping asks of the device. Its answer is ignored: a stop cannot be refused. */
export function haltDevice(cpu: Cpu, stream: Stream): void {
  if (!isRunning(stream)) return;
  driverTrigger(cpu, stream, TRIGGER_STOP);
  stream.stopOperating = 1;
}

/** Once after a stop, before the ring changes or the device starts anew: the driver waits for the stop's end. */
export function syncStop(cpu: Cpu, stream: Stream): void {
  if (!stream.stopOperating) return;
  stream.stopOperating = 0;
  driverSyncStop(cpu, stream);
}

export function settleInto(stream: Stream, state: u32): void {
  if (stream.state != state) {
    stampTrigger(stream);
    stream.state = state;
  }
  wakeAll(stream);
}

/** Stops this stream alone, as the end of a drain does. */
export function stopOne(cpu: Cpu, stream: Stream, state: u32): void {
  haltDevice(cpu, stream);
  settleInto(stream, state);
}

/** Stops the whole group; −EBADFD, and nothing happens, when a member is in OPEN. */
export function stopStream(cpu: Cpu, stream: Stream, state: u32): i32 {
  const first = firstMember(stream);
  for (let at = first; at != 0; at = streamAt(at).groupNext) {
    if (streamAt(at).state == STATE_OPEN) return -EBADFD;
  }
  for (let at = first; at != 0; at = streamAt(at).groupNext) haltDevice(cpu, streamAt(at));
  for (let at = first; at != 0; at = streamAt(at).groupNext) settleInto(streamAt(at), state);
  return 0;
}

export function enterXrun(cpu: Cpu, stream: Stream): void {
  if (stream.tstampMode == TSTAMP_ENABLE) stampStatus(stream);
  stopStream(cpu, stream, STATE_XRUN);
}
