import { CoreRecord } from "./coreRecord.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";

/** A ring buffer as its reader sees it: the control page and the data. */
export class PerfRing {
  readonly #machine: CoreMemory;
  readonly #record: CoreRecord;
  readonly #control: CoreRecord;

  constructor(machine: CoreMemory, address: number) {
    this.#machine = machine;
    this.#record = new CoreRecord(machine, address);
    this.#control = new CoreRecord(machine, this.#record.get32("RING_CONTROL"));
  }

  get address(): number {
    return this.#record.address;
  }

  get dataBytes(): number {
    return Number(this.#record.get64("RING_BYTES"));
  }

  /** All of the data, live. */
  get data(): Uint8Array {
    const start = this.#record.get32("RING_DATA");
    return this.#machine.bytes.subarray(start, start + this.dataBytes);
  }

  /** Where the kernel writes next (data_head). */
  get head(): bigint {
    return this.#control.get64("CONTROL_DATA_HEAD_AT");
  }

  /** Up to where the reader has read (data_tail). */
  get tail(): bigint {
    return this.#control.get64("CONTROL_DATA_TAIL_AT");
  }

  /** The reader may write anything. */
  set tail(tail: bigint) {
    this.#control.set64("CONTROL_DATA_TAIL_AT", BigInt.asUintN(64, tail));
  }

  /** The other words of the control page. */
  get control(): CoreRecord {
    return this.#control;
  }

  set paused(paused: boolean) {
    this.#record.set32("RING_PAUSED", paused ? 1 : 0);
  }

  takePoll(): number {
    const events = this.#record.get32("RING_POLL");
    this.#record.set32("RING_POLL", 0);
    return events;
  }

  /** One more event writes to it. */
  take(): void {
    this.#record.set32("RING_USERS", this.#record.get32("RING_USERS") + 1);
  }

  /** One event less: how many are left. */
  drop(): number {
    const users = this.#record.get32("RING_USERS") - 1;
    this.#record.set32("RING_USERS", users);
    return users;
  }

  /** The last event has gone. */
  free(): void {
    this.#machine.exports.freePerfRing(this.address);
  }
}
