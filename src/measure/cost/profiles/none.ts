/** No guard: no kernel with this profile was counted, so nothing has a price. */

import type { CostProfile } from "../profile.ts";

/** A machine without a guard. */
export const none: CostProfile = {
  name: "none",
  weights: null,
  outOfLineCalls: null,
  checksPerCopyCheck: { value: 1, key: "one compare pair a check" },
  copyFromUser: null,
  copyToUser: null,
  cycles: null,
  differences: [],
};
