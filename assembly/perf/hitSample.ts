import { Cpu } from "../machine/cpu";
import { hitCopyNmi } from "../uaccess/nofault";
import { header } from "../machine/map";
import {
  FLAG_EXCLUDE_USER,
  FLAG_FREQ,
  FLAG_WATERMARK,
  FLAG_WRITE_BACKWARD,
  SAMPLE_ADDR,
  SAMPLE_CPU,
  SAMPLE_ID,
  SAMPLE_IDENTIFIER,
  SAMPLE_IP,
  SAMPLE_PERIOD,
  SAMPLE_REGS_USER,
  SAMPLE_STACK_USER,
  SAMPLE_STREAM_ID,
  SAMPLE_TID,
  SAMPLE_TIME,
  TYPE_SOFTWARE,
} from "./attr";
import { PerfEvent, PerfLevel, levelOf, perfTaskOf, pidOf, tidOf } from "./event";
import { MISC_USER, RECORD_SAMPLE } from "./output";
import { PtRegs, REGS_KNOWN, userMode } from "./ptRegs";
import { Ring, freeBytes, takeRoom } from "./ring";
import { abiOf } from "./userRegs";
import { putStackDump, stackLeft } from "./userStack";

/**
 * What a profiler of programs makes all the time, written out (bench P1): the one event that is enabled samples each
 * occurrence of a software number, and asks for no more than numbers, all user registers and a piece of the stack; the
 * program itself was hit. Everything is looked at before anything is changed, so that every other occurrence can be
 * left to the ordinary way (sources.ts). The study build has only that: it counts every step.
 *
 *   ┌────────┬────────────────────┬─────┬──────────────┐┌──────┬──────────────┬────────┐
 *   │ header │ ids, ip, time, …   │ abi │ 20 registers ││ size │ dump …       │ copied │
 *   └────────┴────────────────────┴─────┴──────────────┘└──────┴──────────────┴────────┘
 *    in one piece of the ring                            may go over its end
 */

const PLAIN_TYPES: u32 =
  SAMPLE_IDENTIFIER |
  SAMPLE_IP |
  SAMPLE_TID |
  SAMPLE_TIME |
  SAMPLE_ADDR |
  SAMPLE_ID |
  SAMPLE_STREAM_ID |
  SAMPLE_CPU |
  SAMPLE_PERIOD |
  SAMPLE_REGS_USER |
  SAMPLE_STACK_USER;

/** A dump of so many bytes never has to be cut to what a record can hold. */
const MOST_PLAIN_DUMP: u32 = 32 << 10;
const CUT: u32 = u32.MAX_VALUE;
const HEADER_BYTES: u32 = 8;
const DUMP_WORDS_BYTES: u32 = 16;
/** The ABI and every register that a mask can name. */
const REGS_BYTES: u32 = 8 + 20 * 8;

/** Asked once, when an event is opened: bytes of its samples without the dump; 0 where they are not plain. */
export function plainBytes(event: PerfEvent): u32 {
  if (event.type != TYPE_SOFTWARE || event.samplePeriod == 0) return 0;
  if ((event.sampleType & ~(PLAIN_TYPES as u64)) != 0) return 0;
  if ((event.flags & (FLAG_FREQ | FLAG_EXCLUDE_USER | FLAG_WRITE_BACKWARD)) != 0) return 0;
  if (event.wakeup != 0 && (event.flags & FLAG_WATERMARK) == 0) return 0;
  const dump = event.sampleStackUser - 1;
  if ((event.sampleType & SAMPLE_STACK_USER) != 0 && dump >= MOST_PLAIN_DUMP) return 0;
  const words = HEADER_BYTES + event.headerBytes + event.idBytes;
  if ((event.sampleType & SAMPLE_REGS_USER) == 0) return words;
  return event.sampleRegsUser == REGS_KNOWN ? words + REGS_BYTES : 0;
}

/** An occurrence of a software number: true when it was dealt with, sample and all. */
export function hitSample(cpu: Cpu, event: PerfEvent, number: u32, addr: u64, regs: PtRegs): bool {
  const level = levelOf(cpu);
  const before = event.plainBytes;
  if (before == 0 || isSpecial(event, level)) return false;
  const task = perfTaskOf(cpu);
  if (!isFor(cpu, event, task, number, regs)) return false;
  const ring = changetype<Ring>(event.ring as usize);
  if (event.ring == 0 || (ring.lost | ring.paused) != 0) return false;

  const dump = wholeDump(cpu, event, regs.sp);
  if (dump == CUT) return false;
  const bytes = before + (dump != 0 ? dump + DUMP_WORDS_BYTES : 0);
  const head = ring.head;
  const offset = (head as u32) & ((ring.bytes as u32) - 1);
  // words never go over the end of a ring in which all records are whole words
  if ((offset & 7) != 0 || offset + before > (ring.bytes as u32)) return false;
  if (ring.overwrite == 0 && freeBytes(ring, false) < bytes) return false;

  event.count += 1;
  putPlain(cpu, event, task, ring.data + offset, addr, bytes, regs);
  if (dump != 0 && !hitDump(cpu, ring, offset + before, regs.sp, dump)) {
    level.ring = event.ring;
    level.at = head + before;
    putStackDump(cpu, level, dump, changetype<usize>(regs));
  }
  takeRoom(ring, head + bytes);
  return true;
}

/** Bytes of the dump that was asked for; CUT where the end of user space does not leave as many. */
@inline
function wholeDump(cpu: Cpu, event: PerfEvent, sp: u64): u32 {
  if ((event.sampleType & SAMPLE_STACK_USER) == 0) return 0;
  if (cpu.mm == 0 || stackLeft(cpu, sp) < event.sampleStackUser) return CUT;
  return event.sampleStackUser;
}

/** It counts this occurrence of this task, on this CPU. */
@inline
function isFor(cpu: Cpu, event: PerfEvent, task: u32, number: u32, regs: PtRegs): bool {
  if (event.config != number || !userMode(regs)) return false;
  if (event.task != 0 && event.task != task) return false;
  return event.cpu < 0 || (event.cpu as u32) == cpu.index;
}

/** A dump of pages that are in the TLB, with the words around it; `at`: where in the ring, or its very end. */
@inline
function hitDump(cpu: Cpu, ring: Ring, at: u32, sp: u64, bytes: u32): bool {
  const data = ring.data;
  const mask = (ring.bytes as u32) - 1;
  store<u64>(data + (at & mask), bytes);
  at += 8;
  for (let done: u32 = 0; done < bytes;) {
    const place = at & mask;
    const piece = min(bytes - done, mask + 1 - place);
    if (!hitCopyNmi(cpu, data + place, sp + done, piece)) return false;
    done += piece;
    at += piece;
  }
  store<u64>(data + (at & mask), bytes);
  return true;
}

/** It is in use, or something is set that changes what an occurrence does. */
@inline
function isSpecial(event: PerfEvent, level: PerfLevel): bool {
  if ((level.busy | event.next | event.limit | event.parent) != 0) return true;
  return event.period != 1 && (event.sampleType & SAMPLE_PERIOD) == 0;
}

@inline
function put(to: usize, value: u64): usize {
  store<u64>(to, value);
  return to + 8;
}

@inline
function putPlain(
  cpu: Cpu,
  event: PerfEvent,
  task: u32,
  to: usize,
  addr: u64,
  bytes: u32,
  regs: PtRegs,
): void {
  const type = event.sampleType as u32;
  const id = event.id;
  to = put(to, RECORD_SAMPLE | ((MISC_USER as u64) << 32) | ((bytes as u64) << 48));
  if ((type & SAMPLE_IDENTIFIER) != 0) to = put(to, id);
  if ((type & SAMPLE_IP) != 0) to = put(to, regs.ip);
  if ((type & SAMPLE_TID) != 0) to = put(to, pidOf(task) | ((tidOf(task) as u64) << 32));
  if ((type & SAMPLE_TIME) != 0) to = put(to, header().nanoseconds);
  if ((type & SAMPLE_ADDR) != 0) to = put(to, addr);
  if ((type & SAMPLE_ID) != 0) to = put(to, id);
  if ((type & SAMPLE_STREAM_ID) != 0) to = put(to, id);
  if ((type & SAMPLE_CPU) != 0) to = put(to, cpu.index);
  if ((type & SAMPLE_PERIOD) != 0) to = put(to, 1);
  if ((type & SAMPLE_REGS_USER) == 0) return;
  to = put(to, abiOf(regs));
  putAllRegisters(to, regs);
}

/**
 * The registers of REGS_KNOWN in the order of its bits: pairs that stand in the frame as they do in the record, then
 * those that stand there in the opposite order, go as vectors.
 */
@inline
function putAllRegisters(to: usize, regs: PtRegs): void {
  const from = changetype<usize>(regs);
  store<u64>(to, regs.ax);
  store<u64>(to, regs.bx, 8);
  v128.store(to, v128.load(from, offsetof<PtRegs>("cx")), 16);
  v128.store(to, v128.load(from, offsetof<PtRegs>("si")), 32);
  store<u64>(to, regs.bp, 48);
  store<u64>(to, regs.sp, 56);
  store<u64>(to, regs.ip, 64);
  store<u64>(to, regs.flags, 72);
  store<u64>(to, regs.cs, 80);
  store<u64>(to, regs.ss, 88);
  putSwapped(to + 96, from + offsetof<PtRegs>("r9"));
  putSwapped(to + 112, from + offsetof<PtRegs>("r11"));
  putSwapped(to + 128, from + offsetof<PtRegs>("r13"));
  putSwapped(to + 144, from + offsetof<PtRegs>("r15"));
}

@inline
function putSwapped(to: usize, from: usize): void {
  const pair = v128.load(from);
  v128.store(to, v128.shuffle<u64>(pair, pair, 1, 0));
}
