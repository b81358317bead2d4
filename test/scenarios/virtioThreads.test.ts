import { describe, expect, test } from "vitest";
import {
  runVirtioThreads,
  virtioThreadsDefaults,
  virtioThreadsDeviceNames,
  virtioThreadsRange,
  virtioThreadsRing,
  virtioThreadsSignalNames,
  type VirtioThreadsOptions,
  type VirtioThreadsRun,
} from "../../src/scenarios/virtioThreads.ts";
import type { Machine } from "../../src/index.ts";
import type { CpuThreads } from "../../src/threads/cpuThreads.ts";
import { startThreads } from "../support/cpuThreads.ts";

/**
 * Program, driver and device on real threads: which periods were heard, of those that were written. A mistake of the
 * driver is met by chance: a polling device hears of an index that moves before its entry in most runs. What is found for
 * certain stands in test/systems/virtio: the order of all stores in order.test.ts, the locks in threads.test.ts.
 */

const COUNT = 10_000;
const { periods: RING, periodSize: PERIOD } = virtioThreadsRing;

function runOf(options: Partial<VirtioThreadsOptions>): Promise<VirtioThreadsRun> {
  return runVirtioThreads({
    ...virtioThreadsDefaults,
    kernel: "6.12",
    count: COUNT,
    start: startThreads,
    ...options,
  });
}

const faultless = { stopped: null, wrong: 0, torn: 0, unheard: 0, firstWrong: [], findings: [] };

describe.each(["ack", "corrected"] as const)("%s", (design) => {
  test.each(virtioThreadsSignalNames)("all as fast as they can, signals %s", async (signals) => {
    const run = await runOf({ design, signals });
    expect(run).toMatchObject({ ...faultless, played: COUNT });
  });

  test("writes that are no periods, and a device that reads late", async () => {
    const write = PERIOD / 4 + 1;
    const run = await runOf({ design, write, device: "lazy" });
    expect(run).toMatchObject({ ...faultless, played: COUNT, write });
  });

  test("step by step", async () => {
    const run = await runOf({ design, pace: "steps", count: 500 });
    expect(run).toMatchObject({ ...faultless, played: 500 });
  });
});

describe("however much is written at once", () => {
  test.each([1, 2, RING])("%i periods are all played", async (count) => {
    const run = await runOf({ count });
    expect(run).toMatchObject({ ...faultless, played: count });
  });

  test.each([PERIOD / 2 - 13, 2 * PERIOD + 1, RING * PERIOD - 1])(
    "step by step, writes of %i frames that wait for room",
    async (write) => {
      const run = await runOf({ write, pace: "steps", count: 20 });
      expect(run).toMatchObject({ ...faultless, played: 20, write });
    },
  );

  test("a device that is never further than the program, and writes that wait for room", async () => {
    const write = RING * PERIOD - 1;
    const run = await runOf({ design: "mmap", device: "lazy", write, count: 20 });
    expect(run).toMatchObject({ ...faultless, played: 20 });
  });
});

test("step by step, a device that polls stands still too", async () => {
  const run = await runOf({ pace: "steps", signals: "polling", count: 20 });
  expect(run).toMatchObject({ ...faultless, played: 20 });
});

test("the machine has room for what was heard of the most periods", async () => {
  const most = virtioThreadsRange.most;
  const notStarted = new Error("has room");
  const start = async (machine: Machine): Promise<CpuThreads> => {
    expect(machine.exports.virtioAllocate(4 * most)).not.toBe(0);
    return Promise.reject(notStarted);
  };
  await expect(runOf({ count: most, start })).rejects.toBe(notStarted);
});

describe("mmap", () => {
  test("step by step, a device that reads at once hears each period a whole ring late", async () => {
    const run = await runOf({ design: "mmap", pace: "steps" });
    expect(run).toMatchObject({ stopped: null, played: COUNT, torn: 0, findings: [] });
    expect(run).toMatchObject({ wrong: COUNT - RING, unheard: RING });
    expect(run.firstWrong.map(({ turn, heard }) => turn - (heard as number))).toEqual(
      run.firstWrong.map(() => RING),
    );
  });

  test("step by step, one that reads late hears all of them", async () => {
    const run = await runOf({ design: "mmap", pace: "steps", device: "lazy", count: 500 });
    expect(run).toMatchObject({ ...faultless, played: 500 });
  });

  test.each(virtioThreadsDeviceNames)(
    "as fast as they can, device %s: a wrong period is an old one of its place, or parts of two",
    async (device) => {
      const run = await runOf({ design: "mmap", device, count: 2000 });
      expect(run).toMatchObject({ stopped: null, played: 2000 });
      for (const { turn, heard } of run.firstWrong) {
        if (heard !== "torn") expect(heard).toBe(turn - RING);
      }
    },
  );
});
