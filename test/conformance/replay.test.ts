import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replayFiles } from "../../src/conformance/files.ts";
import type { FutexMachine } from "../../src/conformance/futex/machine.ts";
import { NotImplementedError } from "../../src/conformance/base/notImplemented.ts";
import type { PcmMachine } from "../../src/conformance/pcm/machine.ts";
import type { PerfRegsMachine } from "../../src/conformance/perf/machine.ts";
import type { RemoteVmMachine } from "../../src/conformance/remote/machine.ts";
import type { VirtioSndMachine } from "../../src/conformance/virtio/machine.ts";
import { Replayer } from "../../src/conformance/replay.ts";

/** A machine that has nothing yet: what it answers is of no interest here. */
const unbuilt = new Proxy(
  {} as PcmMachine & RemoteVmMachine & PerfRegsMachine & VirtioSndMachine & FutexMachine,
  {
    get: (_, method) => () => {
      throw new NotImplementedError(String(method));
    },
  },
);

const open = { op: "OPEN", device: "ctl", stream: "playback", sub: 0, nonblock: true, ret: 0 };

function line(steps: readonly object[]): string {
  const setup = { device: "ctl", stream: "playback" };
  return JSON.stringify({ id: "demo-1", kernel: "6.12", abi: "lp64", kind: "demo", setup, steps });
}

let replayer: Replayer;
let folder = "";

beforeEach(async () => {
  replayer = new Replayer({
    pcm: unbuilt,
    remoteVm: unbuilt,
    perfRegs: unbuilt,
    virtioSnd: unbuilt,
    futex: unbuilt,
  });
  folder = await mkdtemp(join(tmpdir(), "faultline-replay-"));
});

afterEach(() => rm(folder, { recursive: true }));

test("an unknown operation fails its case by name, never skips it", () => {
  replayer.replayLine("a.jsonl", 7, line([open, { op: "LEVITATE", ret: 0 }]));
  const { cases, steps, passed, failed, failures, operations } = replayer.report();
  expect({ cases, steps, passed, failed }).toEqual({ cases: 1, steps: 2, passed: 0, failed: 1 });
  expect(failures).toEqual([
    {
      file: "a.jsonl",
      line: 7,
      id: "demo-1",
      step: 1,
      op: "LEVITATE",
      field: "op",
      expected: "a known operation",
      actual: 'steps[1].op: unknown operation "LEVITATE"',
    },
  ]);
  expect(operations["LEVITATE"]).toEqual({ passed: 0, failed: 1 });
});

test("what the machine lacks is a failure that names it, before any step where it cannot begin", () => {
  replayer.replayLine("a.jsonl", 1, line([open]));
  expect(replayer.report().failures[0]).toMatchObject({
    step: null,
    op: null,
    field: "machine",
    actual: "not implemented: reset",
  });
});

test("a malformed line is counted with its place, the lines behind it are replayed", async () => {
  await writeFile(join(folder, "a.jsonl"), `{"id": "x", \n${line([open])}\n`);
  await replayFiles([folder], replayer);
  const { cases, failed, failures } = replayer.report();
  expect([cases, failed]).toEqual([2, 2]);
  expect(failures[0]).toMatchObject({
    file: join(folder, "a.jsonl"),
    line: 1,
    id: null,
    step: null,
    field: "line",
    expected: "a trace case",
  });
  expect(failures[0]!.actual).toMatch(/^not JSON: /);
  expect(failures[1]).toMatchObject({ line: 2, id: "demo-1" });
});

test("a file that ends early is one failure, the files behind it are replayed", async () => {
  const packed = gzipSync(`${line([open])}\n`.repeat(50));
  await writeFile(join(folder, "a.jsonl.gz"), packed.subarray(0, packed.length - 12));
  await writeFile(join(folder, "b.jsonl"), line([open]));
  await replayFiles([folder], replayer);
  const { failures } = replayer.report();
  expect(failures.filter(({ file }) => file.endsWith("b.jsonl"))).toHaveLength(1);
  expect(failures.at(-2)!.actual).toBe("unexpected end of file");
});
