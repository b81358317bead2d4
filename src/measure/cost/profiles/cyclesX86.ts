/** Modelled cycles of x86-64: every event priced with cycles measured on hardware. */

import type { CopyCurve, CopyPoint } from "../copyCurve.ts";
import type { CostEvent } from "../events.ts";
import { x86CopyFromUserExtra, x86CopyToUserExtra, x86Cycles } from "../figures/cycles.ts";
import type { CycleModel, CycleWeight } from "../profile.ts";
import { derive, terms, times, type Derived } from "../weights.ts";

const of = terms("x86_measured", x86Cycles);

const single = derive([of("put_user_4.core_cycles")]);
const wide = derive([of("put_user_8.core_cycles")], [of("put_user_4.core_cycles")]);
const load = derive([of("one_more_unsafe_get_user_in_an_open_block.core_cycles")]);

const storesTimed = 9;
const store = derive([of("user_mode.nine_plain_stores.core_cycles")], [], storesTimed);

/** Range check, stac, fence and clac: the measured block of six puts without its stores. */
const storesInMeasuredBlock = 6;
const measuredBlock = of("guarded_block_of_6_unsafe_put_user.core_cycles");
const storesOfBlock = times(storesInMeasuredBlock, store);
const emptyBlock = {
  value: measuredBlock.value - storesOfBlock.value,
  key: `${measuredBlock.path} - ${storesOfBlock.key}`,
};

function priced(event: CostEvent, { value, key }: Derived): CycleWeight {
  return { event, value, key };
}

/** The alignment was not varied: one class. */
function cycleCurve(key: string, points: readonly CopyPoint[]): CopyCurve {
  const aligned = { toAlign: 0, fromAlign: 0, points };
  return { key: `x86_measured.${key}`, aligned, others: [], alignmentMatters: false, breakAt: 0 };
}

const shortest = 8;

/** Copies longer than `above` bytes: the shortest one's cycles plus the measured difference. */
function beyond(above: number, base: number, extra: readonly CopyPoint[]): CopyPoint[] {
  return extra
    .filter(([bytes]) => bytes > above)
    .map(([bytes, more]): CopyPoint => [bytes, base + more]);
}

const fromShortest = x86Cycles["copy_from_user_8.core_cycles"];
const toMeasured: readonly CopyPoint[] = [
  [shortest, x86Cycles["copy_to_user_8.core_cycles"]],
  [16, x86Cycles["copy_to_user_16.core_cycles"]],
  [32, x86Cycles["copy_to_user_32.core_cycles"]],
];
const toLongest = 32;

/** Cycles of x86-64, as measured on Zen 4. */
export const x86CycleModel: CycleModel = {
  kind: "measured",
  weights: [
    priced("gets", single),
    priced("puts", single),
    priced("widePuts", wide),
    priced("readBlocks", emptyBlock),
    priced("writeBlocks", emptyBlock),
    priced("blockLoads", load),
    priced("blockStores", store),
  ],
  copyFromUser: cycleCurve("copy_from_user_8, copy_from_user_extra_over_8_bytes", [
    [shortest, fromShortest],
    ...beyond(shortest, fromShortest, x86CopyFromUserExtra),
  ]),
  copyToUser: cycleCurve("copy_to_user_8, _16, _32, copy_to_user_extra_over_8_bytes", [
    ...toMeasured,
    ...beyond(toLongest, x86Cycles["copy_to_user_8.core_cycles"], x86CopyToUserExtra),
  ]),
  note:
    "AMD Zen 4 with Safe RET, first-level cache hits; get_user was not measured and is taken as " +
    "put_user, an unsafe_get_user is an upper bound",
};
