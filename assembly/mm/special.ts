import { EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { pageAddress } from "../machine/frame";
import { PAGE_MASK, PAGE_SHIFT } from "../machine/map";
import { dropVma } from "./areas";
import {
  FILE_VDSO,
  FILE_VVAR,
  FILE_VVAR_VCLOCK,
  MappedFile,
  filePage,
  filePut,
  openFile,
} from "./file";
import { Mm } from "./mm";
import { mmapWriteLockKillable, mmapWriteUnlock } from "./mmapLock";
import { placeLocked, withinTask } from "./mmap";
import { moveWholeArea } from "./remap";
import { vmaAt } from "./vma";
import {
  VM_DONTDUMP,
  VM_DONTEXPAND,
  VM_EXEC,
  VM_IO,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_PFNMAP,
  VM_READ,
} from "./vmaFlags";
import { allocVma, findVma, freeVma } from "./vmaTree";

/** The kernel's own mappings in a program (arch/x86/entry/vdso/vma.c, 6.18). */

const VVAR_PAGES: u64 = 4;
const VVAR_VCLOCK_PAGES: u64 = 2;
const VDSO_PAGES: u64 = 2;
/** How the vdso begins: an ELF file, 64 bits, little-endian. */
const ELF_IDENTITY: u64 = 0x00010102464c457f;

/**
 * A program's mremap of the mapping of a kind (FILE_VDSO, FILE_VVAR, FILE_VVAR_VCLOCK), with its pages, to `start`; a
 * program that has none gets it there. 0; −EINVAL for an address or a kind that cannot be, and for a place that overlaps
 * the old one; −EPERM where something sealed is in the way; −ENOMEM where RAM is full. On an error the mapping stays.
 */
export function moveSpecial(cpu: Cpu, mm: Mm, kind: u32, start: u64): i32 {
  const bytes = pagesOf(kind) << PAGE_SHIFT;
  if (bytes == 0 || (start & PAGE_MASK) != 0 || !withinTask(start, bytes)) return -EINVAL;
  const refused = mmapWriteLockKillable(cpu, mm);
  if (refused != 0) return refused;
  const standing = findSpecial(mm, kind);
  const result =
    standing == 0
      ? placeNew(cpu, mm, kind, start, bytes)
      : moveWholeArea(cpu, mm, vmaAt(standing), start);
  mmapWriteUnlock(cpu, mm);
  return result;
}

function placeNew(cpu: Cpu, mm: Mm, kind: u32, start: u64, bytes: u64): i32 {
  const address = newSpecial(kind, bytes);
  if (address == 0) return -ENOMEM;
  vmaAt(address).start = start;
  vmaAt(address).end = start + bytes;
  const result = placeLocked(cpu, mm, address);
  if (result != 0) dropVma(address);
  return result;
}

function pagesOf(kind: u32): u64 {
  switch (kind) {
    case FILE_VDSO:
      return VDSO_PAGES;
    case FILE_VVAR:
      return VVAR_PAGES;
    case FILE_VVAR_VCLOCK:
      return VVAR_VCLOCK_PAGES;
    default:
      return 0;
  }
}

/** An area that is in no tree, with the only reference to its pages; 0 when RAM is full. */
function newSpecial(kind: u32, bytes: u64): usize {
  const address = allocVma();
  if (address == 0) return 0;
  const file = newPages(kind as u8, bytes);
  if (file == 0) {
    freeVma(address);
    return 0;
  }
  vmaAt(address).file = file as u32;
  vmaAt(address).pageLevel = 1;
  vmaAt(address).flags =
    kind == FILE_VDSO
      ? VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_DONTEXPAND
      : VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP | VM_PFNMAP | VM_DONTEXPAND;
  return address;
}

function newPages(kind: u8, bytes: u64): usize {
  const address = openFile(bytes, 0, kind);
  if (address == 0) return 0;
  const file = changetype<MappedFile>(address);
  const first = filePage(file, 0);
  if (first == 0) {
    filePut(file);
    return 0;
  }
  if (kind == FILE_VDSO) store<u64>(pageAddress(first), ELF_IDENTITY);
  return address;
}

function findSpecial(mm: Mm, kind: u32): usize {
  let at = findVma(mm, 0);
  while (at != 0 && !isOfKind(at, kind)) at = findVma(mm, vmaAt(at).end);
  return at;
}

function isOfKind(address: usize, kind: u32): bool {
  const file = vmaAt(address).file;
  return file != 0 && (changetype<MappedFile>(file as usize).kind as u32) == kind;
}
