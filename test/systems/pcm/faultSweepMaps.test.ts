import { describe, expect, test } from "vitest";
import { pcmRequest, pcmRequestNames, type ArchName } from "../../../src/index.ts";
import { loud, preparedBed, type PcmBed } from "./playback.ts";

/**
 * Requests whose argument or data lies in the records that the program has mapped: the status page cannot be written by
 * way of the program's own address, the control page can, and both are pages like any other.
 */
const PAGE = 4096;
const STATUS = 0x20000000;
const CONTROL = 0x20002000;
/** Pages of the program's own, with the same access as the records, and nothing behind them. */
const READ_ONLY = 0x20004000;
const WRITABLE = 0x20006000;
const EFAULT = 14;

const kernels: readonly (readonly [ArchName, 4 | 8])[] = [
  ["x86-64", 8],
  ["powerpc-8xx", 4],
];

interface Mapped extends PcmBed {
  readonly word: 4 | 8;
}

async function mapped(
  arch: ArchName,
  direction: "playback" | "capture" = "playback",
): Promise<Mapped> {
  const bed = await preparedBed({ arch, direction, software: { startThreshold: 1000n } });
  const { stream, task } = bed;
  expect(stream.mmap("status", STATUS, PAGE, "r")).toBe(0);
  expect(stream.mmap("control", CONTROL, PAGE, "rw")).toBe(0);
  expect([task.touch(STATUS, "read"), task.touch(CONTROL, "read")]).toEqual([true, true]);
  task.map({ at: READ_ONLY, length: PAGE, protection: "r", populate: true });
  task.map({ at: WRITABLE, length: PAGE, populate: true });
  return { ...bed, word: bed.machine.wordBytes === 8 ? 8 : 4 };
}

const sizeOf = (command: number): number => (command >>> 16) & 0x3fff;

const structured = pcmRequestNames.filter(
  (name) => name !== "PAUSE" && name !== "LINK" && sizeOf(pcmRequest(name, 8)) > 0,
);

describe.each(kernels)("on %s", (arch, word) => {
  test.each(structured)(
    "%s across the end of a record's page is as across any other",
    async (name) => {
      const { machine, stream } = await mapped(arch);
      const command = pcmRequest(name, word);
      const ready = machine.snapshot();
      const answerAt = (page: number, good: number): unknown => {
        machine.restore(ready);
        const answer = stream.ioctl("native", command, page + PAGE - good);
        return [answer, stream.state, stream.field("appl_ptr"), stream.field("avail_min")];
      };
      for (let good = 0; good <= sizeOf(command); good++) {
        expect(answerAt(STATUS, good), `${good} bytes`).toEqual(answerAt(READ_ONLY, good));
        expect(answerAt(CONTROL, good), `${good} bytes`).toEqual(answerAt(WRITABLE, good));
      }
      expect(machine.findings()).toEqual([]);
    },
  );

  test("a read into the status page is EFAULT, and the record is the kernel's", async () => {
    const { task, machine, stream } = await mapped(arch, "capture");
    stream.ring().set(loud(stream.ring().length));
    expect(stream.start()).toBe(0);
    stream.setPosition(300);
    const record = machine.bytes.subarray(task.linearOf(STATUS)!, task.linearOf(STATUS)! + PAGE);
    expect(stream.hwsync()).toBe(0);
    const before = record.slice();
    expect(stream.readi(STATUS, 10)).toBe(-EFAULT);
    expect(record).toEqual(before);
    expect(stream.field("appl_ptr")).toBe(0n);
  });

  test("a write takes its sound from the status page as from any", async () => {
    const { task, machine, stream } = await mapped(arch);
    const from = task.linearOf(STATUS)!;
    expect(stream.writei(STATUS, 4)).toBe(4);
    expect(stream.ring().slice(0, 16)).toEqual(machine.bytes.slice(from, from + 16));
  });

  test("a read into the control page overwrites avail_min; appl_ptr is what was read up to", async () => {
    const { stream } = await mapped(arch, "capture");
    stream.ring().set(loud(stream.ring().length));
    expect(stream.start()).toBe(0);
    stream.setPosition(300);
    const availMinAt = word;
    const frames = (availMinAt + word) / 4;
    expect(stream.readi(CONTROL, frames)).toBe(frames);
    const samples = loud(16);
    const view = new DataView(samples.buffer);
    const read =
      word === 8 ? view.getBigUint64(availMinAt, true) : BigInt(view.getUint32(availMinAt, true));
    expect(stream.field("avail_min")).toBe(read);
    expect(stream.field("appl_ptr")).toBe(BigInt(frames));
  });
});

test("SYNC_PTR whose argument is the control page itself overwrites the record with its answer", async () => {
  const REPORT = 6;
  const PREPARED = 2n;
  const { stream } = await mapped("x86-64");
  // the flags are appl_ptr's low half, and avail_min lies where the state is stored
  expect(stream.forward(REPORT)).toBe(REPORT);
  expect(stream.ioctl("native", pcmRequest("SYNC_PTR", 8), CONTROL)).toBe(0);
  expect(stream.field("appl_ptr")).toBe(BigInt(REPORT));
  expect(stream.field("avail_min")).toBe(PREPARED);
});
