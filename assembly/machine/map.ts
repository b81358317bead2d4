/**
 * The memory map. Every region starts where the one before it ends; only the header stands at a declared place.
 *
 *      0 ┌──────────────────────────────┐
 *        │ never used (null, strays)    │
 * HEADER ├──────────────────────────────┤ 1024
 *        │ Header                       │
 *        ├──────────────────────────────┤ FIRST_REGION (above the compiler's own static data)
 *        │ Cpu × cpus                   │
 *        │ futex buckets                │ the global hash table
 *        │ counters × cpus              │ study build only
 *        │ fiber stacks × cpus          │ study build only
 *        │ event ring                   │ study build only
 *        │ empty TLB                    │ never written: what a closed port plugs in
 *        │ TLBs × cpus                  │ a cache: not part of a snapshot's meaning
 *        │ walk caches × cpus           │ likewise
 *        │ Frame × frames               │
 *        │ RAM                          │ page aligned
 *        └──────────────────────────────┘ header.end
 */
export const PAGE_SHIFT: u32 = 12;
export const PAGE_SIZE: u32 = 1 << PAGE_SHIFT;
export const PAGE_MASK: u32 = PAGE_SIZE - 1;

export const MACHINE_MAGIC: u32 = 0x746c7566; // "fult"
export const MACHINE_VERSION: u32 = 1;

export const MIN_RAM: u32 = 256 << 10;
export const MAX_RAM: u32 = 3 << 30;
export const MAX_CPUS: u32 = 256;
export const MIN_TLB_ENTRIES: u32 = 64;
export const MAX_TLB_ENTRIES: u32 = 65536;

/** Free lists for blocks of 2^order frames, order 0 … MAX_ORDER (1 GiB). */
export const MAX_ORDER: u32 = 18;
/** Of 2 MiB. */
export const PMD_ORDER: u32 = 9;
/** Slab classes hold objects of 32 << class bytes, 32 … 2048. */
export const SLAB_CLASSES: u32 = 7;
export const FINDING_SLOTS: u32 = 64;

export const HEADER: usize = 1024;
/**
 * Half a page in: hardware takes a load for one of what was just stored where the low 12 bits of their addresses agree,
 * and what users write stands at the start of a page more often than elsewhere.
 */
export const FIRST_REGION: usize = 16384 + PAGE_SIZE / 2;

/** One finding: what the modelled kernel code did wrong, by whom and where. */
@unmanaged
export class Finding {
  kind: u32; //  0  FINDING_*
  cpu: u32; //  4
  task: u32; //  8  task number, 0 = none
  detail: u32; // 12  rule number, lock, pfn…: what `kind` says
  va: u64; // 16
  sequence: u32; // 24
  reserved: u32; // 28
}

@unmanaged
export class Header {
  magic: u32;
  version: u32;
  behaviour: u32; // BEHAVIOUR_* bits of the kernel version
  ramBytes: u32;
  cpuCount: u32;
  tlbEntries: u32;
  cpus: u32;
  counters: u32;
  fibers: u32;
  events: u32;
  emptyTlb: u32;
  tlbs: u32;
  tlbBytesPerCpu: u32;
  walkCaches: u32;
  frames: u32;
  ram: u32;
  end: u32;
  frameCount: u32;
  freshPfn: u32; // frames from here on were never handed out and are still zero
  framesInUse: u32;
  zoneLock: u32;
  slabLock: u32;
  zeroPfn: u32;
  nextTaskId: u32;
  tasks: u32; // list of all tasks, through Task.next
  findingCount: u32; // ever recorded; the ring keeps the last FINDING_SLOTS
  eventCount: u32;
  jiffies: u64; // virtual tick counter
  nanoseconds: u64; // virtual clock
  kmallocs: u32; // live kernel buffers
  files: u32;
  streams: u32;
  yieldEvery: u32; // study: switch at every k-th yield point; 0 = never
  yieldCount: u32;
  anonVmas: u32; // numbers given to anon_vmas so far
  userfaultfds: u32; // and to userfaultfd contexts
  hugeZeroPfn: u32; // the huge zero folio while some address space uses it
  hugeZeroLock: u32;
  poolLock: u32; // both pools of huge pages
  futexBuckets: u32;
  futexDesign: u32; // study: COUNTS_* (futex/bucket.ts)
  rtLock: u32; // every rt mutex and its waiters (futex/rtMutex.ts)
  pcmLock: u32; // the list of open PCM streams, and every stream that is linked
  remotePath: u32; // which __access_remote_vm the kernel has (remote/path.ts)
  rcuLock: u32; // what waits for a grace period (mm/rcu.ts)
  rcuTables: u32; // page tables, by pfn through Frame.next
  rcuVmas: u32; // VMAs, through Vma.file
  failAllocation: u32; // study: how many allocations from here one finds RAM full; 0 = none does
  perfEvents: u32; // list of the open perf events, through PerfEvent.nextOpen
  perfIds: u32; // and ids given to them so far
  perfEnabled: u32; // list of those that are enabled, through PerfEvent.next
  perfCorrections: u32; // mistakes of the recorded kernel that are not made: CORRECT_* (perf/attr.ts)
  perfLock: u32; // threads: of all these (perf/lock.ts)
  faultObserver: u32; // what is told of page faults (observer.ts), while anybody wants to know
  releaser: u32; // what is called after mappings of files went (mm/unmapped.ts), once anybody waits for that
  deadCpu: u32; // threads: one, from 1, whose thread has ended with locks that nobody has given back yet; 0 = none
  lostCpu: u32; // threads: one, from 1, whose thread has ended in the middle of changing an address space; 0 = none
}

@inline
export function header(): Header {
  return changetype<Header>(HEADER);
}

/** Free-list heads (pfn, 0 = empty), slab partial-list heads and the finding ring follow the header's named words. */
export const FREE_LISTS: usize = HEADER + offsetof<Header>();
export const SLAB_PARTIAL: usize = FREE_LISTS + (MAX_ORDER + 1) * 4;
export const FINDINGS: usize = (SLAB_PARTIAL + SLAB_CLASSES * 4 + 7) & ~7;
/** The inspector's own record (a PageState, mm/pageState.ts), so that asking disturbs no CPU. */
export const INSPECTOR: usize = FINDINGS + FINDING_SLOTS * offsetof<Finding>();
export const INSPECTOR_BYTES: usize = 40;
/** Two pools of huge pages (hugePool.ts). */
export const HUGE_POOLS: usize = INSPECTOR + INSPECTOR_BYTES;
const HUGE_POOL_BYTES: usize = 16;
/** What follows: the profile (arch/profile.ts). */
export const AFTER_INSPECTOR: usize = HUGE_POOLS + 2 * HUGE_POOL_BYTES;

export const CPU_BYTES: u32 = 1024;
/** futex_init: so many buckets for each CPU, a cache line each. */
export const FUTEX_BUCKETS_PER_CPU: u32 = 256;
export const FUTEX_BUCKET_BYTES: u32 = 64;
export const TLB_ENTRY_BYTES: u32 = 16;
/** The walk's cache of last-level tables has an entry for each 2 MiB of address space, shaped as a TLB entry. */
export const WALK_CACHE_ENTRIES: u32 = 2048;
export const WALK_CACHE_BYTES: u32 = WALK_CACHE_ENTRIES * TLB_ENTRY_BYTES;
export const FRAME_BYTES: u32 = 32;
export const COUNTER_SLOTS: u32 = 128;
export const FIBER_BYTES: u32 = 16384;
export const EVENT_BYTES: u32 = 32;
export const EVENT_SLOTS: u32 = 8192;

@inline
function alignUp(value: usize, alignment: usize): usize {
  return (value + alignment - 1) & ~(alignment - 1);
}

/**
 * Lays the regions out for the sizes in `header` and grows the memory to hold them.
 * `writeTables` is the number of write TLBs a CPU has (one per 256 MB segment on book3s/32, else 1).
 * Returns false when the host cannot give that much memory.
 */
export function layOut(ramBytes: u32, cpus: u32, tlbEntries: u32, writeTables: u32): bool {
  const h = header();
  const tableBytes = tlbEntries * TLB_ENTRY_BYTES;
  h.ramBytes = ramBytes;
  h.cpuCount = cpus;
  h.tlbEntries = tlbEntries;
  h.frameCount = ramBytes >> PAGE_SHIFT;
  h.tlbBytesPerCpu = tableBytes * (1 + writeTables);
  h.cpus = FIRST_REGION as u32;
  let at: u64 = (FIRST_REGION as u64) + (CPU_BYTES as u64) * cpus;
  h.futexBuckets = at as u32;
  at += ((FUTEX_BUCKETS_PER_CPU * FUTEX_BUCKET_BYTES) as u64) * cpus;
  if (STUDY) {
    h.counters = at as u32;
    at += (COUNTER_SLOTS as u64) * 8 * cpus;
    h.fibers = at as u32;
    at += (FIBER_BYTES as u64) * cpus;
    h.events = at as u32;
    at += EVENT_BYTES * EVENT_SLOTS;
  }
  h.emptyTlb = alignUp(at as usize, 64) as u32;
  at = (h.emptyTlb as u64) + tableBytes;
  h.tlbs = at as u32;
  at += (h.tlbBytesPerCpu as u64) * cpus;
  h.walkCaches = at as u32;
  at += (WALK_CACHE_BYTES as u64) * cpus;
  h.frames = at as u32;
  at += (FRAME_BYTES as u64) * h.frameCount;
  at = (at + PAGE_MASK) & ~(PAGE_MASK as u64);
  h.ram = at as u32;
  at += ramBytes;
  if (at > 0xffff0000) return false;
  h.end = at as u32;
  const pagesNeeded = ((at + 0xffff) >> 16) as i32;
  const missing = pagesNeeded - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}
