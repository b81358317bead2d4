import type { Machine } from "../../machine/machine.ts";
import type { CoreRecord } from "./coreRecord.ts";
import { withInherited } from "./eventRecords.ts";
import { bitsOf, readFormats, type ReadFormat } from "./names.ts";

/**
 * What read of an event's descriptor gives (perf_read_one, perf_read_group; 6.18): value, times, id and lost samples, or
 * of a group the number of members, times, then value, id, lost of each. Counts of inherited events are included.
 */
export function readValues(
  machine: Machine,
  event: CoreRecord,
  group: readonly CoreRecord[],
): bigint[] {
  const format = event.get64("ATTR_READ_FORMAT");
  const asks = (name: ReadFormat): boolean => (format & bitsOf(readFormats, [name])) !== 0n;
  const names = (member: CoreRecord): bigint[] => [
    ...(asks("ID") ? [member.get64("PERF_EVENT_ID")] : []),
    ...(asks("LOST") ? [member.get64("PERF_EVENT_LOST_SAMPLES")] : []),
  ];
  const times = (member: CoreRecord): bigint[] => [
    ...(asks("TOTAL_TIME_ENABLED") ? [timeEnabled(machine, member)] : []),
    ...(asks("TOTAL_TIME_RUNNING") ? [timeEnabled(machine, member)] : []),
  ];
  if (!asks("GROUP")) return [countOf(machine, event), ...times(event), ...names(event)];
  return [
    BigInt(group.length),
    ...times(group[0]!),
    ...group.flatMap((member) => [countOf(machine, member), ...names(member)]),
  ];
}

function countOf(machine: Machine, event: CoreRecord): bigint {
  const gone = event.get64("PERF_EVENT_CHILD_COUNT");
  return withInherited(machine, event.address).reduce(
    (sum, member) => sum + member.get64("PERF_EVENT_COUNT"),
    gone,
  );
}

function timeEnabled(machine: Machine, event: CoreRecord): bigint {
  const before = event.get64("PERF_EVENT_TIME_ENABLED");
  if (event.get32("PERF_EVENT_ENABLED") === 0) return before;
  return before + machine.nanoseconds - event.get64("PERF_EVENT_ENABLED_AT");
}
