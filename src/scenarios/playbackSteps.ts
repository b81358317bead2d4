import type { PcmState } from "../systems/pcm/states.ts";
import { pcmBlocked, type PcmStream } from "../systems/pcm/stream.ts";

/** One thing that the program asked for, or that the device did, and what it left. */
export interface PlaybackStep {
  readonly asked: string;
  /** 0 or more, −errno, or "sleeps"; null for what the device does. */
  readonly result: number | "sleeps" | null;
  /** State and pointers afterwards; null once the file is closed. */
  readonly state: PcmState | null;
  /** Frames. */
  readonly hwPtr: number | null;
  readonly applPtr: number | null;
  /** Room in the ring, in frames: hw_ptr + buffer_size − appl_ptr (snd_pcm_playback_avail); 0 without a ring. */
  readonly avail: number | null;
  /** What the driver was asked for it, in order. */
  readonly driverCalls: readonly string[];
}

/** A step still to do. What the device does answers nothing. */
export interface PlannedStep {
  readonly asked: string;
  readonly perform: () => number | null;
}

/** Does the steps until one is refused. */
export function performSteps(
  stream: PcmStream,
  planned: readonly PlannedStep[],
): readonly PlaybackStep[] {
  const steps: PlaybackStep[] = [];
  for (const { asked, perform } of planned) {
    const answer = perform();
    steps.push(stepOf(stream, asked, answer));
    if (isRefusal(answer)) break;
  }
  return steps;
}

/** Whether the last step was refused. */
export function endsRefused(steps: readonly PlaybackStep[]): boolean {
  const result = steps.at(-1)?.result;
  return typeof result === "number" && result < 0;
}

function isRefusal(answer: number | null): boolean {
  return answer !== null && answer !== pcmBlocked && answer < 0;
}

function stepOf(stream: PcmStream, asked: string, answer: number | null): PlaybackStep {
  const [hwPtr, applPtr, bufferSize] = (["hw_ptr", "appl_ptr", "buffer_size"] as const).map(
    (name) => Number(stream.field(name)),
  ) as [number, number, number];
  return {
    asked,
    result: answer === pcmBlocked ? "sleeps" : answer,
    state: stream.state,
    hwPtr,
    applPtr,
    avail: bufferSize === 0 ? 0 : hwPtr + bufferSize - applPtr,
    driverCalls: stream.takeDriverCalls().map(({ name }) => name),
  };
}

/** The last step: the file is gone after it. */
export function closeStep(stream: PcmStream): PlaybackStep {
  const driverCalls = stream.close().map(({ name }) => name);
  return {
    asked: "close",
    result: 0,
    state: null,
    hwPtr: null,
    applPtr: null,
    avail: null,
    driverCalls,
  };
}
