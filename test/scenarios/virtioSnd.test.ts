import { describe, expect, test } from "vitest";
import {
  runVirtioSnd,
  UsageError,
  type VirtioSndRun,
  type VirtioSndRunOptions,
} from "../../src/index.ts";

/** The scenario virtio-snd: who had a period when, and what became of it. */

const PERIOD = 100;
const EINVAL = 22;
const EFAULT = 14;
const HEADER = 44;

async function ran(options: VirtioSndRunOptions): Promise<VirtioSndRun> {
  return (await runVirtioSnd({ periodSize: PERIOD, ...options })).run;
}

/** What was heard: a period's number, or what its pieces are of. */
function heard({ played }: VirtioSndRun): unknown[] {
  return played.map(({ holds }) =>
    holds.length === 1 ? holds[0]!.of : holds.map(({ of, frames }) => [frames, of]),
  );
}

describe("playback", () => {
  test("A, eager: one ring late", async () => {
    const run = await ran({ design: "mmap" });
    expect(heard(run)).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect([run.wrongPeriods, run.end]).toEqual([4, "done"]);
    expect(new Set(run.findings.map(({ kind }) => kind))).toEqual(new Set(["virtio-store"]));
  });

  test("A, eager, started by its first period: silence, then a ring late", async () => {
    const run = await ran({ design: "mmap", start: 1 });
    const silence = Array.from({ length: 3 }, () => "silence");
    expect(heard(run)).toEqual([1, ...silence, 1, 2, 3, 4]);
  });

  test("a stale period was read before it was written, every other one after", async () => {
    const { played } = await ran({ design: "mmap" });
    for (const { wrong, device, program } of played) expect(device < program!).toBe(wrong);
  });

  test.each(["ack", "corrected"] as const)("%s: right with any size and device", async (design) => {
    for (const device of ["eager", "lazy", "late", "halves"] as const) {
      for (const transfer of [25, 60, 150, 400]) {
        const run = await ran({ design, device, transfer });
        expect(heard(run)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
        expect([run.end, run.findings]).toEqual(["done", []]);
      }
    }
  });

  test("R, writes of a quarter period: old memory is played, and the fifth is refused", async () => {
    const run = await ran({ design: "copy", transfer: 25, start: 1 });
    expect(heard(run)).toEqual([
      [
        [25, 1],
        [75, "old memory"],
      ],
    ]);
    expect(
      run.steps.filter(({ asked }) => asked === "WRITEI 25").map(({ result }) => result),
    ).toEqual([25, 25, 25, 25, -EFAULT]);
    expect(run.end).toBe("refused");
  });

  test("R, one write of the whole ring: the stream stands still", async () => {
    const run = await ran({ design: "copy", transfer: 400 });
    expect([run.end, run.played.length]).toEqual(["stalled", 5]);
  });
});

describe("capture", () => {
  test.each([
    ["mmap", [5, 6, 7, 8, 9, 10, 11, 12]],
    ["copy", [1, 2, 3, 4, 5, 6, 7, 8]],
    ["ack", [5, 6, 7, 8, 9, 10, 11, 12]],
    ["corrected", [1, 2, 3, 4, 5, 6, 7, 8]],
  ] as const)("%s, eager", async (design, numbers) => {
    expect(heard(await ran({ design, direction: "capture" }))).toEqual(numbers);
  });
});

test("the WAV file has what was played", async () => {
  const { run, wav } = await runVirtioSnd({ design: "ack", periodSize: PERIOD });
  const view = new DataView(wav.buffer);
  const text = (at: number): string => String.fromCharCode(...wav.subarray(at, at + 4));
  expect([text(0), text(8), text(12), text(36)]).toEqual(["RIFF", "WAVE", "fmt ", "data"]);
  expect(view.getUint32(4, true)).toBe(wav.length - 8);
  expect([view.getUint16(20, true), view.getUint16(22, true)]).toEqual([1, 1]);
  expect([view.getUint32(24, true), view.getUint32(28, true)]).toEqual([8000, 16000]);
  expect([view.getUint16(32, true), view.getUint16(34, true)]).toEqual([2, 16]);
  expect(view.getUint32(40, true)).toBe(2 * PERIOD * run.played.length);
  expect(wav.length).toBe(HEADER + 2 * PERIOD * 8);
  const numbers = run.played.map((_, index) => view.getUint8(HEADER + 2 * PERIOD * index));
  expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a ring that the driver does not take is an errno, and nothing is played", async () => {
  const run = await ran({ periodSize: 1 });
  expect(run.steps).toMatchObject([{ asked: "HW_PARAMS", result: -EINVAL }]);
  expect([run.end, run.played]).toEqual(["refused", []]);
});

test.each([
  [{ design: "indirect" }, 'design "indirect" is unknown'],
  [{ count: 64 }, "count is 64"],
  [{ device: "slow" }, 'device "slow" is unknown'],
])("%j is misuse", async (options, message) => {
  const run = runVirtioSnd(options as unknown as VirtioSndRunOptions);
  await expect(run).rejects.toThrow(UsageError);
  await expect(run).rejects.toThrow(message);
});
