import { EFAULT } from "../base/errno";
import { Cpu, stackImage } from "../machine/cpu";
import { translateWrite } from "../uaccess/access";
import { userReadAccessBegin, userReadAccessEnd, userWriteAccessBegin, userWriteAccessEnd } from "../uaccess/block";
import { copyFromUser, copyToUser } from "../uaccess/copy";
import { getUser, putUser, unsafeGetUser, unsafePutUser } from "../uaccess/single";
import {
  ABI_COMPAT,
  ABI_X32,
  FIELD_APPL_PTR,
  FIELD_AUDIO_NSEC,
  FIELD_AUDIO_SEC,
  FIELD_AVAIL_MIN,
  FIELD_HW_PTR,
  FIELD_STATE,
  FIELD_SUSPENDED,
  FIELD_TSTAMP_NSEC,
  FIELD_TSTAMP_SEC,
  STRATEGY_BLOCK,
  STRATEGY_COPY,
  argumentBytes,
  controlBytes,
  offsetOf,
  statusBytes,
  widthOf,
} from "./layout";

/**
 * The three ways SYNC_PTR moves its data (spec/pcm.md §3.13), each for a layout. The layout is a constant where it
 * matters for speed, and every offset then folds away.
 */

/** What SYNC_PTR holds on the kernel's stack between reading and writing back. */
@unmanaged
export class SyncImage {
  flags: u32;
  state: u32;
  suspended: u32;
  reserved: u32;
  hwPtr: u64;
  tstampSec: u64;
  tstampNsec: u64;
  audioSec: u64;
  audioNsec: u64;
  applPtr: u64;
  availMin: u64;
}

/*
 * The kernel stack image of a CPU while SYNC_PTR runs. The structures of the block copies stand where the compiler of
 * the counted function put them modulo 64, because the cost of a copy depends on it.
 *
 *     8                        72           144     152                 224
 *     ├────────────────────────┼────────────┤       ├───────────────────┤
 *     │ status to be copied    │ control    │       │ SyncImage         │
 *     └────────────────────────┴────────────┘       └───────────────────┘
 *     (a layout that is copied whole takes 8 … 144; what is copied in goes to 68)
 */
const STATUS_AT: usize = 8;
const CONTROL_AT: usize = 72;
const COPIED_IN_AT: usize = 68;
const IMAGE_AT: usize = 152;

@inline
export function syncImage(cpu: Cpu): SyncImage {
  return changetype<SyncImage>(stackImage(cpu) + IMAGE_AT);
}

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

function getControl(cpu: Cpu, va: u64, width: u32): i32 {
  return width == 8 ? getUser<u64>(cpu, va) : getUser<u32>(cpu, va);
}

function readPerField(cpu: Cpu, va: u64, abi: u32): i32 {
  const image = syncImage(cpu);
  if (getControl(cpu, va, 4) != 0) return -EFAULT;
  image.flags = cpu.value as u32;
  if (getControl(cpu, va + offsetOf(abi, FIELD_APPL_PTR), widthOf(abi, FIELD_APPL_PTR)) != 0) return -EFAULT;
  image.applPtr = cpu.value;
  if (getControl(cpu, va + offsetOf(abi, FIELD_AVAIL_MIN), widthOf(abi, FIELD_AVAIL_MIN)) != 0) return -EFAULT;
  image.availMin = cpu.value;
  return 0;
}

function readCopy(cpu: Cpu, va: u64, abi: u32): i32 {
  const image = syncImage(cpu);
  const control = stackImage(cpu) + COPIED_IN_AT;
  if (getControl(cpu, va, 4) != 0) return -EFAULT;
  image.flags = cpu.value as u32;
  if (copyFromUser(cpu, control, va + offsetOf(abi, FIELD_APPL_PTR), controlBytes(abi)) != 0) return -EFAULT;
  const availMin = control + (offsetOf(abi, FIELD_AVAIL_MIN) - offsetOf(abi, FIELD_APPL_PTR));
  const wide = widthOf(abi, FIELD_APPL_PTR) == 8;
  image.applPtr = wide ? load<u64>(control) : load<u32>(control);
  image.availMin = wide ? load<u64>(availMin) : load<u32>(availMin);
  return 0;
}

function unsafeGetControl(cpu: Cpu, va: u64, width: u32): i32 {
  return width == 8 ? unsafeGetUser<u64>(cpu, va) : unsafeGetUser<u32>(cpu, va);
}

function readBlock(cpu: Cpu, va: u64, abi: u32): i32 {
  if (!userReadAccessBegin(cpu, va, argumentBytes(abi))) return -EFAULT;
  const result = readOpened(cpu, va, abi);
  userReadAccessEnd(cpu);
  return result;
}

function readOpened(cpu: Cpu, va: u64, abi: u32): i32 {
  const image = syncImage(cpu);
  if (unsafeGetControl(cpu, va, 4) != 0) return -EFAULT;
  image.flags = cpu.value as u32;
  const width = widthOf(abi, FIELD_APPL_PTR);
  if (unsafeGetControl(cpu, va + offsetOf(abi, FIELD_APPL_PTR), width) != 0) return -EFAULT;
  image.applPtr = cpu.value;
  if (unsafeGetControl(cpu, va + offsetOf(abi, FIELD_AVAIL_MIN), width) != 0) return -EFAULT;
  image.availMin = cpu.value;
  return 0;
}

/** Writes the nine values back. 0 or −EFAULT; what was written before the fault stays. */
export function writeSide(cpu: Cpu, va: u64, abi: u32, strategy: u32): i32 {
  if (strategy == STRATEGY_BLOCK) return abi == ABI_COMPAT ? blockCompat(cpu, va) : blockOf(cpu, va, abi);
  if (strategy == STRATEGY_COPY) return abi == ABI_COMPAT ? copyCompat(cpu, va) : copyOf(cpu, va, abi);
  return abi == ABI_COMPAT ? perFieldCompat(cpu, va) : perFieldOf(cpu, va, abi);
}

/*
 * Each form is written once and instantiated with the compat layout, which the thread's figures and the bench are
 * about, and with the layout as a variable.
 */
function perFieldCompat(cpu: Cpu, va: u64): i32 {
  return perField(cpu, va, ABI_COMPAT);
}

function copyCompat(cpu: Cpu, va: u64): i32 {
  return writeCopy(cpu, va, ABI_COMPAT);
}

function blockCompat(cpu: Cpu, va: u64): i32 {
  return writeBlock(cpu, va, ABI_COMPAT);
}

function perFieldOf(cpu: Cpu, va: u64, abi: u32): i32 {
  for (let field = FIELD_STATE; field <= FIELD_AVAIL_MIN; field++) if (putField(cpu, va, abi, field) != 0) return -EFAULT;
  return 0;
}

function copyOf(cpu: Cpu, va: u64, abi: u32): i32 {
  return writeCopy(cpu, va, abi);
}

function blockOf(cpu: Cpu, va: u64, abi: u32): i32 {
  if (!userWriteAccessBegin(cpu, va, argumentBytes(abi))) return -EFAULT;
  const result = storeFields(cpu, va, abi);
  userWriteAccessEnd(cpu);
  return result;
}

/** The value of a field in the image. */
@inline
function valueOf(image: SyncImage, field: u32): u64 {
  if (field == FIELD_STATE) return image.state;
  if (field == FIELD_HW_PTR) return image.hwPtr;
  if (field == FIELD_TSTAMP_SEC) return image.tstampSec;
  if (field == FIELD_TSTAMP_NSEC) return image.tstampNsec;
  if (field == FIELD_SUSPENDED) return image.suspended;
  if (field == FIELD_AUDIO_SEC) return image.audioSec;
  if (field == FIELD_AUDIO_NSEC) return image.audioNsec;
  if (field == FIELD_APPL_PTR) return image.applPtr;
  return image.availMin;
}

@inline
function putField(cpu: Cpu, va: u64, abi: u32, field: u32): i32 {
  const value = valueOf(syncImage(cpu), field);
  const address = va + offsetOf(abi, field);
  return widthOf(abi, field) == 8 ? putUser<u64>(cpu, address, value) : putUser<u32>(cpu, address, value as u32);
}

@inline
export function perField(cpu: Cpu, va: u64, abi: u32): i32 {
  if (putField(cpu, va, abi, FIELD_STATE) != 0) return -EFAULT;
  if (putField(cpu, va, abi, FIELD_HW_PTR) != 0) return -EFAULT;
  if (putField(cpu, va, abi, FIELD_TSTAMP_SEC) != 0) return -EFAULT;
  if (putField(cpu, va, abi, FIELD_TSTAMP_NSEC) != 0) return -EFAULT;
  if (putField(cpu, va, abi, FIELD_SUSPENDED) != 0) return -EFAULT;
  if (putField(cpu, va, abi, FIELD_AUDIO_SEC) != 0) return -EFAULT;
  if (putField(cpu, va, abi, FIELD_AUDIO_NSEC) != 0) return -EFAULT;
  if (putField(cpu, va, abi, FIELD_APPL_PTR) != 0) return -EFAULT;
  return putField(cpu, va, abi, FIELD_AVAIL_MIN);
}

/** Stores a field at a linear address whose page is known to be writable. */
@inline
function plainField(image: SyncImage, base: usize, abi: u32, field: u32): void {
  const address = base + offsetOf(abi, field);
  if (widthOf(abi, field) == 8) store<u64>(address, valueOf(image, field));
  else store<u32>(address, valueOf(image, field) as u32);
}

@inline
function plainFields(image: SyncImage, base: usize, abi: u32): void {
  plainField(image, base, abi, FIELD_STATE);
  plainField(image, base, abi, FIELD_HW_PTR);
  plainField(image, base, abi, FIELD_TSTAMP_SEC);
  plainField(image, base, abi, FIELD_TSTAMP_NSEC);
  plainField(image, base, abi, FIELD_SUSPENDED);
  plainField(image, base, abi, FIELD_AUDIO_SEC);
  plainField(image, base, abi, FIELD_AUDIO_NSEC);
  plainField(image, base, abi, FIELD_APPL_PTR);
  plainField(image, base, abi, FIELD_AVAIL_MIN);
}

/** Nine unsafe_put_user, one after the other. */
function storeFields(cpu: Cpu, va: u64, abi: u32): i32 {
  const image = syncImage(cpu);
  for (let field = FIELD_STATE; field <= FIELD_AVAIL_MIN; field++) {
    const address = va + offsetOf(abi, field);
    const value = valueOf(image, field);
    const result = widthOf(abi, field) == 8 ? unsafePutUser<u64>(cpu, address, value) : unsafePutUser<u32>(cpu, address, value as u32);
    if (result != 0) return result;
  }
  return 0;
}

/**
 * One guarded block. Where the fields lie on one page the unit of translation is the block, not the field; the study
 * build goes field by field, so that another CPU may unmap the page between two of them (DESIGN §3.9).
 */
@inline
export function writeBlock(cpu: Cpu, va: u64, abi: u32): i32 {
  if (!userWriteAccessBegin(cpu, va, argumentBytes(abi))) return -EFAULT;
  if (!STUDY && cpu.blockOpens != 0) {
    const start = (va + offsetOf(abi, FIELD_STATE)) & cpu.accessMask;
    const bytes = offsetOf(abi, FIELD_AVAIL_MIN) + widthOf(abi, FIELD_AVAIL_MIN) - offsetOf(abi, FIELD_STATE);
    const address = translateWrite(cpu, start, bytes);
    if (address != 0) {
      plainFields(syncImage(cpu), address - offsetOf(abi, FIELD_STATE), abi);
      userWriteAccessEnd(cpu);
      return 0;
    }
  }
  const result = storeFields(cpu, va, abi);
  userWriteAccessEnd(cpu);
  return result;
}

/** The image in a zeroed structure on the stack, then one or two copies: every hole reaches the user as zeros. */
@inline
export function writeCopy(cpu: Cpu, va: u64, abi: u32): i32 {
  const stack = stackImage(cpu);
  const image = syncImage(cpu);
  if (!copiesApart(abi)) {
    memory.fill(stack + STATUS_AT, 0, argumentBytes(abi));
    store<u32>(stack + STATUS_AT, image.flags);
    plainFields(image, stack + STATUS_AT, abi);
    return copyToUser(cpu, va, stack + STATUS_AT, argumentBytes(abi)) != 0 ? -EFAULT : 0;
  }
  zeroWords(stack + STATUS_AT, statusBytes(abi));
  const status = offsetOf(abi, FIELD_STATE);
  plainFields(image, stack + STATUS_AT - status, abi); // the control part falls on CONTROL_AT in both layouts
  if (copyToUser(cpu, va + status, stack + STATUS_AT, statusBytes(abi)) != 0) return -EFAULT;
  return copyToUser(cpu, va + offsetOf(abi, FIELD_APPL_PTR), stack + CONTROL_AT, controlBytes(abi)) != 0 ? -EFAULT : 0;
}

/** Zeroes a multiple of 8 bytes. */
@inline
function zeroWords(at: usize, bytes: u32): void {
  for (let word: u32 = 0; word < bytes; word += 8) store<u64>(at + word, 0);
}
