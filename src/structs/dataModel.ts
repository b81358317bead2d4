import type { ArchName } from "../machine/arch.ts";
import { abiRow, type AbiName } from "../systems/pcm/abi.ts";

/** What the sizes of C's types depend on. */
export interface DataModel {
  readonly name: string;
  /** Bytes of long and of a pointer. */
  readonly word: 4 | 8;
  /** Bytes of __kernel_long_t, which x32 has wider than long. */
  readonly kernelLong: 4 | 8;
  /** Bytes of time_t and suseconds_t. */
  readonly time: 4 | 8;
  /** Alignment of an 8-byte integer in a structure. */
  readonly wideAlign: 4 | 8;
  /** Alignment of compat_u64, which on a 64-bit x86 kernel is the i386 program's, whoever calls. */
  readonly compatWideAlign: 4 | 8;
}

/** The 64-bit kernels whose 32-bit programs are i386: the only ones that align 8 bytes to 4. */
const i386Archs: readonly ArchName[] = ["x86-64", "none"];

/**
 * The data model of an ABI on an architecture (System V psABIs of i386, x86-64, x32; AAPCS; the 32-bit PowerPC and
 * RISC-V psABIs; include/uapi/asm-generic/posix_types.h and arch/x86/include/asm/compat.h).
 */
export function dataModel(abi: AbiName, arch: ArchName): DataModel {
  const isX86 = i386Archs.includes(arch);
  const isI386 = isX86 && (abi === "compat" || abi === "compat-time64");
  const word = abiRow(abi).wordBits === 64 ? 8 : 4;
  return {
    name: abi === "x32" ? "x32" : isI386 ? "i386" : word === 8 ? "LP64" : "ILP32",
    word,
    kernelLong: abi === "x32" ? 8 : word,
    time: abi === "compat" ? 4 : 8,
    wideAlign: isI386 ? 4 : 8,
    compatWideAlign: isX86 ? 4 : 8,
  };
}
