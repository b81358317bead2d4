import { setFlagsFromString } from "node:v8";
import { afterEach, describe, expect, test } from "vitest";
import { remotePathNames, type KernelBuffer, type Task } from "../../../src/index.ts";
import { audit } from "../../machine/frames.ts";
import { PAGE, kindsOf } from "../../machine/pool.ts";
import { Crew } from "../../support/threadCrew.ts";
import { expectWaiting, newFloor, type Floor } from "../../support/threadFloor.ts";

/**
 * Emulated CPUs on real threads read another process's memory without pause, each path in its turn, while this thread
 * changes that memory. What they read is checked by themselves; how often they really met is not. In the code of V8's
 * baseline compiler, which is slower, so that they meet more often.
 */
setFlagsFromString("--no-wasm-tier-up");

const AREA = 0x10000000;
const PAGES = 24;
const CALLS = 10_000;
const MOST = 16 * PAGE;

let crew: Crew | undefined;

afterEach(async () => {
  await crew?.stop();
  crew = undefined;
});

interface Scene {
  readonly floor: Floor;
  readonly crew: Crew;
  /** Puts its number into every word of a page, as the target's program. */
  fill(page: number): void;
  /** Frees what was taken for it. */
  end(): void;
}

/** Three readers of what the main task has at AREA. */
async function begin(path: (typeof remotePathNames)[number]): Promise<Scene> {
  const floor = await newFloor(false);
  const { machine, main, tasks } = floor;
  machine.remotePath = path;
  const buffers = tasks.map(() => machine.allocKernel(MOST));
  const content = machine.allocKernel(PAGE);
  crew = await Crew.start(
    machine,
    tasks.map((task, index) => ({ task, job: readsOf(main, buffers[index]!) })),
  );
  return {
    floor,
    crew,
    fill: (page) => {
      new Uint32Array(content.bytes.buffer, content.bytes.byteOffset, PAGE / 4).fill(page + 1);
      main.uaccess.copyToUser(AREA + page * PAGE, content, PAGE);
    },
    end: () => {
      for (const buffer of [...buffers, content]) buffer.free();
    },
  };
}

function readsOf(
  target: Task,
  buffer: KernelBuffer,
): Parameters<typeof Crew.start>[1][number]["job"] {
  return {
    kind: "remoteReads",
    target: target.handle,
    address: AREA,
    pages: PAGES,
    calls: CALLS,
    buffer: buffer.linear,
    bytes: MOST,
  };
}

/** Changes memory again and again until every reader is through. */
function during({ crew, floor }: Scene, change: (round: number) => void): void {
  crew.begin();
  const goesOn = (): boolean => !floor.tasks.every((_, index) => crew.isDone(index));
  for (let round = 0; round < 200 || goesOn(); round++) change(round);
  crew.awaitEnd();
}

/** Every word that was read once stood there, and all locks and references are given back. */
function expectGood({ crew, floor }: Scene): void {
  const states = floor.tasks.map((_, index) => crew.state(index));
  expect(states).toMatchObject(floor.tasks.map(() => ({ calls: CALLS, result: 0 })));
  expect(floor.main.vmas().filter(({ lockCount }) => lockCount !== 1)).toEqual([]);
  expect(kindsOf(floor.machine)).toEqual([]);
  audit(floor.machine);
}

describe.each(remotePathNames)("%s", (path) => {
  test("munmap, mmap, mprotect, madvise and fork of the area and its neighbours", async () => {
    const scene = await begin(path);
    const { main, machine } = scene.floor;
    const before = machine.framesInUse;
    const changes: readonly ((at: number, length: number) => void)[] = [
      (at, length) => void main.advise(at, length, "dontneed"),
      (at, length) => {
        main.unmap(at, length);
        main.map({ at, length });
      },
      (at, length) => void main.advise(at, length, "dontneed"),
      (at, length) => void main.map({ at, length }),
      (at, length) => void main.advise(at, length, "dontneed"),
      (at, length) => {
        main.protect(at, length, "none");
        main.protect(at, length, "rw");
      },
      (at, length) => {
        main.protect(at, length, "r");
        main.fork().exit();
        main.protect(at, length, "rw");
      },
    ];
    main.map({ at: AREA, length: PAGES * PAGE });
    for (let page = 0; page < PAGES; page++) scene.fill(page);
    // what was emptied stays so for a round: its frames are free, and show it
    const refills: (() => void)[] = [];
    during(scene, (round) => {
      const first = (round * 7) % PAGES;
      const pages = 1 + (round % Math.min(9, PAGES - first));
      changes[round % changes.length]!(AREA + first * PAGE, pages * PAGE);
      refills.push(() => {
        for (let page = first; page < first + pages; page++) scene.fill(page);
      });
      if (round % 3 === 2) for (const refill of refills.splice(0)) refill();
    });
    expectGood(scene);
    main.unmap(AREA, PAGES * PAGE);
    expect(machine.framesInUse).toBe(before);
    scene.end();
  });

  test("exec and exit of the target: its address space is had, or it is not", async () => {
    const scene = await begin(path);
    const { main, machine } = scene.floor;
    main.exec([], []);
    const before = machine.framesInUse;
    during(scene, (round) => {
      main.exec([], []);
      main.map({ at: AREA, length: PAGES * PAGE });
      for (let page = round % 3; page < PAGES; page += 3) scene.fill(page);
    });
    expectGood(scene);
    main.exec([], []);
    expect(machine.framesInUse).toBe(before);
    scene.crew.begin();
    scene.crew.awaitCalls(CALLS / 10);
    main.die();
    scene.crew.awaitEnd();
    expectGood(scene);
    expect(machine.framesInUse).toBeLessThan(before);
    scene.end();
  });
});

test("who reads another task's memory waits for that task's lock", async () => {
  const scene = await begin("fast-v2");
  const { floor } = scene;
  const { machine, main } = floor;
  main.map({ at: AREA, length: PAGES * PAGE, populate: true });
  const words = new Int32Array(machine.core.memory.buffer);
  const lock = (main.handle + machine.constant("TASK_LOCK")) >>> 2;
  expect(Atomics.exchange(words, lock, 1)).toBe(0);
  scene.crew.begin();
  expectWaiting(floor, scene.crew);
  expect(floor.tasks.map((_, index) => scene.crew.state(index).calls)).toEqual([0, 0, 0]);
  expect(Atomics.exchange(words, lock, 0)).toBe(1);
  scene.crew.awaitEnd();
  expectGood(scene);
  scene.end();
});
