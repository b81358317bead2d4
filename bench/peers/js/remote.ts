import { PAGE_MASK, PAGE_SIZE } from "./layout.ts";
import type { JsMachine } from "./machine.ts";
import { lookupIn, NOT_MAPPED } from "./tables.ts";
import { carry, moveBytes } from "./uaccess.ts";

/**
 * Reads `size` bytes of another address space, whose top table begins at word `root`, from (lo, hi) into RAM: walk and
 * copy, with neither locks nor reference counts. Run by run, a run being pages whose frames follow one another. Returns
 * the bytes read, up to the first page that is not there.
 */
export function readRemote(
  m: JsMachine,
  root: number,
  lo: number,
  hi: number,
  to: number,
  size: number,
): number {
  let done = 0;
  while (done < size) {
    const frame = lookupIn(m.words, root, lo, hi);
    if (frame === NOT_MAPPED) break;
    let run = Math.min(size - done, PAGE_SIZE - (lo & PAGE_MASK));
    while (done + run < size && follows(m.words, root, lo, hi, run, frame)) {
      run = Math.min(size - done, run + PAGE_SIZE);
    }
    moveBytes(m, to + done, frame | (lo & PAGE_MASK), run);
    hi = carry(lo, hi, run);
    lo = (lo + run) | 0;
    done += run;
  }
  return done;
}

/** Whether the page `run` bytes behind (lo, hi) stands as far behind its frame. */
function follows(
  words: Int32Array,
  root: number,
  lo: number,
  hi: number,
  run: number,
  frame: number,
): boolean {
  const next = lookupIn(words, root, (lo + run) | 0, carry(lo, hi, run));
  return next === frame + (lo & PAGE_MASK) + run;
}
