import { describe, expect, test } from "vitest";
import fc from "../../support/properties.ts";
import { pcmBlocked, type VirtioSndDesign } from "../../../src/index.ts";
import { kindsOf } from "../../machine/pool.ts";
import {
  complete,
  configure,
  PERIOD,
  read,
  RING,
  run,
  virtioBed,
  write,
  type VirtioBed,
} from "./bed.ts";

/**
 * The other side is nobody's friend: a device that stores whatever it likes into its rings and the answers, and a
 * driver that does. Nothing of it traps, touches memory outside of RAM or of others, or goes on for ever.
 */

const DESIGNS = ["mmap", "copy", "copy-bytes", "ack-modulo", "ack", "corrected"] as const;
const QUEUES = [8, 8, 8, 8] as const;
const ENTRY_BYTES = 16;
const CANARY = 0x30000000;
const CANARY_BYTES = 2 * 4096;
const CANARY_BYTE = 0xa5;
const ETIMEDOUT = 110;
const EBADFD = 77;
const MOST_SLEEPS = 8;

const queueNames = ["ctl", "evt", "tx", "rx"] as const;
const word = fc.oneof(
  fc.constantFrom(0, 1, 7, 8, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0xfffffff0, 0xffffffff),
  fc.integer({ min: 0, max: 64 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);

/** What a side stores, or lets happen. */
const act = fc.oneof(
  fc.record({
    kind: fc.constant("used" as const),
    queue: fc.constantFrom(...queueNames),
    slot: fc.nat(7),
    id: word,
    length: word,
  }),
  fc.record({
    kind: fc.constant("usedIndex" as const),
    queue: fc.constantFrom(...queueNames),
    value: fc.integer({ min: 0, max: 0xffff }),
  }),
  fc.record({
    kind: fc.constant("flags" as const),
    queue: fc.constantFrom(...queueNames),
    value: fc.integer({ min: 0, max: 0xffff }),
  }),
  fc.record({ kind: fc.constant("interrupt" as const), queue: fc.constantFrom(...queueNames) }),
  fc.record({ kind: fc.constant("event" as const), code: word, data: word }),
  fc.record({
    kind: fc.constant("complete" as const),
    count: fc.nat(6),
    first: fc.nat(5),
    usedLength: word,
  }),
  fc.record({ kind: fc.constant("call" as const), which: fc.nat(8) }),
);
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

const descriptorAct = fc.record({
  queue: fc.constantFrom(...queueNames),
  entry: fc.nat(7),
  address: fc.tuple(word, fc.constantFrom(0, 0, 0, 1, 0xffffffff)),
  length: word,
  flags: fc.integer({ min: 0, max: 7 }),
  next: fc.integer({ min: 0, max: 0xffff }),
  head: fc.integer({ min: 0, max: 0xffff }),
  index: fc.integer({ min: 0, max: 0xffff }),
});

function viewOf({ machine }: VirtioBed): DataView {
  return new DataView(machine.bytes.buffer);
}

/** What a program may ask for at any time. */
function call(bed: VirtioBed, which: number): void {
  const { stream } = bed;
  const calls: readonly (() => unknown)[] = [
    () => write(bed, run(1)),
    () => write(bed, run(2, RING)),
    () => read(bed, PERIOD),
    () => stream.status(),
    () => stream.start(),
    () => stream.drop(),
    () => stream.prepare(),
    () => stream.pause(),
    () => stream.hwsync(),
  ];
  calls[which]!();
  awake(bed);
}

/** A call that sleeps for an answer goes on when its time is up. */
function awake({ machine, task, stream }: VirtioBed): void {
  for (let round = 0; task.blocked && round < MOST_SLEEPS; round++) {
    machine.advanceToNextTimeout();
    stream.finish();
  }
  expect(task.blocked).toBe(false);
}

function perform(bed: VirtioBed, step: Act): void {
  const { card } = bed;
  switch (step.kind) {
    case "used":
    case "usedIndex":
    case "flags": {
      const places = card.places(step.queue);
      if (places === null) return;
      const view = viewOf(bed);
      if (step.kind === "usedIndex") view.setUint16(places.used + 2, step.value, true);
      else if (step.kind === "flags") view.setUint16(places.used, step.value, true);
      else {
        view.setUint32(places.used + 4 + 8 * step.slot, step.id, true);
        view.setUint32(places.used + 8 + 8 * step.slot, step.length, true);
      }
      return;
    }
    case "interrupt":
      return card.interrupt(step.queue);
    case "event":
      return void card.sendEvent(step.code, step.data);
    case "complete":
      return void complete(bed, step.count, { first: step.first, usedLength: step.usedLength });
    case "call":
      return call(bed, step.which);
  }
}

interface Outside {
  readonly bed: VirtioBed;
  /** Everything of somebody else's is as it was. */
  readonly check: () => void;
}

async function between(design: VirtioSndDesign, direction: 0 | 1): Promise<Outside> {
  const bed = await virtioBed({
    design,
    direction,
    device: { queues: QUEUES, output: PERIOD },
    driver: { parameters: { messageTimeout: 1 } },
    software: { startThreshold: PERIOD },
  });
  const { machine } = bed;
  const other = machine.createTask();
  const canary = other.map({ at: CANARY, length: CANARY_BYTES, populate: true });
  canary.write(0, new Uint8Array(CANARY_BYTES).fill(CANARY_BYTE));
  bed.task.runOn(0);
  if (direction === 1) bed.stream.start();
  else for (const value of [1, 2]) write(bed, run(value));
  const end = machine.bytes.length;
  return {
    bed,
    check: () => {
      expect(canary.read(0, CANARY_BYTES).every((byte) => byte === CANARY_BYTE)).toBe(true);
      expect(machine.bytes.length).toBe(end);
      expect(machine.framesInUse).toBeGreaterThan(0);
    },
  };
}

describe.each(DESIGNS)("%s", (design) => {
  test.each([0, 1] as const)(
    "a device that stores what it likes (direction %i)",
    async (direction) => {
      await fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 24 }), async (steps) => {
          const { bed, check } = await between(design, direction);
          for (const step of steps) perform(bed, step);
          call(bed, 3);
          check();
        }),
        { numRuns: 60 },
      );
    },
  );
});

test("a driver that stores what it likes: the device takes, plays and returns it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(descriptorAct, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(0 as const, 1 as const),
      async (steps, direction) => {
        const { bed } = await between("ack", direction);
        const view = viewOf(bed);
        for (const { queue, entry, address, length, flags, next, head, index } of steps) {
          const { table, available } = bed.card.places(queue)!;
          const at = table + entry * ENTRY_BYTES;
          view.setUint32(at, address[0], true);
          view.setUint32(at + 4, address[1], true);
          view.setUint32(at + 8, length, true);
          view.setUint16(at + 12, flags, true);
          view.setUint16(at + 14, next, true);
          view.setUint16(available + 4 + 2 * (index & 7), head, true);
          view.setUint16(available + 2, index, true);
          bed.card.look();
          bed.card.play(3);
          complete(bed, 2);
        }
        call(bed, 3);
        expect(bed.card.waitingHeads("tx").length).toBeLessThanOrEqual(QUEUES[2]);
      },
    ),
    { numRuns: 100 },
  );
});

describe("named ones", () => {
  const started = (design: VirtioSndDesign, direction: 0 | 1 = 0): Promise<Outside> =>
    between(design, direction);

  test.each(DESIGNS)(
    "%s: an id that the table has not, or that nobody gave out",
    async (design) => {
      for (const id of [QUEUES[2], 0xffffffff, 7]) {
        const { bed } = await started(design);
        const { used } = bed.card.places("tx")!;
        viewOf(bed).setUint32(used + 4, id, true);
        viewOf(bed).setUint16(used + 2, 1, true);
        bed.card.interrupt("tx");
        expect(kindsOf(bed.machine)).toContain("virtio-used");
      }
    },
  );

  test.each(DESIGNS)("%s: a used length beyond what the message has", async (design) => {
    const { bed } = await started(design);
    expect(complete(bed, 1, { usedLength: 8 })).toBe(1);
    expect(kindsOf(bed.machine)).toEqual([]);
    expect(complete(bed, 1, { usedLength: 9 })).toBe(1);
    expect(kindsOf(bed.machine)).toEqual(["virtio-length"]);
  });

  test("rx: a full message is no more than it has, a byte more is", async () => {
    const { bed } = await started("ack", 1);
    complete(bed, 1, { usedLength: PERIOD + 8 });
    expect(kindsOf(bed.machine)).toEqual([]);
    complete(bed, 1, { usedLength: PERIOD + 9 });
    expect(kindsOf(bed.machine)).toEqual(["virtio-length"]);
  });

  test.each(["SET_PARAMS", "PREPARE", "START", "RELEASE"] as const)(
    "a device that never answers %s: the time limit, on the machine's own clock",
    async (request) => {
      const bed = await virtioBed({ design: "ack", software: { startThreshold: RING } });
      bed.card.addRule({ request, action: "never" });
      const { machine, stream } = bed;
      const started = (): number => {
        write(bed, run(1));
        return stream.start();
      };
      const calls = {
        SET_PARAMS: () => configure(stream),
        PREPARE: () => stream.prepare(),
        START: started,
        RELEASE: () => {
          started();
          stream.drop();
          return stream.prepare();
        },
      };
      const before = machine.header("HEADER_FINDING_COUNT");
      const clock = machine.nanoseconds;
      let answer = calls[request]();
      if (answer === pcmBlocked) {
        machine.advanceToNextTimeout();
        answer = stream.finish();
      }
      expect(machine.nanoseconds - clock).toBe(1_000_000_000n);
      expect([answer, machine.header("HEADER_FINDING_COUNT")]).toEqual([
        request === "RELEASE" ? -EBADFD : -ETIMEDOUT,
        before,
      ]);
    },
  );
});

/** An indirect table of the driver's own making, exposed as the next message; `at` counts from RAM's beginning. */
function exposeTable(bed: VirtioBed, queue: "ctl" | "tx", at: number, entries: number[][]): void {
  const view = viewOf(bed);
  const ram = bed.machine.header("HEADER_RAM");
  entries.forEach(([address, length, flags, next], index) => {
    const entry = ram + at + index * ENTRY_BYTES;
    view.setBigUint64(entry, BigInt(address!), true);
    view.setUint32(entry + 8, length!, true);
    view.setUint16(entry + 12, flags!, true);
    view.setUint16(entry + 14, next!, true);
  });
  const { table, available } = bed.card.places(queue)!;
  const head = 7;
  view.setBigUint64(table + head * ENTRY_BYTES, BigInt(at), true);
  view.setUint32(table + head * ENTRY_BYTES + 8, entries.length * ENTRY_BYTES, true);
  view.setUint16(table + head * ENTRY_BYTES + 12, INDIRECT, true);
  const index = view.getUint16(available + 2, true);
  view.setUint16(available + 4 + 2 * (index & 7), head, true);
  view.setUint16(available + 2, index + 1, true);
}

const NEXT = 1;
const INDIRECT = 4;

describe("tables that a driver makes", () => {
  test("a jump ahead gains no entry behind the table, which ends with RAM", async () => {
    const { bed } = await between("ack", 0);
    const count = 4096;
    const entries = Array.from({ length: count }, () => [0, 4, NEXT, 0]);
    entries[0] = [0, 4, NEXT, count - 1];
    entries[count - 1] = [0, 4, NEXT, 2 * count - 3];
    exposeTable(bed, "tx", bed.machine.shape.ramBytes - count * ENTRY_BYTES, entries);
    bed.card.look();
    bed.card.play(8);
    expect(kindsOf(bed.machine)).toContain("virtio-chain");
  });

  test.each(["ctl", "tx"] as const)(
    "%s: pieces of more bytes than there are addresses are not written down",
    async (queue) => {
      for (const guards of [true, false]) {
        const bed = await virtioBed({
          design: "ack",
          device: { queues: QUEUES, guards },
          software: { startThreshold: PERIOD },
        });
        const { ramBytes } = bed.machine.shape;
        const count = 2 ** 32 / ramBytes;
        const all = [0, ramBytes, NEXT];
        // a header before them, and 16 bytes behind: the sum of 32 bits would be small
        const entries = Array.from({ length: count }, (_, index) => [...all, index + 1]);
        entries.push([0, 16, 0, 0]);
        const lost = bed.card.lostEvents;
        exposeTable(bed, queue, ramBytes - 0x40000, entries);
        bed.card.look();
        if (queue === "ctl") expect(bed.card.lostEvents).toBe(lost + 1);
        expect(bed.machine.bytes.length).toBeGreaterThan(ramBytes);
      }
    },
  );
});
