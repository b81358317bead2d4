import type { ConstantName } from "../core/exports.ts";
import type { CoreMemory } from "../machine/coreMemory.ts";
import type { VmaView } from "../machine/inspect.ts";

/** What smaps calls each flag, in the order of their bits (show_smap_vma_flags, fs/proc/task_mmu.c, 6.18). */
const mnemonics = [
  ["rd", "VM_READ"],
  ["wr", "VM_WRITE"],
  ["ex", "VM_EXEC"],
  ["sh", "VM_SHARED"],
  ["mr", "VM_MAYREAD"],
  ["mw", "VM_MAYWRITE"],
  ["me", "VM_MAYEXEC"],
  ["ms", "VM_MAYSHARE"],
  ["gd", "VM_GROWSDOWN"],
  ["um", "VM_UFFD_MISSING"],
  ["pf", "VM_PFNMAP"],
  ["lo", "VM_LOCKED"],
  ["io", "VM_IO"],
  ["sr", "VM_SEQ_READ"],
  ["rr", "VM_RAND_READ"],
  ["dc", "VM_DONTCOPY"],
  ["de", "VM_DONTEXPAND"],
  ["lf", "VM_LOCKONFAULT"],
  ["ac", "VM_ACCOUNT"],
  ["nr", "VM_NORESERVE"],
  ["ht", "VM_HUGETLB"],
  ["wf", "VM_WIPEONFORK"],
  ["dd", "VM_DONTDUMP"],
  ["mm", "VM_MIXEDMAP"],
  ["hg", "VM_HUGEPAGE"],
  ["nh", "VM_NOHUGEPAGE"],
] as const satisfies readonly (readonly [string, ConstantName])[];

/** The VmFlags of smaps, as 6.18 has them; `gu` of 6.19 (VM_MAYBE_GUARD) stands for a flag that areas have not here. */
export function vmFlagsOf(machine: CoreMemory, { flags, sealed }: VmaView): string[] {
  const set = mnemonics.filter(([, name]) => (flags & machine.constant(name)) !== 0);
  return [...set.map(([letters]) => letters), ...(sealed ? ["sl"] : [])];
}
