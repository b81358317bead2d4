import { describe, expect, test } from "vitest";
import {
  PcmStream,
  pcmBlocked,
  runPrograms,
  type BuildName,
  type Machine,
  type Operation,
  type Program,
  type Task,
} from "../../../src/index.ts";
import { kindsOf, machineOf } from "../../machine/pool.ts";
import {
  BUFFER_FRAMES,
  FRAME_BYTES,
  PERIOD_FRAMES,
  SOUND,
  moveTo,
  preparedBed,
  type PcmBed,
} from "./playback.ts";

/** A file that is closed while its pages are mapped: its device goes on, and the last mapping takes it along. */

const AT = 0x4000_0000;
const ELSEWHERE = 0x5000_0000;
const PAGE = 4096;
const EFAULT = 14;
const ENODEV = 19;
const EBADFD = 77;
const PERIODS = 8;
/** A ring of four pages, which may be mapped (MMAP_INTERLEAVED). */
const RING_PAGES = 4;
const RING_FRAMES = (RING_PAGES * PAGE) / FRAME_BYTES;
const ringOfPages = { access: 0, periodSize: RING_FRAMES / PERIODS, bufferSize: RING_FRAMES };
const builds = ["release", "study", "profile", "threads"] as const satisfies readonly BuildName[];
const areas = ["ring", "status", "control"] as const;
/** HWPTR of the status page. */
const HW_PTR = 8;

const namesOf = (stream: PcmStream): string[] => stream.takeDriverCalls().map(({ name }) => name);
/** What the driver is asked by the release of a stream that runs, and of one that stands. */
const STOPPED = ["trigger:stop", "hw_free", "close"];
const STANDING = ["hw_free", "close"];

/** A playback stream starts only with something to play. */
function startFull(stream: PcmStream): void {
  stream.forward(PERIOD_FRAMES);
  expect(stream.start()).toBe(0);
}

/** A running stream whose ring is mapped, all four pages, and which is closed. */
async function closedBed(build: BuildName = "release"): Promise<PcmBed> {
  const bed = await preparedBed({ build, configuration: ringOfPages });
  const { stream } = bed;
  expect(stream.mmap("ring", AT, RING_PAGES * PAGE, "rw")).toBe(0);
  startFull(stream);
  stream.takeDriverCalls();
  expect(stream.close()).toEqual([]);
  expect([stream.isOpen, stream.isReleased]).toEqual([false, false]);
  return bed;
}

/** The call before was the one that released it, its record is given back, and nobody broke a rule. */
function expectReleased({ stream, machine }: Pick<PcmBed, "stream" | "machine">): void {
  expect([stream.isReleased, namesOf(stream)]).toEqual([true, STOPPED]);
  expect(() => stream.state).toThrow("stream was closed");
  expect(kindsOf(machine)).toEqual([]);
}

function expectHeld({ stream, machine }: Pick<PcmBed, "stream" | "machine">): void {
  expect([stream.isReleased, stream.state, namesOf(stream)]).toEqual([false, "RUNNING", []]);
  expect(kindsOf(machine)).toEqual([]);
}

/** A program's call that takes the whole ring away. */
function munmapOf({ machine, task }: Pick<PcmBed, "machine" | "task">): Operation {
  const { rawExports } = machine;
  const call = (): number =>
    rawExports.unmapMemory(task.cpu, task.handle, AT, 0, RING_PAGES * PAGE, 0);
  return { name: "munmap", call };
}

describe.each(builds)("the last mapping of a closed file, in the %s build", (build) => {
  test("goes with munmap", async () => {
    const bed = await closedBed(build);
    expect(bed.task.unmap(AT, RING_PAGES * PAGE)).toBe(0);
    expectReleased(bed);
  });

  test("goes piece by piece, from the middle of the area too", async () => {
    const bed = await closedBed(build);
    for (const page of [1, 3, 0]) {
      bed.task.unmap(AT + page * PAGE, PAGE);
      expectHeld(bed);
    }
    bed.task.unmap(AT + 2 * PAGE, PAGE);
    expectReleased(bed);
  });

  test("goes when another mapping takes its place", async () => {
    const bed = await closedBed(build);
    bed.task.map({ at: AT, length: (RING_PAGES - 1) * PAGE });
    expectHeld(bed);
    bed.task.map({ at: AT + (RING_PAGES - 1) * PAGE, length: PAGE });
    expectReleased(bed);
  });

  test("goes when another file's takes its place", async () => {
    const bed = await closedBed(build);
    const other = PcmStream.open(bed.task);
    expect([other.configure(ringOfPages), other.descriptor]).toEqual([0, 3]);
    expect(other.mmap("ring", AT, RING_PAGES * PAGE, "rw")).toBe(0);
    expectReleased(bed);
    expect([other.isReleased, other.state]).toEqual([false, "SETUP"]);
  });

  test("moves with mremap, and goes at its new place", async () => {
    const bed = await closedBed(build);
    const length = RING_PAGES * PAGE;
    const moved = bed.task.remap(AT, length, length, {
      mayMove: true,
      fixed: true,
      newAddress: ELSEWHERE,
    });
    expect(moved).toBe(BigInt(ELSEWHERE));
    expectHeld(bed);
    expect(bed.task.unmap(AT, length)).toBe(0);
    expectHeld(bed);
    bed.task.unmap(ELSEWHERE, length);
    expectReleased(bed);
  });

  test("goes when mremap leaves nothing of it, or brings something else to its place", async () => {
    const bed = await closedBed(build);
    expect(bed.task.remap(AT, RING_PAGES * PAGE, PAGE)).toBe(BigInt(AT));
    expectHeld(bed);
    bed.task.map({ at: ELSEWHERE, length: PAGE });
    bed.task.remap(ELSEWHERE, PAGE, PAGE, { mayMove: true, fixed: true, newAddress: AT });
    expectReleased(bed);
  });

  test("is a child's, which has a copy", async () => {
    const bed = await closedBed(build);
    const child = bed.task.fork();
    bed.task.unmap(AT, RING_PAGES * PAGE);
    expectHeld(bed);
    child.exit();
    expectReleased(bed);
  });

  test.each(["exit", "die"] as const)("goes with the last of the threads (%s)", async (end) => {
    const bed = await closedBed(build);
    const thread = bed.machine.createTask({ sharing: bed.task, cpu: 1 });
    bed.task[end]();
    expectHeld(bed);
    thread[end]();
    expectReleased(bed);
  });

  test("goes with exec", async () => {
    const bed = await closedBed(build);
    bed.task.exec([], []);
    expectReleased(bed);
  });

  test("goes in the middle of a program", async () => {
    const bed = await closedBed(build);
    const { machine, task } = bed;
    function* program(): Program {
      expect(yield munmapOf(bed)).toBe(0);
    }
    runPrograms(machine, [{ task, body: program() }]);
    expectReleased(bed);
  });

  test("goes in a program that throws then", async () => {
    const bed = await closedBed(build);
    const { machine, task } = bed;
    function* program(): Program {
      yield munmapOf(bed);
      throw new Error("of the program");
    }
    const run = (): unknown => runPrograms(machine, [{ task, body: program() }]);
    expect(run).toThrow("of the program");
    expectReleased(bed);
  });
});

test.each(areas)("the mapped %s alone holds it, and stays with the program", async (area) => {
  const { stream, task } = await preparedBed({ configuration: ringOfPages });
  expect(stream.mmap(area, AT, PAGE, area === "status" ? "r" : "rw")).toBe(0);
  expect(stream.close()).toEqual([]);
  expect([stream.isReleased, task.touch(AT, "read")]).toEqual([false, true]);
  task.unmap(AT, PAGE);
  expect([stream.isReleased, namesOf(stream)]).toEqual([true, STANDING]);
});

test("of several mapped areas the last one counts, and an open file is released by its close", async () => {
  const { stream, task } = await preparedBed({ configuration: ringOfPages });
  for (const [index, area] of areas.entries()) {
    expect(stream.mmap(area, AT + index * PAGE, PAGE, "r")).toBe(0);
  }
  task.unmap(AT, PAGE);
  expect(stream.isReleased).toBe(false);
  stream.close();
  task.unmap(AT + PAGE, PAGE);
  expect(stream.isReleased).toBe(false);
  task.unmap(AT + 2 * PAGE, PAGE);
  expect(stream.isReleased).toBe(true);
  const other = PcmStream.open(task);
  expect(other.close().map(({ name }) => name)).toEqual(["open", "close"]);
  expect(other.isReleased).toBe(true);
});

test.each(areas)("the mapped %s does not grow", async (area) => {
  const { stream, task } = await preparedBed({ configuration: ringOfPages });
  expect(stream.mmap(area, AT, PAGE, "r")).toBe(0);
  expect(task.remap(AT, PAGE, 2 * PAGE)).toBe(-EFAULT);
  const moving = { mayMove: true, fixed: true, newAddress: ELSEWHERE };
  expect(task.remap(AT, PAGE, 2 * PAGE, moving)).toBe(-EFAULT);
  expect(task.remap(AT, PAGE, PAGE, moving)).toBe(BigInt(ELSEWHERE));
});

test.each(["ring", "control"] as const)("the mapped %s stays the driver's", async (area) => {
  const { stream, task, machine } = await preparedBed({ configuration: ringOfPages });
  expect([stream.mmap(area, AT, PAGE, "rw"), task.touch(AT, "write")]).toEqual([0, true]);
  const page = task.linearOf(AT);
  const frames = machine.framesInUse;
  expect(task.advise(AT, PAGE, "remove")).toBe(-ENODEV);
  expect([machine.framesInUse, task.linearOf(AT)]).toEqual([frames, page]);
  task.mapDevice({ at: ELSEWHERE, length: PAGE });
  expect(task.advise(ELSEWHERE, PAGE, "remove")).toBe(-ENODEV);
});

describe("a closed file whose pages are mapped", () => {
  test("plays on: its status page moves", async () => {
    const bed = await preparedBed({ configuration: ringOfPages });
    const { stream, task } = bed;
    const status = AT + RING_PAGES * PAGE;
    stream.mmap("status", status, PAGE, "r");
    expect(task.touch(status, "read")).toBe(true);
    stream.mmap("control", AT, PAGE, "rw");
    stream.forward(RING_FRAMES);
    stream.start();
    stream.close();
    const frames = RING_FRAMES / PERIODS;
    moveTo(stream, frames);
    const hwPtr = task.linearOf(status)! + HW_PTR;
    expect(bed.machine.wideAt(hwPtr)).toBe(BigInt(frames));
    expect(stream.field("hw_ptr")).toBe(BigInt(frames));
    stream.reportXrun();
    expect(stream.state).toBe("XRUN");
  });

  test("takes no calls", async () => {
    const { stream } = await closedBed();
    const calls = [
      () => stream.ioctl("native", 0),
      () => stream.write(SOUND, FRAME_BYTES),
      () => stream.mmap("status", ELSEWHERE, PAGE, "r"),
      () => stream.poll(),
      () => stream.descriptor,
      () => stream.handle,
      () => stream.close(),
    ];
    for (const call of calls) expect(call).toThrow("stream was closed");
  });

  test("leaves the page of its verbs to another", async () => {
    const { stream, task } = await closedBed();
    const next = PcmStream.open(task);
    expect(next.argument).toBe(stream.argument);
    const page = task.linearOf(next.argument);
    expect(() => stream.configure(ringOfPages)).toThrow("stream was closed");
    expect(() => stream.status()).toThrow("stream was closed");
    expect(task.linearOf(next.argument)).toBe(page);
  });

  test("keeps its substream, and its number is free", async () => {
    const { stream, task } = await preparedBed({ configuration: ringOfPages });
    stream.mmap("ring", AT, PAGE, "rw");
    const number = stream.descriptor;
    stream.close();
    const next = PcmStream.open(task);
    expect([next.descriptor, next.info().value!.subdevice]).toEqual([number, 1]);
    const third = PcmStream.open(task);
    next.close();
    expect(PcmStream.open(task).info().value!.subdevice).toBe(1);
    task.unmap(AT, PAGE);
    expect(PcmStream.open(task).info().value!.subdevice).toBe(0);
    third.close();
  });

  test("stays in its group, and nobody links to it", async () => {
    const { stream, task, machine } = await preparedBed({ configuration: ringOfPages });
    const other = PcmStream.open(task, { nonblock: true });
    other.configure({ periodSize: PERIOD_FRAMES, bufferSize: BUFFER_FRAMES });
    other.prepare();
    other.link(stream);
    const number = stream.descriptor;
    stream.mmap("ring", AT, PAGE, "rw");
    for (const member of [stream, other]) member.forward(PERIOD_FRAMES);
    stream.close();
    expect(other.start()).toBe(0);
    expect(stream.state).toBe("RUNNING");
    const link = machine.constant("IOCTL_LINK");
    expect(other.ioctl("native", link, number)).toBe(-EBADFD);
    task.unmap(AT, PAGE);
    expect([other.state, namesOf(stream).slice(-STOPPED.length)]).toEqual(["SETUP", STOPPED]);
  });

  test("is released after its card was removed too", async () => {
    const bed = await closedBed();
    bed.stream.disconnect();
    expect([bed.stream.state, namesOf(bed.stream)]).toEqual(["DISCONNECTED", ["trigger:stop"]]);
    bed.task.unmap(AT, RING_PAGES * PAGE);
    expect([bed.stream.isReleased, namesOf(bed.stream)]).toEqual([true, STANDING]);
  });

  test("tells a device of your own once the mapping is gone", async () => {
    const told: string[] = [];
    const states: string[] = [];
    const { task, stream } = await preparedBed({
      configuration: ringOfPages,
      device: {
        called: ({ name }, substream) => {
          told.push(name);
          states.push(substream.state);
        },
      },
    });
    stream.mmap("ring", AT, PAGE, "rw");
    told.length = 0;
    expect([stream.close(), told]).toEqual([[], []]);
    states.length = 0;
    task.unmap(AT, PAGE);
    expect([told, states]).toEqual([STANDING, ["SETUP", "SETUP"]]);
    expect([stream.calledError, stream.takeDriverCalls()]).toEqual([undefined, []]);
  });

  test("is there until its device was told of all, which may unmap memory itself", async () => {
    const states: string[] = [];
    let unmaps = (): void => undefined;
    const { task, stream } = await preparedBed({
      configuration: ringOfPages,
      device: {
        called: (_, substream) => {
          unmaps();
          states.push(substream.state);
        },
      },
    });
    const other = PcmStream.open(task);
    other.configure(ringOfPages);
    stream.mmap("ring", AT, PAGE, "rw");
    other.mmap("status", ELSEWHERE, PAGE, "r");
    stream.close();
    other.close();
    other.takeDriverCalls();
    states.length = 0;
    unmaps = () => void task.unmap(ELSEWHERE, PAGE);
    task.unmap(AT, PAGE);
    expect([states, stream.calledError]).toEqual([["SETUP", "SETUP"], undefined]);
    expect(namesOf(other)).toEqual(STANDING);
    expect(() => other.state).toThrow("stream was closed");
  });

  test("is asked where it stands until it is released, and not after that", async () => {
    let asked = 0;
    const { task, stream } = await preparedBed({
      configuration: ringOfPages,
      device: { pointer: () => (asked += 1) },
    });
    stream.mmap("ring", AT, PAGE, "rw");
    startFull(stream);
    stream.close();
    const other = PcmStream.open(task);
    asked = 0;
    other.hwsync();
    expect(asked).toBe(1);
    task.unmap(AT, PAGE);
    other.hwsync();
    expect(asked).toBe(1);
    expect(() => stream.state).toThrow("stream was closed");
  });

  test("is closed in whose call nobody sleeps, as any other", async () => {
    const { stream, task } = await preparedBed({ nonblock: false, configuration: { access: 3 } });
    stream.mmap("status", AT, PAGE, "r");
    stream.writei(SOUND, BUFFER_FRAMES);
    expect(stream.writei(SOUND, 1)).toBe(pcmBlocked);
    expect(() => stream.close()).toThrow("stream a task sleeps in a call on it");
    task.unmap(AT, PAGE);
    expect([stream.isOpen, stream.isReleased]).toEqual([true, false]);
  });
});

describe("the record of a closed file", () => {
  const used = (machine: Machine, task: Task): number => {
    const stream = PcmStream.open(task);
    stream.configure({ ...ringOfPages });
    stream.mmap("ring", AT, RING_PAGES * PAGE, "rw");
    stream.mmap("status", ELSEWHERE, PAGE, "r");
    stream.close();
    task.unmap(stream.argument, PAGE);
    task.unmap(AT, RING_PAGES * PAGE);
    task.unmap(ELSEWHERE, PAGE);
    expect(stream.isReleased).toBe(true);
    return machine.framesInUse;
  };

  test("is given back with the last mapping, whoever asks", async () => {
    const machine = await machineOf({ memory: "4M" });
    const task = machine.createTask();
    const once = used(machine, task);
    for (let round = 0; round < 30; round++) used(machine, task);
    expect(used(machine, task)).toBe(once);
  });

  test("is there again after a restore, and is given back once more", async () => {
    const bed = await closedBed();
    const { machine, task } = bed;
    const before = machine.snapshot();
    task.unmap(AT, RING_PAGES * PAGE);
    expectReleased(bed);
    machine.restore(before);
    expectHeld(bed);
    task.unmap(AT, RING_PAGES * PAGE);
    expectReleased(bed);
  });

  test("says nothing of a release that a restore took back", async () => {
    const { stream, task, machine } = await preparedBed({ configuration: ringOfPages });
    stream.mmap("ring", AT, PAGE, "rw");
    const open = machine.snapshot();
    stream.close();
    task.unmap(AT, PAGE);
    machine.restore(open);
    task.unmap(AT, PAGE);
    expect(stream.close().map(({ name }) => name)).toEqual(STANDING);
    expect(() => stream.takeDriverCalls()).toThrow("stream was closed");
  });
});
