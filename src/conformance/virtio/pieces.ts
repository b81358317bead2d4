/** Where the pages of a stream's ring were adjacent on the recorded machine: an input of its cases. */

import { isObject } from "../base/trace.ts";
import type { VirtioSndCase, VirtioSndStep } from "./steps.ts";

const PAGE_BYTES = 4096;
const DATA_PIECE = /^dma\+(\d+):(\d+)[rw]$/;

/** The pieces that the HW_PARAMS at `index` gets, and of which stream; null for other steps and small rings. */
export function ringPieces(
  sndCase: VirtioSndCase,
  index: number,
): { readonly stream: number; readonly pieces: readonly number[] } | null {
  const step = sndCase.steps[index]!;
  if (!("app" in step) || step.app !== "HW_PARAMS" || step.ret !== 0) return null;
  const bytes = numberAt(step, "buffer") * numberAt(step, "frame_bytes");
  const stream = openedStream(sndCase, index, step.slot);
  if (bytes <= PAGE_BYTES || stream === null) return null;
  const rest = sndCase.steps.slice(index + 1);
  const stated = rest.find(
    (later) => "dev" in later && later.dev === "layout" && later.stream === stream,
  );
  if (stated !== undefined && "pieces" in stated) return { stream, pieces: stated.pieces };
  if (sndCase.device.merge_pieces === 1) return null;
  return { stream, pieces: cutAtEnds(endsInLogs(rest, stream), bytes) };
}

function numberAt(step: VirtioSndStep, key: string): number {
  return (step as unknown as Readonly<Record<string, number>>)[key] ?? 0;
}

/** The stream that a slot has open: the one whose bookkeeping its OPEN changed. */
function openedStream({ steps }: VirtioSndCase, index: number, slot: number): number | null {
  for (const step of steps.slice(0, index).reverse()) {
    if (!("app" in step) || step.app !== "OPEN" || step.slot !== slot) continue;
    const { pcm } = step as { readonly pcm?: unknown };
    const [id] = isObject(pcm) ? Object.keys(pcm) : [];
    return id === undefined ? step.stream : Number(id);
  }
  return null;
}

/** Ends of the data pieces that the logs show until the ring changes. */
function endsInLogs(steps: readonly VirtioSndStep[], stream: number): Set<number> {
  const ends = new Set<number>();
  for (const step of steps) {
    if ("app" in step && step.app === "HW_PARAMS") break;
    const { log = [] } = step as { readonly log?: readonly (readonly unknown[])[] };
    for (const entry of log) {
      if (entry[0] !== "expose" || entry[5] !== stream) continue;
      for (const piece of entry[4] as readonly string[]) {
        const [, offset, length] = DATA_PIECE.exec(piece) ?? [];
        if (offset !== undefined) ends.add(Number(offset) + Number(length));
      }
    }
  }
  return ends;
}

function cutAtEnds(ends: ReadonlySet<number>, bytes: number): number[] {
  const places = [...ends].filter((end) => end % PAGE_BYTES === 0 && end < bytes);
  const sorted = [...places.sort((a, b) => a - b), bytes];
  return sorted.map((end, index) => end - (sorted[index - 1] ?? 0));
}
