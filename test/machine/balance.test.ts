import { describe, expect, test } from "vitest";
import fc from "../support/properties.ts";
import { archNames, buildNames, type Machine, type Task, type UserFile } from "../../src/index.ts";
import { audit } from "./frames.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

/** Random lives of three tasks: contents follow a shadow model, and in the end every frame is back. */
const BASE = 4 << 20;
const PAGES = 1024;
const LARGE = 512;
const FILE_PAGES = 600;

interface PageModel {
  readonly protection: string;
  readonly kind: "anonymous" | "private" | "shared";
  readonly filePage: number;
  /** First byte of a page of its own; a page that was not written yet shows what is behind it. */
  own: number | undefined;
}

type Space = Map<number, PageModel>;

type Step =
  | {
      op: "map";
      who: number;
      start: number;
      pages: number;
      protection: string;
      kind: PageModel["kind"];
      large: boolean;
    }
  | { op: "unmap"; who: number; start: number; pages: number }
  | { op: "protect"; who: number; start: number; pages: number; protection: string }
  | { op: "write"; who: number; page: number; value: number }
  | { op: "read"; who: number; page: number }
  | { op: "copy"; who: number; page: number; pages: number };

const who = fc.integer({ min: 0, max: 2 });
const start = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: 0, max: PAGES - 1 }),
  fc.constantFrom(0, LARGE),
);
const pages = fc.oneof(
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 1, max: PAGES }),
  fc.constant(LARGE),
);
const page = start;
const protection = fc.constantFrom("rw", "rw", "r", "none", "rwx");
const kind = fc.constantFrom<PageModel["kind"]>("anonymous", "private", "shared");

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    op: fc.constant("map" as const),
    who,
    start,
    pages,
    protection,
    kind,
    large: fc.boolean(),
  }),
  fc.record({ op: fc.constant("unmap" as const), who, start, pages }),
  fc.record({ op: fc.constant("protect" as const), who, start, pages, protection }),
  {
    arbitrary: fc.record({
      op: fc.constant("write" as const),
      who,
      page,
      value: fc.integer({ min: 1, max: 255 }),
    }),
    weight: 4,
  },
  { arbitrary: fc.record({ op: fc.constant("read" as const), who, page }), weight: 2 },
  fc.record({ op: fc.constant("copy" as const), who, page, pages: fc.integer({ min: 1, max: 3 }) }),
);

const addressOf = (index: number): number => BASE + index * PAGE;

/** A machine with three tasks on three CPUs, two of them in one address space, and what they should see. */
class World {
  readonly machine: Machine;
  readonly tasks: Task[];
  readonly files: UserFile[];
  readonly #spaces: Space[];
  readonly #contents: number[][];
  readonly #leavesOf64: boolean;

  constructor(machine: Machine) {
    this.machine = machine;
    const first = machine.createTask({ cpu: 0 });
    const second = machine.createTask({ cpu: 1 });
    this.tasks = [first, second, machine.createTask({ cpu: 2, sharing: first })];
    const space: Space = new Map();
    this.#spaces = [space, new Map(), space];
    this.#leavesOf64 = !/8xx|book3s32/.test(machine.arch);
    this.files = [
      machine.createFile(FILE_PAGES * PAGE),
      machine.createFile(FILE_PAGES * PAGE, "2M"),
    ];
    this.#contents = this.files.map(() => new Array<number>(FILE_PAGES).fill(0));
  }

  /** Large pages ask for the file of large folios. */
  #fileFor(who: number): number {
    return who === 1 ? 1 : 0;
  }

  #content(who: number): number[] {
    return this.#contents[this.#fileFor(who)]!;
  }

  #space(who: number): Space {
    return this.#spaces[who]!;
  }

  /** What a read of the page's first byte should give: a value, or null for −EFAULT. */
  expected(who: number, index: number): number | null {
    const model = this.#space(who).get(index);
    if (model === undefined || model.protection === "none") return null;
    if (model.kind !== "anonymous" && model.filePage >= FILE_PAGES) return null;
    if (model.own !== undefined) return model.own;
    return model.kind === "anonymous" ? 0 : this.#content(fileOwner(who))[model.filePage]!;
  }

  read(who: number, index: number): number | null {
    const { error, value } = this.tasks[who]!.uaccess.getUser(addressOf(index), 1);
    return error === 0 ? Number(value) : null;
  }

  #writable(who: number, index: number): boolean {
    const model = this.#space(who).get(index);
    return this.expected(who, index) !== null && model!.protection.includes("w");
  }

  #written(who: number, index: number, value: number): void {
    const model = this.#space(who).get(index)!;
    if (model.kind === "shared") this.#content(fileOwner(who))[model.filePage] = value;
    else model.own = value;
  }

  /** Makes a step; answers what is wrong with its result, if anything. */
  take(taken: Step): string | undefined {
    switch (taken.op) {
      case "map":
        return this.#map(taken);
      case "unmap":
        return this.#unmap(taken.who, taken.start, lengthOf(taken));
      case "protect":
        return this.#protect(taken.who, taken.start, lengthOf(taken), taken.protection);
      case "write":
        return this.#write(taken.who, taken.page, taken.value);
      case "read":
        return this.#compare(taken.who, taken.page);
      case "copy":
        return this.#copy(taken.who, taken.page, Math.min(taken.pages, PAGES - taken.page));
    }
  }

  #map(taken: Step & { op: "map" }): undefined {
    const count = lengthOf(taken);
    const owner = fileOwner(taken.who);
    const file =
      taken.kind === "anonymous"
        ? {}
        : { file: this.files[this.#fileFor(owner)]!, filePage: taken.start };
    this.tasks[taken.who]!.map({
      at: addressOf(taken.start),
      length: count * PAGE,
      protection: taken.protection,
      shared: taken.kind === "shared",
      pageSize: taken.large && this.#leavesOf64 ? "2M" : "4K",
      ...file,
    });
    for (let at = taken.start; at < taken.start + count; at++) {
      this.#space(taken.who).set(at, {
        protection: taken.protection,
        kind: taken.kind,
        filePage: at,
        own: undefined,
      });
    }
    return undefined;
  }

  #unmap(who: number, first: number, count: number): string | undefined {
    const result = this.tasks[who]!.unmap(addressOf(first), count * PAGE);
    for (let at = first; at < first + count; at++) this.#space(who).delete(at);
    return result === 0 ? undefined : `unmap gave ${result}`;
  }

  #protect(who: number, first: number, count: number, protection: string): string | undefined {
    const result = this.tasks[who]!.protect(addressOf(first), count * PAGE, protection);
    let at = first;
    for (; at < first + count && this.#space(who).has(at); at++) {
      this.#space(who).set(at, { ...this.#space(who).get(at)!, protection });
    }
    const expected = at === first + count ? 0 : -12;
    return result === expected ? undefined : `protect gave ${result}, not ${expected}`;
  }

  #write(who: number, index: number, value: number): string | undefined {
    const allowed = this.#writable(who, index);
    const result = this.tasks[who]!.uaccess.putUser(addressOf(index), 1, value);
    if (allowed) this.#written(who, index, value);
    return (result === 0) === allowed ? undefined : `put to page ${index} gave ${result}`;
  }

  #compare(who: number, index: number): string | undefined {
    const [got, expected] = [this.read(who, index), this.expected(who, index)];
    return got === expected ? undefined : `task ${who} page ${index} reads ${got}, not ${expected}`;
  }

  #copy(who: number, first: number, count: number): string | undefined {
    const buffer = this.machine.allocKernel(count * PAGE);
    buffer.bytes.fill(0x99);
    const left = this.tasks[who]!.uaccess.copyToUser(addressOf(first), buffer, count * PAGE);
    buffer.free();
    let done = 0;
    while (done < count && this.#writable(who, first + done)) {
      this.#written(who, first + done++, 0x99);
    }
    return left === (count - done) * PAGE ? undefined : `copy left ${left}`;
  }

  /** The first page that does not read as it should. */
  wrongPage(): string | undefined {
    for (const at of [0, 1, 2]) {
      for (let index = 0; index < PAGES; index++) {
        const wrong = this.#compare(at, index);
        if (wrong !== undefined) return wrong;
      }
    }
    return undefined;
  }

  end(): void {
    for (const task of this.tasks) task.exit();
    for (const file of this.files) file.close();
  }
}

/** Tasks 0 and 2 share an address space, and so what is mapped there. */
function fileOwner(who: number): number {
  return who === 1 ? 1 : 0;
}

function lengthOf({ start: first, pages: count }: { start: number; pages: number }): number {
  return Math.min(count, PAGES - first);
}

const place = fc.record({
  build: fc.constantFrom(...buildNames),
  arch: fc.constantFrom(...archNames),
});

describe("random mappings", () => {
  test("read as the model says, and leave no frame behind", async () => {
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.array(step, { minLength: 1, maxLength: 40 }),
        async ({ build, arch }, steps) => {
          const machine = await machineOf({ build, arch, cpus: 3, memory: "64M", tlbEntries: 64 });
          const world = new World(machine);
          for (const taken of steps) expect([taken, world.take(taken)]).toEqual([taken, undefined]);
          expect(world.wrongPage()).toBeUndefined();
          world.end();
          expect(machine.framesInUse).toBe(1);
          audit(machine);
          expect(kindsOf(machine)).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("in a RAM too small for them: calls fail, nothing is lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.array(step, { minLength: 20, maxLength: 80 }),
        async ({ build, arch }, steps) => {
          const machine = await machineOf({ build, arch, cpus: 3, memory: "384K", tlbEntries: 64 });
          const world = new World(machine);
          for (const taken of steps) {
            try {
              world.take(taken);
            } catch (error) {
              expect(["no-memory", "mmap-failed"]).toContain((error as { code?: string }).code);
            }
          }
          for (let index = 0; index < PAGES; index++) world.read(0, index);
          world.end();
          expect(kindsOf(machine)).toEqual([]);
          expect(machine.framesInUse).toBe(1);
          audit(machine);
        },
      ),
      { numRuns: 150 },
    );
  });
});
