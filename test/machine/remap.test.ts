import { afterEach, describe, expect, test } from "vitest";
import fc from "../support/properties.ts";
import { buildNames, type Machine, type MapOptions, type Task } from "../../src/index.ts";
import { audit } from "./frames.ts";
import { letters } from "./letters.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

/** mremap: arguments, places, what moves, and how areas are cut and joined by it. */

const EPERM = -1;
const ENOMEM = -12;
const EFAULT = -14;
const EINVAL = -22;

const BASE = 0x400000;
const HUGE = 2 << 20;
const at = (page: number): number => BASE + page * PAGE;
/** Top of where a mapping without a place goes: 128 MiB below the end of a program's addresses. */
const TOP = 0x7ffffffff000n - (128n << 20n);

let machine: Machine;
let tasks: Task[] = [];

async function newTask(memory = "32M"): Promise<Task> {
  machine = await machineOf({ memory });
  const task = machine.createTask();
  tasks.push(task);
  return task;
}

afterEach(() => {
  for (const task of tasks) task.exit();
  tasks = [];
  expect(machine.framesInUse).toBe(1);
  audit(machine);
  expect(kindsOf(machine)).toEqual([]);
});

function map(task: Task, page: number, pages: number, options: Partial<MapOptions> = {}): void {
  task.map({ at: at(page), length: pages * PAGE, ...options });
}

/** "first page+pages permissions" of each mapping below the free places; * has private pages. */
function layout(task: Task): string[] {
  return task.vmas().map(({ start, end, permissions, hasPrivatePages }) => {
    const first = start >= TOP - 0x10000000n ? `T-${Number(TOP - end) / PAGE}` : pageOf(start);
    return `${first}+${Number(end - start) / PAGE} ${permissions}${hasPrivatePages ? "*" : ""}`;
  });
}

const pageOf = (address: bigint): string => String((Number(address) - BASE) / PAGE);

const fixed = (page: number) => ({ mayMove: true, fixed: true, newAddress: at(page) });
const remap = (
  task: Task,
  page: number,
  pages: number,
  newPages: number,
  options: Parameters<Task["remap"]>[3] = {},
): bigint | number => task.remap(at(page), pages * PAGE, newPages * PAGE, options);

/** Each page of a range holds its own number. */
function number(task: Task, page: number, pages: number): void {
  for (let index = 0; index < pages; index++) {
    expect(task.uaccess.putUser(at(page + index), 1, 1 + index)).toBe(0);
  }
}

function valuesOf(task: Task, address: number | bigint, pages: number): number[] {
  return Array.from({ length: pages }, (_, index) => {
    const { error, value } = task.uaccess.getUser(BigInt(address) + BigInt(index * PAGE), 1);
    return error === 0 ? Number(value) : error;
  });
}

describe("arguments", () => {
  test.each([
    ["a start within a page", BASE + 1, PAGE, PAGE, {}],
    ["no new length", BASE, PAGE, 0, {}],
    ["a new length beyond all programs", BASE, PAGE, 0x800000000000n, {}],
    ["a fixed place without MAYMOVE", BASE, PAGE, PAGE, { fixed: true, newAddress: at(8) }],
    [
      "a fixed place within a page",
      BASE,
      PAGE,
      PAGE,
      { mayMove: true, fixed: true, newAddress: at(8) + 1 },
    ],
    [
      "a fixed place beyond all programs",
      BASE,
      PAGE,
      PAGE,
      { mayMove: true, fixed: true, newAddress: 0x7ffffffff000n },
    ],
    ["a fixed place that overlaps", BASE, 2 * PAGE, 2 * PAGE, fixed(1)],
    ["DONTUNMAP without MAYMOVE", BASE, PAGE, PAGE, { dontUnmap: true }],
    ["DONTUNMAP with another length", BASE, PAGE, 2 * PAGE, { mayMove: true, dontUnmap: true }],
    ["no old length of private memory", BASE, 0, PAGE, { mayMove: true }],
  ])("%s is EINVAL", async (_, start, oldLength, newLength, options) => {
    const task = await newTask();
    map(task, 0, 4);
    expect(task.remap(start, oldLength, newLength, options)).toBe(EINVAL);
    expect(layout(task)).toEqual(["0+4 rw-p"]);
  });

  test("no area, more than one, sealed ones", async () => {
    const task = await newTask();
    map(task, 0, 2);
    map(task, 2, 2, { protection: "r" });
    map(task, 6, 1);
    map(task, 8, 1);
    task.seal(at(6), PAGE);
    expect(remap(task, 5, 1, 2)).toBe(EFAULT);
    expect(remap(task, 1, 2, 3)).toBe(EFAULT);
    expect(remap(task, 6, 1, 1)).toBe(EPERM);
    expect(remap(task, 8, 1, 1, fixed(6))).toBe(EPERM);
    expect(remap(task, 5, 3, 3, fixed(16))).toBe(EFAULT);
    expect(layout(task)).toEqual(["0+2 rw-p", "2+2 r--p", "6+1 rw-p", "8+1 rw-p"]);
  });

  test.each(["6.12", "6.18"])(
    "what is refused leaves the new place alone, on %s too",
    async (kernel) => {
      machine = await machineOf({ memory: "32M", kernel });
      const task = machine.createTask();
      tasks.push(task);
      map(task, 0, 1);
      map(task, 8, 2);
      expect(remap(task, 0, 2, 4, fixed(8))).toBe(EFAULT);
      expect(layout(task)).toEqual(["0+1 rw-p", "8+2 rw-p"]);
      map(task, 1, 1, { protection: "r" });
      expect(remap(task, 0, 2, 2, fixed(8))).toBe(BigInt(at(8)));
      expect(layout(task)).toEqual(["8+1 rw-p", "9+1 r--p"]);
    },
  );

  test("what may not change its length", async () => {
    const task = await newTask();
    task.moveSpecial("vdso", at(0));
    expect(remap(task, 0, 2, 3)).toBe(EFAULT);
    expect(remap(task, 0, 2, 2, { mayMove: true, dontUnmap: true })).toBe(EINVAL);
    expect(remap(task, 0, 2, 2, fixed(8))).toBe(BigInt(at(8)));
    expect(task.vmas().map(({ backing, start }) => [backing, Number(start)])).toEqual([
      ["vdso", at(8)],
    ]);
    expect(task.uaccess.getUser(at(8), 4).value).toBe(0x464c457fn);
  });
});

describe("in place", () => {
  test.each([0x7fffffff_ffffn, 0xffff_ffff_ffff_f000n])(
    "an old length of %i passes the last address: nothing goes",
    async (oldLength) => {
      const task = await newTask();
      map(task, 0, 4);
      map(task, 16, 1);
      expect(task.remap(at(0), oldLength, PAGE)).toBe(EINVAL);
      expect(layout(task)).toEqual(["0+4 rw-p", "16+1 rw-p"]);
    },
  );

  test("nothing to do, less, more", async () => {
    const task = await newTask();
    map(task, 0, 4);
    number(task, 0, 4);
    expect(remap(task, 0, 4, 4)).toBe(BigInt(BASE));
    expect(remap(task, 0, 4, 2)).toBe(BigInt(BASE));
    expect(layout(task)).toEqual(["0+2 rw-p*"]);
    expect(remap(task, 0, 2, 5)).toBe(BigInt(BASE));
    expect(layout(task)).toEqual(["0+5 rw-p*"]);
    expect(valuesOf(task, BASE, 5)).toEqual([1, 2, 0, 0, 0]);
  });

  test("a part shrinks like munmap of its tail", async () => {
    const task = await newTask();
    map(task, 0, 6);
    expect(remap(task, 1, 3, 1)).toBe(BigInt(at(1)));
    expect(layout(task)).toEqual(["0+2 rw-p", "4+2 rw-p"]);
  });

  test("a neighbour is in the way, or is reached and joined", async () => {
    const task = await newTask();
    map(task, 0, 2);
    map(task, 4, 2);
    expect(remap(task, 0, 2, 5)).toBe(ENOMEM);
    expect(remap(task, 0, 1, 2)).toBe(ENOMEM); // the range ends before the area
    expect(remap(task, 0, 2, 4)).toBe(BigInt(BASE));
    expect(layout(task)).toEqual(["0+6 rw-p"]);
  });

  test("locked memory is made present where it grows", async () => {
    const task = await newTask();
    map(task, 0, 1);
    task.lockMemory(BASE, PAGE);
    expect(remap(task, 0, 1, 3)).toBe(BigInt(BASE));
    expect(letters(task, BASE, 3)).toBe("AAA");
  });
});

describe("moves", () => {
  test("pages go along, of all kinds", async () => {
    const task = await newTask();
    const file = machine.createFile(8 * PAGE);
    map(task, 0, 3);
    task.uaccess.putUser(at(0), 1, 7);
    task.touch(at(1), "read");
    task.advise(at(2), PAGE, "guard_install");
    expect(remap(task, 0, 3, 3, fixed(10))).toBe(BigInt(at(10)));
    expect([letters(task, at(0), 3), letters(task, at(10), 3)]).toEqual(["...", "AZG"]);
    expect(task.uaccess.getUser(at(10), 1).value).toBe(7n);
    expect(task.touch(at(12), "read")).toBe(false);
    map(task, 0, 2, { file, filePage: 3 });
    task.touch(at(0), "read");
    expect(remap(task, 1, 1, 2, fixed(20))).toBe(BigInt(at(20)));
    expect(task.vmas().map(({ filePage }) => Number(filePage))).toEqual([3, 0, 4]);
    file.close();
  });

  test("to the highest free place where it may", async () => {
    const task = await newTask();
    map(task, 0, 2);
    map(task, 2, 1, { protection: "r" });
    number(task, 0, 2);
    expect(remap(task, 0, 2, 4)).toBe(ENOMEM);
    const place = TOP - BigInt(4 * PAGE);
    expect(remap(task, 0, 2, 4, { mayMove: true })).toBe(place);
    expect(layout(task)).toEqual(["2+1 r--p", "T-0+4 rw-p*"]);
    expect(valuesOf(task, place, 4)).toEqual([1, 2, 0, 0]);
    map(task, 0, 1);
    map(task, 1, 1, { protection: "r" });
    expect(remap(task, 0, 1, 2, { mayMove: true })).toBe(place - BigInt(2 * PAGE));
  });

  test("below a stack the gap stays free", async () => {
    const task = await newTask();
    const stack = TOP - BigInt(2 * PAGE);
    task.map({ at: stack, length: 2 * PAGE, growsDown: true });
    map(task, 0, 1);
    map(task, 1, 1, { protection: "r" });
    const moved = remap(task, 0, 1, 2, { mayMove: true });
    expect(moved).toBe(stack - BigInt((256 + 2) * PAGE));
  });

  test("what stood at the fixed place is gone, shrunk tails too", async () => {
    const task = await newTask();
    map(task, 0, 4);
    number(task, 0, 4);
    map(task, 10, 4, { protection: "r" });
    expect(remap(task, 0, 4, 2, fixed(11))).toBe(BigInt(at(11)));
    expect(layout(task)).toEqual(["10+1 r--p", "11+2 rw-p*", "13+1 r--p"]);
    expect(valuesOf(task, at(11), 2)).toEqual([1, 2]);
  });

  test("a part leaves the rest where it was", async () => {
    const task = await newTask();
    map(task, 0, 5);
    number(task, 0, 5);
    expect(remap(task, 1, 2, 2, fixed(10))).toBe(BigInt(at(10)));
    expect(layout(task)).toEqual(["0+1 rw-p*", "3+2 rw-p*", "10+2 rw-p*"]);
    expect(valuesOf(task, at(10), 2)).toEqual([2, 3]);
  });

  test("written memory joins at the new place only where its pages go on", async () => {
    const task = await newTask();
    map(task, 0, 2);
    map(task, 5, 1);
    expect(remap(task, 5, 1, 1, fixed(2))).toBe(BigInt(at(2)));
    expect(layout(task)).toEqual(["0+3 rw-p"]); // never written: it counts its pages anew
    number(task, 0, 3);
    expect(remap(task, 0, 1, 1, fixed(3))).toBe(BigInt(at(3)));
    expect(layout(task)).toEqual(["1+2 rw-p*", "3+1 rw-p*"]);
    expect(remap(task, 3, 1, 1, fixed(0))).toBe(BigInt(BASE));
    expect(layout(task)).toEqual(["0+3 rw-p*"]);
    expect(valuesOf(task, BASE, 3)).toEqual([1, 2, 3]);
  });

  test("several areas move together, with their holes", async () => {
    const task = await newTask();
    map(task, 0, 1);
    map(task, 1, 1, { protection: "r" });
    map(task, 3, 1);
    map(task, 12, 1, { protection: "none" });
    expect(remap(task, 0, 4, 4, fixed(10))).toBe(BigInt(at(10)));
    expect(layout(task)).toEqual(["10+1 rw-p", "11+1 r--p", "12+1 ---p", "13+1 rw-p"]);
    map(task, 0, 2);
    task.registerMissing(at(1), PAGE);
    expect(remap(task, 0, 2, 2, fixed(20))).toBe(EFAULT);
    expect(layout(task).slice(-1)).toEqual(["20+1 rw-p"]); // what lies before a watched area has moved
    expect(remap(task, 1, 1, 1, fixed(21))).toBe(BigInt(at(21)));
    expect(task.touch(at(21), "write")).toBe(true); // no longer watched
  });

  test("shared memory can be had twice", async () => {
    const task = await newTask();
    map(task, 0, 2, { shared: true });
    number(task, 0, 2);
    const second = remap(task, 0, 0, 2, { mayMove: true });
    expect(valuesOf(task, second, 2)).toEqual([1, 2]);
    task.uaccess.putUser(at(1), 1, 9);
    expect(valuesOf(task, second, 2)).toEqual([1, 9]);
    expect(layout(task)).toEqual(["0+2 rw-s", "T-0+2 rw-s"]);
  });

  test("DONTUNMAP leaves an empty mapping, at a wished place or elsewhere", async () => {
    const task = await newTask();
    map(task, 0, 2);
    number(task, 0, 2);
    task.lockMemory(BASE, PAGE);
    task.lockMemory(at(1), PAGE);
    const keep = { mayMove: true, dontUnmap: true, newAddress: at(10) };
    expect(remap(task, 0, 2, 2, keep)).toBe(BigInt(at(10)));
    expect(layout(task)).toEqual(["0+2 rw-p", "10+2 rw-p*"]);
    expect([letters(task, BASE, 2), letters(task, at(10), 2)]).toEqual(["..", "AA"]);
    expect(task.advise(BASE, PAGE, "dontneed")).toBe(0);
    expect(task.advise(at(10), PAGE, "dontneed")).toBe(EINVAL); // the lock went along
    expect(valuesOf(task, BASE, 2)).toEqual([0, 0]);
    expect(remap(task, 0, 2, 2, keep)).toBe(TOP - BigInt(2 * PAGE));
  });
});

describe("huge pages", () => {
  test("move as one where the place is as aligned, else in parts", async () => {
    const task = await newTask();
    task.map({ at: BASE, length: HUGE });
    task.advise(BASE, HUGE, "hugepage");
    task.uaccess.putUser(BASE + 5 * PAGE, 1, 5);
    const aligned = BASE + 4 * HUGE;
    expect(task.remap(BASE, HUGE, HUGE, { mayMove: true, fixed: true, newAddress: aligned })).toBe(
      BigInt(aligned),
    );
    expect(task.entryOf(aligned).level).toBe(2);
    const crooked = BASE + PAGE;
    task.remap(aligned, HUGE, HUGE, { mayMove: true, fixed: true, newAddress: crooked });
    expect(task.entryOf(crooked).level).toBe(1);
    expect(letters(task, crooked, 3)).toBe("HHH");
    expect(task.uaccess.getUser(crooked + 5 * PAGE, 1).value).toBe(5n);
  });

  test("where a table already stands, and of a part", async () => {
    const task = await newTask();
    task.map({ at: BASE, length: 2 * HUGE });
    task.advise(BASE, 2 * HUGE, "hugepage");
    for (const page of [0, 1]) task.uaccess.putUser(BASE + page * HUGE, 1, 1 + page);
    const target = BASE + 8 * HUGE;
    const half = HUGE / 2;
    task.map({ at: target - PAGE, length: PAGE, populate: true });
    const options = { mayMove: true, fixed: true, newAddress: target };
    expect(task.remap(BASE + half, HUGE, HUGE, options)).toBe(BigInt(target));
    expect(task.uaccess.getUser(target + half, 1).value).toBe(2n);
    expect([task.entryOf(BASE).level, task.entryOf(BASE + HUGE + half).level]).toEqual([1, 1]);
    expect(task.uaccess.getUser(BASE, 1).value).toBe(1n);
  });
});

describe("where RAM is full", () => {
  test("nothing has moved", async () => {
    const task = await newTask("1M");
    const far = 0x7000_0000_0000n + BigInt(HUGE - PAGE); // over a border: the last table is missed half way
    map(task, 0, 3);
    number(task, 0, 3);
    const filler: { free: () => void }[] = [];
    expect(() => {
      for (;;) filler.push(machine.allocKernel(PAGE));
    }).toThrow();
    const options = { mayMove: true, fixed: true, newAddress: far };
    for (let free = 0; free < 4; free++) {
      expect(task.remap(BASE, 3 * PAGE, 3 * PAGE, options)).toBe(ENOMEM);
      expect(layout(task)).toEqual(["0+3 rw-p*"]);
      expect(valuesOf(task, BASE, 3)).toEqual([1, 2, 3]);
      filler.pop()!.free();
    }
    expect(task.remap(BASE, 3 * PAGE, 3 * PAGE, options)).toBe(far);
    expect(valuesOf(task, far, 3)).toEqual([1, 2, 3]);
    for (const buffer of filler) buffer.free();
  });
});

describe("random moves", () => {
  const PAGES = 24;
  const span = fc.record({
    from: fc.integer({ min: 0, max: PAGES - 1 }),
    pages: fc.integer({ min: 1, max: 6 }),
    to: fc.integer({ min: 0, max: PAGES - 1 }),
    newPages: fc.integer({ min: 1, max: 6 }),
    protection: fc.constantFrom("rw", "r"),
    op: fc.constantFrom("map", "move", "move", "keep", "resize"),
  });

  interface Span {
    readonly from: number;
    readonly pages: number;
    readonly to: number;
    readonly newPages: number;
  }

  /** What each page of an address space reads as: undefined where nothing is mapped. */
  type Model = (number | undefined)[];

  function moveIn(model: Model, { from, pages, to, newPages }: Span): void {
    const moved = model.slice(from, from + Math.min(pages, newPages));
    model.fill(undefined, from, from + pages);
    for (let page = 0; page < newPages; page++) model[to + page] = moved[page] ?? 0;
  }

  test("read as a model says", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...buildNames),
        fc.array(span, { minLength: 1, maxLength: 30 }),
        async (build, spans) => {
          machine = await machineOf({ build, memory: "4M", tlbEntries: 64 });
          const task = machine.createTask();
          const model: Model = new Array<number | undefined>(PAGES + 6).fill(undefined);
          let next = 0;
          for (const step of spans) {
            const { op, from, pages, to, newPages, protection } = step;
            if (op === "map") {
              map(task, from, pages, { protection });
              for (let page = from; page < from + pages; page++) {
                model[page] = protection === "rw" ? ++next % 256 : 0;
                if (protection === "rw") task.uaccess.putUser(at(page), 1, model[page]!);
              }
            } else if (op === "move") {
              if (typeof remap(task, from, pages, newPages, fixed(to)) === "bigint") {
                if (pages === newPages) moveWithHoles(model, from, pages, to);
                else moveIn(model, step);
              }
            } else if (op === "keep") {
              const options = { ...fixed(to), dontUnmap: true };
              if (typeof remap(task, from, pages, pages, options) === "bigint") {
                keepHoles(model, from, pages, to);
              }
            } else if (typeof remap(task, from, pages, newPages) === "bigint") {
              for (let page = newPages; page < pages; page++) model[from + page] = undefined;
              for (let page = pages; page < newPages; page++) model[from + page] = 0;
            }
            const read = valuesOf(task, BASE, PAGES + 6);
            expect(read).toEqual(model.map((value) => value ?? EFAULT));
          }
          task.exit();
          expect(machine.framesInUse).toBe(1);
          audit(machine);
          expect(kindsOf(machine)).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  function moveWithHoles(model: Model, from: number, pages: number, to: number): void {
    for (let page = 0; page < pages; page++) {
      const value = model[from + page];
      if (value === undefined) continue;
      model[to + page] = value;
      model[from + page] = undefined;
    }
  }

  function keepHoles(model: Model, from: number, pages: number, to: number): void {
    for (let page = 0; page < pages; page++) {
      const value = model[from + page];
      if (value === undefined) continue;
      model[to + page] = value;
      model[from + page] = 0;
    }
  }
});
