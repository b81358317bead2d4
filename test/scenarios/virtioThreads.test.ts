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
import { errnos } from "../../src/base/errno.ts";
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

const faultless = {
  stopped: null,
  wrong: 0,
  torn: 0,
  dropped: 0,
  unheard: 0,
  firstWrong: [],
  firstUnheard: [],
  behind: 0,
  findings: [],
};

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
    expect(run).toMatchObject({ stopped: null, played: COUNT, torn: 0, behind: 0, findings: [] });
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
      expect(run).toMatchObject({ stopped: null, played: 2000, behind: 0 });
      for (const { turn, heard } of run.firstWrong) {
        if (heard !== "torn") expect(heard).toBe(turn - RING);
      }
    },
  );
});

describe("capture", () => {
  const captured = (options: Partial<VirtioThreadsOptions>): Promise<VirtioThreadsRun> =>
    runOf({ direction: "capture", count: 300, ...options });

  describe.each(["mmap", "ack"] as const)("%s gives a period back before it is read", (design) => {
    test("step by step, a device that fills at once: each one read is that of a ring later", async () => {
      const run = await captured({ design, pace: "steps" });
      expect(run).toMatchObject({ stopped: null, played: 300, wrong: 300, torn: 0, findings: [] });
      expect(run).toMatchObject({ unheard: RING, firstUnheard: [1, 2, 3] });
      expect(run.firstWrong[0]).toEqual({ turn: 1, due: 1, heard: 1 + RING });
    });

    test("as fast as they can: a wrong one is of a ring later, or parts of two", async () => {
      const run = await captured({ design, count: 2000 });
      expect(run).toMatchObject({ stopped: null, played: 2000, findings: [] });
      for (const { due, heard } of run.firstWrong) {
        if (heard !== "torn") expect(heard).toBe(due + RING);
      }
    });

    test.each(["free", "steps"] as const)(
      "unread by one that fills late, pace %s",
      async (pace) => {
        const run = await captured({ design, device: "lazy", write: PERIOD / 2 - 13, pace });
        expect(run).toMatchObject({ ...faultless, played: 300 });
      },
    );
  });

  test.each(virtioThreadsSignalNames)("corrected: all are read, signals %s", async (signals) => {
    const run = await captured({ design: "corrected", signals, count: 2000 });
    expect(run).toMatchObject({ ...faultless, played: 2000 });
  });

  test.each(["copy", "corrected"] as const)("%s, step by step", async (design) => {
    const run = await captured({ design, pace: "steps" });
    expect(run).toMatchObject({ ...faultless, played: 300 });
  });

  test("copy, reads of a quarter: each exposes a message, until none is left", async () => {
    const run = await captured({ design: "copy", write: PERIOD / 4, pace: "steps" });
    expect(run).toMatchObject({ stopped: -errnos.EFAULT, findings: [] });
  });

  test.each([1, RING * PERIOD])("reads of %i frames", async (write) => {
    const run = await captured({ design: "corrected", write, count: 7 });
    expect(run).toMatchObject({ ...faultless, played: 7 });
  });
});

describe("xruns that the device reports", () => {
  const xruns = [1, 5, 6, 20];
  /** Every one drops the ring that was written, or the period that was not read yet. */
  const lost = { playback: RING - 1, capture: 1 };

  describe.each(["playback", "capture"] as const)("%s", (direction) => {
    test.each(["mmap", "corrected"] as const)(
      "%s, step by step: the program meets each, begins again, and misses what was under way alone",
      async (design) => {
        const count = 30;
        const options = { design, direction, device: "lazy", pace: "steps", count, xruns } as const;
        const dropped = xruns.length * lost[direction];
        const run = await runOf(options);
        expect(run).toMatchObject({ ...faultless, dropped, played: count - dropped });
        expect(run).toMatchObject({ reported: xruns.length, met: xruns.length });
      },
    );

    test("ack, step by step: nobody is told", async () => {
      const options = { direction, device: "lazy", pace: "steps", count: 30, xruns } as const;
      const run = await runOf(options);
      expect(run).toMatchObject({ ...faultless, played: 30, reported: xruns.length, met: 0 });
    });

    test.each(["mmap", "corrected"] as const)(
      "%s, as fast as they can: nothing is missing but what those drop that are met",
      async (design) => {
        const many = Array.from({ length: 40 }, (_, at) => 3 + 7 * at);
        const options = { design, direction, device: "lazy", count: 500, xruns: many } as const;
        const run = await runOf(options);
        const { met, dropped } = run;
        expect(run).toMatchObject({ ...faultless, dropped, played: 500 - dropped });
        expect(met <= run.reported && dropped <= met * (RING + 1)).toBe(true);
      },
    );
  });

  test("one after the last period is met by nobody", async () => {
    const run = await runOf({ design: "corrected", pace: "steps", count: 3, xruns: [3] });
    expect(run).toMatchObject({ ...faultless, played: 3, reported: 1, met: 0 });
  });

  test.each([[[2, 1]], [[1, 1]], [[0]], [[31]], [[1.5]]])("%j of 30 periods", async (bad) => {
    await expect(runOf({ count: 30, xruns: bad })).rejects.toThrow(
      `xruns is ${bad.join()}; valid: periods from 1 to 30, in ascending order`,
    );
  });
});

test("a design that copies for itself plays too little of what is written", async () => {
  await expect(runOf({ design: "copy" })).rejects.toThrow(/^design "copy" .*; valid: mmap, ack/);
});
