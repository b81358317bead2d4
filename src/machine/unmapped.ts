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

/** Mappings may be gone. */
export function unmapped(machine: CoreMemory): void {
  const all = waiting.get(machine);
  if (all === undefined) return;
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
