import { checkOptions } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import { anyAddress, type Address } from "./address.ts";
import {
  adviceConstants,
  adviceNames,
  specialConstants,
  specialNames,
  type Advice,
  type SpecialMapping,
} from "./advice.ts";
import { mapDeviceOf, type DeviceMapOptions } from "./deviceMapping.ts";
import {
  fixupFaultOf,
  touchConstant,
  type FixupAnswer,
  type FixupOptions,
  type Touch,
} from "./fixupFault.ts";
import { inspectPage, inspectVmas, type PageState, type VmaView } from "./inspect.ts";
import type { Machine } from "./machine.ts";
import {
  checkHugetlb,
  mapOptions,
  mapRequest,
  protectionLetters,
  type MapOptions,
} from "./mapOptions.ts";
import { Mapping } from "./mapping.ts";
import { levelOf, type PageSize } from "./pageSize.ts";
import { remapOf, type RemapOptions } from "./remap.ts";
import { unmapped } from "./unmapped.ts";

const letterBits = { r: "VM_READ", w: "VM_WRITE", x: "VM_EXEC" } as const;

/** A task's address space, as its program asks for it and a debugger sees it. */
export abstract class TaskMemory {
  /** The machine it lives on. */
  abstract get machine(): Machine;
  /** The CPU that runs the task's kernel code. */
  abstract get cpu(): number;
  /** Linear address of the task's record in the core. */
  abstract get handle(): number;
  /** The same of a task that has an address space. @throws UsageError for a zombie */
  protected abstract get living(): number;

  /**
   * Maps a range, replacing what was there. Nothing is present until it is touched, unless `populate` is given.
   * @throws UsageError for options that no mmap could mean, an unaligned place and no bytes among them; FaultlineError
   *   "mmap-failed" with the errno for what the modelled kernel refuses: a range that the program cannot have, RAM full
   */
  map(options: MapOptions): Mapping {
    checkOptions("options", options, mapOptions);
    checkHugetlb(options);
    mapRequest(this.#caller, {
      at: options.at,
      length: options.length,
      flags: this.#vmaFlags(options),
      file: options.file === undefined ? 0 : options.file.handleOn(this.machine),
      filePage: options.filePage,
      level: this.#leafLevel(options.pageSize ?? (options.hugetlb === true ? "2M" : "4K")),
      protectionKey: options.protectionKey,
    });
    const mapping = new Mapping(this, BigInt(options.at), Number(BigInt(options.length)));
    if (options.populate === true && options.file?.isSecret !== true) mapping.populate();
    return mapping;
  }

  /** Who asks for what its machine does with its address space. */
  get #caller() {
    return {
      machine: this.machine,
      cpu: this.cpu,
      handle: this.living,
      protectionBits: (letters: string) => this.protectionBits(letters),
    };
  }

  /** Maps memory of a device, as a driver's own mmap does: new memory, all zeros. @throws as {@link map} */
  mapDevice(options: DeviceMapOptions): Mapping {
    mapDeviceOf(this.#caller, options);
    return new Mapping(this, BigInt(options.at), Number(BigInt(options.length)));
  }

  /** 32-bit tables have no larger leaves. */
  #leafLevel(pageSize: PageSize): number {
    const levels =
      this.machine.words[
        (this.machine.exports.profileAddress() + this.machine.constant("PROFILE_LEVELS")) >>> 2
      ]!;
    if (levels > 2 || pageSize === "4K") return levelOf(pageSize);
    throw new UsageError({
      argument: "pageSize",
      problem: `is ${pageSize} on ${this.machine.arch}`,
      valid: "4K (32-bit tables have one size)",
    });
  }

  #vmaFlags(options: MapOptions): number {
    const { machine } = this;
    const may = ["VM_MAYREAD", "VM_MAYWRITE", "VM_MAYEXEC"] as const;
    let flags =
      this.protectionBits(options.protection ?? "rw") |
      may.reduce((bits, name) => bits | machine.constant(name), 0);
    if (options.shared === true) {
      flags |= machine.constant("VM_SHARED") | machine.constant("VM_MAYSHARE");
    }
    if (options.hugetlb === true) flags |= machine.constant("VM_HUGETLB");
    if (options.growsDown === true) flags |= machine.constant("VM_GROWSDOWN");
    return flags;
  }

  /** VM_READ | VM_WRITE | VM_EXEC for letters such as "rw". @throws UsageError for other letters */
  protectionBits(protection: string): number {
    protectionLetters("protection", protection);
    if (protection === "none") return 0;
    let bits = 0;
    for (const letter of protection) {
      bits |= this.machine.constant(letterBits[letter as keyof typeof letterBits]);
    }
    return bits;
  }

  /** The lowest page-aligned place from `from` on where `length` bytes are not mapped. */
  freeRange(from: Address, length: number): bigint {
    anyAddress("from", from);
    anyAddress("length", length);
    let start = BigInt(from);
    for (const vma of this.vmas()) {
      if (vma.end <= start) continue;
      if (vma.start >= start + BigInt(length)) break;
      start = vma.end;
    }
    return start;
  }

  /** A range as the core takes it: address and length, each as low and high half. */
  #range(at: Address, length: Address): [number, number, number, number] {
    const start = this.machine.word(at, "at");
    const bytes = this.machine.word(length, "length");
    return [start.lo, start.hi, bytes.lo, bytes.hi];
  }

  /** munmap: 0 or −errno. */
  unmap(at: Address, length: Address): number {
    const { machine } = this;
    const range = this.#range(at, length);
    return this.#unmapping(() => machine.exports.unmapMemory(this.cpu, this.living, ...range));
  }

  /** A call that may remove mappings. */
  #unmapping(call: () => number): number {
    const answer = call();
    unmapped(this.machine);
    return answer;
  }

  /** mprotect: 0 or −errno. */
  protect(at: Address, length: Address, protection: string): number {
    const access = this.protectionBits(protection);
    const { exports } = this.machine;
    return exports.protectMemory(this.cpu, this.living, ...this.#range(at, length), access);
  }

  /** madvise: 0 or −errno. */
  advise(at: Address, length: Address, advice: Advice): number {
    const { machine } = this;
    const value = machine.constant(adviceConstants[oneOf("advice", advice, adviceNames)]);
    return machine.exports.adviseMemory(this.cpu, this.living, ...this.#range(at, length), value);
  }

  /** mlock2 without flags: locks a range and makes its pages present. 0 or −errno. */
  lockMemory(at: Address, length: Address): number {
    return this.machine.exports.lockMemory(this.cpu, this.living, ...this.#range(at, length), 0);
  }

  /** mlock2 with MLOCK_ONFAULT: locks the pages of a range as they come. 0 or −errno. */
  lockOnFault(at: Address, length: Address): number {
    const { machine } = this;
    const flags = machine.constant("MLOCK_ONFAULT");
    return machine.exports.lockMemory(this.cpu, this.living, ...this.#range(at, length), flags);
  }

  /** mseal: 0 or −errno. */
  seal(at: Address, length: Address): number {
    return this.machine.exports.sealMemory(this.cpu, this.living, ...this.#range(at, length));
  }

  /** Registers a range with a userfaultfd of its own, for missing pages and SIGBUS: 0 or −errno. */
  registerMissing(at: Address, length: Address): number {
    return this.machine.exports.registerMissing(this.cpu, this.living, ...this.#range(at, length));
  }

  /** mremap: the mapping's address from now on, or −errno. */
  remap(
    at: Address,
    oldLength: Address,
    newLength: Address,
    options: RemapOptions = {},
  ): bigint | number {
    return remapOf(this.#caller, at, oldLength, newLength, options);
  }

  /** mremap of one of the kernel's own mappings to an address: 0 or −errno. */
  moveSpecial(name: SpecialMapping, at: Address): number {
    const { machine } = this;
    const { lo, hi } = machine.word(at, "at");
    const which = machine.constant(specialConstants[oneOf("name", name, specialNames)]);
    return this.#unmapping(() => machine.exports.moveSpecial(this.cpu, this.living, which, lo, hi));
  }

  /** The program itself touches a page: true if it is present for that now, false for a signal. */
  touch(at: Address, access: Touch): boolean {
    return this.#makePresent(at, touchConstant(access));
  }

  /**
   * fixup_user_fault: kernel code makes a page of the task present, by the mapping's own rights and without growing a
   * stack. With `mayRetry` a page that a disk has to be asked for lets go of the mmap lock meanwhile.
   */
  fixupFault(at: Address, access: Touch, options: FixupOptions = {}): FixupAnswer {
    return fixupFaultOf(this.#caller, at, access, options);
  }

  /** A debugger is about to write: a page of the task's own stands there if that can be, whatever the protection. */
  force(at: Address): boolean {
    return this.#makePresent(at, "ACCESS_FORCE");
  }

  #makePresent(at: Address, access: "ACCESS_READ" | "ACCESS_WRITE" | "ACCESS_FORCE"): boolean {
    const { lo, hi } = this.machine.word(at, "at");
    return (
      this.machine.exports.touchPage(
        this.cpu,
        this.handle,
        lo,
        hi,
        this.machine.constant(access),
      ) === 0
    );
  }

  /** The byte's place in linear memory, or null where no page is present. Asking changes nothing. */
  linearOf(at: Address): number | null {
    const { lo, hi } = this.machine.word(at, "at");
    const linear = this.machine.exports.inspectAddress(this.handle, lo, hi) >>> 0;
    return linear === 0 ? null : linear;
  }

  /** The page-table entry for an address and the level it stands at. Asking changes nothing. */
  entryOf(at: Address): { entry: bigint; level: number } {
    const { entry, level } = this.pageState(at);
    return { entry, level };
  }

  /** What stands for the page of an address. Asking changes nothing. */
  pageState(at: Address): PageState {
    return inspectPage(this.machine, this.handle, at);
  }

  /** The address space's mappings, in order. */
  vmas(): VmaView[] {
    return inspectVmas(this.machine, this.handle);
  }
}
