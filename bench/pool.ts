// What the pages of W5 alias: 2 MiB of data, because 4 GiB of it would not fit into a wasm32 memory.
// A page's frame is picked so that neighbouring pages lie on frames far apart.

export const POOL_FRAMES = 512;
const FRAME_STEP = 167;
const FRAME_START = 13;

/** Which of the pool's frames the page `page` shows. */
export function poolFrame(page: number): number {
  return (Math.imul(page, FRAME_STEP) + FRAME_START) & (POOL_FRAMES - 1);
}

/** Fills the pool's words so that each tells where it stands; then sums of reads can be compared. */
export function fillPool(words: Int32Array | Uint32Array): void {
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 0x9e3779b1);
}
