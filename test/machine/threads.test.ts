import { afterEach, describe, expect, it } from "vitest";
import {
  type Machine,
  syncPtrLayout,
  type AbiName,
  type PcmStream,
  type StrategyName,
  type Task,
} from "../../src/index.ts";
import { abiNumber, strategyNumber } from "../../src/systems/pcm/abi.ts";
import { Crew } from "../support/threadCrew.ts";
import { ARGUMENT, WORKERS, newFloor, type Floor } from "../support/threadFloor.ts";
import type { Job } from "../support/threadProtocol.ts";
import { preparedStream } from "../systems/pcm/playback.ts";
import { PAGE, kindsOf } from "./pool.ts";

/**
 * Emulated CPUs on real threads, each in the core on its own, while this thread changes the address space they share.
 * What they may leave is checked; how often they really met is not, because no test asserts time.
 */

const ROUNDS = 40;
const PATTERN = 0xee;
/** Report both values of the kernel's own: SYNC_PTR's flags APPL and AVAIL_MIN. */
const REPORT = 6;
const WORD_MASK = 0xffffffff;

let crew: Crew | undefined;

afterEach(async () => {
  await crew?.stop();
  crew = undefined;
});

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
