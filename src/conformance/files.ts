/** Golden trace files on disk (Node only). */

import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { FaultlineError, UsageError } from "../base/errors.ts";
import type { Replayer } from "./replay.ts";
import { byteOrderMark } from "./base/trace.ts";

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
 * The lines of a trace file that are not blank, one after the other. A file that cannot be read,
 * or unpacked, to its end throws what the reader says, after the lines before.
 */
export async function* readTraceLines(file: string): AsyncGenerator<TraceLine> {
  let rest = "";
  let line = 0;
  for await (const chunk of openText(file)) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const text of lines) {
      line++;
      if (!isBlank(text)) yield { file, line, text };
    }
  }
  if (!isBlank(rest)) yield { file, line: line + 1, text: rest };
}

/** A byte order mark counts as white space elsewhere; here it is content, and wrong. */
function isBlank(text: string): boolean {
  return text.trim() === "" && !text.includes(byteOrderMark);
}

function openText(file: string): AsyncIterable<string> {
  const source = createReadStream(file);
  if (!file.endsWith(".gz")) return source.setEncoding("utf8");
  const unpacked = createGunzip();
  source.once("error", (error) => unpacked.destroy(error));
  return source.pipe(unpacked).setEncoding("utf8");
}

/**
 * Replays every case of the trace files behind `paths`. What cannot be read is counted as a
 * failure and the rest is still replayed. Throws a UsageError for a path that does not exist.
 */
export async function replayFiles(paths: readonly string[], replayer: Replayer): Promise<void> {
  for (const file of await expandTracePaths(paths)) {
    let reached = 0;
    try {
      for await (const { line, text } of readTraceLines(file)) {
        reached = line;
        replayer.replayLine(file, line, text);
      }
      if (reached === 0) replayer.countUnreadable(file, 1, "the file holds no case");
    } catch (error) {
      if (!isReadError(error)) throw error;
      replayer.countUnreadable(file, reached + 1, error.message);
    }
  }
}

/** What the file system and zlib throw carries a code; our own assertions do not. */
function isReadError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && !(error instanceof FaultlineError);
}
