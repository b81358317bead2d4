import { EBADFD, EFAULT, EINVAL, ENOMEM } from "../base/errno";
import { Cpu, stackImage } from "../machine/cpu";
import { slabAlloc, slabFree } from "../machine/slab";
import { copyFromUser, copyToUser } from "../uaccess/copy";
import { DEVICE_NAME, DEVICE_NAME_BYTES, deviceOf } from "./device";
import { INFO_MMAP, PROTOCOL_VERSION, STATE_OPEN, TSTAMP_TYPE_LAST } from "./numbers";
import { openSubstreams } from "./open";
import { isInterleaved } from "./ring";
import { Stream } from "./runtime";
import { get32, put32 } from "./user";

/** The information calls: INFO, CHANNEL_INFO, TTSTAMP and the protocol versions (sound/core/pcm_native.c). */

export function protocolVersion(cpu: Cpu, va: u64): i32 {
  return put32(cpu, va, PROTOCOL_VERSION);
}

/** USER_PVERSION: the version the program speaks, kept for this file. */
export function userProtocol(cpu: Cpu, stream: Stream, va: u64): i32 {
  if (get32(cpu, va) != 0) return -EFAULT;
  stream.proto = cpu.value as u32;
  return 0;
}

/** TTSTAMP: which clock timestamps come from. */
export function chooseClock(cpu: Cpu, stream: Stream, va: u64): i32 {
  if (get32(cpu, va) != 0) return -EFAULT;
  if (cpu.value > TSTAMP_TYPE_LAST) return -EINVAL;
  stream.tstampType = cpu.value as u32;
  return 0;
}

/**
 *   0       4          8       12    16        80         160            192
 *   ┌──────┬──────────┬───────┬─────┬─────────┬──────────┬──────────────┬─────────────────────────────────────
 *   │device│subdevice │stream │card │id[64]   │name[80]  │subname[32]   │class, subclass, subdevices, available
 *   └──────┴──────────┴───────┴─────┴─────────┴──────────┴──────────────┴─────────────────────────────────────
 */
const INFO_BYTES: u32 = 288;
const INFO_SUBDEVICES: u32 = 200;
const INFO_AVAILABLE: u32 = 204;

export function describeDevice(cpu: Cpu, stream: Stream, va: u64): i32 {
  const image = slabAlloc(INFO_BYTES);
  if (image == 0) return -ENOMEM;
  const device = deviceOf(stream);
  store<u32>(image, device.id);
  store<u32>(image, device.substream, 4);
  store<u32>(image, stream.direction, 8);
  store<u32>(image, device.card, 12);
  const name = changetype<usize>(device) + DEVICE_NAME;
  memory.copy(image + 16, name, DEVICE_NAME_BYTES);
  memory.copy(image + 80, name, DEVICE_NAME_BYTES);
  store<u64>(image, SUBDEVIC, 160);
  store<u32>(image, E_HASH, 168);
  writeNumber(image + 172, device.substream);
  store<u32>(image, device.substreams, INFO_SUBDEVICES);
  const taken = openSubstreams(stream);
  store<u32>(image, device.substreams - min(taken, device.substreams), INFO_AVAILABLE);
  const left = copyToUser(cpu, va, image, INFO_BYTES);
  slabFree(image);
  return left == 0 ? 0 : -EFAULT;
}

/** "subdevice #", as the words it is in memory. */
const SUBDEVIC: u64 = 0x6369766564627573;
const E_HASH: u32 = 0x232065;

/** A number's decimal digits; the text before it ends one byte earlier than its word. */
function writeNumber(address: usize, value: u32): void {
  let at = address - 1;
  for (let rest = value; rest >= 10; rest /= 10) at += 1;
  for (let rest = value; ; rest /= 10) {
    store<u8>(at, DIGIT_0 + (rest % 10));
    if (rest < 10) return;
    at -= 1;
  }
}

const DIGIT_0: u32 = 0x30;

/**
 * CHANNEL_INFO where a word has 8 bytes: channel:4, hole:4, offset:8, first:4, step:4; with 4: channel, offset, first,
 * step.
 */
export function channelInfoNative(cpu: Cpu, stream: Stream, va: u64): i32 {
  const image = stackImage(cpu);
  const word = stream.wordBytes;
  const bytes: u32 = word == 8 ? 24 : 16;
  if (copyFromUser(cpu, image, va, bytes) != 0) return -EFAULT;
  const result = placeChannel(stream, load<u32>(image), image);
  if (result != 0) return result;
  if (word == 4) memory.copy(image + 4, image + 8, 4);
  if (word == 4) memory.copy(image + 8, image + 16, 8);
  return copyToUser(cpu, va, image, bytes) == 0 ? 0 : -EFAULT;
}

/** The compat doors read and write the four fields one by one. */
export function channelInfoCompat(cpu: Cpu, stream: Stream, va: u64): i32 {
  const image = stackImage(cpu);
  for (let at: u32 = 0; at < 16; at += 4) {
    if (get32(cpu, va + at) != 0) return -EFAULT;
    if (at == 0) store<u32>(image, cpu.value as u32);
  }
  const result = placeChannel(stream, load<u32>(image), image);
  if (result != 0) return result;
  if (put32(cpu, va, load<u32>(image)) != 0 || put32(cpu, va + 4, load<u32>(image, 8)) != 0) {
    return -EFAULT;
  }
  if (put32(cpu, va + 8, load<u32>(image, 16)) != 0) return -EFAULT;
  return put32(cpu, va + 12, load<u32>(image, 20));
}

/** Where a channel's samples lie, in bits, as the 64-bit structure; −errno with nothing changed. */
function placeChannel(stream: Stream, channel: u32, image: usize): i32 {
  if (stream.state == STATE_OPEN) return -EBADFD;
  if (channel >= stream.channels) return -EINVAL;
  memory.fill(image, 0, 24);
  store<u32>(image, channel);
  if ((stream.info & INFO_MMAP) == 0) {
    store<u64>(image, u64.MAX_VALUE, 8);
    return 0;
  }
  const width = stream.physWidth;
  const together = isInterleaved(stream);
  store<u32>(
    image,
    together ? channel * width : channel * (stream.dmaBytes / stream.channels) * 8,
    16,
  );
  store<u32>(image, together ? stream.channels * width : width, 20);
  return 0;
}
