import type { ConstantName } from "../../core/exports.ts";
import { cableRules, type CableLimits, type PcmDeviceLimits, type Rule } from "./params/index.ts";

/**
 * The loopback driver's rules for one end of a cable. What the cable is bound to stands in the core's record of the
 * device (assembly/pcm/loopback.ts), which `deviceWord` reads.
 */
export function cableRulesOf(
  limits: PcmDeviceLimits,
  deviceWord: (field: ConstantName) => number,
): readonly Rule[] {
  return cableRules(() => {
    const rate = deviceWord("DEVICE_CABLE_RATE");
    if (rate === 0) return limits;
    const channels = deviceWord("DEVICE_CABLE_CHANNELS");
    const bound: CableLimits = {
      formats: 1n << BigInt(deviceWord("DEVICE_CABLE_FORMAT")),
      rateMin: rate,
      rateMax: rate,
      channelsMin: channels,
      channelsMax: channels,
    };
    return bound;
  });
}
