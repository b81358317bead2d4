import { checkThat, listOf, nameOf, objectOf, whole } from "../base/checks.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { eventTable, type MachineEvent } from "../machine/events.ts";
import { madeMachine, type Machine } from "../machine/machine.ts";
import {
  anyTaskBits,
  sideEvents,
  type CallEvents,
  type CopyEvent,
  type SideCounter,
  type TaskBits,
} from "./cost/index.ts";

/**
 * Turns the events of one call, as the study build recorded them, into what the cost model prices. Nothing is
 * assumed about how the data was moved: each event says by its direction which side it belongs to, and by its origin
 * which primitive it came from.
 */

interface Side {
  readonly counts: Partial<Record<SideCounter, number>>;
  readonly copiesFromUser: CopyEvent[];
  readonly copiesToUser: CopyEvent[];
}

type Origin = "single" | "block" | "copy";

interface Names {
  readonly origin: ReadonlyMap<number, Origin>;
  readonly read: number;
}

const EIGHT_BYTES = 8;

/** Counters of openings and closings, by origin. */
const toggleCounters = {
  open: { single: "accessOpens", block: "blockOpens", copy: "copyOpens" },
  close: { single: "accessCloses", block: "blockCloses", copy: "copyCloses" },
} as const;

const word = whole(0, 2 ** 32 - 1);
const machineEvents = listOf(
  objectOf<MachineEvent>({
    kind: nameOf(eventTable.map(({ kind }) => kind)),
    sequence: word,
    cpu: word,
    address: checkThat("a bigint", (value) => typeof value === "bigint"),
    detail: word,
    flag: word,
  }),
);

/** The events of one call of a task whose words have `taskBits`. */
export function tallyCall(
  machine: Machine,
  events: readonly MachineEvent[],
  taskBits: TaskBits,
): CallEvents {
  madeMachine("machine", machine);
  machineEvents("events", events);
  anyTaskBits("taskBits", taskBits);
  const names: Names = {
    origin: new Map([
      [machine.constant("ORIGIN_SINGLE"), "single"],
      [machine.constant("ORIGIN_BLOCK"), "block"],
      [machine.constant("ORIGIN_COPY"), "copy"],
    ]),
    read: machine.constant("DIRECTION_READ"),
  };
  const read = newSide();
  const write = newSide();
  for (const event of events) tallyEvent(event, names, read, write);
  return { taskBits, read: finish(read), write: finish(write) };
}

function newSide(): Side {
  return { counts: {}, copiesFromUser: [], copiesToUser: [] };
}

function finish(side: Side): CallEvents["read"] {
  return sideEvents({
    ...side.counts,
    copiesFromUser: side.copiesFromUser,
    copiesToUser: side.copiesToUser,
  });
}

function add(side: Side, counter: SideCounter): void {
  side.counts[counter] = (side.counts[counter] ?? 0) + 1;
}

function tallyEvent(event: MachineEvent, names: Names, read: Side, write: Side): void {
  const byDirection = (direction: number): Side => (direction === names.read ? read : write);
  switch (event.kind) {
    case "function":
      return add(read, "functionEntries");
    case "block":
      return add(
        byDirection(event.detail),
        event.detail === names.read ? "readBlocks" : "writeBlocks",
      );
    case "range-check":
      return add(
        byDirection(event.flag & coreConstants.CHECK_DIRECTION_MASK),
        checkCounter(event, names),
      );
    case "guard-open":
      return add(byDirection(event.detail), toggleCounters.open[originOf(event.flag, names)]);
    case "guard-close":
      return add(byDirection(event.detail), toggleCounters.close[originOf(event.flag, names)]);
    case "load":
      return tallyValue(
        read,
        event,
        originOf(event.flag, names) === "single"
          ? ["gets", "wideGets"]
          : ["blockLoads", "wideBlockLoads"],
      );
    case "store":
      return tallyValue(
        write,
        event,
        originOf(event.flag, names) === "single"
          ? ["puts", "widePuts"]
          : ["blockStores", "wideBlockStores"],
      );
    case "copy-from":
      read.copiesFromUser.push(copyOf(event, "from"));
      return;
    case "copy-to":
      write.copiesToUser.push(copyOf(event, "to"));
      return;
    case "clear":
      return add(write, "clears");
    default:
  }
}

function originOf(code: number, names: Names): Origin {
  return names.origin.get(code) ?? "single";
}

function checkCounter(event: MachineEvent, names: Names): SideCounter {
  const origin = originOf(event.flag >> coreConstants.CHECK_ORIGIN_SHIFT, names);
  if (origin === "block") return "blockRangeChecks";
  if (origin === "copy") return "copyRangeChecks";
  return (event.flag & coreConstants.CHECK_DIRECTION_MASK) === names.read
    ? "getRangeChecks"
    : "putRangeChecks";
}

function tallyValue(
  side: Side,
  event: MachineEvent,
  counters: readonly [SideCounter, SideCounter],
): void {
  add(side, counters[0]);
  if (event.detail === EIGHT_BYTES) add(side, counters[1]);
}

/** The flag holds both addresses modulo 64 (assembly/study/events.ts). */
function copyOf(event: MachineEvent, direction: "from" | "to"): CopyEvent {
  const kernel = event.flag >> coreConstants.COPY_KERNEL_SHIFT;
  const user = event.flag & coreConstants.COPY_LINE_MASK;
  return direction === "to"
    ? { bytes: event.detail, toAlign: user, fromAlign: kernel }
    : { bytes: event.detail, toAlign: kernel, fromAlign: user };
}
