import { EINVAL } from "../base/errno";
import { cpuAt } from "../machine/cpu";
import { objectBytesFrom } from "../machine/slab";
import { enterCore, leaveCore } from "../mm/shootdown";
import { isSound } from "../structs/call";
import { moveStruct } from "../structs/move";
import { checkClosedAtReturn } from "../uaccess/block";
import { wide } from "./tasks";

/** Moving a structure that the host described (structs/call.ts) in one of three ways (structs/move.ts). */

/** One call with the tables in the kernel buffer `call`: 0 or −EFAULT; −EINVAL for tables that lead outside it. */
export function structCall(index: u32, call: u32, lo: u32, hi: u32, strategy: u32): i32 {
  return measureStructCall(index, call, lo, hi, strategy, 1);
}

/** n calls, for measuring. Bit-or of the results. */
export function measureStructCall(
  index: u32,
  call: u32,
  lo: u32,
  hi: u32,
  strategy: u32,
  n: u32,
): i32 {
  if (!isSound(call, objectBytesFrom(call))) return -EINVAL;
  const cpu = cpuAt(index);
  let result: i32 = 0;
  enterCore(cpu);
  for (let at: u32 = 0; at < n; at++) result |= moveStruct(cpu, call, wide(lo, hi), strategy);
  checkClosedAtReturn(cpu);
  leaveCore(cpu);
  return result;
}
