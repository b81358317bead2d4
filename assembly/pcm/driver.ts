import { Cpu } from "../machine/cpu";
import {
  Chunk,
  DRIVER_ACK,
  DRIVER_COPY,
  DRIVER_FILL_SILENCE,
  DRIVER_HW_FREE,
  DRIVER_HW_PARAMS,
  DRIVER_POINTER,
  DRIVER_PREPARE,
  DRIVER_RESET,
  DRIVER_SILENCED,
  DRIVER_SYNC_STOP,
  DRIVER_TRIGGER,
  HwChoice,
  deviceOf,
  logCall,
} from "./device";
import { bindCable, cableStarts, cableStops, carry, unbindCable } from "./loopback";
import {
  TRIGGER_PAUSE_PUSH,
  TRIGGER_PAUSE_RELEASE,
  TRIGGER_RESUME,
  TRIGGER_START,
  TRIGGER_STOP,
  TRIGGER_SUSPEND,
} from "./numbers";
import { Stream } from "./runtime";

/** Every call of the sound core down to the driver of a stream: to one of its own, or to the scripted device (device.ts). */

/** What a driver of its own answers to each call: DRIVER_* and what it is about. */
export type DriverEntry = (cpu: Cpu, stream: Stream, call: u32, argument: u64) => i64;

@inline
function askDriver(cpu: Cpu, stream: Stream, call: u32, argument: u64): i64 {
  const device = deviceOf(stream);
  return changetype<DriverEntry>(device.driver as usize)(cpu, stream, call, argument);
}

/** The calls that the test device only notes: open, close, hw_free. */
export function driverNote(cpu: Cpu, stream: Stream, call: u32): void {
  const device = deviceOf(stream);
  if (device.driver != 0) {
    askDriver(cpu, stream, call, 0);
    return;
  }
  logCall(device, call, 0);
  if (device.loopback && call == DRIVER_HW_FREE) unbindCable(device);
}

export function driverHwParams(cpu: Cpu, stream: Stream, choice: HwChoice): i32 {
  const device = deviceOf(stream);
  if (device.driver != 0) {
    return askDriver(cpu, stream, DRIVER_HW_PARAMS, changetype<usize>(choice)) as i32;
  }
  logCall(device, DRIVER_HW_PARAMS, 0);
  return 0;
}

/** Its answer is nobody's business: the next call will see. */
export function driverSyncStop(cpu: Cpu, stream: Stream): void {
  if (deviceOf(stream).driver != 0) askDriver(cpu, stream, DRIVER_SYNC_STOP, 0);
}

@inline
export function driverPointer(cpu: Cpu, stream: Stream): u64 {
  const device = deviceOf(stream);
  if (device.driver != 0) return askDriver(cpu, stream, DRIVER_POINTER, 0) & stream.mask;
  logCall(device, DRIVER_POINTER, 0);
  if (device.loopback) carry(stream);
  return device.position & stream.mask;
}

/** Prepare puts the position back to 0, also when it answers an error. */
export function driverPrepare(cpu: Cpu, stream: Stream): i32 {
  const device = deviceOf(stream);
  if (device.driver != 0) return askDriver(cpu, stream, DRIVER_PREPARE, 0) as i32;
  logCall(device, DRIVER_PREPARE, 0);
  device.position = 0;
  if (device.loopback) bindCable(stream);
  return device.prepareAnswer;
}

export function driverTrigger(cpu: Cpu, stream: Stream, command: u32): i32 {
  const device = deviceOf(stream);
  if (device.driver != 0) return askDriver(cpu, stream, DRIVER_TRIGGER, command) as i32;
  logCall(device, DRIVER_TRIGGER + command, 0);
  if (device.loopback && device.triggerAnswer >= 0) switchCable(stream, command);
  return device.triggerAnswer;
}

function switchCable(stream: Stream, command: u32): void {
  switch (command) {
    case TRIGGER_START:
    case TRIGGER_PAUSE_RELEASE:
    case TRIGGER_RESUME:
      cableStarts(stream);
      break;
    case TRIGGER_STOP:
    case TRIGGER_PAUSE_PUSH:
    case TRIGGER_SUSPEND:
      cableStops(stream);
      break;
    default: // a drain goes on moving
  }
}

@inline
export function driverAck(cpu: Cpu, stream: Stream, applPtr: u64): i32 {
  const device = deviceOf(stream);
  if (device.driver != 0) return askDriver(cpu, stream, DRIVER_ACK, applPtr) as i32;
  logCall(device, DRIVER_ACK, applPtr);
  return device.ackAnswer;
}

/** A device without a driver has nowhere to copy to. */
export function driverCopy(cpu: Cpu, stream: Stream, chunk: Chunk): i32 {
  if (deviceOf(stream).driver == 0) return 0;
  return askDriver(cpu, stream, DRIVER_COPY, changetype<usize>(chunk)) as i32;
}

export function driverFillSilence(cpu: Cpu, stream: Stream, place: u32, bytes: u32): i32 {
  if (deviceOf(stream).driver == 0) return 0;
  return askDriver(cpu, stream, DRIVER_FILL_SILENCE, ((place as u64) << 32) | bytes) as i32;
}

@inline
export function driverSilenced(cpu: Cpu, stream: Stream): void {
  if (deviceOf(stream).driver != 0) askDriver(cpu, stream, DRIVER_SILENCED, 0);
}

export function driverReset(cpu: Cpu, stream: Stream): i32 {
  return deviceOf(stream).driver == 0 ? 0 : (askDriver(cpu, stream, DRIVER_RESET, 0) as i32);
}
