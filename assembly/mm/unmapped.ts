import { loadShared, storeShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { HEADER, Header } from "../machine/map";

/**
 * Who waits for the last mapping of a file: a room above (pcm) leaves the index of its function here. It is called as
 * the kernel runs the work that fput leaves behind: by who removed the mappings, after the mmap lock (____fput,
 * fs/file_table.c).
 */
type Releaser = (cpu: Cpu) => void;

const RELEASER: usize = HEADER + offsetof<Header>("releaser");

export function awaitUnmapping(releaser: Releaser): void {
  storeShared(RELEASER, releaser.index);
}

/** Mappings went; the mmap lock is still held. */
@inline
export function noteUnmapped(cpu: Cpu): void {
  if (loadShared(RELEASER) != 0) cpu.unmapped = 1;
}

/** The mmap lock is free again. */
@inline
export function settleUnmapped(cpu: Cpu): void {
  if (cpu.unmapped != 0) callReleaser(cpu);
}

function callReleaser(cpu: Cpu): void {
  cpu.unmapped = 0;
  call_indirect<void>(loadShared(RELEASER), cpu);
}
