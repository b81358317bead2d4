/** The composed cost model: what the events of one call cost on each architecture. */

export {
  composeCall,
  composeSide,
  type Approximation,
  type CallCost,
  type SideCost,
} from "./compose.ts";
export {
  anyTaskBits,
  sideCounters,
  sideEvents,
  type CallEvents,
  type CopyEvent,
  type SideCounter,
  type SideEvents,
  type TaskBits,
} from "./events.ts";
export { figureSources } from "./figures/sources.ts";
export { type CostProfile, type Difference } from "./profile.ts";
export { costProfile, costProfiles } from "./profiles/index.ts";
export { ioctlShares, restAssumption, threadFigures, type AccessInstructions } from "./thread.ts";
export { components, type Component, type Weight } from "./weights.ts";
