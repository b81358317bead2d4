import { FaultlineError } from "../base/errors.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { type ArchName } from "../machine/arch.ts";
import type { Machine } from "../machine/machine.ts";
import type { Mapping } from "../machine/mapping.ts";
import type { Task } from "../machine/task.ts";
import {
  abiRow,
  syncPtrLayout,
  type AbiName,
  type StrategyName,
  type FieldPlace,
  type SyncPtrField,
} from "../systems/pcm/abi.ts";
import { PcmStream } from "../systems/pcm/stream.ts";
import { PATTERN, whatChanged, type Changes } from "./userBytes.ts";

/**
 * The scenario of the thread of June 2025: a playing stream whose program calls SYNC_PTR for the status, as alsa-lib
 * does on its hot path.
 */

/** Where the argument lies: the beginning of a cache line, as the compiler of a program would put it. */
export const argumentAddress = 0x10000000;
const PAGE = 4096;

/** A playback stream of 4 periods of 100 frames, with two periods queued and one played. */
const configuration = { channels: 2, rate: 48000, periodSize: 100, bufferSize: 400 };
const QUEUED_FRAMES = 200;
const PLAYED_FRAMES = 100;
const FRAME_BYTES = 4;
const DATA_ADDRESS = 0x18000000;

/** SYNC_PTR flag bits (include/uapi/sound/asound.h). */
export const syncPtrFlags = {
  hwsync: coreConstants.SYNC_HWSYNC,
  appl: coreConstants.SYNC_APPL,
  availMin: coreConstants.SYNC_AVAIL_MIN,
} as const;

/** alsa-lib's hot call: refresh the pointer, report both of the kernel's own values. */
export const hotFlags = syncPtrFlags.hwsync | syncPtrFlags.appl | syncPtrFlags.availMin;

/** A machine with a running stream, ready for SYNC_PTR. */
export interface SyncPtrBed {
  readonly machine: Machine;
  readonly task: Task;
  readonly stream: PcmStream;
  /** Two pages; the argument begins at the first one's start, or straddles them. */
  readonly pages: Mapping;
}

/** Brings a machine into the state in which the call is made. */
export function prepareSyncPtr(machine: Machine, abi: AbiName): SyncPtrBed {
  const task = machine.createTask({ wordBits: abiRow(abi).wordBits });
  const pages = task.map({ at: argumentAddress, length: 2 * PAGE, populate: true });
  const data = task.map({ at: DATA_ADDRESS, length: PAGE, populate: true });
  const stream = PcmStream.open(task, { nonblock: true });
  expectFine("HW_PARAMS", stream.configure(configuration));
  expectFine("PREPARE", stream.prepare());
  const bytes = QUEUED_FRAMES * FRAME_BYTES;
  const written = stream.write(data.address, bytes);
  if (written !== bytes) throw new FaultlineError("scenario", `the set-up's write gave ${written}`);
  stream.setPosition(PLAYED_FRAMES);
  return { machine, task, stream, pages };
}

function expectFine(what: string, result: number): void {
  if (result !== 0) throw new FaultlineError("scenario", `the set-up's ${what} gave ${result}`);
}

/** Fills both pages with a pattern and puts the flags word in place. */
export function writeArgument(bed: SyncPtrBed, offset: number, flags: number): void {
  bed.pages.write(0, new Uint8Array(2 * PAGE).fill(PATTERN));
  const word = new Uint8Array(4);
  new DataView(word.buffer).setUint32(0, flags, true);
  bed.pages.write(offset, word);
}

/** Values of the program's own that the kernel takes where the flags tell it to; it then writes the same back. */
const taken = [
  { field: "appl_ptr", reportFlag: syncPtrFlags.appl, value: QUEUED_FRAMES + 1 },
  { field: "avail_min", reportFlag: syncPtrFlags.availMin, value: configuration.periodSize + 1 },
] as const;

function writeTaken(
  bed: SyncPtrBed,
  offset: number,
  fields: readonly FieldPlace[],
  flags: number,
): void {
  for (const { field, reportFlag, value } of taken) {
    if ((flags & reportFlag) !== 0) continue;
    const place = fields.find((candidate) => candidate.field === field)!;
    const bytes = new Uint8Array(place.width);
    new DataView(bytes.buffer).setUint32(0, value, true);
    bed.pages.write(offset + place.offset, bytes);
  }
}

/** What one call did. */
export interface SyncPtrOutcome extends Changes<SyncPtrField> {
  readonly arch: ArchName;
  readonly abi: AbiName;
  readonly strategy: StrategyName;
  /** 0 or −errno. */
  readonly result: number;
  /** The field at which the structure meets a page that cannot be written; null = none. */
  readonly faultAt: SyncPtrField | null;
}

/**
 * One call whose argument has field `faultAt` (by place in the order of writing) as its first byte on a page that can
 * be read and not written; without it both pages are good.
 */
export function callSyncPtr(
  bed: SyncPtrBed,
  abi: AbiName,
  strategy: StrategyName,
  flags: number,
  faultAt: number | null,
): SyncPtrOutcome {
  const layout = syncPtrLayout(bed.machine, abi);
  const offset = faultAt === null ? 0 : PAGE - layout.fields[faultAt]!.offset;
  writeArgument(bed, offset, flags);
  writeTaken(bed, offset, layout.fields, flags);
  if (faultAt !== null) bed.task.protect(argumentAddress + PAGE, PAGE, "r");
  const before = bed.pages.read(offset, layout.bytes);
  const result = bed.stream.syncPtr({ address: argumentAddress + offset, abi, strategy });
  const after = bed.pages.read(offset, layout.bytes);
  if (faultAt !== null) bed.task.protect(argumentAddress + PAGE, PAGE, "rw");
  return {
    arch: bed.machine.arch,
    abi,
    strategy,
    result,
    faultAt: faultAt === null ? null : layout.fields[faultAt]!.field,
    ...whatChanged(layout.fields, before, after),
  };
}
