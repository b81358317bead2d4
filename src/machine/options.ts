import { UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import { buildNames, type BuildName } from "../core/builds.ts";
import type { WasmSource } from "../core/source.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { wholeNumber } from "./address.ts";
import { archNames, type ArchName } from "./arch.ts";
import { newestKernel, resolveKernel, type ResolvedKernel } from "./kernel.ts";

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
const unitBytes: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

export function checkedBuild(options: MachineOptions): BuildName {
  return oneOf("build", options.build ?? "release", buildNames);
}

/** @throws UsageError naming the option, what is wrong and what is valid */
export function checkedShape(options: MachineOptions): MachineShape {
  return {
    arch: oneOf("arch", options.arch ?? "x86-64", archNames),
    kernel: resolveKernel(options.kernel ?? newestKernel),
    build: checkedBuild(options),
    ramBytes: ramBytesOf(options.memory ?? DEFAULT_RAM),
    cpus: wholeNumber("cpus", options.cpus ?? 1, 1, coreConstants.MAX_CPUS),
    tlbEntries: tlbEntriesOf(options.tlbEntries ?? DEFAULT_TLB_ENTRIES),
  };
}

function ramBytesOf(memory: number | string): number {
  const bytes = typeof memory === "number" ? memory : parseSize(memory);
  const least = coreConstants.MIN_RAM;
  const most = coreConstants.MAX_RAM;
  if (
    !Number.isInteger(bytes) ||
    bytes < least ||
    bytes > most ||
    bytes % coreConstants.PAGE_SIZE !== 0
  ) {
    throw new UsageError({
      argument: "memory",
      problem: `is ${String(memory)}`,
      valid: `whole ${coreConstants.PAGE_SIZE}-byte pages from ${least >> 10}K to ${most / 1024 ** 3}G, as a number of bytes or text such as "64M"`,
    });
  }
  return bytes;
}

function parseSize(text: string): number {
  const found = /^(\d+)([KMG]?)$/i.exec(text.trim());
  return found === null ? Number.NaN : Number(found[1]) * unitBytes[found[2]!.toUpperCase()]!;
}

function tlbEntriesOf(entries: number): number {
  const least = coreConstants.MIN_TLB_ENTRIES;
  const most = coreConstants.MAX_TLB_ENTRIES;
  if (
    Number.isInteger(entries) &&
    entries >= least &&
    entries <= most &&
    (entries & (entries - 1)) === 0
  ) {
    return entries;
  }
  throw new UsageError({
    argument: "tlbEntries",
    problem: `is ${String(entries)}`,
    valid: `a power of two from ${least} to ${most}`,
  });
}
