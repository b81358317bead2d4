/**
 * The published figures that the cost model is derived from, and nothing else, a file for each kind. How each was
 * obtained is said here: with those compilers and configurations each can be counted again.
 */

/** Where the figures come from: one line for each table below. */
export const figureSources = {
  primitive_instruction_counts:
    "Linux 6.12.117 (Debian 6.12.117-1~deb12u1), Debian gcc 12.2.0 cross compilers, -O2; one function a primitive, objdump -dr, instructions on the success path. ppc8xx: mpc885_ads_defconfig + PPC_KUAP, no SMP. ppc32s: pmac32_defconfig + PPC_KUAP, no SMP. ppc64le: ppc64le_guest_defconfig + PPC_KUAP. x86_64: SMAP. arm64: defconfig, PAN (v8.1). arm64sw: ARM64_SW_TTBR0_PAN. riscv64: defconfig + COMPAT, Sv39. riscv64_blocks: the same with a block guard as kernels from mid-2025.",
  assembler_copy_routines:
    "the routines of those builds, linked into a small static program and run one instruction at a time under qemu user mode 7.2",
  x86_measured:
    "AMD EPYC family 25 model 17 (Zen 4), 2-CPU virtual machine, 3.69 GHz, Linux 6.18.44, SMAP on, Safe RET on; differences of system calls, 10th percentile of 101 rounds of 3000 calls, median of 5 runs",
  thread_reported_8xx:
    "https://patchew.org/linux/8df11af98033e4cb4d9b0f16d6e9d5b69110b036.1749724057.git.christophe.leroy@csgroup.eu",
} as const;
