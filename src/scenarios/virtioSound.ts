import { CAPTURE_BASE, CAPTURE_MASK } from "../systems/virtio/schedule.ts";

/**
 * Sound whose periods can be told apart by ear and by eye: period n, from 1, is a note of its own, and each of its
 * frames carries n:
 *
 *     15         8 7          0
 *     +-----------+-----------+
 *     | the tone  |     n     |    S16_LE, mono
 *     +-----------+-----------+
 */

/** Frames a second. */
export const SOUND_RATE = 8000;
export const FRAME_BYTES = 2;

/** More periods than these a capturing device does not number. */
export const MOST_PERIODS = CAPTURE_MASK;

/** A major scale in semitones, three octaves of it, then again: all notes are far below half the rate. */
const SCALE = [0, 2, 4, 5, 7, 9, 11];
const OCTAVES = 3;
const LOWEST_HERTZ = 220;
const LOUDNESS = 2 ** 14;

const NUMBER_MASK = 0xff;
const TONE_MASK = 0xff00;

/** Memory that was freed and given out again without being cleared. */
const OLD_FRAME = 0x6b6b;

/** What a frame is of: the number of a period; what nobody wrote; what the memory held before; no frame of ours. */
export type FrameSource = number | "silence" | "old memory" | "other";

/** Frames of one source in a row. */
export interface SoundPiece {
  readonly of: FrameSource;
  readonly frames: number;
}

function hertzOf(period: number): number {
  const step = (period - 1) % (SCALE.length * OCTAVES);
  const octave = Math.floor(step / SCALE.length);
  return LOWEST_HERTZ * 2 ** (octave + SCALE[step % SCALE.length]! / 12);
}

/** Frame `at` of a period's note, 16 bits. */
function frameOf(period: number, at: number): number {
  const phase = (2 * Math.PI * hertzOf(period) * at) / SOUND_RATE;
  return (Math.round(LOUDNESS * Math.sin(phase)) & TONE_MASK) | period;
}

/** The first `periods` periods, as the program writes them. */
export function numberedSound(periods: number, periodSize: number): Uint8Array {
  const sound = new Uint8Array(periods * periodSize * FRAME_BYTES);
  const view = new DataView(sound.buffer);
  for (let frame = 0; frame < periods * periodSize; frame++) {
    const period = 1 + Math.floor(frame / periodSize);
    view.setUint16(frame * FRAME_BYTES, frameOf(period, frame % periodSize), true);
  }
  return sound;
}

/** Where each frame of a played period comes from. */
export function heardIn(bytes: Uint8Array): SoundPiece[] {
  return piecesOf(bytes, (frame, at) => {
    const number = frame & NUMBER_MASK;
    return number !== 0 && frame === frameOf(number, at) ? number : null;
  });
}

/** Likewise of a captured one, by the number that the device filled it with. */
export function capturedIn(bytes: Uint8Array): SoundPiece[] {
  return piecesOf(bytes, (frame) => {
    const number = (frame & NUMBER_MASK) - CAPTURE_BASE;
    const isFill = frame >> 8 === (frame & NUMBER_MASK);
    return isFill && number > 0 && number <= CAPTURE_MASK ? number : null;
  });
}

function piecesOf(
  bytes: Uint8Array,
  numberOf: (frame: number, at: number) => number | null,
): SoundPiece[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: { of: FrameSource; frames: number }[] = [];
  for (let at = 0; at < Math.floor(bytes.length / FRAME_BYTES); at++) {
    const frame = view.getUint16(at * FRAME_BYTES, true);
    const of = numberOf(frame, at) ?? unwritten(frame);
    const last = pieces.at(-1);
    if (last?.of === of) last.frames += 1;
    else pieces.push({ of, frames: 1 });
  }
  return pieces;
}

function unwritten(frame: number): FrameSource {
  if (frame === 0) return "silence";
  return frame === OLD_FRAME ? "old memory" : "other";
}

/** Whether a period is what its number says, and nothing else. */
export function isPeriod(pieces: readonly SoundPiece[], period: number): boolean {
  return pieces.length === 1 && pieces[0]!.of === period;
}

const WAV_HEADER_BYTES = 44;
const FORMAT_BYTES = 16;
const PCM = 1;
const MONO = 1;

/** A RIFF/WAVE file of S16_LE frames, mono, at {@link SOUND_RATE}: the canonical header of 44 bytes, then the frames. */
export function wavFile(frames: Uint8Array): Uint8Array {
  const file = new Uint8Array(WAV_HEADER_BYTES + frames.length);
  const view = new DataView(file.buffer);
  const name = (at: number, text: string): void =>
    file.set(
      [...text].map((letter) => letter.charCodeAt(0)),
      at,
    );
  name(0, "RIFF");
  view.setUint32(4, file.length - 8, true);
  name(8, "WAVE");
  name(12, "fmt ");
  view.setUint32(16, FORMAT_BYTES, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, MONO, true);
  view.setUint32(24, SOUND_RATE, true);
  view.setUint32(28, SOUND_RATE * FRAME_BYTES, true);
  view.setUint16(32, FRAME_BYTES, true);
  view.setUint16(34, FRAME_BYTES * 8, true);
  name(36, "data");
  view.setUint32(40, frames.length, true);
  file.set(frames, WAV_HEADER_BYTES);
  return file;
}
