import {
  Umcg,
  type ArchName,
  type Machine,
  type Task,
  type UmcgHelperName,
} from "../../../src/index.ts";
import { machineOf, PAGE } from "../../machine/pool.ts";

/** Two pages of a task on the study build, and the helpers over them. */

export const WORDS = 0x1000_0000;
export const BORDER = WORDS + PAGE;

export const EINTR = -4;
export const EAGAIN = -11;
export const EFAULT = -14;
export const EINVAL = -22;
export const ETIMEDOUT = -110;

/** Of what the word lies on. */
export const steps = ["present", "absent", "read-only", "unmapped"] as const;
export type Step = (typeof steps)[number];

export interface Bed {
  readonly machine: Machine;
  readonly task: Task;
  readonly umcg: Umcg;
}

export async function bedOf(
  helper: UmcgHelperName,
  step: Step = "present",
  arch: ArchName = "x86-64",
): Promise<Bed> {
  const machine = await machineOf({ arch, build: "study", cpus: 2 });
  const task = machine.createTask();
  prepare(task, step);
  return { machine, task, umcg: new Umcg(task, { helper }) };
}

function prepare(task: Task, step: Step): void {
  if (step === "unmapped") return;
  task.map({ at: WORDS, length: 2 * PAGE, populate: step !== "absent" });
  if (step !== "absent") for (const at of [WORDS, BORDER]) task.touch(at, "write");
  if (step === "read-only") task.protect(WORDS, 2 * PAGE, "r");
}

/** The bytes of a present part of the task's memory, as one number; null where no page is. */
export function wordAt({ machine, task }: Pick<Bed, "machine" | "task">, at: number, bytes = 4) {
  let value = 0n;
  for (let byte = bytes - 1; byte >= 0; byte--) {
    const linear = task.linearOf(at + byte);
    if (linear === null) return null;
    value = (value << 8n) | BigInt(machine.bytes[linear]!);
  }
  return value;
}

/** Writes where a page is present, as the program. */
export function setWord(
  { machine, task }: Pick<Bed, "machine" | "task">,
  at: number,
  value: number | bigint,
  bytes = 4,
): void {
  for (let byte = 0; byte < bytes; byte++) {
    const linear = task.linearOf(at + byte);
    machine.bytes[linear!] = Number((BigInt(value) >> BigInt(8 * byte)) & 0xffn);
  }
}

/** What a call counts. */
export function counted<Answer>(
  { machine, task }: Pick<Bed, "machine" | "task">,
  call: () => Answer,
) {
  const before = machine.counters(task.cpu);
  const answer = call();
  const after = machine.counters(task.cpu);
  const names = Object.keys(before) as (keyof typeof before)[];
  const counts = Object.fromEntries(names.map((name) => [name, after[name] - before[name]]));
  return { answer, counts: counts as unknown as typeof before };
}
