import { loadShared, storeShared } from "../base/atomics";
import { EBUSY } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { MappedFile, isUsedByOthers } from "../mm/file";
import { awaitUnmapping } from "../mm/unmapped";
import { DRIVER_CLOSE, DRIVER_HW_FREE } from "./device";
import { driverNote } from "./driver";
import { leaveGroup } from "./group";
import { leaveCable } from "./loopback";
import { STATE_OPEN } from "./numbers";
import { freeRing, ringIsMapped } from "./open";
import {
  FILE_CLOSED,
  FILE_LEAVING,
  FILE_OPEN,
  FILE_RELEASED,
  Stream,
  addressOf,
  lockLinks,
  streamAt,
  unlockLinks,
} from "./runtime";
import { drop } from "./state";
import { syncStop } from "./stop";
import { isHeld, releaseDrains } from "./wake";

/**
 * Closing a file, and its release (snd_pcm_release, sound/core/pcm_native.c). A program's number of the file is one
 * reference, each of its mappings another; the last of them to go releases it, and until then the device goes on.
 *
 *   FILE_OPEN ── close ──► FILE_CLOSED ── nothing is mapped ──► FILE_LEAVING ──► FILE_RELEASED
 */

/**
 * close: 0; the file is released now, or with its last mapping. −EBUSY, and nothing happens, while a call on the
 * stream sleeps: the kernel releases a file only after the last call on it.
 */
export function closeStream(cpu: Cpu, stream: Stream): i32 {
  if (stream.life != FILE_OPEN) return 0;
  if (isHeld(stream)) return -EBUSY;
  stream.life = FILE_CLOSED;
  // first: who removes the last mapping from here on looks at the streams, as releaseUnmapped below does
  if (isMapped(stream)) awaitUnmapping(releaseUnmapped);
  releaseUnmapped(cpu);
  return 0;
}

/** Another thread may be releasing it. */
export function isReleased(stream: Stream): bool {
  return loadShared(lifeOf(stream)) == FILE_RELEASED;
}

@inline
function lifeOf(stream: Stream): usize {
  return changetype<usize>(stream) + offsetof<Stream>("life");
}

/** Releases every file that nobody refers to any more. */
function releaseUnmapped(cpu: Cpu): void {
  for (let at = takeUnmapped(); at != 0; at = takeUnmapped()) release(cpu, streamAt(at));
}

/** A closed file without mappings, which nobody else takes then; 0 = none. */
function takeUnmapped(): u32 {
  lockLinks();
  let at = header().streams;
  while (at != 0 && (streamAt(at).life != FILE_CLOSED || isMapped(streamAt(at)))) {
    at = streamAt(at).next;
  }
  if (at != 0) streamAt(at).life = FILE_LEAVING;
  unlockLinks();
  return at;
}

function isMapped(stream: Stream): bool {
  return ringIsMapped(stream) || isUsedByOthers(changetype<MappedFile>(stream.recordFile as usize));
}

/** Like DROP, then the ring and the device go. What is left is the record, for `freeStream`. */
function release(cpu: Cpu, stream: Stream): void {
  drop(cpu, stream);
  if (stream.state != STATE_OPEN) {
    syncStop(cpu, stream);
    driverNote(cpu, stream, DRIVER_HW_FREE);
    freeRing(stream);
  }
  driverNote(cpu, stream, DRIVER_CLOSE);
  lockLinks();
  leaveGroup(stream);
  leaveCable(stream);
  forget(stream);
  releaseDrains(stream);
  unlockLinks();
  storeShared(lifeOf(stream), FILE_RELEASED);
}

function forget(stream: Stream): void {
  const h = header();
  if (h.streams == addressOf(stream)) {
    h.streams = stream.next;
    return;
  }
  let at = h.streams;
  while (at != 0 && streamAt(at).next != addressOf(stream)) at = streamAt(at).next;
  if (at != 0) streamAt(at).next = stream.next;
}
