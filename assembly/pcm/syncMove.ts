import { EFAULT } from "../base/errno";
import { Cpu, stackImage } from "../machine/cpu";
import {
  userReadAccessBegin,
  userReadAccessEnd,
  userWriteAccessBegin,
  userWriteAccessEnd,
} from "../uaccess/block";
import { copyFromUser, copyToUser } from "../uaccess/copy";
import { getSized, putSized, unsafeGetSized, unsafePutSized } from "../uaccess/sized";
import {
  ABI_COMPAT,
  ABI_X32,
  FIELD_APPL_PTR,
  FIELD_AVAIL_MIN,
  FIELD_STATE,
  STRATEGY_BLOCK,
  STRATEGY_COPY,
  argumentBytes,
  controlBytes,
  offsetOf,
  statusBytes,
  widthOf,
} from "./layout";
import { ALL_WRITTEN, assembleCopies, hitBlock, hitCopies, hitPuts } from "./syncCompat";
import {
  CONTROL_AT,
  COPIED_IN_AT,
  STATUS_AT,
  SyncImage,
  clearStatus,
  syncImage,
  valueOf,
} from "./syncImage";

/** The three ways SYNC_PTR moves its data: before, as proposed, and as taken (the thread "ALSA: pcm: Convert
 * snd_pcm_ioctl_sync_ptr_{compat/x32} to user_access_begin/user_access_end()", June 2025). Each is for any layout.
 */

/** C and D copy status and control apart; A, B and E the whole argument (their kernel form). */
@inline
function copiesApart(abi: u32): bool {
  return abi == ABI_COMPAT || abi == ABI_X32;
}

/** Reads flags, appl_ptr and avail_min into the image. 0 or −EFAULT. */
export function readSide(cpu: Cpu, va: u64, abi: u32, strategy: u32): i32 {
  if (strategy == STRATEGY_BLOCK) return readBlock(cpu, va, abi);
  if (strategy == STRATEGY_COPY) return readCopy(cpu, va, abi);
  return readPerField(cpu, va, abi);
}

function readPerField(cpu: Cpu, va: u64, abi: u32): i32 {
  const image = syncImage(cpu);
  if (getSized(cpu, va, 4) != 0) return -EFAULT;
  image.flags = cpu.value as u32;
  if (getSized(cpu, va + offsetOf(abi, FIELD_APPL_PTR), widthOf(abi, FIELD_APPL_PTR)) != 0) {
    return -EFAULT;
  }
  image.applPtr = cpu.value;
  if (getSized(cpu, va + offsetOf(abi, FIELD_AVAIL_MIN), widthOf(abi, FIELD_AVAIL_MIN)) != 0) {
    return -EFAULT;
  }
  image.availMin = cpu.value;
  return 0;
}

function readCopy(cpu: Cpu, va: u64, abi: u32): i32 {
  const image = syncImage(cpu);
  const control = stackImage(cpu) + COPIED_IN_AT;
  if (getSized(cpu, va, 4) != 0) return -EFAULT;
  image.flags = cpu.value as u32;
  if (copyFromUser(cpu, control, va + offsetOf(abi, FIELD_APPL_PTR), controlBytes(abi)) != 0) {
    return -EFAULT;
  }
  const availMin = control + (offsetOf(abi, FIELD_AVAIL_MIN) - offsetOf(abi, FIELD_APPL_PTR));
  const wide = widthOf(abi, FIELD_APPL_PTR) == 8;
  image.applPtr = wide ? load<u64>(control) : load<u32>(control);
  image.availMin = wide ? load<u64>(availMin) : load<u32>(availMin);
  return 0;
}

function readBlock(cpu: Cpu, va: u64, abi: u32): i32 {
  if (!userReadAccessBegin(cpu, va, argumentBytes(abi))) return -EFAULT;
  const result = readOpened(cpu, va, abi);
  userReadAccessEnd(cpu);
  return result;
}

function readOpened(cpu: Cpu, va: u64, abi: u32): i32 {
  const image = syncImage(cpu);
  if (unsafeGetSized(cpu, va, 4) != 0) return -EFAULT;
  image.flags = cpu.value as u32;
  const width = widthOf(abi, FIELD_APPL_PTR);
  if (unsafeGetSized(cpu, va + offsetOf(abi, FIELD_APPL_PTR), width) != 0) return -EFAULT;
  image.applPtr = cpu.value;
  if (unsafeGetSized(cpu, va + offsetOf(abi, FIELD_AVAIL_MIN), width) != 0) return -EFAULT;
  image.availMin = cpu.value;
  return 0;
}

/** Writes the nine values back. 0 or −EFAULT; what was written before the fault stays. */
export function writeSide(cpu: Cpu, va: u64, abi: u32, strategy: u32): i32 {
  const writtenOut = !STUDY && abi == ABI_COMPAT;
  if (strategy == STRATEGY_BLOCK) {
    return writtenOut ? blockCompat(cpu, va) : writeBlock(cpu, va, abi, 0);
  }
  if (strategy == STRATEGY_COPY) {
    return writtenOut ? copiesCompat(cpu, va) : writeCopy(cpu, va, abi);
  }
  return writtenOut ? perFieldCompat(cpu, va) : putFieldsFrom(cpu, va, abi, 0);
}

/* The compat layout: as far as every page is in the TLB the forms of syncCompat.ts, and the others go on from there. */

/** hitPuts with the image's values. */
function putsCompat(cpu: Cpu, va: u64): u32 {
  const image = syncImage(cpu);
  return hitPuts(
    cpu,
    va,
    image.state as u32,
    image.hwPtr as u32,
    image.tstampSec as u32,
    image.tstampNsec as u32,
    image.suspended as u32,
    image.audioSec as u32,
    image.audioNsec as u32,
    image.applPtr as u32,
    image.availMin as u32,
  );
}

function perFieldCompat(cpu: Cpu, va: u64): i32 {
  const next = putsCompat(cpu, va);
  return next == ALL_WRITTEN ? 0 : putFieldsFrom(cpu, va, ABI_COMPAT, next);
}

function blockCompat(cpu: Cpu, va: u64): i32 {
  // where a block opens nothing, its puts are what put_user is, but for the range checks
  if (cpu.blockOpens == 0) {
    const next = putsCompat(cpu, va);
    return next == ALL_WRITTEN ? 0 : writeBlock(cpu, va, ABI_COMPAT, next);
  }
  const image = syncImage(cpu);
  const done = hitBlock(
    cpu,
    va,
    image.state as u32,
    image.hwPtr as u32,
    image.tstampSec as u32,
    image.tstampNsec as u32,
    image.suspended as u32,
    image.audioSec as u32,
    image.audioNsec as u32,
    image.applPtr as u32,
    image.availMin as u32,
  );
  return done == ALL_WRITTEN ? 0 : writeBlock(cpu, va, ABI_COMPAT, 0);
}

function copiesCompat(cpu: Cpu, va: u64): i32 {
  const image = syncImage(cpu);
  assembleCopies(
    cpu,
    image.state as u32,
    image.hwPtr as u32,
    image.tstampSec as u32,
    image.tstampNsec as u32,
    image.suspended as u32,
    image.audioSec as u32,
    image.audioNsec as u32,
    image.applPtr as u32,
    image.availMin as u32,
  );
  const copied = hitCopies(cpu, va);
  return copied == ALL_WRITTEN ? 0 : copyParts(cpu, va, ABI_COMPAT, copied);
}

/** put_user for the fields from an offset on. */
function putFieldsFrom(cpu: Cpu, va: u64, abi: u32, offset: u32): i32 {
  const image = syncImage(cpu);
  for (let field = FIELD_STATE; field <= FIELD_AVAIL_MIN; field++) {
    const at = offsetOf(abi, field);
    if (at < offset) continue;
    if (putSized(cpu, va + at, valueOf(image, field), widthOf(abi, field)) != 0) return -EFAULT;
  }
  return 0;
}

/**
 * One guarded block for the fields from an offset on, translated one by one, so that another CPU may unmap the page
 * between two.
 */
function writeBlock(cpu: Cpu, va: u64, abi: u32, offset: u32): i32 {
  if (!userWriteAccessBegin(cpu, va, argumentBytes(abi))) return -EFAULT;
  const result = unsafePutFields(cpu, va, abi, offset);
  userWriteAccessEnd(cpu);
  return result;
}

function unsafePutFields(cpu: Cpu, va: u64, abi: u32, offset: u32): i32 {
  const image = syncImage(cpu);
  for (let field = FIELD_STATE; field <= FIELD_AVAIL_MIN; field++) {
    const at = offsetOf(abi, field);
    if (at < offset) continue;
    if (unsafePutSized(cpu, va + at, valueOf(image, field), widthOf(abi, field)) != 0) {
      return -EFAULT;
    }
  }
  return 0;
}

/** Stores the fields into a structure on the kernel's stack. */
function assemble(image: SyncImage, base: usize, abi: u32): void {
  for (let field = FIELD_STATE; field <= FIELD_AVAIL_MIN; field++) {
    const address = base + offsetOf(abi, field);
    if (widthOf(abi, field) == 8) store<u64>(address, valueOf(image, field));
    else store<u32>(address, valueOf(image, field) as u32);
  }
}

/** The image in a zeroed structure on the stack, then one or two copies: every hole reaches the user as zeros. */
function writeCopy(cpu: Cpu, va: u64, abi: u32): i32 {
  const status = stackImage(cpu) + STATUS_AT;
  const image = syncImage(cpu);
  if (!copiesApart(abi)) {
    memory.fill(status, 0, argumentBytes(abi));
    store<u32>(status, image.flags);
    assemble(image, status, abi);
    return copyToUser(cpu, va, status, argumentBytes(abi)) != 0 ? -EFAULT : 0;
  }
  clearStatus(status, statusBytes(abi));
  assemble(image, status - offsetOf(abi, FIELD_STATE), abi); // the control part falls on CONTROL_AT in both layouts
  return copyParts(cpu, va, abi, 0);
}

/** Copies status and control out, or, where the status has been copied, the control alone. */
function copyParts(cpu: Cpu, va: u64, abi: u32, copied: u32): i32 {
  const stack = stackImage(cpu);
  const status = va + offsetOf(abi, FIELD_STATE);
  const control = va + offsetOf(abi, FIELD_APPL_PTR);
  if (copied == 0 && copyToUser(cpu, status, stack + STATUS_AT, statusBytes(abi)) != 0) {
    return -EFAULT;
  }
  return copyToUser(cpu, control, stack + CONTROL_AT, controlBytes(abi)) != 0 ? -EFAULT : 0;
}
