import { Cpu } from "../machine/cpu";
import { copyFromUserNmi } from "../uaccess/nofault";
import { FLAG_EXCLUDE_CALLCHAIN_KERNEL, FLAG_EXCLUDE_CALLCHAIN_USER } from "./attr";
import { PerfEvent, PerfLevel, perfTaskOf } from "./event";
import { PtRegs, USER_CS, userMode } from "./ptRegs";
import { taskFrame } from "./userRegs";

/** Call chains by frame pointers (kernel/events/callchain.c, arch/x86/events/core.c, 6.18). */

/** Markers: who the entries behind them belong to. */
const CONTEXT_KERNEL: u64 = 0xffffffffffffff80;
const CONTEXT_USER: u64 = 0xfffffffffffffe00;
/** Frames of the kernel above a page fault in a copy to user memory, the copy itself the first. */
const KERNEL_DEPTH: u32 = 5;
/** Kernel functions are this far apart. */
const KERNEL_STEP: u64 = 0x1000;

/**
 * Adds an entry to a chain: the count word counts markers too, the limit does not.
 *
 *   0       8          16
 *   ┌───────┬──────────┬──────────┬──────
 *   │ count │ entry    │ entry    │ …
 *   └───────┴──────────┴──────────┴──────
 */
@inline
function addEntry(chain: usize, marker: u64): void {
  const count = load<u64>(chain) + 1;
  store<u64>(chain, count);
  store<u64>(chain + ((count as u32) << 3), marker);
}

/**
 * perf_callchain: linear address of the chain of an event's sample. It is empty where the level's buffer is in use, and
 * where nothing is asked for.
 */
export function callchain(cpu: Cpu, level: PerfLevel, event: PerfEvent, regs: PtRegs): usize {
  const chain = level.chain as usize;
  if (level.chainBusy != 0) return changetype<usize>(level) + offsetof<PerfLevel>("noChain");
  level.chainBusy = 1;
  store<u64>(chain, 0);
  const kernel = (event.flags & FLAG_EXCLUDE_CALLCHAIN_KERNEL) == 0 && !userMode(regs);
  const entries: u32 = kernel ? kernelPart(chain, regs, event.sampleMaxStack as u32) : 0;
  if ((event.flags & FLAG_EXCLUDE_CALLCHAIN_USER) == 0) userPart(cpu, level, event, regs, entries);
  level.chainBusy = 0;
  return chain;
}

/** The interrupted instruction and who called it; the kernel's own frames are not modelled beyond their number. */
function kernelPart(chain: usize, regs: PtRegs, limit: u32): u32 {
  addEntry(chain, CONTEXT_KERNEL);
  const depth = min(KERNEL_DEPTH, limit);
  for (let at: u32 = 0; at < depth; at++) addEntry(chain, regs.ip + KERNEL_STEP * at);
  return depth;
}

/** A cross-task event gets no user part, and a kernel thread has none. */
function userPart(
  cpu: Cpu,
  level: PerfLevel,
  event: PerfEvent,
  interrupted: PtRegs,
  entries: u32,
): void {
  const task = perfTaskOf(cpu);
  if (task == 0 || (event.task != 0 && event.task != task)) return;
  const regs = userMode(interrupted) ? interrupted : taskFrame(task);
  const limit = event.sampleMaxStack as u32;
  addEntry(level.chain, CONTEXT_USER);
  if (entries >= limit) return;
  addEntry(level.chain, regs.ip);
  if (regs.cs == USER_CS) walkFrames<u64>(cpu, level, regs.bp, limit - entries - 1);
  else walkFrames<u32>(cpu, level, regs.bp as u32, limit - entries - 1);
}

/** A frame that cannot be read whole ends the chain; return addresses are not looked at. */
function walkFrames<Word>(cpu: Cpu, level: PerfLevel, bp: u64, most: u32): void {
  const frame = changetype<usize>(level) + offsetof<PerfLevel>("frame");
  for (let done: u32 = 0; done < most; done++) {
    if (copyFromUserNmi(cpu, frame, bp, 2 * (sizeof<Word>() as u32)) != 0) return;
    addEntry(level.chain, load<Word>(frame + sizeof<Word>()) as u64);
    bp = load<Word>(frame) as u64;
  }
}
