import { UsageError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { ArchName } from "../../machine/arch.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import { abiExistsOn, type AbiName } from "./abi.ts";
import type { WordBytes } from "./params/index.ts";

/** System call doors: the door decides how a request is read, not the program (sound/core/pcm_compat.c). */
const doors = [
  { name: "native", constant: "DOOR_NATIVE", abi: null },
  { name: "i386", constant: "DOOR_I386", abi: "compat-time64" },
  { name: "x32", constant: "DOOR_X32", abi: "x32" },
] as const satisfies readonly {
  readonly name: string;
  readonly constant: ConstantName;
  /** The ABI that a kernel with this door has; null: every kernel has the door. */
  readonly abi: AbiName | null;
}[];

/**
 * native: the kernel's own programs; i386: 32-bit programs on a 64-bit kernel, on other architectures under another
 * name; x32: x86-64 only.
 */
export type PcmDoor = (typeof doors)[number]["name"];

export const pcmDoorNames: readonly PcmDoor[] = doors.map(({ name }) => name);

/** The doors that an architecture's kernel has. */
function doorsOn(arch: ArchName): readonly PcmDoor[] {
  return doors.filter(({ abi }) => abi === null || abiExistsOn(abi, arch)).map(({ name }) => name);
}

/** @throws UsageError for a door that the architecture's kernel has not, under the name that the caller gives it */
export function requireDoor(argument: string, name: PcmDoor, arch: ArchName): void {
  const open = doorsOn(arch);
  if (open.includes(oneOf(argument, name, pcmDoorNames))) return;
  throw new UsageError({
    argument,
    problem: `${name} does not exist on ${arch}`,
    valid: open.join(", "),
  });
}

/** The core's number of a door. @throws UsageError for one that the machine's kernel has not */
export function doorNumber(machine: CoreMemory, name: PcmDoor): number {
  requireDoor("door", name, machine.arch);
  return machine.constant(doors.find((door) => door.name === name)!.constant);
}

/** Bytes of a word at a door. */
export function wordBytesAt(machine: CoreMemory, door: PcmDoor): WordBytes {
  return door === "native" && machine.wordBytes === 8 ? 8 : 4;
}
