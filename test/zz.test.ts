import { test } from "vitest";
import { compareSyncPtr } from "../src/scenarios/compareSyncPtr.ts";
test("x", async () => {
  const t = performance.now();
  const c = await compareSyncPtr({ abis: ["compat"] });
  console.log(performance.now() - t);
  for (const r of c.rows) console.log(r.arch, r.strategy, r.guardOpens, r.rangeChecks, "R", r.read.instructions, "W", r.write.instructions, r.instructions, r.modelledCycles, r.nsPerCall.toFixed(1), r.userShare.toFixed(2), r.outOfLineCalls, r.approximations.length);
});
