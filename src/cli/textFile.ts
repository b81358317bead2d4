import { closeSync, openSync, readSync } from "node:fs";
import { UsageError } from "../base/errors.ts";
import { shown } from "../base/shown.ts";
import { sizeText } from "../base/sizes.ts";

/** A layout of a million areas is shorter; a device or a pipe may never end. */
const MOST_BYTES = 64 << 20;

/**
 * A file that an option names, as text.
 * @param hint what else to say where it cannot be read
 * @throws UsageError naming the option and the file
 */
export function textFile(option: string, file: string, valid: string, hint = ""): string {
  const bytes = bytesOf(file, (reason) => {
    const problem = `${shown(file)} cannot be read: ${reason}${hint}`;
    return new UsageError({ argument: option, problem, valid });
  });
  if (bytes.length <= MOST_BYTES) return bytes.toString("utf8");
  const problem = `${shown(file)} has more than ${sizeText(MOST_BYTES)}`;
  throw new UsageError({ argument: option, problem, valid });
}

/** One byte more than may be at most, so that who asks sees that there are more. */
function bytesOf(file: string, failed: (reason: string) => UsageError): Buffer {
  const bytes = Buffer.alloc(MOST_BYTES + 1);
  let length = 0;
  try {
    const descriptor = openSync(file, "r");
    try {
      for (let got = -1; got !== 0 && length < bytes.length; length += got) {
        got = readSync(descriptor, bytes, length, bytes.length - length, null);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw failed((error as Error).message);
  }
  return bytes.subarray(0, length);
}
