import { fetchAdd } from "../base/atomics";
import { FINDINGS, FINDING_SLOTS, Finding, HEADER, Header } from "./map";

/** Kinds of finding; the host's table gives each its name and sentence. */
export const FINDING_GUARD_CLOSED_ACCESS: u32 = 1;
export const FINDING_GUARD_OPEN_AT_RETURN: u32 = 2;
export const FINDING_GUARD_OPEN_AT_SLEEP: u32 = 3;
export const FINDING_GUARD_NESTED_OPEN: u32 = 4;
export const FINDING_GUARD_REDUNDANT_CLOSE: u32 = 5;
export const FINDING_GUARD_WRONG_END: u32 = 6;
export const FINDING_FREED_FRAME_ACCESS: u32 = 7;
export const FINDING_REFCOUNT: u32 = 8;
export const FINDING_PREEMPT_UNBALANCED: u32 = 10;
export const FINDING_SLEEP_IN_ATOMIC: u32 = 11;
export const FINDING_LOCK_NEEDS_SCHEDULER: u32 = 12;
export const FINDING_SHOOTDOWN_TIMEOUT: u32 = 13;
export const FINDING_OBJECT_OVERFLOW: u32 = 14;
export const FINDING_PCM_POSITION: u32 = 16;
export const FINDING_PCM_UNEXPECTED: u32 = 17;
export const FINDING_PAGEFAULT_UNBALANCED: u32 = 18;
export const FINDING_NO_FIXUP: u32 = 19;
export const FINDING_SCOPE_NESTED: u32 = 20;
export const FINDING_VIRTIO_USED: u32 = 21;
export const FINDING_VIRTIO_CHAIN: u32 = 22;
export const FINDING_PERF_TORN: u32 = 23;
export const FINDING_PERF_STALE: u32 = 24;
export const FINDING_PERF_LEAK: u32 = 25;
export const FINDING_VIRTIO_STORE: u32 = 26;
export const FINDING_VIRTIO_REUSE: u32 = 27;
export const FINDING_VIRTIO_UNFINISHED: u32 = 28;
export const FINDING_VIRTIO_LENGTH: u32 = 29;
export const FINDING_VIRTIO_RANGE: u32 = 30;
export const FINDING_LOCK_UNLISTED: u32 = 31;

export function recordFinding(kind: u32, cpu: u32, task: u32, va: u64, detail: u32): void {
  const sequence = fetchAdd(HEADER + offsetof<Header>("findingCount"), 1);
  const finding = changetype<Finding>(FINDINGS + (sequence % FINDING_SLOTS) * offsetof<Finding>());
  finding.kind = kind;
  finding.cpu = cpu;
  finding.task = task;
  finding.detail = detail;
  finding.va = va;
  finding.sequence = sequence;
}
