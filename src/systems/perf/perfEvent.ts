/** An open event: its descriptor's system calls (perf_ioctl, perf_mmap, perf_read, perf_poll; 6.18). */

import {
  checkOptions,
  checkThat,
  flag,
  nameOf,
  optional,
  orNull,
  whole,
  wholeNumber,
  wrong,
  type Shape,
} from "../../base/checks.ts";
import { errnos } from "../../base/errno.ts";
import { FaultlineError } from "../../base/errors.ts";
import { Handle } from "../../machine/handle.ts";
import type { Machine } from "../../machine/machine.ts";
import { Attributes } from "./attributes.ts";
import { AttributeView, mayBePeriod } from "./checkAttributes.ts";
import { CoreRecord } from "./coreRecord.ts";
import { alone, withInherited } from "./eventRecords.ts";
import type { PerfTask } from "./perfTask.ts";
import { PerfRing, dropRing, takePoll, takeRing } from "./perfRing.ts";
import { readValues } from "./readValues.ts";

const { EBADF, EFAULT, EINVAL, ENOSPC, ENOTTY } = errnos;

/** How a program asks for its ring: the bits of mmap that matter here. */
export interface RingRequest {
  /** Bytes of the mapping: a control page, and the data. */
  readonly bytes: number;
  /** False maps it for reading alone: old records are written over. Default true. */
  readonly writable?: boolean;
  /** MAP_PRIVATE. Default false. */
  readonly isPrivate?: boolean;
  /** Offset in the file. Default 0. */
  readonly offset?: number;
}

const MOST_BYTES = 2 ** 31;

const ringShape: Shape<RingRequest> = {
  bytes: whole(0, MOST_BYTES),
  writable: optional(flag),
  isPrivate: optional(flag),
  offset: optional(whole(0, Number.MAX_SAFE_INTEGER)),
};

export const eventCommands = [
  "ENABLE",
  "DISABLE",
  "RESET",
  "REFRESH",
  "PERIOD",
  "SET_OUTPUT",
  "PAUSE_OUTPUT",
] as const;
export type EventCommand = (typeof eventCommands)[number];

/** PERF_IOC_FLAG_GROUP. */
const WHOLE_GROUP = 1n;
/** SET_OUTPUT without a descriptor. */
const NO_DESCRIPTOR = -1n;
/** poll: something to read; the writer is gone. */
const POLLIN = 1;
const POLLHUP = 16;
const MOST_SIGNED = 0x7fff_ffffn;

/** The attributes in an event's record, as they are now. */
export function viewOf({ machine, address }: CoreRecord): AttributeView {
  const bytes = machine.constant("ATTR_BYTES");
  const image = machine.bytes.slice(address, address + bytes);
  return new AttributeView(machine, new Attributes(machine, image));
}

export class PerfEvent {
  readonly #machine: Machine;
  readonly #caller: PerfTask;
  readonly #record: CoreRecord;
  readonly #handle: Handle;
  #mappings = 0;

  constructor(caller: PerfTask, record: number) {
    this.#machine = caller.task.machine;
    this.#caller = caller;
    this.#record = new CoreRecord(this.#machine, record);
    this.#handle = new Handle(this.#machine, "event", record);
  }

  /** Made here: an object that inherits from an event, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is PerfEvent {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /** Its record in the core. @throws UsageError once it was closed */
  get record(): CoreRecord {
    this.#handle.check();
    return this.#record;
  }

  get id(): bigint {
    return this.record.get64("PERF_EVENT_ID");
  }

  /** Its attributes as they are now. */
  get attributes(): AttributeView {
    return viewOf(this.record);
  }

  /** What it writes to; null without. */
  get ring(): PerfRing | null {
    const ring = this.record.get32("PERF_EVENT_RING");
    return ring === 0 ? null : new PerfRing(this.#machine, ring, () => this.#handle.check());
  }

  /** This event, and those that were inherited from it. */
  #withInherited(): CoreRecord[] {
    return withInherited(this.#machine, this.record.address);
  }

  /** The members of its group, the leader first. */
  #group(): CoreRecord[] {
    const members: CoreRecord[] = [];
    let at = this.record.get32("PERF_EVENT_LEADER");
    while (at !== 0) {
      const member = new CoreRecord(this.#machine, at);
      members.push(member);
      at = member.get32("PERF_EVENT_SIBLING");
    }
    return members;
  }

  /** ioctl with a number, or an address, or (SET_OUTPUT) another event or −1; 0 or −errno. */
  control(command: EventCommand | null, argument: bigint | PerfEvent): number {
    this.#handle.check();
    orNull(nameOf(eventCommands))("command", command);
    if (!PerfEvent.isOne(argument) && typeof argument !== "bigint") {
      throw wrong("argument", argument, "a bigint or an open event");
    }
    if (command === null) return -ENOTTY;
    if (command === "SET_OUTPUT") {
      if (PerfEvent.isOne(argument)) return this.#setOutput(argument);
      return argument === NO_DESCRIPTOR ? this.#setOutput(null) : -EBADF;
    }
    if (PerfEvent.isOne(argument)) return -EINVAL;
    switch (command) {
      case "ENABLE":
        return this.#each(argument, (member) => this.#machine.exports.perfEnable(member.address));
      case "DISABLE":
        return this.#each(argument, (member) => this.#machine.exports.perfDisable(member.address));
      case "RESET":
        return this.#each(argument, (member) => member.set64("PERF_EVENT_COUNT", 0n));
      case "REFRESH":
        return this.#refresh(argument);
      case "PERIOD":
        return this.#setPeriod(argument);
      case "PAUSE_OUTPUT":
        return this.#pause(argument !== 0n);
    }
  }

  #each(flags: bigint, change: (member: CoreRecord) => void): number {
    const members = (flags & WHOLE_GROUP) === 0n ? [this.record] : this.#group();
    for (const { address } of members) withInherited(this.#machine, address).forEach(change);
    return 0;
  }

  #refresh(samples: bigint): number {
    const view = this.attributes;
    if (view.has("inherit") || view.attributes.get("sample_period") === 0n) return -EINVAL;
    const limit = BigInt(this.record.get32("PERF_EVENT_LIMIT")) + samples;
    this.record.set32("PERF_EVENT_LIMIT", Number(limit & (2n * MOST_SIGNED + 1n)));
    this.#machine.exports.perfEnable(this.record.address);
    return 0;
  }

  /** The argument is the address of the new period. */
  #setPeriod(address: bigint): number {
    const { error, value } = this.#caller.task.uaccess.getUser(BigInt.asUintN(64, address), 8);
    if (error !== 0) return -EFAULT;
    const view = this.attributes;
    if (view.attributes.get("sample_period") === 0n || !mayBePeriod(view, value)) return -EINVAL;
    for (const member of this.#withInherited()) {
      member.set64("ATTR_SAMPLE_PERIOD", value);
      member.set64("PERF_EVENT_PERIOD", value);
      member.set64("PERF_EVENT_PERIOD_LEFT", 0n);
    }
    return 0;
  }

  #pause(paused: boolean): number {
    const { ring } = this;
    if (ring === null || ring.dataBytes === 0) return -EINVAL;
    ring.paused = paused;
    return 0;
  }

  /** perf_event_set_output: records go into another event's ring; null takes the ring away. */
  #setOutput(other: PerfEvent | null): number {
    if (other !== null && !this.#mayWriteTo(other)) return -EINVAL;
    if (this.#mappings > 0) return -EINVAL;
    const ring = other === null ? null : other.ring;
    if (other !== null && ring === null) return -EINVAL;
    this.#attach(ring);
    return 0;
  }

  #mayWriteTo(other: PerfEvent): boolean {
    const same = ["PERF_EVENT_CPU", "PERF_EVENT_TASK"] as const;
    return (
      other.record.address !== this.record.address &&
      same.every((field) => other.record.get32(field) === this.record.get32(field)) &&
      clockOf(other.attributes) === clockOf(this.attributes) &&
      other.attributes.has("write_backward") === this.attributes.has("write_backward")
    );
  }

  #attach(ring: PerfRing | null): void {
    const left = this.ring;
    const isUnused = alone(this.#machine, () => {
      if (ring !== null) takeRing(ring);
      this.record.set32("PERF_EVENT_RING", ring?.address ?? 0);
      return left !== null && dropRing(left) === 0;
    });
    if (isUnused) this.#machine.exports.freePerfRing(left!.address);
  }

  /** perf_event_set_output at open; 0 or −errno. */
  shareRingOf(other: PerfEvent): number {
    madeEvent("other", other);
    return this.#setOutput(other);
  }

  /** mmap: 0 or −errno. @throws FaultlineError "no-memory" when RAM is full */
  mapRing(request: RingRequest): number {
    checkOptions("request", request, ringShape);
    const { bytes, writable = true, isPrivate = false, offset = 0 } = request;
    const pageSize = this.#machine.constant("PAGE_SIZE");
    const view = this.attributes;
    const pages = Math.ceil(bytes / pageSize) - 1;
    const inherited = view.has("inherit") && this.record.get32("PERF_EVENT_CPU") >> 0 === -1;
    if (isPrivate || offset !== 0 || inherited || pages < 0) return -EINVAL;
    if (pages !== 0 && (pages & (pages - 1)) !== 0) return -EINVAL;
    const { ring } = this;
    if (ring !== null && ring.dataBytes !== pages * pageSize) return -EINVAL;
    if (ring === null) this.#attach(this.#newRing(pages * pageSize, view, writable));
    this.#mappings += 1;
    return 0;
  }

  #newRing(bytes: number, view: AttributeView, writable: boolean): PerfRing {
    const watermark = view.has("watermark") ? Number(view.attributes.get("wakeup")) : 0;
    const ring = this.#machine.exports.newPerfRing(bytes, watermark, writable ? 0 : 1) >>> 0;
    if (ring === 0) throw new FaultlineError("no-memory", `RAM is full: no ring of ${bytes} bytes`);
    return new PerfRing(this.#machine, ring, () => this.#handle.check());
  }

  /** read: the values (see {@link readValues}), or −ENOSPC for too little room. */
  read(room: number): bigint[] | number {
    wholeNumber("room", room, 0, MOST_BYTES);
    if (room < this.record.get32("PERF_EVENT_READ_BYTES")) return -ENOSPC;
    return readValues(this.#machine, this.record, this.#group());
  }

  /** poll for POLLIN: what is reported, and taken back by that. */
  poll(): number {
    const { ring } = this;
    return ring === null ? POLLHUP : takePoll(ring) & POLLIN;
  }

  /** The descriptor is closed; a ring goes with its last event. */
  close(): void {
    for (const { address } of this.#withInherited().reverse()) {
      if (address === this.record.address) this.#attach(null);
      this.#machine.exports.freePerfEvent(address);
    }
    this.#handle.release("was closed");
  }
}

export const madeEvent = checkThat("an open event", (value) => PerfEvent.isOne(value));

export function clockOf(view: AttributeView): bigint {
  return view.has("use_clockid") ? view.attributes.get("clockid") : -1n;
}
