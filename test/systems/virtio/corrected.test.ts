import { describe, expect, test } from "vitest";
import { pcmBlocked } from "../../../src/index.ts";
import type { VirtioSndDesign } from "../../../src/systems/virtio/description.ts";
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
  type VirtioBed,
  type VirtioBedOptions,
} from "./bed.ts";

/** What the driver of 6.7 leaves open, each as it is and in the corrected design. */

const XRUN_EVENT = 0x1101;
const SILENCE = 0x80;
const HALF = PERIOD / 2;

type Options = Omit<VirtioBedOptions, "design">;

const full = { software: { startThreshold: RING } };
const capture = { direction: 1 } as const;

/** The same program on both designs: what each comes to. */
async function onBoth<Outcome>(
  options: Options,
  program: (bed: VirtioBed) => Outcome,
): Promise<{ readonly ack: Outcome; readonly corrected: Outcome }> {
  const outcomeOf = async (design: VirtioSndDesign): Promise<Outcome> =>
    program(await virtioBed({ design, ...options }));
  return { ack: await outcomeOf("ack"), corrected: await outcomeOf("corrected") };
}

/** Four periods of 1, 2, 3, 4: the stream runs. */
function fill(bed: VirtioBed): void {
  for (const value of [1, 2, 3, 4]) write(bed, run(value));
}

describe("what both do", () => {
  test.each([25, PERIOD, 150, RING])(
    "writes of %i frames reach an eager device once whole",
    async (size) => {
      const total = 8 * RING;
      const written = Uint8Array.from({ length: total }, (_, at) => 1 + (at % 251));
      const { ack, corrected } = await onBoth({ software: { startThreshold: 1 } }, (bed) => {
        for (let at = 0; at < total;) {
          const { hw, appl } = pointers(bed);
          const room = RING - (appl - hw);
          const frames = Math.min(size, room, total - at);
          if (frames > 0) at += write(bed, written.subarray(at, at + frames));
          if (pointers(bed).appl - pointers(bed).hw > RING - PERIOD && at < total) complete(bed);
        }
        return Uint8Array.from(contents(bed, "expose").flatMap((content) => [...content]));
      });
      expect(ack).toEqual(written);
      expect(corrected).toEqual(written);
    },
  );

  test("a start with less than a period waits for the rest of it", async () => {
    const { ack, corrected } = await onBoth({ software: { startThreshold: 1 } }, (bed) => {
      write(bed, run(1, 25));
      bed.card.settle();
      const early = [bed.stream.state, queued(bed)];
      for (let part = 0; part < 3; part++) write(bed, run(1, 25));
      return [...early, queued(bed)];
    });
    expect(ack).toEqual(["RUNNING", [], [0]]);
    expect(corrected).toEqual(ack);
  });
});

test("F1: an xrun event is nothing; corrected, it is one at the next position read", async () => {
  const { ack, corrected } = await onBoth(full, (bed) => {
    fill(bed);
    bed.card.sendEvent(XRUN_EVENT, 0);
    bed.stream.status();
    return [bed.stream.state, write(bed, run(5))];
  });
  expect(ack).toEqual(["RUNNING", -errnos.EAGAIN]);
  expect(corrected).toEqual(["XRUN", -errnos.EPIPE]);
});

describe("F2: a captured period goes back to the device before it is read; corrected, after", () => {
  const captured = (bed: VirtioBed): unknown => {
    bed.stream.start();
    complete(bed);
    const before = queued(bed);
    const [, bytes] = read(bed, PERIOD);
    return [before, bytes[0], queued(bed)];
  };

  test("to an eager device it is lost", async () => {
    const { ack, corrected } = await onBoth({ ...capture, device: { eagerRx: true } }, captured);
    expect(ack).toEqual([[1, 2, 3, 0], 0x85, [1, 2, 3, 0]]);
    expect(corrected).toEqual([[1, 2, 3], 0x81, [1, 2, 3, 0]]);
  });

  test("and only as far as appl_ptr passed it", async () => {
    const { ack, corrected } = await onBoth(capture, (bed) => {
      bed.stream.start();
      complete(bed, 2);
      read(bed, 150);
      return queued(bed);
    });
    expect(ack).toEqual([2, 3, 0, 1]);
    expect(corrected).toEqual([2, 3, 0]);
  });
});

test("F3: a part of a period outlives PREPARE and shifts all that follows; corrected, it is forgotten", async () => {
  const { ack, corrected } = await onBoth(full, (bed) => {
    write(bed, run(9, 25));
    bed.stream.drop();
    bed.stream.prepare();
    write(bed, run(1, RING));
    const exposed = queued(bed);
    complete(bed, 4);
    return [exposed, pointers(bed).hw, bed.stream.state];
  });
  expect(ack).toEqual([[1, 2, 3], 3 * PERIOD, "RUNNING"]);
  expect(corrected).toEqual([[0, 1, 2, 3], RING, "XRUN"]);
});

describe("F4: a drain never plays the last part of a period; corrected, with its true length", () => {
  const drained = (bed: VirtioBed, frames: number): unknown => {
    write(
      bed,
      Uint8Array.from({ length: frames }, (_, at) => at % 251),
    );
    const began = bed.stream.drain();
    bed.card.settle();
    while (complete(bed) > 0) bed.card.look();
    const lengths = contents(bed, "complete").map(({ length }) => length);
    for (let answer = bed.stream.finish(); ; answer = bed.stream.finish()) {
      if (answer !== pcmBlocked) return [began, lengths, answer, pointers(bed).hw];
      bed.machine.advanceToNextTimeout();
    }
  };

  test.each([225, 25, 399])("of %i frames", async (frames) => {
    const { ack, corrected } = await onBoth({ ...full, nonblock: false }, (bed) =>
      drained(bed, frames),
    );
    const whole = Math.floor(frames / PERIOD);
    const periods = Array.from({ length: whole }, () => PERIOD);
    expect(ack).toEqual([pcmBlocked, periods, -errnos.EIO, whole * PERIOD]);
    expect(corrected).toEqual([pcmBlocked, [...periods, frames - whole * PERIOD], 0, frames]);
  });

  test("the next PREPARE has whole periods again", async () => {
    const bed = await virtioBed({ design: "corrected", ...full });
    write(bed, run(1, 25));
    expect(bed.stream.drain()).toBe(-errnos.EAGAIN);
    bed.card.settle();
    complete(bed);
    expect([bed.stream.state, bed.stream.prepare()]).toEqual(["SETUP", 0]);
    bed.card.forgetEvents();
    write(bed, run(2));
    expect(contents(bed, "expose")).toEqual([run(2)]);
  });
});

describe("F5: a whole ring that comes back between two looks", () => {
  test("is no movement, for ever; corrected, it is an xrun", async () => {
    const { ack, corrected } = await onBoth(full, (bed) => {
      fill(bed);
      complete(bed, 4, { interrupts: "one" });
      return [bed.stream.state, pointers(bed).hw, write(bed, run(5)), complete(bed)];
    });
    expect(ack).toEqual(["RUNNING", 0, -errnos.EAGAIN, -2]);
    expect(corrected).toEqual(["XRUN", 0, -errnos.EPIPE, -2]);
  });

  test("where nothing shall stop the stream, the corrected design tells it in two notifications", async () => {
    const bed = await virtioBed({ design: "corrected", ...full });
    bed.stream.swParams({ stopThreshold: bed.stream.swParams().value!.boundary });
    fill(bed);
    complete(bed, 4, { interrupts: "one" });
    expect([pointers(bed).hw, write(bed, run(5)), queued(bed)]).toEqual([RING, PERIOD, [0]]);
  });

  test("and a drain that waits for all of it ends", async () => {
    const { ack, corrected } = await onBoth({ ...full, nonblock: false }, (bed) => {
      fill(bed);
      const began = bed.stream.drain();
      complete(bed, 4, { interrupts: "one" });
      return [began, bed.stream.state, pointers(bed).hw];
    });
    expect(ack).toEqual([pcmBlocked, "DRAINING", 0]);
    expect(corrected).toEqual([pcmBlocked, "SETUP", RING]);
  });

  test("capture: corrected, the reader gets every byte of it", async () => {
    const bed = await virtioBed({ design: "corrected", ...capture });
    bed.stream.swParams({ stopThreshold: bed.stream.swParams().value!.boundary });
    bed.stream.start();
    const source = Uint8Array.from({ length: PERIOD }, (_, at) => at);
    complete(bed, 4, { interrupts: "one", source });
    expect(pointers(bed).hw).toBe(RING);
    const [frames, bytes] = read(bed, RING);
    expect([frames, bytes]).toEqual([
      RING,
      Uint8Array.of(...source, ...source, ...source, ...source),
    ]);
    expect(queued(bed)).toEqual([0, 1, 2, 3]);
  });
});

test("F6: periods that a small queue has no room for are lost; corrected, they wait", async () => {
  const queues = [64, 16, 2, 2] as const;
  const { ack, corrected } = await onBoth({ ...full, device: { queues } }, (bed) => {
    fill(bed);
    complete(bed, 2);
    const next = queued(bed);
    const played = contents(bed, "complete").map(([value]) => value);
    complete(bed, 2);
    return [next, played, contents(bed, "complete").map(([value]) => value)];
  });
  expect(ack).toEqual([[], [1, 2], []]);
  expect(corrected).toEqual([
    [2, 3],
    [1, 2],
    [3, 4],
  ]);
});

test("F6: a queue that takes nothing any more is an error of the write; as the driver is, a success", async () => {
  const { ack, corrected } = await onBoth(full, (bed) => {
    write(bed, run(1));
    complete(bed, 1, { usedLength: 8 });
    breakQueue(bed);
    return [write(bed, run(2)), pointers(bed).appl];
  });
  expect(ack).toEqual([PERIOD, 2 * PERIOD]);
  expect(corrected).toEqual([-errnos.EIO, PERIOD]);
});

/** The device returns an entry that it was never given. */
function breakQueue({ machine, card }: VirtioBed): void {
  const { used } = card.places("tx")!;
  const ring = new DataView(machine.bytes.buffer);
  const index = ring.getUint16(used + 2, true);
  ring.setUint32(used + 4 + 8 * (index % 64), 63, true);
  ring.setUint16(used + 2, index + 1, true);
  card.interrupt("tx");
}

test("F7: the end of a capture's pause counts exposed messages twice; corrected, it adds nothing", async () => {
  const { ack, corrected } = await onBoth(capture, (bed) => {
    bed.stream.start();
    complete(bed);
    read(bed, PERIOD);
    bed.stream.pause();
    bed.stream.release();
    complete(bed, 1, { captured: 0 });
    return [queued(bed).length, pointers(bed).hw];
  });
  expect(ack).toEqual([4, 3 * PERIOD]);
  expect(corrected).toEqual([3, 2 * PERIOD]);
});

test("F8: a write after RESET stores into what the device has; corrected, RESET is refused", async () => {
  const { ack, corrected } = await onBoth(full, (bed) => {
    fill(bed);
    complete(bed);
    const reset = bed.stream.reset();
    const answer = write(bed, run(9));
    const [next] = bed.card.view("tx")!.chains;
    return [reset, answer, bed.stream.state, next!.content![0]];
  });
  expect(ack).toEqual([0, -errnos.EPIPE, "XRUN", 9]);
  expect(corrected).toEqual([-errnos.EBUSY, PERIOD, "RUNNING", 2]);
});

test("F9: an underrun with a part of a period left is none; corrected, it is", async () => {
  const { ack, corrected } = await onBoth({ software: { startThreshold: 1 } }, (bed) => {
    write(bed, run(1, PERIOD + HALF));
    complete(bed);
    const state = bed.stream.state;
    return [queued(bed), state, write(bed, run(2, HALF))];
  });
  expect(ack).toEqual([[], "RUNNING", HALF]);
  expect(corrected).toEqual([[], "XRUN", -errnos.EPIPE]);
});

describe("F10: automatic silence is never exposed; corrected, when the device has nothing else", () => {
  const silenced = (bed: VirtioBed): unknown => {
    const { boundary } = bed.stream.swParams().value!;
    bed.stream.swParams({ stopThreshold: boundary, silenceSize: boundary });
    write(bed, run(1, PERIOD + HALF));
    const exposed = queued(bed);
    bed.card.forgetEvents();
    complete(bed);
    const next = contents(bed, "expose");
    complete(bed);
    return [exposed, next.map((content) => [content[0], content[PERIOD - 1]]), pointers(bed)];
  };

  test("a stream that shall never stop stands still; corrected, it plays silence behind the data", async () => {
    const { ack, corrected } = await onBoth({ software: { startThreshold: 1 } }, silenced);
    expect(ack).toEqual([[0], [], { hw: PERIOD, appl: PERIOD + HALF }]);
    expect(corrected).toEqual([[0], [[1, SILENCE]], { hw: 2 * PERIOD, appl: PERIOD + HALF }]);
  });

  test("what the program writes too late is not played again", async () => {
    const bed = await virtioBed({ design: "corrected", software: { startThreshold: 1 } });
    silenced(bed);
    expect(queued(bed)).toEqual([2]);
    bed.card.forgetEvents();
    write(bed, run(2, HALF + PERIOD));
    write(bed, run(3));
    expect(contents(bed, "expose")).toEqual([run(3)]);
  });
});

test("beyond the list: periods that come back out of order count when all before them are back", async () => {
  const { ack, corrected } = await onBoth(full, (bed) => {
    fill(bed);
    complete(bed, 1, { first: 1 });
    const early = pointers(bed).hw;
    complete(bed, 1, { first: 0 });
    return [early, pointers(bed).hw];
  });
  expect(ack).toEqual([PERIOD, 2 * PERIOD]);
  expect(corrected).toEqual([0, 2 * PERIOD]);
});

test("beyond the list: a capture message that is not full stands for its period, silent behind its bytes", async () => {
  const { ack, corrected } = await onBoth(capture, (bed) => {
    bed.stream.start();
    complete(bed, 2, { captured: 60, source: run(1, 60) });
    const [frames, bytes] = read(bed, 2 * PERIOD);
    return [frames, bytes[PERIOD], bytes[60]];
  });
  expect(ack).toEqual([120, 1, 0]);
  expect(corrected).toEqual([2 * PERIOD, 1, SILENCE]);
});
