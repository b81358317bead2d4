import { callback, checkThat, flag, objectOf, optional, whole } from "../../base/checks.ts";
import { oneOf } from "../../base/nearest.ts";
import type { DriverCall } from "./driverLog.ts";
import {
  deviceLimits,
  deviceProfiles,
  pcmConstraints,
  type PcmConstraint,
  type PcmDeviceLimits,
} from "./params/index.ts";
import type { PcmSubstream } from "./substream.ts";

/**
 * A sound device of your own. The core calls nothing of the host's: `pointer` is asked before each call that can read
 * the position, `called` is told afterwards what the driver was asked. So both may use the machine as they like; what
 * the driver answers to prepare, triggers and acks is set beforehand, with {@link PcmSubstream.setAnswers}.
 */
export interface PcmDevice {
  /** What INFO gives as id and name. Default "octl", as the test device of the recordings. */
  readonly name?: string;
  /** Devices of one card are removed together; each is suspended by itself. Default 3, the test device's. */
  readonly card?: number;
  /** How many files of a direction INFO counts; more may be open. Default 1. */
  readonly substreams?: number;
  /** What it can do; whatever is not named is as the test device has it. */
  readonly limits?: Partial<PcmDeviceLimits>;
  /** What its driver adds to the limits when it is opened. Default nothing. */
  readonly constraints?: readonly PcmConstraint[];
  /** It has a copy callback of its own: transfers leave the ring and user memory alone. Default false. */
  readonly ownCopy?: boolean;
  /**
   * Where the device stands in its ring, in frames from 0 to buffer_size − 1, or "xrun". Asked while it moves. What it
   * answers besides, and an exception, counts as 0 and is the finding `pcm-position`, as the kernel's own check. The
   * finding's address is the position; one that no kernel's word holds stands there as the word's largest number but
   * one, and the stream's `pointerError` says what it was.
   */
  readonly pointer?: (substream: PcmSubstream) => number | bigint | "xrun";
  /**
   * Told each call down to the driver once the system call is over, oldest first. What it throws does not reach the
   * caller: the stream keeps it as `calledError`.
   */
  readonly called?: (call: DriverCall, substream: PcmSubstream) => void;
}

/** The devices of the recordings; they stand where {@link PcmSubstream.setPosition} puts them. */
const profiles = {
  /** The scripted test device. */
  ctl: { name: "octl", card: 3, substreams: 1, ownCopy: false, loopback: false },
  /** sound/drivers/dummy.c */
  dummy: { name: "Dummy PCM", card: 1, substreams: 8, ownCopy: true, loopback: false },
  /** sound/drivers/aloop.c: what device 0 plays, device 1 captures, and the other way round. */
  aloop: { name: "Loopback PCM", card: 2, substreams: 8, ownCopy: false, loopback: true },
} as const;

export type PcmDeviceName = keyof typeof profiles;

export const pcmDeviceNames = Object.keys(profiles) as readonly PcmDeviceName[];

/** How many files of a direction the recorded device has. */
export function substreamsOf(device: PcmDeviceName): number {
  return profiles[device].substreams;
}

/** A device with nothing left open. */
export interface CompleteDevice extends Required<Omit<PcmDevice, "pointer" | "called" | "limits">> {
  readonly limits: PcmDeviceLimits;
  readonly loopback: boolean;
  readonly pointer: PcmDevice["pointer"];
  readonly called: PcmDevice["called"];
  /** Binds an open stream to a driver of its own in the core, and opens that: 0 or −errno. */
  readonly attach?: (cpu: number, stream: number) => number;
}

/** A device with a driver of its own; made by that driver's room. */
export class DriverDevice implements CompleteDevice {
  readonly substreams = 1;
  readonly ownCopy = false;
  readonly loopback = false;
  readonly constraints = [];
  readonly pointer = undefined;
  readonly called = undefined;
  readonly name: string;
  readonly card: number;
  readonly limits: PcmDeviceLimits;
  readonly attach: NonNullable<CompleteDevice["attach"]>;

  constructor({
    name,
    card,
    limits,
    attach,
  }: Pick<DriverDevice, "name" | "card" | "limits" | "attach">) {
    this.name = name;
    this.card = card;
    this.limits = limits;
    this.attach = attach;
  }
}

const MOST_NAME_BYTES = 63;
const MOST = 2 ** 32 - 1;

const ownDevice = objectOf<PcmDevice>({
  name: optional(checkThat(`a string of up to ${MOST_NAME_BYTES} bytes`, isName)),
  card: optional(whole(0, MOST)),
  substreams: optional(whole(1, MOST)),
  limits: optional(deviceLimits),
  constraints: optional(pcmConstraints),
  ownCopy: optional(flag),
  pointer: optional(callback),
  called: optional(callback),
});

function isName(value: unknown): boolean {
  return typeof value === "string" && nameBytes(value).length <= MOST_NAME_BYTES;
}

/** @throws UsageError for an unknown name, and for whatever of an own device cannot be */
export function completeDevice(device: PcmDeviceName | PcmDevice): CompleteDevice {
  if (typeof device === "string") {
    const name = oneOf("device", device, pcmDeviceNames);
    return {
      ...profiles[name],
      limits: deviceProfiles[name],
      constraints: [],
      pointer: undefined,
      called: undefined,
    };
  }
  if (device instanceof DriverDevice) return device;
  ownDevice("device", device);
  const { name, card, substreams, constraints = [], ownCopy, pointer, called } = device;
  return {
    name: name ?? profiles.ctl.name,
    card: card ?? profiles.ctl.card,
    substreams: substreams ?? profiles.ctl.substreams,
    ownCopy: ownCopy ?? false,
    loopback: false,
    constraints,
    limits: { ...deviceProfiles.ctl, ...defined(device.limits ?? {}) },
    pointer,
    called,
  };
}

/** The limits that were given a value. */
function defined(limits: Partial<PcmDeviceLimits>): Partial<PcmDeviceLimits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** The name as INFO gives it. */
export function nameBytes(name: string): Uint8Array {
  return new TextEncoder().encode(name);
}
