/** Attributes as recorded, as the bytes that a program hands over and as what a reader of records must know. */

import type { CoreMemory } from "../../machine/coreMemory.ts";
import {
  Attributes,
  attributeFieldNames,
  type AttributeField,
} from "../../systems/perf/attributes.ts";
import {
  bitsOf,
  eventFlags,
  eventTypes,
  readFormats,
  sampleTypes,
  softwareEvents,
  tracepointNumber,
  type EventFlag,
} from "../../systems/perf/names.ts";
import type { RecordLayout } from "./records.ts";
import type { RecordedAttributes } from "./steps.ts";
import { TraceError, wordOf, type Word } from "../base/trace.ts";

/** The recorder's structure: more than the kernel knows of, all named words set. */
export const IMAGE_BYTES = 160;
/** Words behind what the kernel knows, by their recorded names. */
const wordsBehind = { config4: 136, tail144: 144, tail152: 152 } as const;

const nameLists: Readonly<Record<string, readonly string[]>> = {
  sample_type: sampleTypes,
  read_format: readFormats,
  flags: eventFlags,
};

/** The bytes of the structure. */
export function attributeImage(machine: CoreMemory, recorded: RecordedAttributes): Uint8Array {
  const bytes = new Uint8Array(IMAGE_BYTES);
  const image = new Attributes(machine, bytes);
  for (const [name, value] of Object.entries(recorded)) {
    if (name in wordsBehind) {
      const view = new DataView(bytes.buffer);
      view.setBigUint64(wordsBehind[name as keyof typeof wordsBehind], wordOf(value as Word), true);
    } else if ((attributeFieldNames as readonly string[]).includes(name)) {
      image.set(name as AttributeField, fieldValue(name, value));
    } else throw new TraceError("attr", `unknown field ${name}`);
  }
  return bytes;
}

function fieldValue(name: string, value: RecordedAttributes[string]): bigint {
  if (Array.isArray(value)) return listedBits(nameLists[name] ?? [], value as readonly string[]);
  if (typeof value === "number") return BigInt(value);
  const text = value as string;
  if (/^-?\d/.test(text)) return BigInt(text);
  if (name === "type") return BigInt(eventTypes.indexOf(text as (typeof eventTypes)[number]));
  const software = softwareEvents.indexOf(text as (typeof softwareEvents)[number]);
  return BigInt(software >= 0 ? software : tracepointNumber(text));
}

/** Bits by their names; "bitN" and "0x…" stand for bits without. */
function listedBits(names: readonly string[], listed: readonly string[]): bigint {
  return listed.reduce((word, name) => {
    if (name.startsWith("0x")) return word | BigInt(name);
    const unnamed = /^bit(\d+)$/.exec(name);
    return word | (unnamed === null ? bitsOf(names, [name]) : 1n << BigInt(unnamed[1]!));
  }, 0n);
}

/** How records of an event with these attributes are read. */
export function layoutOf(
  machine: CoreMemory,
  recorded: RecordedAttributes,
  hasPacket: () => boolean,
): RecordLayout {
  const image = new Attributes(machine, attributeImage(machine, recorded));
  const flags = image.get("flags");
  return {
    sampleType: image.get("sample_type"),
    readFormat: image.get("read_format"),
    userMask: image.get("sample_regs_user"),
    intrMask: image.get("sample_regs_intr"),
    isTracepoint: image.get("type") === BigInt(machine.constant("TYPE_TRACEPOINT")),
    get hasPacket() {
      return hasPacket();
    },
    has: (flag: EventFlag) => (flags & bitsOf(eventFlags, [flag])) !== 0n,
  };
}
