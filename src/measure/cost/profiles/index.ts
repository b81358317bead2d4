/** The cost profiles by name. */

import { costProfileNames, type CostProfile, type CostProfileName } from "../profile.ts";
import { arm64Pan, arm64Ttbr0 } from "./arm64.ts";
import { none } from "./none.ts";
import { powerpc8xx, powerpcBook3s32, powerpcBook3s64 } from "./powerpc.ts";
import { riscv64, riscv64BlockGuard } from "./riscv.ts";
import { x86 } from "./x86.ts";

/** All profiles, in the order of `costProfileNames`. */
export const costProfiles: Readonly<Record<CostProfileName, CostProfile>> = {
  "x86-64": x86,
  "powerpc-8xx": powerpc8xx,
  "powerpc-book3s32": powerpcBook3s32,
  "powerpc-book3s64": powerpcBook3s64,
  "arm64-pan": arm64Pan,
  "arm64-ttbr0": arm64Ttbr0,
  riscv64,
  "riscv64-block-guard": riscv64BlockGuard,
  none,
};

/**
 * The profile of that name.
 * @throws RangeError naming the valid names
 */
export function costProfile(name: string): CostProfile {
  const found = costProfileNames.find((known) => known === name);
  if (found === undefined) {
    throw new RangeError(`no cost profile "${name}"; valid: ${costProfileNames.join(", ")}`);
  }
  return costProfiles[found];
}
