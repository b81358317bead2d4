import type { CoreMemory } from "../../machine/coreMemory.ts";
import type { PcmFile } from "./file.ts";

/** Open files whose device has callbacks, by machine: a call on one file may ask the devices of linked ones. */
const attended = new WeakMap<CoreMemory, Set<PcmFile>>();

/** The one machine whose devices are being asked: a callback that makes a call of its own asks nobody again. */
let asking = false;

/** From now on the file's device is asked and told. */
export function attend(machine: CoreMemory, file: PcmFile): void {
  const files = attended.get(machine);
  if (files === undefined) attended.set(machine, new Set([file]));
  else files.add(file);
}

export function dismiss(machine: CoreMemory, file: PcmFile): void {
  attended.get(machine)?.delete(file);
}

/** Asks every device that moves where it stands. */
export function askDevices(machine: CoreMemory): void {
  visit(machine, (file) => file.askPosition());
}

/** Tells every device what its driver was asked. */
export function tellDevices(machine: CoreMemory): void {
  visit(machine, (file) => file.tellCalls());
}

function visit(machine: CoreMemory, use: (file: PcmFile) => void): void {
  const files = attended.get(machine);
  if (files === undefined || asking) return;
  asking = true;
  try {
    for (const file of files) if (file.isOpen) use(file);
  } finally {
    asking = false;
  }
}
