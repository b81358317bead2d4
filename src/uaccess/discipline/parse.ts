import { text as checkText } from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { unknownName } from "../../base/nearest.ts";
import { type Operation, PLAIN_OPS, type Program, resolveLabels } from "./program.ts";

/** What may follow each word of the text form, and the entry it makes. */
const ONE_NAME = {
  call: (callee: string): Operation => ({ op: "call", callee }),
  branch: (target: string): Operation => ({ op: "branch", target }),
  jump: (target: string): Operation => ({ op: "jump", target }),
};

const NAME = /^[A-Za-z_.$][\w.$]*$/;
const WORDS: readonly string[] = [...PLAIN_OPS, ...Object.keys(ONE_NAME), "name:"];

/**
 * Reads the text form of a program: one operation a line, `name:` for a label, `#` starts a comment.
 *
 * ```text
 *         branch fail_begin   # the range check said no: the guard was never opened
 *         open
 *         branch fault        # a store can fault
 *         close
 *         return
 * fault:
 *         close
 * fail_begin:
 *         return
 * ```
 * @returns entries that carry their line number (counted from 1), known to be a program that can be walked
 * @throws UsageError naming the line, what is wrong with it and what is valid
 */
export function parseProgram(text: string): Program {
  checkText("text", text);
  const program = text.split("\n").flatMap((source, index) => parseLine(source, index + 1));
  resolveLabels(program);
  return program;
}

function parseLine(source: string, line: number): Operation[] {
  const code = source.replace(/#.*/, "").trim();
  if (code === "") return [];
  if (code.endsWith(":")) return [{ op: "label", name: nameOf(code.slice(0, -1), line), line }];
  const [word = "", ...operands] = code.split(/\s+/);
  return [{ ...parseOperation(word, operands, line), line }];
}

function parseOperation(word: string, operands: readonly string[], line: number): Operation {
  const plain = PLAIN_OPS.find((op) => op === word);
  if (plain !== undefined) {
    requireOperands(word, operands, 0, line);
    return { op: plain };
  }
  if (!isOneName(word)) throw unknownName(`program line ${line}: operation`, word, WORDS);
  requireOperands(word, operands, 1, line);
  return ONE_NAME[word](nameOf(operands[0] ?? "", line));
}

function isOneName(word: string): word is keyof typeof ONE_NAME {
  return Object.hasOwn(ONE_NAME, word);
}

function requireOperands(
  word: string,
  operands: readonly string[],
  count: 0 | 1,
  line: number,
): void {
  if (operands.length === count) return;
  throw lineError(line, {
    problem: `has ${operands.length} names after "${word}"`,
    valid: count === 0 ? `"${word}" alone` : `"${word}" and one name`,
  });
}

function nameOf(text: string, line: number): string {
  if (NAME.test(text)) return text;
  throw lineError(line, {
    problem: `has the name "${text}"`,
    valid: "letters, digits and _ . $, not beginning with a digit",
  });
}

function lineError(line: number, misuse: { problem: string; valid: string }): UsageError {
  return new UsageError({ argument: `program line ${line}`, ...misuse });
}
