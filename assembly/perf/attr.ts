/**
 * struct perf_event_attr as far as 6.18 knows it (include/uapi/linux/perf_event.h), and its bits.
 *
 *   0    4    8      16             24          32          40    48     52      56     64
 *   ┌────┬────┬──────┬──────────────┬───────────┬───────────┬─────┬──────┬───────┬──────┬───────┐
 *   │type│size│config│sample_period │sample_type│read_format│flags│wakeup│bp_type│bp_addr│bp_len│
 *   └────┴────┴──────┴──────────────┴───────────┴───────────┴─────┴──────┴───────┴──────┴───────┘
 *   72     80        88         92      96        104    108       110  112      116        120      128     136
 *   ┌──────┬─────────┬──────────┬───────┬─────────┬──────┬─────────┬────┬────────┬──────────┬────────┬───────┐
 *   │branch│regs_user│stack_user│clockid│regs_intr│aux_wm│max_stack│ 0  │aux_size│aux_action│sig_data│config3│
 *   └──────┴─────────┴──────────┴───────┴─────────┴──────┴─────────┴────┴────────┴──────────┴────────┴───────┘
 */
@unmanaged
export class PerfAttr {
  type: u32;
  size: u32;
  config: u64;
  samplePeriod: u64;
  sampleType: u64;
  readFormat: u64;
  flags: u64;
  wakeup: u32;
  bpType: u32;
  bpAddr: u64;
  bpLength: u64;
  branchSampleType: u64;
  sampleRegsUser: u64;
  sampleStackUser: u32;
  clockid: i32;
  sampleRegsIntr: u64;
  auxWatermark: u32;
  sampleMaxStack: u16;
  reserved2: u16;
  auxSampleSize: u32;
  auxAction: u32;
  sigData: u64;
  config3: u64;
}

export const ATTR_BYTES: u32 = offsetof<PerfAttr>();

export const TYPE_HARDWARE: u32 = 0;
export const TYPE_SOFTWARE: u32 = 1;
export const TYPE_TRACEPOINT: u32 = 2;
export const TYPE_BREAKPOINT: u32 = 5;

export const SW_CPU_CLOCK: u32 = 0;
export const SW_TASK_CLOCK: u32 = 1;
export const SW_PAGE_FAULTS: u32 = 2;
export const SW_CONTEXT_SWITCHES: u32 = 3;
export const SW_PAGE_FAULTS_MIN: u32 = 5;
export const SW_PAGE_FAULTS_MAJ: u32 = 6;
export const SW_BPF_OUTPUT: u32 = 10;
/** How many software events there are. */
export const SW_MAX: u32 = 12;

export const SAMPLE_IP: u32 = 1 << 0;
export const SAMPLE_TID: u32 = 1 << 1;
export const SAMPLE_TIME: u32 = 1 << 2;
export const SAMPLE_ADDR: u32 = 1 << 3;
export const SAMPLE_READ: u32 = 1 << 4;
export const SAMPLE_CALLCHAIN: u32 = 1 << 5;
export const SAMPLE_ID: u32 = 1 << 6;
export const SAMPLE_CPU: u32 = 1 << 7;
export const SAMPLE_PERIOD: u32 = 1 << 8;
export const SAMPLE_STREAM_ID: u32 = 1 << 9;
export const SAMPLE_RAW: u32 = 1 << 10;
export const SAMPLE_BRANCH_STACK: u32 = 1 << 11;
export const SAMPLE_REGS_USER: u32 = 1 << 12;
export const SAMPLE_STACK_USER: u32 = 1 << 13;
export const SAMPLE_WEIGHT: u32 = 1 << 14;
export const SAMPLE_DATA_SRC: u32 = 1 << 15;
export const SAMPLE_IDENTIFIER: u32 = 1 << 16;
export const SAMPLE_TRANSACTION: u32 = 1 << 17;
export const SAMPLE_REGS_INTR: u32 = 1 << 18;
export const SAMPLE_PHYS_ADDR: u32 = 1 << 19;
export const SAMPLE_AUX: u32 = 1 << 20;
export const SAMPLE_CGROUP: u32 = 1 << 21;
export const SAMPLE_DATA_PAGE_SIZE: u32 = 1 << 22;
export const SAMPLE_CODE_PAGE_SIZE: u32 = 1 << 23;
export const SAMPLE_WEIGHT_STRUCT: u32 = 1 << 24;
/** Every bit that is known. */
export const SAMPLE_KNOWN: u32 = (1 << 25) - 1;
export const SAMPLE_WEIGHT_TYPE: u32 = SAMPLE_WEIGHT | SAMPLE_WEIGHT_STRUCT;
/** What the trailer of a record that is no sample may hold. */
export const SAMPLE_ID_ALL: u32 =
  SAMPLE_TID | SAMPLE_TIME | SAMPLE_ID | SAMPLE_STREAM_ID | SAMPLE_CPU | SAMPLE_IDENTIFIER;
/** Fields of 8 bytes that stand in a sample and not in such a trailer. */
export const SAMPLE_PLAIN_WORDS: u32 =
  SAMPLE_IP |
  SAMPLE_ADDR |
  SAMPLE_PERIOD |
  SAMPLE_DATA_SRC |
  SAMPLE_TRANSACTION |
  SAMPLE_PHYS_ADDR |
  SAMPLE_CGROUP |
  SAMPLE_DATA_PAGE_SIZE |
  SAMPLE_CODE_PAGE_SIZE;

export const READ_TIME_ENABLED: u32 = 1 << 0;
export const READ_TIME_RUNNING: u32 = 1 << 1;
export const READ_ID: u32 = 1 << 2;
export const READ_GROUP: u32 = 1 << 3;
export const READ_LOST: u32 = 1 << 4;

export const FLAG_DISABLED: u32 = 1 << 0;
export const FLAG_INHERIT: u32 = 1 << 1;
export const FLAG_PINNED: u32 = 1 << 2;
export const FLAG_EXCLUDE_USER: u32 = 1 << 4;
export const FLAG_EXCLUDE_KERNEL: u32 = 1 << 5;
export const FLAG_MMAP: u32 = 1 << 8;
export const FLAG_COMM: u32 = 1 << 9;
export const FLAG_FREQ: u32 = 1 << 10;
export const FLAG_TASK: u32 = 1 << 13;
export const FLAG_WATERMARK: u32 = 1 << 14;
export const FLAG_MMAP_DATA: u32 = 1 << 17;
export const FLAG_SAMPLE_ID_ALL: u32 = 1 << 18;
export const FLAG_EXCLUDE_CALLCHAIN_KERNEL: u32 = 1 << 21;
export const FLAG_EXCLUDE_CALLCHAIN_USER: u32 = 1 << 22;
export const FLAG_MMAP2: u32 = 1 << 23;
export const FLAG_CONTEXT_SWITCH: u32 = 1 << 26;
export const FLAG_WRITE_BACKWARD: u32 = 1 << 27;

/** Breakpoint types: an access of these kinds hits. */
export const BP_READ: u32 = 1;
export const BP_WRITE: u32 = 2;
export const BP_EXECUTE: u32 = 4;

/** precise_ip, two bits of the flags. */
export const FLAG_PRECISE_SHIFT: u32 = 15;

/**
 * Mistakes of 6.18 that a machine can be told not to make: the word of an empty dump that no room was taken for; the
 * interrupt's registers that the cut of a dump does not know of; one structure for all events of an occurrence.
 */
export const CORRECT_EMPTY_STACK: u32 = 1 << 0;
export const CORRECT_RECORD_SIZE: u32 = 1 << 1;
export const CORRECT_SHARED_SAMPLE: u32 = 1 << 2;
