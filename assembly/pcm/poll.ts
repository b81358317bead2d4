import { availOf } from "./avail";
import { STATE_DRAINING, STATE_PAUSED, STATE_PREPARED, STATE_RUNNING } from "./numbers";
import { PLAYBACK, Stream, lockStream, unlockStream } from "./runtime";

export const POLL_IN: u32 = 0x1;
export const POLL_OUT: u32 = 0x4;
export const POLL_ERROR: u32 = 0x8;

/** poll (snd_pcm_poll, sound/core/pcm_native.c): what is ready now, of in, out and error. */
export function pollStream(stream: Stream): u32 {
  if (stream.gone) return POLL_ERROR;
  lockStream(stream);
  const events = readiness(stream);
  unlockStream(stream);
  return events;
}

function readiness(stream: Stream): u32 {
  const playback = stream.direction == PLAYBACK;
  const ready = playback ? POLL_OUT : POLL_IN;
  const avail = availOf(stream);
  switch (stream.state) {
    case STATE_RUNNING:
    case STATE_PREPARED:
    case STATE_PAUSED:
      return avail >= stream.availMin ? ready : 0;
    case STATE_DRAINING:
      if (playback) return 0;
      return avail == 0 ? ready | POLL_ERROR : ready;
    default:
      return ready | POLL_ERROR;
  }
}
