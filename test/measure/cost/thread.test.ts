import { describe, expect, it } from "vitest";
import {
  composeCall,
  costProfiles,
  ioctlShares,
  restAssumption,
  threadFigures,
  type AccessInstructions,
} from "../../../src/measure/cost/index.ts";
import { forms, syncPtrEvents, type Form } from "./forms.ts";

const profile = costProfiles["powerpc-8xx"];

function access(form: Form): AccessInstructions {
  const { read, write } = composeCall(profile, syncPtrEvents(profile.name, form));
  return { read: read.instructions!, write: write.instructions! };
}

const readSides = { perField: access("perField").read, block: access("block").read };

describe("8xx shares beside the thread's", () => {
  it("the model's write sides are the thread's instructions", () => {
    expect(access("perField").write).toBe(threadFigures.writeInstructions.perField);
    expect(access("block").write).toBe(threadFigures.writeInstructions.block);
  });

  it.each(["perField", "block"] as const)(
    "the form that fixes the rest gets its own share: %s",
    (form) => {
      const shares = ioctlShares(access(form), readSides)[form];
      expect(shares.writePercent).toBeCloseTo(threadFigures.writeSharePercent[form]);
      expect(shares.samplesPercent).toBeCloseTo(threadFigures.samplesPercent[form]);
    },
  );

  it("the thread's figures lie between the two assumptions", () => {
    for (const form of forms) {
      const shares = ioctlShares(access(form), readSides);
      const samples = [shares.block.samplesPercent, shares.perField.samplesPercent];
      expect(Math.min(...samples) - 1e-9).toBeLessThanOrEqual(threadFigures.samplesPercent[form]);
      expect(Math.max(...samples) + 1e-9).toBeGreaterThanOrEqual(
        threadFigures.samplesPercent[form],
      );
    }
  });

  it("the order of the forms is the thread's: copies worst, block best", () => {
    const percent = forms.map(
      (form) => ioctlShares(access(form), readSides).perField.samplesPercent,
    );
    expect(percent[1]!).toBeGreaterThan(percent[0]!);
    expect(percent[0]!).toBeGreaterThan(percent[2]!);
  });

  it("the copying form's parts add up to its share", () => {
    const parts = Object.values(threadFigures.copySamplesPercent);
    const sum = parts.reduce((total, part) => total + part, 0);
    expect(sum).toBeCloseTo(threadFigures.samplesPercent.copy, 5);
  });

  it("the assumption names the numbers it rests on", () => {
    expect(restAssumption).toContain("80 instructions that are 36 %");
    expect(restAssumption).toContain("13 that are 15 %");
    expect(restAssumption).toContain("142");
  });
});
