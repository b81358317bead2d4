import { Machine } from "../machine/machine.ts";
import { abiExistsOn, syncPtrFields, type StrategyName } from "../systems/pcm/abi.ts";
import { checkedVariants, given, type CompareOptions } from "./compareSyncPtr.ts";
import { callSyncPtr, hotFlags, prepareSyncPtr, type SyncPtrOutcome } from "./syncPtr.ts";

/** What each strategy leaves in user memory when field k is the first that cannot be written, for every k. */
export interface SyncPtrFaults {
  readonly schemaVersion: 1;
  readonly scenario: "sync-ptr";
  readonly kernel: string;
  readonly outcomes: readonly SyncPtrOutcome[];
}

export async function syncPtrFaults(options: CompareOptions = {}): Promise<SyncPtrFaults> {
  const { archs, abis, strategies } = checkedVariants(options);
  const outcomes: SyncPtrOutcome[] = [];
  const first = {
    memory: "1M",
    tlbEntries: 64,
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
  };
  let machine = await Machine.create({
    ...first,
    build: "release",
    ...given(options.wasm?.release),
  });
  for (const arch of archs) {
    for (const abi of abis.filter((name) => abiExistsOn(name, arch))) {
      for (const strategy of strategies) {
        machine = machine.reset({ arch });
        outcomes.push(...faultsOf(machine, abi, strategy));
      }
    }
  }
  return { schemaVersion: 1, scenario: "sync-ptr", kernel: machine.shape.kernel.version, outcomes };
}

function faultsOf(
  machine: Machine,
  abi: SyncPtrOutcome["abi"],
  strategy: StrategyName,
): SyncPtrOutcome[] {
  const bed = prepareSyncPtr(machine, abi);
  return syncPtrFields.map((_field, place) => callSyncPtr(bed, abi, strategy, hotFlags, place));
}
