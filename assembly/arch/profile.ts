import { AFTER_INSPECTOR } from "../machine/map";

/**
 * The architecture profiles: how each guards user memory and how far it reaches. The host reads these numbers from the
 * exports.
 */
export const ARCH_X86_64: u32 = 0;
export const ARCH_POWERPC_8XX: u32 = 1;
export const ARCH_POWERPC_BOOK3S32: u32 = 2;
export const ARCH_POWERPC_BOOK3S64: u32 = 3;
export const ARCH_ARM64_PAN: u32 = 4;
export const ARCH_ARM64_TTBR0: u32 = 5;
export const ARCH_RISCV64: u32 = 6;
export const ARCH_RISCV64_BLOCK_GUARD: u32 = 7;
export const ARCH_NONE: u32 = 8;

/** How the guard works; one bit a property, so that code asks for the property and never for the name. */
export const GUARD_NONE: u32 = 1 << 0; // user ports are always plugged
export const GUARD_SPLIT: u32 = 1 << 1; // read and write open apart (book3s/64)
export const GUARD_WRITES_ONLY: u32 = 1 << 2; // reads are never guarded (book3s/32)
export const GUARD_SEGMENTED: u32 = 1 << 3; // writes open one 256 MB segment (book3s/32)
export const GUARD_UNPRIVILEGED: u32 = 1 << 4; // accessors are checked as user code (arm64 PAN)
export const GUARD_PER_ACCESS: u32 = 1 << 5; // a block opens nothing, each access toggles (RISC-V to 6.12)
export const GUARD_SAVES: u32 = 1 << 6; // user_access_save/restore do something
export const GUARD_OOPSES: u32 = 1 << 7; // a closed-guard access is a bad fault; elsewhere its fixup is taken
export const CHECK_IGNORES_SIZE: u32 = 1 << 8; // a constant size up to a page is not looked at (x86-64, 6.12)
export const CHECK_DROPS_REPEATS: u32 = 1 << 9; // the compiler drops a check already made (PowerPC)
export const CHECK_ALWAYS: u32 = 1 << 10; // __get_user and __put_user check as well (arm64)
export const VALUE_8_IN_HALVES: u32 = 1 << 11; // an 8-byte value moves as two words (32-bit CPUs)
export const MASKED_ACCESS: u32 = 1 << 12; // can_do_masked_user_access(), and copy_from_user masks
export const PROTECTION_KEYS: u32 = 1 << 13; // the AMR also holds the user's own denials (book3s/64)
export const CLEARS_BIT_55: u32 = 1 << 14; // user pointers are masked before each access (arm64)
export const BLOCK_COPY_IS_CALL: u32 = 1 << 15; // unsafe_copy_to_user is one routine, not pieces (RISC-V, none)
export const MASK_ALL_ONES: u32 = 1 << 16; // a kernel pointer is masked to all ones, not to the limit (x86-64, 6.12)
export const SOUND_RECORDS_MAPPED: u32 = 1 << 17; // PCM status and control can be mapped: x86 and PowerPC have that
export const EXCLUSIVE_PAIRS: u32 = 1 << 18; // atomics are a load and a store-exclusive, which may fail
export const EXCLUSIVE_BOUNDED: u32 = 1 << 19; // and the futex gives up after so many failures (arm64)
export const EXCLUSIVE_OPS: u32 = 1 << 20; // an atomic operation other than compare-exchange is one instruction (RISC-V)

/** Behaviour that follows the kernel's version, not the CPU; the host's version table sets these bits. */
export const BEHAVIOUR_SYNC_PTR_BLOCK: u32 = 1 << 0;
export const BEHAVIOUR_X32_APPLIES: u32 = 1 << 1;
export const BEHAVIOUR_CHECK_SIGN_ONLY: u32 = 1 << 2;
export const BEHAVIOUR_MASKED_ACCESS: u32 = 1 << 3;
export const BEHAVIOUR_MASK_ALL_ONES: u32 = 1 << 4;
export const BEHAVIOUR_CHECK_START_ONLY: u32 = 1 << 5;
export const BEHAVIOUR_SILENCE_FRESH: u32 = 1 << 6;
export const BEHAVIOUR_VIRTIO_ACK: u32 = 1 << 7;
export const BEHAVIOUR_PAUSE_UPDATES: u32 = 1 << 8;

/**
 * Page-table geometry: x86-64 and arm64 9/9/9/9, book3s/64 13/9/9/9, RISC-V Sv39 9/9/9,
 * 32-bit PowerPC 10/10 with 4-byte entries.
 */
@unmanaged
export class Profile {
  userLimit: u64; //   0 first address that is not user space, for the range check
  tableLimit: u64; //  8 first address the page tables cannot name
  taskLimit: u64; //  16 first address no program can map (TASK_SIZE)
  untagMask: u64; //  24 applied before the range check
  accessMask: u64; // 32 applied before each access
  tagMask: u64; //    40 what a tagged pointer's tag leaves of it; all ones: there are no tags
  guard: u32; //      48 GUARD_*, CHECK_*, …
  levels: u32; //     52
  topEntries: u32; // 56 entries of the root table
  entryBytes: u32; // 60
  wordBytes: u32; //  64 sizeof(long)
  writeTables: u32; //68 write TLBs a CPU needs
  kernelBase: u64; // 72 where the direct map of RAM begins
  remoteMask: u64; // 80 applied to addresses in the memory of a process that passes no tags
}

export const PROFILE: usize = AFTER_INSPECTOR;

@inline
export function profile(): Profile {
  return changetype<Profile>(PROFILE);
}

/** The defaults of a geometry; `taskLimit` is both what a program may map and what the range check lets through. */
function setGeometry(
  p: Profile,
  levels: u32,
  topEntries: u32,
  tableLimit: u64,
  taskLimit: u64,
): void {
  p.taskLimit = taskLimit;
  p.userLimit = taskLimit;
  p.levels = levels;
  p.topEntries = topEntries;
  p.tableLimit = tableLimit;
  p.entryBytes = levels == 2 ? 4 : 8;
  p.wordBytes = p.entryBytes;
  p.untagMask = levels == 2 ? 0xffffffff : u64.MAX_VALUE;
  p.accessMask = p.untagMask;
  p.tagMask = u64.MAX_VALUE;
  p.remoteMask = p.untagMask;
  p.writeTables = 1;
}

function setX86(p: Profile, guard: u32, behaviour: u32): void {
  setGeometry(p, 4, 512, 1 << 47, ((1 as u64) << 47) - 4096); // the last page is a hole no program can map
  p.guard = guard | SOUND_RECORDS_MAPPED;
  p.kernelBase = 0xffff888000000000;
  if (behaviour & BEHAVIOUR_CHECK_START_ONLY) p.guard |= CHECK_IGNORES_SIZE;
  if (behaviour & BEHAVIOUR_CHECK_SIGN_ONLY) p.userLimit = i64.MAX_VALUE;
  if (behaviour & BEHAVIOUR_MASKED_ACCESS) p.guard |= MASKED_ACCESS;
  if (behaviour & BEHAVIOUR_MASK_ALL_ONES) p.guard |= MASK_ALL_ONES;
}

function setPowerpc32(p: Profile, taskLimit: u64, guard: u32): void {
  setGeometry(p, 2, 1024, 0x100000000, taskLimit);
  p.kernelBase = 0xc0000000;
  p.guard = guard | GUARD_OOPSES | GUARD_SAVES | CHECK_DROPS_REPEATS | VALUE_8_IN_HALVES;
  p.guard |= SOUND_RECORDS_MAPPED | EXCLUSIVE_PAIRS;
  if (guard & GUARD_SEGMENTED) p.writeTables = 16;
}

function setArm64(p: Profile, guard: u32): void {
  setGeometry(p, 4, 512, 1 << 48, 1 << 48);
  p.accessMask = ((1 as u64) << 55) - 1; // bit 55 never selects the kernel table, and the top byte is a tag
  p.tagMask = ((1 as u64) << 56) - 1;
  p.remoteMask = p.tagMask; // whoever it is
  p.kernelBase = 0xffff000000000000;
  p.guard = guard | CHECK_ALWAYS | CLEARS_BIT_55 | EXCLUSIVE_PAIRS | EXCLUSIVE_BOUNDED;
}

function setRiscv(p: Profile, guard: u32): void {
  setGeometry(p, 3, 512, 1 << 38, 1 << 38);
  p.tagMask = ((1 as u64) << 57) - 1; // PMLEN 7
  p.kernelBase = 0xffffffd600000000;
  p.guard = guard | BLOCK_COPY_IS_CALL | EXCLUSIVE_PAIRS | EXCLUSIVE_OPS;
}

/** Fills the profile record for an architecture; false if there is none of that number. */
export function setProfile(arch: u32, behaviour: u32): bool {
  const p = profile();
  switch (arch) {
    case ARCH_X86_64:
      setX86(p, GUARD_OOPSES | GUARD_SAVES, behaviour);
      return true;
    case ARCH_NONE:
      setX86(p, GUARD_NONE | BLOCK_COPY_IS_CALL, behaviour);
      return true;
    case ARCH_POWERPC_8XX:
      setPowerpc32(p, 0x80000000, 0);
      return true;
    case ARCH_POWERPC_BOOK3S32:
      setPowerpc32(p, 0xc0000000, GUARD_WRITES_ONLY | GUARD_SEGMENTED);
      return true;
    case ARCH_POWERPC_BOOK3S64:
      setGeometry(p, 4, 8192, 1 << 52, 1 << 52);
      p.kernelBase = 0xc000000000000000;
      p.guard = GUARD_SPLIT | GUARD_OOPSES | GUARD_SAVES | CHECK_DROPS_REPEATS | PROTECTION_KEYS;
      p.guard |= SOUND_RECORDS_MAPPED | EXCLUSIVE_PAIRS;
      return true;
    case ARCH_ARM64_PAN:
      setArm64(p, GUARD_UNPRIVILEGED);
      return true;
    case ARCH_ARM64_TTBR0:
      setArm64(p, 0);
      return true;
    case ARCH_RISCV64:
      setRiscv(p, GUARD_PER_ACCESS);
      return true;
    case ARCH_RISCV64_BLOCK_GUARD:
      setRiscv(p, 0);
      return true;
    default:
      return false;
  }
}
