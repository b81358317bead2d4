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
  remoteClaims,
  remotePathNames,
  remotePaths,
  type RemoteClaim,
  type RemotePath,
} from "./machine/remotePath.ts";
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
export * from "./scenarios/index.ts";
export * from "./systems/index.ts";
