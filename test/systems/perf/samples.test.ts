import { describe, expect, test } from "vitest";
import { errnos } from "../../../src/base/errno.ts";
import { coreConstants } from "../../../src/core/generated/coreConstants.ts";
import {
  STACK_POINTER,
  allRegisters,
  openEvent,
  preparePerf,
  setGeneration,
  type PerfBed,
  type SampledEvent,
} from "../../../src/scenarios/perfBed.ts";
import { hitOf, preparePerfCase, type PerfCase } from "../../../src/scenarios/perfCase.ts";
import { perfDesign, type PerfDesignName } from "../../../src/scenarios/perfDesigns.ts";
import { DesignBed } from "../../../src/systems/perf/designBed.ts";
import { registers, softwareEvents } from "../../../src/systems/perf/names.ts";
import type { PerfEvent } from "../../../src/systems/perf/perfEvent.ts";
import { PerfTask } from "../../../src/systems/perf/perfTask.ts";
import { frameWordNames, type FrameWord } from "../../../src/systems/perf/registers.ts";
import { recordsFrom, studyMachine, type ReadRecord } from "./bed.ts";

/** What a sample holds: the choice of registers, the sizes of dumps, call chains, by the rules of 6.18. */

let machine = await studyMachine();
const fresh = (): typeof machine => (machine = machine.reset());

const ALL_ONES = 2n ** 64n - 1n;
const TASK_SIZE = 0x7fff_ffff_f000n;
const PAGE = 4096;
const names = registers.filter((name) => frameWordNames.includes(name as FrameWord));
const untrusted = ["bx", "r12", "r13", "r14", "r15"];

interface Sampled {
  readonly abi: bigint;
  readonly values: Readonly<Record<string, bigint>>;
}

/** Faults that did not end in a fixup. */
function repairs(): number {
  const { faults, fixups } = machine.counters(0);
  return faults - fixups;
}

/** An event with the merged design, and what its record holds behind the header. */
class Sampler {
  readonly perf: PerfBed;
  readonly bed: DesignBed;
  readonly event: PerfEvent;

  constructor(asked: SampledEvent, design: PerfDesignName = "merged", ringBytes = 16 * PAGE) {
    this.perf = preparePerf(fresh());
    const made = perfDesign(design);
    this.bed = new DesignBed(machine, 0, made.design, made.places);
    this.event = openEvent(this.perf, asked, { bytes: ringBytes, writable: true });
  }

  sample(context: "task" | "irq" | "nmi", from: "user" | "kernel" = "kernel"): ReadRecord {
    const { frame, kernelFrame } = this.perf.task;
    const { head } = this.event.ring!;
    this.bed.sample(context, this.event, from === "user" ? frame : kernelFrame);
    return recordsFrom(this.event.ring!, head)[0]!;
  }
}

const userRegs: SampledEvent = { types: ["REGS_USER"], regsUser: BigInt(coreConstants.REGS_KNOWN) };
const stack = (bytes: number): SampledEvent => ({ types: ["STACK_USER"], stackUser: bytes });

const registersOf = ({ words }: ReadRecord): Sampled => ({
  abi: words[0]!,
  values: Object.fromEntries(names.map((name, at) => [name, words[1 + at]!])),
});

const valuesOf = ({ perf }: Sampler): Record<string, bigint> =>
  Object.fromEntries(names.map((name) => [name, perf.task.frame.get(name as FrameWord)]));

describe("which registers", () => {
  test("a hit in user mode: the interrupted ones, no copy", () => {
    const sampler = new Sampler(userRegs);
    const { abi, values } = registersOf(sampler.sample("nmi", "user"));
    expect({ abi, values }).toEqual({ abi: 2n, values: valuesOf(sampler) });
    expect(sampler.bed.chosen("nmi")).toBeNull();
    const { from, to } = sampler.bed.copies;
    expect(machine.bytes.subarray(from, to).every((byte) => byte === 0)).toBe(true);
  });

  test("an interrupt in the kernel: the task's frame, all of it", () => {
    const sampler = new Sampler(userRegs);
    expect(registersOf(sampler.sample("irq")).values).toEqual(valuesOf(sampler));
  });

  test("an NMI in the kernel: five registers read -1", () => {
    const sampler = new Sampler(userRegs);
    const { values } = registersOf(sampler.sample("nmi"));
    const expected = Object.entries(valuesOf(sampler)).map(([name, value]) => [
      name,
      untrusted.includes(name) ? ALL_ONES : value,
    ]);
    expect(values).toEqual(Object.fromEntries(expected));
  });

  test.each([
    { where: "at r11", offset: coreConstants.PT_R11, abi: 2n },
    { where: "behind r11", offset: coreConstants.PT_R11 + 8, abi: 0n },
    { where: "at the frame's end", offset: coreConstants.PT_REGS_BYTES, abi: 0n },
    { where: "above it", offset: coreConstants.PT_REGS_BYTES + 8, abi: 2n },
  ])("an NMI with the stack pointer $where: abi $abi", ({ offset, abi }) => {
    const sampler = new Sampler(userRegs);
    const { frame, kernelFrame } = sampler.perf.task;
    kernelFrame.set("sp", BigInt(frame.address + offset));
    expect(sampler.sample("nmi").words[0]).toBe(abi);
  });

  test("a kernel thread: abi 0 in one word, a dump of one zero word", () => {
    const sampler = new Sampler({ ...userRegs, types: ["REGS_USER", "STACK_USER"], stackUser: 64 });
    machine.createTask();
    expect(sampler.sample("irq")).toMatchObject({ size: 24, words: [0n, 0n] });
  });

  test.each([
    { program: "of 32 bits", cs: coreConstants.USER32_CS, abi: 1n },
    { program: "of 64 bits", cs: coreConstants.USER_CS, abi: 2n },
  ])("a program $program: abi $abi, in an NMI too", ({ cs, abi }) => {
    const sampler = new Sampler(userRegs);
    sampler.perf.task.frame.set("cs", BigInt(cs));
    expect(sampler.sample("irq").words[0]).toBe(abi);
    expect(sampler.sample("nmi").words[0]).toBe(abi);
    expect(sampler.sample("nmi", "user").words[0]).toBe(abi);
  });

  test("segment registers are refused at open", () => {
    const bed = preparePerf(fresh());
    const ds = 1n << BigInt(registers.indexOf("ds"));
    expect(() =>
      openEvent(bed, { ...userRegs, regsUser: ds }, { bytes: 0, writable: true }),
    ).toThrow(String(-errnos.EINVAL));
  });

  test("what is fetched already is not fetched again", () => {
    const one = preparePerfCase(fresh(), "today", "user");
    const { bed, perf } = one;
    bed.open("irq");
    const first = bed.fetch("irq", perf.task.kernelFrame);
    expect(first).toEqual({ abi: 2n, regs: perf.task.frame.address });
    expect(bed.fetch("irq", bed.image)).toEqual(first);
    bed.open("irq");
    bed.image.copyFrom(perf.task.frame);
    expect(bed.fetch("irq", bed.image)).toEqual({ abi: 2n, regs: bed.image.address });
  });

  test("two events in one NMI: both complete, by the one copy", () => {
    const sampler = new Sampler(userRegs);
    const second = openEvent(sampler.perf, userRegs, { bytes: PAGE, writable: true });
    const first = registersOf(sampler.sample("nmi"));
    sampler.bed.sample("nmi", second, sampler.perf.task.kernelFrame);
    expect(registersOf(recordsFrom(second.ring!)[0]!)).toEqual(first);
    expect(first.values["ax"]).toBe(sampler.perf.task.frame.get("ax"));
    expect(sampler.bed).toMatchObject({ collisions: 0 });
    expect(sampler.bed.chosen("nmi")).toBe(0);
  });
});

describe("one copy a CPU and a task switch between two samples", () => {
  const afterSwitch = (
    design: PerfDesignName,
  ): { sampled: bigint; own: bigint; kinds: string[] } => {
    const one: PerfCase = preparePerfCase(fresh(), design, "user");
    const { bed, event, perf } = one;
    const other = new PerfTask(machine.createTask(), { pid: 2, tid: 2 });
    setGeneration(other.frame, 5);
    const entries = [bed.enterFromUser(), bed.enterFromUser()] as const;
    perf.task.task.runOn(0);
    bed.sample("irq", event, hitOf(one, "irq").regs);
    bed.before.copyFrom(perf.task.frame);
    bed.truth.copyFrom(other.frame);
    bed.watch();
    other.task.runOn(0);
    bed.entry = entries[0];
    const { head } = event.ring!;
    bed.sample("irq", event, other.kernelFrame);
    return {
      sampled: recordsFrom(event.ring!, head)[0]!.words[6]!,
      own: other.frame.get("ax"),
      kinds: machine.findings().map(({ kind }) => kind),
    };
  };

  test("one bit as the mark: the first task's registers", () => {
    const { sampled, own, kinds } = afterSwitch("single-mark-last");
    expect(sampled).not.toBe(own);
    expect(kinds).toEqual(["perf-stale"]);
  });

  test.each<PerfDesignName>(["single-mark-named", "single", "merged"])("%s: its own", (design) => {
    const { sampled, own, kinds } = afterSwitch(design);
    expect(sampled).toBe(own);
    expect(kinds).toEqual([]);
  });

  test("a frame that the kernel edits is not noticed by any mark", () => {
    const one = preparePerfCase(fresh(), "single-mark-named", "user");
    const { bed, event, perf } = one;
    bed.sample("irq", event, perf.task.kernelFrame);
    perf.task.frame.set("ax", 42n);
    bed.sample("irq", event, perf.task.kernelFrame);
    const taken = recordsFrom(event.ring!).map(({ words }) => words[6]);
    expect(new Set(taken).size).toBe(1);
    expect(taken).not.toContain(42n);
  });
});

describe("the pile", () => {
  test("a copy given back twice is given out twice", () => {
    const { bed, event, perf } = preparePerfCase(fresh(), "pile", "user");
    const regs = perf.task.kernelFrame;
    bed.open("task");
    bed.fetch("task", regs);
    bed.open("irq");
    bed.release("irq");
    bed.release("irq");
    bed.sample("nmi", event, regs);
    expect(bed.chosen("nmi")).toBe(bed.chosen("task"));
    expect(bed.collisions).toBe(1);
  });

  test("a fifth sample gets no registers", () => {
    const { bed, perf } = preparePerfCase(fresh(), "pile", "user");
    for (let taken = 0; taken < 4; taken++) bed.open("task");
    bed.open("nmi");
    expect(bed.fetch("nmi", perf.task.kernelFrame)).toEqual({ abi: 0n, regs: 0 });
  });
});

describe("the dump of the user's stack", () => {
  const sized = (sp: bigint, bytes: number): ReadRecord => {
    const sampler = new Sampler(stack(bytes));
    sampler.perf.task.frame.set("sp", sp);
    return sampler.sample("irq");
  };

  test.each([
    { where: "256 bytes below the end", sp: TASK_SIZE - 256n, size: 256n },
    { where: "at the end", sp: TASK_SIZE, size: 0n },
    { where: "0", sp: 0n, size: 0n },
    { where: "not canonical", sp: 1n << 62n, size: 0n },
    { where: "the kernel's", sp: 0xffff_8000_0000_0000n, size: 0n },
  ])("sp $where: size $size", ({ sp, size }) => {
    expect(sized(sp, 4096).words[0] ?? 0n).toBe(size);
  });

  test("sp 100 bytes below the end: a record that is no multiple of 8", () => {
    const { size, words } = sized(TASK_SIZE - 100n, 4096);
    expect(words[0]).toBe(100n);
    expect(size % 8).toBe(4);
  });

  test("nothing to dump: room for one word, two are written", () => {
    const sampler = new Sampler(stack(256));
    sampler.perf.task.frame.set("sp", 0n);
    sampler.event.ring!.data.fill(0xff);
    expect(sampler.sample("irq").size).toBe(16);
    expect([...sampler.event.ring!.data.subarray(8, 32)]).toEqual([
      ...Array.from({ length: 16 }, () => 0),
      ...Array.from({ length: 8 }, () => 255),
    ]);
  });

  test("a page that is absent ends it; the rest keeps what the ring held, and nothing is repaired", () => {
    const sampler = new Sampler(stack(256));
    const { stack: mapping, task } = sampler.perf;
    const end = mapping.address + BigInt(mapping.length);
    task.task.map({ at: end, length: PAGE });
    task.frame.set("sp", end - 100n);
    sampler.event.ring!.data.fill(0xee);
    const before = repairs();
    const { size, words } = sampler.sample("nmi");
    expect({ size, wanted: words[0], copied: words.at(-1) }).toEqual({
      size: 8 + 8 + 256 + 8,
      wanted: 256n,
      copied: 100n,
    });
    const { data } = sampler.event.ring!;
    expect(data.subarray(16, 116)).toEqual(mapping.read(mapping.length - 100, 100));
    expect(data.subarray(116, 272).every((byte) => byte === 0xee)).toBe(true);
    expect(task.task.linearOf(end)).toBeNull();
    expect(repairs()).toBe(before);
  });

  test("without registers asked for, no word of them", () => {
    const { size, words } = new Sampler(stack(16)).sample("irq");
    expect({ size, words: words.length }).toEqual({ size: 8 + 8 + 16 + 8, words: 4 });
    expect([words[0], words[3]]).toEqual([16n, 16n]);
  });

  test("behind 65,000 bytes a dump of 1,000 is cut to 512: the cut rounds up", () => {
    const perf = preparePerf(fresh());
    const asked: SampledEvent = { types: ["IP", "RAW", "STACK_USER"], stackUser: 1000 };
    const event = openEvent(perf, asked, { bytes: 32 * PAGE, writable: true });
    const before = 65_000;
    const raw = machine.allocKernel(before - 8 - 8 - 4);
    const { kernelFrame } = perf.task;
    machine.exports.perfRawOutput(
      0,
      event.record.address,
      raw.linear,
      raw.length,
      kernelFrame.address,
    );
    const [{ size, words }] = recordsFrom(event.ring!) as [ReadRecord];
    expect(words[before / 8 - 1]).toBe(512n);
    expect(size).toBe(before + 16 + 512);
  });
});

describe("room that is taken and bytes that are written", () => {
  const both = ["REGS_USER", "STACK_USER"] as const;
  const cases = [["REGS_USER"], ["STACK_USER"], both] as const;

  /** Where the record's last byte stands, by two samples over different old content. */
  const extents = (types: (typeof cases)[number], state: string): [number, number] => {
    const runs = [0x5a, 0xa5].map((fill) => {
      const sampler = new Sampler({ types, regsUser: 3n, stackUser: 64 });
      if (state === "no registers") machine.createTask();
      if (state === "size 0") sampler.perf.task.frame.set("sp", 0n);
      const { data } = sampler.event.ring!;
      data.fill(fill);
      return { size: sampler.sample("irq").size, end: data.findLastIndex((byte) => byte !== fill) };
    });
    return [runs[0]!.size, Math.max(...runs.map(({ end }) => end)) + 1];
  };

  test.each(
    cases.flatMap((types) =>
      ["no registers", "size 0", "size 64"].map((state) => ({ types, state })),
    ),
  )("$types, $state", ({ types, state }) => {
    const [reserved, written] = extents(types, state);
    const asksStack = (types as readonly string[]).includes("STACK_USER");
    expect(written - reserved).toBe(asksStack && state === "size 0" ? 8 : 0);
  });
});

describe("call chains", () => {
  const USER_MARK = 2n ** 64n - 512n;
  const FRAMES = STACK_POINTER + 0x100n;

  const chained = (
    next: bigint,
    prepare: (sampler: Sampler) => void = () => undefined,
  ): bigint[] => {
    const sampler = new Sampler({ types: ["CALLCHAIN"], flags: ["exclude_callchain_kernel"] });
    const at = Number(FRAMES - sampler.perf.stack.address);
    const words = new BigUint64Array([next, 0x1111n, 0n, 0x2222n]);
    sampler.perf.stack.write(at, new Uint8Array(words.buffer));
    sampler.perf.task.frame.set("bp", FRAMES);
    prepare(sampler);
    const before = repairs();
    const { words: found } = sampler.sample("irq", "user");
    expect(repairs()).toBe(before);
    return found.slice(0, 1 + Number(found[0]));
  };

  test("a fault in the second frame: ip and the first return address", () => {
    const chain = chained(0x7000_0000n);
    expect(chain).toHaveLength(4);
    expect([chain[1], chain[3]]).toEqual([USER_MARK, 0x1111n]);
  });

  test("a second frame that is there", () => {
    expect(chained(FRAMES + 16n).slice(3)).toEqual([0x1111n, 0x2222n]);
  });

  test("the level's buffer in use: an empty chain", () => {
    const chain = chained(FRAMES + 16n, () => {
      const { words } = machine;
      const cpu = machine.header("HEADER_CPUS") + coreConstants.CPU_PERF;
      const irq = 2 * coreConstants.PERF_LEVEL_BYTES + coreConstants.PERF_LEVELS;
      words[(words[cpu >>> 2]! + irq + coreConstants.PERF_LEVEL_CHAIN_BUSY) >>> 2] = 1;
    });
    expect(chain).toEqual([0n]);
  });
});

test("designs write the record that the kernel's own path writes", () => {
  const asked: SampledEvent = {
    types: ["IP", "TID", "TIME", "ID", "CPU", "CALLCHAIN", "REGS_USER", "STACK_USER", "REGS_INTR"],
    regsUser: allRegisters(machine),
    regsIntr: allRegisters(machine),
    stackUser: 256,
    software: "page_faults",
  };
  const bytesOf = (take: (sampler: Sampler) => void): Uint8Array => {
    const sampler = new Sampler(asked, "today");
    take(sampler);
    return sampler.event.ring!.data.slice(0, Number(sampler.event.ring!.head));
  };
  const kernels = bytesOf(({ perf, event }) => {
    event.control("ENABLE", 0n);
    const number = softwareEvents.indexOf("page_faults");
    machine.exports.perfSoftware(0, number, 0, 0, perf.task.kernelFrame.address);
  });
  expect(kernels.length).toBeGreaterThan(600);
  for (const design of ["today", "merged", "single"] as const) {
    const { design: made, places } = perfDesign(design);
    const bytes = bytesOf(({ perf, event }) => {
      const bed = new DesignBed(machine, 0, made, places);
      bed.enterFromUser();
      bed.sample("task", event, perf.task.kernelFrame);
    });
    expect(bytes, design).toEqual(kernels);
  }
});
