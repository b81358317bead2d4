import type { MachineEvent } from "../machine/events.ts";
import type { Machine } from "../machine/machine.ts";
import { composeCall, costProfile } from "../measure/cost/index.ts";
import { tallyCall } from "../measure/tally.ts";
import { callFigures, type CallFigures } from "./callFigures.ts";

/** The figures of a call out of what the study build recorded in it. */
export function figuresOfEvents(machine: Machine, events: readonly MachineEvent[]): CallFigures {
  const bits = machine.wordBytes === 8 ? 64 : 32;
  const counted = tallyCall(machine, events, bits);
  return callFigures(counted, composeCall(costProfile(machine.arch), counted));
}
