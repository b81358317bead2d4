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
} from "./caseMachine.ts";
export { NotImplementedError } from "./notImplemented.ts";
export { EmulatedPcm } from "./pcmEmulated.ts";
export type { PcmMachine } from "./pcmMachine.ts";
export { EmulatedFutex } from "./futexEmulated.ts";
export type { FutexMachine } from "./futexMachine.ts";
export { EmulatedPerfRegs } from "./perfRegsEmulated.ts";
export type { PerfRegsMachine } from "./perfRegsMachine.ts";
export { EmulatedRemoteVm, type EmulatedRemoteVmOptions } from "./remoteVmEmulated.ts";
export type { Prediction } from "./remoteVmPredict.ts";
export type { RemoteVmMachine } from "./remoteVmMachine.ts";
export { EmulatedVirtioSnd } from "./virtioSndEmulated.ts";
export type { VirtioSndMachine } from "./virtioSndMachine.ts";
export { Replayer } from "./replay.ts";
export {
  reportVersion,
  type Divergence,
  type Failure,
  type KindCount,
  type PassCount,
  type RemoteBytes,
  type ReplayReport,
} from "./report.ts";
export { emulatedSystems, type EmulationOptions, type ReplayedSystems } from "./systems.ts";
export { TraceError } from "./trace.ts";
