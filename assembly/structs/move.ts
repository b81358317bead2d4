import { EFAULT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import {
  userReadAccessBegin,
  userReadAccessEnd,
  userWriteAccessBegin,
  userWriteAccessEnd,
} from "../uaccess/block";
import { enterFunction } from "../uaccess/check";
import {
  copyBytes,
  copyFromUser,
  copyToUser,
  unsafeCopyFromUser,
  unsafeCopyToUser,
} from "../uaccess/copy";
import { storeValue, valueAt } from "../uaccess/single";
import { getSized, putSized, unsafeGetSized, unsafePutSized } from "../uaccess/sized";
import {
  LIST_ASSEMBLED,
  LIST_CLEARED,
  LIST_COPIES_IN,
  LIST_COPIES_OUT,
  LIST_READS,
  LIST_TAKEN,
  LIST_WRITES,
  MOVE_BYTES,
  MOVE_VALUE,
  Move,
  firstMove,
  movesIn,
} from "./call";

/**
 * Three ways in which a kernel function moves the fields of its argument, for any structure: what SYNC_PTR's strategies
 * (pcm/syncMove.ts) are for one.
 *
 * A value is moved by get_user or put_user. An array is copied, because that is what kernel code does with one; inside
 * a block by unsafe_copy_from_user and unsafe_copy_to_user.
 */
export const MOVE_PER_FIELD: u32 = 0;
export const MOVE_COPY: u32 = 1;
export const MOVE_BLOCK: u32 = 2;

/** One call: reads, then writes. 0 or −EFAULT; what was written before a fault stays. */
export function moveStruct(cpu: Cpu, call: usize, va: u64, strategy: u32): i32 {
  enterFunction(cpu, va);
  const result = readSide(cpu, call, va, strategy);
  return result != 0 ? result : writeSide(cpu, call, va, strategy);
}

function readSide(cpu: Cpu, call: usize, va: u64, strategy: u32): i32 {
  if (strategy == MOVE_BLOCK) return readBlock(cpu, call, va);
  if (strategy == MOVE_PER_FIELD) return readEach(cpu, call, LIST_READS, va);
  const result = readEach(cpu, call, LIST_COPIES_IN, va);
  if (result == 0) assign(call, LIST_TAKEN);
  return result;
}

function writeSide(cpu: Cpu, call: usize, va: u64, strategy: u32): i32 {
  if (strategy == MOVE_BLOCK) return writeBlock(cpu, call, va);
  if (strategy == MOVE_PER_FIELD) return writeEach(cpu, call, LIST_WRITES, va);
  clear(call);
  assign(call, LIST_ASSEMBLED);
  return writeEach(cpu, call, LIST_COPIES_OUT, va);
}

function readEach(cpu: Cpu, call: usize, list: u32, va: u64): i32 {
  let at = firstMove(call, list);
  const end = at + movesIn(call, list) * MOVE_BYTES;
  for (; at < end; at += MOVE_BYTES) {
    if (read(cpu, call, changetype<Move>(at), va) != 0) return -EFAULT;
  }
  return 0;
}

function read(cpu: Cpu, call: usize, move: Move, va: u64): i32 {
  const kernel = call + move.kernel;
  if (move.kind != MOVE_VALUE) return copyFromUser(cpu, kernel, va + move.place, move.bytes);
  if (getSized(cpu, va + move.place, move.bytes) != 0) return -EFAULT;
  storeValue(kernel, cpu.value, move.bytes);
  return 0;
}

function writeEach(cpu: Cpu, call: usize, list: u32, va: u64): i32 {
  let at = firstMove(call, list);
  const end = at + movesIn(call, list) * MOVE_BYTES;
  for (; at < end; at += MOVE_BYTES) {
    if (write(cpu, call, changetype<Move>(at), va) != 0) return -EFAULT;
  }
  return 0;
}

function write(cpu: Cpu, call: usize, move: Move, va: u64): i32 {
  const kernel = call + move.kernel;
  if (move.kind != MOVE_VALUE) return copyToUser(cpu, va + move.place, kernel, move.bytes);
  return putSized(cpu, va + move.place, valueAt(kernel, move.bytes), move.bytes);
}

/** A side that moves nothing begins no block. */
function readBlock(cpu: Cpu, call: usize, va: u64): i32 {
  if (movesIn(call, LIST_READS) == 0) return 0;
  if (!userReadAccessBegin(cpu, va, load<u32>(call))) return -EFAULT;
  const result = readOpened(cpu, call, va);
  userReadAccessEnd(cpu);
  return result;
}

function readOpened(cpu: Cpu, call: usize, va: u64): i32 {
  let at = firstMove(call, LIST_READS);
  const end = at + movesIn(call, LIST_READS) * MOVE_BYTES;
  for (; at < end; at += MOVE_BYTES) {
    if (unsafeRead(cpu, call, changetype<Move>(at), va) != 0) return -EFAULT;
  }
  return 0;
}

function unsafeRead(cpu: Cpu, call: usize, move: Move, va: u64): i32 {
  const kernel = call + move.kernel;
  if (move.kind != MOVE_VALUE) return unsafeCopyFromUser(cpu, kernel, va + move.place, move.bytes);
  if (unsafeGetSized(cpu, va + move.place, move.bytes) != 0) return -EFAULT;
  storeValue(kernel, cpu.value, move.bytes);
  return 0;
}

function writeBlock(cpu: Cpu, call: usize, va: u64): i32 {
  if (movesIn(call, LIST_WRITES) == 0) return 0;
  if (!userWriteAccessBegin(cpu, va, load<u32>(call))) return -EFAULT;
  const result = writeOpened(cpu, call, va);
  userWriteAccessEnd(cpu);
  return result;
}

function writeOpened(cpu: Cpu, call: usize, va: u64): i32 {
  let at = firstMove(call, LIST_WRITES);
  const end = at + movesIn(call, LIST_WRITES) * MOVE_BYTES;
  for (; at < end; at += MOVE_BYTES) {
    if (unsafeWrite(cpu, call, changetype<Move>(at), va) != 0) return -EFAULT;
  }
  return 0;
}

function unsafeWrite(cpu: Cpu, call: usize, move: Move, va: u64): i32 {
  const kernel = call + move.kernel;
  if (move.kind != MOVE_VALUE) return unsafeCopyToUser(cpu, va + move.place, kernel, move.bytes);
  return unsafePutSized(cpu, va + move.place, valueAt(kernel, move.bytes), move.bytes);
}

/** Without this, what no field covers shows the user what the kernel's stack held before. */
function clear(call: usize): void {
  let at = firstMove(call, LIST_CLEARED);
  const end = at + movesIn(call, LIST_CLEARED) * MOVE_BYTES;
  for (; at < end; at += MOVE_BYTES) {
    const move = changetype<Move>(at);
    memory.fill(call + move.kernel, 0, move.bytes);
  }
}

/** Moves fields between the values and a bounce buffer. */
function assign(call: usize, list: u32): void {
  let at = firstMove(call, list);
  const end = at + movesIn(call, list) * MOVE_BYTES;
  for (; at < end; at += MOVE_BYTES) {
    const move = changetype<Move>(at);
    const bounce = call + move.place;
    const value = call + move.kernel;
    if (list == LIST_TAKEN) copyBytes(value, bounce, move.bytes);
    else copyBytes(bounce, value, move.bytes);
  }
}
