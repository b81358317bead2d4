import { describe, expect, test } from "vitest";
import fc from "../../support/properties.ts";
import { Machine } from "../../../src/index.ts";
import {
  STACK_POINTER,
  allRegisters,
  openEvent,
  preparePerf,
  type PerfBed,
} from "../../../src/scenarios/perfBed.ts";
import { softwareEvents } from "../../../src/systems/perf/names.ts";
import type { PerfEvent } from "../../../src/systems/perf/perfEvent.ts";

/**
 * Plain samples are written out for speed (assembly/perf/hitSample.ts); the study build makes each one step by step. Both
 * must leave the same ring, counts and wake-ups, whatever is asked for.
 */

const options = { memory: "4M", cpus: 1, tlbEntries: 64, kernel: "6.18" } as const;
let hitting = await Machine.create(options);
let stepping = await Machine.create({ ...options, build: "study" });

const PAGE = 4096;
const TASK_SIZE = 0x7fff_ffff_f000n;
const NUMBER = softwareEvents.indexOf("dummy");

const asked = fc.record({
  types: fc.subarray([
    "IDENTIFIER",
    "IP",
    "TID",
    "TIME",
    "ADDR",
    "ID",
    "STREAM_ID",
    "CPU",
    "PERIOD",
    "REGS_USER",
    "STACK_USER",
  ] as const),
  flags: fc.subarray(["watermark", "exclude_kernel"] as const),
  stackUser: fc.constantFrom(0, 8, 64, 520, 4096, 8192),
  wakeup: fc.constantFrom(0, 1, 3, 1000),
  mask: fc.constantFrom("all", "some"),
});

/** One occurrence: the stack pointer, and how far behind the head the reader is then. */
const shots = fc.array(
  fc.record({
    sp: fc.oneof(
      fc.nat(9 * PAGE).map((above) => STACK_POINTER + BigInt(above)),
      fc.constantFrom(0n, TASK_SIZE - 64n, TASK_SIZE - 100n, 0x1000n),
    ),
    unread: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 70_000n })),
    fromKernel: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 1, maxLength: 40 },
);

type Asked = typeof asked extends fc.Arbitrary<infer One> ? One : never;
type Shots = typeof shots extends fc.Arbitrary<infer All> ? All : never;

function shoot({ machine, task }: PerfBed, event: PerfEvent, taken: Shots): unknown[] {
  return taken.map(({ sp, unread, fromKernel }) => {
    task.frame.set("sp", sp);
    const regs = fromKernel ? task.kernelFrame : task.frame;
    machine.exports.perfSoftware(0, NUMBER, 5, 6, regs.address);
    const ring = event.ring!;
    const { head } = ring;
    ring.tail = head - unread;
    return [head, event.poll(), event.record.get64("PERF_EVENT_COUNT")];
  });
}

function run(machine: Machine, { mask, ...one }: Asked, taken: Shots, bytes: number): unknown {
  const bed = preparePerf(machine);
  const regsUser = mask === "all" ? allRegisters(machine) : 0x3n;
  const event = openEvent(bed, { ...one, regsUser }, { bytes, writable: true });
  event.control("ENABLE", 0n);
  bed.task.frame.setAll({ ip: 0x40_1000n, bp: 0n });
  event.ring!.data.fill(0xdd);
  const seen = shoot(bed, event, taken);
  return { seen, ring: Buffer.from(event.ring!.data).toString("hex") };
}

describe("a sample that is written out", () => {
  test("is the sample that is made step by step", () => {
    const sizes = fc.constantFrom(PAGE, 2 * PAGE, 16 * PAGE);
    const property = fc.property(asked, shots, sizes, (one, taken, bytes) => {
      hitting = hitting.reset();
      stepping = stepping.reset();
      expect(run(hitting, one, taken, bytes)).toEqual(run(stepping, one, taken, bytes));
    });
    fc.assert(property, { numRuns: 150 });
  });
});
