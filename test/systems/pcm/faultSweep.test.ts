import { beforeAll, describe, expect, test } from "vitest";
import {
  PcmStream,
  pcmRequest,
  pcmRequestNames,
  type ArchName,
  type Machine,
  type Mapping,
  type PcmDoor,
  type PcmRequestName,
  type Snapshot,
  type Task,
} from "../../../src/index.ts";
import { hwRequest } from "../../../src/systems/pcm/params/index.ts";
import { machineOf } from "../../machine/pool.ts";

/**
 * Every request at every door with a page that ends inside its argument, at each byte: EFAULT as long as a byte that
 * the kernel uses is missing, the answer of a good page from there on, and a stream that works afterwards.
 */
const PAGE = 4096;
const PAGES = 0x10000000;
const BORDER = PAGES + PAGE;
const DATA = 0x20000000;
const PERIOD = 100;
const BUFFER = 400;

const EFAULT = 14;
const ENOTTY = 25;
const EINVAL = 22;

interface Entry {
  readonly arch: ArchName;
  readonly door: PcmDoor;
  /** Bytes of a word as programs have it there. */
  readonly word: 4 | 8;
}

/** Every door; a 32-bit kernel has one. */
const entries: readonly Entry[] = [
  { arch: "x86-64", door: "native", word: 8 },
  { arch: "x86-64", door: "i386", word: 4 },
  { arch: "x86-64", door: "x32", word: 4 },
  { arch: "arm64-pan", door: "i386", word: 4 },
  { arch: "powerpc-8xx", door: "native", word: 4 },
  { arch: "powerpc-book3s32", door: "native", word: 4 },
];

/** Requests whose argument is a number, not an address. */
const withoutStructure: ReadonlySet<PcmRequestName> = new Set(["PAUSE", "LINK"]);

/** Where the handler goes field by field, the end of the last field it uses, at the doors where it does so. */
const usedBytes: Partial<Record<PcmRequestName, Partial<Record<PcmDoor, number>>>> = {
  SYNC_PTR: { x32: 80 },
  SYNC_PTR_TIME32: { native: 76, i386: 76, x32: 76 },
  SW_PARAMS: { i386: 48, x32: 48 },
};

/** The compat doors look at the file's direction first; the native one takes a read of a playback file for a write. */
function refusedUnread(name: PcmRequestName, door: PcmDoor): boolean {
  return door !== "native" && name.startsWith("READ");
}

const sizeOf = (command: number): number => (command >>> 16) & 0x3fff;

/** An argument that the kernel takes in PREPARED. */
function goodArgument(name: PcmRequestName, word: 4 | 8): Uint8Array {
  if (name === "HW_REFINE" || name === "HW_PARAMS") {
    return hwRequest({ channels: 2, rate: 48000, periodSize: PERIOD, bufferSize: BUFFER }, word);
  }
  const image = new Uint8Array(sizeOf(pcmRequest(name, word)));
  const view = new DataView(image.buffer);
  const put = (index: number, value: number): void => view.setUint32(index, value, true);
  if (name.startsWith("SYNC_PTR")) put(0, 7);
  if (name === "SW_PARAMS") put(word === 8 ? 16 : 12, 1);
  if (name === "SW_PARAMS") put(word === 8 ? 40 : 24, BUFFER);
  if (name === "FORWARD" || name === "REWIND") put(0, 3);
  if (/^(WRITE|READ)[IN]$/.test(name)) {
    put(word, DATA);
    put(2 * word, 3);
  }
  return image;
}

interface Bed {
  readonly machine: Machine;
  readonly task: Task;
  readonly pages: Mapping;
  readonly stream: PcmStream;
  readonly prepared: Snapshot;
}

async function bedAt({ arch, door }: Entry): Promise<Bed> {
  const machine = await machineOf({ arch, kernel: "6.12", memory: "1M" });
  const task = machine.createTask(door === "native" ? {} : { wordBits: 32 });
  const pages = task.map({ at: PAGES, length: 2 * PAGE, populate: true });
  task.map({ at: DATA, length: PAGE, populate: true });
  const stream = PcmStream.open(task, { nonblock: true, door });
  expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER })).toBe(0);
  expect([stream.prepare(), stream.writei(DATA, 0)]).toEqual([0, 0]);
  return { machine, task, pages, stream, prepared: machine.snapshot() };
}

/** The answer with `good` bytes of the argument in front of the border and nothing behind it. */
function answerAt(
  bed: Bed,
  door: PcmDoor,
  command: number,
  argument: Uint8Array,
  good: number,
): number {
  bed.machine.restore(bed.prepared);
  bed.pages.write(PAGE - good, argument);
  bed.task.unmap(BORDER, PAGE);
  return bed.stream.ioctl(door, command, BORDER - good);
}

function expectSound({ machine, stream }: Bed, where: string): void {
  expect(machine.findings(), where).toEqual([]);
  expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER }), where).toBe(0);
  expect([stream.prepare(), stream.writei(DATA, 3), stream.drop()], where).toEqual([0, 3, 0]);
}

const structured = pcmRequestNames.filter(
  (name) => !withoutStructure.has(name) && sizeOf(pcmRequest(name, 8)) > 0,
);

describe.each(entries)("at the $door door of $arch", ({ arch, door, word }) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await bedAt({ arch, door, word });
  });

  test.each(structured)("%s faults at each byte it uses, and at no other", (name) => {
    const argument = goodArgument(name, word);
    const command = pcmRequest(name, word);
    const whole = answerAt(bed, door, command, argument, argument.length);
    const used = refusedUnread(name, door) ? 0 : (usedBytes[name]?.[door] ?? argument.length);
    for (let good = 0; good < argument.length; good++) {
      const where = `${name}, ${good} good bytes`;
      const answer = answerAt(bed, door, command, argument, good);
      expect(answer, where).toBe(good < used ? -EFAULT : whole);
      expectSound(bed, where);
    }
  });

  test.each(structured)("%s with NULL, the last byte and a kernel address is EFAULT", (name) => {
    const command = pcmRequest(name, word);
    const last = word === 8 ? 2n ** 64n - 1n : 2n ** 32n - 1n;
    const kernel = word === 8 ? 0xffff_8000_0000_0000n : 0xffff_e000n;
    for (const address of [0n, last, kernel]) {
      bed.machine.restore(bed.prepared);
      const answer = bed.stream.ioctl(door, command, address);
      expect([-EFAULT, -EINVAL], `${name} at ${address}`).toContain(answer);
      expectSound(bed, `${name} at ${address}`);
    }
  });

  test("a size of another door, one byte off and unknown numbers are ENOTTY, and touch nothing", () => {
    const known = new Set(pcmRequestNames.map((name) => pcmRequest(name, word)));
    const tried = pcmRequestNames.flatMap((name) => {
      const command = pcmRequest(name, word);
      const other = pcmRequest(name, word === 8 ? 4 : 8);
      return [other, command + 0x10000, command ^ 0x40000000, command ^ 0x100, command + 0x60];
    });
    for (const command of tried.map((number) => number >>> 0)) {
      if (known.has(command)) continue;
      bed.machine.restore(bed.prepared);
      bed.pages.write(0, new Uint8Array(PAGE).fill(0xa5));
      expect(bed.stream.ioctl(door, command, PAGES), command.toString(16)).toBe(-ENOTTY);
      expect(bed.pages.read(0, PAGE).every((byte) => byte === 0xa5)).toBe(true);
      expectSound(bed, command.toString(16));
    }
  });
});
