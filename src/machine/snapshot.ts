import { wrong } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import type { CoreMemory } from "./coreMemory.ts";
import { awaitAgain, unmappingAwaited, type Settle } from "./unmapped.ts";

/** A machine's state: what lies before the TLBs, the used frames' records, and the used RAM. */
export interface Snapshot {
  /** The machine it was taken from, and no other, can take it back. */
  readonly machine: CoreMemory;
  readonly freshPfn: number;
  /** When it was taken, in the machine's count of handles. */
  readonly moment: number;
  readonly parts: readonly { readonly start: number; readonly bytes: Uint8Array }[];
}

/**
 * A snapshot is copied into the core's memory unseen, so only what was copied out of it will do. With each, what waited
 * on the host's side.
 */
const taken = new WeakMap<Snapshot, readonly Settle[]>();

/** [start, end) of the regions that hold state, given how many frames were ever used. TLBs are a cache. */
function regions(machine: CoreMemory, freshPfn: number): [number, number][] {
  const frames = machine.header("HEADER_FRAMES");
  const ram = machine.header("HEADER_RAM");
  return [
    [machine.exports.headerAddress(), machine.header("HEADER_EMPTY_TLB")],
    [frames, frames + freshPfn * machine.constant("FRAME_BYTES")],
    [ram, ram + freshPfn * machine.constant("PAGE_SIZE")],
  ];
}

export function takeSnapshot(machine: CoreMemory): Snapshot {
  const freshPfn = machine.header("HEADER_FRESH_PFN");
  const parts = regions(machine, freshPfn).map(([start, end]) => ({
    start,
    bytes: machine.bytes.slice(start, end),
  }));
  const snapshot = { machine, freshPfn, moment: machine.moment, parts };
  taken.set(snapshot, unmappingAwaited(machine));
  return snapshot;
}

/**
 * Copies the state back. Frames first used since then become fresh, that is zero, again; every CPU forgets its
 * translations under a generation that none of them has seen. Handles made
 * since then are no longer good, handles given up since then are good again.
 */
export function restoreSnapshot(machine: CoreMemory, snapshot: Snapshot): void {
  const awaited = taken.get(snapshot);
  if (awaited === undefined) throw wrong("snapshot", snapshot, "what machine.snapshot() gave");
  if (snapshot.machine !== machine) {
    throw new UsageError({
      argument: "snapshot",
      problem: "is not of this machine",
      valid: "one taken from this machine since its last reset",
    });
  }
  const now = machine.header("HEADER_FRESH_PFN");
  const generations = generationWords(machine).map((word) => machine.words[word]!);
  const used = regions(machine, now);
  const kept = regions(machine, snapshot.freshPfn);
  used.forEach(([, end], part) => {
    const keptEnd = kept[part]![1];
    if (end > keptEnd) machine.bytes.fill(0, keptEnd, end);
  });
  for (const part of snapshot.parts) machine.bytes.set(part.bytes, part.start);
  generationWords(machine).forEach((word, cpu) => (machine.words[word] = generations[cpu]!));
  machine.exports.forgetTranslations();
  machine.takeBackSince(snapshot.moment);
  awaitAgain(machine, awaited);
}

function generationWords(machine: CoreMemory): number[] {
  const offset = machine.constant("CPU_GENERATION");
  return Array.from(
    { length: machine.shape.cpus },
    (_, cpu) => (machine.exports.cpuAddress(cpu) + offset) >>> 2,
  );
}
