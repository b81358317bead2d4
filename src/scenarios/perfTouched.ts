import type { Machine } from "../machine/machine.ts";
import type { DesignBed, Region } from "../systems/perf/designBed.ts";
import type { SampleContext } from "../systems/perf/interruption.ts";
import { LINE_BYTES } from "./sampleLayouts.ts";

/** Lines of one structure that were accessed, counted from the line that it begins on. */
export interface LinesTouched {
  readonly written: readonly number[];
  readonly read: readonly number[];
}

/** What a sample did to memory, by the study build's record of every access. */
export interface PerfTouched {
  /** Of its struct perf_sample_data. */
  readonly sample: LinesTouched;
  /** Of the CPU's copies and their mark. */
  readonly perCpu: LinesTouched;
  /** Of the registers that the entry code saved. */
  readonly frame: LinesTouched;
  /** Of the registers made out of a PEBS record. */
  readonly image: LinesTouched;
  /** Bytes written into copies of registers. */
  readonly bytesCopied: number;
  readonly loads: number;
  readonly stores: number;
  /** Different lines accessed, of all of these. */
  readonly lines: number;
}

interface Access {
  readonly isStore: boolean;
  readonly at: number;
  readonly bytes: number;
}

/** Accesses since a number of events. @throws Error where the ring of events has lost some */
export function accessesSince(machine: Machine, since: number): Access[] {
  const events = machine.events(since);
  if (events.length !== machine.eventCount - since) throw new Error("the event ring was too small");
  return events
    .filter(({ kind }) => kind === "kernel-load" || kind === "kernel-store")
    .map(({ kind, address, detail }) => ({
      isStore: kind === "kernel-store",
      at: Number(address),
      bytes: detail,
    }));
}

/** Sorts the accesses of a sample that was taken in a context. */
export function touched(
  bed: DesignBed,
  context: SampleContext,
  frame: Region,
  accesses: readonly Access[],
): PerfTouched {
  const image = { from: bed.image.address, to: bed.image.address + (frame.to - frame.from) };
  const copies = [bed.copies, bed.copyInSample(context), image];
  return {
    sample: linesIn(accesses, bed.sampleRegion(context)),
    perCpu: linesIn(accesses, bed.perCpu),
    frame: linesIn(accesses, frame),
    image: linesIn(accesses, image),
    bytesCopied: sum(
      accesses.filter(({ isStore, at }) => isStore && copies.some((copy) => isIn(copy, at))),
    ),
    loads: accesses.filter(({ isStore }) => !isStore).length,
    stores: accesses.filter(({ isStore }) => isStore).length,
    lines: new Set(accesses.map(({ at }) => Math.floor(at / LINE_BYTES))).size,
  };
}

const isIn = (region: Region | null, at: number): boolean =>
  region !== null && region.from <= at && at < region.to;

const sum = (accesses: readonly Access[]): number =>
  accesses.reduce((bytes, access) => bytes + access.bytes, 0);

function linesIn(accesses: readonly Access[], region: Region): LinesTouched {
  const first = Math.floor(region.from / LINE_BYTES);
  const inside = accesses.filter(({ at }) => isIn(region, at));
  const linesOf = (stores: boolean): number[] =>
    [
      ...new Set(
        inside
          .filter(({ isStore }) => isStore === stores)
          .map(({ at }) => Math.floor(at / LINE_BYTES) - first),
      ),
    ].sort((a, b) => a - b);
  return { written: linesOf(true), read: linesOf(false) };
}

/** A sample's cost where every access costs 1 and every line `miss` more: cold where they are large, warm where 0. */
export function sampleCost({ loads, stores, lines }: PerfTouched, miss: number): number {
  return loads + stores + miss * lines;
}
