import { describe, expect, test } from "vitest";
import {
  PcmStream,
  UsageError,
  type PcmConstraint,
  type PcmDevice,
  type PcmHwRequest,
} from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";

/** What a driver adds to its device's limits: sound/core/pcm_lib.c, snd_pcm_hw_constraint_*. */
const EINVAL = 22;

async function opened(device: PcmDevice): Promise<PcmStream> {
  return PcmStream.open((await machineOf()).createTask(), { device });
}

type Left = readonly [min: number, max: number];

async function left(constraint: PcmConstraint, wanted: PcmHwRequest): Promise<Left | number> {
  const stream = await opened({ constraints: [constraint] });
  const { result, value } = stream.hwRefine(wanted);
  if (value === null) return result;
  const { min, max } = value[constraint.parameter];
  return [min, max];
}

describe("a constraint", () => {
  test.each<[string, PcmConstraint, PcmHwRequest, Left | number]>([
    ["step", { parameter: "periodSize", step: 64 }, { periodSize: [100, 1000] }, [128, 960]],
    ["step, met", { parameter: "periodSize", step: 64 }, { periodSize: 192 }, [192, 192]],
    ["step, missed", { parameter: "periodSize", step: 64 }, { periodSize: [65, 127] }, -EINVAL],
    ["list", { parameter: "channels", list: [6, 2, 4] }, { channels: [3, 8] }, [4, 6]],
    ["list, missed", { parameter: "channels", list: [2, 4] }, { channels: 3 }, -EINVAL],
    ["range", { parameter: "rate", min: 8000, max: 9000 }, {}, [8000, 9000]],
    ["one end", { parameter: "rate", max: 9000 }, {}, [1000, 9000]],
    ["power of two", { parameter: "periods", powerOfTwo: true }, { periods: [3, 100] }, [4, 64]],
    [
      "two at once",
      { parameter: "rate", min: 5000, step: 2000 },
      { rate: [1, 9999] },
      [6000, 8000],
    ],
  ])("%s", async (_, constraint, wanted, expected) => {
    expect(await left(constraint, wanted)).toEqual(expected);
  });

  test("whole numbers", async () => {
    const stream = await opened({ constraints: [{ parameter: "periods", integer: true }] });
    expect(stream.hwRefine({}).value!.periods.integer).toBe(true);
    expect((await opened({})).hwRefine({}).value!.periods.integer).toBe(false);
  });

  test("that leaves nothing makes open fail", async () => {
    const constraints = [{ parameter: "rate", min: 500_000 } as const];
    await expect(opened({ constraints })).rejects.toThrow("open gave -22");
  });

  test.each<[string, unknown, string]>([
    ["no condition", { parameter: "rate" }, "one of min, max, step, list, powerOfTwo, integer"],
    ["a mask", { parameter: "format", list: [2] }, '"format" is unknown'],
    ["step 0", { parameter: "rate", step: 0 }, "constraints[0].step is 0"],
    ["false", { parameter: "rate", integer: false }, "valid: true, or left out"],
    ["a function", () => 0, "is a function; valid: an object of parameter, min"],
  ])("that is %s is a mistake of the caller", async (_, constraint, message) => {
    const device = { constraints: [constraint] } as unknown as PcmDevice;
    await expect(opened(device)).rejects.toThrow(UsageError);
    await expect(opened(device)).rejects.toThrow(message);
  });
});

test.each([
  ["no format", { formats: 0n }],
  ["no access type", { info: 0 }],
  ["a ring that cannot be mapped, and no other access", { info: 0x400, ringMappable: false }],
])("open fails on a device with %s", async (_, limits) => {
  await expect(opened({ limits })).rejects.toMatchObject({
    code: "open-failed",
    message: "open gave -22: no configuration meets the device's limits",
  });
});
