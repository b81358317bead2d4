import { EFAULT, EINVAL } from "../base/errno";
import { Cpu, stackImage } from "../machine/cpu";
import { FRAME_ANON, FRAME_FILE, FRAME_TAIL, folioOf, frameOf } from "../machine/frame";
import { folioPut } from "../machine/frames";
import { PAGE_MASK, header } from "../machine/map";
import { ACCESS_READ, ACCESS_WRITE } from "../mm/fault";
import { FILE_VDSO, MappedFile } from "../mm/file";
import { accessOkFixed } from "../uaccess/check";
import { DIRECTION_BOTH } from "../uaccess/guard";
import { getSized, putSized } from "../uaccess/sized";
import { FLAG_NUMA, FLAG_PRIVATE } from "./flags";
import { getPage } from "./page";

/**
 * What a futex word is, independent of where it is mapped (kernel/futex/core.c, 6.18):
 *
 *   object         page            offset
 *   address space  page address    offset in the page              private futex
 *   address space  page address    offset | FUT_OFF_NODE           private futex that names its node
 *   address space  page address    offset | FUT_OFF_MMSHARED       shared futex in anonymous memory
 *   file's number  page in file    offset | FUT_OFF_INODE          shared futex in a file, or in shared memory
 */
@unmanaged
export class Key {
  page: u64;
  object: u32;
  offset: u32;
}

const FUT_OFF_INODE: u32 = 1;
const FUT_OFF_MMSHARED: u32 = 2;
/**
 * Ours: with a node it is queued in the table of all processes, without one in that of its own (__futex_hash, 6.16 and
 * later; every address space with two threads has one), and so the two never meet.
 */
const FUT_OFF_NODE: u32 = 1 << 31;

/** What the caller will do with the word: a page that can only be read has a key for the one and not for the other. */
export const INTENT_READ: u32 = ACCESS_READ;
export const INTENT_WRITE: u32 = ACCESS_WRITE;

const WORD_BYTES: u32 = 4;
/** The emulated machine has one memory node. */
const NODE: u32 = 0;
/** FUTEX_NO_NODE: the kernel is to choose. */
const NO_NODE: u32 = 0xffffffff;

/** Where a call that does not sleep keeps its keys: on the kernel stack. */
@inline
export function firstKey(cpu: Cpu): Key {
  return changetype<Key>(stackImage(cpu));
}

@inline
export function secondKey(cpu: Cpu): Key {
  return changetype<Key>(stackImage(cpu) + offsetof<Key>());
}

/** What follows the keys there: room for the structure that a call reads from user memory. */
@inline
export function callScratch(cpu: Cpu): usize {
  return stackImage(cpu) + 2 * offsetof<Key>();
}

@inline
export function sameKey(a: Key, b: Key): bool {
  return a.page == b.page && a.object == b.object && a.offset == b.offset;
}

/** futex_key_is_private: nobody outside the address space meets anybody at it. */
@inline
export function isPrivate(key: Key): bool {
  return (key.offset & (FUT_OFF_INODE | FUT_OFF_MMSHARED)) == 0;
}

export function copyKey(to: Key, from: Key): void {
  to.page = from.page;
  to.object = from.object;
  to.offset = from.offset;
}

/** get_futex_key: 0; −EINVAL for a misaligned address or a bad node; −EFAULT, −ENOMEM. */
export function getKey(cpu: Cpu, va: u64, flags: u32, intent: u32, key: Key): i32 {
  const bytes: u32 = (flags & FLAG_NUMA) != 0 ? 2 * WORD_BYTES : WORD_BYTES;
  key.offset = (va as u32) & PAGE_MASK;
  if (key.offset % bytes != 0) return -EINVAL;
  if (!accessOkFixed(cpu, va, bytes, DIRECTION_BOTH)) return -EFAULT;
  if ((flags & FLAG_NUMA) != 0) {
    const result = chooseNode(cpu, va + WORD_BYTES);
    if (result != 0) return result;
  }
  key.object = cpu.mm;
  key.page = va & ~(PAGE_MASK as u64);
  if ((flags & FLAG_PRIVATE) == 0) return sharedKey(cpu, key, intent);
  if ((flags & FLAG_NUMA) != 0) key.offset |= FUT_OFF_NODE;
  return 0;
}

/** The word behind the futex says on which node its bucket shall be; the kernel's choice is written back. */
function chooseNode(cpu: Cpu, va: u64): i32 {
  const result = getSized(cpu, va, WORD_BYTES);
  if (result != 0) return result;
  const node = cpu.value as u32;
  if (node == NO_NODE) return putSized(cpu, va, NODE, WORD_BYTES);
  return node == NODE ? 0 : -EINVAL;
}

/** The page decides. Getting it allocates it, or copies a private page of a file, unless it can only be read. */
function sharedKey(cpu: Cpu, key: Key, intent: u32): i32 {
  let readOnly = false;
  let page = getPage(cpu, key.page, ACCESS_WRITE);
  if (page == -EFAULT && intent == INTENT_READ) {
    readOnly = true;
    page = getPage(cpu, key.page, ACCESS_READ);
  }
  if (page < 0) return page;
  const result = describePage(key, page, readOnly);
  if ((page as u32) != header().zeroPfn) folioPut(page);
  return result;
}

/** A page that neither is private nor belongs to a file with an inode (zero page, special mapping) has no key. */
function describePage(key: Key, pfn: u32, readOnly: bool): i32 {
  const folio = folioOf(pfn);
  if (folio.kind == FRAME_ANON) {
    key.offset |= FUT_OFF_MMSHARED;
    return readOnly ? -EFAULT : 0;
  }
  if (folio.kind != FRAME_FILE) return -EFAULT;
  const file = changetype<MappedFile>(folio.mapping as usize);
  if (file.kind >= FILE_VDSO) return -EFAULT;
  key.object = file.id;
  key.page = folio.index + pageInFolio(pfn);
  key.offset |= FUT_OFF_INODE;
  return 0;
}

@inline
function pageInFolio(pfn: u32): u32 {
  const frame = frameOf(pfn);
  return frame.kind == FRAME_TAIL ? pfn - frame.index : 0;
}
