import { checkOptions, listOf, nameOf, optional, type Shape } from "../base/checks.ts";
import { oneOf } from "../base/nearest.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { anyAddress, type Address } from "../machine/address.ts";
import { kernelRelease } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { layoutNames } from "../layouts/index.ts";
import type { RemoteCounts } from "../systems/remote/counts.ts";
import { remotePathNames, type RemotePath } from "../machine/remotePath.ts";
import { given } from "./compareSyncPtr.ts";
import {
  anyLayout,
  layoutOf,
  pathsOf,
  prepareRemote,
  remoteKernel,
  remoteScenarioNames,
  type LayoutOption,
  type RemoteScenarioName,
} from "./remoteBed.ts";
import {
  differenceOf,
  outcomeOf,
  type RemoteDifference,
  type RemoteOutcome,
} from "./remoteDifference.ts";
import { remoteDefaults } from "./runRemote.ts";

/** What is compared. Everything has a default. */
export interface CompareRemoteOptions {
  /** Default: all that have names. */
  readonly layouts?: readonly LayoutOption[];
  /** Default: all that the call can go; process-vm has one, "slow". */
  readonly paths?: readonly RemotePath[];
  /** Bytes asked for. Default {@link comparedLengths}. */
  readonly lengths?: readonly Address[];
  /** Default: where each layout's first area begins that is no hole. */
  readonly at?: Address;
  /** 6.18, which was recorded, or newer. Default "6.18". */
  readonly kernel?: string;
  /** RAM, as machine.create has it. Default "64M". */
  readonly memory?: number | string;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

const compareOptions: Shape<CompareRemoteOptions> = {
  layouts: optional(listOf(anyLayout)),
  paths: optional(listOf(nameOf(remotePathNames))),
  lengths: optional(listOf(anyAddress)),
  at: optional(anyAddress),
  kernel: optional(kernelRelease),
  memory: () => undefined,
  wasm: optional(wasmSource),
};

export const comparedLengths: readonly number[] = [8, 4096, 65536];

/** One call on an address space of its own. */
export interface RemoteRow extends RemoteCounts {
  /** The layout's name, or its text. */
  readonly layout: string;
  readonly path: RemotePath;
  readonly length: bigint;
  /** Bytes moved, or −errno. */
  readonly result: number;
  /** How it came out otherwise than the slow path in the same comparison; null where it did not, or slow is not in it. */
  readonly differs: RemoteDifference | null;
}

export interface RemoteComparison {
  readonly schemaVersion: 1;
  readonly scenario: RemoteScenarioName;
  readonly kernel: string;
  readonly rows: readonly RemoteRow[];
}

/**
 * Paths × layouts × sizes, each row's call on a machine anew. The study build walks leaf by leaf as the kernel does;
 * others take neighbouring leaves in one.
 * @throws UsageError for a layout that cannot be, naming its line
 */
export async function compareRemote(
  scenario: RemoteScenarioName,
  options: CompareRemoteOptions = {},
): Promise<RemoteComparison> {
  const name = oneOf("scenario", scenario, remoteScenarioNames);
  checkOptions("options", options, compareOptions);
  const { layouts = layoutNames, paths = pathsOf(name), lengths = comparedLengths } = options;
  const { memory = remoteDefaults.memory, at, wasm } = options;
  paths.forEach((path, index) => oneOf(`paths[${index}]`, path, pathsOf(name)));
  const kernel = remoteKernel("kernel", options.kernel ?? remoteDefaults.kernel);
  const parsed = layouts.map((layout) => ({ title: titleOf(layout), layout: layoutOf(layout) }));
  let machine = await Machine.create({ kernel, build: "study", memory, ...given(wasm) });
  const rows: RemoteRow[] = [];
  for (const { title, layout } of parsed) {
    for (const length of lengths) {
      const call = (path: RemotePath): RemoteOutcome => {
        machine = machine.reset();
        const part = { length, ...(at === undefined ? {} : { at }) };
        return outcomeOf(name, layout, path, prepareRemote(machine, name, layout, path, part));
      };
      const slow = paths.includes("slow") ? call("slow") : null;
      for (const path of paths) {
        const outcome = slow !== null && path === "slow" ? slow : call(path);
        const { result, counts } = outcome.access;
        const differs = slow === null ? null : differenceOf(outcome, slow);
        rows.push({ layout: title, path, length: BigInt(length), result, ...counts, differs });
      }
    }
  }
  return { schemaVersion: 1, scenario: name, kernel: machine.shape.kernel.version, rows };
}

function titleOf(layout: LayoutOption): string {
  return layoutNames.find((name) => name === layout) ?? layoutOf(layout).text;
}
