/**
 * What a loopback capture may have brought. Playback and capture move apart in time, so the exact
 * bytes are an accident of the recording; their form is not:
 *
 *   user memory   00 00 … 00 │ part of the played ring, maybe over its end │ as it was before
 *                 (maybe none)                                             ▲ bytes captured
 */

import { decodeBytes, encodeBytes } from "../base/bytes.ts";
import { Mismatch } from "../base/compare.ts";
import type { PcmMachine } from "./machine.ts";
import type { CheckStep } from "./steps.ts";
import { BookkeepingView } from "./bookkeeping.ts";

/** Slot of the file that plays into the cable. */
const playingSlot = 0;

/**
 * Throws a Mismatch unless the first `captured` bytes of `actual` are silence followed by a
 * contiguous part of the played ring, and the bytes behind them are as recorded.
 */
export function checkCaptured(
  step: CheckStep,
  actual: Uint8Array,
  captured: number,
  machine: PcmMachine,
): void {
  const brought = actual.subarray(0, Math.max(0, captured - step.offset));
  if (!isSilenceThenRing(brought, playedRing(machine))) {
    throw new Mismatch("bytes", "silence, then a part of the played ring", encodeBytes(brought));
  }
  if (step.bytes.startsWith("fnv:")) return;
  const recorded = new Uint8Array(step.len);
  decodeBytes(step.bytes, recorded);
  const behind = actual.subarray(brought.length);
  const expected = recorded.subarray(brought.length);
  if (behind.some((byte, i) => byte !== expected[i])) {
    throw new Mismatch("bytes", encodeBytes(expected), encodeBytes(behind));
  }
}

function playedRing(machine: PcmMachine): Uint8Array {
  const view = new BookkeepingView(machine);
  view.read(playingSlot);
  const ring = new Uint8Array(Number(view.entry("dma_bytes")));
  machine.readRing(playingSlot, 0, ring);
  return ring;
}

/** True for zeros (perhaps none) and then bytes that follow each other in the ring. */
export function isSilenceThenRing(bytes: Uint8Array, ring: Uint8Array): boolean {
  const sound = bytes.findIndex((byte) => byte !== 0);
  if (sound < 0) return true;
  // Zeros of the ring itself may stand before the first other byte: they read as silence too.
  for (let start = 0; start < ring.length; start++) {
    if (isPartOfRing(bytes, sound, ring, start)) return true;
  }
  return false;
}

function isPartOfRing(bytes: Uint8Array, from: number, ring: Uint8Array, start: number): boolean {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] !== ring[(start + i - from) % ring.length]) return false;
  }
  return true;
}
