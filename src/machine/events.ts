/** Kinds of event that the study build records, with the core's constant for each. */
export const eventTable = [
  { kind: "range-check", constant: "EVENT_RANGE_CHECK" },
  { kind: "guard-open", constant: "EVENT_GUARD_OPEN" },
  { kind: "guard-close", constant: "EVENT_GUARD_CLOSE" },
  { kind: "load", constant: "EVENT_LOAD" },
  { kind: "store", constant: "EVENT_STORE" },
  { kind: "copy-from", constant: "EVENT_COPY_FROM" },
  { kind: "copy-to", constant: "EVENT_COPY_TO" },
  { kind: "walk", constant: "EVENT_WALK" },
  { kind: "fault", constant: "EVENT_FAULT" },
  { kind: "fixup", constant: "EVENT_FIXUP" },
  { kind: "pointer-update", constant: "EVENT_POINTER_UPDATE" },
  { kind: "shootdown", constant: "EVENT_SHOOTDOWN" },
  { kind: "acknowledge", constant: "EVENT_ACKNOWLEDGE" },
  { kind: "mmap-lock", constant: "EVENT_MMAP_LOCK" },
  { kind: "function", constant: "EVENT_FUNCTION" },
  { kind: "block", constant: "EVENT_BLOCK" },
  { kind: "clear", constant: "EVENT_CLEAR" },
  { kind: "remote-move", constant: "EVENT_REMOTE_MOVE" },
  { kind: "kernel-load", constant: "EVENT_KERNEL_LOAD" },
  { kind: "kernel-store", constant: "EVENT_KERNEL_STORE" },
] as const;

export type EventKind = (typeof eventTable)[number]["kind"];

/** One thing that happened, in order. `detail` and `flag` depend on the kind (assembly/study/events.ts). */
export interface MachineEvent {
  readonly kind: EventKind;
  readonly sequence: number;
  readonly cpu: number;
  readonly address: bigint;
  readonly detail: number;
  readonly flag: number;
}
