import { DesignBed, Interruption } from "../perf/designBed";
import { Pebs, PebsRecord } from "../perf/pebs";
import { SAMPLE_DATA_BYTES } from "../perf/sampleData";

/** The numbers of the designs for the user registers' copy. */

export {
  DESIGN_BED_BYTES,
  DESIGN_FIELDS_AT,
  DESIGN_INIT_AT,
  DESIGN_INTERRUPTIONS_AT,
  DESIGN_SLOTS,
  FETCH_ALWAYS,
  FETCH_FLAG,
  FETCH_SENTINEL,
  FIELD_CALLCHAIN,
  FIELD_CPU,
  FIELD_FLAGS,
  FIELD_ID,
  FIELD_INTR_ABI,
  FIELD_INTR_REGS,
  FIELD_IP,
  FIELD_STACK_SIZE,
  FIELD_TID,
  FIELD_TIME,
  FIELD_TYPE,
  FIELD_USER_ABI,
  FIELD_USER_COPY,
  FIELD_USER_REGS,
  MARK_FIRST,
  MARK_LAST,
  MARK_NAMED,
  MARK_NONE,
  SAVED_WITHOUT_BP,
  SAVED_WITH_BP,
  STORAGE_NMI,
  STORAGE_ORDERED,
  STORAGE_PILE,
  STORAGE_POSTED,
  STORAGE_SAMPLE,
  STORAGE_SINGLE,
} from "../perf/designBed";
export { PEBS_ALWAYS, PEBS_FULL, PEBS_GUARDED, PEBS_SLIM } from "../perf/pebs";

export const PERF_SAMPLE_BYTES: u32 = SAMPLE_DATA_BYTES;

export const DESIGN_ENTRY: u32 = offsetof<DesignBed>("entry");
export const DESIGN_STORAGE: u32 = offsetof<DesignBed>("storage");
export const DESIGN_FETCHING: u32 = offsetof<DesignBed>("fetching");
export const DESIGN_MARKING: u32 = offsetof<DesignBed>("marking");
export const DESIGN_SAVING: u32 = offsetof<DesignBed>("saving");
export const DESIGN_STACK: u32 = offsetof<DesignBed>("stack");
export const DESIGN_SAMPLE_BYTES: u32 = offsetof<DesignBed>("sampleBytes");
export const DESIGN_PER_CPU: u32 = offsetof<DesignBed>("perCpu");
export const DESIGN_SLOT_BYTES: u32 = offsetof<DesignBed>("slotBytes");
export const DESIGN_MARK: u32 = offsetof<DesignBed>("mark");
export const DESIGN_BOTTOM_HALVES_OFF: u32 = offsetof<DesignBed>("bottomHalvesOff");
export const DESIGN_CHOSEN: u32 = offsetof<DesignBed>("chosen");
export const DESIGN_COLLISIONS: u32 = offsetof<DesignBed>("collisions");
export const DESIGN_UNKNOWN: u32 = offsetof<DesignBed>("unknown");
export const DESIGN_POINTS: u32 = offsetof<DesignBed>("points");
export const DESIGN_DUE: u32 = offsetof<DesignBed>("due");
export const DESIGN_REFUSED: u32 = offsetof<DesignBed>("refused");
export const DESIGN_PLANNED: u32 = offsetof<DesignBed>("planned");
export const DESIGN_IMAGE: u32 = offsetof<DesignBed>("image");
export const DESIGN_TRUTH: u32 = offsetof<DesignBed>("truth");
export const DESIGN_BEFORE: u32 = offsetof<DesignBed>("before");
export const DESIGN_INIT_WORDS: u32 = offsetof<DesignBed>("initWords");

export const INTERRUPTION_BYTES: u32 = offsetof<Interruption>();
export const INTERRUPTION_AT: u32 = offsetof<Interruption>("at");
export const INTERRUPTION_CONTEXT: u32 = offsetof<Interruption>("context");
export const INTERRUPTION_EVENT: u32 = offsetof<Interruption>("event");
export const INTERRUPTION_REGS: u32 = offsetof<Interruption>("regs");

export const PEBS_BYTES: u32 = offsetof<Pebs>();
export const PEBS_WAY: u32 = offsetof<Pebs>("way");
export const PEBS_FORMAT: u32 = offsetof<Pebs>("format");
export const PEBS_FIXED_IP: u32 = offsetof<Pebs>("fixedIp");
export const PEBS_RECORD_BYTES: u32 = offsetof<PebsRecord>();
export const PEBS_RECORD_FLAGS: u32 = offsetof<PebsRecord>("flags");
export const PEBS_RECORD_IP: u32 = offsetof<PebsRecord>("ip");
export const PEBS_RECORD_AX: u32 = offsetof<PebsRecord>("ax");
export const PEBS_RECORD_BX: u32 = offsetof<PebsRecord>("bx");
export const PEBS_RECORD_CX: u32 = offsetof<PebsRecord>("cx");
export const PEBS_RECORD_DX: u32 = offsetof<PebsRecord>("dx");
export const PEBS_RECORD_SI: u32 = offsetof<PebsRecord>("si");
export const PEBS_RECORD_DI: u32 = offsetof<PebsRecord>("di");
export const PEBS_RECORD_BP: u32 = offsetof<PebsRecord>("bp");
export const PEBS_RECORD_SP: u32 = offsetof<PebsRecord>("sp");
export const PEBS_RECORD_R8: u32 = offsetof<PebsRecord>("r8");
export const PEBS_RECORD_R9: u32 = offsetof<PebsRecord>("r9");
export const PEBS_RECORD_R10: u32 = offsetof<PebsRecord>("r10");
export const PEBS_RECORD_R11: u32 = offsetof<PebsRecord>("r11");
export const PEBS_RECORD_R12: u32 = offsetof<PebsRecord>("r12");
export const PEBS_RECORD_R13: u32 = offsetof<PebsRecord>("r13");
export const PEBS_RECORD_R14: u32 = offsetof<PebsRecord>("r14");
export const PEBS_RECORD_R15: u32 = offsetof<PebsRecord>("r15");
export const PEBS_RECORD_REAL_IP: u32 = offsetof<PebsRecord>("realIp");
