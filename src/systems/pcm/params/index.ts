/** PCM parameter negotiation: HW_REFINE and HW_PARAMS as pure functions over bytes. */

export { hwParams, type ChosenParams } from "./choose.ts";
export { constraintsFor, type DriverConstraints, type HwConstraints } from "./constraints.ts";
export { deviceLimits, deviceProfiles, type PcmDeviceLimits } from "./devices.ts";
export { driverConstraints, pcmConstraints, type PcmConstraint } from "./driverConstraints.ts";
export { isLinear, physicalWidth, significantWidth } from "./formats.ts";
export { parseImage, slotOf } from "./hwParamsImage.ts";
export * from "./layout.ts";
export { hwRefine } from "./refine.ts";
export {
  hwAnswer,
  hwRequest,
  type IntervalChoice,
  type IntervalName,
  type MaskChoice,
  type MaskName,
  type PcmHwAnswer,
  type PcmHwRequest,
  type PcmInterval,
} from "./request.ts";
export { cableRules, type CableLimits, type Rule } from "./rules.ts";
