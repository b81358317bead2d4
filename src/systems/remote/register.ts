import type { Address } from "../../machine/address.ts";
import type { Task } from "../../machine/task.ts";

const BITS_PER_BYTE = 8;

/** A number as the kernel gets it from a program: a 32-bit one's registers hold the low half. */
export function registerOf({ wordBytes }: Task, value: Address): bigint {
  return BigInt.asUintN(wordBytes * BITS_PER_BYTE, BigInt(value));
}
