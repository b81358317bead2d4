import { describe, expect, test } from "vitest";
import {
  PcmStream,
  UsageError,
  archNames,
  deviceProfiles,
  pcmBlocked,
  pcmStates,
  type ArchName,
  type Machine,
  type Mapping,
  type PcmDoor,
  type PcmStreamOptions,
  type Task,
} from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";

/** The kernel's requests as verbs, at every door: what each answers, and that no door answers otherwise. */
const DATA = 0x10000000;
const PERIOD = 100;
const BUFFER = 400;
const FRAME_BYTES = 4;
const MONOTONIC = 1;

const ENXIO = 6;
const EAGAIN = 11;
const EFAULT = 14;
const EINVAL = 22;
const EPIPE = 32;
const ENOSYS = 38;
const EBADFD = 77;
const EALREADY = 114;

const programs: readonly (readonly [ArchName, PcmDoor])[] = [
  ["x86-64", "native"],
  ["x86-64", "i386"],
  ["x86-64", "x32"],
  ["powerpc-8xx", "native"],
  ["riscv64", "i386"],
];

interface Bed {
  readonly machine: Machine;
  readonly task: Task;
  readonly data: Mapping;
  readonly stream: PcmStream;
}

async function opened(arch: ArchName, options: PcmStreamOptions = {}): Promise<Bed> {
  const machine = await machineOf({ arch, kernel: "6.12", memory: "4M" });
  const wordBits = (options.door ?? "native") === "native" ? undefined : 32;
  const task = machine.createTask(wordBits === undefined ? {} : { wordBits });
  const data = task.map({ at: DATA, length: 4 * 4096, populate: true });
  return { machine, task, data, stream: PcmStream.open(task, { nonblock: true, ...options }) };
}

async function prepared(arch: ArchName, options: PcmStreamOptions = {}): Promise<Bed> {
  const bed = await opened(arch, options);
  expect(bed.stream.configure({ periodSize: PERIOD, bufferSize: BUFFER })).toBe(0);
  expect(bed.stream.prepare()).toBe(0);
  return bed;
}

/** Bytes that differ from their neighbours. */
function noise(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 13 + 1) & 255);
}

describe.each(programs)("on %s through the %s door", (arch, door) => {
  test("a playback from open to drain", async () => {
    const { data, stream } = await prepared(arch, { door });
    data.write(0, noise(2 * PERIOD * FRAME_BYTES));
    expect(stream.writei(DATA, 2 * PERIOD)).toBe(2 * PERIOD);
    expect(stream.state).toBe("RUNNING");
    expect([...stream.ring().subarray(0, 8)]).toEqual([...data.read(0, 8)]);
    stream.setPosition(PERIOD);
    expect(stream.hwsync()).toBe(0);
    expect(stream.delay()).toEqual({ result: 0, value: BigInt(PERIOD) });
    expect(stream.sync({ hwsync: true }).value).toMatchObject({
      state: "RUNNING",
      hwPtr: BigInt(PERIOD),
      applPtr: BigInt(2 * PERIOD),
      availMin: BigInt(PERIOD),
    });
    expect(stream.status().value).toMatchObject({
      state: "RUNNING",
      avail: BigInt(BUFFER - PERIOD),
      delay: BigInt(PERIOD),
    });
    expect(stream.drain()).toBe(-EAGAIN);
    stream.setPosition(2 * PERIOD);
    stream.periodElapsed();
    expect(stream.state).toBe("SETUP");
  });

  test("pointers move forward and back as far as there is room", async () => {
    const { stream } = await prepared(arch, { door });
    expect(stream.forward(BUFFER + 1)).toBe(BUFFER);
    expect(stream.rewind(PERIOD)).toBe(PERIOD);
    expect(stream.sync({ applPtr: 7, availMin: 3 }).value).toMatchObject({ applPtr: 7n });
    expect(stream.field("avail_min")).toBe(3n);
    expect(stream.reset()).toBe(0);
    expect(stream.field("appl_ptr")).toBe(0n);
    expect(stream.drop()).toBe(0);
    expect(stream.forward(1)).toBe(-EBADFD);
  });

  test("pause, xrun and what follows", async () => {
    const { stream } = await prepared(arch, { door });
    expect(stream.start()).toBe(-EPIPE);
    expect(stream.writei(0, PERIOD)).toBe(PERIOD);
    expect([stream.pause(), stream.state, stream.release(), stream.state]).toEqual([
      0,
      "PAUSED",
      0,
      "RUNNING",
    ]);
    expect([stream.xrun(), stream.writei(0, 1), stream.resume()]).toEqual([0, -EPIPE, -EBADFD]);
    expect([stream.hwFree(), stream.drop(), stream.hwFree()]).toEqual([-EBADFD, 0, 0]);
    expect(stream.status()).toMatchObject({ result: 0, value: { state: "OPEN" } });
  });

  test("parameters, refined and chosen", async () => {
    const { stream } = await opened(arch, { door });
    const wanted = { format: [2, 10], channels: [1, 2], rate: 44100, periods: 4 } as const;
    const refined = stream.hwRefine(wanted).value!;
    expect(refined.format).toEqual([2, 10]);
    expect(refined.rate).toMatchObject({ min: 44100, max: 44100, integer: true });
    const { result, value } = stream.hwParams(wanted);
    expect(result).toBe(0);
    expect([value!.format, value!.channels.min, value!.rateNum]).toEqual([[2], 1, 44100]);
    expect(stream.state).toBe("SETUP");
    expect(stream.hwParams({ rate: 1 })).toEqual({ result: -EINVAL, value: null });
    expect(stream.state).toBe("OPEN");
  });

  test("software parameters keep what is not named", async () => {
    const { stream } = await prepared(arch, { door });
    const answer = stream.swParams({ startThreshold: 200n, tstampMode: 1 });
    expect(answer.value).toMatchObject({
      tstampMode: 1,
      startThreshold: 200n,
      stopThreshold: 400n,
    });
    const wide = arch === "x86-64" && door === "native";
    expect(answer.value!.boundary).toBe(wide ? 0x6400000000000000n : 0x64000000n);
    expect(stream.swParams({ availMin: 0n })).toEqual({ result: -EINVAL, value: null });
    expect(stream.field("avail_min")).toBe(BigInt(PERIOD));
  });

  test("information", async () => {
    const { stream } = await prepared(arch, { door });
    expect(stream.pversion()).toEqual({ result: 0, value: 0x20012 });
    expect([stream.userPversion(0x2000e), stream.ttstamp(MONOTONIC), stream.ttstamp(3)]).toEqual([
      0,
      0,
      -EINVAL,
    ]);
    expect(stream.info().value).toEqual({
      card: 3,
      device: 0,
      subdevice: 0,
      stream: "playback",
      id: "octl",
      name: "octl",
      subname: "subdevice #0",
      subdevices: 1,
      subdevicesAvailable: 0,
    });
    expect(stream.channelInfo(1).value).toEqual({ channel: 1, offset: 0n, first: 16, step: 32 });
    expect(stream.channelInfo(2)).toEqual({ result: -EINVAL, value: null });
  });

  test("channels apart, to and from addresses of their own", async () => {
    const { data, stream } = await opened(arch, { door });
    const NON_INTERLEAVED = 4;
    const wanted = { periodSize: PERIOD, bufferSize: BUFFER, access: NON_INTERLEAVED };
    expect([stream.configure(wanted), stream.prepare()]).toEqual([0, 0]);
    data.write(0, noise(4096));
    expect(stream.writen([DATA, DATA + 2048], PERIOD)).toBe(PERIOD);
    const half = stream.ring().length / 2;
    expect([...stream.ring().subarray(half, half + 4)]).toEqual([...data.read(2048, 4)]);
  });
});

describe("capture", () => {
  test("reads what the device put into the ring", async () => {
    const { data, stream } = await prepared("x86-64", { direction: "capture" });
    expect(stream.readi(DATA, PERIOD)).toBe(-EAGAIN);
    stream.ring().set(noise(PERIOD * FRAME_BYTES));
    stream.setPosition(PERIOD);
    expect(stream.readi(DATA, BUFFER)).toBe(PERIOD);
    expect([...data.read(0, PERIOD * FRAME_BYTES)]).toEqual([...noise(PERIOD * FRAME_BYTES)]);
    expect(stream.poll()).toBe(0);
  });
});

describe("a blocking write", () => {
  test("answers as the first half would have", async () => {
    const { stream } = await prepared("x86-64", { nonblock: false, door: "i386" });
    expect(stream.writei(DATA, BUFFER)).toBe(BUFFER);
    expect(stream.writei(DATA, PERIOD)).toBe(pcmBlocked);
    expect(stream.finish()).toBe(pcmBlocked);
    stream.setPosition(PERIOD);
    stream.periodElapsed();
    expect(stream.finish()).toBe(PERIOD);
  });
});

describe("linked streams", () => {
  test("start and stop together, and part once", async () => {
    const { task, stream } = await prepared("x86-64");
    const other = PcmStream.open(task, { nonblock: true, direction: "capture" });
    expect(stream.link(other)).toBe(-EBADFD);
    other.configure({ periodSize: PERIOD, bufferSize: BUFFER });
    other.prepare();
    expect([stream.link(other), stream.link(stream)]).toEqual([0, -EINVAL]);
    stream.writei(0, PERIOD);
    expect([stream.state, other.state]).toEqual(["RUNNING", "RUNNING"]);
    expect([other.drop(), stream.state]).toEqual([0, "SETUP"]);
    expect([stream.unlink(), other.unlink()]).toEqual([0, -EALREADY]);
  });
});

describe("a driver that answers START with EPIPE", () => {
  test("puts its own stream into XRUN; the members started before it are stopped again", async () => {
    const { task, stream } = await prepared("x86-64");
    const open = (): PcmStream => {
      const other = PcmStream.open(task, { nonblock: true });
      other.configure({ periodSize: PERIOD, bufferSize: BUFFER });
      return other;
    };
    const [last, first] = [open(), open()];
    stream.hwFree();
    stream.configure({ periodSize: PERIOD, bufferSize: BUFFER });
    expect([stream.link(last), stream.link(first), stream.prepare()]).toEqual([0, 0, 0]);
    for (const member of [stream, last, first]) {
      member.swParams({ startThreshold: BUFFER + 1 });
      member.writei(0, PERIOD);
      member.takeDriverCalls();
    }
    // the newest member acts first
    last.setAnswers({ trigger: -EPIPE });
    expect(stream.start()).toBe(-EPIPE);
    expect([first.state, last.state, stream.state]).toEqual(["PREPARED", "XRUN", "PREPARED"]);
    const calls = [first, last, stream].map((member) =>
      member.takeDriverCalls().map(({ name }) => name),
    );
    expect(calls).toEqual([["trigger:start", "trigger:stop"], ["trigger:start"], []]);
  });

  test("alone is told to stop, in XRUN", async () => {
    const { stream } = await prepared("x86-64");
    stream.takeDriverCalls();
    stream.setAnswers({ trigger: -EPIPE });
    expect([stream.writei(0, PERIOD), stream.state]).toEqual([PERIOD, "XRUN"]);
    const triggers = stream.takeDriverCalls().filter(({ name }) => name.startsWith("trigger"));
    expect(triggers.map(({ name }) => name)).toEqual(["trigger:start", "trigger:stop"]);
  });
});

describe("faults", () => {
  test("in the program's data are errnos, and what was counted stays counted", async () => {
    const { data, stream } = await prepared("x86-64");
    const start = DATA + data.length - PERIOD * FRAME_BYTES;
    expect(stream.writei(start, 2 * PERIOD)).toBe(-EFAULT);
    expect(stream.writei(start, PERIOD)).toBe(PERIOD);
  });

  test("without the info bit a pause is ENOSYS, before any test of the state", async () => {
    const { stream } = await opened("x86-64");
    expect(stream.pause()).toBe(-ENOSYS);
  });
});

describe("mappings", () => {
  const AT = 0x20000000;

  test("show the records that the kernel writes", async () => {
    const { machine, task, stream } = await prepared("x86-64");
    expect(stream.mmap("status", AT, 4096, "rw")).toBe(0);
    expect(stream.mmap("control", AT + 4096, 4096, "rw")).toBe(0);
    expect(stream.mmap("status", AT + 8192, 8192, "r")).toBe(-EINVAL);
    stream.writei(0, PERIOD);
    for (const at of [AT, AT + 4096]) expect(task.touch(at, "read")).toBe(true);
    const word = (at: number): number => machine.words[task.linearOf(at)! >>> 2]!;
    expect(word(AT + machine.constant("STATUS_STATE"))).toBe(pcmStates.indexOf("RUNNING"));
    expect(word(AT + 4096)).toBe(PERIOD);
  });
});

describe("mappings that are refused", () => {
  const AT = 0x20000000;
  const MMAP_INTERLEAVED = 0;
  const EVERYWHERE = ["x86-64", "powerpc-8xx", "powerpc-book3s32", "powerpc-book3s64", "none"];

  test.each(archNames)("the records of a kernel for %s", async (arch) => {
    const { stream } = await prepared(arch);
    const refused = EVERYWHERE.includes(arch) ? 0 : -ENXIO;
    const answers = (["status", "control"] as const).map((area, index) =>
      stream.mmap(area, AT + index * 4096, 4096, "r"),
    );
    expect(answers).toEqual([refused, refused]);
  });

  test("everything of a stream that its driver stopped into DISCONNECTED", async () => {
    const { stream } = await opened("x86-64");
    stream.configure({ periodSize: PERIOD, bufferSize: BUFFER, access: MMAP_INTERLEAVED });
    expect(stream.mmap("ring", AT, 4096, "rw")).toBe(0);
    stream.stop("DISCONNECTED");
    for (const area of ["status", "control", "ring"] as const) {
      expect(stream.mmap(area, AT + 4096, 4096, "r")).toBe(-EBADFD);
    }
  });
});

describe("misuse", () => {
  test.each([
    ["a door that the kernel has not", { door: "x32" }, "door x32 does not exist on arm64-pan"],
    ["an unknown device", { device: "loop" }, 'device "loop" is unknown'],
    ["an unknown limit", { device: { limits: { rate: 1 } } }, "device.limits.rate is no option"],
    [
      "a limit that is no number",
      { device: { limits: { rateMin: "1" } } },
      "device.limits.rateMin",
    ],
    ["a name too long", { device: { name: "x".repeat(64) } }, "device.name is"],
    ["a pointer that is no function", { device: { pointer: 3 } }, "device.pointer is 3"],
    ["a negative device number", { number: -1 }, "number is -1"],
    ["an unknown direction", { direction: "up" }, 'direction "up" is unknown'],
  ] as const)("%s is said", async (_, options, message) => {
    const machine = await machineOf({ arch: "arm64-pan" });
    const task = machine.createTask();
    const open = (): PcmStream => PcmStream.open(task, options as unknown as PcmStreamOptions);
    expect(open).toThrow(UsageError);
    expect(open).toThrow(message);
  });

  test("a closed stream says so", async () => {
    const { stream } = await opened("x86-64");
    stream.close();
    expect(() => stream.prepare()).toThrow("stream was closed");
  });

  test("limits that leave nothing fail the open", async () => {
    const machine = await machineOf({ arch: "x86-64" });
    const { rateMax } = deviceProfiles.ctl;
    const device = { limits: { rateMin: rateMax + 1 } };
    expect(() => PcmStream.open(machine.createTask(), { device })).toThrow("open gave -22");
  });
});

test("a format may be named, and a wrong one says where the names are", async () => {
  const { stream } = await opened("x86-64", {});
  const sizes = { periodSize: PERIOD, bufferSize: BUFFER };
  expect(stream.configure({ ...sizes, format: "S24_3LE" })).toBe(0);
  expect(stream.field("frame_bits")).toBe(48n);
  expect(() => stream.configure({ ...sizes, format: "S24_LE3" as "S24_LE" })).toThrow(
    "did you mean S24_LE",
  );
  expect(() => stream.configure({ ...sizes, format: 256 })).toThrow("a name of pcmFormats");
});
