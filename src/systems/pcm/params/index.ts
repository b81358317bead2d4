/** PCM parameter negotiation: HW_REFINE and HW_PARAMS as pure functions over bytes. */

export { hwParams, type ChosenParams, type HwParamsResult } from "./choose.ts";
export { constraintsFor, type ConstraintsResult, type HwConstraints } from "./constraints.ts";
export { deviceProfiles, type PcmDeviceLimits } from "./devices.ts";
export { isLinear, physicalWidth, significantWidth } from "./formats.ts";
export { parseImage, slotOf, HwParams } from "./hwParamsImage.ts";
export * from "./layout.ts";
export { hwRefine, type HwRefineResult } from "./refine.ts";
export { openRequest, type FixedParams } from "./request.ts";
export { cableRules, type CableLimits, type Rule } from "./rules.ts";
