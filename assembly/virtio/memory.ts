import { kfree, kmalloc, slabAlloc, slabFree } from "../machine/slab";
import { PAGE_SIZE } from "../machine/map";

/** Kernel memory of any size; what fits half a page comes from a slab. */
const SLAB_MOST: u32 = PAGE_SIZE >> 1;

/** Zeroed memory, or 0 when RAM is full. */
export function allocateBytes(bytes: u32): u32 {
  if (bytes <= SLAB_MOST) return slabAlloc(bytes) as u32;
  const address = kmalloc(bytes);
  if (address != 0) memory.fill(address, 0, bytes);
  return address as u32;
}

/** Gives back what `allocateBytes` gave for so many bytes; nothing for 0. */
export function freeBytes(address: u32, bytes: u32): void {
  if (address == 0) return;
  if (bytes <= SLAB_MOST) slabFree(address);
  else kfree(address);
}
