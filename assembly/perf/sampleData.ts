import { PtRegs } from "./ptRegs";

/** struct perf_sample_data as the kernel had it; layouts are what the compiler makes of the member lists. */

/** struct perf_regs: an ABI and where the registers are; in the core an address is 4 bytes, in the kernel 8. */
export const ABI_NONE: u64 = 0;
export const ABI_32: u64 = 1;
export const ABI_64: u64 = 2;

/**
 * Today's (v6.2 to 7.0): four lines of 64 bytes; pointers are words of 8 bytes as in the kernel.
 *
 *   line 0 │ sample_flags │ period   │ dyn_size │ type     │ tid      │ time      │ id       │ cpu      │
 *   line 1 │ ip           │ callchain│ raw      │ br_stack │ br_cntr  │ weight    │ data_src │ txn      │
 *   line 2 │ regs_user (abi, regs)   │ regs_intr (abi, regs)│stack_size│ stream_id │ cgroup   │ addr     │
 *   line 3 │ phys_addr    │ data_page│ code_page│ aux_size │ (padding)                                  │
 */
@unmanaged
export class SampleData {
  sampleFlags: u64; // fields that are valid: not to be found again
  period: u64;
  dynSize: u64; // bytes of the blocks of variable size
  type: u64; // what the event asks for
  pid: u32;
  tid: u32;
  time: u64;
  id: u64;
  cpu: u32;
  reserved: u32;
  ip: u64;
  callchain: u64; // linear address: count, entries
  raw: u64; // linear address of the bytes
  rawBytes: u64; // stands where br_stack does, which nothing here has
  branchCounters: u64;
  weight: u64;
  dataSource: u64;
  transaction: u64;
  userAbi: u64;
  userRegs: u64; // linear address of the registers
  intrAbi: u64;
  intrRegs: u64;
  stackUserSize: u64;
  streamId: u64;
  cgroup: u64;
  addr: u64;
  physAddr: u64;
  dataPageSize: u64;
  codePageSize: u64;
  auxSize: u64;
  padding0: u64;
  padding1: u64;
  padding2: u64;
  padding3: u64;
}

export const SAMPLE_DATA_BYTES: u32 = offsetof<SampleData>();

@inline
export function userRegsOf(data: SampleData): PtRegs {
  return changetype<PtRegs>(data.userRegs as usize);
}

@inline
export function intrRegsOf(data: SampleData): PtRegs {
  return changetype<PtRegs>(data.intrRegs as usize);
}
