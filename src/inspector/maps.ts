import type { ConstantName } from "../core/exports.ts";
import type { VmaBacking, VmaView } from "../machine/inspect.ts";
import { madeTask, type Task } from "../machine/task.ts";
import { mmOf } from "./walk.ts";

/** A line of /proc/PID/maps (show_map_vma, fs/proc/task_mmu.c, 6.18). There are no devices: the number is 00:00. */
export interface MapsEntry {
  readonly start: bigint;
  readonly end: bigint;
  /** "rw-p": r, w, x and p for private or s for shared. */
  readonly permissions: string;
  /** Where in the file the area begins, in bytes; 0 for private anonymous memory. */
  readonly offset: bigint;
  /** The file's number on this machine; 0 where there is no file. */
  readonly inode: number;
  /** "" for anonymous memory. Files have no names of their own: they are called by their numbers. */
  readonly name: string;
}

/** What each backing is called; `n` is the file's number. */
const names: Readonly<Record<VmaBacking, (n: number) => string>> = {
  anonymous: () => "",
  "shared anonymous": () => "/dev/zero (deleted)",
  memfd: (n) => `/memfd:${n} (deleted)`,
  disk: (n) => `/disk/${n}`,
  "read-only disk": (n) => `/disk/${n}`,
  secret: () => "/secretmem (deleted)",
  "device DAX": (n) => `/dev/dax${n}`,
  device: (n) => `/dev/device${n}`,
  "device memory": (n) => `/dev/device${n}`,
  hugetlb: () => "/anon_hugepage (deleted)",
  vdso: () => "[vdso]",
  vvar: () => "[vvar]",
  vvar_vclock: () => "[vvar_vclock]",
};

const kernelsOwn: readonly VmaBacking[] = ["vdso", "vvar", "vvar_vclock"];

/** The areas of a task's address space, as /proc/PID/maps has them; none for a zombie. Asking changes nothing. */
export function mapsOf(task: Task): MapsEntry[] {
  madeTask("task", task);
  return task.vmas().map((vma) => mapsEntry(task, vma));
}

export function mapsEntry(task: Task, vma: VmaView): MapsEntry {
  const { machine } = task;
  const { start, end, permissions, backing, file } = vma;
  const hasFile = file !== 0 && !kernelsOwn.includes(backing);
  const inode = hasFile ? machine.words[(file + machine.constant("FILE_ID")) >>> 2]! : 0;
  const offset = hasFile ? vma.filePage * BigInt(machine.constant("PAGE_SIZE")) : 0n;
  const name = isInitialStack(task, vma) ? "[stack]" : names[backing](inode);
  return { start, end, permissions, offset, inode, name };
}

/** vma_is_initial_stack: the one that exec made, where the arguments stand; not just any that grows down. */
function isInitialStack(task: Task, { start, end, flags }: VmaView): boolean {
  const { machine } = task;
  const growsDown: ConstantName = "VM_GROWSDOWN";
  if ((flags & machine.constant(growsDown)) === 0) return false;
  const mm = mmOf(machine, task.handle);
  const arguments_ = machine.wideAt(mm + machine.constant("MM_ARG_START"));
  return start <= arguments_ && arguments_ < end;
}
