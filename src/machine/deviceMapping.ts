import { checkOptions, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { FaultlineError } from "../base/errors.ts";
import type { ConstantName } from "../core/exports.ts";
import type { Address } from "./address.ts";
import { checkedSize } from "./file.ts";
import { mapOptions, mapRequest, protectionLetters } from "./mapOptions.ts";
import type { CoreMemory } from "./coreMemory.ts";

/** How a driver maps its memory: by frames' numbers alone, or into an area that may hold ordinary pages as well. */
const areaFlags = {
  pfn: ["VM_IO", "VM_PFNMAP", "VM_DONTEXPAND", "VM_DONTDUMP"],
  mixed: ["VM_MIXEDMAP"],
} as const satisfies Record<string, readonly ConstantName[]>;

export type DeviceArea = keyof typeof areaFlags;

/** How a range of a device's memory is mapped; always shared. */
export interface DeviceMapOptions {
  /** Page-aligned start. */
  readonly at: Address;
  /** Bytes; rounded up to whole pages. */
  readonly length: Address;
  /** Letters of r, w, x; "" or "none" is PROT_NONE. Default "rw". */
  readonly protection?: string;
  /** "pfn": VM_IO and VM_PFNMAP; "mixed": VM_MIXEDMAP. Default "pfn". */
  readonly area?: DeviceArea;
  /** Most bytes that one call of the driver's ->access operation moves; 0, the default: it has none. */
  readonly accessBytes?: number;
}

const deviceMapOptions: Shape<DeviceMapOptions> = {
  at: mapOptions.at,
  length: mapOptions.length,
  protection: optional(protectionLetters),
  area: optional(nameOf(Object.keys(areaFlags) as DeviceArea[])),
  accessBytes: optional(whole(0, 2 ** 32 - 1)),
};

/** Who maps: the task's CPU and record, and what its letters of protection are. */
interface Caller {
  readonly machine: CoreMemory;
  readonly cpu: number;
  readonly handle: number;
  protectionBits(protection: string): number;
}

/** mmap of a device: up to 4 GiB of memory of its own, which lives as long as its mappings. @throws as a task's `map` */
export function mapDeviceOf(caller: Caller, options: DeviceMapOptions): void {
  checkOptions("options", options, deviceMapOptions);
  const { machine } = caller;
  const { exports } = machine;
  const names = ["VM_SHARED", "VM_MAYSHARE", "VM_MAYREAD", "VM_MAYWRITE"] as const;
  const flags = [...names, ...areaFlags[options.area ?? "pfn"]].reduce(
    (bits, name) => bits | machine.constant(name),
    caller.protectionBits(options.protection ?? "rw"),
  );
  machine.word(options.length, "length");
  const { lo, hi } = checkedSize("length", options.length);
  const file = exports.newFile(lo, hi, 0, machine.constant("FILE_IO")) >>> 0;
  if (file === 0) throw new FaultlineError("no-memory", "RAM is full: no record of a device");
  const word = (name: ConstantName): number => (file + machine.constant(name)) >>> 2;
  machine.words[word("FILE_ACCESS_BYTES")] = options.accessBytes ?? 0;
  try {
    mapRequest(caller, { ...options, flags, file });
  } finally {
    exports.closeFile(file, machine.words[word("FILE_ID")]!);
  }
}
