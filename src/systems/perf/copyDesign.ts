/** What makes a design for where the copy of the user registers lives, and the structure that it goes with. */

import {
  checkOptions,
  listOf,
  nameOf,
  optional,
  whole,
  wholeNumber,
  wrong,
} from "../../base/checks.ts";
import type { Check, Shape } from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import type { ConstantName } from "../../core/exports.ts";

/** Where the copy lives, with the copies a CPU needs for it outside of samples (assembly/perf/designBed.ts). */
const storages = {
  STORAGE_SAMPLE: 0,
  STORAGE_POSTED: 4,
  STORAGE_ORDERED: 4,
  STORAGE_PILE: 4,
  STORAGE_SINGLE: 1,
  STORAGE_NMI: 1,
} as const satisfies Partial<Record<ConstantName, number>>;
type Storage = keyof typeof storages;

const storageNames = Object.keys(storages) as readonly Storage[];
const fetchings = ["FETCH_ALWAYS", "FETCH_FLAG", "FETCH_SENTINEL"] as const;
const markings = ["MARK_NONE", "MARK_FIRST", "MARK_LAST", "MARK_NAMED"] as const;
const savings = ["SAVED_WITHOUT_BP", "SAVED_WITH_BP"] as const;

/** What makes a design. */
export interface CopyDesign {
  readonly storage: Storage;
  /** When the copy is filled: for every sample that asks, unless a flag says it is, or where a sentinel says it is not. */
  readonly fetching: (typeof fetchings)[number];
  /** How the one copy of a CPU (STORAGE_SINGLE) is known to be filled. */
  readonly marking: (typeof markings)[number];
  /** Which registers a copy for an NMI trusts. */
  readonly saving: (typeof savings)[number];
  /** Copies a CPU has outside of samples: 4 for one a context and for the pile, 1 for a single one, or more. */
  readonly slots: number;
  /** Bytes from one to the next, a multiple of 8. Default: those of struct pt_regs. */
  readonly slotBytes?: number;
}

/** Where the members of struct perf_sample_data stand, in bytes. */
export interface SamplePlaces {
  readonly bytes: number;
  readonly offsets: ReadonlyMap<string, number>;
  /** The words that its init function writes. */
  readonly init: readonly { readonly offset: number }[];
}

/** Members by the core's numbers for them. */
export const sampleFields = {
  FIELD_FLAGS: "sample_flags",
  FIELD_TYPE: "type",
  FIELD_IP: "ip",
  FIELD_TID: "tid_entry",
  FIELD_TIME: "time",
  FIELD_ID: "id",
  FIELD_CPU: "cpu_entry",
  FIELD_CALLCHAIN: "callchain",
  FIELD_USER_ABI: "regs_user.abi",
  FIELD_USER_REGS: "regs_user.regs",
  FIELD_USER_COPY: "regs_user_copy",
  FIELD_INTR_ABI: "regs_intr.abi",
  FIELD_INTR_REGS: "regs_intr.regs",
  FIELD_STACK_SIZE: "stack_user_size",
} as const satisfies Partial<Record<ConstantName, string>>;

type Member = (typeof sampleFields)[keyof typeof sampleFields];

const WORD_BYTES = 8;
const MOST_SLOTS = 64;
const MOST_BYTES = 4096;
/** struct pt_regs: 21 words. */
const COPY_BYTES = 168;
/** The core's table has room for so many (MOST_INIT). */
const MOST_INIT = 14;

/** A number of bytes that leaves words where words may be. */
function wordsFrom(least: number, most: number): Check {
  return (argument, value) => {
    if (wholeNumber(argument, value, least, most) % WORD_BYTES === 0) return;
    throw wrong(argument, value, `a multiple of ${WORD_BYTES} from ${least} to ${most}`);
  };
}

/** Where in a page of memory something begins. */
export const aWordInPage = wordsFrom(0, MOST_BYTES);

const designShape: Shape<CopyDesign> = {
  storage: nameOf(storageNames),
  fetching: nameOf(fetchings),
  marking: nameOf(markings),
  saving: nameOf(savings),
  slots: whole(0, MOST_SLOTS),
  slotBytes: optional(wordsFrom(COPY_BYTES, MOST_BYTES)),
};

/** @throws UsageError for what is no design, or one with too few copies for where it keeps them */
export function checkDesign(design: CopyDesign): void {
  checkOptions("design", design, designShape);
  wholeNumber("slots", design.slots, storages[design.storage], MOST_SLOTS);
}

/** @throws UsageError for a structure that lacks a member the design needs, or has two in one place */
export function checkPlaces(design: CopyDesign, places: SamplePlaces): void {
  if (typeof places !== "object" || places === null) {
    throw wrong("places", places, "an object of bytes, offsets, init");
  }
  const { bytes, offsets, init } = places;
  wordsFrom(WORD_BYTES, MOST_BYTES)("places.bytes", bytes);
  if (!isMap(offsets)) throw wrong("places.offsets", offsets, "a Map of members to offsets");
  checkInit(init, bytes);
  const taken = new Set<number>();
  for (const member of Object.values(sampleFields)) {
    if (offsets.has(member)) takeWords(member, offsets.get(member), bytes, taken);
    else if (isNeeded(member, design)) throw missing(member);
  }
}

/** By its nature: an object that inherits from one, or a Proxy of one, has no entries. */
function isMap(value: unknown): value is ReadonlyMap<string, number> {
  try {
    Map.prototype.has.call(value, "");
    return true;
  } catch {
    return false;
  }
}

function checkInit(init: SamplePlaces["init"], bytes: number): void {
  const inside = wordsFrom(0, bytes - WORD_BYTES);
  listOf((argument, entry) => {
    if (typeof entry !== "object" || entry === null) {
      throw wrong(argument, entry, "an object of offset");
    }
    inside(`${argument}.offset`, (entry as SamplePlaces["init"][number]).offset);
  })("places.init", init);
  wholeNumber("places.init.length", init.length, 0, MOST_INIT);
}

/** Two members in one word would make a pointer of what is none. */
function takeWords(member: Member, offset: unknown, bytes: number, taken: Set<number>): void {
  const argument = `places.offsets.get("${member}")`;
  const length = member === "regs_user_copy" ? COPY_BYTES : WORD_BYTES;
  wordsFrom(0, bytes - length)(argument, offset);
  for (let at = offset as number; at < (offset as number) + length; at += WORD_BYTES) {
    if (taken.has(at)) throw wrong(argument, offset, "a place that no other member has");
    taken.add(at);
  }
}

function isNeeded(member: Member, { storage, fetching }: CopyDesign): boolean {
  if (member === "regs_user_copy") return storage === "STORAGE_SAMPLE";
  return member !== "sample_flags" || fetching === "FETCH_FLAG";
}

function missing(member: Member): UsageError {
  return new UsageError({
    argument: "places",
    problem: `has no member ${member}`,
    valid: "a structure with every member that the design uses",
  });
}
