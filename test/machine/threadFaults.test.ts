import { setFlagsFromString } from "node:v8";
import { afterEach, describe, expect, it } from "vitest";
import type { Machine } from "../../src/index.ts";
import { Crew } from "../support/threadCrew.ts";
import { ARGUMENT, WORKERS, expectWaiting, newFloor, type Floor } from "../support/threadFloor.ts";
import type { Job } from "../support/threadProtocol.ts";
import { PAGE, kindsOf } from "./pool.ts";

/**
 * Page faults of emulated CPUs on real threads, in the code of V8's baseline compiler: it is slower, so that they meet
 * more often, and the one of Node 20 has a mistake that the core has to avoid (waitOnWord in assembly/base/atomics.ts).
 */
setFlagsFromString("--no-wasm-tier-up");

let crew: Crew | undefined;

afterEach(async () => {
  await crew?.stop();
  crew = undefined;
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
    for (let round = 0; round < 60; round++) {
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
    expectWaiting(floor, workers);
    machine.exports.dropMmapLock(main.cpu, main.handle, 2);
    workers.awaitEnd();
    expectSlots(pages);
    expect(kindsOf(machine)).toEqual([]);
  });

  it("a CPU that meets a file's lock held waits for it, however often it has to look", async () => {
    const floor = await newFloor();
    const { machine, main } = floor;
    const file = machine.createFile(PAGES * PAGE);
    const pages = main.map({ at: ARGUMENT, length: PAGES * PAGE, file, shared: true });
    const workers = await startSlots(floor, false);
    const words = new Int32Array(machine.core.memory.buffer);
    const lock = (file.handleOn(machine) + machine.constant("FILE_LOCK")) >>> 2;
    expect(Atomics.exchange(words, lock, 1)).toBe(0);
    workers.begin();
    expectWaiting(floor, workers);
    expect(Atomics.exchange(words, lock, 0)).toBe(1);
    workers.awaitEnd();
    expectSlots(pages);
    expect(kindsOf(machine)).toEqual([]);
  });
});
