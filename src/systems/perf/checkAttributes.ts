/** What perf_event_open refuses because of the attributes alone (kernel/events/core.c, 6.18). */

import { errnos } from "../../base/errno.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import type { Attributes } from "./attributes.ts";
import {
  bitsOf,
  eventFlags,
  eventTypes,
  readFormats,
  sampleTypes,
  softwareEvents,
  tracepointNumber,
  tracepoints,
  type EventFlag,
  type SampleType,
  type SoftwareEvent,
} from "./names.ts";

const { EACCES, EFAULT, EINVAL, ENOENT, EOPNOTSUPP, EOVERFLOW, EPERM } = errnos;

/** The newest flag that 6.18 knows. */
const LAST_FLAG: EventFlag = "sigtrap";
/** Bits of branch_sample_type: those that say in which mode, and how many there are in all. */
const BRANCH_MODES = 7n;
const BRANCH_KERNEL = 2n;
const BRANCH_HYPERVISOR = 4n;
const BRANCH_BITS = 20n;
/** Bits of aux_action: what to do with AUX data when the event occurs, or is opened. */
const AUX_START_PAUSED = 1n;
const AUX_PAUSE_AND_RESUME = 6n;
const AUX_KNOWN = 7n;
/** The field of 16 bits for the size of a stack dump must not be full. */
const MOST_STACK = 65_535n;
const SIGN_BIT = 1n << 63n;
/** kernel.perf_event_max_sample_rate and perf_event_max_stack. */
const MOST_RATE = 100_000n;
export const MOST_FRAMES = 127n;
/** Modes and places that an event can leave out. */
const modes = [
  "exclude_user",
  "exclude_kernel",
  "exclude_hv",
  "exclude_idle",
  "exclude_host",
  "exclude_guest",
] as const satisfies readonly EventFlag[];
/** REALTIME, MONOTONIC, MONOTONIC_RAW, BOOTTIME, TAI. */
const clocks = [0n, 1n, 4n, 7n, 11n];
const HALF = 32n;
const WORD_BYTES = 8n;
/** The longest data that a breakpoint register watches. */
const MOST_WATCHED = 8n;
/** Where the addresses of programs end. */
const TASK_SIZE = 0x7fff_ffff_f000n;

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
export function checkCopied(view: AttributeView, privileged: boolean): number {
  return all(view, [
    reservedAreZero,
    (v) => branchMask(v, privileged),
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

/** A mask without modes means those that the event itself does not leave out. */
function branchMask(view: AttributeView, privileged: boolean): number {
  if (!view.samples("BRANCH_STACK")) return 0;
  const mask = view.attributes.get("branch_sample_type");
  if (mask >> BRANCH_BITS !== 0n || (mask & ~BRANCH_MODES) === 0n) return -EINVAL;
  const reachesUp =
    (mask & BRANCH_MODES) !== 0n
      ? (mask & (BRANCH_KERNEL | BRANCH_HYPERVISOR)) !== 0n
      : !view.has("exclude_kernel") || !view.has("exclude_hv");
  return must(privileged || !reachesUp, EACCES);
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
  if (view.isOf("TYPE_TRACEPOINT")) return branches || tracepoint(view, privileged);
  if (view.isOf("TYPE_BREAKPOINT")) return branches || breakpoint(view, privileged);
  const registered = registeredSources[Number(view.attributes.get("type")) - eventTypes.length];
  return registered === undefined ? -ENOENT : registered(view, privileged);
}

/** The clocks are also sources of their own. */
const clocksOfOwn = ["cpu_clock", "task_clock"] as const satisfies readonly SoftwareEvent[];

/** Sources that get their numbers as they register: 6 and above, in this order. */
const registeredSources: readonly ((view: AttributeView, privileged: boolean) => number)[] = [
  ...clocksOfOwn.map((name) => (view: AttributeView) => clockOfOwn(view, name)),
  probeOfProgram,
  stampCounter,
];

/** The number of the software event that a type of its own stands for; null for other types. */
export function softwareEventOf(type: bigint): number | null {
  const clock = clocksOfOwn[Number(type) - eventTypes.length];
  return clock === undefined ? null : softwareEvents.indexOf(clock);
}

function clockOfOwn(view: AttributeView, name: SoftwareEvent): number {
  const number = BigInt(softwareEvents.indexOf(name));
  if (view.attributes.get("config") !== number) return -ENOENT;
  return must(!view.samples("BRANCH_STACK"), EOPNOTSUPP);
}

/** perf_uprobe_event_init: there is no file here whose instructions could be probed. */
function probeOfProgram(view: AttributeView, privileged: boolean): number {
  if (!privileged) return -EACCES;
  if (view.samples("BRANCH_STACK")) return -EOPNOTSUPP;
  return view.attributes.get("config1") === 0n ? -EINVAL : -EFAULT;
}

/** msr_event_init: a counter that is only read, in all modes. */
function stampCounter(view: AttributeView): number {
  const samples = view.attributes.get("sample_period") !== 0n;
  const isCounter = view.attributes.get("config") === 0n;
  return must(isCounter && !samples && !modes.some((mode) => view.has(mode)));
}

/**
 * perf_trace_init, perf_trace_event_perm: a tracepoint that the machine has. What it tells is for the privileged, unless
 * it is only counted, or says nothing but what the task itself asks the kernel for.
 */
function tracepoint(view: AttributeView, privileged: boolean): number {
  const number = Number(view.attributes.get("config"));
  const name = tracepoints.find((each) => tracepointNumber(each) === number);
  if (name === undefined) return -EINVAL;
  return must(privileged || !view.samples("RAW") || name.startsWith("syscalls:"), EPERM);
}

/** Vector registers, which no source without hardware has; whether they are asked for does not matter. */
function hasVectors({ attributes }: AttributeView): boolean {
  return (attributes.get("sample_regs_user") | attributes.get("sample_regs_intr")) >> HALF !== 0n;
}

/** Nothing here writes AUX data. */
function auxiliary(view: AttributeView): number {
  const action = view.attributes.get("aux_action");
  if (view.has("aux_output")) return -EOPNOTSUPP;
  if ((action & AUX_PAUSE_AND_RESUME) === AUX_PAUSE_AND_RESUME) return -EINVAL;
  if ((action & AUX_START_PAUSED) !== 0n) return -EOPNOTSUPP;
  return must(action === 0n && view.attributes.get("aux_sample_size") === 0n);
}

/**
 * hw_breakpoint_parse of x86: aligned data, or instructions of the program with the length of a word. The kernel's data
 * are for the privileged, and for no event that leaves the kernel out.
 */
function breakpoint(view: AttributeView, privileged: boolean): number {
  const { machine, attributes } = view;
  const type = Number(attributes.get("bp_type"));
  const address = attributes.get("config1");
  const length = attributes.get("config2");
  const write = machine.constant("BP_WRITE");
  if (type === machine.constant("BP_EXECUTE")) {
    return must(length === WORD_BYTES && address < TASK_SIZE);
  }
  const isData = type === write || type === (write | machine.constant("BP_READ"));
  const error = isData ? watchedRange(address, length) : -EINVAL;
  if (error !== 0 || address + length <= TASK_SIZE) return error;
  return must(!view.has("exclude_kernel")) || must(privileged, EPERM);
}

/** Longer ranges are for processors that have masks for addresses. */
function watchedRange(address: bigint, length: bigint): number {
  const isPower = length !== 0n && (length & (length - 1n)) === 0n;
  if (!isPower || address % length !== 0n) return -EINVAL;
  return must(length <= MOST_WATCHED, EOPNOTSUPP);
}
