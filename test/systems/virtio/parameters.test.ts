import { expect, test } from "vitest";
import type { VirtioSndParameters } from "../../../src/systems/virtio/description.ts";
import { VirtioSnd } from "../../../src/systems/virtio/virtioSnd.ts";
import { machineOf } from "../../machine/pool.ts";

/** Which parameters the driver of a sound device takes (recorded: test/golden/own). */
const streams = [
  { nid: 0, features: 0, formats: 16n, rates: 2n, direction: 0, channels: [1, 2] as const },
];

async function isBound(parameters: Partial<VirtioSndParameters>): Promise<boolean> {
  const machine = await machineOf({ kernel: "6.1", memory: "4M" });
  return VirtioSnd.plug(machine, { streams }, { parameters }).isBound;
}

test("the longest period is half the buffer, however many periods there must be", async () => {
  expect(await isBound({ periodsMin: 4 })).toBe(true);
  expect(await isBound({ periodsMin: 4, periodMax: 81 })).toBe(false);
});
