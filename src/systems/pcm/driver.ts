import type { CoreMemory } from "../../machine/coreMemory.ts";

/** A device that is asked before a call into the core and told after it. */
export interface Attended {
  /** Nobody asks or tells once its substream is gone. */
  readonly isThere: boolean;
  askPosition(): void;
  tellCalls(): void;
}

/** Devices of open files, by machine: a call on one file may ask the devices of linked ones. */
const attended = new WeakMap<CoreMemory, Set<Attended>>();

/** The one machine whose devices are being asked: a callback that makes a call of its own asks nobody again. */
let asking = false;

/** From now on the device is asked and told. */
export function attend(machine: CoreMemory, device: Attended): void {
  const devices = attended.get(machine);
  if (devices === undefined) attended.set(machine, new Set([device]));
  else devices.add(device);
}

export function dismiss(machine: CoreMemory, device: Attended): void {
  attended.get(machine)?.delete(device);
}

/** Asks every device that moves where it stands. */
export function askDevices(machine: CoreMemory): void {
  visit(machine, (device) => device.askPosition());
}

/** Tells every device what its driver was asked. */
export function tellDevices(machine: CoreMemory): void {
  visit(machine, (device) => device.tellCalls());
}

function visit(machine: CoreMemory, use: (device: Attended) => void): void {
  const devices = attended.get(machine);
  if (devices === undefined || asking) return;
  asking = true;
  try {
    for (const device of devices) if (device.isThere) use(device);
  } finally {
    asking = false;
  }
}
