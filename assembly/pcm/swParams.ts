import { EBADFD, EFAULT, EINVAL } from "../base/errno";
import { Cpu, stackImage } from "../machine/cpu";
import { copyFromUser, copyToUser } from "../uaccess/copy";
import { recalculateBoundary } from "./boundary";
import {
  NO_POSITION,
  PROTOCOL_TSTAMP_TYPE,
  STATE_OPEN,
  TSTAMP_ENABLE,
  TSTAMP_TYPE_LAST,
} from "./numbers";
import { evaluate } from "./pointer";
import { PLAYBACK, Stream, isRunning, lockStream, unlockStream } from "./runtime";
import { fillSilence } from "./silence";
import { get32, put32 } from "./user";

/**
 * SW_PARAMS (snd_pcm_sw_params, sound/core/pcm_native.c). The kernel's own structure; a word has 8 bytes or 4:
 *
 *   0           4           8         12          16        word each from 16 (8) or 12 (4)
 *   ┌──────────┬───────────┬─────────┬───────────┬─────────────────────────────────────────────────────
 *   │tstamp    │period     │sleep    │(hole, 8)  │avail_min│xfer_align│start│stop│silence│silence│boundary
 *   │mode      │step       │min      │           │         │          │     │    │thresh.│size   │
 *   └──────────┴───────────┴─────────┴───────────┴─────────────────────────────────────────────────────
 *   then proto:4, tstamp_type:4 and 56 reserved bytes: 136 in all, or 104
 */
const MODE: u32 = 0;
const PERIOD_STEP: u32 = 4;
const AVAIL_MIN: u32 = 0;
const START_THRESHOLD: u32 = 2;
const STOP_THRESHOLD: u32 = 3;
const SILENCE_THRESHOLD: u32 = 4;
const SILENCE_SIZE: u32 = 5;
const BOUNDARY: u32 = 6;
const WORDS: u32 = 7;

@inline
function wordsAt(word: u32): u32 {
  return word == 8 ? 16 : 12;
}

@inline
function protoAt(word: u32): u32 {
  return wordsAt(word) + WORDS * word;
}

export function swParamsBytes(word: u32): u32 {
  return protoAt(word) + 4 + 4 + 56;
}

@inline
function readWord(image: usize, index: u32, word: u32): u64 {
  const at = image + wordsAt(word) + index * word;
  return word == 8 ? load<u64>(at) : load<u32>(at);
}

@inline
function writeWord(image: usize, index: u32, word: u32, value: u64): void {
  const at = image + wordsAt(word) + index * word;
  if (word == 8) store<u64>(at, value);
  else store<u32>(at, value as u32);
}

/** The native call: the whole structure is written back in every case, so a fault there hides any other answer. */
export function swParamsNative(cpu: Cpu, stream: Stream, va: u64): i32 {
  const image = stackImage(cpu);
  const word = stream.wordBytes;
  const bytes = swParamsBytes(word);
  if (copyFromUser(cpu, image, va, bytes) != 0) return -EFAULT;
  const result = swParams(cpu, stream, image, word, readWord(image, SILENCE_SIZE, word));
  return copyToUser(cpu, va, image, bytes) == 0 ? result : -EFAULT;
}

/** The compat call reads every field but the boundary and writes nothing but the boundary. */
export function swParamsCompat(cpu: Cpu, stream: Stream, va: u64): i32 {
  const image = stackImage(cpu);
  const boundaryAt = wordsAt(4) + BOUNDARY * 4;
  for (let at: u32 = 0; at < protoAt(4) + 8; at += 4) {
    if (at == boundaryAt) continue;
    if (get32(cpu, va + at) != 0) return -EFAULT;
    store<u32>(image + at, cpu.value as u32);
  }
  const boundary = recalculateBoundary(stream.bufferSize);
  let silenceSize = readWord(image, SILENCE_SIZE, 4);
  if (boundary != 0 && silenceSize >= boundary) silenceSize = stream.boundary;
  const result = swParams(cpu, stream, image, 4, silenceSize);
  if (result < 0 || boundary == 0) return result;
  return put32(cpu, va + boundaryAt, boundary) == 0 ? result : -EFAULT;
}

function swParams(cpu: Cpu, stream: Stream, image: usize, word: u32, silenceSize: u64): i32 {
  if (stream.state == STATE_OPEN) return -EBADFD;
  if (!isValid(stream, image, word, silenceSize)) return -EINVAL;
  lockStream(stream);
  stream.tstampMode = load<u32>(image + MODE);
  if (load<u32>(image + protoAt(word)) >= PROTOCOL_TSTAMP_TYPE) {
    stream.tstampType = load<u32>(image + protoAt(word), 4);
  }
  stream.periodStep = load<u32>(image + PERIOD_STEP);
  stream.availMin = readWord(image, AVAIL_MIN, word);
  stream.startThreshold = readWord(image, START_THRESHOLD, word);
  stream.stopThreshold = readWord(image, STOP_THRESHOLD, word);
  stream.silenceThreshold = readWord(image, SILENCE_THRESHOLD, word);
  stream.silenceSize = silenceSize;
  writeWord(image, BOUNDARY, word, stream.boundary);
  const result = isRunning(stream) ? reconsider(cpu, stream) : 0;
  unlockStream(stream);
  return result;
}

function isValid(stream: Stream, image: usize, word: u32, silenceSize: u64): bool {
  if (load<u32>(image + MODE) > TSTAMP_ENABLE) return false;
  const proto = load<u32>(image + protoAt(word));
  if (proto >= PROTOCOL_TSTAMP_TYPE && load<u32>(image + protoAt(word), 4) > TSTAMP_TYPE_LAST) {
    return false;
  }
  if (readWord(image, AVAIL_MIN, word) == 0) return false;
  const threshold = readWord(image, SILENCE_THRESHOLD, word);
  if (silenceSize >= stream.boundary) return threshold == 0;
  return silenceSize <= threshold && threshold <= stream.bufferSize;
}

/** A running stream may find itself in an xrun by the new thresholds. */
function reconsider(cpu: Cpu, stream: Stream): i32 {
  if (stream.direction == PLAYBACK && stream.silenceSize > 0) fillSilence(cpu, stream, NO_POSITION);
  return evaluate(cpu, stream);
}
