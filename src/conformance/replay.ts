/** Replaying trace lines of any origin and collecting one report. */

import { text as checkText, wholeNumber } from "../base/checks.ts";
import type { TracePlace } from "./base/caseRun.ts";
import { FutexReplayer } from "./futex/replayer.ts";
import { isFutexCase, parseFutexCase } from "./futex/trace.ts";
import { PcmReplayer } from "./pcm/replayer.ts";
import { parsePcmCase } from "./pcm/trace.ts";
import { PerfRegsReplayer } from "./perf/replayer.ts";
import { isPerfRegsCase, parsePerfRegsCase } from "./perf/trace.ts";
import { RemoteVmReplayer } from "./remote/replayer.ts";
import { isRemoteVmCase, parseRemoteVmCase } from "./remote/trace.ts";
import { lineField, ReplayTally, type Failure, type ReplayReport } from "./base/report.ts";
import { replayedSystems, type ReplayedSystems } from "./systems.ts";
import {
  isObject,
  parseJsonLine,
  TraceError,
  UnknownOperationError,
  type JsonObject,
} from "./base/trace.ts";
import { VirtioSndReplayer } from "./virtio/replayer.ts";
import { isVirtioSndCase, parseVirtioSndCase } from "./virtio/trace.ts";

/** The kind under which lines are counted that cannot be read far enough to tell. */
const unreadableKind = "(unreadable)";

/** A system that traces are of. */
interface TracedSystem {
  /** True for a line's object that is a case of this system, however broken. */
  readonly isCase: (line: JsonObject) => boolean;
  readonly replay: (line: JsonObject, place: TracePlace) => void;
}

function traced<Case>(
  isCase: TracedSystem["isCase"],
  parse: (line: JsonObject) => Case,
  replayer: { replay(parsed: Case, place: TracePlace): void },
): TracedSystem {
  return { isCase, replay: (line, place) => replayer.replay(parse(line), place) };
}

/** Replays golden traces line by line; a line's own content says which system it is of. */
export class Replayer {
  readonly #tally = new ReplayTally();
  readonly #systems: readonly TracedSystem[];

  /** @throws UsageError for a machine that lacks a method */
  constructor(systems: ReplayedSystems) {
    replayedSystems("systems", systems);
    const tally = this.#tally;
    this.#systems = [
      traced(isFutexCase, parseFutexCase, new FutexReplayer(systems.futex, tally)),
      traced(isRemoteVmCase, parseRemoteVmCase, new RemoteVmReplayer(systems.remoteVm, tally)),
      traced(isPerfRegsCase, parsePerfRegsCase, new PerfRegsReplayer(systems.perfRegs, tally)),
      traced(isVirtioSndCase, parseVirtioSndCase, new VirtioSndReplayer(systems.virtioSnd, tally)),
      traced(isObject, parsePcmCase, new PcmReplayer(systems.pcm, tally)),
    ];
  }

  /** Replays the case on one line; whatever is wrong with it is counted as a failed case. */
  replayLine(file: string, line: number, text: string): void {
    checkPlace(file, line);
    checkText("text", text);
    let json: JsonObject | null = null;
    try {
      json = parseJsonLine(text);
      this.#replayCase(json, { file, line });
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      this.#countMalformed(json, { ...malformed(error), file, line });
    }
  }

  #replayCase(json: JsonObject, place: TracePlace): void {
    this.#systems.find(({ isCase }) => isCase(json))!.replay(json, place);
  }

  /** Counts the rest of a file that cannot be read as one failed case. */
  countUnreadable(file: string, line: number, problem: string): void {
    checkPlace(file, line);
    checkText("problem", problem);
    this.#countMalformed(null, { ...malformed(new TraceError("", problem)), file, line });
  }

  report(): ReplayReport {
    return this.#tally.report();
  }

  #countMalformed(json: JsonObject | null, failure: Failure): void {
    const steps = Array.isArray(json?.["steps"]) ? json["steps"].length : 0;
    const id = stringKey(json, "id");
    this.#tally.countCase(stringKey(json, "kind") ?? unreadableKind, steps, { ...failure, id });
    if (failure.op !== null) this.#tally.countOperation(failure.op, "failed");
  }
}

function checkPlace(file: unknown, line: unknown): void {
  checkText("file", file);
  wholeNumber("line", line, 1, Number.MAX_SAFE_INTEGER);
}

function malformed(error: TraceError): Failure {
  const unknown = error instanceof UnknownOperationError ? error : null;
  return {
    file: "",
    line: 0,
    id: null,
    step: unknown?.step ?? null,
    op: unknown?.operation ?? null,
    field: unknown === null ? lineField : "op",
    expected: unknown === null ? "a trace case" : "a known operation",
    actual: error.message,
  };
}

function stringKey(json: JsonObject | null, key: string): string | null {
  if (!isObject(json)) return null;
  const value = json[key];
  return typeof value === "string" ? value : null;
}
