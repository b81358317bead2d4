import { afterEach, describe, expect, it } from "vitest";
import {
  Machine,
  syncPtrLayout,
  type AbiName,
  type PcmStream,
  type StrategyName,
  type Task,
} from "../../src/index.ts";
import { abiNumber, strategyNumber } from "../../src/systems/pcm/abi.ts";
import { Crew } from "../support/threadCrew.ts";
import type { Job } from "../support/threadProtocol.ts";
import { preparedStream } from "../systems/pcm/playback.ts";
import { PAGE, kindsOf } from "./pool.ts";

/**
 * Emulated CPUs on real threads, each in the core on its own, while this thread changes the address space they share.
 * What they may leave is checked; how often they really met is not, because no test asserts time.
 */

const WORKERS = 3;
const ROUNDS = 40;
const ARGUMENT = 0x10000000;
const PATTERN = 0xee;
/** Report both values of the kernel's own: SYNC_PTR's flags APPL and AVAIL_MIN. */
const REPORT = 6;
const WORD_MASK = 0xffffffff;

let crew: Crew | undefined;

afterEach(async () => {
  await crew?.stop();
  crew = undefined;
});

interface Floor {
  readonly machine: Machine;
  /** On CPU 0, with this thread. */
  readonly main: Task;
  /** One for each worker, in main's address space. */
  readonly tasks: readonly Task[];
}

/** `sharing` = false gives each worker's task an address space of its own. */
async function newFloor(sharing = true): Promise<Floor> {
  const machine = await Machine.create({ build: "threads", cpus: 1 + WORKERS, memory: "8M" });
  const main = machine.createTask({ cpu: 0 });
  const tasks = Array.from({ length: WORKERS }, (_, index) =>
    machine.createTask({ cpu: 1 + index, ...(sharing && { sharing: main }) }),
  );
  return { machine, main, tasks };
}

/** Ways to take away a range that a shared file is mapped at; each answers 0. */
const takings = {
  munmap: ({ main }: Floor) => main.unmap(ARGUMENT, WORKERS * PAGE),
  mprotect: ({ main }: Floor) => main.protect(ARGUMENT, WORKERS * PAGE, "r"),
  "mmap over it": ({ main }: Floor) => {
    main.map({ at: ARGUMENT, length: WORKERS * PAGE, protection: "r" });
    return 0;
  },
} as const;

const takingNames = Object.keys(takings) as (keyof typeof takings)[];

/**
 * Rounds in which every worker calls into its own page until that fails, and this thread takes the pages away
 * meanwhile; `check` sees each page as it was when that came back.
 */
async function takeAway(
  floor: Floor,
  jobs: readonly Job[],
  check: (page: Uint8Array, lastGood: number) => void,
): Promise<void> {
  const { machine, main, tasks } = floor;
  const file = machine.createFile(WORKERS * PAGE);
  const pages = tasks.map((_, index) => file.page(index));
  const frames = machine.framesInUse;
  const mapped = { at: ARGUMENT, length: WORKERS * PAGE, file, shared: true };
  crew = await Crew.start(
    machine,
    tasks.map((task, index) => ({ task, job: jobs[index]! })),
  );
  for (let round = 0; round < ROUNDS; round++) {
    for (const page of pages) page.fill(PATTERN).set([REPORT, 0, 0, 0]);
    main.map(mapped);
    crew.begin();
    crew.awaitCalls(1 + (round % 7) * 3);
    expect(takings[takingNames[round % takingNames.length]!](floor)).toBe(0);
    const left = pages.map((page) => page.slice());
    crew.awaitEnd();
    pages.forEach((page, index) => {
      const { lastGood, result } = crew!.state(index);
      expect(result).not.toBe(0);
      check(left[index]!, lastGood);
      expect(Buffer.compare(page, left[index]!), "a store after the page was taken away").toBe(0);
    });
  }
  main.unmap(ARGUMENT, WORKERS * PAGE);
  expect(kindsOf(machine)).toEqual([]);
  expect(machine.framesInUse).toBe(frames);
}

function syncJobs({ machine, tasks }: Floor, abi: AbiName, strategy: StrategyName): Job[] {
  return tasks.map((task, index) => ({
    kind: "syncPtr",
    stream: openOn(task).handle,
    abi: abiNumber(machine, abi),
    strategy: strategyNumber(machine, strategy),
    address: ARGUMENT + index * PAGE,
  }));
}

function openOn(task: Task): PcmStream {
  return preparedStream(task);
}

/** The nine values in a page; those of a page never written are the pattern. */
function valuesIn(machine: Machine, page: Uint8Array, abi: AbiName): number[] {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  return syncPtrLayout(machine, abi).fields.map(({ offset }) => view.getUint32(offset, true));
}

describe("SYNC_PTR on its own CPU while the page is taken away", () => {
  const untouched = (PATTERN * 0x01010101) & WORD_MASK;

  /** Fields a call may have left before it failed. */
  const prefixes = [
    { abi: "compat", strategy: "unsafe-block", lengths: [0] },
    { abi: "native64", strategy: "unsafe-block", lengths: [0] },
    { abi: "compat", strategy: "per-field", lengths: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
    { abi: "compat", strategy: "copy", lengths: [0, 7] },
    { abi: "native64", strategy: "copy", lengths: [0] },
  ] as const;

  it.each(prefixes)(
    "$abi $strategy: nothing is torn, nothing arrives late",
    async ({ abi, strategy, lengths }) => {
      const floor = await newFloor();
      await takeAway(floor, syncJobs(floor, abi, strategy), (page, lastGood) => {
        const before = lastGood === 0 ? untouched : lastGood;
        const values = valuesIn(floor.machine, page, abi);
        const newer = values.filter((value) => value === lastGood + 1).length;
        expect(lengths).toContain(newer);
        expect(values.map((value) => value >>> 0)).toEqual(
          values.map((_, field) => (field < newer ? lastGood + 1 : before >>> 0)),
        );
      });
    },
  );
});

describe("copies on their own CPUs while the page is taken away", () => {
  it.each([64, 512, PAGE])("of %i bytes: all of one copy or nothing of it", async (bytes) => {
    const floor = await newFloor();
    const jobs = floor.tasks.map((_, index): Job => ({
      kind: "copies",
      buffer: floor.machine.allocKernel(bytes).linear,
      bytes,
      address: ARGUMENT + index * PAGE,
    }));
    await takeAway(floor, jobs, (page, lastGood) => {
      if (lastGood === 0) return;
      const words = new Set(new Uint32Array(page.buffer, page.byteOffset, bytes / 4));
      expect([...words]).toEqual([lastGood]);
    });
  });
});

describe("faults on several CPUs at once", () => {
  const PAGES = 48;
  const pageNumbers = [...Array(PAGES).keys()];

  function slotJobs({ tasks }: Floor, readFirst: boolean): Job[] {
    return tasks.map((_, slot) => ({
      kind: "slots",
      address: ARGUMENT,
      pages: PAGES,
      slot,
      readFirst,
    }));
  }

  /** What every worker's slot in every page should hold. */
  function expectSlots(pages: { read(offset: number, length: number): Uint8Array }): void {
    for (let index = 0; index < PAGES; index++) {
      const words = new Uint32Array(pages.read(index * PAGE, 4 * WORKERS).buffer);
      expect([...words], `page ${index}`).toEqual(Array(WORKERS).fill(index + 1));
    }
  }

  async function startSlots(floor: Floor, readFirst: boolean): Promise<Crew> {
    crew = await Crew.start(
      floor.machine,
      slotJobs(floor, readFirst).map((job, index) => ({ task: floor.tasks[index]!, job })),
    );
    return crew;
  }

  it("demand zero: each page appears once, and every CPU's word is in it", async () => {
    const floor = await newFloor();
    const frames = floor.machine.framesInUse;
    const workers = await startSlots(floor, false);
    for (let round = 0; round < 10; round++) {
      const pages = floor.main.map({ at: ARGUMENT, length: PAGES * PAGE });
      workers.begin();
      workers.awaitEnd();
      expectSlots(pages);
      pages.unmap();
      expect(floor.machine.framesInUse).toBe(frames);
    }
    expect(kindsOf(floor.machine)).toEqual([]);
  });

  it("copy on write: the fault itself invalidates on the other CPUs, and the file stays as it was", async () => {
    const floor = await newFloor();
    const file = floor.machine.createFile(PAGES * PAGE);
    for (let index = 0; index < PAGES; index++) file.page(index);
    const frames = floor.machine.framesInUse;
    const workers = await startSlots(floor, true);
    for (let round = 0; round < 10; round++) {
      const pages = floor.main.map({ at: ARGUMENT, length: PAGES * PAGE, file });
      workers.begin();
      workers.awaitEnd();
      expectSlots(pages);
      for (let index = 0; index < PAGES; index++) {
        expect(file.page(index).some((byte) => byte !== 0)).toBe(false);
      }
      pages.unmap();
      expect(floor.machine.framesInUse).toBe(frames);
    }
    expect(kindsOf(floor.machine)).toEqual([]);
  });

  it("protection that comes and goes: each store arrives in the end", async () => {
    const floor = await newFloor();
    const workers = await startSlots(floor, false);
    for (let round = 0; round < 10; round++) {
      const pages = floor.main.map({ at: ARGUMENT, length: PAGES * PAGE });
      workers.begin();
      for (let toggle = 0; toggle < 10; toggle++) {
        expect(floor.main.protect(ARGUMENT, PAGES * PAGE, "r")).toBe(0);
        expect(floor.main.protect(ARGUMENT, PAGES * PAGE, "rw")).toBe(0);
      }
      workers.awaitEnd();
      expectSlots(pages);
      pages.unmap();
    }
    expect(kindsOf(floor.machine)).toEqual([]);
  });

  it("address spaces of their own: no frame is handed out twice", async () => {
    const floor = await newFloor(false);
    const frames = floor.machine.framesInUse;
    const workers = await startSlots(floor, false);
    for (let round = 0; round < 10; round++) {
      const mapped = floor.tasks.map((task) => task.map({ at: ARGUMENT, length: PAGES * PAGE }));
      workers.begin();
      workers.awaitEnd();
      mapped.forEach((pages, worker) => {
        const words = pageNumbers.map(
          (index) => new Uint32Array(pages.read(index * PAGE, 4 * WORKERS).buffer),
        );
        const own = pageNumbers.map((index) =>
          Array.from({ length: WORKERS }, (_, slot) => (slot === worker ? index + 1 : 0)),
        );
        expect(words.map((row) => [...row])).toEqual(own);
      });
      for (const pages of mapped) pages.unmap();
      expect(floor.machine.framesInUse).toBe(frames);
    }
    expect(kindsOf(floor.machine)).toEqual([]);
  });

  it("one file in several address spaces: each of its pages is read in once", async () => {
    const floor = await newFloor(false);
    const workers = await startSlots(floor, true);
    const before = floor.machine.framesInUse;
    for (let round = 0; round < 10; round++) {
      const file = floor.machine.createFile(PAGES * PAGE);
      const mapped = floor.tasks.map((task) =>
        task.map({ at: ARGUMENT, length: PAGES * PAGE, file, shared: true }),
      );
      workers.begin();
      workers.awaitEnd();
      expectSlots(mapped[0]!);
      expect(pageNumbers.map((index) => mapcountOf(floor.machine, file.page(index)))).toEqual(
        pageNumbers.map(() => WORKERS),
      );
      for (const pages of mapped) pages.unmap();
      file.close();
      expect(floor.machine.framesInUse).toBe(before);
    }
    expect(kindsOf(floor.machine)).toEqual([]);
  });

  /** Page-table entries that name a page's folio. */
  function mapcountOf(machine: Machine, page: Uint8Array): number {
    const pfn = (page.byteOffset - machine.header("HEADER_RAM")) / PAGE;
    const frame = machine.header("HEADER_FRAMES") + pfn * machine.constant("FRAME_BYTES");
    return machine.words[(frame + machine.constant("FRAME_MAPCOUNT")) >>> 2]!;
  }

  it("a CPU that meets the mmap lock held waits for it", async () => {
    const floor = await newFloor();
    const { machine, main } = floor;
    const pages = main.map({ at: ARGUMENT, length: PAGES * PAGE });
    const workers = await startSlots(floor, false);
    expect(machine.exports.holdMmapLock(main.cpu, main.handle, 2)).toBe(0);
    workers.begin();
    const inCore = (): boolean => floor.tasks.every(({ cpu }) => inCoreOf(machine, cpu));
    while (!inCore()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    expect(floor.tasks.map((_, index) => workers.isDone(index))).toEqual(
      Array(WORKERS).fill(false),
    );
    machine.exports.dropMmapLock(main.cpu, main.handle, 2);
    workers.awaitEnd();
    expectSlots(pages);
    expect(kindsOf(machine)).toEqual([]);
  });

  function inCoreOf(machine: Machine, cpu: number): boolean {
    const at = machine.exports.cpuAddress(cpu) + machine.constant("CPU_IN_CORE");
    return Atomics.load(new Int32Array(machine.core.memory.buffer), at >>> 2) !== 0;
  }
});
