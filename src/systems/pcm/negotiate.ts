import { coreConstants } from "../../core/generated/coreConstants.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import {
  compatImageBytes,
  hwParams,
  hwRefine,
  nativeImageBytes,
  type ChosenParams,
  type HwConstraints,
} from "./params/index.ts";

/** Number of HW_REFINE in bits 0 … 7 of a request; HW_PARAMS is the next. */
const HW_REFINE_NUMBER = 0x10;
const NUMBER_MASK = 0xff;

/** What the core answers where the host goes on with the call. */
export const pcmNegotiates: number = coreConstants.NEGOTIATE;

/** What the negotiation needs to know of an open stream. */
export interface Negotiable {
  readonly machine: CoreMemory;
  readonly cpu: number;
  readonly stream: number;
  /** Memory set aside for the ring. */
  readonly ringBytesMax: number;
  readonly constraints: HwConstraints;
  /** Told how HW_PARAMS goes on when the task that slept in it is woken. */
  readonly goesOn: (apply: (cpu: number) => number) => void;
}

/**
 * ioctl on a stream. HW_REFINE and HW_PARAMS come back from the core with the program's structure copied into the
 * stream's image: the negotiation works on that and hands the result to the core's second half
 * (assembly/pcm/hwParams.ts). `door` is the core's number.
 */
export function pcmIoctl(
  target: Negotiable,
  door: number,
  command: number,
  lo: number,
  hi: number,
): number {
  const { machine, cpu, stream } = target;
  const answer = machine.exports.pcmCall(cpu, stream, door, command, lo, hi);
  if (answer !== pcmNegotiates) return answer;
  const image = imageOf(target, door);
  return (command & NUMBER_MASK) === HW_REFINE_NUMBER
    ? refine(target, image, door)
    : configure(target, image, door);
}

/** The structure in kernel memory, live. A 32-bit kernel's native one has 4-byte words, as at the compat doors. */
function imageOf({ machine, stream }: Negotiable, door: number): Uint8Array {
  const at = machine.words[(stream + machine.constant("STREAM_IMAGE")) >>> 2]!;
  const wide = door === machine.constant("DOOR_NATIVE") && machine.wordBytes === 8;
  return machine.bytes.subarray(at, at + (wide ? nativeImageBytes : compatImageBytes));
}

function refine(target: Negotiable, image: Uint8Array, door: number): number {
  const answer = hwRefine(image, target.constraints);
  if (answer.image === undefined) return -answer.errno;
  image.set(answer.image);
  return target.machine.exports.pcmFinishRefine(target.cpu, target.stream, door);
}

function configure(target: Negotiable, image: Uint8Array, door: number): number {
  const { exports } = target.machine;
  const { chosen, image: answer, errno } = hwParams(image, target.constraints);
  if (chosen === undefined) return exports.pcmRefuseHwParams(target.cpu, target.stream, errno);
  const apply = (cpu: number): number => applyChosen({ ...target, cpu }, chosen, answer, door);
  target.goesOn(apply);
  return apply(target.cpu);
}

/** Called once more where the driver slept. */
function applyChosen(
  target: Negotiable,
  chosen: ChosenParams,
  answer: Uint8Array,
  door: number,
): number {
  const { exports } = target.machine;
  const applied = exports.pcmApplyHwParams(
    target.cpu,
    target.stream,
    chosen.access,
    chosen.format,
    chosen.channels,
    chosen.rate,
    chosen.periodSize,
    chosen.bufferSize,
    Math.min(chosen.bufferBytes, target.ringBytesMax),
    chosen.physWidth,
    chosen.info,
    chosen.noPeriodWakeup ? 1 : 0,
  );
  if (applied !== 0) return applied;
  imageOf(target, door).set(answer);
  return exports.pcmFinishHwParams(target.cpu, target.stream, door);
}
