export { FaultlineError, UsageError } from "./base/errors.ts";
export { builds, buildNames, type BuildName } from "./core/builds.ts";
export type { WasmSource } from "./core/source.ts";
export type { Address } from "./machine/address.ts";
export { archNames, architectures, type ArchName } from "./machine/arch.ts";
export { counterTable, type CounterName, type Counters } from "./machine/counters.ts";
export { eventTable, type EventKind, type MachineEvent } from "./machine/events.ts";
export { findingTable, type Finding, type FindingKind } from "./machine/findings.ts";
export { behaviours, kernelVersions, newestKernel } from "./machine/kernel.ts";
export {
  areaKinds,
  buildLayout,
  layoutNames,
  namedLayout,
  namedLayouts,
  parseLayout,
  type Area,
  type AreaDescription,
  type AreaFile,
  type AreaKind,
  type BuiltLayout,
  type FlagName,
  type LayoutBacking,
  type LayoutName,
  type LayoutSource,
  type ListName,
  type MemoryLayout,
  type PageList,
  type PageRange,
} from "./layouts/index.ts";
export {
  mapsOf,
  memoryText,
  memoryViewNames,
  memoryViews,
  pagemapOf,
  pageTablesOf,
  smapsOf,
  type EntryFlag,
  type MapsEntry,
  type MemoryPicture,
  type MemoryUse,
  type MemoryView,
  type PagemapPage,
  type PagemapRun,
  type PageTable,
  type PageTableEntry,
  type SmapsEntry,
  type TableName,
} from "./inspector/index.ts";
export { Machine } from "./machine/machine.ts";
export type { UserFile } from "./machine/file.ts";
export type { KernelBuffer } from "./machine/kernelBuffer.ts";
export type { Mapping } from "./machine/mapping.ts";
export type { MachineOptions, MachineShape } from "./machine/options.ts";
export type { PageSize } from "./machine/pageSize.ts";
export {
  runPrograms,
  type Operation,
  type Program,
  type ProgramTrace,
  type RunningProgram,
  type RunOptions,
} from "./machine/programs.ts";
export type { Snapshot } from "./machine/snapshot.ts";
export type { Advice, SpecialMapping } from "./machine/advice.ts";
export type { ArgumentPlaces } from "./machine/arguments.ts";
export type { FileBacking } from "./machine/file.ts";
export type { PageKind, PageState, VmaBacking, VmaView } from "./machine/inspect.ts";
export type { HugePages, HugePageSize } from "./machine/hugePages.ts";
export type { DeviceArea, DeviceMapOptions } from "./machine/deviceMapping.ts";
export type { MapOptions } from "./machine/mapOptions.ts";
export type { RemapOptions } from "./machine/remap.ts";
export type { SignalHandler, SignalOptions } from "./machine/signal.ts";
export type { FixupAnswer, FixupOptions } from "./machine/fixupFault.ts";
export type { Task, TaskOptions } from "./machine/task.ts";
export {
  components,
  composeCall,
  composeSide,
  costProfile,
  costProfiles,
  figureSources,
  ioctlShares,
  restAssumption,
  sideCounters,
  sideEvents,
  threadFigures,
  type Approximation,
  type CallCost,
  type CallEvents,
  type CostProfile,
  type SideCost,
  type SideEvents,
  type Weight,
} from "./measure/cost/index.ts";
export { tallyCall } from "./measure/tally.ts";
export {
  comparedPeriods,
  comparePlayback,
  type ComparePlaybackOptions,
  type PlaybackComparison,
  type PlaybackRow,
} from "./scenarios/comparePlayback.ts";
export {
  compareSyncPtr,
  comparedStrategies,
  type CompareOptions,
  type CompareRow,
  type SyncPtrComparison,
} from "./scenarios/compareSyncPtr.ts";
export type { CallFigures, SideFigures } from "./scenarios/callFigures.ts";
export {
  compareStruct,
  type ComparedLayout,
  type StructComparison,
  type StructRow,
} from "./scenarios/compareStruct.ts";
export {
  compareRemote,
  comparedLengths,
  type CompareRemoteOptions,
  type RemoteComparison,
  type RemoteRow,
} from "./scenarios/compareRemote.ts";
export type { RemoteDifference } from "./scenarios/remoteDifference.ts";
export {
  compareFutexCmpxchg,
  type CompareFutexCmpxchgOptions,
  type FutexCmpxchgComparison,
  type FutexCmpxchgCost,
  type FutexCmpxchgRow,
} from "./scenarios/compareFutexCmpxchg.ts";
export {
  runFutexCmpxchg,
  type CmpxchgCall,
  type CmpxchgStep,
  type FutexCmpxchgOptions,
  type FutexCmpxchgRun,
} from "./scenarios/futexCmpxchg.ts";
export {
  compareFutexWakeOp,
  type CompareFutexWakeOpOptions,
  type FutexWakeOpComparison,
  type FutexWakeOpCost,
  type FutexWakeOpPlaceRow,
  type FutexWakeOpRow,
} from "./scenarios/compareFutexWakeOp.ts";
export {
  runFutexWakeOp,
  type FutexWakeOpRun,
  type FutexWakeOpScenario,
  type WokenOnWord,
} from "./scenarios/futexWakeOp.ts";
export type { SpelledWakeOp } from "./scenarios/spelledWakeOp.ts";
export type { WakeOpCall, WakeOpStep } from "./scenarios/wakeOpSteps.ts";
export {
  compareFutexPi,
  type CompareFutexPiOptions,
  type FutexPiComparison,
  type PiAnswersRow,
  type PiCost,
  type PiLocksRow,
  type PiPlacesRow,
} from "./scenarios/compareFutexPi.ts";
export {
  piLockKindNames,
  piLockKinds,
  runFutexPi,
  type FutexPiOptions,
  type FutexPiRun,
  type PiLockKind,
  type PiRunTask,
  type PiStepRun,
} from "./scenarios/futexPi.ts";
export type { PiReturn } from "./scenarios/piBed.ts";
export type { PiPlaceCall } from "./scenarios/piPlaces.ts";
export { piProgramNames, piPrograms, type PiProgramName } from "./scenarios/piPrograms.ts";
export type { PiTaskState, PiWord } from "./scenarios/piState.ts";
export { wordPageNames, wordPages, type WordPage } from "./scenarios/futexBed.ts";
export { wordPlaceNames, wordPlaces, type WordPlace } from "./scenarios/wordPlaces.ts";
export {
  compareUmcg,
  type CompareUmcgOptions,
  type UmcgComparison,
  type UmcgRow,
} from "./scenarios/compareUmcg.ts";
export {
  compareVirtioSnd,
  virtioSndProgramNames,
  type CompareVirtioSndOptions,
  type VirtioSndComparison,
  type VirtioSndOutcome,
  type VirtioSndProgram,
  type VirtioSndRow,
} from "./scenarios/compareVirtioSnd.ts";
export type { VirtioSndPointRow } from "./scenarios/virtioPoints.ts";
export {
  runVirtioSnd,
  type VirtioSndRecording,
  type VirtioSndRunOptions,
} from "./scenarios/runVirtioSnd.ts";
export type { VirtioSndEnd, VirtioSndPeriod, VirtioSndRun } from "./scenarios/virtioRun.ts";
export {
  virtioSndDeviceNames,
  virtioSndDevices,
  type VirtioSndDeviceName,
} from "./scenarios/virtioBed.ts";
export type { MessageTimes, VirtioSndStep } from "./scenarios/virtioLog.ts";
export type { FrameSource, SoundPiece } from "./scenarios/virtioSound.ts";
export type {
  VirtioQueueName,
  VirtioRequestName,
  VirtioSndDesign,
  VirtioSndDevice,
  VirtioSndParameters,
  VirtioSndRule,
  VirtioSndStream,
} from "./systems/virtio/description.ts";
export { journalNames, type VirtioSndJournal } from "./systems/virtio/coreCard.ts";
export type { CompleteRequest, InterruptRule } from "./systems/virtio/completion.ts";
export type { VirtioPiece, VirtioSndEvent } from "./systems/virtio/journal.ts";
export type { ChainView, QueuePlaces, QueueView, RingCounters } from "./systems/virtio/rings.ts";
export {
  deviceReadings,
  DeviceSchedule,
  wrongPeriods,
  type DeviceReadEvent,
  type DeviceReading,
  type DeviceTiming,
} from "./systems/virtio/schedule.ts";
export {
  VirtioSnd,
  type VirtioSndOpenOptions,
  type VirtioSndOptions,
  type VirtioSndStreamOptions,
} from "./systems/virtio/virtioSnd.ts";
export { runUmcg, type RunUmcgOptions, type UmcgRun } from "./scenarios/runUmcg.ts";
export {
  umcgStepNames,
  umcgStepTable,
  type UmcgCase,
  type UmcgLeft,
  type UmcgStep,
} from "./scenarios/umcgBed.ts";
export type { UmcgFigures } from "./scenarios/umcgFigures.ts";
export type { UmcgInlining, UmcgPrice } from "./scenarios/umcgInlining.ts";
export {
  comparePerf,
  type ComparePerfOptions,
  type PerfComparison,
  type PerfDesignRow,
  type PerfEntryRow,
  type PerfRow,
} from "./scenarios/comparePerf.ts";
export { runPerf, type PerfRun, type RunPerfOptions } from "./scenarios/runPerf.ts";
export {
  perfHitNames,
  perfHits,
  perfRequestNames,
  perfRequests,
  type PerfHit,
  type PerfRequest,
} from "./scenarios/perfCase.ts";
export { perfDesignNames, perfDesigns, type PerfDesignName } from "./scenarios/perfDesigns.ts";
export type { PerfPebsRow } from "./scenarios/perfPebs.ts";
export { pebsWayNames, pebsWays, type PebsWay } from "./systems/perf/pebs.ts";
export type { RegisterState, SampledRegister, SampledRegisters } from "./scenarios/perfRecord.ts";
export type { EntryNmi, EntryOutcome, PerfSweep, PointOutcome } from "./scenarios/perfSweep.ts";
export type { LinesTouched, PerfTouched } from "./scenarios/perfTouched.ts";
export {
  runPerfRecordWrap,
  runPerfSharedSample,
  runPerfStackZero,
} from "./scenarios/perfDemonstrations.ts";
export type {
  ByteRun,
  Overwritten,
  ReservationRun,
  ReservationVariant,
  ReservedSample,
  RunReservationOptions,
} from "./scenarios/perfReservations.ts";
export { sampleEraNames, sampleEras, type SampleEra } from "./scenarios/sampleLayouts.ts";
export {
  PerfEvent,
  eventCommands,
  type EventCommand,
  type RingRequest,
} from "./systems/perf/perfEvent.ts";
export { PerfEvents, type OpenRequest } from "./systems/perf/perfEvents.ts";
export type { PerfRing } from "./systems/perf/perfRing.ts";
export { PerfTask, type PerfTaskNumbers } from "./systems/perf/perfTask.ts";
export { frameWordNames, type FrameWord, type RegisterFrame } from "./systems/perf/registers.ts";
export { sampleContexts, type CopyDesign, type SampleContext } from "./systems/perf/designBed.ts";
export { scenarioNames, scenarios, type ScenarioName } from "./scenarios/names.ts";
export type { PlaybackStep } from "./scenarios/playbackSteps.ts";
export { runPlayback, type PlaybackOptions, type PlaybackRun } from "./scenarios/runPlayback.ts";
export {
  remoteScenarioNames,
  type LayoutOption,
  type RemotePart,
  type RemoteScenarioName,
} from "./scenarios/remoteBed.ts";
export { runRemote, type RemoteRun, type RunRemoteOptions } from "./scenarios/runRemote.ts";
export { runSyncPtr, type RunSyncPtrOptions, type SyncPtrRun } from "./scenarios/runSyncPtr.ts";
export {
  structStrategyNames,
  type CompareStructOptions,
  type StructStrategy,
} from "./scenarios/structBed.ts";
export { structFaults, type StructFaults, type StructOutcome } from "./scenarios/structFaults.ts";
export type { Leak } from "./scenarios/structLeaks.ts";
export { syncPtrFlags, type SyncPtrOutcome } from "./scenarios/syncPtr.ts";
export { syncPtrFaults, type SyncPtrFaults } from "./scenarios/syncPtrFaults.ts";
export {
  layoutOf,
  parseStruct,
  type CompositeDescription,
  type CopiesDescription,
  type CopyDescription,
  type FieldDescription,
  type Hole,
  type LaidField,
  type Struct,
  type StructDescription,
  type StructLayout,
} from "./structs/index.ts";
export {
  abiNames,
  abis,
  strategies,
  strategyNames,
  syncPtrFields,
  syncPtrLayout,
  type AbiName,
  type FieldPlace,
  type StrategyName,
  type SyncPtrField,
} from "./systems/pcm/abi.ts";
export type {
  PcmAnswer,
  PcmChannelInfo,
  PcmInfo,
  PcmStatus,
  PcmSwParams,
  PcmSync,
  PcmSyncRequest,
} from "./systems/pcm/answers.ts";
export { pcmDeviceNames, type PcmDevice, type PcmDeviceName } from "./systems/pcm/device.ts";
export { pcmDoorNames, type PcmDoor } from "./systems/pcm/doors.ts";
export type { DriverCall } from "./systems/pcm/driverLog.ts";
export { pcmFormatNames, pcmFormats, type PcmFormatName } from "./systems/pcm/formatNames.ts";
export { streamFields, type StreamField } from "./systems/pcm/fields.ts";
export { PcmFile, type PcmArea, type SyncPtrCall } from "./systems/pcm/file.ts";
export type { PcmOpenOptions } from "./systems/pcm/opening.ts";
export {
  deviceProfiles,
  type IntervalChoice,
  type IntervalName,
  type MaskChoice,
  type MaskName,
  type PcmConstraint,
  type PcmDeviceLimits,
  type PcmHwAnswer,
  type PcmHwRequest,
  type PcmInterval,
} from "./systems/pcm/params/index.ts";
export { pcmRequest, pcmRequestNames, type PcmRequestName } from "./systems/pcm/requests.ts";
export { pcmBlocked, PcmStream, type PcmStreamOptions } from "./systems/pcm/stream.ts";
export type { PcmConfiguration, SwParamsRequest } from "./systems/pcm/wanted.ts";
export { pcmStates, type PcmDirection, type PcmState } from "./systems/pcm/states.ts";
export type { DriverAnswers, PcmSubstream, PokedPointers } from "./systems/pcm/substream.ts";
export {
  Futex,
  futexBlocked,
  type FutexCall,
  type RobustListAnswer,
} from "./systems/futex/futex.ts";
export {
  futexClocks,
  futexSizes,
  type Futex2Flags,
  type Futex2ListOptions,
  type Futex2RequeueOptions,
  type Futex2WaitOptions,
  type Futex2WakeOptions,
  type FutexBits,
  type FutexClock,
  type FutexDeadline,
  type FutexLimit,
  type FutexRequeueOptions,
  type FutexScope,
  type FutexSize,
  type FutexTime,
  type FutexWaiter,
  type FutexWaitvOptions,
  type FutexWakeOpOptions,
  type RobustListPlaces,
} from "./systems/futex/options.ts";
export {
  decodeWakeOp,
  encodeWakeOp,
  wakeOpComparisons,
  wakeOpNames,
  type DecodedWakeOp,
  type WakeOpComparison,
  type WakeOperation,
  type WakeOpName,
} from "./systems/futex/wakeOperation.ts";
export type { RemoteAccess, RemoteCounts } from "./systems/remote/counts.ts";
export {
  folioWalk,
  type FolioWalk,
  type FolioWalkLevel,
  type FolioWalkOptions,
} from "./systems/remote/folioWalk.ts";
export type { OpenMemFile } from "./systems/remote/openMemFile.ts";
export {
  remoteClaims,
  remotePathNames,
  remotePaths,
  type RemoteClaim,
  type RemotePath,
} from "./machine/remotePath.ts";
export type { IovecArgument } from "./systems/remote/processVm.ts";
export {
  remoteRights,
  RemoteVm,
  type Iovec,
  type RemoteRead,
  type RemoteRights,
  type RemoteVmOptions,
  type RemoteWord,
} from "./systems/remote/remoteVm.ts";
export {
  umcgForms,
  umcgHelperNames,
  umcgHelpers,
  type UmcgForm,
  type UmcgHelperName,
} from "./systems/umcg/helpers.ts";
export {
  Umcg,
  umcgFlags,
  umcgStates,
  type UmcgAccess,
  type UmcgAnswer,
  type UmcgBits,
  type UmcgCompare,
  type UmcgLimit,
  type UmcgOptions,
  type UmcgOutcome,
  type UmcgState,
} from "./systems/umcg/umcg.ts";
export {
  checkDiscipline,
  parseProgram,
  type DisciplineFinding,
  type DisciplineOptions,
  type GuardState,
  type Operation as DisciplineOperation,
  type Program as DisciplineProgram,
  type RuleId,
} from "./uaccess/discipline/index.ts";
export type { CpuContext, Direction } from "./machine/accessGuard.ts";
export type { GetResult, IgnoredTrailing, UserAccess, ValueSize } from "./machine/userAccess.ts";
export { figureTable, type FigureName } from "./measure/figures.ts";
