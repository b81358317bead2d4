/**
 * struct pt_regs of x86-64: what the entry code leaves of the interrupted context, lowest address first
 * (arch/x86/include/asm/ptrace.h).
 *
 *   0    8    16   24   32  40  48   56   64  72  80  88  96  104 112  120      128 136 144    152 160   168
 *   ┌────┬────┬────┬────┬───┬───┬────┬────┬───┬───┬───┬───┬───┬───┬───┬────────┬───┬───┬──────┬───┬────┐
 *   │r15 │r14 │r13 │r12 │bp │bx │r11 │r10 │r9 │r8 │ax │cx │dx │si │di │orig_ax │ip │cs │flags │sp │ss  │
 *   └────┴────┴────┴────┴───┴───┴────┴────┴───┴───┴───┴───┴───┴───┴───┴────────┴───┴───┴──────┴───┴────┘
 */
@unmanaged
export class PtRegs {
  r15: u64;
  r14: u64;
  r13: u64;
  r12: u64;
  bp: u64;
  bx: u64;
  r11: u64;
  r10: u64;
  r9: u64;
  r8: u64;
  ax: u64;
  cx: u64;
  dx: u64;
  si: u64;
  di: u64;
  origAx: u64;
  ip: u64;
  cs: u64;
  flags: u64;
  sp: u64;
  ss: u64;
}

export const PT_REGS_BYTES: u32 = offsetof<PtRegs>();

/** Code segments of user mode; the two lowest bits are the privilege level. */
export const USER32_CS: u32 = 0x23;
export const USER_CS: u32 = 0x33;
export const USER_SS: u32 = 0x2b;
export const KERNEL_CS: u32 = 0x10;
export const KERNEL_SS: u32 = 0x18;
const PRIVILEGE: u64 = 3;

/** sample_regs_user, sample_regs_intr: bits of what pt_regs has (arch/x86/include/uapi/asm/perf_regs.h). */
export const REGS_KNOWN: u32 = 0xff0fff;
/** ds, es, fs, gs: a 64-bit frame has none. */
export const REGS_SEGMENTS: u32 = 0xf000;
/** Bits without a register; all of the upper half are vector registers. */
export const REGS_RESERVED: u32 = 0xff000000;

@inline
export function userMode(regs: PtRegs): bool {
  return (regs.cs & PRIVILEGE) == PRIVILEGE;
}

/** Where the register of a mask's bit stands in the frame. */
@inline
export function frameOffset(bit: u32): u32 {
  switch (bit) {
    case 0:
      return offsetof<PtRegs>("ax");
    case 1:
      return offsetof<PtRegs>("bx");
    case 2:
      return offsetof<PtRegs>("cx");
    case 3:
      return offsetof<PtRegs>("dx");
    case 4:
      return offsetof<PtRegs>("si");
    case 5:
      return offsetof<PtRegs>("di");
    case 6:
      return offsetof<PtRegs>("bp");
    case 7:
      return offsetof<PtRegs>("sp");
    case 8:
      return offsetof<PtRegs>("ip");
    case 9:
      return offsetof<PtRegs>("flags");
    case 10:
      return offsetof<PtRegs>("cs");
    case 11:
      return offsetof<PtRegs>("ss");
    default: // 16 r8 … 19 r11, 20 r12 … 23 r15, in the frame in the opposite direction
      return bit < 20
        ? offsetof<PtRegs>("r8") - ((bit - 16) << 3)
        : offsetof<PtRegs>("r12") - ((bit - 20) << 3);
  }
}

/** perf_reg_value: the register of a mask's bit; 0 for what the frame does not hold. */
@inline
export function registerAt(regs: PtRegs, bit: u32): u64 {
  if (bit >= 32 || ((REGS_KNOWN >> bit) & 1) == 0) return 0;
  return load<u64>(changetype<usize>(regs) + frameOffset(bit));
}
