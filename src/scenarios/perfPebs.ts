import type { Machine } from "../machine/machine.ts";
import { DesignBed, type Region } from "../systems/perf/designBed.ts";
import type { SampleType } from "../systems/perf/names.ts";
import {
  PebsSource,
  pebsWayNames,
  recordedRegisters,
  type PebsOptions,
  type PebsWay,
  type RecordedRegister,
} from "../systems/perf/pebs.ts";
import type { PerfEvent } from "../systems/perf/perfEvent.ts";
import { frameWordNames } from "../systems/perf/registers.ts";
import { allRegisters, openEvent, preparePerf, type PerfBed } from "./perfBed.ts";
import { perfDesign } from "./perfDesigns.ts";
import { findingsOf } from "./perfSweep.ts";
import { accessesSince } from "./perfTouched.ts";

/** Samples out of records that hardware wrote: what making registers of one costs, and what it may leak. */

const RING_BYTES = 65_536;
/** What stood on the stack where the registers are put together. */
export const STACK_SECRET = 0x5ec2_e75e_c2e7_5ec2n;
/** Marks a record's registers apart from the interrupt's. */
const RECORDED = 0x7ec0_0000_0000_0000n;
const RECORDED_IP = 0x40_1000n;
const REAL_IP = 0x40_0ffan;
/** Bits 1 and 3 of flags: always set, and the one that says "exact". */
const RECORDED_FLAGS = 0xan;

export interface PerfPebsBed {
  readonly perf: PerfBed;
  readonly bed: DesignBed;
  readonly event: PerfEvent;
  readonly source: PebsSource;
}

/** What is asked for and how; the rest has defaults. */
export interface PerfPebsCase {
  readonly way: PebsWay;
  readonly types: readonly SampleType[];
  /** precise_ip of the event. */
  readonly precise?: 0 | 1 | 2 | 3;
  readonly ip?: bigint;
  readonly format?: number;
  readonly fixedIp?: bigint | null;
}

export function preparePebs(machine: Machine, asked: PerfPebsCase): PerfPebsBed {
  const perf = preparePerf(machine);
  const { design, places } = perfDesign("merged");
  const bed = new DesignBed(machine, perf.task.task.cpu, design, places);
  for (const name of frameWordNames) bed.image.set(name, STACK_SECRET);
  const { precise = 0 } = asked;
  const event = openEvent(
    perf,
    {
      types: asked.types,
      regsUser: allRegisters(machine),
      regsIntr: allRegisters(machine),
      flags: [
        ...((precise & 1) === 0 ? [] : (["precise_ip1"] as const)),
        ...((precise & 2) === 0 ? [] : (["precise_ip2"] as const)),
      ],
    },
    { bytes: RING_BYTES, writable: true },
  );
  return { perf, bed, event, source: sourceOf(machine, asked) };
}

function sourceOf(machine: Machine, asked: PerfPebsCase): PebsSource {
  const options: PebsOptions = {
    way: asked.way,
    format: asked.format ?? 2,
    fixedIp: asked.fixedIp ?? null,
  };
  const registers = Object.fromEntries(
    recordedRegisters.map((name, at) => [name, RECORDED | BigInt(at)]),
  ) as Record<RecordedRegister, bigint>;
  const ip = asked.ip ?? RECORDED_IP;
  return new PebsSource(
    machine,
    { registers, flags: RECORDED_FLAGS, ip, realIp: REAL_IP },
    options,
  );
}

/** What one way costs and risks. */
export interface PerfPebsRow {
  readonly way: PebsWay;
  /** The event asks for the interrupt's registers. */
  readonly asksIntr: boolean;
  /** Bytes taken over from the interrupt's registers and from the record. */
  readonly bytesCopied: number;
  readonly loads: number;
  readonly stores: number;
  /** Words of the stack that nobody had set and that a reader gets. */
  readonly leaked: number;
}

/** Study build: the program itself is hit, its registers are asked for, with and without those of the interrupt. */
export function pebsRows(fresh: () => Machine): PerfPebsRow[] {
  return pebsWayNames.flatMap((way) => [false, true].map((intr) => pebsRow(fresh(), way, intr)));
}

function pebsRow(machine: Machine, way: PebsWay, asksIntr: boolean): PerfPebsRow {
  const types: readonly SampleType[] = asksIntr ? ["REGS_USER", "REGS_INTR"] : ["REGS_USER"];
  const { perf, bed, event, source } = preparePebs(machine, { way, types });
  const { frame } = perf.task;
  const since = machine.eventCount;
  const kinds = findingsOf(machine, () => bed.samplePebs("nmi", event, source, frame));
  const accesses = accessesSince(machine, since);
  const sources: readonly Region[] = [
    { from: frame.address, to: frame.address + machine.constant("PT_REGS_BYTES") },
    {
      from: source.record.address,
      to: source.record.address + machine.constant("PEBS_RECORD_BYTES"),
    },
  ];
  const taken = accesses.filter(
    ({ isStore, at }) => !isStore && sources.some(({ from, to }) => from <= at && at < to),
  );
  return {
    way,
    asksIntr,
    bytesCopied: taken.reduce((bytes, access) => bytes + access.bytes, 0),
    loads: accesses.filter(({ isStore }) => !isStore).length,
    stores: accesses.filter(({ isStore }) => isStore).length,
    leaked: kinds.filter((kind) => kind === "perf-leak").length,
  };
}

/** Accesses per sample of a way where so large a share of events asks for the interrupt's registers. */
export function pebsOperations(rows: readonly PerfPebsRow[], way: PebsWay, share: number): number {
  const operations = (asks: boolean): number => {
    const { loads, stores } = rows.find((row) => row.way === way && row.asksIntr === asks)!;
    return loads + stores;
  };
  return operations(false) * (1 - share) + operations(true) * share;
}
