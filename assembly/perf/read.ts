import { header } from "../machine/map";
import { READ_GROUP, READ_ID, READ_LOST, READ_TIME_ENABLED, READ_TIME_RUNNING } from "./attr";
import { PerfEvent, PerfLevel, eventAt, primaryId } from "./event";
import { put64 } from "./ring";

/** READ of a sample: what the event, or its whole group, has counted (perf_output_read; kernel/events/core.c, 6.18). */

/** Nanoseconds for which an event was enabled. Nothing is multiplexed: it ran all that time. */
export function timeEnabled(event: PerfEvent): u64 {
  const now = event.enabled != 0 ? header().nanoseconds - event.enabledAt : 0;
  return event.timeEnabled + now;
}

export function putRead(level: PerfLevel, event: PerfEvent): void {
  const format = event.readFormat;
  if ((format & READ_GROUP) != 0) return putGroup(level, eventAt(event.leader), format);
  put64(level, event.count + event.childCount);
  putTimes(level, event, format);
  putNames(level, event, format);
}

function putGroup(level: PerfLevel, leader: PerfEvent, format: u64): void {
  put64(level, 1 + leader.siblings);
  putTimes(level, leader, format);
  for (let at = changetype<usize>(leader) as u32; at != 0; at = eventAt(at).sibling) {
    const member = eventAt(at);
    put64(level, member.count + member.childCount);
    putNames(level, member, format);
  }
}

function putTimes(level: PerfLevel, event: PerfEvent, format: u64): void {
  if ((format & READ_TIME_ENABLED) != 0) put64(level, timeEnabled(event));
  if ((format & READ_TIME_RUNNING) != 0) put64(level, timeEnabled(event));
}

function putNames(level: PerfLevel, event: PerfEvent, format: u64): void {
  if ((format & READ_ID) != 0) put64(level, primaryId(event));
  if ((format & READ_LOST) != 0) put64(level, event.lostSamples);
}
