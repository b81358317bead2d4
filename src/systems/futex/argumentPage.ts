import { FaultlineError } from "../../base/errors.ts";
import { loadByProgram, storeByProgram } from "../../machine/programAccess.ts";
import type { Mapping } from "../../machine/mapping.ts";
import type { Task } from "../../machine/task.ts";
import { flagBits, type FutexTime, type FutexWaiter } from "./options.ts";

/**
 * What a program's library keeps on its stack for a call, in a page of its memory that is mapped when it is first needed.
 *
 *   0          16          32           40            64
 *   ┌──────────┬───────────┬────────────┬─────────────┬─────────────────
 *   │ timespec │ (unused)  │ robust head│ its length  │ waiters, 24 bytes each
 *   └──────────┴───────────┴────────────┴─────────────┴─────────────────
 */

/** From where on a free page is looked for. */
const LOOK_FROM = 0x0a00_0000;
const PAGE_BYTES = 4096;
const HEAD_AT = 32n;
const LENGTH_AT = 40n;
const LIST_AT = 64n;
const WAITER_BYTES = 24;
const NANOSECONDS = 1_000_000_000n;

export class ArgumentPage {
  readonly #task: Task;
  #mapping: Mapping | undefined;

  constructor(task: Task) {
    this.#task = task;
  }

  /** @throws FaultlineError "mmap-failed" where the address space has no room */
  get #address(): bigint {
    this.#mapping ??= this.#task.map({
      at: this.#task.freeRange(LOOK_FROM, PAGE_BYTES),
      length: PAGE_BYTES,
    });
    return this.#mapping.address;
  }

  /** The pointer that the kernel gets for a time; 0 for none. @throws FaultlineError "no-memory" when RAM is full */
  pointerTo(time: FutexTime | undefined): bigint {
    if (time === undefined) return 0n;
    if (typeof time === "object" && "at" in time) return BigInt(time.at);
    const spec = typeof time === "object" ? time : split(BigInt(time));
    const at = this.#address;
    this.#store(at, [BigInt(spec.seconds), BigInt(spec.nanoseconds)], 8);
    return at;
  }

  /** Stores waiters one behind the other, and answers where. @throws as {@link pointerTo} */
  listOf(waiters: readonly FutexWaiter[]): bigint {
    const list = this.#address + LIST_AT;
    waiters.forEach((waiter, index) => {
      const at = list + BigInt(index * WAITER_BYTES);
      this.#store(at, [BigInt(waiter.value), BigInt(waiter.address)], 8);
      this.#store(at + 16n, [BigInt(flagBits(waiter)), BigInt(waiter.reserved ?? 0)], 4);
    });
    return list;
  }

  get headAt(): bigint {
    return this.#address + HEAD_AT;
  }

  get lengthAt(): bigint {
    return this.#address + LENGTH_AT;
  }

  /** A pointer-sized number that the program loads, or null where it cannot. */
  load(at: bigint, bytes: number): bigint | null {
    const into = new Uint8Array(8);
    const signal = loadByProgram(this.#task, at, into.subarray(0, bytes));
    return signal === null ? new DataView(into.buffer).getBigUint64(0, true) : null;
  }

  #store(at: bigint, values: readonly bigint[], bytes: 4 | 8): void {
    const buffer = new Uint8Array(values.length * bytes);
    const view = new DataView(buffer.buffer);
    values.forEach((value, index) => {
      if (bytes === 4) view.setUint32(index * bytes, Number(value), true);
      else view.setBigUint64(index * bytes, BigInt.asUintN(64, value), true);
    });
    if (storeByProgram(this.#task, at, buffer) === null) return;
    throw new FaultlineError(
      "no-memory",
      "the page for a call's arguments cannot be written: RAM is full, or the program has unmapped it",
    );
  }
}

function split(nanoseconds: bigint): { seconds: bigint; nanoseconds: bigint } {
  return { seconds: nanoseconds / NANOSECONDS, nanoseconds: nanoseconds % NANOSECONDS };
}
