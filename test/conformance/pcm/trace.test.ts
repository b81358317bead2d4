import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/conformance/base/trace.ts";
import { parsePcmCase } from "../../../src/conformance/pcm/trace.ts";

/** A case with these steps; other keys as given. */
function caseWith(steps: unknown, keys: JsonObject = {}): JsonObject {
  return {
    id: "demo-1",
    kernel: "6.12.0",
    abi: "lp64",
    kind: "demo",
    setup: { device: "ctl", stream: "playback" },
    steps,
    ...keys,
  };
}

describe("cases", () => {
  test("a good case comes back as it is", () => {
    const line = caseWith([
      { op: "OPEN", device: "ctl", stream: "capture", sub: 0, nonblock: true, ret: 0 },
      { op: "SYNC_PTR", cmd: "0xc0844123", in: "00*132", out: "=", ret: -77, errno: 77 },
      { op: "PREPARE", ret: 0, post: { state: 2, avail_min: "0x1" }, drv: ["prepare"] },
      { op: "ctl.poke", args: ["0x0", "0x1", "0x2", "0x3"], ret: 0 },
    ]);
    expect(parsePcmCase(line)).toBe(line);
  });

  test.each([
    { keys: { id: 5 }, problem: "id: expected a string, found 5" },
    { keys: { abi: "arm" }, problem: 'abi: expected one of lp64, i386, x32, found "arm"' },
    { keys: { kernel: undefined }, problem: "kernel: expected a string, found nothing" },
    {
      keys: { setup: { device: "hda", stream: "playback" } },
      problem: 'setup.device: expected one of ctl, dummy, aloop, found "hda"',
    },
    {
      keys: { setup: { device: "ctl", stream: "playback", limits: { info: "x" } } },
      problem: 'setup.limits.info: expected a whole number from 0, found "x"',
    },
    { keys: { steps: {} }, problem: "steps: expected a list" },
  ])("$problem", ({ keys, problem }) => {
    expect(() => parsePcmCase(caseWith([], keys))).toThrow(problem);
  });

  test.each([
    { step: 3, problem: "steps[0]: expected an object" },
    { step: { ret: 0 }, problem: "steps[0].op: expected a string, found nothing" },
    { step: { op: "FLY", ret: 0 }, problem: 'steps[0].op: unknown operation "FLY"' },
    { step: { op: "PREPARE" }, problem: 'steps[0]: the key "ret" is missing' },
    { step: { op: "PREPARE", ret: 0, no: 1 }, problem: 'steps[0]: the key "no" is unknown here' },
    {
      step: { op: "SYNC_PTR", cmd: "c0844123", in: "", ret: 0 },
      problem: "steps[0].cmd: expected a string of 0x and up to 16 hex digits",
    },
    {
      step: { op: "START", ret: 0, post: { mood: 1 } },
      problem: "steps[0].post: expected an object without the key mood",
    },
    {
      step: { op: "START", ret: 0, post: { state: "3" } },
      problem: "steps[0].post: expected a whole number or a 0x string for state",
    },
    {
      step: { op: "ctl.rets", args: ["0x0"], ret: 0 },
      problem: "steps[0].args: expected 3 arguments",
    },
    {
      step: { op: "DELAY", cmd: "0x1", in: "", ret: 0, mem: "wx" },
      problem: "steps[0].mem: expected one of ww, wr",
    },
    {
      step: { op: "DELAY", cmd: "0x1", in: "", ret: 0, skip: [[1]] },
      problem: "steps[0].skip: expected a list of [offset, length]",
    },
    {
      step: { op: "HW_PARAMS", cmd: "0x1", ret: 0, access: 3 },
      problem: 'steps[0]: the key "format" is missing',
    },
  ])("$problem", ({ step, problem }) => {
    expect(() => parsePcmCase(caseWith([step]))).toThrow(problem);
  });
});
