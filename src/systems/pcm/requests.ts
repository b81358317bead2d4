import { checkThat } from "../../base/checks.ts";
import { oneOf } from "../../base/nearest.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import type { WordBytes } from "./params/index.ts";

/** The core's name of a request's number: one for every door, or one where a word has 8 bytes and one where it has 4. */
const names = {
  PVERSION: ["IOCTL_PVERSION"],
  INFO: ["IOCTL_INFO"],
  TTSTAMP: ["IOCTL_TTSTAMP"],
  USER_PVERSION: ["IOCTL_USER_PVERSION"],
  HW_REFINE: ["IOCTL_HW_REFINE", "IOCTL_HW_REFINE_32"],
  HW_PARAMS: ["IOCTL_HW_PARAMS", "IOCTL_HW_PARAMS_32"],
  HW_FREE: ["IOCTL_HW_FREE"],
  SW_PARAMS: ["IOCTL_SW_PARAMS", "IOCTL_SW_PARAMS_32"],
  STATUS: ["IOCTL_STATUS", "IOCTL_STATUS_32"],
  STATUS_TIME32: ["IOCTL_STATUS_TIME32"],
  DELAY: ["IOCTL_DELAY", "IOCTL_DELAY_32"],
  HWSYNC: ["IOCTL_HWSYNC"],
  SYNC_PTR: ["IOCTL_SYNC_PTR"],
  SYNC_PTR_TIME32: ["IOCTL_SYNC_PTR_TIME32"],
  STATUS_EXT: ["IOCTL_STATUS_EXT", "IOCTL_STATUS_EXT_32"],
  STATUS_EXT_TIME32: ["IOCTL_STATUS_EXT_TIME32"],
  CHANNEL_INFO: ["IOCTL_CHANNEL_INFO", "IOCTL_CHANNEL_INFO_32"],
  PREPARE: ["IOCTL_PREPARE"],
  RESET: ["IOCTL_RESET"],
  START: ["IOCTL_START"],
  DROP: ["IOCTL_DROP"],
  DRAIN: ["IOCTL_DRAIN"],
  PAUSE: ["IOCTL_PAUSE"],
  REWIND: ["IOCTL_REWIND", "IOCTL_REWIND_32"],
  RESUME: ["IOCTL_RESUME"],
  XRUN: ["IOCTL_XRUN"],
  FORWARD: ["IOCTL_FORWARD", "IOCTL_FORWARD_32"],
  WRITEI: ["IOCTL_WRITEI", "IOCTL_WRITEI_32"],
  READI: ["IOCTL_READI", "IOCTL_READI_32"],
  WRITEN: ["IOCTL_WRITEN", "IOCTL_WRITEN_32"],
  READN: ["IOCTL_READN", "IOCTL_READN_32"],
  LINK: ["IOCTL_LINK"],
  UNLINK: ["IOCTL_UNLINK"],
} as const satisfies Record<
  string,
  | readonly [keyof typeof coreConstants]
  | readonly [keyof typeof coreConstants, keyof typeof coreConstants]
>;

/** Requests of a PCM file, by the kernel's names without their prefix (include/uapi/sound/asound.h). */
export type PcmRequestName = keyof typeof names;

export const pcmRequestNames = Object.keys(names) as readonly PcmRequestName[];

const wordSize = checkThat("4 or 8", (value) => value === 4 || value === 8);

/** The ioctl number of a request at a door whose words have so many bytes. */
export function pcmRequest(name: PcmRequestName, wordBytes: WordBytes): number {
  wordSize("wordBytes", wordBytes);
  const [wide, narrow = wide] = names[oneOf("name", name, pcmRequestNames)];
  return coreConstants[wordBytes === 8 ? wide : narrow];
}
