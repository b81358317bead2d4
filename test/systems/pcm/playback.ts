import {
  PcmStream,
  type Machine,
  type Operation,
  type PcmOpenOptions,
  type Task,
} from "../../../src/index.ts";

/** Stereo S16: what every test stream has. */
export const FRAME_BYTES = 4;
export const PERIOD_FRAMES = 100;
export const BUFFER_FRAMES = 400;

/** A prepared playback stream of four periods of 100 frames. */
export function preparedStream(task: Task, options: PcmOpenOptions = {}): PcmStream {
  const stream = PcmStream.open(task, options);
  const configured = stream.configure({ periodSize: PERIOD_FRAMES, bufferSize: BUFFER_FRAMES });
  const prepared = stream.prepare();
  if (configured !== 0 || prepared !== 0) {
    throw new Error(`HW_PARAMS ${configured}, PREPARE ${prepared}`);
  }
  return stream;
}

/** The device has played `frames` in all and says so with one period interrupt. */
export function interruptOperation(
  machine: Machine,
  cpu: number,
  stream: PcmStream,
  frames: number,
): Operation {
  const exports = machine.rawExports;
  return {
    name: "interrupt",
    call: () => {
      stream.setPosition(frames % BUFFER_FRAMES);
      exports.devicePeriodElapsed(cpu, stream.handle);
      return 0;
    },
  };
}
