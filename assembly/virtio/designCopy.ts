import { EFAULT, EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { POISON } from "../machine/frame";
import { kfree, kmalloc } from "../machine/slab";
import {
  Chunk,
  DRIVER_COPY,
  DRIVER_FILL_SILENCE,
  DRIVER_HW_FREE,
  DRIVER_HW_PARAMS,
  DRIVER_OPEN,
  HwChoice,
  deviceOf,
} from "../pcm/device";
import { CAPTURE, Stream } from "../pcm/runtime";
import { exchangeBytes } from "../pcm/transfer";
import { Substream } from "./card";
import { Message, advanceHwPtr, ioQueue } from "./message";
import { sendMissing, sendNext } from "./send";
import { lockQueue, unlockQueue } from "./virtqueue";

/**
 * The driver of the request for comments of October 2023, never merged: it copies and silences itself, into a ring of
 * its own, and exposes one message for each such call, as if each carried a period. Its mistakes are kept as they were
 * sent: see each function.
 */

export function exposeCaptured(substream: Substream, _command: u32): i32 {
  return substream.direction == CAPTURE ? sendMissing(substream) : 0;
}

export function returnOnly(substream: Substream, message: Message, written: u32): void {
  advanceHwPtr(substream, message, written);
}

export function answerCopies(
  cpu: Cpu,
  substream: Substream,
  stream: Stream,
  call: u32,
  argument: u64,
): i64 {
  switch (call) {
    case DRIVER_OPEN:
      deviceOf(stream).ownCopy = 1;
      deviceOf(stream).ownRing = 1;
      return 0;
    case DRIVER_HW_PARAMS:
      return newRing(stream, changetype<HwChoice>(argument as usize).bufferBytes);
    case DRIVER_HW_FREE:
      return freeOwnRing(stream);
    case DRIVER_COPY:
      return copyChunk(cpu, substream, stream, changetype<Chunk>(argument as usize));
    case DRIVER_FILL_SILENCE:
      return fillZeros(substream, stream, (argument >> 32) as u32, argument as u32);
    default:
      return 0;
  }
}

/**
 * Pages as they come, and our allocator clears what the kernel's does not: they get back what freed pages hold. A
 * second HW_PARAMS forgets the first one's.
 */
function newRing(stream: Stream, bytes: u32): i32 {
  const ring = kmalloc(bytes);
  if (ring == 0) return -ENOMEM;
  memory.fill(ring, POISON, bytes);
  stream.ring = ring as u32;
  stream.dmaBytes = bytes;
  return 0;
}

/** Whether the device still has messages that point there is not asked. */
function freeOwnRing(stream: Stream): i32 {
  if (stream.ring != 0) kfree(stream.ring);
  stream.ring = 0;
  return 0;
}

/** What was copied stays so where no message is left to expose, and the program is told of a fault it never made. */
function copyChunk(cpu: Cpu, substream: Substream, stream: Stream, chunk: Chunk): i32 {
  const place = chunk.place;
  const bytes = chunk.bytes;
  if (place > stream.dmaBytes || bytes > stream.dmaBytes - place) return -EINVAL;
  const failed = exchangeBytes(cpu, stream, stream.ring + place, chunk.address, bytes);
  return failed != 0 ? failed : exposeOne(substream);
}

/** Zeros whatever the format's silence is, and a message wherever they lie. */
function fillZeros(substream: Substream, stream: Stream, place: u32, bytes: u32): i32 {
  memory.fill(stream.ring + place, 0, bytes);
  return exposeOne(substream);
}

function exposeOne(substream: Substream): i32 {
  const queue = ioQueue(substream);
  lockQueue(queue);
  const result = substream.queued == substream.messageCount ? -EFAULT : sendNext(substream);
  unlockQueue(queue);
  return result;
}
