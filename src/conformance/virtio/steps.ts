/** The cases of virtio-snd as they stand in the traces (test/golden/virtio-snd/README.md). */

import type { VirtioQueueName, VirtioRequestName } from "../../systems/virtio/description.ts";
import type { JsonObject, Word } from "../base/trace.ts";

export interface StreamDescription {
  readonly nid: number;
  readonly features: number;
  readonly formats: Word;
  readonly rates: Word;
  readonly direction: number;
  readonly channels: readonly [number, number];
}

export interface RuleDescription {
  readonly request: VirtioRequestName;
  readonly skip?: number;
  readonly times?: number;
  readonly status?: Word;
  readonly action?: "never" | "later";
  readonly used_len?: number;
  readonly keep?: number;
}

export interface DeviceDescription {
  readonly features: readonly ("INDIRECT_DESC" | "EVENT_IDX")[];
  readonly version_1?: boolean;
  readonly queues: readonly [number, number, number, number];
  readonly streams: readonly StreamDescription[];
  readonly jacks?: readonly string[];
  readonly chmaps?: readonly string[];
  readonly params?: Readonly<Record<string, number>>;
  readonly rules?: readonly RuleDescription[];
  readonly eager_rx?: number;
  readonly merge_pieces?: number;
  readonly release_latency?: number;
}

/** A pattern of bytes. */
export interface Fill {
  readonly fill?: "const" | "ramp" | "period";
  readonly value?: number;
  readonly fill_period?: number;
}

/** What a device is told to do. */
export type DeviceOperation =
  | { readonly dev: "plug" | "suspend" | "resume" }
  | (Fill & {
      readonly dev: "complete";
      readonly queue: "tx" | "rx";
      readonly n: number;
      readonly first?: number;
      readonly status?: Word;
      readonly latency?: Word;
      readonly captured?: number;
      readonly used_len?: Word;
      readonly interrupts?: "one" | "each" | "each_settled" | "none";
    })
  | { readonly dev: "spin"; readonly queue: "tx" | "rx"; readonly n: number }
  | { readonly dev: "interrupt" | "look"; readonly queue: VirtioQueueName }
  | { readonly dev: "event"; readonly code: Word; readonly data: number }
  | { readonly dev: "answer"; readonly status: Word }
  | ({ readonly dev: "rule" } & RuleDescription)
  | { readonly dev: "used_flags"; readonly queue: VirtioQueueName; readonly value: number }
  | { readonly dev: "layout"; readonly stream: number; readonly pieces: readonly number[] };

interface OfSlot {
  readonly slot: number;
  readonly background?: number;
}

/** HW_REFINE and HW_PARAMS: single values, −1 or 0 for what stays open. */
export interface ParameterOperation extends OfSlot {
  readonly app: "HW_REFINE" | "HW_PARAMS";
  readonly access: number;
  readonly format: number;
  readonly channels: number;
  readonly rate: number;
  readonly period_size?: number;
  readonly buffer_size?: number;
  readonly entry?: "i386";
}

/** What an application does. */
export type ApplicationOperation =
  | (OfSlot & { readonly app: "OPEN"; readonly stream: number; readonly nonblock: boolean })
  | ParameterOperation
  | (OfSlot & {
      readonly app: "SW_PARAMS";
      readonly start_threshold: Word;
      readonly stop_threshold: Word;
      readonly avail_min: Word;
      readonly silence_threshold: Word;
      readonly silence_size: Word;
    })
  | (OfSlot & Fill & { readonly app: "WRITEI"; readonly frames: number })
  | (OfSlot & { readonly app: "READI"; readonly frames: number })
  | (OfSlot & { readonly app: "FORWARD" | "REWIND"; readonly frames: number })
  | (OfSlot & { readonly app: "POLL" })
  | (OfSlot & {
      readonly app: "SYNC_PTR";
      readonly flags: number;
      readonly appl_ptr: Word | `B${string}`;
      readonly avail_min: Word;
    })
  | (OfSlot & { readonly app: "PAUSE"; readonly arg: number })
  | (OfSlot & {
      readonly app: "MMAP";
      readonly area: "data" | "status" | "control";
      readonly len: number;
    })
  | (OfSlot & Fill & { readonly app: "store"; readonly offset: number; readonly len: number })
  | (OfSlot & { readonly app: "load"; readonly offset: number; readonly len: number })
  | (OfSlot & { readonly app: "store_appl_ptr"; readonly value: Word })
  | (OfSlot & {
      readonly app:
        | "CLOSE"
        | "STATUS"
        | "DELAY"
        | "HWSYNC"
        | "PREPARE"
        | "HW_FREE"
        | "DROP"
        | "START"
        | "DRAIN"
        | "RESET"
        | "RESUME"
        | "XRUN";
    })
  | { readonly app: "join" }
  | {
      readonly app: "repeat";
      readonly n: number;
      readonly call: string;
      readonly then: string;
    };

export type VirtioSndOperation = DeviceOperation | ApplicationOperation;

/** A step: an operation, and what was recorded of it beside. */
export type VirtioSndStep = VirtioSndOperation & { readonly ret: number; readonly errno?: number };

export interface VirtioSndCase {
  readonly id: string;
  readonly kernel: string;
  readonly release: string;
  readonly kind: string;
  readonly device: DeviceDescription;
  readonly steps: readonly VirtioSndStep[];
  readonly nondeterministic?: { readonly step: number; readonly fields: readonly string[] };
}

/** A step's recorded answers by their names. */
export type Recorded = JsonObject;

export function operationName(operation: VirtioSndOperation): string {
  return "app" in operation ? operation.app : operation.dev;
}
