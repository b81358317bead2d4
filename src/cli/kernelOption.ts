import { resolveKernel } from "../machine/kernel.ts";
import { note } from "./output.ts";

/** Resolves --kernel to a row of the table; a version that has no row of its own is said on stderr. */
export function checkedKernel(text: string): string {
  const { version, exact } = resolveKernel(text);
  if (!exact) note(`kernel ${text} has no row of its own; taking ${version}`);
  return version;
}
