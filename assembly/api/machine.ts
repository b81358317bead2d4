import { EINVAL, ENOMEM } from "../base/errno";
import { PROFILE, Profile, profile, setProfile } from "../arch/profile";
import { cpuAt, initCpu } from "../machine/cpu";
import { FRAME_ZERO } from "../machine/frame";
import { allocFrames } from "../machine/frames";
import { poolOf } from "../machine/hugePool";
import { resizePool } from "../machine/hugePoolSize";
import { HEADER, MACHINE_MAGIC, MACHINE_VERSION, PAGE_SHIFT, header, layOut } from "../machine/map";
import { kfree, kmalloc, objectBytesFrom } from "../machine/slab";
import { enterCore, leaveCore } from "../mm/shootdown";
import { newGeneration } from "../mm/tlb";
import { initCheck } from "../uaccess/check";
import { initGuard } from "../uaccess/guard";

/** Bringing a machine up in the memory this instance was given. */

/**
 * A memory that held a machine before is cleared as far as that one had used it, but for the compiler's static data
 * between header and regions.
 */
function clearEarlierMachine(): void {
  const h = header();
  if (h.magic != MACHINE_MAGIC) return;
  const used = h.ram + (h.freshPfn << PAGE_SHIFT);
  const regions = h.cpus;
  memory.fill(HEADER, 0, PROFILE + offsetof<Profile>() - HEADER);
  memory.fill(regions, 0, used - regions);
}

/**
 * Makes a machine: 0, −EINVAL for an unknown architecture, −ENOMEM where the host has not so much memory.
 * The host has checked the sizes against the limits that the core exports.
 */
export function initMachine(
  arch: u32,
  behaviour: u32,
  ramBytes: u32,
  cpus: u32,
  tlbEntries: u32,
): i32 {
  clearEarlierMachine();
  if (!setProfile(arch, behaviour)) return -EINVAL;
  const h = header();
  if (!layOut(ramBytes, cpus, tlbEntries, profile().writeTables)) return -ENOMEM;
  h.magic = MACHINE_MAGIC;
  h.version = MACHINE_VERSION;
  h.behaviour = behaviour;
  h.freshPfn = 1; // frame 0 stands for "no frame"
  h.zeroPfn = allocFrames(0, FRAME_ZERO);
  for (let index: u32 = 0; index < cpus; index++) {
    initCpu(index);
    initGuard(cpuAt(index));
    initCheck(cpuAt(index));
  }
  return 0;
}

/** After a snapshot was copied back: translations made since are no longer true. No flush of the emulated machine. */
export function forgetTranslations(): void {
  const cpus = header().cpuCount;
  for (let index: u32 = 0; index < cpus; index++) newGeneration(cpuAt(index));
}

/** Sets how many huge pages of 2^order frames are kept in their pool; how many there are then. */
export function setHugePages(order: u32, count: u32): u32 {
  return resizePool(order, count);
}

/** Linear address of the pool of huge pages of 2^order frames (HUGE_POOL_*). */
export function hugePool(order: u32): u32 {
  return changetype<usize>(poolOf(order)) as u32;
}

/** Linear address of a zeroed kernel buffer of `bytes`; 0 when RAM is full. */
export function allocKernelBuffer(bytes: u32): u32 {
  return kmalloc(bytes) as u32;
}

/** Frees the kernel buffer of `bytes` at an address; where there is none, nothing happens (−EINVAL). */
export function freeKernelBuffer(address: u32, bytes: u32): i32 {
  if (objectBytesFrom(address) != bytes) return -EINVAL;
  kfree(address);
  return 0;
}

export function enterCpu(cpu: u32): void {
  enterCore(cpuAt(cpu));
}

export function leaveCpu(cpu: u32): void {
  leaveCore(cpuAt(cpu));
}

/** Records the inspector reads: their addresses and the places of the fields it needs. */
export function headerAddress(): u32 {
  return HEADER as u32;
}

export function profileAddress(): u32 {
  return PROFILE as u32;
}

export function cpuAddress(cpu: u32): u32 {
  return changetype<usize>(cpuAt(cpu)) as u32;
}
