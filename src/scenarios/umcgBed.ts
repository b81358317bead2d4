import { join, type Address } from "../machine/address.ts";
import type { Machine } from "../machine/machine.ts";
import { runPrograms, type Operation, type Program } from "../machine/programs.ts";
import type { Task } from "../machine/task.ts";
import type { UmcgForm, UmcgHelperName } from "../systems/umcg/helpers.ts";
import { Umcg, type UmcgAnswer, type UmcgBits, type UmcgCompare } from "../systems/umcg/umcg.ts";

/** One word of a program's, what it lies on, and one compare-and-exchange of it. */

/** What stands in the way of the access, step by step. */
export const umcgStepTable = [
  { name: "present", meaning: "the page is there and may be written to" },
  { name: "differs", meaning: "it is, and the word is not what was expected" },
  { name: "absent", meaning: "it is mapped, and no page is there yet" },
  { name: "read-only", meaning: "it may only be read" },
  { name: "unmapped", meaning: "nothing is mapped" },
  { name: "misaligned", meaning: "the word lies on two pages that are there" },
  { name: "misaligned-absent", meaning: "it lies on two pages that are not there yet" },
  { name: "kernel", meaning: "the address is none of a program's" },
  { name: "dropped", meaning: "another CPU drops the page after every repair" },
  {
    name: "killed",
    meaning: "no page is there, another task holds the mmap lock, and a fatal signal comes",
  },
] as const;

export type UmcgStep = (typeof umcgStepTable)[number]["name"];

export const umcgStepNames: readonly UmcgStep[] = umcgStepTable.map(({ name }) => name);

const PAGE = 4096;
const WORDS = 0x1000_0000;
const EXPECTED = 0;
const REPLACEMENT = 7;
const OTHER = 3;
/** How often the other CPU drops the page: more rounds than any bounded form makes. */
const umcgDrops = 40;

/** Which call is made. */
export interface UmcgCase {
  readonly helper: UmcgHelperName;
  readonly form: UmcgForm;
  readonly bits: UmcgBits;
  readonly step: UmcgStep;
}

export interface UmcgBed {
  readonly machine: Machine;
  readonly task: Task;
  readonly umcg: Umcg;
  readonly at: Address;
  readonly compare: UmcgCompare;
  /** Makes the call. */
  readonly call: () => UmcgAnswer;
  /** The word as a debugger sees it; null where a page of it is absent. */
  readonly word: () => bigint | null;
}

/** @throws UsageError for 64 bits where there are none */
export function prepareUmcg(machine: Machine, { helper, form, bits, step }: UmcgCase): UmcgBed {
  const task = machine.createTask();
  const umcg = new Umcg(task, { helper });
  const at = addressOf(machine, step, bits / 8);
  prepareMemory(machine, task, step);
  const compare: UmcgCompare = { expected: EXPECTED, replacement: REPLACEMENT, form, bits };
  return {
    machine,
    task,
    umcg,
    at,
    compare,
    call: () => umcg.compareExchange(at, compare),
    word: () => wordOf(machine, task, BigInt(at), bits / 8),
  };
}

function addressOf(machine: Machine, step: UmcgStep, bytes: number): Address {
  if (step === "kernel") return 2n ** BigInt(8 * machine.wordBytes) - 0x1000n;
  if (step === "misaligned" || step === "misaligned-absent") return WORDS + PAGE - bytes / 2;
  return WORDS;
}

const absent: readonly UmcgStep[] = ["absent", "misaligned-absent", "dropped", "killed"];

function prepareMemory(machine: Machine, task: Task, step: UmcgStep): void {
  if (step === "unmapped" || step === "kernel") return;
  const here = !absent.includes(step);
  const words = task.map({ at: WORDS, length: 2 * PAGE, populate: here });
  if (here) for (const page of [WORDS, WORDS + PAGE]) task.touch(page, "write");
  if (step === "differs") words.write(0, Uint8Array.of(OTHER));
  if (step === "read-only") task.protect(WORDS, 2 * PAGE, "r");
  if (step !== "killed") return;
  machine.exports.holdMmapLock(1, task.handle, WRITER);
  task.kill();
}

/** holdMmapLock's kind. */
const WRITER = 2;

function wordOf(machine: Machine, task: Task, at: bigint, bytes: number): bigint | null {
  const linear = Array.from({ length: bytes }, (_, byte) => task.linearOf(at + BigInt(byte)));
  if (linear.includes(null)) return null;
  return linear.reduceRight<bigint>(
    (value, place) => (value << 8n) | BigInt(machine.bytes[place!]!),
    0n,
  );
}

/** What a call left behind. */
export interface UmcgLeft extends UmcgAnswer {
  /** The word afterwards; null where a page of it is absent. */
  readonly word: bigint | null;
}

/** Makes the call; in the step "dropped", against a CPU that drops the page whenever it is there. */
export function callUmcg(bed: UmcgBed, step: UmcgStep): UmcgLeft {
  const answer = step === "dropped" ? callAgainst(bed) : bed.call();
  return { ...answer, word: bed.word() };
}

function callAgainst({ machine, task, umcg, at, compare }: UmcgBed): UmcgAnswer {
  const other = machine.createTask({ cpu: 1, sharing: task });
  const programs = [
    { task, body: once(umcg.compareExchangeOperation(at, compare)) },
    { task: other, body: repeated(dropPage(machine, other)) },
  ];
  const choose = (runnable: readonly number[]): number =>
    runnable.includes(DROPPER) && (task.linearOf(at) !== null || runnable.length === 1)
      ? DROPPER
      : runnable[0]!;
  const [caller] = runPrograms(machine, programs, { choose });
  const { exports } = machine;
  return {
    result: caller!.results[0]!.result,
    old: join(exports.readValueLow(task.cpu), exports.readValueHigh(task.cpu)),
  };
}

/** The index of the program that drops the page. */
const DROPPER = 1;

function* once(operation: Operation): Program {
  yield operation;
}

function* repeated(operation: Operation): Program {
  for (let count = 0; count < umcgDrops; count++) yield operation;
}

function dropPage(machine: Machine, { cpu, handle }: Task): Operation {
  const advice = machine.constant("MADV_DONTNEED");
  const call = (): number =>
    machine.rawExports.adviseMemory(cpu, handle, WORDS, 0, PAGE, 0, advice);
  return { name: "madvise", call };
}
