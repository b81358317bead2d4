import { describe, expect, it } from "vitest";
import { Machine, type BuildName, type MachineOptions } from "../../src/index.ts";
import type { EmulationOptions } from "../../src/conformance/systems.ts";
import { REMOTE_RAM, remoteCases, remoteKinds, remoteLines, replayRemote } from "./goldenRemote.ts";

/** What was recorded of remote memory access on a real kernel, replayed on every build. */

const STEPS = 10_850;

async function expectAllToPass(build: BuildName, emulation: EmulationOptions = {}): Promise<void> {
  const options: MachineOptions = { build, memory: REMOTE_RAM, kernel: "6.18" };
  const machine = await Machine.create(options);
  const { failures, kinds, steps } = replayRemote(
    machine,
    remoteKinds.flatMap(remoteLines),
    emulation,
  );
  expect(failures).toEqual([]);
  expect(
    Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
  ).toEqual(remoteCases);
  expect(steps).toBe(STEPS);
}

describe("all recordings of remote memory access", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])("on the %s build", (build) =>
    expectAllToPass(build),
  );

  it.each(["fast-v2", "fast-v3-sketch"] as const)("by the path %s", (remotePath) =>
    expectAllToPass("release", { remotePath }),
  );

  it.each([0, 1, 7])("on the study build, really switching at every yield point: %i", (every) =>
    expectAllToPass("study", { switchEvery: every }),
  );
});
