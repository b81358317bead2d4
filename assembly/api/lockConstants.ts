import { Cpu, HELD_AT as CPU_HELD_AT, HELD_LIST } from "../machine/cpu";
import { UNLISTED } from "../machine/held";
import { Header } from "../machine/map";
import { MappedFile } from "../mm/file";
import { Mm } from "../mm/mm";
import { Task } from "../mm/task";
import { Device } from "../pcm/device";
import { Stream } from "../pcm/runtime";
import { Card } from "../virtio/card";
import { Virtqueue } from "../virtio/virtqueue";

/** Where the locks are that a CPU's thread may hold when it dies: those that are words. */

export { HELD_SLOTS } from "../machine/cpu";
export { BUS_LOCK } from "../machine/held";
export { UNKNOWN_LOCKS } from "../futex/bury";
export { FREE_LISTS, HEADER, MAX_ORDER, SLAB_CLASSES, SLAB_PARTIAL } from "../machine/map";
export const HEADER_ZONE_LOCK: u32 = offsetof<Header>("zoneLock");
export const HEADER_SLAB_LOCK: u32 = offsetof<Header>("slabLock");
export const HEADER_POOL_LOCK: u32 = offsetof<Header>("poolLock");
export const HEADER_HUGE_ZERO_LOCK: u32 = offsetof<Header>("hugeZeroLock");
export const HEADER_RCU_LOCK: u32 = offsetof<Header>("rcuLock");
export const HEADER_RT_LOCK: u32 = offsetof<Header>("rtLock");
export const HEADER_PCM_LOCK: u32 = offsetof<Header>("pcmLock");
export const HEADER_PERF_LOCK: u32 = offsetof<Header>("perfLock");
export const MM_MMAP_LOCK: u32 = offsetof<Mm>("mmapLock");
export const MM_PAGES: u32 = offsetof<Mm>("pages");
export const MM_TABLE_LOCK: u32 = offsetof<Mm>("tableLock");
export const MM_WAIT_LOCK: u32 = offsetof<Mm>("waitLock");
export const TASK_LOCK: u32 = offsetof<Task>("lock");
export const FILE_LOCK: u32 = offsetof<MappedFile>("lock");
export const STREAM_LOCK: u32 = offsetof<Stream>("lock");
export const CABLE_LOCK: u32 = offsetof<Device>("cableLock");
export const CARD_CONTROL: u32 = offsetof<Card>("control");
export const VIRTQUEUE_LOCK: u32 = offsetof<Virtqueue>("lock");
/** How many locks the CPU's thread holds or is about to take, and where the list of them begins: 8 bytes each. */
export const CPU_HELD: u32 = CPU_HELD_AT;
export const CPU_HELD_LIST: u32 = CPU_HELD_AT + HELD_LIST;
/** How many more it holds than the list tells of. */
export const CPU_UNLISTED: u32 = CPU_HELD_AT + UNLISTED;
export const CPU_IN_CORE: u32 = offsetof<Cpu>("inCore");
