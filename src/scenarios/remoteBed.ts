import { checkThat, type Check } from "../base/checks.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import type { Address } from "../machine/address.ts";
import { pageLetter } from "../inspector/index.ts";
import { kernelVersions, resolveKernel, type KernelVersion } from "../machine/kernel.ts";
import type { Machine } from "../machine/machine.ts";
import type { Task } from "../machine/task.ts";
import {
  buildLayout,
  layoutNames,
  namedLayout,
  parseLayout,
  type LayoutName,
  type LayoutSource,
  type MemoryLayout,
} from "../layouts/index.ts";
import type { RemoteAccess } from "../systems/remote/counts.ts";
import { remotePathNames, type RemotePath } from "../machine/remotePath.ts";
import { RemoteVm } from "../systems/remote/remoteVm.ts";

/** Two tasks: one has the address space of a layout, the other reaches into it with buffers of its own. */

export const remoteScenarioNames = [
  "remote-read",
  "remote-write",
  "cmdline",
  "process-vm",
] as const;

export type RemoteScenarioName = (typeof remoteScenarioNames)[number];

/** What each scenario calls. */
export const remoteCalls: Readonly<Record<RemoteScenarioName, string>> = {
  "remote-read": "pread of /proc/PID/mem",
  "remote-write": "pwrite of /proc/PID/mem",
  cmdline: "pread of /proc/PID/cmdline",
  "process-vm": "process_vm_readv",
};

/** The paths that a scenario's call can go; process_vm pins pages, which no version of the series changes. */
export function pathsOf(scenario: RemoteScenarioName): readonly RemotePath[] {
  return scenario === "process-vm" ? ["slow"] : remotePathNames;
}

/** The recordings are of 6.18; what older kernels do otherwise is not modelled, and of newer ones nothing else is known. */
export const recordedKernel: KernelVersion = "6.18";

/** @throws UsageError for a kernel older than the model, per-VMA locks or not */
export function remoteKernel(argument: string, release: string): KernelVersion {
  const { version } = resolveKernel(release);
  const valid = kernelVersions.slice(kernelVersions.indexOf(recordedKernel));
  if (valid.includes(version)) return version;
  const problem = `is ${version}, and remote access is modelled as recorded from ${recordedKernel}`;
  throw new UsageError({ argument, problem, valid: valid.join(", ") });
}

export interface RemoteBed {
  readonly machine: Machine;
  readonly target: Task;
  /** Where in the target the call begins. */
  readonly at: bigint;
  readonly length: bigint;
  /** Makes the call. */
  readonly call: () => RemoteAccess;
  /** So many bytes where the call moves them to: a read to the caller's buffer, a write to the target. */
  readonly moved: (count: number) => Uint8Array;
}

/** A layout by its name, in its text form or as descriptions. */
export type LayoutOption = LayoutName | LayoutSource;

/** Which part of the target is asked for. */
export interface RemotePart {
  /** Default: where the layout's first area begins that is no hole. */
  readonly at?: Address;
  /** Bytes. Default: from there to the end of the area, up to 64 KiB. */
  readonly length?: Address;
}

export const anyLayout: Check = checkThat(
  "the name of a layout, its text form, or a list of areas",
  (value) => typeof value === "string" || Array.isArray(value),
);

/** @throws UsageError as parseLayout does */
export function layoutOf(option: LayoutOption): MemoryLayout {
  if (typeof option === "string" && /^[\w-]+$/.test(option)) {
    return namedLayout(oneOf("layout", option, layoutNames));
  }
  return parseLayout(option);
}

const BUFFER = 0x10000000;
const BUFFER_AT = BigInt(BUFFER);
const LISTS = 0x0f000000;
const LIST_BYTES = 4096;
const MOST_RESIDENT = 4n << 20n;
const DEFAULT_LENGTH = 64n << 10n;
/** Where every program may have memory. */
const MOST_BUFFER = 1n << 45n;

/** @throws UsageError for a layout that the machine cannot have */
export function prepareRemote(
  machine: Machine,
  scenario: RemoteScenarioName,
  layout: MemoryLayout,
  path: RemotePath,
  part: RemotePart,
): RemoteBed {
  const { task: target } = buildLayout(machine, layout, { cpu: null });
  const { at, length } = partOf(layout, part);
  const caller = machine.createTask();
  mapBuffer(caller, length);
  const vm = new RemoteVm(caller, target, { path });
  const call = callOf(scenario, vm, at, length);
  const moved = (count: number): Uint8Array =>
    scenario === "remote-write" ? bytesOf(target, at, count) : bytesOf(caller, BUFFER_AT, count);
  return { machine, target, at, length, call, moved };
}

/** Without a fault: what is absent is 0. */
function bytesOf(task: Task, at: bigint, count: number): Uint8Array {
  const { machine } = task;
  const page = machine.constant("PAGE_SIZE");
  const bytes = new Uint8Array(count);
  for (let done = 0; done < count;) {
    const va = at + BigInt(done);
    const piece = Math.min(count - done, page - Number(va % BigInt(page)));
    const linear = task.linearOf(va);
    if (linear !== null) bytes.set(machine.bytes.subarray(linear, linear + piece), done);
    done += piece;
  }
  return bytes;
}

function partOf(layout: MemoryLayout, part: RemotePart): { at: bigint; length: bigint } {
  const first = layout.areas.find(({ kind }) => kind !== "hole") ?? layout.areas[0]!;
  const at = BigInt(part.at ?? first.start);
  const area = layout.areas.find(({ start, end }) => start <= at && at < end);
  const rest = area === undefined ? DEFAULT_LENGTH : area.end - at;
  return { at, length: BigInt(part.length ?? (rest < DEFAULT_LENGTH ? rest : DEFAULT_LENGTH)) };
}

/** Its pages are there already, as most callers' are: a fault of the caller's own has no price. A huge one's are not. */
function mapBuffer(caller: Task, length: bigint): void {
  const bytes = length < MOST_BUFFER ? length : MOST_BUFFER;
  const populate = bytes <= MOST_RESIDENT;
  caller.map({ at: BUFFER, length: bytes > 0n ? bytes : 1n, populate });
  caller.map({ at: LISTS, length: LIST_BYTES, populate: true });
}

function callOf(
  scenario: RemoteScenarioName,
  vm: RemoteVm,
  at: bigint,
  length: bigint,
): () => RemoteAccess {
  switch (scenario) {
    case "remote-read":
    case "remote-write":
      return throughMemFile(scenario, vm, at, length);
    case "cmdline":
      return () => readArguments(vm, at, length);
    case "process-vm": {
      const local = vm.placeIovecs(LISTS, [{ address: BUFFER, length }]);
      const remote = vm.placeIovecs(LISTS + LIST_BYTES / 2, [{ address: at, length }]);
      return () => vm.processVmReadv(local, remote);
    }
  }
}

function throughMemFile(
  scenario: "remote-read" | "remote-write",
  vm: RemoteVm,
  at: bigint,
  length: bigint,
): () => RemoteAccess {
  const file = vm.memFile();
  if (typeof file === "number") throw new FaultlineError("no-memory", "RAM is full: no mem file");
  return () =>
    scenario === "remote-read" ? file.pread(BUFFER, length, at) : file.pwrite(BUFFER, length, at);
}

/** The part is where the program says that its arguments are; its environment is empty. */
function readArguments(vm: RemoteVm, at: bigint, length: bigint): RemoteAccess {
  const end = BigInt.asUintN(64, at + length);
  vm.target.setArguments({ argStart: at, argEnd: end, envStart: end, envEnd: end });
  return vm.cmdline(BUFFER, length);
}

/** One letter a page of the part, for what stands for it; see {@link lettersOf}. */
export function pagesOf(bed: RemoteBed): string {
  return lettersOf(bed, (va) => pageLetter(bed.target.pageState(va)));
}

/** One letter a page of the part, as far as a line goes; a "…" where it has more. */
export function lettersOf(
  { machine, at, length }: RemoteBed,
  letterOf: (va: bigint) => string,
): string {
  const page = BigInt(machine.constant("PAGE_SIZE"));
  const end = at + length < END_OF_ADDRESSES ? at + length : END_OF_ADDRESSES;
  let letters = "";
  for (let va = at - (at % page); va < end; va += page) {
    if (letters.length === MOST_LETTERS) return `${letters}…`;
    letters += letterOf(va);
  }
  return letters;
}

const MOST_LETTERS = 64;
const END_OF_ADDRESSES = 1n << 64n;
