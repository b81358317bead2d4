import { expect } from "vitest";
import type { Machine } from "../../src/index.ts";
import { PAGE } from "./pool.ts";

/** Word a freed page is filled with (assembly/machine/frames.ts). */
const POISON = 0x6b6b6b6b;

/** Kinds of frame that nobody holds; a tail page follows its head. */
const FREE = 0;
const FREE_BLOCK = 1;
const TAIL = 8;

interface FrameView {
  readonly refcount: number;
  readonly mapcount: number;
  readonly kind: number;
}

export function frameAt(machine: Machine, pfn: number): FrameView {
  const at = machine.header("HEADER_FRAMES") + pfn * machine.constant("FRAME_BYTES");
  return {
    refcount: machine.words[(at + machine.constant("FRAME_REFCOUNT")) >>> 2]!,
    mapcount: machine.words[(at + machine.constant("FRAME_MAPCOUNT")) >>> 2]!,
    kind: machine.bytes[at + machine.constant("FRAME_KIND")]!,
  };
}

export function pfnOf(machine: Machine, linear: number): number {
  return Math.floor((linear - machine.header("HEADER_RAM")) / PAGE);
}

/**
 * Checks every frame that was ever used: a held one has references, a free one none, is poisoned or was never touched,
 * and the counter of frames in use agrees.
 */
export function audit(machine: Machine): void {
  const wrong: string[] = [];
  let held = 0;
  for (let pfn = 1; pfn < machine.header("HEADER_FRESH_PFN"); pfn++) {
    const { refcount, kind } = frameAt(machine, pfn);
    const isFree = kind === FREE || kind === FREE_BLOCK;
    if (!isFree) held += 1;
    if (isFree && refcount !== 0) wrong.push(`${pfn} is free with ${refcount} references`);
    if (isFree && !isBlank(machine, pfn)) wrong.push(`${pfn} is free with content`);
    if (!isFree && kind !== TAIL && refcount === 0) {
      wrong.push(`${pfn} is held without a reference`);
    }
  }
  expect(wrong).toEqual([]);
  expect(held).toBe(machine.framesInUse);
}

function isBlank(machine: Machine, pfn: number): boolean {
  const at = machine.header("HEADER_RAM") + pfn * PAGE;
  const words = machine.words.subarray(at >>> 2, (at + PAGE) >>> 2);
  return words[0] === 0 || words[0] === POISON ? words.every((word) => word === words[0]) : false;
}
