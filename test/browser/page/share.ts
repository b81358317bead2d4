/** The part of the golden traces that is replayed in the browser, the same in the page and in Node. */

/** Around the wrap of the pointers nothing may be left to chance. */
const wholeFiles: readonly string[] = ["sync_ptr_wrap.jsonl.gz"];

/** Elsewhere every tenth case; the recordings walk through ABIs, devices and faults in turn. */
const stride = 10;

/** Whether the case on `line` (counted from 1) of a file is replayed. */
export function inShare(file: string, line: number): boolean {
  return wholeFiles.includes(file) || (line - 1) % stride === 0;
}
