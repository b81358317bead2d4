import { beforeEach, describe, expect, test } from "vitest";
import {
  remotePathNames,
  runPrograms,
  type Operation,
  type RemotePath,
} from "../../../src/index.ts";
import { PAGE, kindsOf, machineOf } from "../../machine/pool.ts";
import { BASE, OLD, Race, program, raceMachine } from "./race.ts";

/** Reads of a process's memory while its own second CPU changes what is mapped, in every schedule, by every path. */

let race: Race;

beforeEach(async () => {
  race = new Race(await machineOf(raceMachine));
});

describe.each(remotePathNames)("%s", (path) => {
  beforeEach(() => {
    race.machine.remotePath = path;
  });

  const isFirst = path === "fast-v1";
  const needsMmapLock = path === "slow";

  describe("a reader that meets a writer", () => {
    /** Whether the read comes to its end while the mmap lock is held for writing; then it is let go. */
    function endsBefore(reads: Operation, held: readonly Operation[]): boolean {
      const order: string[] = [];
      const noted = (operation: Operation): Operation => ({
        name: operation.name,
        call: () => {
          order.push(operation.name);
          return operation.call();
        },
      });
      const ended: Operation = { name: "read done", call: () => 0 };
      const programs = [
        { task: race.reader, body: program([reads, noted(ended)]) },
        { task: race.other, body: program([...held, noted(race.drop(race.other))]) },
      ];
      race.clear();
      runPrograms(race.machine, programs, {
        choose: (runnable, step) => {
          const wanted = step < held.length ? 1 : 0;
          return runnable.includes(wanted) ? wanted : runnable[0]!;
        },
        switchEvery: 0,
      });
      expect(race.got(8)).toBe("8: old");
      expect(kindsOf(race.machine)).toEqual([]);
      return order[0] === "read done";
    }

    test("who holds the mmap lock alone: only the slow path waits", () => {
      race.filled(0, 1);
      expect(endsBefore(race.read(0, 8), [race.hold(race.other)])).toBe(!needsMmapLock);
    });

    test("who has locked the area too: every path waits", () => {
      race.filled(0, 1);
      const exports = race.machine.rawExports;
      const lock: Operation = {
        name: "lock",
        call: () => exports.writeLockVma(race.other.cpu, race.other.handle, BASE, 0),
      };
      expect(endsBefore(race.read(0, 8), [race.hold(race.other), lock])).toBe(false);
    });
  });

  describe("two areas that one call replaces", () => {
    beforeEach(() => {
      race.filled(0, 2);
      race.target.protect(BASE + PAGE, PAGE, "r");
      expect(race.target.vmas()).toHaveLength(2);
    });
    const mixed = isFirst ? ["32: old new"] : [];

    test("are read as they were or as they are, by version 1 also as they never were", () => {
      const changes = [race.replacing(0, 2), race.touching(0), race.touching(1)];
      expect(race.outcomes(race.read(PAGE - 16, 32), changes)).toEqual(
        ["32: new", "32: old", ...mixed].sort(),
      );
    });

    test("with the second one absent, which version 1 reads by the slow path behind the old first", () => {
      const changes = [race.replacing(0, 2)];
      expect(race.outcomes(race.read(PAGE - 16, 32), changes)).toEqual(
        ["32: new", "32: old", ...mixed].sort(),
      );
    });
  });

  test("one area, resident page first: who hands over to the slow path may read both layouts", () => {
    race.filled(0, 1);
    race.target.map({ at: BASE + PAGE, length: PAGE });
    race.target.protect(BASE + PAGE, PAGE, "rw");
    const mixed = path === "fast-v1" || path === "fast-v2" ? ["32: old new"] : [];
    expect(race.outcomes(race.read(PAGE - 16, 32), [race.replacing(0, 2)])).toEqual(
      ["32: new", "32: old zeros", ...mixed].sort(),
    );
  });

  test("a page that is dropped while it is copied: its bytes, or zeros", () => {
    race.filled(0, 1);
    race.target.map({ at: BASE + 4 * PAGE, length: PAGE });
    const changes = [race.dropping(0), race.touching(4, "ACCESS_WRITE")];
    expect(race.outcomes(race.read(8, 16), changes)).toEqual(["16: old", "16: zeros"]);
  });

  test("a page table that goes during the walk, and its frame into use again: never what is stale", () => {
    race.filled(0, 1);
    race.target.map({ at: BASE + 512 * PAGE, length: PAGE });
    const changes = [
      race.dropping(0),
      race.touching(512, "ACCESS_WRITE"),
      race.touching(0, "ACCESS_WRITE"),
    ];
    expect(race.outcomes(race.read(8, 16), changes)).toEqual(["16: old", "16: zeros"]);
  });

  test("a leaf of 2 MiB that is split while it is read over its end", () => {
    const leaf = 512;
    const area = race.target.map({ at: BASE, length: leaf * PAGE, pageSize: "2M" });
    area.write(0, new Uint8Array(leaf * PAGE).fill(OLD));
    race.filled(leaf, 1);
    expect(race.target.entryOf(BASE).level).toBe(2);
    const across = race.read(leaf * PAGE - 16, 32);
    expect(race.outcomes(across, [race.dropping(0)])).toEqual(["32: old"]);
    expect(race.outcomes(across, [race.dropping(leaf - 1)])).toEqual(["32: old", "32: zeros old"]);
  });

  test("an area that is unmapped: all, or nothing", () => {
    race.filled(0, 1);
    const exports = race.machine.rawExports;
    const munmap: Operation = {
      name: "munmap",
      call: () => exports.unmapMemory(race.other.cpu, race.other.handle, BASE, 0, PAGE, 0),
    };
    expect(race.outcomes(race.read(8, 16), [munmap])).toEqual(["0: ", "16: old"]);
  });

  test("an area that loses its right: all, or nothing", () => {
    race.filled(0, 1);
    const exports = race.machine.rawExports;
    const mprotect: Operation = {
      name: "mprotect",
      call: () => exports.protectMemory(race.other.cpu, race.other.handle, BASE, 0, PAGE, 0, 0),
    };
    expect(race.outcomes(race.read(8, 16), [mprotect])).toEqual(["0: ", "16: old"]);
  });

  test("a copy on write during the copy: the reader's reference forces one, and it reads the old page", () => {
    race.filled(0, 1);
    race.target.fork().exit();
    const places = new Set<bigint>();
    const before = frame();
    const start = race.machine.snapshot();
    for (let steps = 0; steps < 12; steps++) {
      const { outcome } = race.schedule(
        start,
        race.read(8, 16),
        [race.touching(0, "ACCESS_WRITE")],
        steps,
        9,
      );
      expect(outcome).toBe("16: old");
      places.add(frame());
    }
    expect(places.has(before)).toBe(true); // alone, its owner takes the page over
    expect(places.size).toBe(path === "fast-v1" || path === "fast-v2" ? 2 : 1);

    function frame(): bigint {
      return race.target.pageState(BASE).entry >> 12n;
    }
  });

  /** Bytes that are had before the path has to wait for the mmap lock. */
  const first: Readonly<Record<RemotePath, number>> = {
    slow: 0,
    "fast-v1": PAGE,
    "fast-v2": PAGE,
    "fast-v3-sketch": 0,
  };

  test.each([
    ["before any byte", 1],
    ["behind a resident page", 0],
  ] as const)("killed while it waits, %s: what it has", (_, page) => {
    race.filled(0, 1);
    race.target.map({ at: BASE + PAGE, length: 2 * PAGE });
    race.clear();
    const exports = race.machine.rawExports;
    const kill: Operation = {
      name: "kill",
      call: () => {
        exports.killTask(race.reader.handle);
        return 0;
      },
    };
    // the sketch would fault within one area without that lock
    if (path === "fast-v3-sketch") race.target.protect(BASE + PAGE, PAGE, "r");
    const programs = [
      { task: race.other, body: program([race.hold(race.other), kill, race.drop(race.other)]) },
      { task: race.reader, body: program([race.read(page * PAGE, 2 * PAGE)]) },
    ];
    const order = [0, 1, 0, 1];
    const traces = runPrograms(race.machine, programs, {
      switchEvery: 0,
      choose: (runnable, step) => {
        const wanted = order[step] ?? 1;
        return runnable.includes(wanted) ? wanted : runnable[0]!;
      },
    });
    expect(traces[1]!.results[0]!.result).toBe(page === 0 ? first[path] : 0);
    expect(race.got(first[path] * (1 - page))).not.toContain("spilled");
  });
});
