import { FaultlineError } from "../base/errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { Mapping } from "../machine/mapping.ts";
import type { Task } from "../machine/task.ts";
import { abiExistsOn, type AbiName, type StrategyName } from "../systems/pcm/abi.ts";
import { deviceProfiles } from "../systems/pcm/params/index.ts";
import { PcmStream } from "../systems/pcm/stream.ts";
import { hotFlags } from "./syncPtr.ts";

/** Stereo S16. */
const FRAME_BYTES = 4;
const PERIODS = 4;
const PAGE = 4096;
/** On neighbouring pages, and so none takes another's place in the TLB. */
const SYNC_ADDRESS = 0x10001000;
const DATA_ADDRESS = 0x10002000;

/** The longest period of which four fit into the test device's ring, in frames. */
export const longestPeriod = deviceProfiles.ctl.bufferBytesMax / (PERIODS * FRAME_BYTES);

/** A playing stream with a full ring, whose program brings a period and asks where the device is, over and over. */
export interface PlaybackBed {
  readonly machine: Machine;
  readonly task: Task;
  readonly stream: PcmStream;
  readonly data: Mapping;
  /** SYNC_PTR's layout at the native door, and its argument's user address. */
  readonly abi: AbiName;
  readonly syncAddress: number;
  /** Frames. */
  readonly periodSize: number;
}

/** Brings a machine into the middle of a playback. */
export function preparePlayback(machine: Machine, periodSize: number): PlaybackBed {
  const task = machine.createTask();
  const sync = task.map({ at: SYNC_ADDRESS, length: PAGE, populate: true });
  sync.write(0, Uint8Array.of(hotFlags));
  const data = task.map({ at: DATA_ADDRESS, length: periodSize * FRAME_BYTES, populate: true });
  const stream = PcmStream.open(task, { nonblock: true });
  expectAnswer("HW_PARAMS", 0, stream.configure({ periodSize, bufferSize: PERIODS * periodSize }));
  expectAnswer("PREPARE", 0, stream.prepare());
  for (let period = 0; period < PERIODS; period++) {
    expectAnswer("WRITEI", periodSize, stream.writei(data.address, periodSize));
  }
  const abi = abiExistsOn("native64", machine.arch) ? "native64" : "native32";
  return { machine, task, stream, data, abi, syncAddress: SYNC_ADDRESS, periodSize };
}

/** The device plays a period; the program writes the next and looks at the pointers. */
export function playPeriod(bed: PlaybackBed, strategy: StrategyName): void {
  const { stream, data, abi, syncAddress, periodSize } = bed;
  const played = Number(stream.field("hw_ptr")) + periodSize;
  stream.setPosition(played % (PERIODS * periodSize));
  expectAnswer("WRITEI", periodSize, stream.writei(data.address, periodSize));
  expectAnswer("SYNC_PTR", 0, stream.syncPtr({ address: syncAddress, abi, strategy }));
}

/** @throws FaultlineError "scenario" if the emulated kernel refuses what the bed is made of */
export function expectAnswer(what: string, expected: number, answer: number): void {
  if (answer !== expected) throw new FaultlineError("scenario", `the bed's ${what} gave ${answer}`);
}
