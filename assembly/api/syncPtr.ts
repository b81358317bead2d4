import { cpuAt } from "../machine/cpu";
import { STRATEGY_KERNEL, argumentBytes, offsetOf, widthOf } from "../pcm/layout";
import { enterCore, leaveCore } from "../mm/shootdown";
import { streamAt } from "../pcm/runtime";
import { readSide, writeSide } from "../pcm/syncMove";
import { kernelStrategy, syncPtr } from "../pcm/syncPtr";
import { wide } from "./tasks";

/** SYNC_PTR measured by itself, and what the host needs to know about its layouts. */

/** n calls, for measuring. Bit-or of the results. */
export function measureSyncPtr(
  index: u32,
  stream: u32,
  abi: u32,
  strategy: u32,
  lo: u32,
  hi: u32,
  n: u32,
): i32 {
  const cpu = cpuAt(index);
  let result: i32 = 0;
  enterCore(cpu);
  for (let at: u32 = 0; at < n; at++) {
    result |= syncPtr(cpu, streamAt(stream), abi, strategy, wide(lo, hi));
  }
  leaveCore(cpu);
  return result;
}

/** n times only what moves user data: both sides, without anything in between. */
export function measureSyncPtrMove(
  index: u32,
  abi: u32,
  strategy: u32,
  lo: u32,
  hi: u32,
  n: u32,
): i32 {
  const cpu = cpuAt(index);
  const form = strategy == STRATEGY_KERNEL ? kernelStrategy(abi) : strategy;
  let result: i32 = 0;
  enterCore(cpu);
  for (let at: u32 = 0; at < n; at++) {
    result |= readSide(cpu, wide(lo, hi), abi, form);
    result |= writeSide(cpu, wide(lo, hi), abi, form);
  }
  leaveCore(cpu);
  return result;
}

/** Where the nine written fields stand, in the order they are written; how wide they are; how long the argument is. */
export function syncPtrOffset(abi: u32, field: u32): u32 {
  return offsetOf(abi, field);
}

export function syncPtrWidth(abi: u32, field: u32): u32 {
  return widthOf(abi, field);
}

export function syncPtrBytes(abi: u32): u32 {
  return argumentBytes(abi);
}

/** The strategy that the machine's kernel version has for an ABI. */
export function syncPtrKernelStrategy(abi: u32): u32 {
  return kernelStrategy(abi);
}
