/** Names of the bits and numbers in struct perf_event_attr (include/uapi/linux/perf_event.h, 6.18), in their order. */

export const sampleTypes = [
  "IP",
  "TID",
  "TIME",
  "ADDR",
  "READ",
  "CALLCHAIN",
  "ID",
  "CPU",
  "PERIOD",
  "STREAM_ID",
  "RAW",
  "BRANCH_STACK",
  "REGS_USER",
  "STACK_USER",
  "WEIGHT",
  "DATA_SRC",
  "IDENTIFIER",
  "TRANSACTION",
  "REGS_INTR",
  "PHYS_ADDR",
  "AUX",
  "CGROUP",
  "DATA_PAGE_SIZE",
  "CODE_PAGE_SIZE",
  "WEIGHT_STRUCT",
] as const;
export type SampleType = (typeof sampleTypes)[number];

export const readFormats = [
  "TOTAL_TIME_ENABLED",
  "TOTAL_TIME_RUNNING",
  "ID",
  "GROUP",
  "LOST",
] as const;
export type ReadFormat = (typeof readFormats)[number];

/** precise_ip is a field of two bits. Of the last two 6.18 knows nothing yet. */
export const eventFlags = [
  "disabled",
  "inherit",
  "pinned",
  "exclusive",
  "exclude_user",
  "exclude_kernel",
  "exclude_hv",
  "exclude_idle",
  "mmap",
  "comm",
  "freq",
  "inherit_stat",
  "enable_on_exec",
  "task",
  "watermark",
  "precise_ip1",
  "precise_ip2",
  "mmap_data",
  "sample_id_all",
  "exclude_host",
  "exclude_guest",
  "exclude_callchain_kernel",
  "exclude_callchain_user",
  "mmap2",
  "comm_exec",
  "use_clockid",
  "context_switch",
  "write_backward",
  "namespaces",
  "ksymbol",
  "bpf_event",
  "aux_output",
  "cgroup",
  "text_poke",
  "build_id",
  "inherit_thread",
  "remove_on_exec",
  "sigtrap",
  "defer_callchain",
  "defer_output",
] as const;
export type EventFlag = (typeof eventFlags)[number];

export const eventTypes = [
  "hardware",
  "software",
  "tracepoint",
  "hw_cache",
  "raw",
  "breakpoint",
] as const;

export const softwareEvents = [
  "cpu_clock",
  "task_clock",
  "page_faults",
  "context_switches",
  "cpu_migrations",
  "page_faults_min",
  "page_faults_maj",
  "alignment_faults",
  "emulation_faults",
  "dummy",
  "bpf_output",
  "cgroup_switches",
] as const;
export type SoftwareEvent = (typeof softwareEvents)[number];

/** The tracepoints of the machine, by their numbers from 1: the core fires the first two itself. */
export const tracepoints = [
  "exceptions:page_fault_user",
  "exceptions:page_fault_kernel",
  "syscalls:sys_enter_getuid",
  "syscalls:sys_exit_getuid",
  "syscalls:sys_enter_getrandom",
  "syscalls:sys_exit_getrandom",
] as const;
export type Tracepoint = (typeof tracepoints)[number];

/** The number of a tracepoint; 0 for one that the machine has not. */
export function tracepointNumber(name: string): number {
  return tracepoints.indexOf(name as Tracepoint) + 1;
}

/** Registers of a mask, in the order of its bits (arch/x86/include/uapi/asm/perf_regs.h). */
export const registers = [
  "ax",
  "bx",
  "cx",
  "dx",
  "si",
  "di",
  "bp",
  "sp",
  "ip",
  "flags",
  "cs",
  "ss",
  "ds",
  "es",
  "fs",
  "gs",
  "r8",
  "r9",
  "r10",
  "r11",
  "r12",
  "r13",
  "r14",
  "r15",
] as const;

/** The word with the bits of some names. */
export function bitsOf<Name extends string>(all: readonly Name[], names: readonly Name[]): bigint {
  return names.reduce((word, name) => word | (1n << BigInt(all.indexOf(name))), 0n);
}
