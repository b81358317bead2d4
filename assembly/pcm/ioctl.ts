import { EBADFD, ENODEV, ENOTTY } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { ACTION_PAUSE, ACTION_RELEASE, ACTION_RESUME, ACTION_START } from "./actions";
import { linkStreams, unlinkStream } from "./group";
import { beginHwParams, beginRefine, hwFree } from "./hwParams";
import {
  channelInfoCompat,
  channelInfoNative,
  chooseClock,
  describeDevice,
  protocolVersion,
  userProtocol,
} from "./info";
import {
  ABI_COMPAT,
  ABI_COMPAT_TIME64,
  ABI_NATIVE32,
  ABI_NATIVE64,
  ABI_X32,
  STRATEGY_KERNEL,
} from "./layout";
import { MOVE_BACK, MOVE_FORWARD, delayCall, moveCompat, moveNative } from "./move";
import { STATE_DISCONNECTED } from "./numbers";
import { streamOfDescriptor } from "./open";
import * as request from "./requests";
import { Stream } from "./runtime";
import { act, drain, drop, hwsync, prepare, requestXrun, reset } from "./state";
import {
  STATUS_COMPAT32,
  STATUS_COMPAT64,
  STATUS_NATIVE32,
  STATUS_TIME64,
  status,
  statusExt,
} from "./status";
import { swParamsCompat, swParamsNative } from "./swParams";
import { syncPtr } from "./syncPtr";
import { REQUEST_LISTS, REQUEST_READS, transferCompat, transferNative } from "./transferCalls";

/**
 * The doors of a PCM file (snd_pcm_ioctl and snd_pcm_ioctl_compat, 6.12). The door decides how a number is read, not
 * the program.
 */
export const DOOR_NATIVE: u32 = 0;
export const DOOR_I386: u32 = 1;
export const DOOR_X32: u32 = 2;

/** Bytes of a word at a door. */
export function wordOfDoor(stream: Stream, door: u32): u32 {
  return door == DOOR_NATIVE ? stream.wordBytes : 4;
}

/**
 * ioctl: what the kernel's entry answers, BLOCKED where the call sleeps, NEGOTIATE where the host must work on the
 * stream's image (see hwParams.ts).
 */
export function pcmIoctl(cpu: Cpu, stream: Stream, door: u32, command: u32, argument: u64): i32 {
  if (stream.gone) return -ENODEV;
  if (door == DOOR_NATIVE) return nativeIoctl(cpu, stream, command, argument);
  stream.compatUsed = 1;
  const va = argument & u32.MAX_VALUE;
  if (isCommon(command)) return commonEntry(cpu, stream, command, va);
  return compatCall(cpu, stream, door, request.requestOf(command, 4), va);
}

/** The native door tests for DISCONNECTED before it looks at the number. */
function nativeIoctl(cpu: Cpu, stream: Stream, command: u32, argument: u64): i32 {
  if (((command >> 8) & 0xff) != request.REQUEST_TYPE) return -ENOTTY;
  if (stream.state == STATE_DISCONNECTED) return -EBADFD;
  if (isCommon(command)) return commonCall(cpu, stream, command, argument);
  return nativeCall(cpu, stream, request.requestOf(command, stream.wordBytes), argument);
}

function commonEntry(cpu: Cpu, stream: Stream, command: u32, argument: u64): i32 {
  return stream.state == STATE_DISCONNECTED ? -EBADFD : commonCall(cpu, stream, command, argument);
}

function isCommon(command: u32): bool {
  switch (command) {
    case request.PVERSION:
    case request.INFO:
    case request.TTSTAMP:
    case request.USER_PVERSION:
    case request.HW_FREE:
    case request.HWSYNC:
    case request.PREPARE:
    case request.RESET:
    case request.START:
    case request.DROP:
    case request.DRAIN:
    case request.PAUSE:
    case request.RESUME:
    case request.XRUN:
    case request.LINK:
    case request.UNLINK:
    case request.SYNC_PTR_TIME32:
      return true;
    default:
      return false;
  }
}

function commonCall(cpu: Cpu, stream: Stream, command: u32, argument: u64): i32 {
  switch (command) {
    case request.SYNC_PTR_TIME32:
      return syncPtr(cpu, stream, ABI_COMPAT, STRATEGY_KERNEL, argument);
    case request.HWSYNC:
      return hwsync(cpu, stream);
    case request.PVERSION:
      return protocolVersion(cpu, argument);
    case request.INFO:
      return describeDevice(cpu, stream, argument);
    case request.TTSTAMP:
      return chooseClock(cpu, stream, argument);
    case request.USER_PVERSION:
      return userProtocol(cpu, stream, argument);
    case request.HW_FREE:
      return hwFree(stream);
    case request.PREPARE:
      return prepare(cpu, stream);
    case request.RESET:
      return reset(cpu, stream);
    case request.START:
      return act(cpu, stream, ACTION_START);
    case request.DROP:
      return drop(cpu, stream);
    case request.DRAIN:
      return drain(cpu, stream);
    case request.PAUSE:
      return act(cpu, stream, argument != 0 ? ACTION_PAUSE : ACTION_RELEASE);
    case request.RESUME:
      return act(cpu, stream, ACTION_RESUME);
    case request.XRUN:
      return requestXrun(cpu, stream);
    case request.LINK:
      return linkStreams(stream, streamOfDescriptor(argument as u32));
    default:
      return unlinkStream(stream);
  }
}

function nativeCall(cpu: Cpu, stream: Stream, number: u32, va: u64): i32 {
  const word = stream.wordBytes;
  const wide = word == 8;
  switch (number) {
    case request.SYNC_PTR:
      return syncPtr(cpu, stream, wide ? ABI_NATIVE64 : ABI_NATIVE32, STRATEGY_KERNEL, va);
    case request.HW_REFINE:
      return beginRefine(cpu, stream, word, va);
    case request.HW_PARAMS:
      return beginHwParams(cpu, stream, word, va);
    case request.SW_PARAMS:
      return swParamsNative(cpu, stream, va);
    case request.STATUS:
      return status(cpu, stream, wide ? STATUS_TIME64 : STATUS_NATIVE32, va);
    case request.STATUS_EXT:
      return statusExt(cpu, stream, wide ? STATUS_TIME64 : STATUS_NATIVE32, va);
    case request.STATUS_TIME32:
      return status(cpu, stream, STATUS_COMPAT32, va);
    case request.STATUS_EXT_TIME32:
      return statusExt(cpu, stream, STATUS_COMPAT32, va);
    case request.DELAY:
      return delayCall(cpu, stream, word, va);
    case request.CHANNEL_INFO:
      return channelInfoNative(cpu, stream, va);
    case request.REWIND:
      return moveNative(cpu, stream, MOVE_BACK, va);
    case request.FORWARD:
      return moveNative(cpu, stream, MOVE_FORWARD, va);
    case request.WRITEI:
      return transferNative(cpu, stream, 0, va);
    case request.READI:
      return transferNative(cpu, stream, REQUEST_READS, va);
    case request.WRITEN:
      return transferNative(cpu, stream, REQUEST_LISTS, va);
    case request.READN:
      return transferNative(cpu, stream, REQUEST_LISTS | REQUEST_READS, va);
    default:
      return -ENOTTY;
  }
}

function compatCall(cpu: Cpu, stream: Stream, door: u32, number: u32, va: u64): i32 {
  switch (number) {
    case request.SYNC_PTR:
      return syncPtr(
        cpu,
        stream,
        door == DOOR_X32 ? ABI_X32 : ABI_COMPAT_TIME64,
        STRATEGY_KERNEL,
        va,
      );
    case request.HW_REFINE:
      return beginRefine(cpu, stream, 4, va);
    case request.HW_PARAMS:
      return beginHwParams(cpu, stream, 4, va);
    case request.SW_PARAMS:
      return swParamsCompat(cpu, stream, va);
    case request.STATUS:
      return status(cpu, stream, STATUS_COMPAT64, va);
    case request.STATUS_EXT:
      return statusExt(cpu, stream, STATUS_COMPAT64, va);
    case request.STATUS_TIME32:
      return status(cpu, stream, STATUS_COMPAT32, va);
    case request.STATUS_EXT_TIME32:
      return statusExt(cpu, stream, STATUS_COMPAT32, va);
    case request.DELAY:
      return delayCall(cpu, stream, 4, va);
    case request.CHANNEL_INFO:
      return channelInfoCompat(cpu, stream, va);
    case request.REWIND:
      return moveCompat(cpu, stream, MOVE_BACK, va);
    case request.FORWARD:
      return moveCompat(cpu, stream, MOVE_FORWARD, va);
    case request.WRITEI:
      return transferCompat(cpu, stream, 0, va);
    case request.READI:
      return transferCompat(cpu, stream, REQUEST_READS, va);
    case request.WRITEN:
      return transferCompat(cpu, stream, REQUEST_LISTS, va);
    case request.READN:
      return transferCompat(cpu, stream, REQUEST_LISTS | REQUEST_READS, va);
    default:
      return -ENOTTY;
  }
}
