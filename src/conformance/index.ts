/**
 * Replaying golden traces, recorded from real kernels, in any JavaScript host: the lines may come from anywhere.
 *
 *   trace line ──▶ Replayer ─┬▶ PcmMachine (EmulatedPcm)             ─┬▶ ReplayReport
 *                            ├▶ RemoteVmMachine (EmulatedRemoteVm)   ─┤
 *                            ├▶ FutexMachine (EmulatedFutex)         ─┤
 *                            ├▶ PerfRegsMachine (EmulatedPerfRegs)   ─┤
 *                            └▶ VirtioSndMachine (EmulatedVirtioSnd) ─┘
 */

export type {
  EmulatedOptions as EmulatedFutexOptions,
  EmulatedOptions as EmulatedPcmOptions,
  EmulatedOptions as EmulatedPerfRegsOptions,
  EmulatedOptions as EmulatedVirtioSndOptions,
} from "./base/caseMachine.ts";
export { NotImplementedError } from "./base/notImplemented.ts";
export { EmulatedPcm } from "./pcm/emulated.ts";
export type { PcmMachine } from "./pcm/machine.ts";
export { EmulatedFutex } from "./futex/emulated.ts";
export type { FutexMachine } from "./futex/machine.ts";
export { EmulatedPerfRegs } from "./perf/emulated.ts";
export type { PerfRegsMachine } from "./perf/machine.ts";
export { EmulatedRemoteVm, type EmulatedRemoteVmOptions } from "./remote/emulated.ts";
export type { Prediction } from "./remote/predict.ts";
export type { RemoteVmMachine } from "./remote/machine.ts";
export { EmulatedVirtioSnd } from "./virtio/emulated.ts";
export type { VirtioSndMachine } from "./virtio/machine.ts";
export { Replayer } from "./replay.ts";
export {
  reportVersion,
  type Divergence,
  type Failure,
  type KindCount,
  type PassCount,
  type RemoteBytes,
  type ReplayReport,
} from "./base/report.ts";
export { emulatedSystems, type EmulationOptions, type ReplayedSystems } from "./systems.ts";
export { TraceError } from "./base/trace.ts";
