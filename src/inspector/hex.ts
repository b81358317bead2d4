/** An address as the kernel's listings have it: eight digits at least. */
export function hex(value: bigint): string {
  return value.toString(16).padStart(8, "0");
}
