import { Cpu } from "../machine/cpu";
import { PAGE_SIZE } from "../machine/map";
import { kfree, kmalloc, slabAlloc, slabFree } from "../machine/slab";
import { Stream } from "./runtime";

/**
 * The driver below the sound core. Every call down to it goes through the functions here; the only driver so far is
 * the scripted one of the recordings (golden/pcm/FORMAT.md): it never moves by itself, answers what it was told to,
 * and logs what it is asked.
 */
@unmanaged
export class Device {
  position: u64; // what the pointer callback answers, unchecked
  info: u32; // the device's own info word
  card: u32; // streams of one card are suspended and removed together
  prepareAnswer: i32;
  triggerAnswer: i32;
  ackAnswer: i32;
  log: u32; // page of DriverCall records behind a DriverLog
  /** Its own copy and fill callbacks: transfers touch neither the ring nor user memory (dummy.c's fake buffer). */
  ownCopy: u32;
  id: u32; // number of the device on its card
}

/**
 *   0       4       16                                   4096
 *   ┌──────┬──────┬─────────────┬─────────────┬─────────┐
 *   │count │lost  │ DriverCall  │ DriverCall  │ …       │
 *   └──────┴──────┴─────────────┴─────────────┴─────────┘
 */
@unmanaged
export class DriverLog {
  count: u32; // records since the host cleared the page
  lost: u32; // calls for which there was no room
  reserved: u64;
}

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
/** The first of the triggers: DRIVER_TRIGGER + TRIGGER_*. */
export const DRIVER_TRIGGER: u32 = 16;

const LOG_SLOTS: u32 = (PAGE_SIZE - offsetof<DriverLog>()) / offsetof<DriverCall>();

@inline
export function deviceOf(stream: Stream): Device {
  return changetype<Device>(stream.device as usize);
}

/** A device's side of one substream; 0 when RAM is full. */
export function newDevice(card: u32, id: u32, info: u32): u32 {
  const address = slabAlloc(offsetof<Device>());
  if (address == 0) return 0;
  const device = changetype<Device>(address);
  device.card = card;
  device.id = id;
  device.info = info;
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
function logCall(device: Device, call: u32, argument: u64): void {
  const log = changetype<DriverLog>(device.log as usize);
  if (log.count == LOG_SLOTS) {
    log.lost += 1;
    return;
  }
  const slot = (device.log as usize) + offsetof<DriverLog>() + log.count * offsetof<DriverCall>();
  const record = changetype<DriverCall>(slot);
  record.call = call;
  record.argument = argument;
  log.count += 1;
}

/** The calls that the test device only notes: open, close, hw_params, hw_free. */
export function driverNote(stream: Stream, call: u32): void {
  logCall(deviceOf(stream), call, 0);
}

@inline
export function driverPointer(cpu: Cpu, stream: Stream): u64 {
  const device = deviceOf(stream);
  logCall(device, DRIVER_POINTER, 0);
  return device.position & stream.mask;
}

/** Prepare puts the position back to 0, also when it answers an error. */
export function driverPrepare(cpu: Cpu, stream: Stream): i32 {
  const device = deviceOf(stream);
  logCall(device, DRIVER_PREPARE, 0);
  device.position = 0;
  return device.prepareAnswer;
}

export function driverTrigger(cpu: Cpu, stream: Stream, command: u32): i32 {
  const device = deviceOf(stream);
  logCall(device, DRIVER_TRIGGER + command, 0);
  return device.triggerAnswer;
}

@inline
export function driverAck(cpu: Cpu, stream: Stream, applPtr: u64): i32 {
  const device = deviceOf(stream);
  logCall(device, DRIVER_ACK, applPtr);
  return device.ackAnswer;
}
