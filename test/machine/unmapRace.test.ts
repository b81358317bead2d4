import { beforeAll, describe, expect, it } from "vitest";
import {
  Machine,
  runPrograms,
  syncPtrLayout,
  type AbiName,
  type Operation,
  type PcmStream,
  type Program,
  type Snapshot,
  type StrategyName,
  type Task,
} from "../../src/index.ts";
import { mutantCore } from "../support/mutant.ts";
import { preparedStream } from "../systems/pcm/playback.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "./pool.ts";

/**
 * One CPU is inside SYNC_PTR while another one, in the same address space, takes the page away. Every schedule of the
 * form "i steps of the call, j steps of the other, the call to its end, the other to its end" is run.
 */

const ARGUMENT = 0x10000000;
const PATTERN = 0xee;
const FIELDS = 9;
/** Report both values of the kernel's own: SYNC_PTR's flags APPL and AVAIL_MIN. */
const REPORT = 6;

type Backing = "anonymous" | "file";
type Taking = "munmap" | "mprotect";

interface Bed {
  readonly machine: Machine;
  readonly caller: Task;
  readonly other: Task;
  readonly stream: PcmStream;
  /** The page's bytes where they outlive the mapping. */
  readonly page: Uint8Array | undefined;
  /** Frames in use without the page. */
  readonly frames: number;
  readonly start: Snapshot;
  /** Bytes copied to user memory until then. */
  readonly bytesTo: number;
}

function prepare(machine: Machine, backing: Backing): Bed {
  const caller = machine.createTask({ cpu: 0 });
  const other = machine.createTask({ cpu: 1, sharing: caller });
  const stream = preparedStream(caller);
  const file = backing === "file" ? machine.createFile(PAGE) : undefined;
  const page = file?.page(0);
  const mapped = { at: ARGUMENT, length: PAGE, populate: true };
  const pages = caller.map(file ? { ...mapped, file, shared: true } : mapped);
  pages.unmap();
  const frames = machine.framesInUse;
  const again = caller.map(file ? { ...mapped, file, shared: true } : mapped);
  again.write(0, new Uint8Array(PAGE).fill(PATTERN));
  again.write(0, Uint8Array.of(REPORT, 0, 0, 0));
  const { bytesTo } = machine.counters();
  return { machine, caller, other, stream, page, frames, start: machine.snapshot(), bytesTo };
}

/** What one schedule came to. */
interface Outcome {
  readonly result: number;
  /** Fields of the nine that are in user memory, as a mask: bit 0 is the first one written. */
  readonly stored: string;
  readonly findings: readonly string[];
  readonly guard: number;
  readonly framesLeft: number;
  readonly taken: number;
}

function taking({ machine, other }: Bed, what: Taking): Operation {
  const exports = machine.rawExports;
  const { cpu, handle } = other;
  const readOnly = other.protectionBits("r");
  const calls = {
    munmap: () => exports.unmapMemory(cpu, handle, ARGUMENT, 0, PAGE, 0),
    mprotect: () => exports.protectMemory(cpu, handle, ARGUMENT, 0, PAGE, 0, readOnly),
  };
  return { name: what, call: calls[what] };
}

function* repeated(operation: Operation, times = 1): Program {
  for (let round = 0; round < times; round++) yield operation;
}

interface Kind {
  /** How often the call is made; default once. The first one finds an empty TLB. */
  readonly times?: number;
  readonly abi: AbiName;
  readonly strategy: StrategyName;
  readonly what: Taking;
}

interface Run {
  readonly outcome: Outcome;
  /** Steps that the call and the other took in the end. */
  readonly steps: readonly [number, number];
}

/** `before` steps of the call, `between` of the other, then each to its end; who cannot run lets the other one. */
function runSchedule(bed: Bed, kind: Kind, before: number, between: number): Run {
  const { machine, caller, other, stream } = bed;
  machine.restore(bed.start);
  const call = stream.syncPtrOperation({
    address: ARGUMENT,
    abi: kind.abi,
    strategy: kind.strategy,
  });
  const programs = [
    { task: caller, body: repeated(call, kind.times) },
    { task: other, body: repeated(taking(bed, kind.what)) },
  ];
  const steps: [number, number] = [0, 0];
  const since = machine.eventCount;
  const traces = runPrograms(machine, programs, {
    choose: (runnable) => {
      const wanted = steps[0] < before ? 0 : steps[1] < between ? 1 : 0;
      const chosen = runnable.includes(wanted) ? wanted : runnable[0]!;
      steps[chosen]! += 1;
      return chosen;
    },
  });
  const outcome: Outcome = {
    result: traces[0]!.results.at(-1)!.result,
    stored: bed.page ? storedIn(bed, kind.abi) : storesSince(bed, kind.abi, since),
    findings: kindsOf(machine),
    guard: machine.exports.guardDirections(caller.cpu),
    framesLeft: machine.framesInUse - bed.frames,
    taken: traces[1]!.results[0]!.result,
  };
  return { outcome, steps };
}

/** The nine fields as n (new) or o (old) in the page; a field that is half written is a torn one. */
function storedIn(bed: Bed, abi: AbiName): string {
  return syncPtrLayout(bed.machine, abi)
    .fields.map(({ offset, width }) => {
      const changed = bed.page!.subarray(offset, offset + width).filter((byte) => byte !== PATTERN);
      return changed.length === width ? "n" : changed.length === 0 ? "o" : "torn";
    })
    .join("");
}

/** The same for a page that is gone with its mapping: from what was recorded as stored and copied. */
function storesSince(bed: Bed, abi: AbiName, since: number): string {
  const events = bed.machine.events(since);
  const copied = bed.machine.counters().bytesTo - bed.bytesTo;
  if (copied > 0) return prefix(fieldsWithin(bed, abi, copied));
  const stores = new Set(
    events.filter(({ kind }) => kind === "store").map(({ address }) => address),
  );
  const { fields } = syncPtrLayout(bed.machine, abi);
  return fields.map(({ offset }) => (stores.has(BigInt(ARGUMENT + offset)) ? "n" : "o")).join("");
}

/** Fields in the first `copied` bytes that a call copies: the argument, or compat's status and then its control. */
function fieldsWithin(bed: Bed, abi: AbiName, copied: number): number {
  const { bytes, fields } = syncPtrLayout(bed.machine, abi);
  if (abi !== "compat") return copied === bytes ? FIELDS : 0;
  const status = fields.filter(({ field }) => !["appl_ptr", "avail_min"].includes(field));
  const statusBytes = status.at(-1)!.offset + status.at(-1)!.width - status[0]!.offset;
  return copied === statusBytes ? status.length : FIELDS;
}

/** All schedules up to the lengths that the two have when run alone, one after the other. */
function explore(bed: Bed, kind: Kind): { outcomes: Map<string, Outcome>; schedules: number } {
  const [calls] = runSchedule(bed, kind, Infinity, 0).steps;
  const [, takes] = runSchedule(bed, kind, 0, Infinity).steps;
  const outcomes = new Map<string, Outcome>();
  let schedules = 0;
  for (let before = 0; before <= calls; before++) {
    for (let between = 1; between <= takes; between++) {
      const { outcome } = runSchedule(bed, kind, before, between);
      outcomes.set(JSON.stringify(outcome), outcome);
      schedules++;
    }
  }
  return { outcomes, schedules };
}

/** n fields new, the rest old. */
function prefix(fields: number): string {
  return "n".repeat(fields) + "o".repeat(FIELDS - fields);
}

/** What a schedule may come to: prefixes of the given lengths, EFAULT but for all nine, and nothing else wrong. */
function expected(lengths: readonly number[], framesLeft: number): string[] {
  return lengths
    .map((fields): Outcome => ({
      result: fields === FIELDS ? 0 : -EFAULT,
      stored: prefix(fields),
      findings: [],
      guard: 0,
      framesLeft,
      taken: 0,
    }))
    .map((outcome) => JSON.stringify(outcome))
    .sort();
}

const every = [...Array(FIELDS + 1).keys()];
/** compat copies status and control apart, native64 the whole argument at once. */
const byCopies = { compat: [0, 7, FIELDS], native64: [0, FIELDS] } as const;

const kinds: readonly (Kind & { lengths: readonly number[]; schedules: number })[] = [
  { abi: "compat", strategy: "unsafe-block", what: "munmap", lengths: every, schedules: 30 },
  { abi: "compat", strategy: "per-field", what: "munmap", lengths: every, schedules: 30 },
  { abi: "compat", strategy: "copy", what: "munmap", lengths: byCopies.compat, schedules: 14 },
  { abi: "native64", strategy: "unsafe-block", what: "munmap", lengths: every, schedules: 30 },
  { abi: "native64", strategy: "copy", what: "munmap", lengths: byCopies.native64, schedules: 12 },
  { abi: "compat", strategy: "unsafe-block", what: "mprotect", lengths: every, schedules: 30 },
  { abi: "compat", strategy: "per-field", what: "mprotect", lengths: every, schedules: 30 },
];

describe("a page taken away during SYNC_PTR", () => {
  it.each(kinds)(
    "$abi $strategy, $what: each prefix of the fields, and no more",
    async ({ lengths, schedules, ...kind }) => {
      const bed = prepare(await machineOf({ build: "study", cpus: 2 }), "file");
      const explored = explore(bed, kind);
      const frames = kind.what === "munmap" ? 0 : bed.machine.framesInUse - bed.frames;
      expect([...explored.outcomes.keys()].sort()).toEqual(expected(lengths, frames));
      expect(explored.schedules).toBe(schedules);
    },
  );

  const anonymous = kinds.filter(({ what }) => what === "munmap");

  it.each(anonymous)(
    "$abi $strategy, a page that is freed: it is never touched again",
    async ({ lengths, schedules, ...kind }) => {
      const bed = prepare(await machineOf({ build: "study", cpus: 2 }), "anonymous");
      const explored = explore(bed, kind);
      expect([...explored.outcomes.keys()].sort()).toEqual(expected(lengths, 0));
      expect(explored.schedules).toBe(schedules);
    },
  );
});

describe("a CPU that answers an invalidation without forgetting its translations", () => {
  let broken: Machine;

  beforeAll(async () => {
    const wasm = await mutantCore("study", [
      {
        file: "mm/shootdown.ts",
        find: "  flushAll(cpu);\n  storeShared(requestOf(cpu), 0);",
        replace: "  storeShared(requestOf(cpu), 0);",
      },
    ]);
    broken = await Machine.create({ build: "study", cpus: 2, wasm });
  });

  it.each(["unsafe-block", "per-field", "copy"] as const)(
    "is found out: %s touches the freed page",
    (strategy) => {
      const bed = prepare(broken.reset(), "anonymous");
      const { outcomes } = explore(bed, { abi: "compat", strategy, what: "munmap", times: 2 });
      const findings = new Set([...outcomes.values()].flatMap((outcome) => outcome.findings));
      expect([...findings]).toEqual(["freed-frame-access"]);
    },
  );
});
