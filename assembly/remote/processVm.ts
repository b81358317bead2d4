import { EACCES, EFAULT, EINVAL, ENOMEM, EPERM, ESRCH } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { pageAddress } from "../machine/frame";
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from "../machine/map";
import { kfree, kmalloc } from "../machine/slab";
import { mmPut } from "../mm/exit";
import { Mm } from "../mm/mm";
import { mmapReadLock, mmapReadUnlock } from "../mm/mmapLock";
import { Task } from "../mm/task";
import {
  Segments,
  copyFromSegments,
  copySegments,
  copyToSegments,
  freeSegments,
  importSegments,
  segmentAt,
} from "../uaccess/iovec";
import { mmAccess } from "./accessCheck";
import { FOLL_PIN, FOLL_WRITE } from "./foll";
import { getUserPages, putUserPage } from "./gup";
import { tallySlow } from "./slowPath";

/**
 * process_vm_readv and process_vm_writev (mm/process_vm_access.c, 6.18). Never forces, never grows a remote stack, and
 * pins a whole batch of pages however few of their bytes are wanted.
 */

/** Most pages pinned at once: two pages of pointers on a 64-bit kernel. */
const BATCH_PAGES: u64 = 1024;
const PAGE_NUMBER_BYTES: u32 = 4;

/** What a call is about. */
@unmanaged
export class ProcessVmCall {
  target: u32; // Task; 0 = there is no such process
  foll: u32; // FOLL_WRITE for process_vm_writev
  local: u64;
  localCount: u64;
  remote: u64;
  remoteCount: u64;
  flags: u64;
}

/** Bytes moved, or −errno. */
export function processVm(cpu: Cpu, call: ProcessVmCall): i32 {
  if (call.flags != 0) return -EINVAL;
  const imported = importSegments(cpu, call.local, call.localCount as u32);
  if (imported != 0) return imported;
  const local = changetype<Segments>(cpu.value as usize);
  const result = local.left == 0 ? 0 : withRemote(cpu, call, local);
  freeSegments(local);
  return result;
}

function withRemote(cpu: Cpu, call: ProcessVmCall, local: Segments): i32 {
  const copied = copySegments(cpu, call.remote, call.remoteCount);
  if (copied != 0) return copied;
  const remote = changetype<Segments>(cpu.value as usize);
  const result = isEmpty(remote) ? 0 : withTarget(cpu, call, local, remote);
  freeSegments(remote);
  return result;
}

function isEmpty(list: Segments): bool {
  for (let index: u32 = 0; index < list.count; index++) {
    if (segmentAt(list, index).length != 0) return false;
  }
  return true;
}

function withTarget(cpu: Cpu, call: ProcessVmCall, local: Segments, remote: Segments): i32 {
  const batch = kmalloc((BATCH_PAGES as u32) * PAGE_NUMBER_BYTES);
  if (batch == 0) return -ENOMEM;
  const result = moveAll(cpu, call, local, remote, batch);
  kfree(batch);
  return result;
}

function moveAll(
  cpu: Cpu,
  call: ProcessVmCall,
  local: Segments,
  remote: Segments,
  batch: usize,
): i32 {
  if (call.target == 0) return -ESRCH;
  const refused = mmAccess(cpu, changetype<Task>(call.target as usize));
  if (refused != 0) return refused == -EACCES ? -EPERM : refused;
  const mm = changetype<Mm>(cpu.value as usize);
  const wanted = local.left;
  const foll = call.foll | FOLL_PIN;
  let error: i32 = 0;
  for (let index: u32 = 0; index < remote.count && local.left != 0 && error == 0; index++) {
    const segment = segmentAt(remote, index);
    if (segment.length == 0) continue;
    error = moveSegment(cpu, mm, segment.base, segment.length, local, foll, batch);
  }
  mmPut(cpu, mm);
  const moved = (wanted - local.left) as i32;
  return moved > 0 ? moved : error;
}

/** process_vm_rw_single_vec: 0 or −EFAULT; what was moved is told by the local list. */
function moveSegment(
  cpu: Cpu,
  mm: Mm,
  base: u64,
  length: u64,
  local: Segments,
  foll: u32,
  batch: usize,
): i32 {
  let pages = ((base + length - 1) >> PAGE_SHIFT) - (base >> PAGE_SHIFT) + 1;
  let at = base;
  let left = length;
  while (pages != 0 && local.left != 0) {
    const wanted = min(pages, BATCH_PAGES) as u32;
    if (!mmapReadLock(cpu, mm)) return -EFAULT;
    const pinned = getUserPages(cpu, mm, at, wanted, foll, batch);
    mmapReadUnlock(cpu, mm);
    if (pinned <= 0) return -EFAULT;
    const offset = (at as u32) & PAGE_MASK;
    const bytes = min<u64>(((pinned as u64) << PAGE_SHIFT) - offset, left);
    const before = local.left;
    const good = movePages(cpu, batch, offset, bytes, local, foll);
    tallySlow(cpu, at, (before - local.left) as u32);
    for (let page: i32 = 0; page < pinned; page++) putUserPage(load<u32>(batch + (page << 2)));
    if (!good) return -EFAULT;
    left -= bytes;
    at += bytes;
    pages -= pinned;
  }
  return 0;
}

/** process_vm_rw_pages: false where the task's own memory faulted. */
function movePages(
  cpu: Cpu,
  batch: usize,
  offset: u32,
  bytes: u64,
  local: Segments,
  foll: u32,
): bool {
  let left = bytes;
  let start = offset;
  for (let page: usize = batch; left != 0 && local.left != 0; page += PAGE_NUMBER_BYTES) {
    const piece = min<u64>(PAGE_SIZE - start, left) as u32;
    const address = pageAddress(load<u32>(page)) + start;
    const copied =
      (foll & FOLL_WRITE) != 0
        ? copyFromSegments(cpu, local, address, piece)
        : copyToSegments(cpu, local, address, piece);
    if (copied < piece && local.left != 0) return false;
    left -= piece;
    start = 0;
  }
  return true;
}
