import { FINDING_VIRTIO_RANGE, recordFinding } from "../machine/findings";
import { framesToBytesWide } from "../pcm/ring";
import { Stream } from "../pcm/runtime";
import { Substream } from "./card";
import { ioQueue } from "./message";
import { sendBytes } from "./send";
import { lockQueue, unlockQueue } from "./virtqueue";

/**
 * The third version, of 23 October 2023, never merged: the first that acknowledges. It keeps appl_ptr in bytes, and
 * takes the difference modulo the ring, which is wrong twice:
 *
 *   a whole ring written at once        difference 0: nothing is handed on, or all of memory
 *   appl_ptr past the pointers' end     2⁶⁴ is no multiple of most rings, so the difference is no longer the program's
 *
 * The second is what a 32-bit program reaches soon. The rest is as in the version that was merged (designAck.ts); the
 * position is the older ones'.
 */

export function clearSent(substream: Substream): void {
  substream.applPtr = 0;
}

export function acknowledgeModulo(substream: Substream, stream: Stream): i32 {
  const ring: u64 = substream.bufferBytes;
  const from = substream.applPtr;
  const bytes = (framesToBytesWide(stream, stream.applPtr) - from) % ring;
  const queue = ioQueue(substream);
  lockQueue(queue);
  const place = (from % ring) as u32;
  const failed =
    bytes != 0 ? sendBytes(substream, place, bytes as u32) : sendNothing(substream, place);
  unlockQueue(queue);
  substream.applPtr = from + bytes;
  return failed;
}

/**
 * The last message of no bytes comes before the first: no round of the loop, but at the ring's start one for each of
 * 2³² ÷ period messages. The kernel would take for messages what lies behind their list; here the list ends it.
 */
function sendNothing(substream: Substream, place: u32): i32 {
  if (place == 0) {
    recordFinding(FINDING_VIRTIO_RANGE, 0, 0, substream.messages, substream.messageCount);
  }
  return 0;
}
