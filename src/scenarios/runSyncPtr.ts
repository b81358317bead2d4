import { checkOptions, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import type { Counters } from "../machine/counters.ts";
import type { Finding } from "../machine/findings.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { composeCall, costProfile, type CallCost } from "../measure/cost/index.ts";
import { tallyCall } from "../measure/tally.ts";
import {
  abiExistsOn,
  abiNames,
  abiRow,
  strategyNames,
  syncPtrFields,
  type AbiName,
  type StrategyName,
  type SyncPtrField,
} from "../systems/pcm/abi.ts";
import { callSyncPtr, hotFlags, prepareSyncPtr, type SyncPtrOutcome } from "./syncPtr.ts";

export interface RunSyncPtrOptions {
  readonly arch?: ArchName;
  readonly abi?: AbiName;
  readonly strategy?: StrategyName;
  readonly kernel?: string;
  /** SYNC_PTR's flags word. */
  readonly flags?: number;
  /** The field at which the argument meets a page that cannot be written. */
  readonly faultAt?: SyncPtrField;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

const runOptions: Shape<RunSyncPtrOptions> = {
  arch: optional(nameOf(archNames)),
  abi: optional(nameOf(abiNames)),
  strategy: optional(nameOf(strategyNames)),
  kernel: optional(kernelRelease),
  flags: optional(whole(0, 2 ** 32 - 1)),
  faultAt: optional(nameOf(syncPtrFields)),
  wasm: optional(wasmSource),
};

/** One call: what it answered, what it left, what it counted, what it cost. */
export interface SyncPtrRun {
  readonly schemaVersion: 1;
  readonly scenario: "sync-ptr";
  readonly kernel: string;
  readonly outcome: SyncPtrOutcome;
  readonly counters: Counters;
  /** Null after a fault: the work of an exception has no published figure. */
  readonly cost: CallCost | null;
  readonly findings: readonly Finding[];
}

/** @throws UsageError for an ABI that the architecture has not */
export async function runSyncPtr(options: RunSyncPtrOptions = {}): Promise<SyncPtrRun> {
  checkOptions("options", options, runOptions);
  const { arch = "x86-64", abi = "compat" } = options;
  if (!abiExistsOn(abi, arch)) {
    throw new UsageError({
      argument: "abi",
      problem: `${abi} does not exist on ${arch}`,
      valid: abiNames.filter((name) => abiExistsOn(name, arch)).join(", "),
    });
  }
  const machine = await Machine.create({
    arch,
    kernel: options.kernel ?? newestKernel,
    build: "study",
    memory: "1M",
    tlbEntries: 64,
    ...(options.wasm === undefined ? {} : { wasm: options.wasm }),
  });
  return runPrepared(machine, abi, options);
}

function runPrepared(machine: Machine, abi: AbiName, options: RunSyncPtrOptions): SyncPtrRun {
  const bed = prepareSyncPtr(machine, abi);
  const place = options.faultAt === undefined ? null : syncPtrFields.indexOf(options.faultAt);
  const before = machine.counters();
  const since = machine.eventCount;
  const outcome = callSyncPtr(
    bed,
    abi,
    options.strategy ?? "kernel",
    options.flags ?? hotFlags,
    place,
  );
  const counted = tallyCall(machine, machine.events(since), abiRow(abi).wordBits);
  return {
    schemaVersion: 1,
    scenario: "sync-ptr",
    kernel: machine.shape.kernel.version,
    outcome,
    counters: difference(machine.counters(), before),
    cost: outcome.result === 0 ? composeCall(costProfile(machine.arch), counted) : null,
    findings: machine.findings(),
  };
}

function difference(after: Counters, before: Counters): Counters {
  const names = Object.keys(after) as (keyof Counters)[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Counters;
}
