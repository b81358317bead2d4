import { FRAME_BUDDY, FRAME_FREE, FRAME_SLAB, FRAME_TAIL, frameOf } from "./frame";
import { emptyFreeLists, releaseFrame } from "./frames";
import { PAGE_SIZE, header } from "./map";
import { emptyPartialLists, listSlab } from "./slab";

/**
 * The allocators' lists made anew from the frames themselves, where the holder of their lock has died in the middle of a
 * change: a frame's kind, and a slab page's own list of free objects, are changed in one go. What had been taken and was
 * entered nowhere yet stays taken.
 */

/** Every frame below `freshPfn` that no block in use covers is free. `zoneLock` is held, by whoever has died. */
export function mendFrames(): void {
  const end = header().freshPfn;
  let inUse: u32 = 0;
  for (let pfn: u32 = 1; pfn < end;) {
    const frame = frameOf(pfn);
    if (isFree(frame.kind)) {
      frame.kind = FRAME_FREE;
      pfn += 1;
    } else {
      inUse += 1 << (frame.order as u32);
      pfn += 1 << (frame.order as u32);
    }
  }
  header().framesInUse = inUse;
  emptyFreeLists();
  for (let pfn: u32 = 1; pfn < end;) {
    const frame = frameOf(pfn);
    if (frame.kind != FRAME_FREE) pfn += 1 << (frame.order as u32);
    else {
      releaseFrame(pfn);
      pfn += 1;
    }
  }
}

/** A tail whose head is not in use belongs to a block that is half freed. */
@inline
function isFree(kind: u8): bool {
  return kind == FRAME_FREE || kind == FRAME_BUDDY || kind == FRAME_TAIL;
}

/** Every slab page with a free object is listed. `slabLock` is held, by whoever has died. */
export function mendSlabs(): void {
  const end = header().freshPfn;
  emptyPartialLists();
  for (let pfn: u32 = 1; pfn < end; pfn++) {
    const frame = frameOf(pfn);
    if (frame.kind != FRAME_SLAB) continue;
    const objects = PAGE_SIZE / (32 << frame.mapping);
    frame.count = objects - freeObjects(frame.index);
    if (frame.index != 0) listSlab(pfn);
  }
}

function freeObjects(first: u32): u32 {
  let count: u32 = 0;
  for (let at = first; at != 0; at = load<u32>(at)) count += 1;
  return count;
}
