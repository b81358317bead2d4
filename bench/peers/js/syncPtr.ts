import {
  APPL_PTR,
  AUDIO_NSEC,
  AUDIO_SEC,
  AVAIL_MIN,
  CONTROL,
  CONTROL_SIZE,
  HW_PTR,
  STATE,
  STATUS,
  STATUS_SIZE,
  STRUCT_SIZE,
  SUSPENDED_STATE,
  TSTAMP_NSEC,
  TSTAMP_SEC,
} from "../../compatLayout.ts";
import type { JsMachine } from "./machine.ts";
import {
  copyToUser,
  EFAULT,
  putUser,
  unsafePutUser,
  userAccessEnd,
  userWriteAccessBegin,
  wholeStruct,
} from "./uaccess.ts";

// The write side of SYNC_PTR in the compat layout, in the three ways of moving user data. `lo` is a
// user address whose 132 bytes do not cross a 4 GiB line; `record` is a kernel address in words,
// nine words in the order in which they are written. Each answers 0 or -EFAULT.

/** Nine guarded puts, each with its own range check, open and close. */
export function writePerField(m: JsMachine, lo: number, hi: number, record: number): number {
  const w = m.words;
  return (
    putUser(m, (lo + STATE) | 0, hi, w[record]!) |
    putUser(m, (lo + HW_PTR) | 0, hi, w[record + 1]!) |
    putUser(m, (lo + TSTAMP_SEC) | 0, hi, w[record + 2]!) |
    putUser(m, (lo + TSTAMP_NSEC) | 0, hi, w[record + 3]!) |
    putUser(m, (lo + SUSPENDED_STATE) | 0, hi, w[record + 4]!) |
    putUser(m, (lo + AUDIO_SEC) | 0, hi, w[record + 5]!) |
    putUser(m, (lo + AUDIO_NSEC) | 0, hi, w[record + 6]!) |
    putUser(m, (lo + APPL_PTR) | 0, hi, w[record + 7]!) |
    putUser(m, (lo + AVAIL_MIN) | 0, hi, w[record + 8]!)
  );
}

/** One block: one range check, one open and close, and one translation where one will do. */
export function writeBlock(m: JsMachine, lo: number, hi: number, record: number): number {
  if (!userWriteAccessBegin(m, lo, hi, STRUCT_SIZE)) return EFAULT;
  const base = wholeStruct(m, lo, hi, STRUCT_SIZE);
  const result = base < 0 ? putFields(m, lo, hi, record) : storeFields(m, base, record);
  userAccessEnd(m);
  return result;
}

function storeFields(m: JsMachine, base: number, record: number): number {
  const w = m.words;
  w[base + (STATE >> 2)] = w[record]!;
  w[base + (HW_PTR >> 2)] = w[record + 1]!;
  w[base + (TSTAMP_SEC >> 2)] = w[record + 2]!;
  w[base + (TSTAMP_NSEC >> 2)] = w[record + 3]!;
  w[base + (SUSPENDED_STATE >> 2)] = w[record + 4]!;
  w[base + (AUDIO_SEC >> 2)] = w[record + 5]!;
  w[base + (AUDIO_NSEC >> 2)] = w[record + 6]!;
  w[base + (APPL_PTR >> 2)] = w[record + 7]!;
  w[base + (AVAIL_MIN >> 2)] = w[record + 8]!;
  return 0;
}

function putFields(m: JsMachine, lo: number, hi: number, record: number): number {
  const w = m.words;
  return (
    unsafePutUser(m, (lo + STATE) | 0, hi, w[record]!) |
    unsafePutUser(m, (lo + HW_PTR) | 0, hi, w[record + 1]!) |
    unsafePutUser(m, (lo + TSTAMP_SEC) | 0, hi, w[record + 2]!) |
    unsafePutUser(m, (lo + TSTAMP_NSEC) | 0, hi, w[record + 3]!) |
    unsafePutUser(m, (lo + SUSPENDED_STATE) | 0, hi, w[record + 4]!) |
    unsafePutUser(m, (lo + AUDIO_SEC) | 0, hi, w[record + 5]!) |
    unsafePutUser(m, (lo + AUDIO_NSEC) | 0, hi, w[record + 6]!) |
    unsafePutUser(m, (lo + APPL_PTR) | 0, hi, w[record + 7]!) |
    unsafePutUser(m, (lo + AVAIL_MIN) | 0, hi, w[record + 8]!)
  );
}

/** Both images built in the bounce buffer (a kernel address), then two copies. */
export function writeCopies(
  m: JsMachine,
  lo: number,
  hi: number,
  record: number,
  bounce: number,
): number {
  fillImages(m, bounce >> 2, record);
  const left =
    copyToUser(m, (lo + STATUS) | 0, hi, bounce, STATUS_SIZE) |
    copyToUser(m, (lo + CONTROL) | 0, hi, bounce + STATUS_SIZE, CONTROL_SIZE);
  return left === 0 ? 0 : EFAULT;
}

/** The holes are zeroed, or what lay there before would reach the user. */
function fillImages(m: JsMachine, status: number, record: number): void {
  const w = m.words;
  const control = status + (STATUS_SIZE >> 2);
  const end = control + (CONTROL_SIZE >> 2);
  for (let i = status; i < end; i++) w[i] = 0;
  w[status + ((STATE - STATUS) >> 2)] = w[record]!;
  w[status + ((HW_PTR - STATUS) >> 2)] = w[record + 1]!;
  w[status + ((TSTAMP_SEC - STATUS) >> 2)] = w[record + 2]!;
  w[status + ((TSTAMP_NSEC - STATUS) >> 2)] = w[record + 3]!;
  w[status + ((SUSPENDED_STATE - STATUS) >> 2)] = w[record + 4]!;
  w[status + ((AUDIO_SEC - STATUS) >> 2)] = w[record + 5]!;
  w[status + ((AUDIO_NSEC - STATUS) >> 2)] = w[record + 6]!;
  w[control + ((APPL_PTR - CONTROL) >> 2)] = w[record + 7]!;
  w[control + ((AVAIL_MIN - CONTROL) >> 2)] = w[record + 8]!;
}
