import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";

/** The names of the driver's callbacks, as the recordings write them. */
const callNames = [
  ["DRIVER_OPEN", "open"],
  ["DRIVER_CLOSE", "close"],
  ["DRIVER_HW_PARAMS", "hw_params"],
  ["DRIVER_HW_FREE", "hw_free"],
  ["DRIVER_PREPARE", "prepare"],
  ["DRIVER_POINTER", "pointer"],
  ["DRIVER_ACK", "ack"],
] as const satisfies readonly (readonly [ConstantName, string])[];

const triggerNames = [
  ["TRIGGER_STOP", "stop"],
  ["TRIGGER_START", "start"],
  ["TRIGGER_PAUSE_PUSH", "pause_push"],
  ["TRIGGER_PAUSE_RELEASE", "pause_release"],
  ["TRIGGER_SUSPEND", "suspend"],
  ["TRIGGER_RESUME", "resume"],
  ["TRIGGER_DRAIN", "drain"],
] as const satisfies readonly (readonly [ConstantName, string])[];

/** One call down to the driver. */
export interface DriverCall {
  /** open, close, hw_params, hw_free, prepare, pointer, ack, or trigger: and its command. */
  readonly name: string;
  /** appl_ptr of an ack; 0 otherwise. */
  readonly argument: bigint;
}

/** Takes the driver's calls since the last question out of a stream's log, oldest first. */
export function takeDriverLog(machine: CoreMemory, stream: number): DriverCall[] {
  const word = (address: number): number => machine.words[address >>> 2]!;
  const device = word(stream + machine.constant("STREAM_DEVICE"));
  const log = word(device + machine.constant("DEVICE_LOG"));
  const countAt = device + machine.constant("DEVICE_LOG_COUNT");
  const count = word(countAt);
  if (count === 0) return [];
  const names = nameTable(machine);
  const calls = Array.from({ length: count }, (_, index) => {
    const at = log + index * machine.constant("DRIVER_CALL_BYTES");
    const name = names.get(word(at + machine.constant("DRIVER_CALL_CALL")))!;
    return { name, argument: machine.wideAt(at + machine.constant("DRIVER_CALL_ARGUMENT")) };
  });
  machine.words[countAt >>> 2] = 0;
  return calls;
}

function nameTable(machine: CoreMemory): Map<number, string> {
  const names = new Map<number, string>(
    callNames.map(([constant, name]) => [machine.constant(constant), name]),
  );
  for (const [constant, name] of triggerNames) {
    names.set(machine.constant("DRIVER_TRIGGER") + machine.constant(constant), `trigger:${name}`);
  }
  return names;
}
