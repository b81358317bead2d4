import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { COUNT_YIELDS, count } from "./counters";

/** Why a fiber gives way. */
export const YIELD_STEP: u32 = 0; // an ordinary yield point: may go on at once
export const YIELD_WAIT: u32 = 1; // it waits for something another CPU must do

/**
 * The host's scheduler. In the study build binaryen's asyncify makes this call unwind the wasm stack, so that another
 * emulated CPU can run and this one goes on later as if nothing had happened. Answers 0 when there is no scheduler.
 */
@external("host", "switchFiber")
declare function switchFiber(cpu: u32, why: u32): u32;

/** A point where another CPU may run: every k-th really switches, k = header.yieldEvery (0 = never). */
@inline
export function yieldPoint(cpu: Cpu): void {
  if (STUDY) takeYield(cpu);
}

function takeYield(cpu: Cpu): void {
  const h = header();
  count(cpu, COUNT_YIELDS);
  if (h.yieldEvery == 0) return;
  h.yieldCount += 1;
  if (h.yieldCount % h.yieldEvery == 0) switchFiber(cpu.index, YIELD_STEP);
}

/**
 * Parks the fiber until the scheduler runs it again; the caller then tests its condition once more.
 * False when nobody schedules: the wait would never end.
 */
export function parkFiber(cpu: Cpu): bool {
  if (STUDY) return switchFiber(cpu.index, YIELD_WAIT) != 0;
  return false;
}
