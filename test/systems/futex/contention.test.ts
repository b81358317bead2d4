import { afterEach, describe, expect, it } from "vitest";
import { Machine, type Task } from "../../../src/index.ts";
import { Crew } from "../../support/threadCrew.ts";
import type { Job } from "../../support/threadProtocol.ts";

/** Emulated CPUs on real threads that meet on futex words: nothing may get lost, no wake either. */

const WORKERS = 3;
const ROUNDS = 20_000;
const MEMORY = 0x4000_0000;
const PAGES = 2;
const PAGE = 4096;
const LINE = 64;

type Loop = "ROUNDS_INCREMENT" | "ROUNDS_MUTEX" | "ROUNDS_PI" | "ROUNDS_PING" | "ROUNDS_PONG";

let crew: Crew | undefined;

afterEach(async () => {
  await crew?.stop();
  crew = undefined;
});

/** A machine with one CPU for each worker, their tasks in one address space, and their pages present. */
async function newBed(workers: number): Promise<{ machine: Machine; tasks: Task[] }> {
  const machine = await Machine.create({ build: "threads", memory: "4M", cpus: workers + 1 });
  const first = machine.createTask({ cpu: 1 });
  first.map({ at: MEMORY, length: PAGES * PAGE, populate: true });
  for (let page = 0; page < PAGES; page++) first.touch(MEMORY + page * PAGE, "write");
  const others = Array.from({ length: workers - 1 }, (_, index) =>
    machine.createTask({ cpu: index + 2, sharing: first }),
  );
  return { machine, tasks: [first, ...others] };
}

/** All workers run their loops at once; what each answered. */
async function run(
  { machine, tasks }: { machine: Machine; tasks: readonly Task[] },
  loops: readonly Loop[],
  places: readonly { address: number; counter: number }[],
): Promise<number[]> {
  const jobs = tasks.map((task, index) => {
    const loop = machine.constant(loops[index % loops.length]!);
    const place = places[index % places.length]!;
    return { task, job: { kind: "futex", loop, rounds: ROUNDS, ...place } satisfies Job };
  });
  crew = await Crew.start(machine, jobs);
  crew.begin();
  crew.awaitEnd();
  return tasks.map((_, index) => crew!.state(index).result);
}

function wordAt({ machine, tasks }: { machine: Machine; tasks: Task[] }, at: number): number {
  return machine.words[tasks[0]!.linearOf(at)! >>> 2]!;
}

/** Where the word and the counter lie: in one cache line, in two, on two pages. */
const layouts = {
  "in one line": { address: MEMORY, counter: MEMORY + 8 },
  "in two lines": { address: MEMORY, counter: MEMORY + LINE },
  "on two pages": { address: MEMORY + PAGE - 4, counter: MEMORY + PAGE },
} as const;

describe.each(Object.entries(layouts))("%s", (_, place) => {
  it("compare-and-exchange loses no increment", async () => {
    const bed = await newBed(WORKERS);
    expect(await run(bed, ["ROUNDS_INCREMENT"], [place])).toEqual(Array(WORKERS).fill(ROUNDS));
    expect(wordAt(bed, place.address)).toBe(WORKERS * ROUNDS);
  });

  it.each(["ROUNDS_MUTEX", "ROUNDS_PI"] as const)(
    "%s keeps others out, and wakes whoever sleeps",
    async (loop) => {
      const bed = await newBed(WORKERS);
      expect(await run(bed, [loop], [place])).toEqual(Array(WORKERS).fill(ROUNDS));
      expect(wordAt(bed, place.counter)).toBe(WORKERS * ROUNDS);
      expect(wordAt(bed, place.address)).toBe(0);
      expect(bed.machine.findings()).toEqual([]);
    },
  );
});

it("a word goes to and fro between two, each asleep in turn", async () => {
  const bed = await newBed(2);
  const place = layouts["in one line"];
  const done = await run(bed, ["ROUNDS_PING", "ROUNDS_PONG"], [place]);
  expect(done).toEqual([ROUNDS, ROUNDS]);
  expect(wordAt(bed, place.address)).toBe(0);
});
