import { byteArray, nameOf, objectOf, optional, whole } from "../../base/checks.ts";
import type { ConstantName } from "../../core/exports.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import type { CoreCard } from "./coreCard.ts";
import { queueNames } from "./description.ts";

const ALL = 2 ** 32 - 1;

/** How the device returns messages. */
export interface CompleteRequest {
  readonly queue: "tx" | "rx";
  /** How many. Default 1. */
  readonly count?: number;
  /** Position among those that wait, 0 the oldest. Default 0. */
  readonly first?: number;
  /** Default OK. */
  readonly status?: number;
  /** Default 0. */
  readonly latency?: number;
  /** rx: bytes captured. Default all. */
  readonly captured?: number;
  /** Stored as the used length instead of the truth. */
  readonly usedLength?: number;
  /** rx: what is captured, from its start in each message; absent: the message keeps its bytes. */
  readonly source?: Uint8Array;
  /** Default "one": one interrupt after all. */
  readonly interrupts?: InterruptRule;
}

const interruptRules = {
  one: "INTERRUPT_ONCE",
  each: "INTERRUPT_EACH",
  each_settled: "INTERRUPT_SETTLED",
  none: "INTERRUPT_NEVER",
} as const satisfies Record<string, ConstantName>;
export type InterruptRule = keyof typeof interruptRules;
const interruptNames = Object.keys(interruptRules) as readonly InterruptRule[];

const completeRequest = objectOf<CompleteRequest>({
  queue: nameOf(["tx", "rx"]),
  count: optional(whole(0, ALL)),
  first: optional(whole(0, ALL)),
  status: optional(whole(0, ALL)),
  latency: optional(whole(0, ALL)),
  captured: optional(whole(0, ALL)),
  usedLength: optional(whole(0, ALL)),
  source: optional(byteArray),
  interrupts: optional(nameOf(interruptNames)),
});

/** The device returns messages, `record` being the core's record of how: how many were, or −2 where none waited. */
export function completeMessages(core: CoreCard, record: number, request: CompleteRequest): number {
  completeRequest("request", request);
  const { machine } = core;
  const { queue, count = 1, first = 0, interrupts = "one", source } = request;
  core.storeBytes("SOUND_DEVICE_SOURCE", source ?? new Uint8Array());
  const set = (field: ConstantName, value: number): void => {
    machine.words[(record + machine.constant(field)) >>> 2] = value;
  };
  set("COMPLETION_STATUS", request.status ?? coreConstants.STATUS_OK);
  set("COMPLETION_LATENCY", request.latency ?? 0);
  set("COMPLETION_CAPTURED", request.captured ?? ALL);
  set("COMPLETION_USED_LENGTH", request.usedLength ?? ALL);
  return machine.exports.virtioComplete(
    0,
    core.address,
    queueNames.indexOf(queue),
    count,
    first,
    machine.constant(interruptRules[interrupts]),
    record,
  );
}
