import {
  checkOptions,
  flag,
  nameOf,
  objectOf,
  optional,
  whole,
  wrong,
  type Check,
  type Shape,
} from "../base/checks.ts";
import { unitBytes } from "../base/sizes.ts";
import { buildNames, type BuildName } from "../core/builds.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { archNames, type ArchName } from "./arch.ts";
import {
  kernelRelease,
  kernelVersions,
  newestKernel,
  resolveKernel,
  type ResolvedKernel,
} from "./kernel.ts";

/** What a machine is made of. Everything has a default. */
export interface MachineOptions {
  /** Architecture profile; default x86-64. */
  readonly arch?: ArchName;
  /** Kernel release, e.g. "6.12"; default the newest known. */
  readonly kernel?: string;
  /** Which build of the core; default release. */
  readonly build?: BuildName;
  /** Bytes of RAM, or text such as "64M"; 256 KiB to 3 GiB in whole pages. Default 16 MiB. */
  readonly memory?: number | string;
  /** Emulated CPUs, 1 to 256. Default 1. */
  readonly cpus?: number;
  /** TLB entries a port, a power of two from 64 to 65,536. Default 1,024. */
  readonly tlbEntries?: number;
  /** The core to use instead of the built-in one. */
  readonly wasm?: WasmSource;
}

/** Options checked and filled in. */
export interface MachineShape {
  readonly arch: ArchName;
  readonly kernel: ResolvedKernel;
  readonly build: BuildName;
  readonly ramBytes: number;
  readonly cpus: number;
  readonly tlbEntries: number;
}

const DEFAULT_RAM = 16 << 20;
const DEFAULT_TLB_ENTRIES = 1024;

/** Halves and doubles must be whole slots, so that a mask finds one. */
const powerOfTwoEntries: Check = (argument, value) => {
  const least = coreConstants.MIN_TLB_ENTRIES;
  const most = coreConstants.MAX_TLB_ENTRIES;
  const entries = Number.isInteger(value) ? (value as number) : 0;
  if (entries >= least && entries <= most && (entries & (entries - 1)) === 0) return;
  throw wrong(argument, value, `a power of two from ${least} to ${most}`);
};

const ramSize: Check = (argument, value) => void ramBytesOf(argument, value);
const cpuCount = whole(1, coreConstants.MAX_CPUS);

const variants: Shape<Pick<MachineOptions, "arch" | "kernel">> = {
  arch: optional(nameOf(archNames)),
  kernel: optional(kernelRelease),
};

const machineOptions: Shape<MachineOptions> = {
  ...variants,
  build: optional(nameOf(buildNames)),
  memory: optional(ramSize),
  cpus: optional(cpuCount),
  tlbEntries: optional(powerOfTwoEntries),
  wasm: optional(wasmSource),
};

/** What stands on another thread's machine is given its shape as a message. */
export const machineShape: Shape<MachineShape> = {
  arch: nameOf(archNames),
  kernel: objectOf<ResolvedKernel>({ version: nameOf(kernelVersions), exact: flag }),
  build: nameOf(buildNames),
  ramBytes: ramSize,
  cpus: cpuCount,
  tlbEntries: powerOfTwoEntries,
};

/** The options of a new machine. @throws UsageError naming the option, what is wrong and what is valid */
export function shapeOf(options: MachineOptions): MachineShape {
  checkOptions("options", options, machineOptions);
  return {
    arch: options.arch ?? "x86-64",
    kernel: resolveKernel(options.kernel ?? newestKernel),
    build: options.build ?? "release",
    ramBytes: ramBytesOf("memory", options.memory ?? DEFAULT_RAM),
    cpus: options.cpus ?? 1,
    tlbEntries: options.tlbEntries ?? DEFAULT_TLB_ENTRIES,
  };
}

/** A machine's shape with another architecture or kernel. @throws UsageError as {@link shapeOf} */
export function variantOf(
  earlier: MachineShape,
  options: Pick<MachineOptions, "arch" | "kernel">,
): MachineShape {
  checkOptions("options", options, variants);
  const { arch = earlier.arch, kernel = earlier.kernel.version } = options;
  return { ...earlier, arch, kernel: resolveKernel(kernel) };
}

function ramBytesOf(argument: string, memory: unknown): number {
  const bytes = typeof memory === "string" ? parseSize(memory) : memory;
  const least = coreConstants.MIN_RAM;
  const most = coreConstants.MAX_RAM;
  const page = coreConstants.PAGE_SIZE;
  const whole = Number.isInteger(bytes) ? (bytes as number) : 0;
  if (whole >= least && whole <= most && whole % page === 0) return whole;
  throw wrong(
    argument,
    memory,
    `whole ${page}-byte pages from ${least >> 10}K to ${most / 1024 ** 3}G, as a number of bytes or text such as "64M"`,
  );
}

function parseSize(text: string): number {
  const found = /^(\d+)([KMG]?)$/i.exec(text.trim());
  return found === null ? Number.NaN : Number(found[1]) * unitBytes[found[2]!.toUpperCase()]!;
}
