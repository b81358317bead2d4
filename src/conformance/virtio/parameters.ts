/** HW_REFINE and HW_PARAMS as the traces of virtio-snd write them. */

import {
  hwRequest,
  intervalBytes,
  maskBytes,
  offsetOf,
  param,
  parseImage,
  slotOf,
  type WordBytes,
} from "../../systems/pcm/params/index.ts";
import type { ParameterOperation, Recorded } from "./steps.ts";
import { hexNumber } from "./text.ts";

const FIRST_INTERVAL = 8;
const LAST_INTERVAL = 19;
const OPEN_MIN = 1;
const OPEN_MAX = 2;
const EMPTY = 8;

/** The structure that a program of so wide words hands over: what is negative, or no number of frames, is left open. */
export function parameterImage(operation: ParameterOperation, words: WordBytes): Uint8Array {
  const { access, format, channels, rate } = operation;
  const { period_size: periodSize = 0, buffer_size: bufferSize = 0 } = operation;
  return hwRequest(
    {
      ...(access >= 0 && { access }),
      ...(format >= 0 && { format }),
      ...(channels > 0 && { channels }),
      ...(rate > 0 && { rate }),
      ...(periodSize > 0 && { periodSize }),
      ...(bufferSize > 0 && { bufferSize }),
    },
    words,
  );
}

/** What HW_PARAMS chose. */
export function chosenParameters(answer: Uint8Array): Recorded & { frame_bytes: number } {
  const { intervals, info, fifoSize } = parseImage(answer);
  const least = (k: number): number => intervals.min[slotOf(k)]!;
  return {
    period: least(param.periodSize),
    buffer: least(param.bufferSize),
    frame_bytes: least(param.frameBits) / 8,
    info: hexNumber(info >>> 0),
    fifo: fifoSize,
  };
}

/** What HW_REFINE left of each parameter. */
export function refinedParameters(answer: Uint8Array): Recorded {
  const view = new DataView(answer.buffer, answer.byteOffset);
  const formats = view.getBigUint64(offsetOf.masks + maskBytes, true);
  const intervals = Array.from({ length: LAST_INTERVAL - FIRST_INTERVAL + 1 }, (_, index) => [
    `i${FIRST_INTERVAL + index}`,
    intervalText(view, offsetOf.intervals + index * intervalBytes),
  ]);
  return {
    out_access: hexNumber(view.getUint32(offsetOf.masks, true)),
    formats: `0x${formats.toString(16).padStart(16, "0")}`,
    ...Object.fromEntries(intervals),
    info: hexNumber(view.getUint32(offsetOf.info, true)),
  };
}

function intervalText(view: DataView, at: number): string {
  const bits = view.getUint32(at + 8, true);
  const open = (bits & (OPEN_MIN | OPEN_MAX)) !== 0 ? "o" : "";
  const empty = (bits & EMPTY) !== 0 ? "e" : "";
  return `${view.getUint32(at, true)}-${view.getUint32(at + 4, true)}${open}${empty}`;
}
