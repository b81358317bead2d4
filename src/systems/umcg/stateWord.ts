import { checkOptions, flag, nameOf, optional, whole, type Shape } from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import { anyAddress, type Address } from "../../machine/address.ts";

/** Versions of the patches, which have different state words (17 Sep and 12 Oct 2021). */
export const umcgVersions = ["v0.6", "v0.7"] as const;

export type UmcgVersion = (typeof umcgVersions)[number];

/** What a state word says. */
export interface UmcgStateWord {
  /** One of `umcgStates`, or a number that is none: 0 … 255, 0 … 63 in v0.7. */
  readonly state: number;
  /** Default false. */
  readonly locked?: boolean;
  /** Default false. */
  readonly preempted?: boolean;
  /** The program's own bits: 0 … 255, 0 … 31 in v0.7. Default 0. */
  readonly user?: number;
  /** v0.7: when the word was changed last, in units of 16 ns of the monotonic clock, modulo 2^46. Default 0. */
  readonly time?: Address;
}

interface WordLayout {
  readonly core: number;
  readonly bytes: 4 | 8;
  readonly stateMask: number;
  readonly locked: number;
  readonly preempted: number;
  readonly userShift: number;
  readonly userMask: number;
  readonly timeBits: number;
}

const timeShift = coreConstants.UMCG_TIME_SHIFT;

const layouts: Readonly<Record<UmcgVersion, WordLayout>> = {
  "v0.6": {
    core: coreConstants.UMCG_VERSION_6,
    bytes: 4,
    stateMask: coreConstants.UMCG_STATE_MASK,
    locked: coreConstants.UMCG_LOCKED,
    preempted: coreConstants.UMCG_PREEMPTED,
    userShift: coreConstants.UMCG_USER_SHIFT,
    userMask: 2 ** (32 - coreConstants.UMCG_USER_SHIFT) - 1,
    timeBits: 0,
  },
  "v0.7": {
    core: coreConstants.UMCG_VERSION_7,
    bytes: 8,
    stateMask: coreConstants.UMCG_STATE_MASK_7,
    locked: coreConstants.UMCG_LOCKED_7,
    preempted: coreConstants.UMCG_PREEMPTED_7,
    userShift: coreConstants.UMCG_USER_SHIFT_7,
    userMask: 2 ** (timeShift - coreConstants.UMCG_USER_SHIFT_7) - 1,
    timeBits: 64 - timeShift,
  },
};

/** A version as the core takes it. */
export function umcgVersionNumber(version: UmcgVersion): number {
  return layouts[version].core;
}

/** The state word of a version as a number of 32 bits, of 64 in v0.7. @throws UsageError for what does not fit it */
export function umcgStateWord(version: UmcgVersion, said: UmcgStateWord): bigint {
  nameOf(umcgVersions)("version", version);
  const layout = layouts[version];
  checkOptions("said", said, shapeOf(layout));
  const { state, locked = false, preempted = false, user = 0, time = 0 } = said;
  const most = (1n << BigInt(layout.timeBits)) - 1n;
  if (BigInt(time) > most) {
    throw new UsageError({
      argument: "time",
      problem: `is ${time}, ${version} keeps ${layout.timeBits} bits of it`,
      valid: `0 … ${most}`,
    });
  }
  const flags = (locked ? layout.locked : 0) + (preempted ? layout.preempted : 0);
  const low = state + flags + user * 2 ** layout.userShift;
  return (BigInt(time) << BigInt(timeShift)) + BigInt(low);
}

function shapeOf({ stateMask, userMask }: WordLayout): Shape<UmcgStateWord> {
  return {
    state: whole(0, stateMask),
    locked: optional(flag),
    preempted: optional(flag),
    user: optional(whole(0, userMask)),
    time: optional(anyAddress),
  };
}

/** What a state word of a version says; `time` is 0 in v0.6. @throws UsageError for a word that is too large */
export function umcgStateOf(version: UmcgVersion, word: Address): Required<UmcgStateWord> {
  nameOf(umcgVersions)("version", version);
  anyAddress("word", word);
  const { bytes, stateMask, locked, preempted, userShift, userMask, timeBits } = layouts[version];
  const given = BigInt(word);
  if (given >= 1n << BigInt(8 * bytes)) {
    const problem = `does not fit the ${8 * bytes} bits of ${version}`;
    throw new UsageError({ argument: "word", problem, valid: `less than 2^${8 * bytes}` });
  }
  const has = (bits: number): boolean => (given & BigInt(bits)) !== 0n;
  return {
    state: Number(given & BigInt(stateMask)),
    locked: has(locked),
    preempted: has(preempted),
    user: Number((given >> BigInt(userShift)) & BigInt(userMask)),
    time: timeBits === 0 ? 0n : given >> BigInt(timeShift),
  };
}
