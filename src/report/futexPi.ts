import {
  piLockKinds,
  type FutexPiRun,
  type PiLockKind,
  type PiStepRun,
} from "../scenarios/futexPi.ts";
import { piPrograms } from "../scenarios/piPrograms.ts";
import type { PiTaskState, PiWord } from "../scenarios/piState.ts";
import { findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { renderTable } from "./table.ts";

/** A program of tasks and locks as text: each step with what it answered, and how everything stands then. */
export function futexPiText(run: FutexPiRun): string {
  const { arch, kernel, name, locks, tasks, asleep, findings } = run;
  return [
    `${piLockKinds[locks]} on ${arch}, kernel ${kernel}: ${titleOf(name)}`,
    `tasks (number, priority): ${tasks.map((task) => `${task.name} (${task.id}, ${task.priority})`).join(", ")}`,
    stepsTable(run),
    legendOf(locks),
    `asleep at the end: ${asleep.join(", ") || "nobody"}`,
    findingsText(findings),
  ].join("\n\n");
}

function titleOf(name: FutexPiRun["name"]): string {
  return name === null ? "a program of your own" : `${name}, ${meaningOf(name)}`;
}

function meaningOf(name: string): string {
  return piPrograms.find((one) => one.name === name)!.meaning;
}

function stepsTable({ steps, tasks, locks }: FutexPiRun): string {
  const words = steps[0]!.words.map(({ name }) => name);
  return renderTable(
    [
      { title: "step", align: "right" },
      { title: "does" },
      { title: "answer", align: "right" },
      { title: "wakes up" },
      ...words.flatMap((name) => [
        { title: "word", group: name },
        ...(locks === "pi" ? [{ title: "held by", group: name }] : []),
        { title: "asleep", group: name },
      ]),
      ...tasks.map(({ name }) => ({ title: name, align: "right", group: "priority" }) as const),
      { title: "runs" },
      { title: "kept waiting" },
    ],
    steps.map((step, index) => [
      index + 1,
      step.text,
      answerText(step),
      returnsText(step),
      ...step.words.flatMap((word) => wordCells(word, locks)),
      ...step.tasks.map(priorityText),
      step.runs,
      step.kept.join(", "),
    ]),
  );
}

export function answerText({ result, sleeps }: Pick<PiStepRun, "result" | "sleeps">): string {
  if (sleeps) return "sleeps";
  return result === null ? "" : errnoName(result);
}

function returnsText({ returns }: PiStepRun): string {
  return returns.map(({ task, result }) => `${task}: ${errnoName(result)}`).join(", ");
}

function wordCells(word: PiWord, locks: PiLockKind): string[] {
  const asleep = word.queue.join(", ");
  return locks === "pi" ? [wordText(word), word.holder ?? "", asleep] : [valueText(word), asleep];
}

function valueText({ value }: PiWord): string {
  return value === null ? "no page" : String(value);
}

/** The number's task, and the bits beside it. */
export function wordText({ value, owner, waiters, ownerDied }: PiWord): string {
  if (value === null) return "no page";
  if (value === 0) return "0";
  const number = (value & TID_MASK) >>> 0;
  const parts = [owner ?? String(number), ...(waiters ? ["W"] : []), ...(ownerDied ? ["D"] : [])];
  return parts.join("|");
}

const TID_MASK = 0x3fff_ffff;

/** An own priority of 0 is a normal task's; an arrow leads to what others lend. */
function priorityText({ own, effective }: PiTaskState): string {
  if (effective === null) return "ended";
  return effective === own ? String(own) : `${own}→${effective}`;
}

function legendOf(locks: PiLockKind): string {
  const word =
    locks === "pi"
      ? "word     whose number it holds; W FUTEX_WAITERS, D FUTEX_OWNER_DIED\nheld by  who holds the kernel's lock behind it, while somebody sleeps on that; asleep: in the order in which they get it"
      : "word     0 free, 1 locked, 2 locked and somebody may sleep";
  return [
    word,
    "priority own, and → what a task has by those that wait for its locks; 0 is not real-time",
    "runs     who has the CPU, if there is one; kept waiting: who sleeps although of a higher priority than that",
  ].join("\n");
}
