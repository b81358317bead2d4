import { describe, expect, test } from "vitest";
import {
  UsageError,
  archNames,
  comparePlayback,
  comparedStrategies,
  runPlayback,
  type ArchName,
  type PcmDoor,
  type PlaybackOptions,
  type PlaybackRun,
  type PlaybackStep,
} from "../../src/index.ts";

/** The scenario pcm-playback: what a playback goes through, and what a period of it costs. */
const PERIOD = 100;
const PERIODS = 3;
const RING = PERIOD * PERIODS;
const FRAME_BYTES = 4;
const EINVAL = 22;

async function played(options: PlaybackOptions = {}): Promise<PlaybackRun> {
  return runPlayback({ periodSize: PERIOD, periods: PERIODS, ...options });
}

function steps(run: PlaybackRun, asked: string): readonly PlaybackStep[] {
  return run.steps.filter((step) => step.asked.startsWith(asked));
}

const doors: readonly (readonly [ArchName, PcmDoor, number])[] = [
  ["x86-64", "native", 24],
  ["x86-64", "i386", 0],
  ["x86-64", "x32", 0],
  ["powerpc-8xx", "native", 12],
  ["none", "native", 24],
];

describe.each(doors)("a playback on %s through the %s door", (arch, door, structBytes) => {
  test("goes from open to close, period by period", async () => {
    const run = await played({ arch, door });
    expect(run.findings).toEqual([]);
    expect(steps(run, "WRITEI").map(({ applPtr }) => applPtr)).toEqual(
      Array.from({ length: 2 * PERIODS }, (_, index) => (index + 1) * PERIOD),
    );
    expect(steps(run, "the device").map(({ hwPtr }) => hwPtr)).toEqual(
      Array.from({ length: 2 * PERIODS }, (_, index) => (index + 1) * PERIOD),
    );
    expect([...new Set(run.steps.map(({ state }) => state))]).toEqual([
      "OPEN",
      "SETUP",
      "PREPARED",
      "RUNNING",
      "DRAINING",
      null,
    ]);
    expect(run.steps.filter(({ result }) => typeof result === "number" && result < 0)).toEqual([]);
  });

  test("copies every period, and the structure where the door copies it", async () => {
    const { counters: short } = await played({ arch, door });
    const { counters: long } = await played({ arch, door, periods: PERIODS + 1 });
    const perWrite = PERIOD * FRAME_BYTES + structBytes;
    expect(long!.bytesFrom - short!.bytesFrom).toBe(2 * perWrite);
    expect([short!.fixups, long!.functions - short!.functions]).toEqual([0, 2]);
  });
});

describe("a playback", () => {
  test("starts when the ring is full and ends when it is empty", async () => {
    const run = await played();
    const started = run.steps.find(({ driverCalls }) => driverCalls.includes("trigger:start"))!;
    expect(started).toMatchObject({ state: "RUNNING", applPtr: RING, avail: 0 });
    expect(steps(run, "DRAIN").map(({ result, state }) => [result, state])).toEqual([
      ["sleeps", "DRAINING"],
      [0, "SETUP"],
    ]);
    expect(run.steps.at(-1)!.driverCalls).toEqual(["hw_free", "close"]);
  });

  test.each(["release", "threads", "profile"] as const)(
    "in the %s build takes the same steps, uncounted",
    async (build) => {
      const [counted, other] = [await played(), await played({ build })];
      expect(other.steps).toEqual(counted.steps);
      expect(other.counters).toBe(null);
    },
  );

  test("on a device with a copy of its own copies no sound", async () => {
    const { counters: short } = await played({ device: "dummy" });
    const { counters: long } = await played({ device: "dummy", periods: PERIODS + 1 });
    expect(long!.bytesFrom - short!.bytesFrom).toBe(2 * 24);
  });

  test("ends where the device refuses it", async () => {
    const run = await played({ device: "dummy", format: "FLOAT_LE" });
    expect(run.steps.map(({ asked, result }) => [asked, result])).toEqual([
      ["open", 0],
      ["HW_PARAMS", -EINVAL],
      ["close", 0],
    ]);
  });

  test.each([
    [{ arch: "arm64-pan", door: "x32" }, "door x32 does not exist on arm64-pan"],
    [{ periods: 1 }, "periods is 1"],
    [{ format: "S16" }, 'format "S16" is unknown'],
    [{ perod: 1 }, "perod is no option"],
  ] as const)("%j is misuse", async (options, message) => {
    const run = runPlayback(options as unknown as PlaybackOptions);
    await expect(run).rejects.toThrow(UsageError);
    await expect(run).rejects.toThrow(message);
  });
});

describe("a period compared", () => {
  test("opens the guard and checks ranges four times in WRITEI, the rest is SYNC_PTR's", async () => {
    const { rows } = await comparePlayback({ archs: ["x86-64"], periodSizes: [64] });
    expect(rows.map(({ strategy }) => strategy)).toEqual(comparedStrategies);
    expect(rows.map(({ guardOpens }) => guardOpens)).toEqual([4 + 12, 4 + 3, 4 + 2]);
    expect(rows.map(({ rangeChecks }) => rangeChecks)).toEqual([4 + 12, 4 + 3, 4 + 2]);
  });

  test("costs more bytes when it is longer, and nothing else that is counted", async () => {
    const archs = ["powerpc-8xx", "arm64-pan"] as const;
    const { rows } = await comparePlayback({ archs, periodSizes: [64, 256] });
    for (const short of rows.filter(({ periodSize }) => periodSize === 64)) {
      const long = rows.find(
        ({ arch, strategy, periodSize }) =>
          arch === short.arch && strategy === short.strategy && periodSize === 256,
      )!;
      expect(long.bytesCopied - short.bytesCopied).toBe((256 - 64) * FRAME_BYTES);
      expect(long.instructions).toBeGreaterThan(short.instructions!);
      expect([long.guardOpens, long.rangeChecks]).toEqual([short.guardOpens, short.rangeChecks]);
    }
  });

  test("has figures only where they were published", async () => {
    const { rows } = await comparePlayback({ periodSizes: [64], strategies: ["unsafe-block"] });
    expect(rows.map(({ arch }) => arch)).toEqual(archNames);
    const priced = rows.filter(({ instructions }) => instructions !== null);
    expect(priced.map(({ arch }) => arch)).toEqual(
      archNames.filter((arch) => arch !== "none" && arch !== "powerpc-book3s64"),
    );
    expect(rows.filter(({ modelledCycles }) => modelledCycles !== null)).toHaveLength(2);
  });

  test.each([
    [{ periodSizes: [16385] }, "periodSizes[0] is 16385"],
    [{ archs: ["8xx"] }, 'archs[0] "8xx" is unknown'],
    [{ wasm: { studi: 1 } }, "wasm.studi is no option"],
  ])("%j is misuse", async (options, message) => {
    const compared = comparePlayback(options as never);
    await expect(compared).rejects.toThrow(message);
  });
});
