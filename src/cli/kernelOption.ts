import { UsageError } from "../base/errors.ts";
import {
  kernelVersions,
  newestKernel,
  resolveKernel,
  type ResolvedKernel,
} from "../machine/kernel.ts";
import { note } from "./output.ts";

/** The option as commander takes it: what to type, what it means, the default. */
export const kernelOption = [
  "--kernel <version>",
  `the nearest of these versions that is not newer: ${kernelVersions.join(", ")}`,
  newestKernel,
] as const;

/** Resolves --kernel to a row of the table; a version that has no row of its own is said on stderr. */
export function checkedKernel(text: string): string {
  const kernel = resolved(text);
  noteKernel(text, kernel);
  return kernel.version;
}

/** Says which row stands in for a release that has none. */
export function noteKernel(release: string, { version, exact }: ResolvedKernel): void {
  if (!exact) note(`kernel ${release} has no row of its own: taking the nearest, ${version}`);
}

/** The library names its own option; here it is the command's. */
function resolved(text: string): ResolvedKernel {
  try {
    return resolveKernel(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { problem, valid } = error;
    throw new UsageError({ argument: "--kernel", problem, valid });
  }
}
