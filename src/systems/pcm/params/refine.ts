/**
 * HW_REFINE: narrowing a request to what the device can do (kernel function snd_pcm_hw_refine,
 * sound/core/pcm_native.c, Linux 6.12).
 */

import type { HwConstraints } from "./constraints.ts";
import { isLinear, physicalWidth, significantWidth } from "./formats.ts";
import { parseImage, slotOf, writeImage, type HwParams } from "./hwParamsImage.ts";
import { changed, empty, nothingLeft, type RefineResult } from "./interval.ts";
import { einval, firstInterval, maskCount, param, paramCount, subformat } from "./layout.ts";
import type { Rule } from "./rules.ts";

/** Bytes to write back, or the error number with nothing to write back. */
export type HwRefineResult =
  | { readonly errno: number; readonly image?: undefined }
  | { readonly errno: 0; readonly image: Uint8Array };

/**
 * Answers HW_REFINE. `image` is the request as the program's door lays it out (608 or 604 bytes)
 * and is left alone. Errors: EINVAL when no value is left for a parameter.
 */
export function hwRefine(image: Uint8Array, constraints: HwConstraints): HwRefineResult {
  const params = parseImage(image);
  if (refinePass(params, constraints) === nothingLeft) return { errno: einval };
  if (setOutputs(params, constraints) === nothingLeft) return { errno: einval };
  return { errno: 0, image: writeImage(params, image) };
}

/** One refine pass over the parameters named in rmask; clears rmask. */
export function refinePass(params: HwParams, constraints: HwConstraints): RefineResult {
  clearOutputs(params);
  for (let k = 0; k < maskCount; k++) {
    if (params.maskIsEmpty(k)) return nothingLeft;
    if (params.asks(k) && note(params, k, constrainMask(params, k, constraints))) {
      return nothingLeft;
    }
  }
  for (let k = firstInterval; k < paramCount; k++) {
    const slot = slotOf(k);
    if ((params.intervals.bits[slot]! & empty) !== 0) return nothingLeft;
    if (!params.asks(k)) continue;
    const result = params.intervals.refine(slot, slot, constraints.intervals);
    if (note(params, k, result)) return nothingLeft;
  }
  if (runRules(params, constraints.rules) === nothingLeft) return nothingLeft;
  params.rmask = 0;
  return changed;
}

function clearOutputs(params: HwParams): void {
  params.info = 0;
  params.fifoSize = 0;
  if (params.asks(param.sampleBits)) params.msbits = 0;
  if (params.asks(param.rate)) {
    params.rateNum = 0;
    params.rateDen = 0;
  }
}

function constrainMask(params: HwParams, k: number, { masks }: HwConstraints): RefineResult {
  return params.refineMask(k, masks[2 * k]!, masks[2 * k + 1]!);
}

/** Notes a change of parameter k; true when nothing is left of it. */
function note(params: HwParams, k: number, result: RefineResult): boolean {
  if (result === changed) params.markChanged(k);
  return result === nothingLeft;
}

/**
 * Runs the rules in passes until one pass changes nothing. A rule runs when a parameter it
 * depends on has a later stamp than the rule itself.
 */
function runRules(params: HwParams, rules: readonly Rule[]): RefineResult {
  const paramStamps = new Uint32Array(paramCount);
  for (let k = 0; k < paramCount; k++) paramStamps[k] = params.asks(k) ? 1 : 0;
  const ruleStamps = new Uint32Array(rules.length);
  let stamp = 2;
  let moved: boolean;
  do {
    moved = false;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]!;
      if (!isDue(rule, ruleStamps[i]!, paramStamps)) continue;
      const result = rule.run(params);
      if (result === nothingLeft) return nothingLeft;
      if (result === changed && rule.target !== null) {
        paramStamps[rule.target] = stamp;
        params.markChanged(rule.target);
        moved = true;
      }
      ruleStamps[i] = stamp;
      stamp++;
    }
  } while (moved);
  return changed;
}

function isDue({ deps }: Rule, ruleStamp: number, paramStamps: Uint32Array): boolean {
  for (let i = 0; i < deps.length; i++) {
    if (paramStamps[deps[i]!]! > ruleStamp) return true;
  }
  return false;
}

/** Fills in what follows from the negotiated values. */
export function setOutputs(params: HwParams, constraints: HwConstraints): RefineResult {
  if (params.msbits === 0) setMsbits(params);
  if (dropMsbitsMax(params) === nothingLeft) return nothingLeft;
  const rate = slotOf(param.rate);
  if (params.rateDen === 0 && params.intervals.isSingle(rate)) {
    params.rateNum = params.intervals.value(rate);
    params.rateDen = 1;
  }
  params.fifoSize = fifoSize(params, constraints);
  params.info = constraints.info;
  return changed;
}

function setMsbits(params: HwParams): void {
  const slot = slotOf(param.sampleBits);
  if (params.intervals.isSingle(slot)) params.msbits = params.intervals.value(slot);
  if (params.maskIsSingle(param.format)) {
    params.msbits = significantWidth(params.maskFirst(param.format)) >>> 0;
  }
}

/** A format that uses fewer bits than it has cannot also be said to use all of them. */
function dropMsbitsMax(params: HwParams): RefineResult {
  if (params.msbits === 0 || !params.maskIsSingle(param.format)) return changed;
  const format = params.maskFirst(param.format);
  if (!isLinear(format) || significantWidth(format) === params.msbits) return changed;
  return params.refineMask(param.subformat, ~(1 << subformat.msbitsMax), ~0);
}

function fifoSize(params: HwParams, constraints: HwConstraints): number {
  const slot = slotOf(param.channels);
  if (!params.maskIsSingle(param.format) || !params.intervals.isSingle(slot)) return 0;
  if (constraints.fifoInFrames) return constraints.fifoSize;
  const sample = physicalWidth(params.maskFirst(param.format));
  const frame = Math.floor((sample * params.intervals.min[slot]!) / 8);
  return frame > 0 ? Math.floor(constraints.fifoSize / frame) : constraints.fifoSize;
}
