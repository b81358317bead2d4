import { NO_POSITION } from "../pcm/numbers";
import { Stream } from "../pcm/runtime";
import { Substream } from "./card";
import { Message, advanceHwPtr } from "./message";
import { sendMissing } from "./send";

/**
 * The driver of 5.13 to 6.6: every message is with the device all the time, whatever the program has stored. It goes
 * there at START, and again from within the interrupt that brings it back.
 */

export function exposeMissing(substream: Substream, _command: u32): i32 {
  return sendMissing(substream);
}

export function returnAndExpose(substream: Substream, message: Message, written: u32): void {
  advanceHwPtr(substream, message, written);
  if (substream.enabled) sendMissing(substream);
}

/** An xrun that the device reported is seen by whoever asks next. */
export function locateByMessages(substream: Substream, _stream: Stream): u64 {
  return substream.xrun ? NO_POSITION : substream.hwPtr;
}
