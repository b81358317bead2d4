import { errnoNameOf } from "../base/errno.ts";

/** "0", a count, or "-EFAULT". */
export function errnoName(result: number): string {
  return result >= 0 ? String(result) : `-${errnoNameOf(-result)}`;
}
