import { Cpu, setPorts } from "../machine/cpu";
import { PAGE_SIZE, header } from "../machine/map";
import { linearIn } from "../mm/tlb";
import { isClosed } from "../uaccess/block";
import { closeSlot, misses, openReadSlot, openSlot, outOfRange, untagged } from "../uaccess/hit";
import { DRIVER_ACK, DRIVER_POINTER, Device, deviceOf, logCall } from "./device";
import {
  ACCESS_RW_INTERLEAVED,
  INFO_NO_REWINDS,
  STATE_RUNNING,
  TSTAMP_ENABLE,
  XRUN_DEBUG_TICKS,
} from "./numbers";
import { framesToBytes } from "./ring";
import { PLAYBACK, Stream, lockStream, unlockStream } from "./runtime";
import { putWord } from "./user";

/**
 * What a playing program does all the time, written out (uaccess/hit.ts, bench P1): WRITEI at the native door where a
 * word has 8 bytes, on a running stream that nobody sleeps on, of frames that lie on one page and for which there is
 * room in one piece. Everything is looked at before anything is changed, so that every other call can be left to the
 * ordinary way (transferCalls.ts). The study build has only that: it counts every step.
 *
 *   0        8        16       24
 *   ┌────────┬────────┬────────┐
 *   │ result │ address│ frames │
 *   └────────┴────────┴────────┘
 */
@unmanaged
class WriteRequest {
  result: u64;
  address: u64;
  frames: u64;
}

/** Nothing was done that the ordinary way does not do again. */
export const NOT_WRITTEN: i32 = 1;

/** The call's answer, or NOT_WRITTEN. The functions below hand on to each other: what they give up on jumps to here. */
@inline
export function hitWritei(cpu: Cpu, stream: Stream, va: u64): i32 {
  lockStream(stream);
  const answer = hitRequest(cpu, stream, va);
  if (answer == NOT_WRITTEN) unlockStream(stream);
  return answer;
}

/** result = 0, then the structure. */
@inline
function hitRequest(cpu: Cpu, stream: Stream, va: u64): i32 {
  const device = deviceOf(stream);
  if (isSpecial(stream, device)) return NOT_WRITTEN;
  // a guard left open from before is the ordinary way's to find
  if (!isClosed(cpu)) return NOT_WRITTEN;

  const at = untagged(cpu, va);
  const last = at + (offsetof<WriteRequest>() - 1);
  const generation = cpu.generation;
  if (outOfRange(at, cpu.pageLimit)) return NOT_WRITTEN;
  const target = openSlot(cpu, at, cpu.openWritePair, cpu.slotMask);
  if (misses(cpu, target, last, generation)) return NOT_WRITTEN;
  const result = linearIn(target, at);
  store<u64>(result, 0);
  closeSlot(cpu, cpu.closedPair);

  const source = openReadSlot(cpu, at, cpu.openReadPair, cpu.slotMask);
  if (misses(cpu, source, last, generation)) return NOT_WRITTEN;
  const request = changetype<WriteRequest>(linearIn(source, at));
  const address = request.address;
  const frames = request.frames;
  closeSlot(cpu, cpu.closedPair);
  if (hitFrames(cpu, stream, device, address, frames, generation) == NOT_WRITTEN) {
    return NOT_WRITTEN;
  }
  unlockStream(stream);
  return storeResult(cpu, va, result, generation, frames);
}

/**
 * Pointer update, copy, new appl_ptr: no step of it can wait. The copy stands between the two pointers, which a program
 * may have mapped and write; what nobody can see comes before it, because stores behind it wait for all of its own.
 */
@inline
function hitFrames(
  cpu: Cpu,
  stream: Stream,
  device: Device,
  address: u64,
  frames: u64,
  generation: u32,
): i32 {
  const size = stream.bufferSize;
  const position = device.position;
  let base = stream.hwPtrBase;
  let hwPtr = base + (position & ~(stream.minAlign - 1));
  if (hwPtr < stream.hwPtr) {
    base += size;
    hwPtr += size;
  }
  // a device that stands where it cannot, or jumps
  if (position >= size) return NOT_WRITTEN;
  if (hwPtr - stream.hwPtr >= size + stream.periodSize) return NOT_WRITTEN;
  // neither pointer gets further than this
  if (hwPtr + size >= stream.boundary) return NOT_WRITTEN;

  const control = stream.controlPage;
  const applPtr = load<u64>(control);
  const avail = hwPtr + size - applPtr;
  // an appl_ptr that makes no sense, or an xrun
  if (avail > size) return NOT_WRITTEN;
  if (avail >= stream.stopThreshold) return NOT_WRITTEN;
  // the base is where a round of the ring begins, so that nothing need be divided
  const ahead = applPtr - base;
  const offset = ahead < size ? ahead : ahead - size;
  if (frames - 1 >= min(avail, size - offset)) return NOT_WRITTEN;

  const at = untagged(cpu, address);
  const bytes = (frames * stream.frameBits) >> 3;
  if (address == 0 || bytes > PAGE_SIZE) return NOT_WRITTEN;
  if (outOfRange(at, cpu.pageLimit)) return NOT_WRITTEN;
  const source = openReadSlot(cpu, at, cpu.openReadPair, cpu.slotMask);
  if (misses(cpu, source, at + (bytes - 1), generation)) return NOT_WRITTEN;

  takePosition(stream, base, hwPtr, avail, frames);
  logCall(device, DRIVER_POINTER, 0);
  logCall(device, DRIVER_ACK, applPtr + frames);
  memory.copy(stream.ring + framesToBytes(stream, offset), linearIn(source, at), bytes as u32);
  closeSlot(cpu, cpu.closedPair);
  store<u64>(control, applPtr + frames);
  return 0;
}

/** The room is looked at where the position moved, and after the write. */
@inline
function takePosition(stream: Stream, base: u64, hwPtr: u64, avail: u64, frames: u64): void {
  let seen = avail - frames;
  if (hwPtr != stream.hwPtr) {
    stream.hwPtrBase = base;
    stream.hwPtr = hwPtr;
    seen = avail;
  }
  if (seen > stream.availMax) stream.availMax = seen;
  stream.hwPtrJiffies = header().jiffies;
  stream.twake = 0;
}

@inline
function storeResult(cpu: Cpu, va: u64, result: usize, generation: u32, frames: u64): i32 {
  // with real threads a shootdown may have taken the page away
  if (THREADS && cpu.generation != generation) return putWord(cpu, va, frames, sizeof<u64>());
  setPorts(cpu, cpu.openWritePair);
  store<u64>(result, frames);
  closeSlot(cpu, cpu.closedPair);
  return 0;
}

/** True where something is set that changes what a write does: one word, not zero where any of it is. */
@inline
function isSpecial(stream: Stream, device: Device): bool {
  const special =
    (stream.state ^ STATE_RUNNING) |
    (stream.direction ^ PLAYBACK) |
    (stream.access ^ ACCESS_RW_INTERLEAVED) |
    (stream.wordBytes ^ sizeof<u64>()) |
    (stream.info & INFO_NO_REWINDS) |
    (stream.xrunDebug & XRUN_DEBUG_TICKS) |
    stream.gone |
    stream.noPeriodWakeup |
    stream.baseAstray |
    stream.sleepers |
    device.ownCopy |
    device.loopback |
    device.driver |
    u32(stream.ring == 0) |
    u32(stream.silenceSize != 0) |
    u32(stream.tstampMode == TSTAMP_ENABLE) |
    ((stream.accessing | device.ackAnswer) >>> 31);
  return special != 0;
}
