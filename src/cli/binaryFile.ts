import { writeFileSync } from "node:fs";
import { UsageError } from "../base/errors.ts";
import { shown } from "../base/shown.ts";

/**
 * Writes the file that an option names.
 * @throws UsageError naming the option and the file
 */
export function writeBinaryFile(option: string, file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    const problem = `${shown(file)} cannot be written: ${(error as Error).message}`;
    throw new UsageError({ argument: option, problem, valid: "a file that can be written" });
  }
}
