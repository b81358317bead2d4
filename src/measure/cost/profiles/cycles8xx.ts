/** Modelled cycles of PowerPC 8xx. */

import { threadReported } from "../figures/cycles.ts";
import type { CycleModel } from "../profile.ts";
import { derive, terms } from "../weights.ts";

const reported = terms("thread_reported_8xx", threadReported);
const time = reported("derived_time_ratio_before_after");
const instructions = reported("instruction_ratio_before_after");

/**
 * No cycles were published for 8xx. The thread's shares say that time fell by 6.27 where the instructions
 * fell by 6.15, so an instruction of either form, guard writes included, took the same time to within
 * 2 %: a cycle for each, the least a single-issue core can take.
 */
export const cyclesOf8xx: CycleModel = {
  kind: "perInstruction",
  factor: {
    value: Math.round(time.value / instructions.value),
    key: `round(${derive([time]).key} / ${derive([instructions]).key})`,
  },
  note:
    `one cycle an instruction, guard writes included: not measured, but on 8xx time fell by ` +
    `${time.value} where instructions fell by ${instructions.value}`,
};
