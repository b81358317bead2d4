import type { Machine } from "../machine/machine.ts";
import { lettersOf, type RemoteBed } from "./remoteBed.ts";

/** Whether the ring still has all events since one. */
export function isRecorded(machine: Machine, since: number): boolean {
  return machine.eventCount - since <= machine.constant("EVENT_SLOTS");
}

/**
 * Which way each page of the part was moved since an event, a letter each: f under its area's own lock, s had under the
 * mmap lock, b both, · not. Null where not all of it is recorded.
 */
export function pagesMoved(bed: RemoteBed, since: number): string | null {
  if (!isRecorded(bed.machine, since)) return null;
  const ways = waysOf(bed.machine, since);
  return lettersOf(bed, (va) => ways.get(va) ?? "·");
}

/** The letter of each page of which bytes were moved, by its address. */
function waysOf(machine: Machine, since: number): ReadonlyMap<bigint, string> {
  const page = BigInt(machine.constant("PAGE_SIZE"));
  const fast = machine.constant("MOVED_FAST");
  const ways = new Map<bigint, string>();
  for (const { kind, address, detail, flag } of machine.events(since)) {
    if (kind !== "remote-move") continue;
    const way = flag === fast ? "f" : "s";
    for (let va = address - (address % page); va < address + BigInt(detail); va += page) {
      ways.set(va, (ways.get(va) ?? way) === way ? way : "b");
    }
  }
  return ways;
}
