/**
 * Replaying golden traces, recorded from real kernels, in any JavaScript host: the lines may come from anywhere.
 *
 *   trace line ──▶ Replayer ──▶ PcmMachine (EmulatedPcm: a Machine of any build) ──▶ ReplayReport
 */

export { EmulatedPcm, type EmulatedPcmOptions } from "./pcmEmulated.ts";
export { NotImplementedError, type PcmMachine } from "./pcmMachine.ts";
export { Replayer } from "./replay.ts";
export {
  reportVersion,
  type Failure,
  type KindCount,
  type PassCount,
  type ReplayReport,
} from "./report.ts";
export { TraceError } from "./trace.ts";
