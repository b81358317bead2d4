import type { FutexWakeOpRun, WokenOnWord } from "../scenarios/futexWakeOp.ts";
import { wordPlaces } from "../scenarios/wordPlaces.ts";
import type { SpelledWakeOp } from "../scenarios/spelledWakeOp.ts";
import type { WakeOpStep } from "../scenarios/wakeOpSteps.ts";
import type { WakeOpComparison, WakeOpName } from "../systems/futex/wakeOperation.ts";
import { findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { renderTable } from "./table.ts";
import { hex, hexOrNone, rounded, wrap } from "./text.ts";

/** One FUTEX_WAKE_OP as text: what its bits say, the way it went, who woke. */
export function futexWakeOpText(run: FutexWakeOpRun): string {
  const { arch, kernel, operation, lost } = run;
  const scope = run.private ? "private" : "shared";
  return [
    `FUTEX_WAKE_OP with ${scope} keys on ${arch}, kernel ${kernel}`,
    encodingText(operation),
    [
      `word 1  ${placeText(run.first)}; to be woken there: ${run.wake}`,
      `word 2  ${placeText(run.second)}; to be woken there, if the comparison is true: ${run.wake2}`,
      ...(lost > 0 ? [`lost    ${lost} store-exclusives fail`] : []),
    ].join("\n"),
    stepsText(run),
    outcomeText(run),
    costText(run),
    findingsText(run.findings),
  ].join("\n\n");
}

const symbols: Readonly<Record<WakeOpName, string>> = {
  set: "=",
  add: "+=",
  or: "|=",
  andn: "&= ~",
  xor: "^=",
};

const relations: Readonly<Record<WakeOpComparison, string>> = {
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};

/** The bits as they stand in the word, and what they say. */
function encodingText(operation: SpelledWakeOp): string {
  const { encoded, shift, op, opName, cmp, cmpName, oparg, cmparg, operand } = operation;
  const table = renderTable(
    [
      { title: "bits 31", align: "right" },
      { title: "30-28", align: "right" },
      { title: "27-24", align: "right" },
      { title: "23-12", align: "right" },
      { title: "11-0", align: "right" },
      { title: "word" },
    ],
    [
      ["shift", "op", "cmp", "oparg", "cmparg", null],
      [Number(shift), op, cmp, field(oparg), field(cmparg), hex(encoded)],
      [shift ? "1 <<" : "", opName, cmpName, oparg, cmparg, "signed"],
    ],
  );
  return `${table}\n\n${operationText(opName, operand)}; ${comparisonText(cmpName, cmparg)}`;
}

const ARGUMENT_MASK = 0xfff;

function field(argument: number): string {
  return hex(argument & ARGUMENT_MASK);
}

function operationText(opName: WakeOpName | null, operand: number): string {
  if (opName === null) return "an operation that the kernel does not know";
  const isBits = opName !== "set" && opName !== "add";
  return `word 2 ${symbols[opName]} ${isBits ? hex(operand >>> 0) : operand}`;
}

function comparisonText(cmpName: WakeOpComparison | null, cmparg: number): string {
  return cmpName === null
    ? "a comparison that the kernel does not know"
    : `then wake there too if its old value ${relations[cmpName]} ${cmparg}`;
}

function placeText({ place, asleep }: WokenOnWord): string {
  const sleepers = asleep.length === 0 ? "nobody sleeps" : `asleep: ${asleep.join(", ")}`;
  return `${place} (${wordPlaces[place]}), ${sleepers}`;
}

function stepsText({ steps }: FutexWakeOpRun): string {
  return renderTable(
    [
      { title: "step", align: "right" },
      { title: "the kernel calls" },
      { title: "result", align: "right" },
    ],
    steps.map((step, index) => [index + 1, callText(step), errnoName(step.result)]),
  );
}

function callText({ call, word }: WakeOpStep): string {
  if (call === "wake") return `wake on word ${word}`;
  if (call === "get_futex_key") return `${call}(word ${word}, ${word === 1 ? "read" : "write"})`;
  return word === null ? call : `${call}(word ${word})`;
}

function outcomeText(run: FutexWakeOpRun): string {
  const { result, before, after, first, second, guardOpens, faults } = run;
  const changed = before === after ? "unchanged" : `was ${hexOrNone(before) ?? "not there"}`;
  return [
    `result  ${errnoName(result)}${result < 0 ? "" : " woken"}`,
    `word 2  ${after === null ? "no page there" : `${hex(after)}, ${changed}`}`,
    `woken   on word 1: ${first.woken.join(", ") || "nobody"}; on word 2: ${second.woken.join(", ") || "nobody"}`,
    `guard   opened ${guardOpens} times, ${faults} faults`,
  ].join("\n");
}

function costText({ cost }: FutexWakeOpRun): string {
  if (cost === null) return "cost: none is modelled of a call that failed, faulted or lost stores";
  const { instructions, modelledCycles } = cost;
  return [
    `cost: ${rounded(instructions) ?? "–"} instructions, ${rounded(modelledCycles) ?? "–"} cycles`,
    wrap(wakeOpPriceNote),
  ].join("\n");
}

export const wakeOpPriceNote =
  "Composed from the range checks of keys and operation, the guard, and the access priced as put_user: neither the atomic instructions nor the queues have a published figure.";
