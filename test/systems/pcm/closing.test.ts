import { describe, expect, test } from "vitest";
import { PcmStream, UsageError, pcmBlocked, type BuildName } from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";
import { BUFFER_FRAMES, PERIOD_FRAMES, SOUND, preparedBed, preparedStream } from "./playback.ts";

/** Closing a file in which a call sleeps, and whose task or device goes first. */

const EBUSY = 16;
const sleeping = "stream a task sleeps in a call on it";
const builds = ["release", "study", "profile", "threads"] as const satisfies readonly BuildName[];

describe.each(builds)("a stream that is slept on, in the %s build", (build) => {
  test("is not closed, by nobody, until the call has ended", async () => {
    const { stream, machine } = await preparedBed({ nonblock: false, build });
    const filled = stream.writei(SOUND, BUFFER_FRAMES);
    expect([filled, stream.writei(SOUND, 1)]).toEqual([BUFFER_FRAMES, pcmBlocked]);
    expect(() => stream.close()).toThrow(sleeping);
    const { exports } = machine;
    const refused = [exports.pcmShut(0, stream.handle), exports.pcmFree(stream.handle)];
    expect(refused).toEqual([-EBUSY, -EBUSY]);

    stream.setPosition(PERIOD_FRAMES);
    stream.periodElapsed();
    expect(stream.finish()).toBe(1);
    stream.close();
    expect(stream.isOpen).toBe(false);
  });

  test("is not closed while it drains", async () => {
    const { stream } = await preparedBed({ nonblock: false, build });
    stream.writei(SOUND, PERIOD_FRAMES);
    expect(stream.drain()).toBe(pcmBlocked);
    expect(() => stream.close()).toThrow(UsageError);
    stream.setPosition(PERIOD_FRAMES);
    stream.periodElapsed();
    expect(stream.finish()).toBe(0);
    stream.close();
  });

  test("ends a linked stream's drain with its own close, and leaves its successor alone", async () => {
    const machine = await machineOf({ build, memory: "4M", cpus: 2 });
    const [first, second] = [machine.createTask({ cpu: 0 }), machine.createTask({ cpu: 1 })];
    for (const task of [first, second]) task.map({ at: SOUND, length: 8192, populate: true });
    const draining = preparedStream(first);
    const member = preparedStream(second);
    for (const stream of [draining, member]) stream.swParams({ startThreshold: BUFFER_FRAMES + 1 });
    draining.link(member);
    for (const stream of [draining, member]) stream.writei(SOUND, PERIOD_FRAMES);
    expect([draining.start(), draining.drain()]).toEqual([0, pcmBlocked]);
    const place = member.handle;
    member.close();
    const successor = preparedStream(second);
    expect(successor.handle).toBe(place);

    expect(draining.finish()).toBe(0);
    successor.writei(SOUND, BUFFER_FRAMES);
    expect(successor.writei(SOUND, 1)).toBe(pcmBlocked);
    successor.setPosition(PERIOD_FRAMES);
    successor.periodElapsed();
    expect(successor.finish()).toBe(1);
    for (const stream of [draining, successor]) stream.close();
  });
});

describe("a task that ends", () => {
  test.each(["exit", "die"] as const)("by %s leaves its files to be closed", async (end) => {
    const { stream, task, machine } = await preparedBed({ nonblock: false });
    stream.writei(SOUND, BUFFER_FRAMES);
    expect(stream.writei(SOUND, 1)).toBe(pcmBlocked);
    task[end]();
    expect([stream.state, stream.field("twake")]).toEqual(["RUNNING", 0n]);
    expect(stream.close().map(({ name }) => name)).toContain("close");
    const other = machine.createTask();
    other.map({ at: SOUND, length: 8192, populate: true });
    expect(preparedStream(other).writei(SOUND, PERIOD_FRAMES)).toBe(PERIOD_FRAMES);
  });

  test("gives all memory back once its file is closed", async () => {
    const { machine } = await preparedBed();
    const used = (): number => {
      const task = machine.createTask();
      const stream = preparedStream(task);
      stream.writei(0, BUFFER_FRAMES);
      stream.writen([0], 1);
      stream.writei(0, 1);
      task.exit();
      stream.close();
      return machine.framesInUse;
    };
    const once = used();
    for (let round = 0; round < 50; round++) used();
    expect(used()).toBe(once);
  });

  test("makes no call any more", async () => {
    const { stream, task } = await preparedBed();
    task.exit();
    expect(() => stream.prepare()).toThrow("task has ended");
    expect(() => stream.write(SOUND, 4)).toThrow("task has ended");
    stream.close();
  });
});

describe("a device that closes files", () => {
  test("may close the one a call is made on: the call is not made", async () => {
    const { stream, task } = await preparedBed();
    let armed = false;
    const pointer = (): number => {
      if (armed) stream.close();
      return 0;
    };
    const other = preparedStream(task, { nonblock: true, device: { pointer } });
    other.writei(SOUND, BUFFER_FRAMES);
    armed = true;
    expect(() => stream.ioctl("native", 0)).toThrow("stream was closed");
    expect(stream.isOpen).toBe(false);
  });

  test("may close its own file when it is told of the close", async () => {
    const { task } = await preparedBed();
    const own: PcmStream = preparedStream(task, {
      device: {
        called: ({ name }) => {
          if (name === "hw_free") own.close();
        },
      },
    });
    own.close();
    expect(own.isOpen).toBe(false);
  });
});
