/** What a cost profile is: the prices of one architecture. */

import type { ArchName } from "../../machine/arch.ts";
import type { CopyCurve } from "./copyCurve.ts";
import type { CostEvent } from "./events.ts";
import type { Derived, Weight } from "./weights.ts";

/** How modelled cycles come about. */
export type CycleModel =
  /** From cycles measured on hardware: every event has its own price. */
  | {
      readonly kind: "measured";
      readonly weights: readonly CycleWeight[];
      readonly copyFromUser: CopyCurve;
      readonly copyToUser: CopyCurve;
      readonly note: string;
    }
  /** From the instruction count, where time was shown to follow it. */
  | { readonly kind: "perInstruction"; readonly factor: Derived; readonly note: string };

/** Cycles of one event. */
export interface CycleWeight {
  readonly event: CostEvent;
  readonly value: number;
  readonly key: string;
}

/** Cells of the published table where the composed figure is more than 10 % off, and the reason. */
export interface Difference {
  /** The way of moving the data, as a row or column of the printed tables names it. */
  readonly form: "perField" | "copy" | "block";
  readonly cells: readonly ("read" | "write" | "both" | "outOfLineCalls")[];
  readonly why: string;
}

/** The prices of one architecture. */
export interface CostProfile {
  readonly name: ArchName;
  /** Null where no instruction was counted. */
  readonly weights: readonly Weight[] | null;
  /** Calls that leave the function, for one event each; null where no instruction was counted. */
  readonly outOfLineCalls: Partial<Readonly<Record<CostEvent, number>>> | null;
  /** Compare pairs that one executed range check of a copy has (the "range checks" of the tables). */
  readonly checksPerCopyCheck: Derived;
  /** Instructions of the copy routine; null where none were published or copies are priced by weight. */
  readonly copyFromUser: CopyCurve | null;
  readonly copyToUser: CopyCurve | null;
  /** Null where no cycles and no way to them were published. */
  readonly cycles: CycleModel | null;
  readonly differences: readonly Difference[];
}
