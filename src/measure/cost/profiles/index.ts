/** The cost profiles by name. */

import { oneOf } from "../../../base/nearest.ts";
import { archNames, type ArchName } from "../../../machine/arch.ts";
import type { CostProfile } from "../profile.ts";
import { arm64Pan, arm64Ttbr0 } from "./arm64.ts";
import { none } from "./none.ts";
import { powerpc8xx, powerpcBook3s32, powerpcBook3s64 } from "./powerpc.ts";
import { riscv64, riscv64BlockGuard } from "./riscv.ts";
import { x86 } from "./x86.ts";

/** One profile for each architecture. */
export const costProfiles: Readonly<Record<ArchName, CostProfile>> = {
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
 * The profile of that architecture.
 * @throws UsageError naming the nearest and the valid names
 */
export function costProfile(arch: ArchName): CostProfile {
  return costProfiles[oneOf("arch", arch, archNames)];
}
