import type { CoreMemory } from "./coreMemory.ts";

/** What is to be done once mappings are gone, by machine: each is asked until it answers that it is done. */
const waiting = new WeakMap<CoreMemory, Set<() => boolean>>();

/** From now on `settle` is called after every call that may have removed mappings, until it answers true. */
export function afterUnmapping(machine: CoreMemory, settle: () => boolean): void {
  const all = waiting.get(machine) ?? new Set();
  waiting.set(machine, all.add(settle));
}

/** Mappings may be gone. */
export function unmapped(machine: CoreMemory): void {
  const all = waiting.get(machine);
  if (all === undefined) return;
  for (const settle of all) if (settle()) all.delete(settle);
}
