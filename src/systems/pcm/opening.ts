import { flag, nameOf, optional, whole, type Check, type Shape } from "../../base/checks.ts";
import { errnoNameOf } from "../../base/errno.ts";
import { FaultlineError } from "../../base/errors.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import type { Task } from "../../machine/task.ts";
import { unmapped } from "../../machine/unmapped.ts";
import { cableRulesOf } from "./cable.ts";
import {
  completeDevice,
  nameBytes,
  type CompleteDevice,
  type PcmDevice,
  type PcmDeviceName,
} from "./device.ts";
import { constraintsFor, driverConstraints, type HwConstraints } from "./params/index.ts";
import { pcmDirections, type PcmDirection } from "./states.ts";

const MOST_NUMBER = 2 ** 31 - 1;
const EINVAL = 22;

/** What a file is opened with. */
export interface PcmOpenOptions {
  readonly direction?: PcmDirection;
  /** One of the recorded devices, or your own. Default "ctl", the test device of the recordings. */
  readonly device?: PcmDeviceName | PcmDevice;
  /** The device's number on its card. Default 0. */
  readonly number?: number;
  /** O_NONBLOCK. Default false. */
  readonly nonblock?: boolean;
}

/** A device is checked as it is completed. */
const anyDevice: Check = (_, value) => void completeDevice(value as PcmDevice);

export const openOptions: Shape<PcmOpenOptions> = {
  direction: optional(nameOf(pcmDirections)),
  device: optional(anyDevice),
  number: optional(whole(0, MOST_NUMBER)),
  nonblock: optional(flag),
};

/** A substream that open(2) has made. */
export interface OpenedSubstream {
  /** Linear address of its record in the core. */
  readonly record: number;
  readonly direction: PcmDirection;
  readonly device: CompleteDevice;
  /** What negotiation starts from. */
  readonly constraints: HwConstraints;
}

/**
 * open(2) of a substream, its options checked.
 * @throws FaultlineError "open-failed" for limits nothing can meet or a driver that refuses, "no-memory" when RAM is
 *   full
 */
export function openSubstream(
  { machine, cpu }: Pick<Task, "machine" | "cpu">,
  options: PcmOpenOptions,
): OpenedSubstream {
  unmapped(machine); // another thread's call may have released a file, and nobody took its record yet
  const { direction = "playback" } = options;
  const device = completeDevice(options.device ?? "ctl");
  let deviceRecord = 0;
  const deviceWord = (field: ConstantName): number =>
    machine.words[(deviceRecord + machine.constant(field)) >>> 2]!;
  const constraints = openConstraints(device, deviceWord);
  const record =
    machine.exports.pcmOpen(
      cpu,
      pcmDirections.indexOf(direction),
      device.card,
      options.number ?? 0,
      device.limits.info >>> 0,
      kindOf(machine, device),
      options.nonblock === true ? 1 : 0,
    ) >>> 0;
  if (record === 0) throw new FaultlineError("no-memory", "RAM is full: no stream record");
  deviceRecord = machine.words[(record + machine.constant("STREAM_DEVICE")) >>> 2]!;
  describe(machine, deviceRecord, device);
  attachDriver(machine, cpu, record, device);
  return { record, direction, device, constraints };
}

/** A driver that refuses leaves nothing open. */
function attachDriver(
  { exports }: CoreMemory,
  cpu: number,
  record: number,
  { attach }: CompleteDevice,
): void {
  const result = attach?.(cpu, record) ?? 0;
  if (result === 0) return;
  exports.pcmShut(cpu, record);
  exports.pcmFree(record);
  const message = `open gave -${errnoNameOf(-result)}: the driver refused`;
  throw new FaultlineError("open-failed", message, { errno: -result });
}

function kindOf(machine: CoreMemory, { ownCopy, loopback }: CompleteDevice): number {
  return (
    (ownCopy ? machine.constant("DEVICE_OWN_COPY") : 0) |
    (loopback ? machine.constant("DEVICE_LOOPBACK") : 0)
  );
}

function openConstraints(
  { limits, loopback, constraints: added }: CompleteDevice,
  deviceWord: (field: ConstantName) => number,
): HwConstraints {
  const { narrow, rules } = driverConstraints(added);
  const cable = loopback ? cableRulesOf(limits, deviceWord) : [];
  const { constraints } = constraintsFor(limits, { narrow, rules: [...rules, ...cable] });
  if (constraints !== undefined) return constraints;
  throw new FaultlineError(
    "open-failed",
    `open gave ${-EINVAL}: no configuration meets the device's limits`,
  );
}

/** What INFO tells of the device. */
function describe(machine: CoreMemory, deviceRecord: number, device: CompleteDevice): void {
  machine.bytes.set(nameBytes(device.name), deviceRecord + machine.constant("DEVICE_NAME"));
  const substreams = (deviceRecord + machine.constant("DEVICE_SUBSTREAMS")) >>> 2;
  machine.words[substreams] = device.substreams;
}
