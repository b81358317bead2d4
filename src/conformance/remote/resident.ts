/** Which steps ask for nothing but what a fast path can copy at once. */

import { PAGE_BYTES } from "../base/content.ts";
import { areaAt, residentBytes } from "./claims.ts";
import type { RemoteVmOperation } from "./steps.ts";
import type { World } from "./world.ts";
import { wordOf } from "../base/trace.ts";

const WORD_BYTES = 8n;

/**
 * True for a read by the mem file or a peek of memory in one area whose pages are all present: every fast path has to
 * serve it without the mmap lock.
 */
export function isResident(world: World, step: RemoteVmOperation): boolean {
  if (step.op !== "mem_read" && step.op !== "mem_seek_read" && step.op !== "peek") return false;
  const target = world.find(step.pid)?.task;
  const length = step.op === "peek" ? WORD_BYTES : wordOf(step.len);
  if (target === undefined || length > MOST_BYTES) return false;
  const areas = target.vmas();
  const at = wordOf(step.addr);
  const area = areaAt(areas, at);
  if (area === undefined || at + length > area.end) return false;
  return residentBytes(target, areas, at, Number(length), true) === Number(length);
}

/** More than any recorded area of resident memory. */
const MOST_BYTES = BigInt(1 << 26) * BigInt(PAGE_BYTES);
