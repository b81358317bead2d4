import { describe, expect, test } from "vitest";
import type { ArchName, Machine } from "../../../src/index.ts";
import { StreamFields, type StreamField } from "../../../src/systems/pcm/fields.ts";
import { takeDriverLog } from "../../../src/systems/pcm/driverLog.ts";
import { deviceProfiles, infoBit } from "../../../src/systems/pcm/params/index.ts";
import { PcmStream } from "../../../src/systems/pcm/stream.ts";
import { machineOf } from "../../machine/pool.ts";

/** The rules of the sound core that no recording depends on: waits, ticks, 32-bit kernels, mappings. */
const USER = 0x10000000;
const PAGES = 8;
const PERIOD = 100;
const BUFFER = 400;
const FRAME_BYTES = 4;

const EIO = 5;
const ENXIO = 6;
const EACCES = 13;
const EBUSY = 16;
const EINVAL = 22;
const EPIPE = 32;
const EBADFD = 77;
const ESTRPIPE = 86;

const state = { setup: 1, running: 3, draining: 5 };
const MILLISECOND = 1_000_000n;
const RATE = 48000;
const BUFFER_NANOSECONDS = (BigInt(BUFFER) * 1_000_000_000n) / BigInt(RATE);

interface Options {
  readonly arch?: ArchName;
  readonly direction?: "playback" | "capture";
  readonly nonblock?: boolean;
  readonly info?: number;
}

/** A stream in PREPARED with a buffer of four periods, and user memory to transfer from. */
async function prepared(options: Options = {}) {
  const machine = await machineOf({ arch: options.arch ?? "x86-64", kernel: "6.12", memory: "4M" });
  const task = machine.createTask();
  const memory = task.map({ at: USER, length: PAGES * 4096, populate: true });
  const device = { limits: { info: options.info ?? deviceProfiles.ctl.info } };
  const { direction = "playback", nonblock = false } = options;
  const stream = PcmStream.open(task, { direction, nonblock, device });
  expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER, rate: RATE })).toBe(0);
  expect(stream.prepare()).toBe(0);
  return { machine, task, memory, stream };
}

function field(machine: Machine, stream: PcmStream, name: StreamField): bigint {
  const words = new Uint32Array(2);
  new StreamFields(machine, [name]).read(stream.handle, words);
  return (BigInt(words[1]!) << 32n) | BigInt(words[0]!);
}

function driverCalls(machine: Machine, stream: PcmStream): string[] {
  return takeDriverLog(machine, stream.handle).map((call) => call.name);
}

/** The device stands at `frames`, and says so. */
function moveTo(stream: PcmStream, frames: number): void {
  stream.setPosition(frames);
  stream.periodElapsed();
}

describe("a blocking write", () => {
  /** A full ring, playing. */
  async function full() {
    const made = await prepared();
    expect(made.stream.write(USER, BUFFER * FRAME_BYTES)).toBe(BUFFER * FRAME_BYTES);
    expect(field(made.machine, made.stream, "state")).toBe(BigInt(state.running));
    return made;
  }

  async function asleep() {
    const made = await full();
    expect(made.stream.write(USER, PERIOD * FRAME_BYTES)).toBe(made.machine.constant("BLOCKED"));
    expect(made.task.blocked).toBe(true);
    return made;
  }

  test("sleeps until a period has been played, and then finishes", async () => {
    const { machine, task, stream } = await asleep();
    expect(task.resume()).toBe(machine.constant("BLOCKED"));
    moveTo(stream, PERIOD);
    expect(task.canResume).toBe(true);
    expect(task.resume()).toBe(PERIOD * FRAME_BYTES);
    expect(task.blocked).toBe(false);
    expect(field(machine, stream, "appl_ptr")).toBe(BigInt(BUFFER + PERIOD));
    expect(field(machine, stream, "twake")).toBe(0n);
  });

  test("is not woken by less than avail_min", async () => {
    const { task, stream } = await asleep();
    moveTo(stream, PERIOD - 1);
    expect(task.canResume).toBe(false);
  });

  test("gives up with EIO after 100 ms or 1.1 buffers, whichever is longer", async () => {
    const { machine, task } = await asleep();
    expect((BUFFER_NANOSECONDS * 11n) / 10n).toBeLessThan(100n * MILLISECOND);
    machine.advanceClock(100n * MILLISECOND - 1n);
    expect(task.canResume).toBe(false);
    machine.advanceClock(1n);
    expect(task.resume()).toBe(-EIO);
  });

  test("sleeps on through a pause, whatever the limit", async () => {
    const { machine, task, stream } = await asleep();
    machine.createTask({ cpu: 0 }); // another thread of the program has the CPU
    expect(stream.ioctl("native", 0x40044145, 1)).toBe(0);
    machine.advanceClock(1000n * MILLISECOND);
    expect(task.resume()).toBe(machine.constant("BLOCKED"));
    expect(task.blocked).toBe(true);
  });

  test.each([
    ["xrun", EPIPE],
    ["drop", EBADFD],
    ["drain", EPIPE],
  ] as const)("ends when the stream goes through %s", async (request, errno) => {
    const { machine, task, stream } = await asleep();
    const other = machine.createTask({ cpu: null });
    other.runOn(0);
    stream[request]();
    machine.exports.runTask(0, task.handle);
    machine.advanceClock(200n * MILLISECOND);
    expect(task.resume()).toBe(-errno);
  });

  test("ends with ESTRPIPE when the device is suspended", async () => {
    const { task, stream } = await asleep();
    stream.suspend();
    expect(task.canResume).toBe(true);
    expect(task.resume()).toBe(-ESTRPIPE);
  });
});

describe("a blocking drain", () => {
  async function draining() {
    const made = await prepared();
    expect(made.stream.write(USER, PERIOD * FRAME_BYTES)).toBe(PERIOD * FRAME_BYTES);
    expect(made.stream.drain()).toBe(made.machine.constant("BLOCKED"));
    expect(field(made.machine, made.stream, "state")).toBe(BigInt(state.draining));
    return made;
  }

  test("ends when the last frame was played", async () => {
    const { machine, task, stream } = await draining();
    moveTo(stream, PERIOD);
    expect(field(machine, stream, "state")).toBe(BigInt(state.setup));
    expect(task.resume()).toBe(0);
  });

  test("gives up on a dead device with EIO in SETUP", async () => {
    const { machine, task, stream } = await draining();
    expect(machine.advanceToNextTimeout()).toBe(true);
    expect(task.resume()).toBe(-EIO);
    expect(field(machine, stream, "state")).toBe(BigInt(state.setup));
    expect(driverCalls(machine, stream)).toContain("trigger:stop");
  });
});

describe("pointer updates", () => {
  /** Four periods queued for good, stop_threshold at the boundary. */
  async function playing(options: Options = {}) {
    const made = await prepared({ nonblock: true, ...options });
    made.stream.write(USER, BUFFER * FRAME_BYTES);
    return made;
  }

  test("a position off the ring counts as 0 and is a finding", async () => {
    const { machine, stream } = await playing();
    moveTo(stream, BUFFER);
    expect(field(machine, stream, "hw_ptr")).toBe(0n);
    expect(machine.findings().map(({ kind }) => kind)).toEqual(["pcm-position"]);
  });

  test("a notification without progress counts as a whole buffer only when the time for it went by", async () => {
    const { machine, stream } = await playing();
    moveTo(stream, PERIOD);
    stream.periodElapsed();
    expect(field(machine, stream, "hw_ptr")).toBe(BigInt(PERIOD));
    machine.advanceClock(BUFFER_NANOSECONDS * 4n);
    stream.periodElapsed();
    expect(field(machine, stream, "hw_ptr")).toBe(BigInt(PERIOD + BUFFER));
  });
});

describe("positions", () => {
  test("are rounded down to frames that fill whole bytes", async () => {
    const IMA_ADPCM = 22;
    const { machine, stream } = await prepared({ nonblock: true });
    const configuration = {
      periodSize: PERIOD,
      bufferSize: BUFFER,
      format: IMA_ADPCM,
      channels: 1,
    };
    expect(stream.configure(configuration)).toBe(0);
    expect(field(machine, stream, "min_align")).toBe(2n);
    stream.prepare();
    expect(stream.write(USER, BUFFER / 2)).toBe(BUFFER / 2);
    moveTo(stream, PERIOD + 1);
    expect(field(machine, stream, "hw_ptr")).toBe(BigInt(PERIOD));
  });

  test("that jumped further than the ticks allow are cut to whole periods in the debug mode", async () => {
    const TICK_CHECK = 4;
    const slow = 1000;
    const { machine, stream } = await prepared({ nonblock: true });
    expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER, rate: slow })).toBe(0);
    stream.prepare();
    stream.write(USER, BUFFER * FRAME_BYTES);
    machine.exports.pcmSetXrunDebug(stream.handle, TICK_CHECK);
    moveTo(stream, 3 * PERIOD);
    expect(field(machine, stream, "hw_ptr")).toBe(0n);
    expect(machine.findings().map(({ kind }) => kind)).toEqual(["pcm-unexpected"]);
    machine.advanceClock((BigInt(3 * PERIOD) * 1_000_000_000n) / BigInt(slow));
    moveTo(stream, 3 * PERIOD);
    expect(field(machine, stream, "hw_ptr")).toBe(BigInt(3 * PERIOD));
  });

  test("without period wake-ups: buffers that nobody saw are counted from the ticks", async () => {
    const FLAG_NO_WAKEUP = 4;
    const info = deviceProfiles.ctl.info | infoBit.noPeriodWakeup;
    const { machine, stream } = await prepared({ nonblock: true, info });
    const large = 10 * RATE;
    const wanted = { access: 3, format: 2, channels: 2, rate: RATE, flags: FLAG_NO_WAKEUP };
    const sizes = { periodSize: large / 100, bufferSize: large / 100 };
    expect(stream.hwParams({ ...wanted, ...sizes }).result).toBe(0);
    stream.prepare();
    const bufferSize = field(machine, stream, "buffer_size");
    expect(bufferSize).toBe(BigInt(large / 100));
    const threshold = field(machine, stream, "boundary");
    const never = { startThreshold: threshold, stopThreshold: threshold, availMin: 1n };
    expect(stream.swParams(never).result).toBe(0);
    expect(stream.start()).toBe(0);
    const bufferNanoseconds = (bufferSize * 1_000_000_000n) / BigInt(RATE);
    machine.advanceClock(3n * bufferNanoseconds);
    stream.setPosition(1);
    expect(stream.hwsync()).toBe(0);
    expect(field(machine, stream, "hw_ptr")).toBe(3n * bufferSize + 1n);
  });
});

describe("boundary", () => {
  /** Doubling as long as a pointer and a buffer fit the signed word. */
  function doubled(bufferSize: bigint, longMax: bigint): bigint {
    let boundary = bufferSize;
    while (boundary * 2n <= longMax - bufferSize) boundary *= 2n;
    return boundary;
  }

  test.each([1, 3, 400, 1024, 6000, 65535])("of a buffer of %i frames", async (bufferSize) => {
    for (const [arch, longMax] of [
      ["x86-64", 2n ** 63n - 1n],
      ["powerpc-8xx", 2n ** 31n - 1n],
    ] as const) {
      const { machine, stream } = await prepared({ arch });
      stream.configure({ periodSize: bufferSize, bufferSize });
      expect(field(machine, stream, "boundary")).toBe(doubled(BigInt(bufferSize), longMax));
    }
  });
});

describe("a 32-bit kernel", () => {
  test("wraps its pointers at the 32-bit boundary and keeps avail continuous", async () => {
    const { machine, stream } = await prepared({ arch: "powerpc-8xx", nonblock: true });
    const boundary = Number(field(machine, stream, "boundary"));
    expect(boundary).toBe(0x64000000);
    const near = boundary - BUFFER;
    machine.exports.pcmPoke(stream.handle, near, 0, near, 0, near, 0, near, 0);
    expect(stream.write(USER, BUFFER * FRAME_BYTES)).toBe(BUFFER * FRAME_BYTES);
    expect(field(machine, stream, "appl_ptr")).toBe(0n);
    moveTo(stream, 2 * PERIOD);
    expect(field(machine, stream, "hw_ptr")).toBe(BigInt(near + 2 * PERIOD));
    expect(stream.write(USER, BUFFER * FRAME_BYTES)).toBe(2 * PERIOD * FRAME_BYTES);
    moveTo(stream, 0);
    expect(field(machine, stream, "hw_ptr")).toBe(0n);
    expect(field(machine, stream, "hw_ptr_wrap")).toBe(BigInt(boundary));
  });

  test("DELAY stores a word of four bytes", async () => {
    const { memory, stream } = await prepared({ arch: "powerpc-8xx", nonblock: true });
    memory.write(0, new Uint8Array(16).fill(0xa5));
    expect(stream.ioctl("native", 0x80044121, USER)).toBe(0);
    expect([...memory.read(0, 5)]).toEqual([0, 0, 0, 0, 0xa5]);
  });
});

describe("mappings", () => {
  const STATUS = 0x82000000;
  const CONTROL = 0x83000000;
  const AT = 0x20000000;

  function map(
    machine: Machine,
    stream: PcmStream,
    offset: number,
    length: number,
    protection: number,
  ): number {
    return machine.exports.pcmMap(0, stream.handle, AT, 0, offset, 0, length, protection);
  }

  test("of the ring need an access type of that kind, and keep HW_PARAMS out", async () => {
    const { machine, task, stream } = await prepared();
    const rw = task.protectionBits("rw");
    expect(map(machine, stream, 0, 4096, rw)).toBe(-EINVAL);
    expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER, access: 0 })).toBe(0);
    expect(map(machine, stream, 4096, 4096, rw)).toBe(-EINVAL);
    expect(map(machine, stream, 0, 4096, rw)).toBe(0);
    expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER })).toBe(-EBADFD);
    task.unmap(AT, 4096);
    expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER })).toBe(0);
  });

  test("of the status page follow the announced protocol where appl_ptr must be synced", async () => {
    const SYNC_APPLPTR = 0x20;
    const { machine, task, memory, stream } = await prepared({
      info: deviceProfiles.ctl.info | SYNC_APPLPTR,
    });
    const read = task.protectionBits("r");
    const announce = (version: number): void => {
      memory.write(0, new Uint8Array(Uint32Array.of(version).buffer));
      expect(stream.ioctl("native", 0x40044104, USER)).toBe(0);
    };
    expect(map(machine, stream, STATUS, 4096, read)).toBe(-ENXIO);
    announce(0x2000d);
    expect(map(machine, stream, STATUS, 4096, read)).toBe(-ENXIO);
    announce(0x2000e);
    expect(map(machine, stream, STATUS, 4096, read)).toBe(0);
    expect(map(machine, stream, CONTROL, 4096, read)).toBe(-ENXIO);
  });

  test("of a file used through a 32-bit door: the new status page is left, and nothing else", async () => {
    const OLD_STATUS = 0x80000000;
    const OLD_CONTROL = 0x81000000;
    const { machine, task, stream } = await prepared();
    const read = task.protectionBits("r");
    expect(stream.ioctl("i386", 0x4122)).toBe(0);
    const answers = [OLD_STATUS, OLD_CONTROL, CONTROL].map((offset) =>
      map(machine, stream, offset, 4096, read),
    );
    expect(answers).toEqual([-ENXIO, -ENXIO, -ENXIO]);
    expect(map(machine, stream, STATUS, 4096, read)).toBe(0);
  });

  test("under the old offsets are for 64-bit kernels", async () => {
    for (const [arch, answer] of [
      ["x86-64", 0],
      ["powerpc-8xx", -ENXIO],
    ] as const) {
      const { machine, task, stream } = await prepared({ arch });
      expect(map(machine, stream, 0x80000000, 4096, task.protectionBits("r"))).toBe(answer);
    }
  });

  test("of the status page asked for with writing succeed, and cannot be written", async () => {
    const { machine, task, stream } = await prepared();
    expect(map(machine, stream, STATUS, 4096, task.protectionBits("rw"))).toBe(0);
    expect([task.touch(AT, "read"), task.touch(AT, "write")]).toEqual([true, false]);
    expect(task.protect(AT, 4096, "rw")).toBe(-EACCES);
  });

  test("of a device with explicit sync are refused", async () => {
    const { machine, task, stream } = await prepared({
      info: deviceProfiles.ctl.info | 0x10000000,
    });
    for (const offset of [STATUS, CONTROL]) {
      expect(map(machine, stream, offset, 4096, task.protectionBits("r"))).toBe(-ENXIO);
    }
  });
});

describe("housekeeping", () => {
  test("a closed stream leaves no frame behind", async () => {
    const machine = await machineOf({ arch: "x86-64", kernel: "6.12", memory: "4M" });
    const task = machine.createTask();
    task.map({ at: USER, length: 4096, populate: true });
    const open = (): PcmStream => {
      const stream = PcmStream.open(task, { nonblock: true });
      stream.configure({ periodSize: PERIOD, bufferSize: BUFFER });
      stream.prepare();
      stream.write(USER, 2 * PERIOD * FRAME_BYTES);
      return stream;
    };
    open().close();
    const before = machine.framesInUse;
    for (let round = 0; round < 20; round++) open().close();
    expect(machine.framesInUse).toBe(before);
  });

  test("PREPARE while running is EBUSY", async () => {
    const { stream } = await prepared({ nonblock: true });
    stream.write(USER, PERIOD * FRAME_BYTES);
    expect(stream.prepare()).toBe(-EBUSY);
  });
});
