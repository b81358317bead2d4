/** What perf_event_open refuses because of the attributes alone (kernel/events/core.c, 6.18). */

import { errnos } from "../../base/errno.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import type { Attributes } from "./attributes.ts";
import {
  bitsOf,
  eventFlags,
  readFormats,
  sampleTypes,
  type EventFlag,
  type SampleType,
} from "./names.ts";

const { EACCES, EINVAL, ENOENT, EOPNOTSUPP, EOVERFLOW, EPERM } = errnos;

/** The newest flag that 6.18 knows. */
const LAST_FLAG: EventFlag = "sigtrap";
/** Bits of branch_sample_type: those that say in which mode, and how many there are in all. */
const BRANCH_MODES = 7n;
const BRANCH_BITS = 20n;
/** Bits of aux_action: what to do with AUX data when the event occurs, or is opened. */
const AUX_START_PAUSED = 1n;
const AUX_KNOWN = 7n;
/** The field of 16 bits for the size of a stack dump must not be full. */
const MOST_STACK = 65_535n;
const SIGN_BIT = 1n << 63n;
/** kernel.perf_event_max_sample_rate and perf_event_max_stack. */
const MOST_RATE = 100_000n;
export const MOST_FRAMES = 127n;
/** REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME, TAI. */
const clocks = [0n, 1n, 4n, 7n, 11n];
const HALF = 32n;
const WORD_BYTES = 8n;

/** Attributes with questions about their bits. */
export class AttributeView {
  readonly machine: CoreMemory;
  readonly attributes: Attributes;
  readonly #sampleType: bigint;
  readonly #flags: bigint;

  constructor(machine: CoreMemory, attributes: Attributes) {
    this.machine = machine;
    this.attributes = attributes;
    this.#sampleType = attributes.get("sample_type");
    this.#flags = attributes.get("flags");
  }

  samples(...names: SampleType[]): boolean {
    return (this.#sampleType & bitsOf(sampleTypes, names)) !== 0n;
  }

  has(flag: EventFlag): boolean {
    return (this.#flags & bitsOf(eventFlags, [flag])) !== 0n;
  }

  /** The type's number in the core (TYPE_*) is this one. */
  isOf(type: "TYPE_SOFTWARE" | "TYPE_TRACEPOINT" | "TYPE_BREAKPOINT"): boolean {
    return this.attributes.get("type") === BigInt(this.machine.constant(type));
  }
}

/** One thing that must hold, and the error if it does not. */
type Rule = (view: AttributeView) => number;

function all(view: AttributeView, rules: readonly Rule[]): number {
  for (const rule of rules) {
    const error = rule(view);
    if (error !== 0) return error;
  }
  return 0;
}

function must(holds: boolean, error: number = EINVAL): number {
  return holds ? 0 : -error;
}

/** perf_copy_attr, after the bytes were copied. */
export function checkCopied(view: AttributeView): number {
  return all(view, [
    reservedAreZero,
    branchMask,
    (v) => (v.samples("REGS_USER") ? registerMask(v, "sample_regs_user") : 0),
    stackSize,
    (v) => (v.samples("REGS_INTR") ? registerMask(v, "sample_regs_intr") : 0),
    (v) => must(!(v.samples("WEIGHT") && v.samples("WEIGHT_STRUCT"))),
    (v) => must(v.has("inherit") || !v.has("inherit_thread")),
    (v) => must(!(v.has("remove_on_exec") && v.has("enable_on_exec"))),
    (v) => must(v.has("remove_on_exec") || !v.has("sigtrap")),
  ]);
}

function reservedAreZero({ attributes }: AttributeView): number {
  const flags = BigInt(eventFlags.indexOf(LAST_FLAG) + 1);
  return must(
    attributes.get("flags") >> flags === 0n &&
      attributes.get("reserved2") === 0n &&
      attributes.get("aux_action") <= AUX_KNOWN &&
      attributes.get("sample_type") >> BigInt(sampleTypes.length) === 0n &&
      attributes.get("read_format") >> BigInt(readFormats.length) === 0n,
  );
}

function branchMask(view: AttributeView): number {
  if (!view.samples("BRANCH_STACK")) return 0;
  const mask = view.attributes.get("branch_sample_type");
  return must(mask >> BRANCH_BITS === 0n && (mask & ~BRANCH_MODES) !== 0n);
}

/** perf_reg_validate of a 64-bit kernel. */
function registerMask(
  { machine, attributes }: AttributeView,
  field: "sample_regs_user" | "sample_regs_intr",
): number {
  const mask = attributes.get(field);
  const refused = machine.constant("REGS_RESERVED") | machine.constant("REGS_SEGMENTS");
  return must(mask !== 0n && (mask & BigInt(refused >>> 0)) === 0n);
}

function stackSize(view: AttributeView): number {
  if (!view.samples("STACK_USER")) return 0;
  const bytes = view.attributes.get("sample_stack_user");
  return must(bytes < MOST_STACK && bytes % WORD_BYTES === 0n);
}

/** Who may open such an event at all (perf_event_paranoid 2), and periods that no event can have. */
export function checkRights(view: AttributeView, privileged: boolean): number {
  return all(view, [
    (v) => must(privileged || v.has("exclude_kernel"), EACCES),
    (v) => must(privileged || !v.has("namespaces"), EACCES),
    periodFits,
    (v) => must(privileged || !v.samples("PHYS_ADDR"), EACCES),
  ]);
}

function periodFits(view: AttributeView): number {
  const period = view.attributes.get("sample_period");
  return must(view.has("freq") ? period <= MOST_RATE : (period & SIGN_BIT) === 0n);
}

/** A period that a running event may be given. */
export function mayBePeriod(view: AttributeView, period: bigint): boolean {
  return period !== 0n && (view.has("freq") ? period <= MOST_RATE : (period & SIGN_BIT) === 0n);
}

/** perf_event_alloc: what depends on the source of events. */
export function checkEvent(view: AttributeView, privileged: boolean): number {
  return all(view, [
    (v) => must(!v.has("inherit") || !v.samples("READ") || v.samples("TID")),
    (v) => source(v, privileged),
    (v) => must(!hasVectors(v), EOPNOTSUPP),
    auxiliary,
    (v) =>
      must(
        !v.samples("CALLCHAIN") || v.attributes.get("sample_max_stack") <= MOST_FRAMES,
        EOVERFLOW,
      ),
    (v) => must(!v.has("use_clockid") || clocks.includes(v.attributes.get("clockid"))),
  ]);
}

function source(view: AttributeView, privileged: boolean): number {
  const config = view.attributes.get("config");
  const branches = must(!view.samples("BRANCH_STACK"), EOPNOTSUPP);
  if (view.isOf("TYPE_SOFTWARE")) {
    return must(config < BigInt(view.machine.constant("SW_MAX")), ENOENT) || branches;
  }
  if (view.isOf("TYPE_TRACEPOINT")) return branches || must(privileged, EACCES);
  if (view.isOf("TYPE_BREAKPOINT")) return branches || breakpoint(view, privileged);
  return -ENOENT;
}

/** Vector registers, which no source without hardware has; whether they are asked for does not matter. */
function hasVectors({ attributes }: AttributeView): boolean {
  return (attributes.get("sample_regs_user") | attributes.get("sample_regs_intr")) >> HALF !== 0n;
}

/** Nothing here writes AUX data. */
function auxiliary(view: AttributeView): number {
  const action = view.attributes.get("aux_action");
  if (view.has("aux_output") || (action & AUX_START_PAUSED) !== 0n) return -EOPNOTSUPP;
  return must(action === 0n && view.attributes.get("aux_sample_size") === 0n);
}

/** hw_breakpoint_parse of x86: data of 1, 2, 4 or 8 bytes, aligned; instructions with the length of a word. */
function breakpoint(view: AttributeView, privileged: boolean): number {
  const { machine, attributes } = view;
  const type = Number(attributes.get("bp_type"));
  const address = attributes.get("config1");
  const length = attributes.get("config2");
  const write = machine.constant("BP_WRITE");
  if (type === machine.constant("BP_EXECUTE")) {
    if (length !== WORD_BYTES) return -EINVAL;
  } else if (type === write || type === (write | machine.constant("BP_READ"))) {
    if (![1n, 2n, 4n, 8n].includes(length) || address % length !== 0n) return -EINVAL;
  } else return -EINVAL;
  if (address >> 63n === 0n) return 0;
  return must(!view.has("exclude_kernel")) || must(privileged, EPERM);
}
