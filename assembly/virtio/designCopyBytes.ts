import { EINVAL } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { Chunk, DRIVER_COPY, DRIVER_FILL_SILENCE, DRIVER_OPEN, deviceOf } from "../pcm/device";
import { Stream } from "../pcm/runtime";
import { exchangeBytes } from "../pcm/transfer";
import { Substream } from "./card";
import { ioQueue } from "./message";
import { sendBytes } from "./send";
import { lockQueue, unlockQueue } from "./virtqueue";

/**
 * The second version of the request for comments, of 18 October 2023, never merged: it still copies and silences
 * itself, but into the sound core's ring, and hands on which bytes it copied. What is described of it says no more; what
 * a returned message, START and PREPARE do is taken over from the version that was merged (designAck.ts).
 */
export function answerCopiedBytes(
  cpu: Cpu,
  substream: Substream,
  stream: Stream,
  call: u32,
  argument: u64,
): i64 {
  switch (call) {
    case DRIVER_OPEN:
      deviceOf(stream).ownCopy = 1;
      return 0;
    case DRIVER_COPY:
      return copyBytes(cpu, substream, stream, changetype<Chunk>(argument as usize));
    case DRIVER_FILL_SILENCE:
      return silenceZeros(substream, stream, (argument >> 32) as u32, argument as u32);
    default:
      return 0;
  }
}

function copyBytes(cpu: Cpu, substream: Substream, stream: Stream, chunk: Chunk): i32 {
  const place = chunk.place;
  const bytes = chunk.bytes;
  if (place > stream.dmaBytes || bytes > stream.dmaBytes - place) return -EINVAL;
  const failed = exchangeBytes(cpu, stream, stream.ring + place, chunk.address, bytes);
  return failed != 0 ? failed : exposeBytes(substream, place, bytes);
}

/** Zeros whatever the format's silence is. */
function silenceZeros(substream: Substream, stream: Stream, place: u32, bytes: u32): i32 {
  memory.fill(stream.ring + place, 0, bytes);
  return exposeBytes(substream, place, bytes);
}

function exposeBytes(substream: Substream, place: u32, bytes: u32): i32 {
  const queue = ioQueue(substream);
  lockQueue(queue);
  const result = sendBytes(substream, place, bytes);
  unlockQueue(queue);
  return result;
}
