import { BEHAVIOUR_SYNC_PTR_BLOCK, BEHAVIOUR_X32_APPLIES } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { enterFunction } from "../uaccess/check";
import { recalculateBoundary } from "./boundary";
import {
  ABI_COMPAT,
  ABI_COMPAT_TIME64,
  ABI_X32,
  STRATEGY_BLOCK,
  STRATEGY_COPY,
  STRATEGY_KERNEL,
  STRATEGY_PER_FIELD,
} from "./layout";
import { applyApplPtr } from "./pointer";
import { Stream, lockStream, unlockStream } from "./runtime";
import { hwsync } from "./state";
import { SyncImage, syncImage } from "./syncImage";
import { readSide, writeSide } from "./syncMove";

/**
 * SNDRV_PCM_IOCTL_SYNC_PTR (sound/core/pcm_native.c and pcm_compat.c, 6.12 to 7.1): read the
 * program's pointer, take it or report ours, write the status back.
 */

/** Flags of the argument. For the second and third, a clear bit means that the kernel takes the program's value. */
export const SYNC_HWSYNC: u32 = 1;
export const SYNC_APPL: u32 = 2;
export const SYNC_AVAIL_MIN: u32 = 4;

/** What stands in for a boundary that no HW_PARAMS has set yet. */
const NO_BOUNDARY: u32 = 0x7fffffff;

/** The form the machine's kernel has: since mid-2025 blocks, but for the 64-bit-time compat call. */
export function kernelStrategy(abi: u32): u32 {
  if (abi == ABI_COMPAT_TIME64) return STRATEGY_COPY;
  if ((header().behaviour & BEHAVIOUR_SYNC_PTR_BLOCK) != 0) return STRATEGY_BLOCK;
  return reducesPointers(abi) ? STRATEGY_PER_FIELD : STRATEGY_COPY;
}

/** The 32-bit forms with a handler of their own show pointers modulo a boundary that fits 31 bits. */
@inline
function reducesPointers(abi: u32): bool {
  return abi == ABI_COMPAT || abi == ABI_X32;
}

/**
 * One call for an open stream: 0 or −errno. Errors come in this order: fault while reading, hwsync's, appl_ptr's, fault
 * while writing; after a fault while writing everything else is done and stays done.
 */
export function syncPtr(cpu: Cpu, stream: Stream, abi: u32, strategy: u32, va: u64): i32 {
  enterFunction(cpu, va);
  const form = strategy == STRATEGY_KERNEL ? kernelStrategy(abi) : strategy;
  let result = readSide(cpu, va, abi, form);
  if (result != 0) return result;
  const image = syncImage(cpu);
  if ((image.flags & SYNC_HWSYNC) != 0) {
    result = hwsync(cpu, stream);
    if (result < 0) return result;
  }
  lockStream(stream);
  result = exchange(cpu, stream, image, abi);
  unlockStream(stream);
  return result < 0 ? result : writeSide(cpu, va, abi, form);
}

/** Under the stream lock: take or report appl_ptr and avail_min, then note the status. */
function exchange(cpu: Cpu, stream: Stream, image: SyncImage, abi: u32): i32 {
  const boundary = reducesPointers(abi) ? visibleBoundary(stream) : 0;
  if ((image.flags & SYNC_APPL) != 0) {
    image.applPtr = reduce(stream.applPtr, boundary);
  } else {
    const result = takeApplPtr(cpu, stream, image.applPtr, abi);
    if (result < 0) return result;
  }
  if ((image.flags & SYNC_AVAIL_MIN) != 0) image.availMin = stream.availMin;
  else stream.availMin = image.availMin;
  image.state = stream.state;
  image.hwPtr = reduce(stream.hwPtr, boundary);
  image.tstampSec = stream.tstampSeconds;
  image.tstampNsec = stream.tstampNanoseconds;
  image.suspended = stream.suspendedState;
  image.audioSec = stream.audioSeconds;
  image.audioNsec = stream.audioNanoseconds;
  return 0;
}

@inline
function visibleBoundary(stream: Stream): u32 {
  const boundary = recalculateBoundary(stream.bufferSize);
  return boundary != 0 ? boundary : NO_BOUNDARY;
}

/** Pointers of the unreduced forms pass as they are (boundary 0). */
@inline
function reduce(pointer: u64, boundary: u32): u64 {
  return boundary == 0 || pointer < boundary ? pointer : pointer % boundary;
}

/** Until 2026 the x32 handler stored whatever the program said: no range check, no ack, no xrun. */
function takeApplPtr(cpu: Cpu, stream: Stream, applPtr: u64, abi: u32): i32 {
  if (abi == ABI_X32 && (header().behaviour & BEHAVIOUR_X32_APPLIES) == 0) {
    stream.applPtr = applPtr;
    return 0;
  }
  return applyApplPtr(cpu, stream, applPtr);
}
