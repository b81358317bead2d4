import { buildNames, type BuildName } from "../core/builds.ts";

/** Where a kind can be recorded: one kernel path at a time meets no other CPU, and only study follows freed frames. */
const everyBuild = buildNames;
const severalCpus: readonly BuildName[] = ["study", "threads"];
const waitless: readonly BuildName[] = ["release", "study", "profile"];
const study: readonly BuildName[] = ["study"];
const threads: readonly BuildName[] = ["threads"];

/**
 * What only modelled kernel code can do wrong: the kinds, the builds that can record each, and what each
 * says.
 */
export const findingTable = [
  {
    kind: "guard-closed-access",
    constant: "FINDING_GUARD_CLOSED_ACCESS",
    builds: everyBuild,
    meaning: "user memory was accessed with the guard closed; the access was not made",
  },
  {
    kind: "guard-open-at-return",
    constant: "FINDING_GUARD_OPEN_AT_RETURN",
    builds: everyBuild,
    meaning: "the kernel function returned with the guard open",
  },
  {
    kind: "guard-open-at-sleep",
    constant: "FINDING_GUARD_OPEN_AT_SLEEP",
    builds: everyBuild,
    meaning: "the task went to sleep with the guard open",
  },
  {
    kind: "guard-nested-open",
    constant: "FINDING_GUARD_NESTED_OPEN",
    builds: everyBuild,
    meaning: "the guard was opened, or a primitive that opens it called, inside an open block",
  },
  {
    kind: "guard-redundant-close",
    constant: "FINDING_GUARD_REDUNDANT_CLOSE",
    builds: everyBuild,
    meaning: "a block was ended that was never begun",
  },
  {
    kind: "guard-wrong-end",
    constant: "FINDING_GUARD_WRONG_END",
    builds: everyBuild,
    meaning: "a block was ended in another direction than it was begun",
  },
  {
    kind: "freed-frame-access",
    constant: "FINDING_FREED_FRAME_ACCESS",
    builds: study,
    meaning: "a freed page was accessed through a translation that should be gone",
  },
  {
    kind: "refcount",
    constant: "FINDING_REFCOUNT",
    builds: everyBuild,
    meaning: "a reference was taken from or dropped at count 0",
  },
  {
    kind: "sleep-in-atomic",
    constant: "FINDING_SLEEP_IN_ATOMIC",
    builds: everyBuild,
    meaning: "a call that may sleep was made where sleeping is forbidden",
  },
  {
    kind: "needs-scheduler",
    constant: "FINDING_LOCK_NEEDS_SCHEDULER",
    builds: waitless,
    meaning:
      "a lock was met held: this scenario needs the study build with a scheduler, or the threads build",
  },
  {
    kind: "shootdown-timeout",
    constant: "FINDING_SHOOTDOWN_TIMEOUT",
    builds: severalCpus,
    meaning: "a CPU did not answer a TLB invalidation",
  },
  {
    kind: "lock-unlisted",
    constant: "FINDING_LOCK_UNLISTED",
    builds: threads,
    meaning: "a lock was taken that nobody could give back if the thread that holds it ended",
  },
  {
    kind: "object-overflow",
    constant: "FINDING_OBJECT_OVERFLOW",
    builds: everyBuild,
    meaning: "a copy was larger than the kernel object; nothing was copied",
  },
  {
    kind: "pcm-position",
    constant: "FINDING_PCM_POSITION",
    builds: everyBuild,
    meaning: "the device reported a position outside its buffer",
  },
  {
    kind: "pcm-unexpected",
    constant: "FINDING_PCM_UNEXPECTED",
    builds: everyBuild,
    meaning: "the hardware pointer moved by more than a buffer and a period",
  },
  {
    kind: "no-fixup",
    constant: "FINDING_NO_FIXUP",
    builds: everyBuild,
    meaning: "an ordinary instruction faulted on a user address, with no fixup to go to",
  },
  {
    kind: "preempt-unbalanced",
    constant: "FINDING_PREEMPT_UNBALANCED",
    builds: everyBuild,
    meaning: "preemption was enabled once more than disabled",
  },
  {
    kind: "pagefault-unbalanced",
    constant: "FINDING_PAGEFAULT_UNBALANCED",
    builds: everyBuild,
    meaning: "page faults were enabled once more than disabled",
  },
  {
    kind: "scope-nested",
    constant: "FINDING_SCOPE_NESTED",
    builds: everyBuild,
    meaning: "a scoped user access was begun inside another",
  },
  {
    kind: "virtio-used",
    constant: "FINDING_VIRTIO_USED",
    builds: everyBuild,
    meaning:
      "the device returned an entry that it was never given; the queue is broken from then on",
  },
  {
    kind: "virtio-chain",
    constant: "FINDING_VIRTIO_CHAIN",
    builds: everyBuild,
    meaning:
      "a chain of descriptors loops, leaves its table or points outside of RAM; it ends there",
  },
  {
    kind: "perf-torn",
    constant: "FINDING_PERF_TORN",
    builds: study,
    meaning: "a sample holds user registers of which some are not the task's",
  },
  {
    kind: "perf-stale",
    constant: "FINDING_PERF_STALE",
    builds: study,
    meaning: "a sample holds the user registers of an earlier entry, or of another task",
  },
  {
    kind: "perf-leak",
    constant: "FINDING_PERF_LEAK",
    builds: study,
    meaning: "a sample holds words of the kernel's stack that nobody had set",
  },
  {
    kind: "virtio-store",
    constant: "FINDING_VIRTIO_STORE",
    builds: everyBuild,
    meaning: "bytes that the device may read at any time were stored to after they were exposed",
  },
  {
    kind: "virtio-reuse",
    constant: "FINDING_VIRTIO_REUSE",
    builds: everyBuild,
    meaning: "a message was exposed that the device had not returned yet",
  },
  {
    kind: "virtio-unfinished",
    constant: "FINDING_VIRTIO_UNFINISHED",
    builds: everyBuild,
    meaning: "a descriptor changed after the index of the ring had moved past it",
  },
  {
    kind: "virtio-length",
    constant: "FINDING_VIRTIO_LENGTH",
    builds: everyBuild,
    meaning: "the device says that it wrote more bytes than the message has for it to write",
  },
  {
    kind: "virtio-range",
    constant: "FINDING_VIRTIO_RANGE",
    builds: everyBuild,
    meaning: "the driver counts on behind its last message; here it stops there",
  },
] as const;

export type FindingKind = (typeof findingTable)[number]["kind"];

/** One thing the modelled kernel code did wrong. */
export interface Finding {
  readonly kind: FindingKind;
  readonly meaning: string;
  readonly cpu: number;
  /** Number of the task on the CPU; 0 = none. */
  readonly task: number;
  /**
   * User address; of pcm-position the position that the device reported, of pcm-unexpected the new pointer: frames; of
   * the virtio kinds the entry of the queue.
   */
  readonly address: bigint;
  /**
   * What belongs to the kind: direction, pfn, CPU, bytes; of lock-unlisted where the core keeps the lock; of the two pcm
   * kinds the stream's record; of the virtio kinds the queue's number.
   */
  readonly detail: number;
}
