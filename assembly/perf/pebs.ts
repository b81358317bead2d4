import { Cpu } from "../machine/cpu";
import { loadWord, storeWord } from "../study/words";
import { FLAG_PRECISE_SHIFT, SAMPLE_REGS_INTR } from "./attr";
import { DesignBed, regsAt } from "./designBed";
import { sampleByDesign } from "./designSample";
import { PerfEvent } from "./event";
import { KERNEL_CS, PT_REGS_BYTES, PtRegs, USER_CS, userMode } from "./ptRegs";

/**
 * A sample out of a record that the hardware wrote (setup_pebs_sample_data; arch/x86/events/intel/ds.c, about 4.16 to
 * 5.12): the interrupt's registers, in part replaced by those of the record.
 *
 *   0     8  16 24 32 40 48 56 64 72 80 88     144    152  160  168      176     184
 *   ┌─────┬──┬──┬──┬──┬──┬──┬──┬──┬──┬────────┬──────┬────┬────┬────────┬───────┬───
 *   │flags│ip│ax│bx│cx│dx│si│di│bp│sp│r8 … r15│status│data│src │latency │real ip│
 *   └─────┴──┴──┴──┴──┴──┴──┴──┴──┴──┴────────┴──────┴────┴────┴────────┴───────┴───
 */
@unmanaged
export class PebsRecord {
  flags: u64;
  ip: u64;
  ax: u64;
  bx: u64;
  cx: u64;
  dx: u64;
  si: u64;
  di: u64;
  bp: u64;
  sp: u64;
  r8: u64;
  r9: u64;
  r10: u64;
  r11: u64;
  r12: u64;
  r13: u64;
  r14: u64;
  r15: u64;
  status: u64;
  dataAddress: u64;
  dataSource: u64;
  latency: u64;
  realIp: u64; // of the instruction that caused it; from format 2 on
}

/** How the interrupt's registers are taken over. */
export const PEBS_FULL: u32 = 0; // all of them
export const PEBS_SLIM: u32 = 1; // cs and flags alone
export const PEBS_GUARDED: u32 = 2; // likewise, and a mask says which words were set
export const PEBS_ALWAYS: u32 = 3; // what the record does not hold; its own registers whether asked for or not

/** PERF_EFLAGS_EXACT: ip is exactly that of the instruction. */
const EXACT: u64 = 1 << 3;
const KERNEL_HALF: u64 = (1 as u64) << 63;
/** precise_ip from which the instruction itself is wanted, and the format from which the record names it. */
const PRECISE_IP: u32 = 2;
const FORMAT_REAL_IP: u32 = 2;
const PRECISE_MASK: u64 = 3;

/** What of it the processor can do. */
@unmanaged
export class Pebs {
  way: u32; // PEBS_*
  format: u32;
  fixedIp: u64; // what the branch records make of the ip; 0 = nothing
}

@inline
function take(cpu: Cpu, bed: DesignBed, offset: u32, source: usize): void {
  put(cpu, bed, offset, loadWord(cpu, source));
}

@inline
function put(cpu: Cpu, bed: DesignBed, offset: u32, value: u64): void {
  storeWord(cpu, bed.image + offset, value);
  bed.valid |= 1 << (offset >> 3);
}

@inline
function takeFrom(cpu: Cpu, bed: DesignBed, regs: PtRegs, offset: u32): void {
  take(cpu, bed, offset, changetype<usize>(regs) + offset);
}

export function samplePebs(
  cpu: Cpu,
  bed: DesignBed,
  event: PerfEvent,
  pebs: Pebs,
  record: PebsRecord,
  regs: PtRegs,
): void {
  bed.valid = 0;
  bed.guarded = pebs.way == PEBS_GUARDED ? 1 : 0;
  takeInterrupted(cpu, bed, pebs.way, regs);
  put(cpu, bed, offsetof<PtRegs>("flags"), record.flags & ~EXACT);
  const asked = (event.sampleType & SAMPLE_REGS_INTR) != 0;
  if (asked || pebs.way == PEBS_ALWAYS) takeRecorded(cpu, bed, record);
  setIp(cpu, bed, event, pebs, record);
  // the record's sp and bp may be those before a return
  sampleByDesign(cpu, bed, event, regsAt(bed.image), regs);
}

function takeInterrupted(cpu: Cpu, bed: DesignBed, way: u32, regs: PtRegs): void {
  if (way == PEBS_FULL) {
    for (let offset: u32 = 0; offset < PT_REGS_BYTES; offset += 8) {
      takeFrom(cpu, bed, regs, offset);
    }
    return;
  }
  takeFrom(cpu, bed, regs, offsetof<PtRegs>("cs"));
  takeFrom(cpu, bed, regs, offsetof<PtRegs>("flags"));
  if (way != PEBS_ALWAYS) return;
  takeFrom(cpu, bed, regs, offsetof<PtRegs>("ss"));
  takeFrom(cpu, bed, regs, offsetof<PtRegs>("origAx"));
}

function takeRecorded(cpu: Cpu, bed: DesignBed, record: PebsRecord): void {
  const at = changetype<usize>(record);
  take(cpu, bed, offsetof<PtRegs>("ax"), at + offsetof<PebsRecord>("ax"));
  take(cpu, bed, offsetof<PtRegs>("bx"), at + offsetof<PebsRecord>("bx"));
  take(cpu, bed, offsetof<PtRegs>("cx"), at + offsetof<PebsRecord>("cx"));
  take(cpu, bed, offsetof<PtRegs>("dx"), at + offsetof<PebsRecord>("dx"));
  take(cpu, bed, offsetof<PtRegs>("si"), at + offsetof<PebsRecord>("si"));
  take(cpu, bed, offsetof<PtRegs>("di"), at + offsetof<PebsRecord>("di"));
  take(cpu, bed, offsetof<PtRegs>("bp"), at + offsetof<PebsRecord>("bp"));
  take(cpu, bed, offsetof<PtRegs>("sp"), at + offsetof<PebsRecord>("sp"));
  take(cpu, bed, offsetof<PtRegs>("r8"), at + offsetof<PebsRecord>("r8"));
  take(cpu, bed, offsetof<PtRegs>("r9"), at + offsetof<PebsRecord>("r9"));
  take(cpu, bed, offsetof<PtRegs>("r10"), at + offsetof<PebsRecord>("r10"));
  take(cpu, bed, offsetof<PtRegs>("r11"), at + offsetof<PebsRecord>("r11"));
  take(cpu, bed, offsetof<PtRegs>("r12"), at + offsetof<PebsRecord>("r12"));
  take(cpu, bed, offsetof<PtRegs>("r13"), at + offsetof<PebsRecord>("r13"));
  take(cpu, bed, offsetof<PtRegs>("r14"), at + offsetof<PebsRecord>("r14"));
  take(cpu, bed, offsetof<PtRegs>("r15"), at + offsetof<PebsRecord>("r15"));
}

/** The ip, whether it is exact, and the code segment that goes with it. */
function setIp(cpu: Cpu, bed: DesignBed, event: PerfEvent, pebs: Pebs, record: PebsRecord): void {
  const precise = ((event.flags >> FLAG_PRECISE_SHIFT) & PRECISE_MASK) as u32;
  let ip = record.ip;
  let exact: u64 = 0;
  if (precise >= PRECISE_IP && pebs.format >= FORMAT_REAL_IP) {
    ip = record.realIp;
    exact = EXACT;
  } else if (precise >= PRECISE_IP && pebs.fixedIp != 0) {
    ip = pebs.fixedIp;
    exact = EXACT;
  }
  const flags = regsAt(bed.image).flags;
  put(cpu, bed, offsetof<PtRegs>("ip"), ip);
  if (exact != 0) put(cpu, bed, offsetof<PtRegs>("flags"), flags | exact);
  const isKernel = (ip & KERNEL_HALF) != 0;
  if (isKernel == !userMode(regsAt(bed.image))) return;
  put(cpu, bed, offsetof<PtRegs>("cs"), isKernel ? KERNEL_CS : USER_CS);
}
