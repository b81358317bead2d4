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
 * stream's image (see hwParams.ts). The native door tests for DISCONNECTED before it looks at the number, the others
 * only on their way to the common entry.
 */
export function pcmIoctl(cpu: Cpu, stream: Stream, door: u32, command: u32, argument: u64): i32 {
  if (stream.gone) return -ENODEV;
  if (door == DOOR_NATIVE) {
    if (((command >> 8) & 0xff) != request.REQUEST_TYPE) return -ENOTTY;
    if (stream.state == STATE_DISCONNECTED) return -EBADFD;
  } else {
    stream.compatUsed = 1;
    argument &= u32.MAX_VALUE;
  }
  if (!request.isCommon(command)) return doorCall(cpu, stream, door, command, argument);
  return stream.state == STATE_DISCONNECTED ? -EBADFD : commonCall(cpu, stream, command, argument);
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
      return hwFree(cpu, stream);
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
    case request.UNLINK:
      return unlinkStream(stream);
    default:
      return -ENOTTY;
  }
}

/** The requests whose argument has another shape, or another handler, at each door. */
function doorCall(cpu: Cpu, stream: Stream, door: u32, command: u32, va: u64): i32 {
  const word = wordOfDoor(stream, door);
  const native = door == DOOR_NATIVE;
  switch (request.requestOf(command, word)) {
    case request.SYNC_PTR:
      return syncPtr(cpu, stream, abiOf(door, word), STRATEGY_KERNEL, va);
    case request.WRITEI:
      return transfer(cpu, stream, door, 0, va);
    case request.READI:
      return transfer(cpu, stream, door, REQUEST_READS, va);
    case request.HW_REFINE:
      return beginRefine(cpu, stream, word, va);
    case request.HW_PARAMS:
      return beginHwParams(cpu, stream, word, va);
    case request.SW_PARAMS:
      return native ? swParamsNative(cpu, stream, va) : swParamsCompat(cpu, stream, va);
    case request.STATUS:
      return status(cpu, stream, statusForm(door, word), va);
    case request.STATUS_EXT:
      return statusExt(cpu, stream, statusForm(door, word), va);
    case request.STATUS_TIME32:
      return status(cpu, stream, STATUS_COMPAT32, va);
    case request.STATUS_EXT_TIME32:
      return statusExt(cpu, stream, STATUS_COMPAT32, va);
    case request.DELAY:
      return delayCall(cpu, stream, word, va);
    case request.CHANNEL_INFO:
      return native ? channelInfoNative(cpu, stream, va) : channelInfoCompat(cpu, stream, va);
    case request.REWIND:
      return move(cpu, stream, door, MOVE_BACK, va);
    case request.FORWARD:
      return move(cpu, stream, door, MOVE_FORWARD, va);
    case request.WRITEN:
      return transfer(cpu, stream, door, REQUEST_LISTS, va);
    case request.READN:
      return transfer(cpu, stream, door, REQUEST_LISTS | REQUEST_READS, va);
    default:
      return -ENOTTY;
  }
}

/** The form of SYNC_PTR's argument with 64-bit time. */
function abiOf(door: u32, word: u32): u32 {
  if (door == DOOR_X32) return ABI_X32;
  if (door == DOOR_I386) return ABI_COMPAT_TIME64;
  return word == 8 ? ABI_NATIVE64 : ABI_NATIVE32;
}

/** The form of STATUS with 64-bit time. */
function statusForm(door: u32, word: u32): u32 {
  if (door != DOOR_NATIVE) return STATUS_COMPAT64;
  return word == 8 ? STATUS_TIME64 : STATUS_NATIVE32;
}

function move(cpu: Cpu, stream: Stream, door: u32, way: u32, va: u64): i32 {
  return door == DOOR_NATIVE ? moveNative(cpu, stream, way, va) : moveCompat(cpu, stream, way, va);
}

function transfer(cpu: Cpu, stream: Stream, door: u32, what: u32, va: u64): i32 {
  return door == DOOR_NATIVE
    ? transferNative(cpu, stream, what, va)
    : transferCompat(cpu, stream, what, va);
}
