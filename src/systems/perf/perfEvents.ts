/** perf_event_open, and what happens to events when tasks come and go (kernel/events/core.c, 6.18). */

import {
  checkOptions,
  checkThat,
  flag,
  optional,
  whole,
  wholeNumber,
  type Check,
  type Shape,
} from "../../base/checks.ts";
import { errnos } from "../../base/errno.ts";
import { madeMachine, type Machine } from "../../machine/machine.ts";
import { copyAttributes, type Attributes } from "./attributes.ts";
import {
  AttributeView,
  MOST_FRAMES,
  checkCopied,
  checkEvent,
  checkRights,
  softwareEventOf,
} from "./checkAttributes.ts";
import type { CoreRecord } from "./coreRecord.ts";
import { openEvents } from "./eventRecords.ts";
import { PerfEvent, clockOf, viewOf } from "./perfEvent.ts";
import { PerfTask, madePerfTask } from "./perfTask.ts";

const { EACCES, EBADF, EINVAL, ENOMEM, ESRCH } = errnos;

/** Flags of the call. */
const NO_GROUP = 1;
const OUTPUT = 2;
const CONTROL_GROUP = 4;
const KNOWN_FLAGS = 15;

/** Whom an event is to be attached to. */
export interface OpenRequest {
  /** Address of the attributes. */
  readonly attributes: bigint;
  /** A task, every one ("all", pid −1), or nobody (a number that no process has). */
  readonly target: PerfTask | "all" | "nobody";
  /** A CPU, or −1 for every one. */
  readonly cpu: number;
  /** The group descriptor: an event, none (−1), or a descriptor that is no event. */
  readonly group?: PerfEvent | "none" | "bad";
  readonly flags?: number;
}

const MOST_CPUS = 64;
const MOST_INT = 0x7fff_ffff;
const MOST_FLAGS = 0xffff_ffff;
const MOST_WORD = 2n ** 64n - 1n;

const aTarget: Check = (argument, value) => {
  if (value !== "all" && value !== "nobody") madePerfTask(argument, value);
};
const aGroup = checkThat(
  '"none", "bad" or an open event',
  (value) => value === "none" || value === "bad" || PerfEvent.isOne(value),
);
const anAddress = checkThat(
  "a bigint from 0 to 2^64 - 1",
  (value) => typeof value === "bigint" && value >= 0n && value <= MOST_WORD,
);

const requestShape: Shape<OpenRequest> = {
  attributes: anAddress,
  target: aTarget,
  cpu: whole(-MOST_INT - 1, MOST_INT),
  group: optional(aGroup),
  flags: optional(whole(0, MOST_FLAGS)),
};

/** The events of one machine. */
export class PerfEvents {
  readonly #machine: Machine;
  readonly #cpus: number;

  /** @param cpus CPUs that events may be attached to; default those of the machine */
  constructor(machine: Machine, cpus?: number) {
    madeMachine("machine", machine);
    this.#machine = machine;
    this.#cpus = cpus === undefined ? machine.shape.cpus : wholeNumber("cpus", cpus, 1, MOST_CPUS);
  }

  /** What a task of this machine is known by; `argument` names it in the error for any other. */
  #check(argument: string, task: PerfTask): void {
    madePerfTask(argument, task);
    task.task.handleOn(this.#machine);
  }

  /**
   * perf_event_open of a task: the event, or −errno.
   * @throws UsageError for a request that no system call can make, or tasks of another machine
   */
  open(caller: PerfTask, request: OpenRequest): PerfEvent | number {
    this.#check("caller", caller);
    checkOptions("request", request, requestShape);
    if (typeof request.target !== "string") this.#check("request.target", request.target);
    const flags = request.flags ?? 0;
    if ((flags & ~KNOWN_FLAGS) !== 0) return -EINVAL;
    const attributes = copyAttributes(caller.task, request.attributes);
    if (typeof attributes === "number") return attributes;
    const view = new AttributeView(this.#machine, attributes);
    return checkCopied(view, caller.privileged) || this.#openChecked(caller, request, view, flags);
  }

  #openChecked(
    caller: PerfTask,
    request: OpenRequest,
    view: AttributeView,
    flags: number,
  ): PerfEvent | number {
    const group = request.group ?? "none";
    const leader = PerfEvent.isOne(group) && (flags & NO_GROUP) === 0 ? group : null;
    const error = this.#refuses(caller, request, view, leader);
    if (error !== 0) return error;
    const event = this.#create(caller, request, view.attributes);
    if (typeof event === "number") return event;
    const shares = PerfEvent.isOne(group) && (flags & OUTPUT) !== 0;
    const shared = shares ? event.shareRingOf(group) : 0;
    if (shared !== 0) {
      event.close();
      return shared;
    }
    const { exports } = this.#machine;
    if (leader !== null) exports.perfJoinGroup(event.record.address, leader.record.address);
    if (!view.has("disabled")) exports.perfEnable(event.record.address);
    return event;
  }

  /** The first thing that speaks against it, in the kernel's order. */
  #refuses(
    caller: PerfTask,
    request: OpenRequest,
    view: AttributeView,
    leader: PerfEvent | null,
  ): number {
    const { privileged } = caller;
    const isControlGroup = ((request.flags ?? 0) & CONTROL_GROUP) !== 0;
    return (
      checkRights(view, privileged) ||
      (isControlGroup ? -EINVAL : 0) ||
      (request.group === "bad" ? -EBADF : 0) ||
      this.#checkTarget(request, view, leader) ||
      checkEvent(view, privileged) ||
      this.#checkReach(caller, request) ||
      checkGroup(view, request, leader)
    );
  }

  #checkTarget(
    { target, cpu }: OpenRequest,
    view: AttributeView,
    leader: PerfEvent | null,
  ): number {
    if (target === "nobody") return -ESRCH;
    const inherits = leader?.attributes.has("inherit") ?? view.has("inherit");
    if (target !== "all" && inherits !== view.has("inherit")) return -EINVAL;
    const anyCpu = cpu === -1 && target !== "all";
    return anyCpu || (cpu >= 0 && cpu < this.#cpus) ? 0 : -EINVAL;
  }

  /** Others' tasks, and every task, are for the privileged. */
  #checkReach(caller: PerfTask, { target }: OpenRequest): number {
    if (caller.privileged) return 0;
    return PerfTask.isOne(target) && target.pid === caller.pid ? 0 : -EACCES;
  }

  #create(
    caller: PerfTask,
    { target, cpu }: OpenRequest,
    attributes: Attributes,
  ): PerfEvent | number {
    if (attributes.get("sample_max_stack") === 0n) attributes.set("sample_max_stack", MOST_FRAMES);
    if (softwareEventOf(attributes.get("type")) !== null) {
      attributes.set("type", BigInt(this.#machine.constant("TYPE_SOFTWARE")));
    }
    const image = this.#machine.allocKernel(attributes.bytes.length);
    image.bytes.set(attributes.bytes);
    const task = PerfTask.isOne(target) ? target.record : 0;
    const record = this.#machine.exports.newPerfEvent(image.linear, task, cpu) >>> 0;
    image.free();
    return record === 0 ? -ENOMEM : new PerfEvent(caller, record);
  }

  /** perf_event_init_task: a new task gets events of its own for those that ask for it, group by group. */
  inherit(parent: PerfTask, child: PerfTask, sameProcess: boolean): void {
    this.#check("parent", parent);
    this.#check("child", child);
    flag("sameProcess", sameProcess);
    const copies = new Map<number, number>();
    for (const event of openEvents(this.#machine)) {
      if (event.get32("PERF_EVENT_TASK") !== parent.record || !inherits(event, sameProcess)) {
        continue;
      }
      copies.set(event.address, this.#copy(event, child, copies));
    }
  }

  #copy(event: CoreRecord, child: PerfTask, copies: ReadonlyMap<number, number>): number {
    const { exports } = this.#machine;
    const cpu = event.get32("PERF_EVENT_CPU") >> 0;
    const copy = new PerfEvent(child, exports.newPerfEvent(event.address, child.record, cpu) >>> 0);
    const root = event.get32("PERF_EVENT_PARENT") || event.address;
    copy.record.set32("PERF_EVENT_PARENT", root);
    const leader = copies.get(event.get32("PERF_EVENT_LEADER"));
    if (leader !== undefined) exports.perfJoinGroup(copy.record.address, leader);
    if (event.get32("PERF_EVENT_ENABLED") !== 0) exports.perfEnable(copy.record.address);
    return copy.record.address;
  }

  /**
   * One task gives the CPU to another whose events are all copies of its own, or the originals: instead of taking them
   * off the CPU and putting the others on it, the kernel swaps whose they are.
   */
  swap(from: PerfTask, to: PerfTask): void {
    this.#check("from", from);
    this.#check("to", to);
    const ofFrom = this.#eventsOf(from);
    const ofTo = this.#eventsOf(to);
    const root = (event: CoreRecord): number => event.get32("PERF_EVENT_PARENT") || event.address;
    const roots = new Set(ofTo.map(root));
    const areClones =
      from.record !== to.record &&
      ofFrom.length === ofTo.length &&
      ofFrom.every((event) => roots.has(root(event)));
    if (!areClones) return;
    for (const event of ofFrom) event.set32("PERF_EVENT_TASK", to.record);
    for (const event of ofTo) event.set32("PERF_EVENT_TASK", from.record);
  }

  #eventsOf(task: PerfTask): CoreRecord[] {
    return openEvents(this.#machine).filter(
      (event) => event.get32("PERF_EVENT_TASK") === task.record,
    );
  }

  /** perf_event_exit_task: what its inherited events have counted goes to those they come from; its own end with it. */
  leave(task: PerfTask): void {
    this.#check("task", task);
    for (const event of this.#eventsOf(task).reverse()) {
      const parent = event.get32("PERF_EVENT_PARENT");
      if (parent === 0) this.#retire(event);
      else this.#giveBack(event, parent);
    }
  }

  /** Its descriptor stays open, but no task is it attached to any more. */
  #retire(event: CoreRecord): void {
    this.#machine.exports.perfDisable(event.address);
    event.set32("PERF_EVENT_TASK", event.address);
  }

  #giveBack(event: CoreRecord, parent: number): void {
    const root = openEvents(this.#machine).find(({ address }) => address === parent)!;
    const counted = event.get64("PERF_EVENT_COUNT") + event.get64("PERF_EVENT_CHILD_COUNT");
    root.set64("PERF_EVENT_CHILD_COUNT", root.get64("PERF_EVENT_CHILD_COUNT") + counted);
    this.#machine.exports.freePerfEvent(event.address);
  }
}

function inherits(event: CoreRecord, sameProcess: boolean): boolean {
  const view = viewOf(event);
  return view.has("inherit") && (sameProcess || !view.has("inherit_thread"));
}

/** A group's members have the leader's clock and CPU, and only a leader may be pinned or exclusive. */
function checkGroup(view: AttributeView, request: OpenRequest, leader: PerfEvent | null): number {
  if (leader === null) return 0;
  const ofLeader = leader.record;
  const task = PerfTask.isOne(request.target) ? request.target.record : 0;
  const fits =
    ofLeader.get32("PERF_EVENT_CPU") >> 0 === request.cpu &&
    ofLeader.get32("PERF_EVENT_TASK") === task &&
    ofLeader.get32("PERF_EVENT_LEADER") === ofLeader.address &&
    clockOf(leader.attributes) === clockOf(view) &&
    !view.has("pinned") &&
    !view.has("exclusive");
  return fits ? 0 : -EINVAL;
}
