/** The memory devices (drivers/char/mem.c, 6.18). */

import { errnos } from "../../base/errno.ts";
import type { UserIterator } from "./userIterator.ts";

const { EFAULT, ENOSPC } = errnos;

export const deviceNames = ["null", "zero", "full"] as const;
export type DeviceName = (typeof deviceNames)[number];

/** read: zero and full give zeros (the longest prefix that can be stored, −EFAULT for none), null gives nothing. */
export function readDevice(device: DeviceName, to: UserIterator): number {
  if (device === "null" || to.remaining === 0) return 0;
  return to.clearUser(to.remaining) || -EFAULT;
}

/** write: null and zero swallow everything, full refuses; none of them looks at the memory. */
export function writeDevice(device: DeviceName, from: UserIterator): number {
  return device === "full" ? -ENOSPC : from.remaining;
}
