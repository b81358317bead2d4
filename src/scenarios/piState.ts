import { coreConstants } from "../core/generated/coreConstants.ts";
import { lockQueueOf } from "../systems/futex/lockQueue.ts";
import type { PiActor, PiBed } from "./piBed.ts";

/** A word, and what it says as the word of a PI lock. */
export interface PiWord {
  readonly name: string;
  /** Null where no page is present. */
  readonly value: number | null;
  /** The task whose number stands there; null for none, or none of the program's. */
  readonly owner: string | null;
  readonly waiters: boolean;
  readonly ownerDied: boolean;
  /** Who holds the kernel's lock behind it; null where nobody does, or there is none because nobody waits. */
  readonly holder: string | null;
  /** Who waits for it, in the order in which they get it. */
  readonly queue: readonly string[];
}

/** A task as it stands after a step. */
export interface PiTaskState {
  readonly name: string;
  /** Real-time priorities, 0 for normal: its own, and the one it has now. Null once it has ended. */
  readonly own: number;
  readonly effective: number | null;
  /** The word that it sleeps on; null where it is awake, or has ended. */
  readonly asleepOn: string | null;
}

export interface PiState {
  readonly words: readonly PiWord[];
  readonly tasks: readonly PiTaskState[];
  /** Who has the CPU, if there is one: the first task that is awake of those with the highest priority. */
  readonly runs: string | null;
  /** Who sleeps on a lock while a task of less priority than its own has the CPU. */
  readonly kept: readonly string[];
}

/** What stands where. Asking changes nothing. */
export function piStateOf(bed: PiBed): PiState {
  const tasks = bed.actors.map(taskState);
  const runs = tasks
    .filter(({ effective, asleepOn }) => effective !== null && asleepOn === null)
    .sort((a, b) => b.effective! - a.effective!)[0];
  const kept = tasks.filter(
    ({ own, asleepOn }) => asleepOn !== null && runs !== undefined && runs.effective! < own,
  );
  return {
    words: bed.words.map((name) => wordState(bed, name)),
    tasks,
    runs: runs?.name ?? null,
    kept: kept.map(({ name }) => name),
  };
}

function taskState({ name, own, gone, asleep, futex }: PiActor): PiTaskState {
  if (gone) return { name, own, effective: null, asleepOn: null };
  return { name, own, effective: futex.priority, asleepOn: placeOf(asleep, futex) };
}

/** A sleeper that was moved sleeps on the lock that it was moved to. */
function placeOf(asleep: PiActor["asleep"], futex: PiActor["futex"]): string | null {
  if (asleep === null) return null;
  return lockQueueOf(futex.task) === null ? asleep.word : asleep.lock;
}

function wordState(bed: PiBed, name: string): PiWord {
  const value = bed.wordAt(name);
  const bits = value ?? 0;
  const { FUTEX_TID_MASK, FUTEX_WAITERS, FUTEX_OWNER_DIED } = coreConstants;
  return {
    name,
    value,
    owner: nameOf(bed, bits & FUTEX_TID_MASK),
    waiters: (bits & FUTEX_WAITERS) !== 0,
    ownerDied: (bits & FUTEX_OWNER_DIED) !== 0,
    ...queueOf(bed, name),
  };
}

/** Those in the kernel's queue by its order; others, of whom it has none, in the order of the tasks. */
function queueOf(bed: PiBed, word: string): Pick<PiWord, "holder" | "queue"> {
  const sleepers = bed.actors.filter(({ asleep, futex }) => placeOf(asleep, futex) === word);
  const queues = sleepers.map(({ futex }) => lockQueueOf(futex.task)).filter((one) => one !== null);
  const [queue] = queues;
  if (queue === undefined) return { holder: null, queue: sleepers.map(({ name }) => name) };
  return {
    holder: queue.holder === null ? null : nameOf(bed, queue.holder),
    queue: queue.waiters.map((id) => nameOf(bed, id)!),
  };
}

function nameOf({ actors }: PiBed, id: number): string | null {
  return actors.find((actor) => actor.id === id)?.name ?? null;
}
