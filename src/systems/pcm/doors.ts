import { UsageError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import type { ConstantName } from "../../core/exports.ts";
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

/** The core's number of a door. @throws UsageError for one that the machine's kernel has not */
export function doorNumber(machine: CoreMemory, name: PcmDoor): number {
  oneOf("door", name, pcmDoorNames);
  const open = doors.filter(({ abi }) => abi === null || abiExistsOn(abi, machine.arch));
  const door = open.find((candidate) => candidate.name === name);
  if (door !== undefined) return machine.constant(door.constant);
  throw new UsageError({
    argument: "door",
    problem: `${name} does not exist on ${machine.arch}`,
    valid: open.map((candidate) => candidate.name).join(", "),
  });
}

/** Bytes of a word at a door. */
export function wordBytesAt(machine: CoreMemory, door: PcmDoor): WordBytes {
  return door === "native" && machine.wordBytes === 8 ? 8 : 4;
}
