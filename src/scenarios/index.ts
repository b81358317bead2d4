export type { CallFigures, SideFigures } from "./callFigures.ts";
export {
  compareFutexCmpxchg,
  type CompareFutexCmpxchgOptions,
  type FutexCmpxchgComparison,
  type FutexCmpxchgCost,
  type FutexCmpxchgRow,
} from "./compareFutexCmpxchg.ts";
export {
  compareFutexPi,
  type CompareFutexPiOptions,
  type FutexPiComparison,
  type PiAnswersRow,
  type PiCost,
  type PiLocksRow,
  type PiPlacesRow,
} from "./compareFutexPi.ts";
export {
  compareFutexWakeOp,
  type CompareFutexWakeOpOptions,
  type FutexWakeOpComparison,
  type FutexWakeOpCost,
  type FutexWakeOpPlaceRow,
  type FutexWakeOpRow,
} from "./compareFutexWakeOp.ts";
export {
  comparePerf,
  type ComparePerfOptions,
  type PerfComparison,
  type PerfDesignRow,
  type PerfEntryRow,
  type PerfRow,
} from "./comparePerf.ts";
export {
  comparedPeriods,
  comparePlayback,
  type ComparePlaybackOptions,
  type PlaybackComparison,
  type PlaybackRow,
} from "./comparePlayback.ts";
export {
  compareRemote,
  comparedLengths,
  type CompareRemoteOptions,
  type RemoteComparison,
  type RemoteRow,
} from "./compareRemote.ts";
export {
  compareStruct,
  type ComparedLayout,
  type StructComparison,
  type StructRow,
} from "./compareStruct.ts";
export {
  compareSyncPtr,
  comparedStrategies,
  type CompareOptions,
  type CompareRow,
  type SyncPtrComparison,
} from "./compareSyncPtr.ts";
export {
  compareUmcg,
  type CompareUmcgOptions,
  type UmcgComparison,
  type UmcgRow,
} from "./compareUmcg.ts";
export {
  compareVirtioSnd,
  virtioSndProgramNames,
  type CompareVirtioSndOptions,
  type VirtioSndComparison,
  type VirtioSndOutcome,
  type VirtioSndProgram,
  type VirtioSndRow,
} from "./compareVirtioSnd.ts";
export { wordPageNames, wordPages, type WordPage } from "./futexBed.ts";
export {
  runFutexCmpxchg,
  type CmpxchgCall,
  type CmpxchgStep,
  type FutexCmpxchgOptions,
  type FutexCmpxchgRun,
} from "./futexCmpxchg.ts";
export {
  piLockKindNames,
  piLockKinds,
  runFutexPi,
  type FutexPiOptions,
  type FutexPiRun,
  type PiLockKind,
  type PiRunTask,
  type PiStepRun,
} from "./futexPi.ts";
export {
  runFutexWakeOp,
  type FutexWakeOpRun,
  type FutexWakeOpScenario,
  type WokenOnWord,
} from "./futexWakeOp.ts";
export { scenarioNames, scenarios, type ScenarioName } from "./names.ts";
export {
  perfHitNames,
  perfHits,
  perfRequestNames,
  perfRequests,
  type PerfHit,
  type PerfRequest,
} from "./perfCase.ts";
export { runPerfRecordWrap, runPerfSharedSample, runPerfStackZero } from "./perfDemonstrations.ts";
export { perfDesign, perfDesignNames, perfDesigns, type PerfDesignName } from "./perfDesigns.ts";
export type { PerfPebsRow } from "./perfPebs.ts";
export type { RegisterState, SampledRegister, SampledRegisters } from "./perfRecord.ts";
export type {
  ByteRun,
  Overwritten,
  ReservationRun,
  ReservationVariant,
  ReservedSample,
  RunReservationOptions,
} from "./perfReservations.ts";
export type { EntryNmi, EntryOutcome, PerfSweep, PointOutcome } from "./perfSweep.ts";
export type { LinesTouched, PerfTouched } from "./perfTouched.ts";
export type { PiReturn } from "./piBed.ts";
export type { PiPlaceCall } from "./piPlaces.ts";
export { piProgramNames, piPrograms, type PiProgramName } from "./piPrograms.ts";
export type { PiTaskState, PiWord } from "./piState.ts";
export type { PlaybackStep } from "./playbackSteps.ts";
export {
  remoteScenarioNames,
  type LayoutOption,
  type RemotePart,
  type RemoteScenarioName,
} from "./remoteBed.ts";
export type { RemoteDifference } from "./remoteDifference.ts";
export { runPerf, type PerfRun, type RunPerfOptions } from "./runPerf.ts";
export { runPlayback, type PlaybackOptions, type PlaybackRun } from "./runPlayback.ts";
export { runRemote, type RemoteRun, type RunRemoteOptions } from "./runRemote.ts";
export { runSyncPtr, type RunSyncPtrOptions, type SyncPtrRun } from "./runSyncPtr.ts";
export { runUmcg, type RunUmcgOptions, type UmcgRun } from "./runUmcg.ts";
export { runVirtioSnd, type VirtioSndRecording, type VirtioSndRunOptions } from "./runVirtioSnd.ts";
export {
  sampleEraNames,
  sampleEras,
  type LaidMember,
  type SampleEra,
  type SampleLayout,
} from "./sampleLayouts.ts";
export type { SpelledWakeOp } from "./spelledWakeOp.ts";
export {
  structStrategyNames,
  type CompareStructOptions,
  type StructStrategy,
} from "./structBed.ts";
export { structFaults, type StructFaults, type StructOutcome } from "./structFaults.ts";
export type { Leak } from "./structLeaks.ts";
export { syncPtrFlags, type SyncPtrOutcome } from "./syncPtr.ts";
export { syncPtrFaults, type SyncPtrFaults } from "./syncPtrFaults.ts";
export {
  umcgStepNames,
  umcgStepTable,
  type UmcgCase,
  type UmcgLeft,
  type UmcgStep,
} from "./umcgBed.ts";
export type { UmcgFigures } from "./umcgFigures.ts";
export type { UmcgInlining, UmcgPrice } from "./umcgInlining.ts";
export { virtioSndDeviceNames, virtioSndDevices, type VirtioSndDeviceName } from "./virtioBed.ts";
export type { MessageTimes, VirtioSndStep } from "./virtioLog.ts";
export {
  runVirtioSndMessages,
  virtioSndMessageDesigns,
  type VirtioSndIndex,
  type VirtioSndMessageDesign,
  type VirtioSndMessages,
  type VirtioSndMessagesOptions,
} from "./virtioMessages.ts";
export type { VirtioSndPointRow } from "./virtioPoints.ts";
export type { VirtioSndEnd, VirtioSndPeriod, VirtioSndRun } from "./virtioRun.ts";
export type { FrameSource, SoundPiece } from "./virtioSound.ts";
export type { WakeOpCall, WakeOpStep } from "./wakeOpSteps.ts";
export { wordPlaceNames, wordPlaces, type WordPlace } from "./wordPlaces.ts";
