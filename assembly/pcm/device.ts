import { PAGE_SIZE } from "../machine/map";
import { kfree, kmalloc, slabAlloc, slabFree } from "../machine/slab";
import { Stream } from "./runtime";

/**
 * The driver below the sound core. Every call down to it goes through the functions here. It is the scripted one of the
 * recordings: it never moves by itself, answers what it was told to, and logs what it is asked.
 * The host stands in for hardware by setting the position before a call and by reading the log after it, so that the
 * core needs no function of the host's. A loopback device also carries frames from one file to another (loopback.ts).
 */
@unmanaged
export class Device {
  position: u64; // what the pointer callback answers, unchecked
  /** Loopback, capture: the played frame that arrives next, on the playback stream's circle. */
  source: u64;
  /** Loopback, capture: place in the ring up to which frames have arrived. */
  arrived: u64;
  info: u32; // the device's own info word
  card: u32; // streams of one card are suspended and removed together
  prepareAnswer: i32;
  triggerAnswer: i32;
  ackAnswer: i32;
  log: u32; // page of DriverCall records
  logCount: u32; // records since the host set it to 0
  /**
   * Its own copy and fill callbacks. Without a driver of its own transfers touch neither the ring nor user memory
   * (dummy.c's fake buffer).
   */
  ownCopy: u32;
  id: u32; // number of the device on its card
  substream: u32; // which of the device's substreams of this direction the file has
  substreams: u32; // how many the device has
  loopback: u32; // frames played at one end arrive at the other
  peer: u32; // Stream at the other end of the cable, 0 = not open
  cableLock: u32; // of the playback end: both ends move frames under it
  moving: u32; // between a start and a stop, as the loopback driver counts it
  bound: u32; // prepared, and not freed since
  cableFormat: u32; // what the cable is bound to; cableRate 0 = nothing yet
  cableRate: u32;
  cableChannels: u32;
  driver: u32; // a driver of its own (DriverEntry): nothing of the above is asked then
  driverData: u32; // what that driver knows the stream by
  ownRing: u32; // that driver sees to the ring's memory
}

/** Answer of a call that the host goes on with: see hwParams.ts. Far below every errno. */
export const NEGOTIATE: i32 = -0x10001;

/** What hw_params settled on, before the stream takes it over. */
@unmanaged
export class HwChoice {
  format: u32;
  channels: u32;
  rate: u32;
  periodBytes: u32;
  bufferBytes: u32;
}

/** A part of a transfer that lies in one piece in the ring, for a driver that copies by itself. */
@unmanaged
export class Chunk {
  address: u64; // the program's
  place: u32; // bytes into the ring
  bytes: u32;
}

/** Behind the record: the device's name, ended by a zero. */
export const DEVICE_NAME: u32 = (offsetof<Device>() + 7) & ~7;
export const DEVICE_NAME_BYTES: u32 = 64;

/** Kinds of device, as bits of `pcmOpen`. */
export const DEVICE_OWN_COPY: u32 = 1;
export const DEVICE_LOOPBACK: u32 = 2;

/** A record of the log. A full log takes no more: what is logged is what the host asks about call by call. */
@unmanaged
export class DriverCall {
  call: u32; // DRIVER_*
  reserved: u32;
  argument: u64; // appl_ptr of an ack
}

export const DRIVER_OPEN: u32 = 1;
export const DRIVER_CLOSE: u32 = 2;
export const DRIVER_HW_PARAMS: u32 = 3;
export const DRIVER_HW_FREE: u32 = 4;
export const DRIVER_PREPARE: u32 = 5;
export const DRIVER_POINTER: u32 = 6;
export const DRIVER_ACK: u32 = 7;
/** Waits until a stopped device is done with the ring. */
export const DRIVER_SYNC_STOP: u32 = 8;
/** The task that slept in the driver has ended. */
export const DRIVER_ABANDON: u32 = 9;
/** Moves a Chunk between program and ring. */
export const DRIVER_COPY: u32 = 10;
/** Silences ring bytes: their place in the upper half of the argument, their number in the lower. */
export const DRIVER_FILL_SILENCE: u32 = 11;
/** The core has silenced what lies behind appl_ptr, as far as it does. */
export const DRIVER_SILENCED: u32 = 12;
/** RESET; a driver may refuse it. */
export const DRIVER_RESET: u32 = 13;
/** The first of the triggers: DRIVER_TRIGGER + TRIGGER_*. */
export const DRIVER_TRIGGER: u32 = 16;

const LOG_SLOTS: u32 = PAGE_SIZE / offsetof<DriverCall>();

@inline
export function deviceOf(stream: Stream): Device {
  return changetype<Device>(stream.device as usize);
}

/** A device's side of one substream; 0 when RAM is full. `kind` is of DEVICE_OWN_COPY and DEVICE_LOOPBACK. */
export function newDevice(card: u32, id: u32, info: u32, kind: u32): u32 {
  const address = slabAlloc(DEVICE_NAME + DEVICE_NAME_BYTES);
  if (address == 0) return 0;
  const device = changetype<Device>(address);
  device.card = card;
  device.id = id;
  device.info = info;
  device.substreams = 1;
  device.ownCopy = kind & DEVICE_OWN_COPY;
  device.loopback = kind & DEVICE_LOOPBACK;
  device.log = kmalloc(PAGE_SIZE) as u32;
  if (device.log != 0) return address as u32;
  slabFree(address);
  return 0;
}

export function freeDevice(device: Device): void {
  kfree(device.log);
  slabFree(changetype<usize>(device));
}

@inline
export function logCall(device: Device, call: u32, argument: u64): void {
  const count = device.logCount;
  if (count == LOG_SLOTS) return;
  const record = changetype<DriverCall>((device.log + count * offsetof<DriverCall>()) as usize);
  record.call = call;
  record.argument = argument;
  device.logCount = count + 1;
}
