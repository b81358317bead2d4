import { beforeEach, describe, expect, test } from "vitest";
import { Machine, PcmStream, VirtioSnd, type Task } from "../../../src/index.ts";
import {
  designNames,
  queueNames,
  type VirtioSndRule,
} from "../../../src/systems/virtio/description.ts";
import type { CpuThreads } from "../../../src/threads/cpuThreads.ts";
import type { ConstantName } from "../../../src/core/exports.ts";
import {
  applicationNumbers,
  notesBytes,
  paces,
} from "../../../src/scenarios/virtioThreadsScript.ts";
import { startThreads } from "../../support/cpuThreads.ts";
import {
  PERIOD,
  PERIODS,
  RING,
  complete,
  configure,
  errnos,
  run,
  virtioBed,
  write as writeTo,
} from "./bed.ts";

/** A device on one thread, the driver's interrupts on another, the program's calls on a third: its requests are answered. */

const SOUND = 0x10003000;
const PAGE = 4096;
const ETIMEDOUT = 110;
const EOPNOTSUPP = 95;
const MOST = 0xffff_ffff;

let machine: Machine;
let threads: CpuThreads;
let task: Task;
let card: VirtioSnd;
let stream: PcmStream;
let apart: number;
let player: number;

const TX = queueNames.indexOf("tx");

function wordAt(record: number, field: ConstantName): number {
  return (record + machine.constant(field)) >>> 2;
}

function memory(): Int32Array {
  return new Int32Array(machine.core.memory.buffer);
}

function set(record: number, field: ConstantName, value: number): void {
  Atomics.store(memory(), wordAt(record, field), value);
}

function nap(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

beforeEach(async () => {
  machine = await Machine.create({ build: "threads", memory: "4M", cpus: 4, kernel: "6.12" });
  threads = await startThreads(machine);
  task = threads.threads[0]!.seat(machine.createTask({ cpu: null }));
});

/** A stream in PREPARED whose device works by itself from then on; it plays nothing while `periods` is 0. */
function partFrom(design: "mmap" | "ack" | "corrected", periods = 0): void {
  const formats = 48n;
  card = VirtioSnd.plug(
    task.machine,
    { streams: [{ nid: 0, features: 0, formats, rates: 130n, direction: 0, channels: [1, 2] }], output: PERIOD }, // prettier-ignore
    { design, journal: "nothing" },
  );
  stream = card.openStream(task, 0, { nonblock: true }) as PcmStream;
  expect(configure(stream)).toBe(0);
  // by START alone; it stops where it runs dry
  const thresholds = { startThreshold: RING + 1, stopThreshold: RING };
  expect(stream.swParams(thresholds).result).toBe(0);
  apart = machine.exports.virtioAllocate(machine.constant("APART_BYTES"));
  player = machine.exports.virtioAllocate(machine.constant("PLAYER_BYTES"));
  set(player, "PLAYER_QUEUE", TX);
  set(player, "PLAYER_USED_LENGTH", -1);
  set(player, "PLAYER_LIMIT", periods);
  set(player, "PLAYER_AHEAD", PERIODS - 1);
  set(player, "PLAYER_CLOCK", MOST);
  set(player, "PLAYER_HEARD", machine.exports.virtioAllocate(4 * Math.max(1, periods)));
  set(card.address, "CARD_APART", apart);
  const [, driver, device] = threads.threads;
  driver!.begin("virtioServe", [card.address, 0]);
  device!.begin("virtioServe", [card.address, player]);
}

/** Both sides return: the device is one again that works within the driver's calls. */
async function join(): Promise<void> {
  set(apart, "APART_ENDED", 1);
  await threads.untilAtRest(threads.threads.slice(1));
  set(card.address, "CARD_APART", 0);
}

function write(bytes: Uint8Array): number {
  const sound = task.map({ at: SOUND, length: PAGE });
  sound.write(0, bytes);
  return stream.writei(SOUND, bytes.length);
}

describe.each(["mmap", "ack", "corrected"] as const)("%s", (design) => {
  test("every request is answered: prepare, start, stop, and release with all messages back", async () => {
    partFrom(design);
    for (let round = 0; round < 50; round++) {
      expect(stream.prepare()).toBe(0);
      expect(write(run(round + 1, RING))).toBe(RING);
      expect(stream.start()).toBe(0);
      expect(stream.drop()).toBe(0);
    }
    expect(stream.prepare()).toBe(0);
    await join();
    expect(card.waitingHeads("tx")).toEqual([]);
    const { availableIndex, usedIndex } = card.counters("tx")!;
    expect([availableIndex, usedIndex]).toEqual([50 * PERIODS, 50 * PERIODS]);
    expect(machine.findings()).toEqual([]);
  });
});

test("the driver's own CPU stops a stream that ran dry, though its requests are answered there", async () => {
  partFrom("ack", PERIODS);
  expect(stream.prepare()).toBe(0);
  expect(write(run(1, RING))).toBe(RING);
  expect(stream.start()).toBe(0);
  let state = "RUNNING";
  for (let look = 0; state === "RUNNING" && look < 10_000; look++) {
    state = stream.state;
    nap(1);
  }
  expect(state).toBe("XRUN");
  expect(stream.prepare()).toBe(0);
  await join();
  expect(machine.findings()).toEqual([]);
});

test.each<[string, Partial<VirtioSndRule>, number]>([
  ["refuses", { status: 0x8002 }, -EOPNOTSUPP],
  ["fails", { status: 0x8003 }, -errnos.EIO],
  ["never answers", { action: "never" }, -ETIMEDOUT],
])("a device that %s: what the caller sees, and the clock", async (_, rule, answer) => {
  partFrom("ack");
  expect(stream.prepare()).toBe(0);
  expect(write(run(1, RING))).toBe(RING);
  card.addRule({ request: "START", ...rule });
  const before = machine.nanoseconds;
  expect(stream.start()).toBe(answer);
  const waited = machine.nanoseconds - before;
  expect(waited).toBe(answer === -ETIMEDOUT ? 1_000_000_000n : 0n);
  await join();
});

describe("the queue lock, while another CPU has it", () => {
  /** Hundreds of the core's own waits. */
  const LONG_MS = 30;

  function lockWord(): number {
    const queue = memory()[wordAt(card.address, "CARD_QUEUES") + TX]!;
    return wordAt(queue, "VIRTQUEUE_LOCK");
  }

  function take(): void {
    expect(Atomics.exchange(memory(), lockWord(), 1)).toBe(0);
  }

  function giveBack(): void {
    expect(Atomics.exchange(memory(), lockWord(), 0)).toBe(1);
  }

  function counted(field: "APART_RAISED" | "APART_HANDLED"): number {
    return Atomics.load(memory(), wordAt(apart, field) + TX);
  }

  function awaitCount(field: "APART_RAISED" | "APART_HANDLED"): void {
    for (let look = 0; counted(field) === 0 && look < 10_000; look++) nap(1);
    expect(counted(field)).toBe(1);
  }

  test("keeps the interrupt waiting", async () => {
    partFrom("ack", 1);
    set(player, "PLAYER_CLOCK", 0);
    expect(stream.prepare()).toBe(0);
    expect(write(run(1, RING))).toBe(RING);
    expect(stream.start()).toBe(0);
    take();
    set(player, "PLAYER_CLOCK", 1);
    Atomics.add(memory(), wordAt(apart, "APART_BELL"), 1);
    awaitCount("APART_RAISED");
    nap(LONG_MS);
    expect(counted("APART_HANDLED")).toBe(0);
    giveBack();
    awaitCount("APART_HANDLED");
    await join();
  });

  test("keeps the program from exposing what it wrote", async () => {
    const [program] = threads.threads;
    partFrom("ack", 1);
    expect(stream.swParams({ startThreshold: PERIOD, stopThreshold: 2 * RING }).result).toBe(0);
    expect(stream.prepare()).toBe(0);
    const sound = task.map({ at: SOUND, length: PAGE, populate: true });
    // of 4 bytes, as the program counts
    const frames = PERIOD / 4;
    const script = { captures: 0, write: frames, period: frames, ring: PERIODS * frames, frames, start: frames }; // prettier-ignore
    const notes = machine.exports.virtioAllocate(notesBytes(1));
    const soundLinear = task.linearOf(sound.address)!;
    const places = { stream: stream.handle, sound: SOUND, soundLinear, apart, player, notes, beginnings: 1 }; // prettier-ignore
    take();
    program!.begin("virtioApplication", applicationNumbers({ ...script, ...places, pace: paces.free })); // prettier-ignore
    nap(LONG_MS);
    expect([program!.state, card.counters("tx")!.availableIndex]).toEqual(["called", 0]);
    giveBack();
    await threads.untilAtRest([program!]);
    expect([program!.take(), card.counters("tx")!.availableIndex]).toEqual([frames, 1]);
    await join();
  });
});

test.each(designNames)(
  "%s starts and plays in the threads build with one thread alone",
  async (design) => {
    const bed = await virtioBed({ design, build: "threads", software: { startThreshold: RING } });
    const period = run(1);
    for (let count = 0; count < PERIODS; count++) expect(writeTo(bed, period)).toBe(PERIOD);
    expect(bed.stream.state).toBe("RUNNING");
    expect(complete(bed)).toBe(1);
  },
);
