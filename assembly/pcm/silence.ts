import { BEHAVIOUR_SILENCE_FRESH } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { FINDING_PCM_UNEXPECTED, recordFinding } from "../machine/findings";
import { header } from "../machine/map";
import { deviceOf } from "./device";
import { driverFillSilence, driverSilenced } from "./driver";
import { NO_POSITION } from "./numbers";
import { Stream, addressOf, distance, signedFrames } from "./runtime";
import { framesToBytes } from "./ring";
import { earlySilence, moveSilenceStart } from "./silenceEarly";
import { silenceFrames } from "./silentFrames";

/** Filling the ring behind the program's data with silence (snd_pcm_playback_silence, sound/core/pcm_lib.c). */

/** Threshold mode: frames to fill so that the played noise stays `silenceThreshold` ahead of the hardware. */
function framesToThreshold(stream: Stream, hwPtr: u64): u64 {
  const applPtr = stream.applPtr;
  moveSilenceStart(stream, stream.silenceStart, applPtr);
  const ahead = distance(stream, hwPtr != NO_POSITION ? hwPtr : stream.hwPtr, applPtr);
  const noise = (ahead + stream.silenceFilled) & stream.mask;
  if (signedFrames(stream, noise) >= signedFrames(stream, stream.silenceThreshold)) return 0;
  return min((stream.silenceThreshold - noise) & stream.mask, stream.silenceSize);
}

/** Free-running mode: everything the program has not written; "filled" includes its data. */
function framesFreeRunning(stream: Stream, hwPtr: u64): u64 {
  if (hwPtr == NO_POSITION) {
    const queued = distance(stream, stream.hwPtr, stream.applPtr);
    stream.silenceFilled = queued > stream.bufferSize ? 0 : queued;
    stream.silenceStart = stream.hwPtr;
  } else moveSilenceStart(stream, stream.hwPtr, hwPtr);
  return (stream.bufferSize - stream.silenceFilled) & stream.mask;
}

function silentFramesWanted(stream: Stream, hwPtr: u64): u64 {
  const thresholdMode = stream.silenceSize < stream.boundary;
  return thresholdMode ? framesToThreshold(stream, hwPtr) : framesFreeRunning(stream, hwPtr);
}

/** Where in the ring the frame stands that is so many behind the silent part's start. */
function silentPlace(stream: Stream, frames: u64): u64 {
  return ((stream.silenceStart + frames) & stream.mask) % stream.bufferSize;
}

/** Fills before the pointer update to `hwPtr` is stored, or outside one (NO_POSITION). */
export function fillSilence(cpu: Cpu, stream: Stream, hwPtr: u64): void {
  const early = (header().behaviour & BEHAVIOUR_SILENCE_FRESH) == 0;
  let frames = early ? earlySilence(stream, hwPtr) : silentFramesWanted(stream, hwPtr);
  if (frames > stream.bufferSize) {
    recordFinding(FINDING_PCM_UNEXPECTED, cpu.index, cpu.task, frames, addressOf(stream));
    return;
  }
  // early kernels store it over what is filled already
  let offset = frames == 0 ? 0 : silentPlace(stream, early ? 0 : stream.silenceFilled);
  while (frames != 0) {
    const part = min(frames, stream.bufferSize - offset);
    if (deviceOf(stream).ownCopy) askForSilence(cpu, stream, offset, part);
    else silenceFrames(stream, offset, part);
    stream.silenceFilled += part;
    frames -= part;
    offset = 0;
  }
  driverSilenced(cpu, stream);
}

/** A driver that copies by itself also fills; what it answers is nobody's business. */
function askForSilence(cpu: Cpu, stream: Stream, offset: u64, frames: u64): void {
  driverFillSilence(cpu, stream, framesToBytes(stream, offset), framesToBytes(stream, frames));
}
