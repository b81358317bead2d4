/** Answers in the words of the recordings. */

import { errnoNameOf } from "../../base/errno.ts";
import { encodeHex } from "../base/bytes.ts";
import { crc32 } from "../base/content.ts";
import type { Answer } from "./machine.ts";
import type { AnswerField, RemoteVmStep } from "./steps.ts";
import { wordOf, type Word } from "../base/trace.ts";

/** Bytes of received data that are stated as they are, at either end. */
const STATED_BYTES = 16;

/** A result's fields, by their recorded names. */
export type StatedAnswer = ReadonlyMap<"ret" | "errno" | AnswerField, string>;

/** What a recording of this answer would say. */
export function stateAnswer(answer: Answer): StatedAnswer {
  const stated = new Map<"ret" | "errno" | AnswerField, string>();
  const failed = answer.result < 0 || answer.signal !== undefined;
  stated.set("ret", failed ? "-1" : String(answer.result));
  stated.set("errno", failed ? (answer.signal ?? errnoNameOf(-answer.result)) : "");
  const add = (field: AnswerField, value: number | bigint | string | undefined): void => {
    if (value !== undefined) stated.set(field, String(value));
  };
  add("at", answer.failedAt);
  if (answer.received !== undefined) stateReceived(answer.received, add);
  add("spill", answer.spilled);
  add("val_read", answer.word);
  add("pos", answer.position);
  add("left", answer.left);
  add("size_after", answer.sizeAfter);
  if (answer.nameAfter !== undefined) add("name_after", encodeHex(answer.nameAfter));
  return stated;
}

function stateReceived(
  bytes: Uint8Array,
  add: (field: AnswerField, value: number | string) => void,
): void {
  add("n", bytes.length);
  if (bytes.length === 0) return;
  add("crc", crc32(bytes));
  add("head", encodeHex(bytes.subarray(0, STATED_BYTES)));
  if (bytes.length > STATED_BYTES) add("tail", encodeHex(bytes.subarray(-STATED_BYTES)));
}

/** What a step has recorded in a field; null where it has nothing. Numbers come in two forms that mean the same. */
export function recordedField(
  step: RemoteVmStep,
  field: AnswerField | "ret" | "errno",
): string | null {
  const value = step[field];
  if (value === undefined) return null;
  return numberFields.has(field) ? wordOf(value as Word).toString() : String(value);
}

const numberFields: ReadonlySet<string> = new Set([
  "n",
  "spill",
  "val_read",
  "pos",
  "left",
  "size_after",
] satisfies AnswerField[]);
