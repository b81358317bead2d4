/**
 * The figures of the thread of June 2025 about SYNC_PTR on PowerPC 8xx, and what the model needs to stand
 * beside them: an assumption about the part of the ioctl that is not user access.
 *
 *   +--------------+---------------------------+---------------+
 *   | read side    | rest: locks, pointer      | write side    |   one ioctl, in instructions
 *   | (model)      | update, state (assumed)   | (model)       |
 *   +--------------+---------------------------+---------------+
 */

import { checkThat, objectOf } from "../../base/checks.ts";
import { threadReported } from "./figures/cycles.ts";

const percent = 100;

/** What the thread reported. Shares are percentages. */
export const threadFigures = {
  source: "linuxppc-dev / alsa-devel, June 2025: Convert snd_pcm_ioctl_sync_ptr_{compat/x32}",
  /** Instructions of the write side. */
  writeInstructions: {
    perField: threadReported["write_side_instructions_before_after[0]"],
    block: threadReported["write_side_instructions_before_after[1]"],
  },
  /** The write side's share of snd_pcm_ioctl. */
  writeSharePercent: {
    perField: threadReported["write_side_percent_of_snd_pcm_ioctl_before_after[0]"],
    block: threadReported["write_side_percent_of_snd_pcm_ioctl_before_after[1]"],
  },
  /** The ioctl's (with copies: and the copy routines') share of all samples. */
  samplesPercent: {
    perField: threadReported["perf_top_percent_of_all_samples.a"],
    copy: threadReported["perf_top_percent_of_all_samples.b"],
    block: threadReported["perf_top_percent_of_all_samples.c"],
  },
  /** What the share of the copying form is made of. */
  copySamplesPercent: {
    snd_pcm_ioctl: threadReported["b_split.snd_pcm_ioctl"],
    __copy_tofrom_user: threadReported["b_split.__copy_tofrom_user"],
    _copy_from_user: threadReported["b_split._copy_from_user"],
    _copy_to_user: threadReported["b_split._copy_to_user"],
  },
} as const;

/** A form for which the thread gives the write side's share and its instructions. */
export type ThreadForm = keyof typeof threadFigures.writeSharePercent;

/** Instructions of the user access of one call, by side. */
export interface AccessInstructions {
  readonly read: number;
  readonly write: number;
}

const instructions = checkThat(
  "a number of instructions from 0",
  (value) => Number.isFinite(value) && (value as number) >= 0,
);
const accessInstructions = objectOf<AccessInstructions>({
  read: instructions,
  write: instructions,
});
const formInstructions = objectOf<Record<ThreadForm, number>>({
  perField: instructions,
  block: instructions,
});

/** The shares of one ioctl on 8xx, under one assumption about the rest of it. */
export interface IoctlShares {
  /** The form whose reported share fixes the rest. */
  readonly restFrom: ThreadForm;
  /** Instructions assumed for everything but the user access. */
  readonly restInstructions: number;
  /** The write side's part of the ioctl. */
  readonly writePercent: number;
  /** Both sides' part of the ioctl: the time spent moving user data. */
  readonly accessPercent: number;
  /** The ioctl's part of all samples, if that form's reported part is right. */
  readonly samplesPercent: number;
}

/**
 * Everything outside the write side of one ioctl, from a reported share: write × (100 − share) / share.
 * It contains the read side.
 */
function outsideWriteSide(form: ThreadForm): number {
  const share = threadFigures.writeSharePercent[form];
  return (threadFigures.writeInstructions[form] * (percent - share)) / share;
}

/** Instructions of the whole ioctl in the thread's form. */
function ioctlInstructions(form: ThreadForm): number {
  return threadFigures.writeInstructions[form] + outsideWriteSide(form);
}

/**
 * The shares of a call with the given instructions, once with the rest of the ioctl taken from each of
 * the thread's two forms. The two differ, and the truth lies between: see `restAssumption`.
 *
 * @param access instructions of the call's two sides on 8xx
 * @param readSides the model's read side for the thread's own two forms, which is not part of the rest
 */
export function ioctlShares(
  access: AccessInstructions,
  readSides: Readonly<Record<ThreadForm, number>>,
): Readonly<Record<ThreadForm, IoctlShares>> {
  accessInstructions("access", access);
  formInstructions("readSides", readSides);
  return {
    perField: sharesWith("perField", access, readSides.perField),
    block: sharesWith("block", access, readSides.block),
  };
}

function sharesWith(form: ThreadForm, access: AccessInstructions, readSide: number): IoctlShares {
  const restInstructions = outsideWriteSide(form) - readSide;
  const moved = access.read + access.write;
  const whole = moved + restInstructions;
  return {
    restFrom: form,
    restInstructions,
    writePercent: (access.write / whole) * percent,
    accessPercent: (moved / whole) * percent,
    samplesPercent: (whole / ioctlInstructions(form)) * threadFigures.samplesPercent[form],
  };
}

/** What the shares assume, in plain words, with the numbers. */
export const restAssumption = assumptionText();

function assumptionText(): string {
  const { writeInstructions, writeSharePercent } = threadFigures;
  const outside = { perField: outsideWriteSide("perField"), block: outsideWriteSide("block") };
  return (
    "On 8xx an instruction is taken as one unit of time. The rest of the ioctl is not counted but " +
    `derived: ${writeInstructions.perField} instructions that are ${writeSharePercent.perField} % of ` +
    `it leave ${outside.perField.toFixed(0)} outside the write side; ${writeInstructions.block} that ` +
    `are ${writeSharePercent.block} % leave ${outside.block.toFixed(0)}. The model's read side is ` +
    "taken off and the remainder kept the same for every form. The two reports do not agree on it " +
    "(they are two profiles of two kernels), so both results are given."
  );
}
