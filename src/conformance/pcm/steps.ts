/** The cases and steps of the PCM traces (test/golden/pcm/README.md describes the format). */

import type {
  BookkeepingEntry,
  PageAccess,
  PcmDeviceName,
  PcmDirection,
  PcmDoor,
} from "./machine.ts";
import type { PcmRequestName } from "../../systems/pcm/requests.ts";
import type { HexText } from "../base/trace.ts";

/** Requests that name their number and point to a structure. */
export const structRequests = [
  "SYNC_PTR",
  "HW_REFINE",
  "HW_PARAMS",
  "SW_PARAMS",
  "STATUS",
  "STATUS_EXT",
  "DELAY",
  "FORWARD",
  "REWIND",
  "WRITEI",
  "READI",
  "WRITEN",
  "READN",
  "PVERSION",
  "USER_PVERSION",
  "TTSTAMP",
  "INFO",
  "CHANNEL_INFO",
  "RAW",
] as const;
type StructRequest = (typeof structRequests)[number];

/** Requests whose number is the same at every door. */
export const fixedRequests = [
  "HW_FREE",
  "HWSYNC",
  "PREPARE",
  "RESET",
  "START",
  "DROP",
  "DRAIN",
  "PAUSE",
  "RESUME",
  "XRUN",
  "LINK",
  "UNLINK",
] as const satisfies readonly PcmRequestName[];
type FixedRequest = (typeof fixedRequests)[number];

/** Commands to the test device, with the number of their arguments. */
export const deviceCommands = {
  "ctl.pos": 1,
  "ctl.elapsed": 0,
  "ctl.xrun": 0,
  "ctl.suspend": 0,
  "ctl.stop": 1,
  "ctl.poke": 4,
  "ctl.rets": 3,
  "ctl.delay": 1,
  "ctl.disconnect": 0,
} as const;
type DeviceCommand = keyof typeof deviceCommands;

/** Entries of the bookkeeping and their values. */
export type Entries = Readonly<Partial<Record<BookkeepingEntry, HexText | number>>>;

export type ByteRanges = readonly (readonly [offset: number, length: number])[];

/** What any step may carry besides its own keys. */
interface CommonKeys {
  readonly slot?: number;
  readonly ret?: number;
  readonly errno?: number;
  readonly pre?: Entries;
  readonly post?: Entries;
  readonly moved?: Entries;
  readonly drv?: readonly string[];
}

export interface OpenStep extends CommonKeys {
  readonly op: "OPEN";
  readonly device: PcmDeviceName;
  readonly stream: PcmDirection;
  readonly sub: number;
  readonly nonblock: boolean;
  readonly ret: number;
}

/** An ioctl whose argument is a structure, a plain number or nothing. */
export interface RequestStep extends CommonKeys {
  readonly op: StructRequest | FixedRequest;
  readonly cmd?: HexText;
  readonly addr?: HexText;
  readonly mem?: PageAccess;
  readonly in?: string;
  readonly out?: string;
  readonly skip?: ByteRanges;
  readonly entry?: PcmDoor;
  readonly arg?: HexText;
  readonly other_slot?: number;
}

/** HW_PARAMS with one value for each of six parameters, and what it answered. */
export interface SingleValuesStep extends CommonKeys {
  readonly op: "HW_PARAMS";
  readonly cmd: HexText;
  readonly entry?: PcmDoor;
  readonly access: number;
  readonly format: number;
  readonly flags?: number;
  readonly channels: number;
  readonly rate: number;
  readonly period_size: number;
  readonly buffer_size: number;
  readonly frame_bits: number;
  readonly info: HexText;
}

export interface UserDataStep extends CommonKeys {
  readonly op: "user_data";
  readonly pages: number;
  readonly seed: number;
}

export interface CheckStep extends CommonKeys {
  readonly op: "check_user_data" | "check_ring";
  readonly offset: number;
  readonly len: number;
  readonly bytes: string;
}

export interface FillRingStep extends CommonKeys {
  readonly op: "fill_ring";
  readonly offset: number;
  readonly len: number;
  readonly seed: number;
}

export interface TransferStep extends CommonKeys {
  readonly op: "read" | "write";
  readonly offset: number;
  readonly len: number;
}

export interface PollStep extends CommonKeys {
  readonly op: "POLL";
  readonly revents: HexText;
}

export interface MmapStep extends CommonKeys {
  readonly op: "MMAP";
  readonly area: string;
  readonly offset: HexText;
  readonly len: number;
  readonly prot: number;
}

export interface ReadPageStep extends CommonKeys {
  readonly op: "read_page";
  readonly area: string;
  readonly offset: number;
  readonly len: number;
  readonly bytes: string;
  readonly skip?: ByteRanges;
}

export interface WritePageStep extends CommonKeys {
  readonly op: "write_page";
  readonly area: string;
  readonly offset: number;
  readonly bytes: string;
}

export interface DeviceStep extends CommonKeys {
  readonly op: DeviceCommand;
  readonly args?: readonly HexText[];
}

export interface SystemStep extends CommonKeys {
  readonly op: "system";
  readonly file: string;
  readonly text: string;
}

export interface WaitStep extends CommonKeys {
  readonly op: "wait";
  readonly us: number;
}

export interface BareStep extends CommonKeys {
  readonly op: "PEEK" | "CLOSE";
}

export type PcmStep =
  | OpenStep
  | RequestStep
  | SingleValuesStep
  | UserDataStep
  | CheckStep
  | FillRingStep
  | TransferStep
  | PollStep
  | MmapStep
  | ReadPageStep
  | WritePageStep
  | DeviceStep
  | SystemStep
  | WaitStep
  | BareStep;

export interface PcmCase {
  readonly id: string;
  readonly kernel: string;
  readonly abi: PcmDoor;
  readonly kind: string;
  readonly setup: {
    readonly device: PcmDeviceName;
    readonly stream: PcmDirection;
    readonly limits?: Readonly<Record<string, number>>;
  };
  readonly nondeterministic?: boolean;
  readonly steps: readonly PcmStep[];
}

/** True for the HW_PARAMS form that names single values in place of the structure's bytes. */
export function isSingleValues(step: object): step is SingleValuesStep {
  return "op" in step && step.op === "HW_PARAMS" && "access" in step;
}

/** Operations that need no open file. */
const slotless: ReadonlySet<PcmStep["op"]> = new Set([
  "OPEN",
  "user_data",
  "check_user_data",
  "wait",
  "system",
]);

/** Operations on an open file that do not end with a look at its bookkeeping. */
const unobserved: ReadonlySet<PcmStep["op"]> = new Set([
  "CLOSE",
  "fill_ring",
  "check_ring",
  "read_page",
  "write_page",
]);

/** True for an operation on an open file. */
export function usesSlot(op: PcmStep["op"]): boolean {
  return !slotless.has(op);
}

/** True when the slot's bookkeeping and driver calls were recorded after the step. */
export function isObserved({ op, post, moved, drv }: PcmStep): boolean {
  if (!usesSlot(op)) return false;
  return !unobserved.has(op) || post !== undefined || moved !== undefined || drv !== undefined;
}
