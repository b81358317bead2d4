import { channelOffset, framesToBytes, isInterleaved, samplesToBytes } from "./ring";
import { Stream } from "./runtime";

/**
 * A sample of silence as its bytes in memory, lowest first (sound/core/pcm_misc.c's format table). Formats of 8 bytes
 * or less than a byte are silent as zeros, and so are all that are not named.
 */
function silencePattern(format: u32): u32 {
  switch (format) {
    case 1:
      return 0x80; // U8
    case 4:
      return 0x8000; // U16_LE
    case 5:
      return 0x80; // U16_BE
    case 8:
      return 0x800000; // U24_LE
    case 9:
      return 0x8000; // U24_BE
    case 12:
      return 0x80000000; // U32_LE
    case 13:
      return 0x80; // U32_BE
    case 20:
      return 0x7f; // MU_LAW
    case 21:
      return 0x55; // A_LAW
    case 27:
      return 0x80000; // U20_LE
    case 28:
      return 0x800; // U20_BE
    case 34:
      return 0x800000; // U24_3LE
    case 35:
      return 0x80; // U24_3BE
    case 38:
      return 0x80000; // U20_3LE
    case 39:
      return 0x08; // U20_3BE
    case 42:
      return 0x20000; // U18_3LE
    case 43:
      return 0x02; // U18_3BE
    case 48:
    case 49:
    case 50:
    case 51:
    case 52:
      return 0x69696969; // DSD
    default:
      return 0;
  }
}

/** Silences `bytes` of ring memory that begin at a sample. */
export function silenceBytes(stream: Stream, address: usize, bytes: u32): void {
  const pattern = silencePattern(stream.format);
  const sample = stream.physWidth >> 3;
  if (pattern == 0 || sample <= 1) {
    memory.fill(address, pattern as u8, bytes);
    return;
  }
  for (let at: u32 = 0; at < bytes; at++) {
    store<u8>(address + at, (pattern >> ((at % sample) << 3)) as u8);
  }
}

/** Silences frames that do not run over the ring's end. */
export function silenceFrames(stream: Stream, offset: u64, frames: u64): void {
  if (isInterleaved(stream)) {
    silenceBytes(
      stream,
      stream.ring + framesToBytes(stream, offset),
      framesToBytes(stream, frames),
    );
    return;
  }
  for (let channel: u32 = 0; channel < stream.channels; channel++) {
    const at = stream.ring + channelOffset(stream, channel) + samplesToBytes(stream, offset);
    silenceBytes(stream, at, samplesToBytes(stream, frames));
  }
}
