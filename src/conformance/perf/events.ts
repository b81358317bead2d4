/** Operations on a case's events: the calls on their descriptors, and what their reader sees and does. */

import { errnoNameOf } from "../../base/errno.ts";
import type { PerfRing } from "../../systems/perf/perfRing.ts";
import { PerfEvent, eventCommands, type EventCommand } from "../../systems/perf/perfEvent.ts";
import { bitsOf, sampleTypes } from "../../systems/perf/names.ts";
import type { OpenRequest } from "../../systems/perf/perfEvents.ts";
import { attributeImage, layoutOf } from "./attributes.ts";
import { PAGE_BYTES } from "../base/content.ts";
import type { PerfHandlers } from "./memory.ts";
import {
  HEADER_BYTES,
  readFields,
  recordTypes,
  RingReader,
  showRecord,
  type RecordHeader,
  type RecordLayout,
  type RecordType,
} from "./records.ts";
import type { Answer, EventStep, StepAnswer } from "./steps.ts";
import { ATTRIBUTE_PAGE, type PerfWorld } from "./world.ts";
import type { OperationOf } from "../base/handlers.ts";
import { TraceError, wordOf } from "../base/trace.ts";

type EventOf<Op extends EventStep["op"]> = OperationOf<EventStep, Op>;

const nothing: StepAnswer = {};

/** 0, or the error. */
function result(value: number): StepAnswer {
  return value < 0 ? { ret: -1n, errno: errnoNameOf(-value) } : { ret: BigInt(value) };
}

export const eventOperations: PerfHandlers<EventStep> = {
  open,
  mmap: (world, { e, bytes, prot, private: isPrivate, off }) => {
    const writable = prot.includes("w");
    const mapped = world
      .event(e)
      .event.mapRing({ bytes, writable, isPrivate: isPrivate ?? false, offset: off ?? 0 });
    world.noteRing(e);
    return mapped < 0 ? { errno: errnoNameOf(-mapped) } : nothing;
  },
  ioctl: (world, { e, cmd, arg }) => {
    const { event } = world.event(e);
    const answer = result(event.control(commandOf(cmd), argumentOf(world, arg)));
    world.noteRing(e);
    return answer;
  },
  records,
  area,
  take: (world, { e, max }) => {
    const ring = ringOf(world, e);
    let taken = 0n;
    for (; taken < BigInt(max) && ring.tail < ring.head; taken++) {
      ring.tail += BigInt(readerAt(ring, ring.tail).header().size);
    }
    return { tail: ring.tail, taken };
  },
  tail: (world, { e, value }) => {
    ringOf(world, e).tail = wordOf(value);
    return nothing;
  },
  head: (world, { e }) => positions(ringOf(world, e)),
  bytes: (world, { e }) => {
    const ring = ringOf(world, e);
    const data = readerAt(ring, ring.tail).bytes(Number(ring.head - ring.tail));
    return { ...positions(ring), data };
  },
  page,
  poll: (world, { e }) => {
    const revents = world.event(e).event.poll();
    return { ret: revents === 0 ? 0n : 1n, revents: BigInt(revents) };
  },
  read: (world, { e, len }) => {
    const { event, layout } = world.event(e);
    const words = event.read(len);
    if (typeof words === "number") return result(words);
    const left = [...words];
    return {
      ret: BigInt(8 * words.length),
      values: readFields(layout.readFormat, () => left.shift()!),
    };
  },
  close: (world, { e }) => {
    world.event(e).event.close();
    world.events.delete(e);
    return nothing;
  },
  munmap: () => nothing,
  forms,
};

function commandOf(name: EventCommand | "BOGUS"): EventCommand | null {
  return name === "BOGUS" ? null : eventCommands.find((command) => command === name)!;
}

function argumentOf(world: PerfWorld, argument: number | string): bigint | PerfEvent {
  if (typeof argument === "number") return BigInt(argument);
  return world.event(Number(argument.slice(1))).event;
}

function open(world: PerfWorld, step: EventOf<"open">): StepAnswer {
  const { machine, process } = world;
  const image = attributeImage(machine, step.attr);
  const at =
    step.attr_at === undefined ? placeAttributes(world, image, step) : wordOf(step.attr_at);
  const request: OpenRequest = {
    attributes: at,
    target: targetOf(world, step.pid),
    cpu: cpuOf(step.cpu),
    group: groupOf(world, step.group),
    flags: step.oflags,
  };
  const opened = world.perf.open(process, request);
  const after = sizeAfter(world, at, image);
  if (typeof opened === "number") return { ...result(opened), ...after };
  const layout = layoutOf(machine, step.attr, () => world.withPacket.has(step.e));
  world.events.set(step.e, { event: opened, layout, rings: new Set() });
  world.noteRing(step.e);
  return { ret: 0n, ...after };
}

/** The structure lies at the start of its page, or so that the next, unmapped, page begins inside it. */
function placeAttributes(world: PerfWorld, image: Uint8Array, step: EventOf<"open">): bigint {
  const { task } = world.process;
  const next = ATTRIBUTE_PAGE + BigInt(PAGE_BYTES);
  const readable = step.attr_bytes_readable;
  if (readable === undefined) {
    world.store(world.process, ATTRIBUTE_PAGE, image);
    return ATTRIBUTE_PAGE;
  }
  task.unmap(next, PAGE_BYTES);
  const at = next - BigInt(readable);
  world.store(world.process, at, image.subarray(0, readable));
  return at;
}

/** The size field, where the kernel changed it. */
function sizeAfter(world: PerfWorld, at: bigint, image: Uint8Array): StepAnswer {
  const place = at + BigInt(world.machine.constant("ATTR_SIZE"));
  const linear = world.process.task.linearOf(BigInt.asUintN(64, place));
  if (linear === null) return nothing;
  const before = new DataView(image.buffer).getUint32(world.machine.constant("ATTR_SIZE"), true);
  const size = new DataView(world.machine.bytes.buffer).getUint32(linear, true);
  return size === before ? nothing : { size_after: BigInt(size) };
}

function targetOf(world: PerfWorld, pid: string): OpenRequest["target"] {
  if (pid === "self" || pid === "0") return world.process;
  if (pid === "none") return "all";
  const task = /^-?\d+$/.test(pid) ? world.outsider(Number(pid)) : world.task(pid);
  return task ?? "nobody";
}

/** The recorded programs run on CPU 1, which is the machine's first. */
function cpuOf(recorded: number): number {
  return recorded === 0 || recorded === 1 ? 1 - recorded : recorded;
}

function groupOf(world: PerfWorld, group: number | string): PerfEvent | "none" | "bad" {
  if (group === -1 || group === "fd:-1") return "none";
  return typeof group === "number" ? world.event(group).event : "bad";
}

function ringOf(world: PerfWorld, e: number): PerfRing {
  const { ring } = world.event(e).event;
  if (ring === null) throw new TraceError("", `event ${e} has no ring`);
  return ring;
}

function positions(ring: PerfRing): { head: bigint; tail: bigint } {
  return { head: ring.head, tail: ring.tail };
}

function readerAt(ring: PerfRing, at: bigint, end = at + BigInt(ring.dataBytes)): RingReader {
  return new RingReader(ring.data, at, end);
}

function nameOfType(world: PerfWorld, type: number): RecordType {
  const names = Object.keys(recordTypes) as RecordType[];
  const found = names.find((name) => world.machine.constant(recordTypes[name]) === type);
  if (found === undefined) throw new TraceError("", `there is no record of type ${type}`);
  return found;
}

function show(
  world: PerfWorld,
  ring: PerfRing,
  at: bigint,
  header: RecordHeader,
  layout: RecordLayout,
  end: bigint | undefined,
): Answer {
  const reader = readerAt(ring, at, end);
  reader.header();
  return showRecord(reader, nameOfType(world, header.type), header, layout);
}

/** All records from tail to head; of the last one also what lies behind its size. */
function records(world: PerfWorld, { e, sample_of: owners }: EventOf<"records">): StepAnswer {
  const ring = ringOf(world, e);
  const { head, tail } = positions(ring);
  const shown: Answer[] = [];
  let at = tail;
  while (at < head) {
    const header = readerAt(ring, at).header();
    if (header.size < HEADER_BYTES) break;
    const end = at + BigInt(header.size);
    const owner = owners?.[shown.length] ?? writerOf(world, ring, at, header) ?? e;
    const { layout } = world.event(owner);
    shown.push(show(world, ring, at, header, layout, end < head ? end : undefined));
    at = end;
  }
  return { head, tail, records: shown };
}

/** Of several events that write to one ring, the one that the record names; null where it need not or does not. */
function writerOf(
  world: PerfWorld,
  ring: PerfRing,
  at: bigint,
  header: RecordHeader,
): number | null {
  const writers = [...world.events].filter(([, { rings }]) => rings.has(ring.address));
  if (writers.length < 2) return null;
  const isSample = header.type === world.machine.constant("RECORD_SAMPLE");
  const word = isSample ? at + BigInt(HEADER_BYTES) : at + BigInt(header.size) - 8n;
  const id = readerAt(ring, word).number(8);
  const found = writers.find(
    ([, { event, layout }]) => event.id === id && asksIdentifier(layout.sampleType),
  );
  return found?.[0] ?? null;
}

function asksIdentifier(sampleType: bigint): boolean {
  return (sampleType & bitsOf(sampleTypes, ["IDENTIFIER"])) !== 0n;
}

/** Whole records of a ring that is written backwards, the newest first. */
function area(world: PerfWorld, { e, max = Infinity }: EventOf<"area">): StepAnswer {
  const ring = ringOf(world, e);
  const { head, tail } = positions(ring);
  const limit = head + BigInt(ring.dataBytes);
  const shown: Answer[] = [];
  let at = head;
  while (shown.length < max && at + BigInt(HEADER_BYTES) <= limit) {
    const header = readerAt(ring, at).header();
    const end = at + BigInt(header.size);
    if (header.type === 0 || header.size < HEADER_BYTES || end > limit) break;
    shown.push(show(world, ring, at, header, world.event(e).layout, end));
    at = end;
  }
  return { head, tail, records: shown, bytes_in_whole_records: at - head };
}

function page(world: PerfWorld, { e }: EventOf<"page">): StepAnswer {
  const ring = ringOf(world, e);
  const { control } = ring;
  return {
    version: BigInt(control.get32("CONTROL_VERSION_AT")),
    compat_version: BigInt(control.get32("CONTROL_COMPAT_VERSION_AT")),
    data_head: ring.head,
    data_tail: ring.tail,
    data_offset: control.get64("CONTROL_DATA_OFFSET_AT"),
    data_size: control.get64("CONTROL_DATA_SIZE_AT"),
    aux_head: control.get64("CONTROL_AUX_HEAD_AT"),
    aux_size: control.get64("CONTROL_AUX_SIZE_AT"),
  };
}

/** The different forms of the samples of kernel threads, or of the process itself in user mode. */
function forms(world: PerfWorld, step: EventOf<"forms">): StepAnswer {
  const ofThreads = JSON.stringify(step.forms).includes("stack_user");
  const all = (records(world, { ...step, op: "records" }).records as readonly Answer[])
    .map((record) => record as Readonly<Record<string, Answer>>)
    .map((record) => (ofThreads ? threadForm(record) : ownForm(record)))
    .filter((form) => form !== null);
  const different = new Map(all.map((form) => [keyOf(form), form]));
  return { forms: [...different.values()] };
}

function keyOf(form: Answer): string {
  return JSON.stringify(form, (_, value: unknown) =>
    typeof value === "bigint" ? `0x${value.toString(16)}` : value,
  );
}

type Fields = readonly (readonly [string, Answer])[];

function fieldOf(
  record: Readonly<Record<string, Answer>>,
  name: string,
): Readonly<Record<string, Answer>> {
  const found = (record["fields"] as unknown as Fields).find(([field]) => field === name);
  return (found?.[1] ?? {}) as Readonly<Record<string, Answer>>;
}

function threadForm(record: Readonly<Record<string, Answer>>): Answer | null {
  const registers = fieldOf(record, "regs_user");
  if (registers["abi"] !== 0n) return null;
  const form: Record<string, Answer> = { size: record["size"]!, misc: record["misc"]! };
  for (const name of ["regs_user", "stack_user"]) {
    const field = fieldOf(record, name);
    if (Object.keys(field).length > 0) form[name] = field;
  }
  return form;
}

function ownForm(record: Readonly<Record<string, Answer>>): Answer | null {
  if (record["misc"] !== 2n) return null;
  const { abi, cs, ss } = fieldOf(record, "regs_user");
  return {
    misc: record["misc"],
    abi: abi!,
    ...(cs !== undefined && { cs }),
    ...(ss !== undefined && { ss }),
    size: record["size"]!,
  };
}
