import { describe, expect, test } from "vitest";
import { pcmBlocked } from "../../../src/systems/pcm/stream.ts";
import {
  complete,
  contents,
  errnos,
  PERIOD,
  pointers,
  queued,
  read,
  RING,
  run,
  virtioBed,
  write,
} from "./bed.ts";

/** The driver's path as each design has it: the rows of the test list that no recording shows by name. */

const EVENT_XRUN = 0x1101;
const POLLING = 1 << 2;
const IO_ERR = 0x8003;
const NOT_SUPP = 0x8002;
const full = { startThreshold: RING };

test("polling: no kick, and the device still sees the messages", async () => {
  const bed = await virtioBed({ design: "ack", features: POLLING, software: full });
  write(bed, run(1, RING));
  const kicks = bed.card
    .takeEvents()
    .filter((event) => event.kind === "kick" && event.queue === "tx");
  expect([kicks, queued(bed)]).toEqual([[], [0, 1, 2, 3]]);
});

test("F: quarters gather, and the fourth exposes", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  const states = [1, 2, 3, 4].map((value) => [write(bed, run(value, 25)), queued(bed).length]);
  expect(states).toEqual([
    [25, 0],
    [25, 0],
    [25, 0],
    [25, 1],
  ]);
});

test("F: 250 bytes at 350 complete messages 3, then 0 and 1: a kick for each piece", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  write(bed, run(1, 350));
  bed.stream.start();
  complete(bed, 3);
  bed.card.forgetEvents();
  write(bed, run(2, 250));
  const events = bed.card.takeEvents();
  const offsets = events.map((event) =>
    event.kind === "expose" ? event.pieces[1]!.offset / PERIOD : event.kind,
  );
  expect(offsets).toEqual(["kick", 3, "kick", 0, 1]);
});

describe("an xrun event while it runs", () => {
  test.each([
    ["mmap", "XRUN", -errnos.EPIPE],
    ["ack", "RUNNING", -errnos.EAGAIN],
  ] as const)("%s", async (design, state, answer) => {
    const bed = await virtioBed({ design, software: full });
    write(bed, run(1, RING));
    bed.card.sendEvent(EVENT_XRUN, 0);
    bed.stream.status();
    expect([bed.stream.state, write(bed, run(2))]).toEqual([state, answer]);
  });

  test("A: a completion before the look clears it", async () => {
    const bed = await virtioBed({ design: "mmap", software: full });
    write(bed, run(1, RING));
    bed.card.sendEvent(EVENT_XRUN, 0);
    complete(bed);
    bed.stream.status();
    expect(bed.stream.state).toBe("RUNNING");
  });

  test("A: a write that meets it with a full ring sleeps over it, and is told at its time limit", async () => {
    const bed = await virtioBed({ design: "mmap", software: full, nonblock: false });
    write(bed, run(1, RING));
    bed.card.sendEvent(EVENT_XRUN, 0);
    expect(write(bed, run(2))).toBe(pcmBlocked);
    expect([bed.stream.state, bed.stream.finish()]).toEqual(["XRUN", pcmBlocked]);
    bed.machine.advanceToNextTimeout();
    expect(bed.stream.finish()).toBe(-errnos.EPIPE);
  });
});

test.each([
  [68, 60],
  [8, PERIOD],
  [3, PERIOD],
])("a captured message of used length %i moves the position by %i", async (usedLength, moved) => {
  const bed = await virtioBed({ design: "ack", direction: 1 });
  bed.stream.start();
  complete(bed, 1, { usedLength });
  expect(pointers(bed).hw).toBe(moved);
});

test("latency is delay on top of what is queued", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  write(bed, run(1, RING));
  complete(bed, 1, { latency: 40 });
  expect(Number(bed.stream.delay().value)).toBe(RING - PERIOD + 40);
});

test("an I/O message that comes back with an error counts as played", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  write(bed, run(1, RING));
  complete(bed, 1, { status: IO_ERR });
  expect([pointers(bed).hw, bed.stream.state]).toEqual([PERIOD, "RUNNING"]);
});

test.each([
  [{ status: IO_ERR }, -errnos.EIO],
  [{ status: NOT_SUPP }, -95],
  [{ status: 0 }, -errnos.EINVAL],
  [{ action: "never" as const }, -110],
])("START answered %o gives %i", async (how, answer) => {
  const rules = [{ request: "START" as const, ...how }];
  const bed = await virtioBed({ design: "ack", device: { rules }, software: full });
  write(bed, run(1));
  const before = bed.machine.nanoseconds;
  expect([bed.stream.start(), bed.stream.state]).toEqual([answer, "PREPARED"]);
  expect(bed.machine.nanoseconds - before).toBe(answer === -110 ? 1_000_000_000n : 0n);
});

test("F refuses to rewind: 0 frames, and nothing changes", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  write(bed, run(1, RING));
  const before = queued(bed);
  expect([bed.stream.rewind(PERIOD), pointers(bed).appl, queued(bed)]).toEqual([0, RING, before]);
});

test("F: appl_ptr moved by 250 in one go exposes two messages, and the third is half full", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  bed.stream.sync({ applPtr: 250 });
  expect(queued(bed)).toEqual([0, 1]);
  bed.stream.sync({ applPtr: 300 });
  expect(queued(bed)).toEqual([0, 1, 2]);
});

test("two completions before the notification are one movement", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  write(bed, run(1, RING));
  bed.card.complete({ queue: "tx", count: 2, interrupts: "each" });
  expect(pointers(bed).hw).toBe(2 * PERIOD);
});

test("what a transfer moves is the least of request, room and way to the ring's end", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  const sizes = [130, 170, 130, 90, 130];
  const answers = sizes.map((size) => {
    const answer = write(bed, run(1, size));
    if (answer < size) complete(bed);
    return answer;
  });
  expect(answers).toEqual([130, 170, 100, 90, 10]);
});

test("kicks: none while the device says so, without the event index", async () => {
  const bed = await virtioBed({ design: "ack", software: full });
  bed.card.setUsedFlags("tx", 1);
  write(bed, run(1));
  expect(bed.card.takeEvents()).toEqual([]);
  expect(queued(bed)).toEqual([0]);
});

test("short captures shift the stream: stale bytes between the good ones", async () => {
  const bed = await virtioBed({ design: "ack", direction: 1 });
  bed.stream.start();
  complete(bed, 1, { captured: 60, source: run(1, 60) });
  complete(bed, 1, { captured: 60, source: run(2, 60) });
  expect(read(bed, 120)[1]).toEqual(Uint8Array.of(...run(1, 60), ...run(0, 40), ...run(2, 20)));
  expect(contents(bed, "complete")).toHaveLength(2);
});
