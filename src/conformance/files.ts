/** Golden trace files on disk (Node only). */

import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { UsageError } from "../base/errors.ts";

/** One line that is not blank, and where it stands. */
export interface TraceLine {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

function isTraceFile(name: string): boolean {
  return name.endsWith(".jsonl") || name.endsWith(".jsonl.gz");
}

/**
 * The trace files behind `paths`: files as they are, folders searched to any depth, in the order
 * of their names. Files with other endings are left out. Throws a UsageError for a path that does
 * not exist.
 */
export async function expandTracePaths(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await expand(path)));
  return files;
}

async function expand(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) {
    throw new UsageError({
      argument: path,
      problem: "does not exist",
      valid: "a .jsonl or .jsonl.gz file, or a folder with such files",
    });
  }
  if (!found.isDirectory()) return isTraceFile(path) ? [path] : [];
  const names = (await readdir(path)).sort();
  const parts: string[] = [];
  for (const name of names) parts.push(...(await expand(join(path, name))));
  return parts;
}

/**
 * The lines of a trace file, one after the other. A file that cannot be read or unpacked to its
 * end throws what the reader says.
 */
export async function* readTraceLines(file: string): AsyncGenerator<TraceLine> {
  const source = createReadStream(file);
  const input = file.endsWith(".gz") ? source.pipe(createGunzip()) : source;
  const failure = new Promise<never>((_, reject) => {
    source.once("error", reject);
    input.once("error", reject);
  });
  // Only the loop below waits for it; a failure after the last line has nobody to tell.
  failure.catch(() => undefined);
  const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (let line = 1; ; line++) {
    const next = await Promise.race([lines.next(), failure]);
    if (next.done === true) return;
    if (next.value.trim() !== "") yield { file, line, text: next.value };
  }
}
