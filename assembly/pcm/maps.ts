import { EBADFD, EINVAL, ENODEV, ENOMEM, ENXIO } from "../base/errno";
import { SOUND_RECORDS_MAPPED, profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from "../machine/map";
import { slabAlloc, slabFree } from "../machine/slab";
import { Mm } from "../mm/mm";
import { MapRequest, mapRange } from "../mm/mmap";
import {
  VM_DONTDUMP,
  VM_DONTEXPAND,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_READ,
  VM_SHARED,
} from "../mm/vmaFlags";
import { deviceOf } from "./device";
import {
  ACCESS_RW_INTERLEAVED,
  ACCESS_RW_NONINTERLEAVED,
  INFO_EXPLICIT_SYNC,
  INFO_MMAP,
  INFO_SYNC_APPLPTR,
  PROTOCOL_STATUS_MAP,
  STATE_DISCONNECTED,
  STATE_OPEN,
} from "./numbers";
import { CONTROL_PAGE, STATUS_PAGE } from "./open";
import { Stream } from "./runtime";

/** mmap of a PCM file (snd_pcm_mmap, sound/core/pcm_native.c): the offset says what is mapped. */
export const OFFSET_STATUS_OLD: u64 = 0x80000000;
export const OFFSET_CONTROL_OLD: u64 = 0x81000000;
export const OFFSET_STATUS: u64 = 0x82000000;
export const OFFSET_CONTROL: u64 = 0x83000000;

/** The old offsets are for programs that know nothing of a 32-bit kernel's second layout. */
function oldOffsetsGood(stream: Stream): bool {
  return profile().wordBytes == 8 && stream.compatUsed == 0;
}

/** Elsewhere the kernel does not trust its caches with records that both sides change (pcm_status_mmap_allowed). */
@inline
function recordsStay(): bool {
  return (profile().guard & SOUND_RECORDS_MAPPED) == 0;
}

function statusRefused(stream: Stream): bool {
  if (recordsStay()) return true;
  const info = deviceOf(stream).info;
  if (info & INFO_EXPLICIT_SYNC) return true;
  return (info & INFO_SYNC_APPLPTR) != 0 && stream.proto < PROTOCOL_STATUS_MAP;
}

function controlRefused(stream: Stream): bool {
  return (
    recordsStay() ||
    stream.compatUsed != 0 ||
    (deviceOf(stream).info & (INFO_EXPLICIT_SYNC | INFO_SYNC_APPLPTR)) != 0
  );
}

/**
 * Maps a record or the ring at `va`: 0 or −errno. `access` is VM_READ, perhaps with VM_WRITE. A length of 0 and an
 * offset inside a page end before the file is asked (do_mmap, mm/mmap.c).
 */
export function mapStream(
  cpu: Cpu,
  stream: Stream,
  mm: Mm,
  va: u64,
  offset: u64,
  bytes: u64,
  access: u32,
): i32 {
  if (bytes == 0 || (offset & PAGE_MASK) != 0) return -EINVAL;
  if (stream.gone) return -ENODEV;
  if (stream.state == STATE_DISCONNECTED) return -EBADFD;
  const length = (bytes + PAGE_MASK) & ~(PAGE_MASK as u64);
  switch (offset) {
    case OFFSET_STATUS_OLD:
      return oldOffsetsGood(stream) ? mapStatus(cpu, stream, mm, va, length, access) : -ENXIO;
    case OFFSET_STATUS:
      return mapStatus(cpu, stream, mm, va, length, access);
    case OFFSET_CONTROL_OLD:
      return oldOffsetsGood(stream) ? mapControl(cpu, stream, mm, va, length, access) : -ENXIO;
    case OFFSET_CONTROL:
      return mapControl(cpu, stream, mm, va, length, access);
    default:
      return mapRing(cpu, stream, mm, va, offset, length, access);
  }
}

/** A wish to write is not refused: the mapping is read-only for good. */
function mapStatus(cpu: Cpu, stream: Stream, mm: Mm, va: u64, length: u64, access: u32): i32 {
  if (statusRefused(stream)) return -ENXIO;
  if (length != PAGE_SIZE || (access & VM_READ) == 0) return -EINVAL;
  return mapPages(cpu, mm, va, length, stream.recordFile, STATUS_PAGE, VM_READ | VM_MAYREAD);
}

function mapControl(cpu: Cpu, stream: Stream, mm: Mm, va: u64, length: u64, access: u32): i32 {
  if (controlRefused(stream)) return -ENXIO;
  if (length != PAGE_SIZE || (access & VM_READ) == 0) return -EINVAL;
  return mapPages(
    cpu,
    mm,
    va,
    length,
    stream.recordFile,
    CONTROL_PAGE,
    access | VM_MAYREAD | VM_MAYWRITE,
  );
}

function mapRing(
  cpu: Cpu,
  stream: Stream,
  mm: Mm,
  va: u64,
  offset: u64,
  length: u64,
  access: u32,
): i32 {
  if (stream.state == STATE_OPEN) return -EBADFD;
  if ((stream.info & INFO_MMAP) == 0) return -ENXIO;
  if (stream.access == ACCESS_RW_INTERLEAVED || stream.access == ACCESS_RW_NONINTERLEAVED) {
    return -EINVAL;
  }
  const ringBytes = ((stream.dmaBytes as u64) + PAGE_MASK) & ~(PAGE_MASK as u64);
  if (length > ringBytes || offset > ringBytes - length) return -EINVAL;
  return mapPages(
    cpu,
    mm,
    va,
    length,
    stream.ringFile,
    offset >> PAGE_SHIFT,
    access | VM_MAYREAD | VM_MAYWRITE,
  );
}

function mapPages(cpu: Cpu, mm: Mm, va: u64, length: u64, file: u32, page: u64, flags: u32): i32 {
  const address = slabAlloc(offsetof<MapRequest>());
  if (address == 0) return -ENOMEM;
  const request = changetype<MapRequest>(address);
  request.start = va;
  request.length = length;
  request.pgoff = page;
  request.flags = flags | VM_SHARED | VM_MAYSHARE | VM_DONTEXPAND | VM_DONTDUMP;
  request.file = file;
  request.pageLevel = 1;
  const result = mapRange(cpu, mm, request);
  slabFree(address);
  return result;
}
