import { Cpu } from "../machine/cpu";
import { Frame } from "../machine/frame";
import { Finding, Header } from "../machine/map";
import { Profile } from "../arch/profile";
import { Task } from "../mm/task";
import { Event } from "../study/events";
import { Move } from "../structs/call";

/** The numbers the host needs, exported once, so that none is typed twice. */
export {
  CPU_BYTES,
  COUNTER_SLOTS,
  EVENT_BYTES,
  EVENT_SLOTS,
  FIBER_BYTES,
  FINDINGS,
  FINDING_SLOTS,
  FRAME_BYTES,
  MAX_CPUS,
  MAX_RAM,
  MAX_TLB_ENTRIES,
  MIN_RAM,
  MIN_TLB_ENTRIES,
  PAGE_SIZE,
} from "../machine/map";
export {
  ARCH_ARM64_PAN,
  ARCH_ARM64_TTBR0,
  ARCH_NONE,
  ARCH_POWERPC_8XX,
  ARCH_POWERPC_BOOK3S32,
  ARCH_POWERPC_BOOK3S64,
  ARCH_RISCV64,
  ARCH_RISCV64_BLOCK_GUARD,
  ARCH_X86_64,
  BEHAVIOUR_CHECK_SIGN_ONLY,
  BEHAVIOUR_CHECK_START_ONLY,
  BEHAVIOUR_MASKED_ACCESS,
  BEHAVIOUR_MASK_ALL_ONES,
  BEHAVIOUR_PAUSE_UPDATES,
  BEHAVIOUR_SILENCE_FRESH,
  BEHAVIOUR_SYNC_PTR_BLOCK,
  BEHAVIOUR_VIRTIO_ACK,
  BEHAVIOUR_X32_APPLIES,
} from "../arch/profile";
export { BLOCKED } from "../base/errno";
export {
  ABI_COMPAT,
  ABI_COMPAT_TIME64,
  ABI_NATIVE32,
  ABI_NATIVE64,
  ABI_X32,
  STRATEGY_BLOCK,
  STRATEGY_COPY,
  STRATEGY_KERNEL,
  STRATEGY_PER_FIELD,
} from "../pcm/layout";
export {
  LIST_ASSEMBLED,
  LIST_CLEARED,
  LIST_COPIES_IN,
  LIST_COPIES_OUT,
  LIST_READS,
  LIST_TAKEN,
  LIST_WRITES,
  MOVE_BYTES,
  MOVE_RUN,
  MOVE_VALUE,
  STRUCT_HEADER_BYTES,
} from "../structs/call";
export { MOVE_BLOCK, MOVE_COPY, MOVE_PER_FIELD } from "../structs/move";
export {
  FINDING_FREED_FRAME_ACCESS,
  FINDING_GUARD_CLOSED_ACCESS,
  FINDING_GUARD_NESTED_OPEN,
  FINDING_GUARD_OPEN_AT_RETURN,
  FINDING_GUARD_OPEN_AT_SLEEP,
  FINDING_GUARD_REDUNDANT_CLOSE,
  FINDING_GUARD_WRONG_END,
  FINDING_LOCK_NEEDS_SCHEDULER,
  FINDING_LOCK_UNLISTED,
  FINDING_NO_FIXUP,
  FINDING_OBJECT_OVERFLOW,
  FINDING_PAGEFAULT_UNBALANCED,
  FINDING_PCM_POSITION,
  FINDING_PCM_UNEXPECTED,
  FINDING_PERF_LEAK,
  FINDING_PERF_STALE,
  FINDING_PERF_TORN,
  FINDING_PREEMPT_UNBALANCED,
  FINDING_REFCOUNT,
  FINDING_SCOPE_NESTED,
  FINDING_VIRTIO_CHAIN,
  FINDING_VIRTIO_LENGTH,
  FINDING_VIRTIO_RANGE,
  FINDING_VIRTIO_REUSE,
  FINDING_VIRTIO_STORE,
  FINDING_VIRTIO_UNFINISHED,
  FINDING_VIRTIO_USED,
  FINDING_SHOOTDOWN_TIMEOUT,
  FINDING_SLEEP_IN_ATOMIC,
} from "../machine/findings";
export {
  COUNT_BYTES_FROM,
  COUNT_BYTES_TO,
  COUNT_COPIES_FROM,
  COUNT_COPIES_TO,
  COUNT_FAULTS,
  COUNT_FAULT_FIXUPS,
  COUNT_FUNCTIONS,
  COUNT_GETS,
  COUNT_GUARD_CLOSES_READ,
  COUNT_GUARD_CLOSES_WRITE,
  COUNT_GUARD_OPENS_READ,
  COUNT_GUARD_OPENS_WRITE,
  COUNT_PUTS,
  COUNT_RANGE_CHECKS_READ,
  COUNT_RANGE_CHECKS_WRITE,
  COUNT_READ_BLOCKS,
  COUNT_SHOOTDOWNS,
  COUNT_TLB_FLUSHES,
  COUNT_TLB_HITS,
  COUNT_TLB_MISSES,
  COUNT_UNSAFE_GETS,
  COUNT_UNSAFE_PUTS,
  COUNT_USER_LOADS,
  COUNT_USER_STORES,
  COUNT_WALKS,
  COUNT_WRITE_BLOCKS,
  COUNT_YIELDS,
} from "../study/counters";
export {
  EVENT_ACKNOWLEDGE,
  EVENT_BLOCK,
  EVENT_CLEAR,
  EVENT_COPY_FROM,
  EVENT_COPY_TO,
  EVENT_FAULT,
  EVENT_FIXUP,
  EVENT_FUNCTION,
  EVENT_GUARD_CLOSE,
  EVENT_GUARD_OPEN,
  EVENT_LOAD,
  EVENT_MMAP_LOCK,
  EVENT_POINTER_UPDATE,
  EVENT_RANGE_CHECK,
  EVENT_KERNEL_LOAD,
  EVENT_KERNEL_STORE,
  EVENT_REMOTE_MOVE,
  EVENT_SHOOTDOWN,
  EVENT_STORE,
  EVENT_WALK,
  MOVED_FAST,
  CHECK_DIRECTION_MASK,
  CHECK_ORIGIN_SHIFT,
  COPY_KERNEL_SHIFT,
  COPY_LINE_MASK,
  ORIGIN_BLOCK,
  ORIGIN_COPY,
  ORIGIN_SINGLE,
} from "../study/events";
export { YIELD_WAIT } from "../study/yield";
export { CONTEXT_IRQ, CONTEXT_NMI, CONTEXT_SOFTIRQ, CONTEXT_TASK } from "../machine/cpu";
export { DIRECTION_BOTH, DIRECTION_READ, DIRECTION_WRITE } from "../uaccess/guard";
export { TRAILING_DOCUMENTED, TRAILING_LITERAL } from "../uaccess/struct";

export const HEADER_COUNTERS: u32 = offsetof<Header>("counters");
export const HEADER_FIBERS: u32 = offsetof<Header>("fibers");
export const HEADER_EVENTS: u32 = offsetof<Header>("events");
export const HEADER_EMPTY_TLB: u32 = offsetof<Header>("emptyTlb");
export const HEADER_FRAMES: u32 = offsetof<Header>("frames");
export const HEADER_CPUS: u32 = offsetof<Header>("cpus");
export const HEADER_RAM: u32 = offsetof<Header>("ram");
export const HEADER_END: u32 = offsetof<Header>("end");
export const HEADER_FRESH_PFN: u32 = offsetof<Header>("freshPfn");
export const HEADER_FRAMES_IN_USE: u32 = offsetof<Header>("framesInUse");
export const HEADER_FINDING_COUNT: u32 = offsetof<Header>("findingCount");
export const HEADER_EVENT_COUNT: u32 = offsetof<Header>("eventCount");
export const HEADER_NANOSECONDS: u32 = offsetof<Header>("nanoseconds");
export const HEADER_TASKS: u32 = offsetof<Header>("tasks");
export const HEADER_FAIL_ALLOCATION: u32 = offsetof<Header>("failAllocation");
export const HEADER_PERF_EVENTS: u32 = offsetof<Header>("perfEvents");
export const HEADER_PERF_CORRECTIONS: u32 = offsetof<Header>("perfCorrections");
export const HEADER_DEAD_CPU: u32 = offsetof<Header>("deadCpu");
export const HEADER_LOST_CPU: u32 = offsetof<Header>("lostCpu");
export const HEADER_YIELD_EVERY: u32 = offsetof<Header>("yieldEvery");

export { FRAME_FILE } from "../machine/frame";
export const FRAME_REFCOUNT: u32 = offsetof<Frame>("refcount");
export const FRAME_MAPCOUNT: u32 = offsetof<Frame>("mapcount");
export const FRAME_KIND: u32 = offsetof<Frame>("kind");

export const FINDING_BYTES: u32 = offsetof<Finding>();
export const FINDING_KIND: u32 = offsetof<Finding>("kind");
export const FINDING_CPU: u32 = offsetof<Finding>("cpu");
export const FINDING_TASK: u32 = offsetof<Finding>("task");
export const FINDING_DETAIL: u32 = offsetof<Finding>("detail");
export const FINDING_VA: u32 = offsetof<Finding>("va");

export const EVENT_KIND: u32 = offsetof<Event>("kind");
export const EVENT_CPU: u32 = offsetof<Event>("cpu");
export const EVENT_DETAIL: u32 = offsetof<Event>("detail");
export const EVENT_FLAG: u32 = offsetof<Event>("flag");
export const EVENT_VA: u32 = offsetof<Event>("va");

export const CPU_GENERATION: u32 = offsetof<Cpu>("generation");
export const CPU_IN_CORE: u32 = offsetof<Cpu>("inCore");
export const CPU_TASK: u32 = offsetof<Cpu>("task");
export const PROFILE_USER_LIMIT: u32 = offsetof<Profile>("userLimit");
export const PROFILE_TASK_LIMIT: u32 = offsetof<Profile>("taskLimit");
export const PROFILE_TAG_MASK: u32 = offsetof<Profile>("tagMask");
export const PROFILE_LEVELS: u32 = offsetof<Profile>("levels");
export const PROFILE_TOP_ENTRIES: u32 = offsetof<Profile>("topEntries");
export const PROFILE_ENTRY_BYTES: u32 = offsetof<Profile>("entryBytes");
export const PROFILE_WORD_BYTES: u32 = offsetof<Profile>("wordBytes");
export const PROFILE_KERNEL_BASE: u32 = offsetof<Profile>("kernelBase");

export const TASK_MM: u32 = offsetof<Task>("mm");
export const TASK_LOCK: u32 = offsetof<Task>("lock");
export const TASK_ID: u32 = offsetof<Task>("id");
export const TASK_OOPSED: u32 = offsetof<Task>("oopsed");
export const TASK_BLOCKED_ON: u32 = offsetof<Task>("blockedOn");
export const TASK_NEXT: u32 = offsetof<Task>("next");
export const TASK_WOKEN: u32 = offsetof<Task>("woken");
export const TASK_WAKE_AT: u32 = offsetof<Task>("wakeAt");
export const TASK_WORD_BYTES: u32 = offsetof<Task>("wordBytes");

export const MOVE_PLACE: u32 = offsetof<Move>("place");
export const MOVE_KERNEL: u32 = offsetof<Move>("kernel");
export const MOVE_LENGTH: u32 = offsetof<Move>("bytes");
export const MOVE_KIND: u32 = offsetof<Move>("kind");
