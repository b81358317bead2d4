export { Futex, futexBlocked, type FutexCall, type RobustListAnswer } from "./futex/futex.ts";
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
} from "./futex/options.ts";
export {
  decodeWakeOp,
  encodeWakeOp,
  wakeOpComparisons,
  wakeOpNames,
  type DecodedWakeOp,
  type WakeOpComparison,
  type WakeOperation,
  type WakeOpName,
} from "./futex/wakeOperation.ts";
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
} from "./pcm/abi.ts";
export type {
  PcmAnswer,
  PcmChannelInfo,
  PcmInfo,
  PcmStatus,
  PcmSwParams,
  PcmSync,
  PcmSyncRequest,
} from "./pcm/answers.ts";
export { pcmDeviceNames, type PcmDevice, type PcmDeviceName } from "./pcm/device.ts";
export { pcmDoorNames, type PcmDoor } from "./pcm/doors.ts";
export type { DriverCall } from "./pcm/driverLog.ts";
export { streamFields, type StreamField } from "./pcm/fields.ts";
export { PcmFile, type PcmArea, type SyncPtrCall } from "./pcm/file.ts";
export { pcmFormatNames, pcmFormats, type PcmFormatName } from "./pcm/formatNames.ts";
export type { PcmOpenOptions } from "./pcm/opening.ts";
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
} from "./pcm/params/index.ts";
export { pcmRequest, pcmRequestNames, type PcmRequestName } from "./pcm/requests.ts";
export { pcmStates, type PcmDirection, type PcmState } from "./pcm/states.ts";
export { pcmBlocked, PcmStream, type PcmStreamOptions } from "./pcm/stream.ts";
export type { DriverAnswers, PcmSubstream, PokedPointers } from "./pcm/substream.ts";
export type { PcmConfiguration, SwParamsRequest } from "./pcm/wanted.ts";
export type { CopyDesign, SamplePlaces } from "./perf/copyDesign.ts";
export { DesignBed, type Region } from "./perf/designBed.ts";
export { sampleContexts, type Interruption, type SampleContext } from "./perf/interruption.ts";
export {
  PebsSource,
  pebsWayNames,
  pebsWays,
  type PebsContent,
  type PebsOptions,
  type PebsWay,
  type RecordedRegister,
} from "./perf/pebs.ts";
export { PerfEvent, eventCommands, type EventCommand, type RingRequest } from "./perf/perfEvent.ts";
export { PerfEvents, type OpenRequest } from "./perf/perfEvents.ts";
export type { PerfRing } from "./perf/perfRing.ts";
export { PerfTask, type PerfTaskNumbers } from "./perf/perfTask.ts";
export { frameWordNames, type FrameWord, type RegisterFrame } from "./perf/registers.ts";
export type { RemoteAccess, RemoteCounts } from "./remote/counts.ts";
export {
  folioWalk,
  type FolioWalk,
  type FolioWalkLevel,
  type FolioWalkOptions,
} from "./remote/folioWalk.ts";
export type { OpenMemFile } from "./remote/openMemFile.ts";
export type { IovecArgument } from "./remote/processVm.ts";
export {
  remoteRights,
  RemoteVm,
  type Iovec,
  type RemoteRead,
  type RemoteRights,
  type RemoteVmOptions,
  type RemoteWord,
} from "./remote/remoteVm.ts";
export {
  umcgForms,
  umcgHelperNames,
  umcgHelpers,
  type UmcgForm,
  type UmcgHelperName,
} from "./umcg/helpers.ts";
export {
  umcgStateOf,
  umcgStateWord,
  umcgVersions,
  type UmcgStateWord,
  type UmcgVersion,
} from "./umcg/stateWord.ts";
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
} from "./umcg/umcg.ts";
export type { CompleteRequest, InterruptRule } from "./virtio/completion.ts";
export { journalNames, type VirtioSndJournal } from "./virtio/coreCard.ts";
export type {
  VirtioQueueName,
  VirtioRequestName,
  VirtioSndDesign,
  VirtioSndDevice,
  VirtioSndParameters,
  VirtioSndRule,
  VirtioSndStream,
} from "./virtio/description.ts";
export type { VirtioPiece, VirtioSndEvent } from "./virtio/journal.ts";
export type { ChainView, QueuePlaces, QueueView, RingCounters } from "./virtio/rings.ts";
export {
  deviceReadings,
  DeviceSchedule,
  wrongPeriods,
  type DeviceReadEvent,
  type DeviceReading,
  type DeviceTiming,
} from "./virtio/schedule.ts";
export {
  VirtioSnd,
  type VirtioSndOpenOptions,
  type VirtioSndOptions,
  type VirtioSndStreamOptions,
} from "./virtio/virtioSnd.ts";
