import type { SyncPtrField } from "./abi.ts";
import type { PcmChannelInfo, PcmInfo, PcmStatus, PcmSwParams, PcmSync } from "./answers.ts";
import type { WordBytes } from "./params/index.ts";
import { pcmStates, type PcmState } from "./states.ts";
import {
  channelInfoLayout,
  decode,
  infoLayout,
  infoTexts,
  statusLayout,
  swParamsLayout,
  textAt,
  wordLayout,
  type StructLayout,
} from "./structures.ts";

/** What the kernel stored into the structures of the requests, as plain objects. `word`: bytes of a word at the door. */

const BILLION = 1_000_000_000n;

/** The layout of a door's SYNC_PTR argument. */
export type SyncLayout = StructLayout<SyncPtrField | "flags">;

function stateOf(number: bigint): PcmState {
  return pcmStates[Number(number)]!;
}

function signed(word: WordBytes, value: bigint): bigint {
  return BigInt.asIntN(8 * word, value);
}

/** DELAY, FORWARD and REWIND: a signed count of frames. */
export function frameCount(word: WordBytes, stored: Uint8Array): bigint {
  return signed(word, decode(wordLayout[word], stored).frames);
}

export function swParamsAnswer(word: WordBytes, stored: Uint8Array): PcmSwParams {
  const fields = decode(swParamsLayout[word], stored);
  const { tstampMode, periodStep, proto, tstampType, ...counts } = fields;
  return {
    ...counts,
    tstampMode: Number(tstampMode),
    periodStep: Number(periodStep),
    proto: Number(proto),
    tstampType: Number(tstampType),
  };
}

export function statusAnswer(word: WordBytes, stored: Uint8Array): PcmStatus {
  const fields = decode(statusLayout[word], stored);
  const { applPtr, hwPtr, avail, availMax } = fields;
  return {
    state: stateOf(fields.state),
    suspendedState: stateOf(fields.suspendedState),
    triggerTime: fields.triggerSeconds * BILLION + fields.triggerNanoseconds,
    time: fields.seconds * BILLION + fields.nanoseconds,
    audioTime: fields.audioSeconds * BILLION + fields.audioNanoseconds,
    driverTime: fields.driverSeconds * BILLION + fields.driverNanoseconds,
    audioTstampData: Number(fields.audioTstampData),
    applPtr,
    hwPtr,
    delay: signed(word, fields.delay),
    avail,
    availMax,
  };
}

export function syncAnswer(layout: SyncLayout, stored: Uint8Array): PcmSync {
  const fields = decode(layout, stored);
  return {
    state: stateOf(fields.state),
    suspendedState: stateOf(fields.suspended_state),
    hwPtr: fields.hw_ptr,
    applPtr: fields.appl_ptr,
    availMin: fields.avail_min,
    time: fields.tstamp_sec * BILLION + fields.tstamp_nsec,
    audioTime: fields.audio_tstamp_sec * BILLION + fields.audio_tstamp_nsec,
  };
}

export function infoAnswer(stored: Uint8Array): PcmInfo {
  const fields = decode(infoLayout, stored);
  return {
    card: Number(fields.card),
    device: Number(fields.device),
    subdevice: Number(fields.subdevice),
    stream: fields.stream === 0n ? "playback" : "capture",
    id: textAt(stored, infoTexts.id),
    name: textAt(stored, infoTexts.name),
    subname: textAt(stored, infoTexts.subname),
    subdevices: Number(fields.subdevices),
    subdevicesAvailable: Number(fields.subdevicesAvailable),
  };
}

export function channelInfoAnswer(word: WordBytes, stored: Uint8Array): PcmChannelInfo {
  const { channel, offset, first, step } = decode(channelInfoLayout[word], stored);
  return {
    channel: Number(channel),
    offset: signed(word, offset),
    first: Number(first),
    step: Number(step),
  };
}
