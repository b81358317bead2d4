import { composeCall, costProfile } from "../measure/cost/index.ts";
import { tallyCall } from "../measure/tally.ts";
import { callUmcg, type UmcgBed, type UmcgLeft, type UmcgStep } from "./umcgBed.ts";

/** What a call answered and left, and what it took. */
export interface UmcgFigures extends UmcgLeft {
  readonly guardOpens: number;
  readonly guardCloses: number;
  readonly rangeChecks: number;
  /** How often the access was tried, with or without a fault that it ended in. */
  readonly accesses: number;
  /** Page faults taken. */
  readonly faults: number;
  /** Instructions by published figures, the atomic itself counted as one store; null: after a fault, or none published. */
  readonly instructions: number | null;
  readonly modelledCycles: number | null;
}

/** Makes the call of a bed on the study build, and counts on the caller's CPU. */
export function measuredCall(bed: UmcgBed, step: UmcgStep): UmcgFigures {
  const { machine, task } = bed;
  const before = machine.counters(task.cpu);
  const since = machine.eventCount;
  const left = callUmcg(bed, step);
  const after = machine.counters(task.cpu);
  const fixups = after.fixups - before.fixups;
  const faults = after.faults - before.faults;
  return {
    ...left,
    guardOpens: after.guardOpensWrite - before.guardOpensWrite,
    guardCloses: after.guardClosesWrite - before.guardClosesWrite,
    rangeChecks: after.rangeChecksWrite - before.rangeChecksWrite,
    accesses: after.userStores - before.userStores + fixups,
    faults,
    ...(fixups + faults === 0
      ? costSince(bed, since)
      : { instructions: null, modelledCycles: null }),
  };
}

function costSince(
  { machine }: UmcgBed,
  since: number,
): Pick<UmcgFigures, "instructions" | "modelledCycles"> {
  const taskBits = machine.wordBytes === 8 ? 64 : 32;
  const counted = tallyCall(machine, machine.events(since), taskBits);
  const { instructions, modelledCycles } = composeCall(costProfile(machine.arch), counted).both;
  return { instructions, modelledCycles };
}
