import { EBADFD, EFAULT, EINVAL, ENOMEM } from "../base/errno";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { slabAlloc, slabFree } from "../machine/slab";
import { enterFunction } from "../uaccess/check";
import { copyFromUser } from "../uaccess/copy";
import { STATE_DISCONNECTED, STATE_OPEN } from "./numbers";
import { CAPTURE, PLAYBACK, Stream } from "./runtime";
import {
  DELIVER_ALWAYS,
  DELIVER_BYTES,
  DELIVER_COUNT,
  DELIVER_SUCCESS,
  Transfer,
  newTransfer,
  runTransfer,
  scratchOf,
} from "./transfer";
import { get32, putWord } from "./user";

/**
 * The calls around the transfer loop (sound/core/pcm_native.c and pcm_compat.c, 6.12).
 *
 *   WRITEI, READI   result │ buffer address │ frames       (a word each)
 *   WRITEN, READN   result │ address of the list │ frames
 */

/** More channels than a list of addresses may have. */
const MAX_CHANNELS: u32 = 128;

/** Which of the four requests: the number's low bits. */
export const REQUEST_READS: u32 = 1;
export const REQUEST_LISTS: u32 = 2;

/** The native calls: the direction comes from the stream, not from the number. */
export function transferNative(cpu: Cpu, stream: Stream, request: u32, va: u64): i32 {
  enterFunction(cpu, va);
  if (stream.state == STATE_OPEN) return -EBADFD;
  const word = profile().wordBytes;
  const lists = (request & REQUEST_LISTS) != 0;
  if (lists && stream.channels > MAX_CHANNELS) return -EINVAL;
  if (putWord(cpu, va, 0, word) != 0) return -EFAULT;
  const scratch = scratchOf(cpu);
  if (copyFromUser(cpu, scratch, va, 3 * word) != 0) return -EFAULT;
  const transfer = describe(cpu, stream, DELIVER_ALWAYS, va, word);
  const pointer = scratchWord(scratch, 1, word);
  transfer.size = scratchWord(scratch, 2, word);
  if (!lists) transfer.data = pointer;
  else {
    const failed = copyAddresses(cpu, stream, transfer, pointer, word);
    if (failed != 0) return failed;
  }
  return runTransfer(cpu, stream, transfer);
}

@inline
function scratchWord(scratch: usize, index: u32, word: u32): u64 {
  return word == 8 ? load<u64>(scratch + (index << 3)) : load<u32>(scratch + (index << 2));
}

function describe(cpu: Cpu, stream: Stream, deliver: u32, va: u64, word: u32): Transfer {
  const transfer = newTransfer(cpu, stream, deliver);
  transfer.resultAt = va;
  transfer.word = word;
  return transfer;
}

/** The list as one block (memdup_user), widened in place from its end where words are short. */
function copyAddresses(cpu: Cpu, stream: Stream, transfer: Transfer, va: u64, word: u32): i32 {
  const list = slabAlloc(MAX_CHANNELS << 3);
  if (list == 0) return -ENOMEM;
  if (copyFromUser(cpu, list, va, stream.channels * word) != 0) {
    slabFree(list);
    return -EFAULT;
  }
  if (word == 4) {
    for (let at = stream.channels; at-- > 0;) {
      store<u64>(list + (at << 3), load<u32>(list + (at << 2)));
    }
  }
  transfer.addresses = list as u32;
  return 0;
}

/** The compat doors: the number must fit the stream, and the structure is read field by field. */
export function transferCompat(cpu: Cpu, stream: Stream, request: u32, va: u64): i32 {
  enterFunction(cpu, va);
  const wanted = (request & REQUEST_READS) != 0 ? CAPTURE : PLAYBACK;
  if (stream.direction != wanted) return -EINVAL;
  if (stream.state == STATE_OPEN) return -EBADFD;
  const lists = (request & REQUEST_LISTS) != 0;
  if (lists && stream.channels > MAX_CHANNELS) return -EINVAL;
  if (get32(cpu, va + 4) != 0) return -EFAULT;
  const pointer = cpu.value;
  if (get32(cpu, va + 8) != 0) return -EFAULT;
  const transfer = describe(cpu, stream, lists ? DELIVER_COUNT : DELIVER_SUCCESS, va, 4);
  transfer.size = cpu.value;
  if (!lists) transfer.data = pointer;
  else {
    const failed = readAddresses(cpu, stream, transfer, pointer);
    if (failed != 0) return failed;
  }
  return runTransfer(cpu, stream, transfer);
}

function readAddresses(cpu: Cpu, stream: Stream, transfer: Transfer, va: u64): i32 {
  const list = slabAlloc(MAX_CHANNELS << 3);
  if (list == 0) return -ENOMEM;
  for (let channel: u32 = 0; channel < stream.channels; channel++) {
    if (get32(cpu, va + (channel << 2)) != 0) {
      slabFree(list);
      return -EFAULT;
    }
    store<u64>(list + (channel << 3), cpu.value);
  }
  transfer.addresses = list as u32;
  return 0;
}

/** read(2) on a capture file, write(2) on a playback file: whole frames, counted in bytes. */
export function transferBytes(cpu: Cpu, stream: Stream, va: u64, bytes: u64): i32 {
  enterFunction(cpu, va);
  if (stream.state == STATE_OPEN || stream.state == STATE_DISCONNECTED) return -EBADFD;
  if (bytes % stream.byteAlign != 0) return -EINVAL;
  const transfer = newTransfer(cpu, stream, DELIVER_BYTES);
  transfer.data = va;
  transfer.size = (bytes << 3) / stream.frameBits;
  return runTransfer(cpu, stream, transfer);
}
