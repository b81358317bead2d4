import { Cpu } from "./cpu";
import { header } from "./map";

/**
 * Who wants to know of page faults that kernel code takes: a room above (perf) leaves the index of its function in the
 * table of functions here, because no room imports from above.
 */
type FaultObserver = (cpu: Cpu, va: u64, access: u32, repaired: u32) => void;

export function observeFaults(observer: FaultObserver): void {
  header().faultObserver = observer.index;
}

export function ignoreFaults(): void {
  header().faultObserver = 0;
}

/** Tells of a fault before it is repaired, and again once it was. */
@inline
export function faultTaken(cpu: Cpu, va: u64, access: u32, repaired: u32): void {
  const observer = header().faultObserver;
  if (observer != 0) call_indirect<void>(observer, cpu, va, access, repaired);
}
