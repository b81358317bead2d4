import { describe, expect, test } from "vitest";
import { EmulatedPerfRegs } from "../../../src/conformance/index.ts";
import type { PerfRegsOperation } from "../../../src/conformance/perf/steps.ts";
import { perfRecordings } from "./recordings.ts";

/** Rules that the shipped recordings do not reach, seen on the same kernel: small cases, step by step. */

const emulated = new EmulatedPerfRegs(await perfRecordings.createMachine());
const KERNEL = "Linux 6.18.44 x86_64";

type Operation<Op extends PerfRegsOperation["op"]> = Extract<PerfRegsOperation, { op: Op }>;
type Attributes = Operation<"open">["attr"];
type Run = Operation<"run">;

/** What the last step of a case answers. */
function answerOf(...operations: readonly PerfRegsOperation[]): unknown {
  emulated.reset(KERNEL);
  const answers = operations.map((operation) => emulated.perform(operation));
  emulated.finish();
  return answers.at(-1);
}

const open = (attr: Attributes): PerfRegsOperation => ({
  op: "open",
  e: 0,
  attr: { size: 136, sample_period: 1, sample_type: ["IP"], flags: ["disabled"], ...attr },
  pid: "self",
  cpu: -1,
  group: -1,
  oflags: 0,
});
const asUser: PerfRegsOperation = { op: "uid", uid: 1000 };
const faults: Attributes = { type: "software", config: "page_faults" };
const memory = (prot: string): PerfRegsOperation => ({
  op: "map",
  addr: "0x10000000",
  len: 4096,
  prot,
});
const run = (insn: Run["insn"], regs: Run["regs"] = {}, ip: Run["ip"] = "0x20000400"): Run => ({
  op: "run",
  insn,
  bits: 64,
  regs: { flags: "0x202", sp: "0x10000800", ...regs },
  ip,
  addr: "0x10000008",
  on: [0],
});

/** The only sample of an event that was on for one instruction: its size and fields. */
function sampleOf(attr: Attributes, insn: Run, prot = "rw-"): unknown {
  const ring: PerfRegsOperation = { op: "mmap", e: 0, bytes: 8192, prot: "rw-" };
  const { records } = answerOf(memory(prot), open(attr), ring, insn, { op: "records", e: 0 }) as {
    records: readonly { size: bigint; fields: unknown }[];
  };
  return { samples: records.length, size: records[0]?.size, fields: records[0]?.fields };
}

const getuid = run("syscall", { ax: "0x66" });
const enterGetuid: Attributes = { type: "tracepoint", config: "syscalls:sys_enter_getuid" };

describe("samples", () => {
  test("raw data take room only where they are asked for", () => {
    expect(sampleOf({ ...enterGetuid, sample_type: ["ADDR"] }, getuid)).toEqual({
      samples: 1,
      size: 16n,
      fields: [["addr", 0n]],
    });
  });

  test("AUX of an event without such data is one word, the size 0", () => {
    const { size } = sampleOf({ ...faults, sample_type: ["ADDR", "AUX"] }, run("store1")) as {
      size: bigint;
    };
    expect(size).toBe(24n);
  });

  test.each([
    { flag: "exclude_user", samples: 1 },
    { flag: "exclude_kernel", samples: 1 },
  ])("a tracepoint of the way into the kernel with $flag: $samples", ({ flag, samples }) => {
    const attr = { ...enterGetuid, flags: ["disabled", flag] };
    expect(sampleOf(attr, getuid)).toMatchObject({ samples });
  });

  test("a switch of tasks has no stack segment", () => {
    const attr: Attributes = {
      type: "software",
      config: "context_switches",
      sample_type: ["REGS_INTR"],
      sample_regs_intr: "0xc00",
    };
    const fields = [["regs_intr", { abi: 2n, cs: 0x10n, ss: 0n }]];
    const request: PerfRegsOperation = {
      op: "poke",
      addr: "0x10000008",
      size: 8,
      value: "0x1000",
    };
    const ring: PerfRegsOperation = { op: "mmap", e: 0, bytes: 8192, prot: "rw-" };
    const nanosleep = run("syscall", { ax: "0x23", di: "0x10000000" });
    const read: PerfRegsOperation = { op: "records", e: 0 };
    expect(answerOf(memory("rw-"), request, open(attr), ring, nanosleep, read)).toMatchObject({
      records: [{ fields }],
    });
  });
});

describe("instructions", () => {
  const ended = (insn: Run["insn"]): unknown =>
    answerOf(memory("rw-"), open(faults), run(insn, { ax: "0x66" }, "0x10000010"));
  const signal = { signo: 11n, code: 2n, addr: 0x10000010n };

  test.each(["nop", "syscall"] as const)("%s where nothing may be executed", (insn) => {
    expect(ended(insn)).toEqual({ signal });
  });

  test("the page is made present before that is found: two faults", () => {
    const fetch = run("nop", {}, "0x10000010");
    expect(sampleOf(faults, fetch)).toMatchObject({ samples: 2 });
    expect(sampleOf(faults, fetch, "rwx")).toMatchObject({ samples: 1 });
  });

  test("a whole register of a 32-bit segment is 4 bytes", () => {
    const store: Run = { ...run("store8"), bits: 32, addr: "0x10000ffc" };
    expect(answerOf(memory("rw-"), open(faults), store)).toEqual({});
    expect(answerOf(memory("rw-"), open(faults), { ...store, bits: 64 })).toEqual({
      signal: { signo: 11n, code: 1n, addr: 0x10001000n },
    });
  });

  test("a 32-bit program without handlers ends by a signal without a frame", () => {
    const program: Operation<"program32"> = {
      op: "program32",
      c: 0,
      insn: "load1",
      regs: { flags: "0x202" },
      ip: "0x8048000",
      addr: "0x10000000",
      memory: [{ addr: "0x8048000", len: 4096, prot: "rwx" }],
    };
    const event = { ...(open(faults) as Operation<"open">), pid: "C0" };
    const ring: PerfRegsOperation = { op: "mmap", e: 0, bytes: 8192, prot: "rw-" };
    const go: PerfRegsOperation = { op: "program32_go", on: [0] };
    expect(answerOf(program, event, ring, go, { op: "head", e: 0 })).toEqual({
      head: 16n,
      tail: 0n,
    });
  });

  test("a breakpoint on it comes first", () => {
    const attr: Attributes = {
      type: "breakpoint",
      bp_type: "0x4",
      config1: "0x10000010",
      config2: "0x8",
    };
    expect(sampleOf(attr, run("nop", {}, "0x10000010"))).toMatchObject({ samples: 1 });
  });
});

describe("system calls", () => {
  const getrandom = (flags: Run["ip"]): unknown =>
    answerOf(
      memory("rw-"),
      open(faults),
      run("syscall", { ax: "0x13e", di: "0x10000000", si: "0x8", dx: flags }),
    );

  test.each(["0x0", "0x1", "0x2", "0x4", "0x5", "0x100000001"] as const)(
    "getrandom with flags %s",
    (flags) => expect(getrandom(flags)).toEqual({ ret: 8n }),
  );

  test.each(["0x6", "0x7", "0x8", "0x80000000"] as const)("getrandom refuses flags %s", (flags) =>
    expect(getrandom(flags)).toEqual({ ret: -22n }),
  );

  test.each([
    { seconds: "0x0", nanoseconds: "0x3b9aca00" },
    { seconds: "0x0", nanoseconds: "0xffffffffffffffff" },
    { seconds: "0xffffffffffffffff", nanoseconds: "0x0" },
  ] as const)("nanosleep refuses $seconds s, $nanoseconds ns", ({ seconds, nanoseconds }) => {
    const poke = (addr: Run["ip"], value: Run["ip"]): PerfRegsOperation => ({
      op: "poke",
      addr,
      size: 8,
      value,
    });
    const request = [poke("0x10000000", seconds), poke("0x10000008", nanoseconds)];
    const call = run("syscall", { ax: "0x23", di: "0x10000000" });
    expect(answerOf(memory("rw-"), ...request, open(faults), call)).toEqual({ ret: -22n });
  });
});

describe("opening", () => {
  const opened = { ret: 0n };
  const refused = (errno: string): unknown => ({ ret: -1n, errno });
  const watch = (bp_type: string, config1: string, config2: string, ...flags: string[]) => ({
    type: "breakpoint",
    bp_type,
    config1,
    config2,
    flags: ["disabled", ...flags],
  });

  test.each([
    ["instructions at the end of the program's addresses", "0x4", "0x7fffffffefff", "0x8", opened],
    ["instructions behind it", "0x4", "0x7ffffffff000", "0x8", refused("EINVAL")],
    ["the kernel's instructions", "0x4", "0xffffffff81200000", "0x8", refused("EINVAL")],
    ["the kernel's data", "0x2", "0xffffffff81200000", "0x8", opened],
    ["a range, which takes a mask", "0x2", "0x10000000", "0x10", refused("EOPNOTSUPP")],
    ["a range that is not aligned", "0x2", "0x10000008", "0x10", refused("EINVAL")],
    ["a range of an odd length", "0x3", "0x10000000", "0x18", refused("EINVAL")],
  ])("a breakpoint on %s", (_, type, address, length, answer) => {
    expect(answerOf(open(watch(type, address, length)))).toEqual(answer);
  });

  test("a breakpoint on the kernel's data that leaves the kernel out", () => {
    const attr = watch("0x2", "0x7ffffffff000", "0x1", "exclude_kernel");
    expect(answerOf(open(attr))).toEqual(refused("EINVAL"));
  });

  test.each([
    { type: "2", config: "0x0", answer: refused("EINVAL") },
    { type: "6", config: "0x0", answer: opened },
    { type: "6", config: "0x1", answer: refused("ENOENT") },
    { type: "7", config: "0x1", answer: opened },
    { type: "7", config: "0x0", answer: refused("ENOENT") },
    { type: "8", config: "0x0", answer: refused("EINVAL") },
    { type: "9", config: "0x0", answer: refused("EINVAL") },
    { type: "10", config: "0x0", answer: refused("ENOENT") },
  ])("type $type, number $config", ({ type, config, answer }) => {
    expect(answerOf(open({ type, config }))).toEqual(answer);
  });

  test.each([
    { config: "exceptions:page_fault_user", sample_type: ["IP"], answer: opened },
    { config: "exceptions:page_fault_user", sample_type: ["RAW"], answer: refused("EPERM") },
    { config: "syscalls:sys_enter_getuid", sample_type: ["RAW"], answer: opened },
  ])("tracepoint $config with $sample_type as a user", ({ answer, ...attr }) => {
    const flags = ["disabled", "exclude_kernel"];
    expect(answerOf(asUser, open({ type: "tracepoint", flags, ...attr }))).toEqual(answer);
  });

  test.each([
    { mask: "0x8", flags: ["exclude_kernel"], errno: "EACCES" },
    { mask: "0x8", flags: ["exclude_kernel", "exclude_hv"], errno: "EOPNOTSUPP" },
    { mask: "0x9", flags: ["exclude_kernel"], errno: "EOPNOTSUPP" },
    { mask: "0xa", flags: ["exclude_kernel"], errno: "EACCES" },
  ])("branches $mask with $flags as a user", ({ mask, flags, errno }) => {
    const attr = {
      ...faults,
      sample_type: ["BRANCH_STACK"],
      branch_sample_type: mask,
      flags: ["disabled", ...flags],
    };
    expect(answerOf(asUser, open(attr))).toEqual(refused(errno));
  });

  test("the time-stamp counter is only read", () => {
    expect(answerOf(open({ type: "9", config: "0x0", sample_period: 0 }))).toEqual(opened);
  });

  test.each([
    { aux_action: 1, errno: "EOPNOTSUPP" },
    { aux_action: 6, errno: "EINVAL" },
    { aux_action: 7, errno: "EINVAL" },
  ])("what to do with AUX data: $aux_action", ({ aux_action, errno }) => {
    expect(answerOf(open({ ...faults, aux_action }))).toEqual(refused(errno));
  });

  test.each([
    { flags: [], answer: refused("EINVAL") },
    { flags: ["use_clockid"], answer: opened },
  ])("a member of a group by its leader's clock alone: $flags", ({ flags, answer }) => {
    const timed = { ...faults, clockid: 1, flags: ["disabled", "use_clockid"] };
    const member = open({ ...timed, flags: ["disabled", ...flags] }) as Operation<"open">;
    expect(answerOf(open(timed), { ...member, e: 1, group: 0 })).toEqual(answer);
  });

  test("process number 0 is the caller", () => {
    expect(answerOf({ ...(open(faults) as Operation<"open">), pid: "0" })).toEqual(opened);
  });
});

test("a change of protection is recorded area by area, before the areas join", () => {
  const attr: Attributes = { type: "software", config: "dummy", flags: ["disabled", "mmap"] };
  const ring: PerfRegsOperation = { op: "mmap", e: 0, bytes: 8192, prot: "rw-" };
  const enable: PerfRegsOperation = { op: "ioctl", e: 0, cmd: "ENABLE", arg: 0 };
  const areas: PerfRegsOperation[] = [
    { ...(memory("rw-") as Operation<"map">), len: 8192 },
    { op: "protect", addr: "0x10001000", len: 4096, prot: "r--" },
  ];
  const change: PerfRegsOperation = { op: "protect", addr: "0x10000000", len: 8192, prot: "r-x" };
  const read: PerfRegsOperation = { op: "records", e: 0 };
  const { records } = answerOf(...areas, open(attr), ring, enable, change, read) as {
    records: readonly { fields: readonly (readonly [string, unknown])[] }[];
  };
  const lengths = records.map(({ fields }) => new Map(fields).get("len"));
  expect(lengths).toEqual([0x1000n, 0x2000n]);
});
