import { expect, test } from "vitest";
import fc from "../../support/properties.ts";
import { Machine } from "../../../src/index.ts";
import { coreConstants } from "../../../src/core/generated/coreConstants.ts";
import { openEvent, preparePerf, type PerfBed } from "../../../src/scenarios/perfBed.ts";
import { preparePerfCase } from "../../../src/scenarios/perfCase.ts";
import { perfDesignNames } from "../../../src/scenarios/perfDesigns.ts";
import { sampleContexts } from "../../../src/systems/perf/interruption.ts";
import { sampleTypes } from "../../../src/systems/perf/names.ts";
import { PerfEvent } from "../../../src/systems/perf/perfEvent.ts";

/** Nothing that a program passes traps the core or reaches memory that is not the samples'. */

let machine = await Machine.create({ memory: "4M", cpus: 1, tlbEntries: 64, kernel: "6.18" });
const fresh = (): Machine => (machine = machine.reset());

const PAGE = 4096;
const ATTRIBUTES = 0x1000_0000n;
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 0x7fff_ffff_efffn, 0x7fff_ffff_f000n),
  fc.bigInt({ min: 0n, max: 2n ** 12n }).map((below) => 0x7fff_ffff_f000n - below),
  fc.bigInt({ min: 0n, max: 2n ** 17n }).map((above) => 0x2000_0000n + above),
);
const fieldCount = coreConstants.ATTR_BYTES / 4;

/** What a page of RAM that belongs to nobody else holds all the time. */
const CANARY = 0xc3;

function canary(): () => void {
  const buffer = machine.allocKernel(PAGE);
  buffer.bytes.fill(CANARY);
  return () => expect(buffer.bytes.every((byte) => byte === CANARY)).toBe(true);
}

function openRaw({ task, events }: PerfBed, address: bigint): PerfEvent | number {
  return events.open(task, { attributes: address, target: task, cpu: -1 });
}

test("any attributes, at any address: an event or an errno", () => {
  const perf = preparePerf(fresh());
  const check = canary();
  const changes = fc.array(
    fc.tuple(fc.nat(fieldCount - 1), fc.oneof(fc.nat(), fc.nat(200), fc.constant(0xffff_ffff))),
    { maxLength: 6 },
  );
  const property = fc.property(changes, fc.option(word, { nil: undefined }), (fields, address) => {
    const linear = perf.task.task.linearOf(ATTRIBUTES)!;
    machine.bytes.fill(0, linear, linear + PAGE);
    machine.words[(linear + coreConstants.ATTR_TYPE) >>> 2] = coreConstants.TYPE_SOFTWARE;
    for (const [field, value] of fields) machine.words[(linear >>> 2) + field] = value;
    const event = openRaw(perf, address ?? ATTRIBUTES);
    if (typeof event === "number") expect(event).toBeLessThan(0);
    else event.close();
  });
  fc.assert(property, { numRuns: 300 });
  check();
  expect(machine.header("HEADER_PERF_EVENTS")).toBe(0);
});

const rings = fc.oneof(
  fc.constantFrom(0, 1, 2, 4, 16).map((pages) => pages * PAGE),
  fc.nat(20 * PAGE),
);

test("any registers, masks, sizes, rings and tails: samples or losses, and all of RAM is given back", () => {
  const types = fc.subarray(
    sampleTypes.filter((name) => !["BRANCH_STACK", "AUX", "WEIGHT_STRUCT"].includes(name)),
  );
  const property = fc.property(
    types,
    fc.bigInt({ min: 1n, max: 2n ** 24n - 1n }),
    fc.nat(8191).map((words) => words * 8),
    rings,
    fc.array(fc.record({ sp: word, bp: word, ip: word, cs: word, tail: word, addr: word }), {
      minLength: 1,
      maxLength: 5,
    }),
    fc.subarray(["write_backward", "sample_id_all"] as const),
    fc.nat(7),
    (asked, mask, stackUser, bytes, shots, flags, corrections) => {
      const perf = preparePerf(fresh());
      const check = canary();
      machine.setHeader("HEADER_PERF_CORRECTIONS", corrections);
      const regs = (mask & BigInt(coreConstants.REGS_KNOWN)) | 1n;
      const event = openEvent(
        perf,
        { types: asked, regsUser: regs, regsIntr: regs, stackUser, flags, software: "page_faults" },
        { bytes: 0, writable: true },
      );
      const inUse = machine.framesInUse;
      expect([0, -22]).toContain(event.mapRing({ bytes, writable: true }));
      event.control("ENABLE", 0n);
      for (const { tail, addr, ...registers } of shots) {
        perf.task.frame.setAll(registers);
        if (event.ring !== null) event.ring.tail = tail;
        const half = (value: bigint): number => Number(value & 0xffff_ffffn);
        machine.exports.perfSoftware(0, 2, half(addr), half(addr >> 32n), perf.task.frame.address);
        perf.task.kernelFrame.setAll({ sp: registers.sp });
        machine.exports.perfSoftware(0, 2, 0, 0, perf.task.kernelFrame.address);
        event.poll();
      }
      check();
      event.close();
      expect(machine.framesInUse).toBeLessThanOrEqual(inUse);
    },
  );
  fc.assert(property, { numRuns: 120 });
});

test("any registers in any context, by every design", () => {
  const property = fc.property(
    fc.constantFrom(...perfDesignNames),
    fc.constantFrom(...sampleContexts),
    fc.record({ sp: word, bp: word, ip: word, cs: word }),
    fc.record({ sp: word, cs: word, bp: word }),
    word,
    (design, context, user, kernel, tail) => {
      const { bed, event, perf } = preparePerfCase(fresh(), design, "all");
      const check = canary();
      perf.task.frame.setAll(user);
      perf.task.kernelFrame.setAll(kernel);
      event.ring!.tail = tail;
      for (const regs of [perf.task.kernelFrame, perf.task.frame]) {
        bed.sample(context, event, regs);
        bed.sample(context, event, regs);
      }
      check();
    },
  );
  fc.assert(property, { numRuns: 80 });
});
