import { describe, expect, it } from "vitest";
import {
  archNames,
  compareSyncPtr,
  comparedStrategies,
  type ArchName,
  type CompareRow,
} from "../../src/index.ts";
import { composeCall, costProfile } from "../../src/measure/cost/index.ts";
import { modelledCost } from "../../src/scenarios/compareSyncPtr.ts";
import { prepareSyncPtr } from "../../src/scenarios/syncPtr.ts";
import { machineOf } from "../machine/pool.ts";
import { forms, syncPtrEvents } from "./cost/forms.ts";
import { published } from "./cost/published.ts";

/** The counts that the study build really makes, against the same call counted by hand and against the published table. */

const cells = archNames.flatMap((arch) =>
  forms.map((form, index) => ({ arch, form, index, strategy: comparedStrategies[index]! })),
);

async function counted(
  arch: ArchName,
  strategy: (typeof comparedStrategies)[number],
): Promise<ReturnType<typeof modelledCost>> {
  const machine = await machineOf({ build: "study", arch });
  return modelledCost(prepareSyncPtr(machine, "compat"), "compat", strategy);
}

describe("the core's events of one SYNC_PTR, compat layout", () => {
  it.each(cells)(
    "$arch $form: are those counted by hand, and cost the same",
    async ({ arch, form, strategy }) => {
      const byHand = syncPtrEvents(arch, form);
      const { counted: byCore, call } = await counted(arch, strategy);
      expect(byCore).toEqual(byHand);
      expect(call).toEqual(composeCall(costProfile(arch), byHand));
    },
  );

  it("8xx write side: 80 / 131 / 13 instructions", async () => {
    const write: (number | null)[] = [];
    for (const strategy of comparedStrategies) {
      write.push((await counted("powerpc-8xx", strategy)).call.write.instructions);
    }
    expect(write).toEqual([80, 131, 13]);
  });

  const known = Object.entries(published).flatMap(([name, row]) =>
    forms.map((form, index) => ({
      arch: name as ArchName,
      form,
      index,
      row,
      strategy: comparedStrategies[index]!,
    })),
  );

  it.each(known)(
    "$arch $form: within a tenth of what was published, or explained",
    async ({ arch, form, index, row, strategy }) => {
      const { call } = await counted(arch, strategy);
      const explained = costProfile(arch)
        .differences.filter((difference) => difference.form === form)
        .flatMap((difference) => difference.cells);
      for (const side of ["read", "write"] as const) {
        const wanted = row[side][index]!;
        const found = call[side].instructions;
        if (wanted === null || found === null) expect(found, `${side} has no figure`).toBe(wanted);
        else if (!explained.includes(side)) {
          expect(Math.abs(found - wanted) / wanted, side).toBeLessThanOrEqual(0.1);
        }
      }
      expect(call.both.guardToggles).toBe(row.toggles[index]);
      expect(call.both.rangeChecks).toBe(row.rangeChecks[index]);
    },
  );
});

describe("compareSyncPtr", () => {
  it("has a row for each strategy of each ABI that the architecture has, both sides apart and added up", async () => {
    const { rows, kernel } = await compareSyncPtr({
      archs: ["x86-64", "powerpc-book3s64", "none"],
      abis: ["compat", "x32"],
    });
    expect(kernel).toBe("7.1");
    expect(rows.map(({ arch, abi, strategy }) => `${arch} ${abi} ${strategy}`)).toEqual([
      ...["compat", "x32"].flatMap((abi) =>
        comparedStrategies.map((strategy) => `x86-64 ${abi} ${strategy}`),
      ),
      ...["powerpc-book3s64", "none"].flatMap((arch) =>
        comparedStrategies.map((strategy) => `${arch} compat ${strategy}`),
      ),
    ]);
    const added = ["guardOpens", "guardCloses", "rangeChecks", "userLoads", "userStores"] as const;
    for (const row of rows) {
      for (const key of added) {
        expect(row[key], `${row.arch} ${row.strategy} ${key}`).toBe(row.read[key] + row.write[key]);
      }
      if (row.read.instructions !== null && row.write.instructions !== null) {
        expect(row.instructions).toBe(row.read.instructions + row.write.instructions);
      }
      expect(row.userShare).toBeGreaterThan(0);
      expect(row.userShare).toBeLessThanOrEqual(1);
    }
  });

  it("says null where there is no figure: book3s/64's copies, and everything without a guard", async () => {
    const { rows } = await compareSyncPtr({ archs: ["powerpc-book3s64", "none"] });
    const instructions = (arch: ArchName): (number | null)[] =>
      rows.filter((row) => row.arch === arch).map((row) => row.instructions);
    const [perField, copy, block] = instructions("powerpc-book3s64");
    expect([typeof perField, copy, typeof block]).toEqual(["number", null, "number"]);
    expect(instructions("none")).toEqual([null, null, null]);
    expect(rows.map((row: CompareRow) => row.guardOpens)).toEqual([12, 4, 2, 0, 0, 0]);
  });
});
