import type { Machine } from "../../machine/machine.ts";
import { CoreRecord } from "./coreRecord.ts";

/** Some work with the events' lists and rings: with real threads no other opens, closes or samples meanwhile. */
export function alone<Result>({ exports }: Machine, work: () => Result): Result {
  exports.perfLock();
  try {
    return work();
  } finally {
    exports.perfUnlock();
  }
}

/** The records of all open events, inherited ones included, oldest first. */
export function openEvents(machine: Machine): CoreRecord[] {
  return alone(machine, () => walkEvents(machine));
}

/** An event's record, and those of the events that were inherited from it. */
export function withInherited(machine: Machine, event: number): CoreRecord[] {
  return openEvents(machine).filter(
    (record) => record.address === event || record.get32("PERF_EVENT_PARENT") === event,
  );
}

function walkEvents(machine: Machine): CoreRecord[] {
  const found: CoreRecord[] = [];
  let at = machine.header("HEADER_PERF_EVENTS");
  while (at !== 0) {
    const record = new CoreRecord(machine, at);
    found.unshift(record);
    at = record.get32("PERF_EVENT_NEXT_OPEN");
  }
  return found;
}
