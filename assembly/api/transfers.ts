import { profile } from "../arch/profile";
import { EFAULT } from "../base/errno";
import { Cpu, cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { framesToBytes } from "../pcm/ring";
import { Stream, streamAt } from "../pcm/runtime";
import { scratchOf } from "../pcm/transfer";
import { putWord } from "../pcm/user";
import { copyFromUser } from "../uaccess/copy";
import { wide } from "./tasks";

/**
 * n times only what moves user data in a WRITEI of one period at the native door, whose structure lies at the address.
 * The frames arrive at the ring's start. Bit-or of the results.
 */
export function measureWriteiMove(index: u32, stream: u32, lo: u32, hi: u32, n: u32): i32 {
  const cpu = cpuAt(index);
  const into = streamAt(stream);
  const va = wide(lo, hi);
  let result: i32 = 0;
  enterCore(cpu);
  for (let done: u32 = 0; done < n; done++) result |= moveWritei(cpu, into, va);
  leaveCore(cpu);
  return result;
}

/**
 * The accesses of transferNative and of the copy below it, in their order. The structure, a word each:
 *
 *   result │ buffer address │ frames
 */
function moveWritei(cpu: Cpu, stream: Stream, va: u64): i32 {
  const word = profile().wordBytes;
  if (putWord(cpu, va, 0, word) != 0) return -EFAULT;
  const scratch = scratchOf(cpu);
  if (copyFromUser(cpu, scratch, va, 3 * word) != 0) return -EFAULT;
  const data: u64 = word == 8 ? load<u64>(scratch, 8) : load<u32>(scratch, 4);
  const bytes = framesToBytes(stream, stream.periodSize);
  if (copyFromUser(cpu, stream.ring, data, bytes) != 0) return -EFAULT;
  return putWord(cpu, va, stream.periodSize, word);
}
