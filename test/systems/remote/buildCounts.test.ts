import { describe, expect, test } from "vitest";
import {
  buildNames,
  remotePathNames,
  type RemoteCounts,
  type RemotePath,
} from "../../../src/index.ts";
import { PAGE, kindsOf, machineOf } from "../../machine/pool.ts";
import { RemoteBed } from "./bed.ts";

/**
 * What an access takes is a property of the modelled kernel. Builds that copy several pages after one walk report the
 * locks and walks of a kernel that does not.
 */

const BASE = 0x400000;
const HUGE = 2 << 20;

/** What the target has mapped, and what of it is read, as offset and length. */
const reads: readonly {
  readonly name: string;
  readonly map: (bed: RemoteBed) => void;
  readonly parts: readonly (readonly [number, number])[];
}[] = [
  {
    name: "small pages",
    map: ({ target }) =>
      void target.map({ at: BASE, length: 12 * PAGE }).write(0, new Uint8Array(12 * PAGE)),
    parts: [
      [8, 8],
      [PAGE - 4, 8],
      [5, 11 * PAGE],
      [11 * PAGE, 2 * PAGE],
    ],
  },
  {
    name: "pages that are absent, zero, guarded and not readable, between others",
    map: ({ target }) => {
      target.map({ at: BASE, length: 9 * PAGE }).write(0, new Uint8Array(9 * PAGE));
      target.advise(BASE + 2 * PAGE, PAGE, "dontneed");
      target.advise(BASE + 4 * PAGE, PAGE, "dontneed");
      target.touch(BASE + 4 * PAGE, "read");
      target.advise(BASE + 6 * PAGE, PAGE, "guard_install");
      target.protect(BASE + 8 * PAGE, PAGE, "none");
    },
    parts: [
      [0, 4 * PAGE],
      [3 * PAGE, 2 * PAGE],
      [5 * PAGE, 2 * PAGE],
      [7 * PAGE, 2 * PAGE],
    ],
  },
  {
    name: "a leaf of 2 MiB, and small pages behind it",
    map: ({ target }) => {
      target.map({ at: BASE, length: HUGE, pageSize: "2M", populate: true });
      target.touch(BASE, "write");
      target.map({ at: BASE + HUGE, length: 4 * PAGE, protection: "r", populate: true });
    },
    parts: [
      [100, 8],
      [100, 5 * PAGE],
      [HUGE - 3 * PAGE, 3 * PAGE],
      [HUGE - PAGE, 3 * PAGE],
    ],
  },
  {
    name: "the end of a page table",
    map: ({ target }) => void target.map({ at: BASE, length: HUGE + 8 * PAGE, populate: true }),
    parts: [[HUGE - 4 * PAGE, 8 * PAGE]],
  },
  {
    name: "a file's pages, cached and not",
    map: ({ machine, target }) => {
      const file = machine.createFile(8 * PAGE);
      for (const page of [0, 1, 2, 5]) file.page(page).fill(1);
      target.map({ at: BASE, length: 10 * PAGE, file });
    },
    parts: [
      [0, 4 * PAGE],
      [3 * PAGE, 5 * PAGE],
      [6 * PAGE, 3 * PAGE],
    ],
  },
];

/** What the program itself can read from an address on. */
function seenByProgram({ machine, target }: RemoteBed, at: number, length: number): Uint8Array {
  const buffer = machine.allocKernel(length);
  target.runOn(target.cpu);
  const left = target.uaccess.copyFromUser(buffer, at, length);
  const bytes = buffer.bytes.slice(0, length - left);
  buffer.free();
  return bytes;
}

/** Version 1 loses all that it has copied where it comes to a hole (claim D1). */
function lostBy(path: RemotePath, { target }: RemoteBed, end: number): boolean {
  const isMapped = target.vmas().some((vma) => vma.start <= end && end < vma.end);
  return path === "fast-v1" && !isMapped;
}

describe.each(remotePathNames)("%s", (path) => {
  test.each(reads)("$name: the same counts in every build", async ({ map, parts }) => {
    const counts: Record<string, readonly RemoteCounts[]> = {};
    for (const build of buildNames) {
      const machine = await machineOf({ memory: "16M", cpus: 2, build });
      machine.remotePath = path;
      const bed = new RemoteBed(machine);
      map(bed);
      const answers = parts.map(([offset, length]) => bed.read(BASE + offset, length));
      counts[build] = answers.map((answer) => answer.counts);
      for (const [index, [offset, length]] of parts.entries()) {
        const seen = seenByProgram(bed, BASE + offset, length);
        const lost = seen.length < length && lostBy(path, bed, BASE + offset + seen.length);
        expect(answers[index]!.bytes).toEqual(lost ? new Uint8Array() : seen);
      }
      expect(kindsOf(machine)).toEqual([]);
    }
    for (const build of buildNames) expect(counts[build], build).toEqual(counts["study"]);
  });
});

/** What reading a word takes, in each build. */
async function locksOf(
  path: RemotePath,
  map: (bed: RemoteBed) => void,
  at: number,
): Promise<Record<string, RemoteCounts["locks"]>> {
  const locks: Record<string, RemoteCounts["locks"]> = {};
  for (const build of buildNames) {
    const machine = await machineOf({ memory: "16M", cpus: 2, build });
    machine.remotePath = path;
    const bed = new RemoteBed(machine);
    map(bed);
    locks[build] = bed.read(at, 8).counts.locks;
  }
  return locks;
}

/** Of each path: for the walks that come to a table of the last level, and for the fault. */
describe.each<[string, number, Readonly<Record<RemotePath, number>>]>([
  ["no table", 1, { slow: 2, "fast-v1": 2, "fast-v2": 2, "fast-v3-sketch": 2 }],
  ["an empty entry", 2, { slow: 3, "fast-v1": 4, "fast-v2": 4, "fast-v3-sketch": 3 }],
])("a walk that finds %s", (_, pages, expected) => {
  test.each(remotePathNames)(
    "%s: takes the page tables' lock where there is a table",
    async (path) => {
      const map = ({ target }: RemoteBed): void => {
        target.map({ at: BASE, length: 2 * PAGE });
        if (pages > 1) target.touch(BASE + PAGE, "read");
      };
      for (const [build, { pageTable }] of Object.entries(await locksOf(path, map, BASE))) {
        expect(pageTable, build).toBe(expected[path]);
      }
    },
  );
});

describe.each(remotePathNames)("%s: below an area", (path) => {
  test("that one's own lock is not taken", async () => {
    const map = ({ target }: RemoteBed): void => void target.map({ at: BASE, length: PAGE });
    for (const [build, { vma }] of Object.entries(await locksOf(path, map, BASE - PAGE))) {
      expect(vma, build).toBe(0);
    }
  });
});
