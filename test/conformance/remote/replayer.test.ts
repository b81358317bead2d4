import { beforeAll, describe, expect, test } from "vitest";
import type { ReplayReport } from "../../../src/conformance/base/report.ts";
import type { Machine } from "../../../src/index.ts";
import { remoteRecordings } from "./recordings.ts";

/** The replayer of remote memory access: what it notices, and how it says so. */

type Json = Record<string, unknown>;

let machine: Machine;

beforeAll(async () => {
  machine = await remoteRecordings.createMachine();
});

const mapping = {
  p: 1,
  op: "mmap",
  addr: "0x40000000",
  len: 8192,
  prot: "rw-",
  flags: "private|anon",
};
const fill = { p: 1, op: "fill", addr: "0x40000000", len: 8192, seed: 2154317696, pos: 0 };
const readBack = { p: 1, op: "cpu_load", addr: "0x40000003", ret: 0, errno: "", val_read: "0xbf" };
const pipe = {
  p: 1,
  op: "pipe_write",
  iov: [["0x40001fff", 1]],
  ret: 1,
  errno: "",
  n: 1,
  crc: "b7b2364b",
  head: "58",
};

/** A case that passes as it stands, with some parts replaced. */
function caseLine(parts: {
  setup?: Json;
  steps?: readonly Json[];
  after?: Json;
  start?: Json;
}): string {
  return JSON.stringify({
    id: "demo-1",
    kind: "demo",
    kernel: "Linux 6.18.44 x86_64",
    setup: {
      procs: 2,
      files: [],
      ops: [mapping, fill],
      watch: [{ p: 1, addr: "0x3ffff000", pages: 4 }],
      ...parts.setup,
    },
    start: {
      vmas: [[1, "0x40000000", "0x40002000", "rw-p", "anon", 0]],
      pages: [".AA."],
      ...parts.start,
    },
    steps: parts.steps ?? [readBack],
    after: { page_crc: ["- da185388 c8790eb4 -"], ...parts.after },
  });
}

function replayed(line: string): ReplayReport {
  return remoteRecordings.replay(machine, [line]);
}

test("a case that agrees passes, and everything compared is counted", () => {
  const { passed, failures, operations, fields } = replayed(caseLine({ steps: [readBack, pipe] }));
  expect([failures, passed]).toEqual([[], 1]);
  expect(operations).toEqual({
    mmap: { passed: 1, failed: 0 },
    fill: { passed: 1, failed: 0 },
    cpu_load: { passed: 1, failed: 0 },
    pipe_write: { passed: 1, failed: 0 },
  });
  expect(fields["val_read"]).toEqual({ passed: 1, failed: 0 });
  expect(fields["balance"]).toEqual({ passed: 1, failed: 0 });
});

test.each([
  ["ret", { ret: 2 }],
  ["errno", { errno: "EFAULT" }],
  ["n", { n: 2 }],
  ["crc", { crc: "00000000" }],
  ["head", { head: "4f" }],
  ["tail", { tail: "4e" }],
  ["left", { left: 0 }],
  ["pages_after", { pages_after: [".AF."] }],
])("another %s is noticed at its step", (field, change) => {
  const { failures } = replayed(caseLine({ steps: [readBack, { ...pipe, ...change }] }));
  expect(failures).toMatchObject([{ step: 1, op: "pipe_write", field }]);
});

test("an answer that was not recorded is noticed too", () => {
  const rest = { ...pipe, head: undefined };
  expect(replayed(caseLine({ steps: [rest] })).failures).toMatchObject([
    { step: 0, field: "head", expected: "nothing", actual: "58" },
  ]);
});

test.each([
  ["start.pages", { start: { pages: [".A.."] } }],
  ["start.vmas", { start: { vmas: [[1, "0x40000000", "0x40001000", "rw-p", "anon", 0]] } }],
  ["after.vmas", { after: { vmas: [[1, "0x40000000", "0x40002000", "r--p", "anon", 0]] } }],
  ["after.page_crc", { after: { page_crc: ["- da185388 c8790eb5 -"] } }],
])("another %s is noticed", (field, parts) => {
  expect(replayed(caseLine(parts)).failures).toMatchObject([{ step: null, op: null, field }]);
});

test("numbers in either form are the same; keys for people are ignored", () => {
  const steps = [{ ...readBack, addr: 0x40000003, val_read: 0xbf, note: "as a number" }];
  expect(replayed(caseLine({ steps })).failures).toEqual([]);
});

test("neighbours that look alike count as one mapping, on both sides", () => {
  const halves = [
    [1, "0x40000000", "0x40001000", "rw-p", "anon", 0],
    [1, "0x40001000", "0x40002000", "rw-p", "anon", 0],
  ];
  expect(replayed(caseLine({ start: { vmas: halves } })).failures).toEqual([]);
});

describe("file pages", () => {
  const file = { file: 0, backing: "memfd", size: 8192, seed: 7 };
  const map = { ...mapping, flags: "shared", file: 0, off: 0 };
  const parts = {
    start: { vmas: [[1, "0x40000000", "0x40002000", "rw-s", "file0", 0]], pages: ["...."] },
    after: { page_crc: ["- c3ea5d57 f3e4187c -"] },
    steps: [],
  };

  test.each([
    ["memfd", "start.pages"],
    ["disk", undefined],
  ])("on %s absent pages and present ones are told apart or not", (backing, field) => {
    const setup = { files: [{ ...file, backing }], ops: [map, { ...fill, len: 1, seed: 7 }] };
    const { failures } = replayed(caseLine({ ...parts, setup }));
    expect(failures[0]?.field).toBe(field);
  });
});

test.each([
  ["setup.ops[1].op", { setup: { ops: [mapping, { ...fill, op: "fil" }] } }],
  ["steps[0].op", { steps: [{ ...readBack, op: "cpu_lode" }] }],
])("an unknown operation fails its case: %s", (place, parts) => {
  const { failures } = replayed(caseLine(parts));
  expect(failures).toMatchObject([{ field: "op", expected: "a known operation" }]);
  expect(failures[0]!.actual).toContain(place);
});

test.each([
  ["setup.watch[0]", { setup: { watch: [{ p: 1, addr: "0x0" }] } }],
  ["setup.files", { setup: { files: 3 } }],
  ["setup.ops[0].prot", { setup: { ops: [{ ...mapping, prot: "rwz" }] } }],
  ["steps[0].addr", { steps: [{ ...readBack, addr: "here" }] }],
  ["steps[0]", { steps: [{ ...readBack, colour: "red" }] }],
  ["steps[0].iov", { steps: [{ ...pipe, iov: [["0x1"]] }] }],
  ["start.vmas", { start: { vmas: [[1, 2, 3]] } }],
  ["after.page_crc", { after: { page_crc: "all" } }],
])("a case that does not fit names the place: %s", (place, parts) => {
  const { failures } = replayed(caseLine(parts));
  expect(failures).toMatchObject([{ field: "line" }]);
  expect(failures[0]!.actual).toContain(`${place}: `);
});

test("a step of a process that does not exist fails, and the case behind it passes", () => {
  const lines = [caseLine({ steps: [{ ...readBack, p: 5 }] }), caseLine({})];
  const { failures, passed } = remoteRecordings.replay(machine, lines);
  expect(failures).toMatchObject([{ step: 0, field: "line", actual: "there is no process 5" }]);
  expect(passed).toBe(1);
});

test("cases of both systems take turns on one machine", () => {
  const pcm = JSON.stringify({
    id: "pcm-1",
    kernel: "6.12",
    abi: "lp64",
    kind: "pcm",
    setup: { device: "ctl", stream: "playback" },
    steps: [{ op: "OPEN", device: "ctl", stream: "playback", sub: 0, nonblock: true, ret: 0 }],
  });
  const { passed } = remoteRecordings.replay(machine, [caseLine({}), pcm, caseLine({}), pcm]);
  expect(passed).toBe(4);
});
