import { DeviceQueue, SoundDevice } from "./device";
import { readData } from "./devicePlay";
import { fillData } from "./deviceStream";

/** What a device that plays numbers hears, and what it captures: each word of a period is the period's number. */

/** Heard where the words of a period differ. */
export const HEARD_TORN: u32 = 0xffffffff;

/** The number that a message's data are of. */
export function hear(device: SoundDevice, queue: DeviceQueue, head: u32): u32 {
  readData(device, queue, head);
  const number = load<u32>(device.output);
  for (let at: u32 = 4; at < device.played; at += 4) {
    if (load<u32>(device.output + at) != number) return HEARD_TORN;
  }
  return number;
}

/** Fills a message with a number, out of `bytes` of the device's own at `sound`. */
export function capture(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  sound: u32,
  bytes: u32,
  number: u32,
): void {
  for (let at: u32 = 0; at < bytes; at += 4) store<u32>(sound + at, number);
  fillData(device, queue, head, bytes, sound, 0);
}
