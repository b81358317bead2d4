/**
 * ioctl numbers (include/uapi/sound/asound.h): direction, size of the argument, 'A', number.
 *
 *    31 30 29        16 15     8 7      0
 *   ┌─────┬────────────┬────────┬────────┐
 *   │ dir │ size       │ 0x41   │ number │
 *   └─────┴────────────┴────────┴────────┘
 */
export const REQUEST_TYPE: u32 = 0x41;

/** The same at every door; all go through the common entry. */
export const PVERSION: u32 = 0x80044100;
export const INFO: u32 = 0x81204101;
export const TTSTAMP: u32 = 0x40044103;
export const USER_PVERSION: u32 = 0x40044104;
export const HW_FREE: u32 = 0x4112;
export const HWSYNC: u32 = 0x4122;
export const PREPARE: u32 = 0x4140;
export const RESET: u32 = 0x4141;
export const START: u32 = 0x4142;
export const DROP: u32 = 0x4143;
export const DRAIN: u32 = 0x4144;
export const PAUSE: u32 = 0x40044145;
export const RESUME: u32 = 0x4147;
export const XRUN: u32 = 0x4148;
export const LINK: u32 = 0x40044160;
export const UNLINK: u32 = 0x4161;
export const SYNC_PTR_TIME32: u32 = 0xc0844123;

/** The same at every door, but each door has its own handler. */
export const SYNC_PTR: u32 = 0xc0884123;
export const STATUS_TIME32: u32 = 0x806c4120;
export const STATUS_EXT_TIME32: u32 = 0xc06c4124;

/** Where a word has 8 bytes. */
export const HW_REFINE: u32 = 0xc2604110;
export const HW_PARAMS: u32 = 0xc2604111;
export const SW_PARAMS: u32 = 0xc0884113;
export const STATUS: u32 = 0x80984120;
export const STATUS_EXT: u32 = 0xc0984124;
export const DELAY: u32 = 0x80084121;
export const CHANNEL_INFO: u32 = 0x80184132;
export const REWIND: u32 = 0x40084146;
export const FORWARD: u32 = 0x40084149;
export const WRITEI: u32 = 0x40184150;
export const READI: u32 = 0x80184151;
export const WRITEN: u32 = 0x40184152;
export const READN: u32 = 0x80184153;

/** Where a word has 4 bytes. */
export const HW_REFINE_32: u32 = 0xc25c4110;
export const HW_PARAMS_32: u32 = 0xc25c4111;
export const SW_PARAMS_32: u32 = 0xc0684113;
export const STATUS_32: u32 = 0x80804120;
export const STATUS_EXT_32: u32 = 0xc0804124;
export const DELAY_32: u32 = 0x80044121;
export const CHANNEL_INFO_32: u32 = 0x80104132;
export const REWIND_32: u32 = 0x40044146;
export const FORWARD_32: u32 = 0x40044149;
export const WRITEI_32: u32 = 0x400c4150;
export const READI_32: u32 = 0x800c4151;
export const WRITEN_32: u32 = 0x400c4152;
export const READN_32: u32 = 0x800c4153;

/** True for a number of the first list: the common entry's, which tests for DISCONNECTED itself. */
export function isCommon(command: u32): bool {
  switch (command) {
    case PVERSION:
    case INFO:
    case TTSTAMP:
    case USER_PVERSION:
    case HW_FREE:
    case HWSYNC:
    case PREPARE:
    case RESET:
    case START:
    case DROP:
    case DRAIN:
    case PAUSE:
    case RESUME:
    case XRUN:
    case LINK:
    case UNLINK:
    case SYNC_PTR_TIME32:
      return true;
    default:
      return false;
  }
}

/**
 * The request that a number means where a word has `word` bytes, as its 64-bit number; 0 for a number of the other
 * size.
 */
export function requestOf(command: u32, word: u32): u32 {
  switch (command) {
    case SYNC_PTR:
    case STATUS_TIME32:
    case STATUS_EXT_TIME32:
      return command;
    default:
      return word == 8 ? command : widened(command);
  }
}

function widened(command: u32): u32 {
  switch (command) {
    case HW_REFINE_32:
      return HW_REFINE;
    case HW_PARAMS_32:
      return HW_PARAMS;
    case SW_PARAMS_32:
      return SW_PARAMS;
    case STATUS_32:
      return STATUS;
    case STATUS_EXT_32:
      return STATUS_EXT;
    case DELAY_32:
      return DELAY;
    case CHANNEL_INFO_32:
      return CHANNEL_INFO;
    case REWIND_32:
      return REWIND;
    case FORWARD_32:
      return FORWARD;
    case WRITEI_32:
      return WRITEI;
    case READI_32:
      return READI;
    case WRITEN_32:
      return WRITEN;
    case READN_32:
      return READN;
    default:
      return 0;
  }
}
