import { expect, test } from "vitest";
import { Replayer } from "../../../src/conformance/replay.ts";
import { emulatedSystems } from "../../../src/conformance/systems.ts";
import { machineOf } from "../../machine/pool.ts";

/** What the format of the traces allows and no recording uses: other traces of the same kinds may. */
const open = { op: "OPEN", device: "ctl", stream: "playback", sub: 0, nonblock: true, ret: 0 };
const capture = { ...open, stream: "capture", slot: 1 };
const REQUEST_PAGE_END = "0x10000ff8";

const single = {
  op: "HW_PARAMS",
  cmd: "0xc2604111",
  format: 2,
  flags: 0,
  ret: 0,
  channels: 2,
  rate: 48000,
  period_size: 100,
  buffer_size: 400,
  frame_bits: 32,
  info: "0xc0303",
};

/** What the first HW_PARAMS changes. */
const configured = {
  state: 1,
  status_state: 1,
  avail_min: "0x64",
  boundary: "0x6400000000000000",
  start_threshold: "0x1",
  stop_threshold: "0x190",
  buffer_size: "0x190",
  period_size: "0x64",
  min_align: "0x1",
  byte_align: 4,
  period_step: 1,
  dma_bytes: 1600,
  frame_bits: 32,
};
const first = { post: configured, drv: ["open", "hw_params"] };
const prepare = { op: "PREPARE", ret: 0, post: { state: 2, status_state: 2 }, drv: ["prepare"] };

async function failuresOf(steps: readonly object[], setup: object = {}): Promise<unknown> {
  const machine = await machineOf({ memory: "4M" });
  const replayer = new Replayer(emulatedSystems(machine));
  const line = {
    id: "by-hand",
    kernel: "6.12.117",
    abi: "lp64",
    kind: "by-hand",
    setup: { device: "ctl", stream: "playback", ...setup },
    steps,
  };
  replayer.replayLine("by-hand.jsonl", 1, JSON.stringify(line));
  return replayer.report().failures;
}

test("a mapped ring: access of that kind, the data area, and what it keeps out", async () => {
  const area = { area: "data", offset: "0x0", len: 4096 };
  const steps = [
    open,
    { ...single, access: 0, ...first },
    { op: "MMAP", ...area, prot: 3, ret: 0 },
    { op: "write_page", area: "data", offset: 8, bytes: "01020304", ret: 0 },
    { op: "check_ring", offset: 6, len: 8, bytes: "0000010203040000" },
    { op: "fill_ring", offset: 0, len: 2, seed: 5, ret: 0 },
    { op: "read_page", area: "data", offset: 0, len: 10, bytes: "050a 00*6 0102" },
    { op: "HW_FREE", ret: -77, errno: 77 },
    { op: "POLL", ret: 1, revents: "0xc" },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test("single values through another door, flags, and a refusal", async () => {
  const compat = { ...configured, boundary: "0x64000000" };
  const door = { entry: "i386", cmd: "0xc25c4111" };
  const refused = { frame_bits: 0, info: "0xffffffff", rate: 1, ret: -22, errno: 22 };
  const steps = [
    open,
    { ...single, ...door, access: 4, flags: 2, post: compat, drv: ["open", "hw_params"] },
    {
      ...single,
      ...refused,
      access: 3,
      post: { state: 0, status_state: 0, dma_bytes: 0 },
      drv: ["hw_free"],
    },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test("pages of every access under any request", async () => {
  const delay = { op: "DELAY", cmd: "0x80084121", addr: REQUEST_PAGE_END, in: "a5*8" };
  const steps = [
    open,
    { ...single, access: 3, ...first },
    prepare,
    ...["ww", "wr", "wn", "wu"].map((mem) => ({ ...delay, mem, ret: 0, out: "00*8" })),
    ...["rw", "rr", "ru", "nw", "nu"].map((mem) => ({
      ...delay,
      mem,
      ret: -14,
      errno: 14,
      out: "=",
    })),
    { ...delay, mem: "uu", ret: -14, errno: 14, out: "??*8" },
    { ...delay, addr: "0x7fff00000000", out: undefined, ret: -14, errno: 14 },
    { op: "RAW", cmd: "0x4122", in: "00*160", mem: "uu", ret: 0, out: "??*160" },
    { op: "PREPARE", in: "a5*8", mem: "nn", ret: 0, out: "=", drv: ["prepare"] },
    { op: "START", addr: "0x1", entry: "x32", ret: -32, errno: 32 },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test.each([
  ["0x1", { state: 1, status_state: 1 }],
  ["0x4", { state: 4, status_state: 4 }],
  ["0x5", { state: 5, status_state: 5 }],
  ["0x6", { state: 6, status_state: 6 }],
])("the driver stops into state %s", async (state, post) => {
  const steps = [
    open,
    { op: "ctl.stop", args: ["0x1"], ret: -77, errno: 77, drv: ["open"] },
    { ...single, access: 3, post: configured, drv: ["hw_params"] },
    prepare,
    { op: "ctl.stop", args: [state], ret: 0, post },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test("limits of every name, and a device that they leave nothing", async () => {
  const limits = {
    info: 0xc0303,
    formats: 4,
    rate_min: 8000,
    rate_max: 48000,
    channels_min: 2,
    channels_max: 2,
    buffer_bytes_max: 1600,
    period_bytes_min: 400,
    period_bytes_max: 400,
    periods_min: 4,
    periods_max: 4,
    fifo_size: 0,
    whole_periods: 1,
  };
  const steps = [
    open,
    { ...single, access: 3, ...first },
    { op: "CLOSE", ret: 0, drv: ["hw_free", "close"] },
  ];
  expect(await failuresOf(steps, { limits })).toEqual([]);
  const none = { limits: { ...limits, rate_min: 48001 } };
  expect(await failuresOf([{ ...open, ret: -22, errno: 22 }], none)).toEqual([]);
});

test("a third file, a link by descriptor, and looking without a call", async () => {
  const third = { ...open, slot: 2, sub: 1 };
  const steps = [
    open,
    capture,
    third,
    { ...single, access: 3, ...first },
    { ...single, slot: 2, access: 3, ...first },
    { op: "LINK", other_slot: 2, ret: 0 },
    { op: "PEEK", slot: 2 },
    { op: "UNLINK", slot: 2, ret: 0 },
    { op: "UNLINK", ret: -114, errno: 114 },
    { op: "wait", us: 1000 },
    { op: "PEEK", slot: 1, drv: ["open"] },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test("a request that says nothing of its argument finds pages as they always are", async () => {
  const version = { op: "PVERSION", cmd: "0x80044100", addr: "0x10000ffe" };
  const steps = [
    open,
    { ...version, ret: 0, mem: "ww", out: "12000200", drv: ["open"] },
    { ...version, ret: -14, errno: 14, mem: "wn", out: "a5a5" },
    { op: "USER_PVERSION", cmd: "0x40044104", ret: -14, errno: 14 },
    { op: "HW_REFINE", cmd: "0xc2604110", addr: "0x10000000", ret: -14, errno: 14, mem: "nn" },
    { op: "HW_PARAMS", cmd: "0xc2604111", addr: "0x1", ret: -14, errno: 14 },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test("a link with a file that was closed, or never opened", async () => {
  const withoutFlags = { ...single, flags: undefined, access: 3 };
  const steps = [
    open,
    capture,
    { op: "PEEK", slot: 1, drv: ["open"] },
    { op: "CLOSE", slot: 1, ret: 0, drv: ["close"] },
    { ...withoutFlags, ...first },
    { op: "LINK", other_slot: 1, ret: -77, errno: 77 },
    { op: "LINK", other_slot: 7, ret: -77, errno: 77 },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test("as many files as the device has substreams, then EBUSY", async () => {
  const again = { ...open, slot: 3, ret: -16, errno: 16 };
  const closing = { op: "CLOSE", ret: 0, drv: ["open", "close"] };
  expect(
    await failuresOf([open, again, capture, closing, { ...again, ret: 0, errno: undefined }]),
  ).toEqual([]);
  const eight = Array.from({ length: 8 }, (_, slot) => ({ ...open, device: "aloop", slot }));
  const ninth = { ...again, device: "aloop", slot: 8 };
  expect(await failuresOf([...eight, ninth], { device: "aloop" })).toEqual([]);
});

test("what changed is taken from any step that says so", async () => {
  const area = { area: "control_new", offset: "0x83000000", len: 4096 };
  const moved = { moved: { appl_ptr: "0x7" } };
  const steps = [
    open,
    { ...single, access: 3, ...first },
    prepare,
    { op: "MMAP", ...area, prot: 3, ret: 0 },
    { op: "write_page", area: "control_new", offset: 0, bytes: "07", ret: 0 },
    { op: "check_ring", offset: 0, len: 2, bytes: "0000", ...moved },
    { op: "HWSYNC", ret: 0 },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test("calls that end before the file is asked", async () => {
  const area = { area: "status_new", prot: 1, ret: -22, errno: 22 };
  const gone = { ret: -19, errno: 19 };
  const steps = [
    open,
    { op: "MMAP", ...area, offset: "0x82000800", len: 4096, drv: ["open"] },
    { op: "ctl.disconnect", ret: 0, post: { state: 8, status_state: 8 } },
    { op: "MMAP", ...area, offset: "0x82000000", len: 0 },
    { op: "MMAP", ...area, offset: "0x82000000", len: 4096, ...gone },
    { op: "read", offset: 0, len: 4, ret: -22, errno: 22 },
    { op: "write", offset: 0, len: 4, ...gone },
    { op: "check_user_data", offset: 0, len: 4, bytes: "err" },
  ];
  expect(await failuresOf(steps)).toEqual([]);
});

test("a moving device needs all four entries to be followed", async () => {
  const setup = { device: "dummy" };
  const steps = [
    { ...open, device: "dummy" },
    { op: "HWSYNC", ret: -77, errno: 77, pre: { state: 0 }, post: { state: 0 } },
  ];
  expect(await failuresOf(steps, setup)).toMatchObject([
    { step: 1, actual: "post: the entry hw_ptr is missing" },
  ]);
});
