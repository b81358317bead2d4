import type { PerfEvent } from "../systems/perf/perfEvent.ts";
import { allRegisters, openEvent, type PerfBed, type SampledEvent } from "./perfBed.ts";
import {
  occurrence,
  runReservations,
  type ReservationRun,
  type RunReservationOptions,
  type Shot,
} from "./perfReservations.ts";

/** Three mistakes of Linux 6.18 that recordings of it showed, each with the bytes that it costs. */

const PAGE = 4096;
const ADDRESS = 0x3000_0000n;
/** The most that may be asked of a stack, and a ring of as many bytes as a record's size can count. */
const MOST_STACK = 65_528;
const RING_64K = 65_536;
/** Masks: ax alone, ax and bx. */
const ONE_REGISTER = 1n;
const TWO_REGISTERS = 3n;

/** A shot of an event into its own ring by a page fault; null for a record without an id. */
function fault(bed: PerfBed, what: string, event: PerfEvent, idWord: number | null = null): Shot {
  return {
    what,
    ring: event.ring!,
    event,
    idWord,
    fire: () => {
      event.control("ENABLE", 0n);
      occurrence(bed, "page_faults", ADDRESS);
      event.control("DISABLE", 0n);
    },
  };
}

const faults = (asked: Omit<SampledEvent, "software">): SampledEvent => ({
  ...asked,
  software: "page_faults",
});

/**
 * A stack of size 0 takes room for one word and is written as two: the program decides, by its stack pointer. The last
 * word of the sample falls behind it, or in a ring written backwards on the header of the record before it.
 */
export function runPerfStackZero(
  options: RunReservationOptions = {},
): Promise<ReservationRun<"perf-stack-zero">> {
  return runReservations("perf-stack-zero", stackZero, options);
}

function stackZero(bed: PerfBed): Shot[] {
  const asked = faults({ types: ["IP", "STACK_USER", "CGROUP", "DATA_SRC"], stackUser: 256 });
  const ring = { bytes: PAGE, writable: true };
  const forward = openEvent(bed, asked, ring);
  const backward = openEvent(bed, { ...asked, flags: ["write_backward"] }, ring);
  const pointed = (sp: bigint, shot: Shot): Shot => ({
    ...shot,
    fire: () => {
      bed.task.frame.set("sp", sp);
      shot.fire();
    },
  });
  const sp = bed.task.frame.get("sp");
  const from = (event: PerfEvent, how: string): Shot[] => [
    pointed(sp, fault(bed, `${how}, sp in the stack`, event)),
    pointed(0n, fault(bed, `${how}, sp 0`, event)),
    pointed(0n, fault(bed, `${how}, sp 0 again`, event)),
  ];
  return [...from(forward, "ring"), ...from(backward, "ring written backwards")];
}

/**
 * The cut of a dump does not know of the interrupt's registers behind it: the size of the record wraps at 64 KiB, and
 * all bytes are written, over unread records too.
 */
export function runPerfRecordWrap(
  options: RunReservationOptions = {},
): Promise<ReservationRun<"perf-record-wrap">> {
  return runReservations("perf-record-wrap", recordWrap, options);
}

function recordWrap(bed: PerfBed): Shot[] {
  const registers = allRegisters(bed.machine);
  const large = faults({
    types: ["IP", "REGS_USER", "STACK_USER", "REGS_INTR"],
    regsUser: registers,
    regsIntr: ONE_REGISTER,
    stackUser: MOST_STACK,
  });
  const small = faults({ types: ["IP", "ADDR"] });
  const roomy = openEvent(bed, large, { bytes: 2 * RING_64K, writable: true });
  const before = openEvent(bed, small, { bytes: RING_64K, writable: true });
  const over = openEvent(bed, large, { bytes: 0, writable: true });
  over.control("SET_OUTPUT", before);
  return [
    fault(bed, "in an empty ring of 128 KiB", roomy),
    fault(bed, "small, in a ring of 64 KiB", before),
    fault(bed, "small, behind it", before),
    fault(bed, "large, behind these unread ones", over),
  ];
}

/**
 * Events with one number share one structure when they count the same occurrence: the second finds the id, and the sizes,
 * of the first.
 */
export function runPerfSharedSample(
  options: RunReservationOptions = {},
): Promise<ReservationRun<"perf-shared-sample">> {
  return runReservations("perf-shared-sample", sharedSample, options);
}

function sharedSample(bed: PerfBed): Shot[] {
  const many = allRegisters(bed.machine);
  const plain = ["IDENTIFIER", "IP"] as const;
  const tooLong = [
    { types: [...plain, "REGS_USER"], regsUser: TWO_REGISTERS },
    { types: [...plain, "REGS_USER"], regsUser: many },
  ] as const;
  const tooShort = [
    { types: [...plain, "REGS_USER"], regsUser: many },
    { types: [...plain, "REGS_USER"], regsUser: TWO_REGISTERS },
  ] as const;
  return [
    ...together(bed, "of few registers, behind an event of many", tooLong),
    ...together(bed, "of many registers, behind an event of few", tooShort),
  ];
}

/** Two events on one fault: the one enabled last goes first, and is right; the other one is shown behind it. */
function together(
  bed: PerfBed,
  what: string,
  asked: readonly [late: SampledEvent, early: SampledEvent],
): Shot[] {
  const ring = { bytes: PAGE, writable: true };
  const [late, early] = asked.map((one) => openEvent(bed, faults(one), ring)) as [
    PerfEvent,
    PerfEvent,
  ];
  const both = fault(bed, `the second event on a fault, ${what}`, late, 1);
  return [
    {
      ...both,
      fire: () => {
        early.control("ENABLE", 0n);
        both.fire();
        early.control("DISABLE", 0n);
      },
    },
  ];
}
