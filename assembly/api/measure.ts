import { profile } from "../arch/profile";
import { Cpu, cpuAt, stackImage, tlbKey } from "../machine/cpu";
import { PAGE_SHIFT, PAGE_SIZE } from "../machine/map";
import { objectBytesFrom } from "../machine/slab";
import { enterCore, leaveCore } from "../mm/shootdown";
import { cachedEntry, flushAll, slotIn } from "../mm/tlb";
import { deviceOf } from "../pcm/device";
import { DOOR_NATIVE } from "../pcm/ioctl";
import { ABI_COMPAT, STRATEGY_BLOCK, STRATEGY_COPY } from "../pcm/layout";
import { WRITEI, WRITEI_32 } from "../pcm/requests";
import { Stream, streamAt } from "../pcm/runtime";
import { ALL_WRITTEN, assembleCopies, hitBlock, hitCopies, hitPuts } from "../pcm/syncCompat";
import { writeSide } from "../pcm/syncMove";
import { readable, refill } from "../uaccess/access";
import { userReadAccessBegin, userReadAccessEnd } from "../uaccess/block";
import { SHORT_COPY, copyToUser, hitPageCopy, hitShortCopy } from "../uaccess/copy";
import { unsafeGetSized } from "../uaccess/sized";
import { TRANSLATIONS_DROPPED } from "./forms";
import { pcmCall } from "./pcm";
import { wide } from "./tasks";

/**
 * Loops for measuring: the host says "n times", so that no crossing of the boundary is timed. What they
 * run is the real thing, not a copy of it: the same inlined functions, and where those stop, the same call.
 *
 * The inner loops call nothing. A call in a loop, taken or not, makes V8 keep the loop's variables in memory.
 */

/** Eight arguments 256 bytes apart are written in turn, as the bench's limit does. */
@inline
function argumentAt(va: u64, at: u32): u64 {
  return va + (((at & 7) as u64) << 8);
}

/** n write sides of SYNC_PTR in the compat layout. Bit-or of the results: 0, or a negative number if one failed. */
export function measureSyncPtrWrite(index: u32, lo: u32, hi: u32, strategy: u32, n: u32): i32 {
  const cpu = cpuAt(index);
  const va = wide(lo, hi);
  let result: i32 = 0;
  enterCore(cpu);
  for (let done: u32 = 0; done < n; done++) {
    if (!STUDY) done = hitWrites(cpu, va, strategy, done, n);
    if (done < n) result |= writeSide(cpu, argumentAt(va, done), ABI_COMPAT, strategy);
  }
  leaveCore(cpu);
  return result;
}

/** Write sides number `at` to n, as far as they hit. Answers the number of the one that did not. */
function hitWrites(cpu: Cpu, va: u64, strategy: u32, at: u32, n: u32): u32 {
  if (strategy == STRATEGY_BLOCK && cpu.blockOpens != 0) return hitBlocks(cpu, va, at, n);
  return strategy == STRATEGY_COPY ? hitCopyPairs(cpu, va, at, n) : hitPutRuns(cpu, va, at, n);
}

function hitPutRuns(cpu: Cpu, va: u64, at: u32, n: u32): u32 {
  for (; at < n; at++) {
    if (hitPuts(cpu, argumentAt(va, at), at, at, at, at, at, at, at, at, at) != ALL_WRITTEN) break;
  }
  return at;
}

function hitBlocks(cpu: Cpu, va: u64, at: u32, n: u32): u32 {
  for (; at < n; at++) {
    if (hitBlock(cpu, argumentAt(va, at), at, at, at, at, at, at, at, at, at) != ALL_WRITTEN) break;
  }
  return at;
}

function hitCopyPairs(cpu: Cpu, va: u64, at: u32, n: u32): u32 {
  for (; at < n; at++) {
    assembleCopies(cpu, at, at, at, at, at, at, at, at, at);
    if (hitCopies(cpu, argumentAt(va, at)) != ALL_WRITTEN) break;
  }
  return at;
}

/** n copies of `length` bytes to user memory; bytes not copied, summed. */
export function measureCopyToUser(
  index: u32,
  lo: u32,
  hi: u32,
  kernel: u32,
  length: u32,
  n: u32,
): u32 {
  if (objectBytesFrom(kernel) < length) return length;
  const cpu = cpuAt(index);
  const va = wide(lo, hi);
  let left: u32 = 0;
  enterCore(cpu);
  for (let done: u32 = 0; done < n; done++) {
    if (!STUDY) done = hitCopyRuns(cpu, va, kernel, length, done, n);
    if (done < n) left += copyToUser(cpu, va, kernel, length);
  }
  leaveCore(cpu);
  return left;
}

function hitCopyRuns(cpu: Cpu, va: u64, kernel: u32, length: u32, at: u32, n: u32): u32 {
  if (length <= SHORT_COPY) return hitShortCopies(cpu, va, kernel, length, at, n);
  return length <= PAGE_SIZE ? hitPageCopies(cpu, va, kernel, length, at, n) : at;
}

function hitShortCopies(cpu: Cpu, va: u64, kernel: u32, length: u32, at: u32, n: u32): u32 {
  for (; at < n; at++) if (!hitShortCopy(cpu, va, kernel, length)) break;
  return at;
}

function hitPageCopies(cpu: Cpu, va: u64, kernel: u32, length: u32, at: u32, n: u32): u32 {
  for (; at < n; at++) if (!hitPageCopy(cpu, va, kernel, length)) break;
  return at;
}

/** Where a run of reads stands; kept on the CPU's stack image between the inner loop and what stops it. */
@unmanaged
class Reads {
  left: u32;
  random: u32;
  sum: u32;
}

/**
 * n loads of 4 bytes by unsafe_get_user, in one block, from random pages of `pages` (a power of two) from an address
 * on; with `translations` DROPPED the page's own is dropped before each. Sum of the values; a fault counts as 0.
 */
export function measureRandomGets(
  index: u32,
  lo: u32,
  hi: u32,
  pages: u32,
  n: u32,
  seed: u32,
  translations: u32,
): u32 {
  const cpu = cpuAt(index);
  const base = wide(lo & ~3, hi); // a word never leaves its page
  const reads = changetype<Reads>(stackImage(cpu));
  reads.left = n;
  reads.random = seed;
  reads.sum = 0;
  enterCore(cpu);
  if (userReadAccessBegin(cpu, base, 0)) {
    while (reads.left != 0) readOn(cpu, reads, base, pages - 1, translations);
    userReadAccessEnd(cpu);
  }
  leaveCore(cpu);
  return reads.sum;
}

/** As far as the inner loops come, then one read the ordinary way. */
function readOn(cpu: Cpu, reads: Reads, base: u64, mask: u32, translations: u32): void {
  if (!STUDY) {
    readPages(cpu, reads, base, mask, translations);
    if (reads.left == 0) return;
  }
  reads.random = nextRandom(reads.random);
  reads.left -= 1;
  if (unsafeGetSized(cpu, wordAt(base, reads.random & mask), 4) == 0) reads.sum += cpu.value as u32;
}

@inline
function nextRandom(random: u32): u32 {
  random ^= random << 13;
  random ^= random >> 17;
  return random ^ (random << 5);
}

/** The word that is read on a page: neighbouring pages use different cache lines. */
@inline
function wordAt(base: u64, page: u32): u64 {
  return base + ((page as u64) << PAGE_SHIFT) + ((page << 6) & 0xfc0);
}

function readPages(cpu: Cpu, reads: Reads, base: u64, mask: u32, translations: u32): void {
  if (cpu.userRead != cpu.readTlb) return; // a closed port's table is the empty one, which is never written to
  let left = reads.left;
  let random = reads.random;
  let sum: u32 = 0;
  for (; left != 0; left--) {
    const next = nextRandom(random);
    const va = wordAt(base, next & mask);
    const slot = slotIn(cpu.userRead, va, cpu.slotMask);
    if (translations == TRANSLATIONS_DROPPED) store<u64>(slot, 0);
    const key = tlbKey(cpu, va + 3);
    let addend: u32;
    if (load<u64>(slot) != key) {
      const entry = cachedEntry(cpu, key);
      if (!readable(entry)) break;
      addend = refill(slot, key, entry);
    } else addend = load<u32>(slot, 8);
    sum += load<u32>(addend + (va as u32));
    random = next;
  }
  reads.left = left;
  reads.random = random;
  reads.sum += sum;
}

/**
 * n rounds of a playing stream: the device plays a period, then one WRITEI at the native door, whose structure lies at
 * the address, brings the next. Bit-or of the results.
 */
export function measureWritei(index: u32, stream: u32, lo: u32, hi: u32, n: u32): i32 {
  const request = profile().wordBytes == 8 ? WRITEI : WRITEI_32;
  let result: i32 = 0;
  for (let done: u32 = 0; done < n; done++) {
    playPeriod(streamAt(stream));
    result |= pcmCall(index, stream, DOOR_NATIVE, request, lo, hi);
  }
  return result;
}

@inline
function playPeriod(stream: Stream): void {
  const device = deviceOf(stream);
  const next = device.position + stream.periodSize;
  device.position = next < stream.bufferSize ? next : 0;
}

/** n flushes of the whole TLB. */
export function measureFlush(index: u32, n: u32): void {
  const cpu = cpuAt(index);
  enterCore(cpu);
  for (let at: u32 = 0; at < n; at++) flushAll(cpu);
  leaveCore(cpu);
}
