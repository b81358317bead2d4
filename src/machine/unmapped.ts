import type { CoreMemory } from "./coreMemory.ts";

/** Looks whether what it waits for has come, and says so when that is done. */
export type Settle = () => boolean;

/** What waits until mappings are gone, by machine. */
const waiting = new WeakMap<CoreMemory, Set<Settle>>();

/** From now on `settle` is called after every call that may have removed mappings, until it answers true. */
export function afterUnmapping(machine: CoreMemory, settle: Settle): void {
  const all = waiting.get(machine) ?? new Set();
  waiting.set(machine, all.add(settle));
}

/** The machines whose waiting ones are being called, and whether more mappings may have gone meanwhile. */
const settling = new Map<CoreMemory, boolean>();

/** Mappings may be gone. One of those that wait may remove some itself: then it is called to its end before others. */
export function unmapped(machine: CoreMemory): void {
  if (!waiting.has(machine)) return;
  if (settling.has(machine)) {
    settling.set(machine, true);
    return;
  }
  try {
    do {
      settling.set(machine, false);
      settleAll(machine);
    } while (settling.get(machine)!);
  } finally {
    settling.delete(machine);
  }
}

function settleAll(machine: CoreMemory): void {
  // a restore meanwhile puts others in their place
  const all = waiting.get(machine)!;
  for (const settle of all) if (settle()) all.delete(settle);
}

/** All that waits, for a snapshot. */
export function unmappingAwaited(machine: CoreMemory): readonly Settle[] {
  return [...(waiting.get(machine) ?? [])];
}

/** A restore: those wait that waited when the snapshot was taken. */
export function awaitAgain(machine: CoreMemory, all: readonly Settle[]): void {
  waiting.set(machine, new Set(all));
}
