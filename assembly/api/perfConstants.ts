import { Task } from "../mm/task";
import {
  KERNEL_FRAME_AT,
  LEVELS_AT,
  LEVEL_BYTES,
  PerfEvent,
  PerfTask,
  TASK_FRAME_AT,
} from "../perf/event";
import { Cpu } from "../machine/cpu";
import { PerfAttr } from "../perf/attr";
import { PtRegs } from "../perf/ptRegs";
import { Ring } from "../perf/ring";

/** The numbers of performance events that the host needs. */

export * from "../perf/attr";
export {
  RECORD_COMM,
  RECORD_EXIT,
  RECORD_FORK,
  RECORD_LOST,
  RECORD_MMAP,
  RECORD_MMAP2,
  RECORD_SAMPLE,
  RECORD_SWITCH,
} from "../perf/output";
export { TRACE_PAGE_FAULT_KERNEL, TRACE_PAGE_FAULT_USER } from "../perf/faults";
export {
  KERNEL_CS,
  KERNEL_SS,
  PT_REGS_BYTES,
  REGS_KNOWN,
  REGS_RESERVED,
  REGS_SEGMENTS,
  USER32_CS,
  USER_CS,
  USER_SS,
} from "../perf/ptRegs";
export {
  CONTROL_AUX_HEAD_AT,
  CONTROL_AUX_SIZE_AT,
  CONTROL_COMPAT_VERSION_AT,
  CONTROL_DATA_HEAD_AT,
  CONTROL_DATA_OFFSET_AT,
  CONTROL_DATA_SIZE_AT,
  CONTROL_DATA_TAIL_AT,
  CONTROL_VERSION_AT,
} from "../perf/ring";

export const PT_R15: u32 = offsetof<PtRegs>("r15");
export const PT_R14: u32 = offsetof<PtRegs>("r14");
export const PT_R13: u32 = offsetof<PtRegs>("r13");
export const PT_R12: u32 = offsetof<PtRegs>("r12");
export const PT_BP: u32 = offsetof<PtRegs>("bp");
export const PT_BX: u32 = offsetof<PtRegs>("bx");
export const PT_R11: u32 = offsetof<PtRegs>("r11");
export const PT_R10: u32 = offsetof<PtRegs>("r10");
export const PT_R9: u32 = offsetof<PtRegs>("r9");
export const PT_R8: u32 = offsetof<PtRegs>("r8");
export const PT_AX: u32 = offsetof<PtRegs>("ax");
export const PT_CX: u32 = offsetof<PtRegs>("cx");
export const PT_DX: u32 = offsetof<PtRegs>("dx");
export const PT_SI: u32 = offsetof<PtRegs>("si");
export const PT_DI: u32 = offsetof<PtRegs>("di");
export const PT_ORIG_AX: u32 = offsetof<PtRegs>("origAx");
export const PT_IP: u32 = offsetof<PtRegs>("ip");
export const PT_CS: u32 = offsetof<PtRegs>("cs");
export const PT_FLAGS: u32 = offsetof<PtRegs>("flags");
export const PT_SP: u32 = offsetof<PtRegs>("sp");
export const PT_SS: u32 = offsetof<PtRegs>("ss");

export const TASK_PRIVILEGED: u32 = offsetof<Task>("privileged");
export const PERF_TASK_PID: u32 = offsetof<PerfTask>("pid");
export const PERF_TASK_FRAME: u32 = TASK_FRAME_AT;
export const PERF_TASK_KERNEL_FRAME: u32 = KERNEL_FRAME_AT;

export { PERF_LEVEL_CHAIN_BUSY } from "../perf/event";
export const CPU_PERF: u32 = offsetof<Cpu>("perf");
export const PERF_LEVELS: u32 = LEVELS_AT;
export const PERF_LEVEL_BYTES: u32 = LEVEL_BYTES;

export const PERF_EVENT_COUNT: u32 = offsetof<PerfEvent>("count");
export const PERF_EVENT_CHILD_COUNT: u32 = offsetof<PerfEvent>("childCount");
export const PERF_EVENT_ID: u32 = offsetof<PerfEvent>("id");
export const PERF_EVENT_LOST_SAMPLES: u32 = offsetof<PerfEvent>("lostSamples");
export const PERF_EVENT_PERIOD: u32 = offsetof<PerfEvent>("period");
export const PERF_EVENT_PERIOD_LEFT: u32 = offsetof<PerfEvent>("periodLeft");
export const PERF_EVENT_SAMPLE_PERIOD: u32 = offsetof<PerfEvent>("samplePeriod");
export const PERF_EVENT_TIME_ENABLED: u32 = offsetof<PerfEvent>("timeEnabled");
export const PERF_EVENT_ENABLED_AT: u32 = offsetof<PerfEvent>("enabledAt");
export const PERF_EVENT_ENABLED: u32 = offsetof<PerfEvent>("enabled");
export const PERF_EVENT_NEXT_OPEN: u32 = offsetof<PerfEvent>("nextOpen");
export const PERF_EVENT_TASK: u32 = offsetof<PerfEvent>("task");
export const PERF_EVENT_CPU: u32 = offsetof<PerfEvent>("cpu");
export const PERF_EVENT_RING: u32 = offsetof<PerfEvent>("ring");
export const PERF_EVENT_PARENT: u32 = offsetof<PerfEvent>("parent");
export const PERF_EVENT_LEADER: u32 = offsetof<PerfEvent>("leader");
export const PERF_EVENT_SIBLING: u32 = offsetof<PerfEvent>("sibling");
export const PERF_EVENT_SIBLINGS: u32 = offsetof<PerfEvent>("siblings");
export const PERF_EVENT_LIMIT: u32 = offsetof<PerfEvent>("limit");
export const PERF_EVENT_READ_BYTES: u32 = offsetof<PerfEvent>("readBytes");

export const RING_CONTROL: u32 = offsetof<Ring>("control");
export const RING_DATA: u32 = offsetof<Ring>("data");
export const RING_BYTES: u32 = offsetof<Ring>("bytes");
export const RING_HEAD: u32 = offsetof<Ring>("head");
export const RING_PAUSED: u32 = offsetof<Ring>("paused");
export const RING_POLL: u32 = offsetof<Ring>("poll");
export const RING_USERS: u32 = offsetof<Ring>("users");

export const ATTR_TYPE: u32 = offsetof<PerfAttr>("type");
export const ATTR_SIZE: u32 = offsetof<PerfAttr>("size");
export const ATTR_CONFIG: u32 = offsetof<PerfAttr>("config");
export const ATTR_SAMPLE_PERIOD: u32 = offsetof<PerfAttr>("samplePeriod");
export const ATTR_SAMPLE_TYPE: u32 = offsetof<PerfAttr>("sampleType");
export const ATTR_READ_FORMAT: u32 = offsetof<PerfAttr>("readFormat");
export const ATTR_FLAGS: u32 = offsetof<PerfAttr>("flags");
export const ATTR_WAKEUP: u32 = offsetof<PerfAttr>("wakeup");
export const ATTR_BP_TYPE: u32 = offsetof<PerfAttr>("bpType");
export const ATTR_CONFIG1: u32 = offsetof<PerfAttr>("bpAddr");
export const ATTR_CONFIG2: u32 = offsetof<PerfAttr>("bpLength");
export const ATTR_BRANCH_SAMPLE_TYPE: u32 = offsetof<PerfAttr>("branchSampleType");
export const ATTR_SAMPLE_REGS_USER: u32 = offsetof<PerfAttr>("sampleRegsUser");
export const ATTR_SAMPLE_STACK_USER: u32 = offsetof<PerfAttr>("sampleStackUser");
export const ATTR_CLOCKID: u32 = offsetof<PerfAttr>("clockid");
export const ATTR_SAMPLE_REGS_INTR: u32 = offsetof<PerfAttr>("sampleRegsIntr");
export const ATTR_AUX_WATERMARK: u32 = offsetof<PerfAttr>("auxWatermark");
export const ATTR_SAMPLE_MAX_STACK: u32 = offsetof<PerfAttr>("sampleMaxStack");
export const ATTR_RESERVED2: u32 = offsetof<PerfAttr>("reserved2");
export const ATTR_AUX_SAMPLE_SIZE: u32 = offsetof<PerfAttr>("auxSampleSize");
export const ATTR_AUX_ACTION: u32 = offsetof<PerfAttr>("auxAction");
export const ATTR_SIG_DATA: u32 = offsetof<PerfAttr>("sigData");
export const ATTR_CONFIG3: u32 = offsetof<PerfAttr>("config3");
