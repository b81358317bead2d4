import type {
  Approximation,
  CallCost,
  CallEvents,
  SideCost,
  SideEvents,
} from "../measure/cost/index.ts";

/** The figures of a call that comparisons show: counted, and composed from what was counted. */

/** One side of a call: from the entry to the last value read, or from the first byte written. */
export interface SideFigures {
  readonly guardOpens: number;
  readonly guardCloses: number;
  readonly rangeChecks: number;
  readonly userLoads: number;
  readonly userStores: number;
  readonly outOfLineCalls: number | null;
  readonly instructions: number | null;
  readonly modelledCycles: number | null;
}

/** Both sides, and what they add up to. */
export interface CallFigures extends SideFigures {
  readonly read: SideFigures;
  readonly write: SideFigures;
  /** Copies whose cost was interpolated because their length or alignment was not measured. */
  readonly approximations: readonly Approximation[];
}

export function callFigures(counted: CallEvents, { read, write, both }: CallCost): CallFigures {
  const readSide = sideFigures(counted.read, read);
  const writeSide = sideFigures(counted.write, write);
  return {
    guardOpens: readSide.guardOpens + writeSide.guardOpens,
    guardCloses: readSide.guardCloses + writeSide.guardCloses,
    rangeChecks: readSide.rangeChecks + writeSide.rangeChecks,
    userLoads: readSide.userLoads + writeSide.userLoads,
    userStores: readSide.userStores + writeSide.userStores,
    outOfLineCalls: both.outOfLineCalls,
    instructions: both.instructions,
    modelledCycles: both.modelledCycles,
    read: readSide,
    write: writeSide,
    approximations: both.approximations,
  };
}

function sideFigures(events: SideEvents, cost: SideCost): SideFigures {
  return {
    guardOpens: events.accessOpens + events.blockOpens + events.copyOpens,
    guardCloses: events.accessCloses + events.blockCloses + events.copyCloses,
    rangeChecks: cost.rangeChecks,
    userLoads: events.gets + events.blockLoads,
    userStores: events.puts + events.blockStores,
    outOfLineCalls: cost.outOfLineCalls,
    instructions: cost.instructions,
    modelledCycles: cost.modelledCycles,
  };
}
