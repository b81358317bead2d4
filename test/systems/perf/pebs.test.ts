import { describe, expect, test } from "vitest";
import { coreConstants } from "../../../src/core/generated/coreConstants.ts";
import {
  STACK_SECRET,
  pebsOperations,
  pebsRows,
  preparePebs,
  type PerfPebsBed,
  type PerfPebsCase,
} from "../../../src/scenarios/perfPebs.ts";
import { recordedRegisters, type PebsWay } from "../../../src/systems/perf/pebs.ts";
import { recordsFrom, studyMachine } from "./bed.ts";

/** Registers out of a record that the hardware wrote: claims P11 to P13. */

let machine = await studyMachine();
const fresh = (): typeof machine => (machine = machine.reset());

const EXACT = 8n;

function sampled(asked: PerfPebsCase, from: "user" | "kernel" = "user"): PerfPebsBed {
  const one = preparePebs(fresh(), asked);
  const { frame, kernelFrame } = one.perf.task;
  one.bed.samplePebs("nmi", one.event, one.source, from === "user" ? frame : kernelFrame);
  return one;
}

const wordsOf = ({ event }: PerfPebsBed): readonly bigint[] => recordsFrom(event.ring!)[0]!.words;

describe("where each word comes from", () => {
  test("without the interrupt's registers: ip and flags from the record, the others from the interrupt", () => {
    const one = sampled({ way: "full", types: ["REGS_USER"] });
    const { image } = one.bed;
    const { frame } = one.perf.task;
    for (const name of [...recordedRegisters, "cs", "ss", "origAx"] as const) {
      expect(image.get(name)).toBe(frame.get(name));
    }
    expect(image.get("flags")).toBe(one.source.record.get64("PEBS_RECORD_FLAGS") & ~EXACT);
    expect(image.get("ip")).toBe(one.source.record.get64("PEBS_RECORD_IP"));
  });

  test.each<PebsWay>(["full", "always"])("%s, with them: 16 from the record", (way) => {
    const one = sampled({ way, types: ["REGS_USER", "REGS_INTR"] });
    const { image } = one.bed;
    const { frame } = one.perf.task;
    expect(recordedRegisters).toHaveLength(16);
    expect(recordedRegisters.map((name) => image.get(name))).toEqual(
      recordedRegisters.map((_, at) => one.source.record.get64("PEBS_RECORD_AX") + BigInt(at)),
    );
    for (const name of ["cs", "ss", "origAx"] as const) {
      expect(image.get(name)).toBe(frame.get(name));
    }
  });

  test.each([
    { precise: 0, format: 2, fixedIp: null, from: "PEBS_RECORD_IP", exact: 0n },
    { precise: 1, format: 2, fixedIp: null, from: "PEBS_RECORD_IP", exact: 0n },
    { precise: 2, format: 2, fixedIp: null, from: "PEBS_RECORD_REAL_IP", exact: EXACT },
    { precise: 3, format: 2, fixedIp: null, from: "PEBS_RECORD_REAL_IP", exact: EXACT },
    { precise: 2, format: 1, fixedIp: null, from: "PEBS_RECORD_IP", exact: 0n },
  ] as const)("precise $precise, format $format: ip of $from", ({ from, exact, ...asked }) => {
    const one = sampled({ way: "full", types: ["IP"], ...asked });
    const { image } = one.bed;
    expect(image.get("ip")).toBe(one.source.record.get64(from));
    expect(image.get("flags") & EXACT).toBe(exact);
    expect(wordsOf(one)).toEqual([image.get("ip")]);
  });

  test("an older format: the branch records may mend the ip", () => {
    const one = sampled({ way: "full", types: ["IP"], precise: 2, format: 1, fixedIp: 0x1234n });
    expect(wordsOf(one)).toEqual([0x1234n]);
    expect(one.bed.image.get("flags") & EXACT).toBe(EXACT);
  });

  test("the code segment follows the ip", () => {
    const kernel = { way: "full", types: ["IP"], ip: 0xffff_ffff_8100_0000n } as const;
    expect(sampled(kernel).bed.image.get("cs")).toBe(BigInt(coreConstants.KERNEL_CS));
    const user = { way: "full", types: ["IP"] } as const;
    expect(sampled(user, "kernel").bed.image.get("cs")).toBe(BigInt(coreConstants.USER_CS));
    expect(sampled(kernel, "kernel").bed.image.get("cs")).toBe(BigInt(coreConstants.KERNEL_CS));
  });

  test("a call chain is the interrupt's, whatever the record's bp says", () => {
    const one = sampled({ way: "full", types: ["CALLCHAIN", "REGS_INTR"] });
    expect(wordsOf(one)[2]).toBe(one.perf.task.frame.get("ip"));
    expect(wordsOf(one)[2]).not.toBe(one.bed.image.get("ip"));
  });
});

describe("what it costs, and what leaks", () => {
  const rows = pebsRows(fresh);
  const figure = (way: PebsWay, asksIntr: boolean): { bytesCopied: number; leaked: number } =>
    rows.find((row) => row.way === way && row.asksIntr === asksIntr)!;

  test("bytes copied: 168 against 16, and 128 with the record's registers", () => {
    expect(figure("full", false).bytesCopied).toBe(168);
    expect(figure("full", true).bytesCopied).toBe(168 + 128);
    expect(figure("slim", false).bytesCopied).toBe(16);
    expect(figure("slim", true).bytesCopied).toBe(16 + 128);
    expect(figure("guarded", false).bytesCopied).toBe(16);
  });

  test("the slim copy leaks what no one set, unless a mask guards every reader", () => {
    // of 20 registers that a mask can name: all but cs, flags and ip; with the record's own, ss alone
    expect(figure("slim", false).leaked).toBe(17);
    for (const way of ["full", "guarded", "always"] as const) {
      expect(figure(way, false).leaked).toBe(0);
      expect(figure(way, true).leaked).toBe(0);
    }
  });

  test("the secret of the stack is found in the ring where there is a leak, and only there", () => {
    const holdsSecret = (way: PebsWay): boolean =>
      wordsOf(sampled({ way, types: ["REGS_USER"] })).includes(STACK_SECRET);
    expect(holdsSecret("slim")).toBe(true);
    expect((["full", "guarded", "always"] as const).map(holdsSecret)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("taking the record's registers always is cheaper than a full copy at any share", () => {
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      const [always, full] = (["always", "full"] as const).map((way) =>
        pebsOperations(rows, way, share),
      );
      expect(always).toBeLessThan(full!);
    }
    const slim = pebsOperations(rows, "guarded", 0);
    expect(slim).toBeLessThan(pebsOperations(rows, "always", 0));
    expect(pebsOperations(rows, "guarded", 1)).toBeLessThan(pebsOperations(rows, "always", 1));
  });
});
