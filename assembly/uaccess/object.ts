import { Cpu } from "../machine/cpu";
import { FINDING_OBJECT_OVERFLOW, recordFinding } from "../machine/findings";
import { objectBytesFrom } from "../machine/slab";

/**
 * True when the kernel object is too small for what is asked of it: nothing is copied, its content stays, and the code
 * that asked is at fault (check_copy_size, include/linux/ucopysize.h).
 */
export function objectTooSmall(cpu: Cpu, kernel: u32, length: u32): bool {
  if (length == 0 || objectBytesFrom(kernel) >= length) return false;
  recordFinding(FINDING_OBJECT_OVERFLOW, cpu.index, cpu.task, kernel, length);
  return true;
}
