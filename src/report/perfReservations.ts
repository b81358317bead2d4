import {
  reservationVariants,
  type ByteRun,
  type Overwritten,
  type ReservationRun,
  type ReservedSample,
} from "../scenarios/perfReservations.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";
import { wrap } from "./text.ts";

const columns: readonly TableColumn[] = [
  { title: "sample" },
  { title: "says", align: "right", group: "bytes" },
  { title: "reserved", align: "right", group: "bytes" },
  { title: "not written" },
  { title: "written behind it" },
  { title: "there before" },
  { title: "and now" },
  { title: "headers hurt", align: "right" },
  { title: "id" },
];

const explanations: Readonly<Record<string, string>> = {
  "perf-stack-zero":
    "With registers but nothing to dump, a sample is given room for one word and writes two: a size and the bytes that came over. The program decides, by its stack pointer. The last word of the sample falls behind its record, where the next one is written over it; in a ring that is written backwards it falls on the header of the record before.",
  "perf-record-wrap":
    "A dump is cut so that everything before it fits into the 16 bits of a record's size. The interrupt's registers come later and are not counted: the size wraps, so little room is taken, and all bytes are written.",
  "perf-shared-sample":
    "Events with the same number that count one occurrence share one sample structure, which keeps what the first one filled in: its id, and the bytes of its registers. The next event's record is too long or too short.",
};

/** Both variants of a demonstration. */
export function reservationsText({ scenario, samples }: ReservationRun): string {
  const parts = reservationVariants.map(({ name, meaning }) => {
    const rows = samples.filter(({ variant }) => variant === name);
    return `${meaning}:\n${renderTable(columns, rows.map(cells))}`;
  });
  const legend = [
    "says, reserved  the size in the record's header, and by how much the ring's head moved (0: the sample was lost)",
    "not written     offsets in the record that still hold what the ring held before",
    "behind it       offsets from the record's start that changed, and their first word before and afterwards",
    "headers hurt    earlier records whose header was overwritten; id: what the record carries, for which event",
  ].join("\n");
  return [...parts, wrap(explanations[scenario] ?? ""), legend].join("\n\n");
}

function cells(sample: ReservedSample): TableCell[] {
  const { what, size, reserved, notWritten, behind, headersHurt, ids } = sample;
  return [
    what,
    size,
    reserved,
    notWritten.length === 0 ? null : notWritten.map(rangeOf).join(", "),
    behind === null ? null : rangeOf(behind),
    behind === null ? null : hex(behind.before),
    behind === null ? null : hex(behind.after),
    headersHurt,
    ids === null ? null : `${ids.carried} for ${ids.own}`,
  ];
}

function rangeOf({ from, bytes }: ByteRun): string {
  return `${from} – ${from + bytes - 1}`;
}

function hex(bytes: Overwritten["before"]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
