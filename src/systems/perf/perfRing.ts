import { wrong } from "../../base/checks.ts";
import { CoreRecord } from "./coreRecord.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";

/** A ring buffer as its reader sees it: the control page and the data. */
export class PerfRing {
  readonly #machine: CoreMemory;
  readonly #place: CoreRecord;
  readonly #check: () => void;
  readonly #control: CoreRecord;

  /** @param check throws once the event that it was asked of is closed */
  constructor(machine: CoreMemory, address: number, check: () => void) {
    this.#machine = machine;
    this.#place = new CoreRecord(machine, address);
    this.#control = new CoreRecord(machine, this.#place.get32("RING_CONTROL"));
    this.#check = check;
  }

  /** Its record in the core. @throws UsageError once its event is closed */
  get record(): CoreRecord {
    this.#check();
    return this.#place;
  }

  get address(): number {
    return this.record.address;
  }

  get dataBytes(): number {
    return Number(this.record.get64("RING_BYTES"));
  }

  /** All of the data, live. */
  get data(): Uint8Array {
    const start = this.record.get32("RING_DATA");
    return this.#machine.bytes.subarray(start, start + this.dataBytes);
  }

  /** Where the kernel writes next (data_head). */
  get head(): bigint {
    return this.control.get64("CONTROL_DATA_HEAD_AT");
  }

  /** Up to where the reader has read (data_tail). */
  get tail(): bigint {
    return this.control.get64("CONTROL_DATA_TAIL_AT");
  }

  /** The reader may write anything. */
  set tail(tail: bigint) {
    if (typeof tail !== "bigint") throw wrong("tail", tail, "a bigint");
    this.control.set64("CONTROL_DATA_TAIL_AT", BigInt.asUintN(64, tail));
  }

  /** The other words of the control page. */
  get control(): CoreRecord {
    this.#check();
    return this.#control;
  }

  set paused(paused: boolean) {
    this.record.set32("RING_PAUSED", paused ? 1 : 0);
  }
}

/** What poll is to answer, which is taken back by that. */
export function takePoll(ring: PerfRing): number {
  const events = ring.record.get32("RING_POLL");
  ring.record.set32("RING_POLL", 0);
  return events;
}

/** One more event writes to it. */
export function takeRing({ record }: PerfRing): void {
  record.set32("RING_USERS", record.get32("RING_USERS") + 1);
}

/** One event less: how many are left. */
export function dropRing({ record }: PerfRing): number {
  const users = record.get32("RING_USERS") - 1;
  record.set32("RING_USERS", users);
  return users;
}
