import { beforeAll, describe, expect, test } from "vitest";
import { Machine } from "../../../src/index.ts";
import { mutantCore } from "../../support/mutant.ts";
import { Race, raceMachine } from "./race.ts";

describe("a mistake in a path is found by these schedules:", () => {
  const mutants = [
    {
      name: "no reference",
      mutations: [
        {
          file: "remote/resident.ts",
          find: "  takeReference(pteFrame(entry));\n  folioWalkEnd(cpu, mm);",
          replace: "  folioWalkEnd(cpu, mm);",
        },
        {
          file: "remote/resident.ts",
          find: "  dropReference(pfn);\n  tallyFast(cpu, va, length);",
          replace: "  tallyFast(cpu, va, length);",
        },
      ],
    },
    {
      name: "no second look under the lock",
      mutations: [
        {
          file: "mm/folioWalk.ts",
          find: "    const entry = walkTo(mm.root, va, walk);\n",
          replace: "    const entry = seen;\n",
        },
      ],
    },
  ] as const;

  describe.each(mutants)("$name", ({ mutations }) => {
    let broken: Machine;

    beforeAll(async () => {
      const wasm = await mutantCore("study", mutations);
      broken = await Machine.create({ ...raceMachine, wasm });
    });

    test.each(["fast-v1", "fast-v2"] as const)("%s reads a freed page", (path) => {
      const race = new Race(broken.reset());
      race.machine.remotePath = path;
      race.filled(0, 1);
      const start = race.machine.snapshot();
      const seen = new Set<string>();
      for (let before = 0; before < 12; before++) {
        seen.add(
          race.schedule(start, race.read(8, 16), [race.dropping(0)], before, Infinity).outcome,
        );
      }
      expect(seen).toContain("16: freed");
    });
  });
});
