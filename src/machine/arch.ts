/** The architecture profiles a machine can have; the names are those of the command. */
export const architectures = [
  { name: "x86-64", constant: "ARCH_X86_64", guard: "SMAP" },
  { name: "powerpc-8xx", constant: "ARCH_POWERPC_8XX", guard: "KUAP (MD_AP)" },
  {
    name: "powerpc-book3s32",
    constant: "ARCH_POWERPC_BOOK3S32",
    guard: "KUAP (segments, writes only)",
  },
  {
    name: "powerpc-book3s64",
    constant: "ARCH_POWERPC_BOOK3S64",
    guard: "KUAP (AMR)",
  },
  { name: "arm64-pan", constant: "ARCH_ARM64_PAN", guard: "PAN in hardware" },
  {
    name: "arm64-ttbr0",
    constant: "ARCH_ARM64_TTBR0",
    guard: "PAN in software (TTBR0)",
  },
  {
    name: "riscv64",
    constant: "ARCH_RISCV64",
    guard: "SUM, toggled by each access",
  },
  {
    name: "riscv64-block-guard",
    constant: "ARCH_RISCV64_BLOCK_GUARD",
    guard: "SUM, opened by blocks",
  },
  { name: "none", constant: "ARCH_NONE", guard: "none" },
] as const;

export type ArchName = (typeof architectures)[number]["name"];
export type ArchConstant = (typeof architectures)[number]["constant"];

export const archNames: readonly ArchName[] = architectures.map((arch) => arch.name);

export function archConstant(name: ArchName): ArchConstant {
  return architectures.find((arch) => arch.name === name)!.constant;
}
