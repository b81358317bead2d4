import { afterEach, describe, expect, test } from "vitest";
import {
  type FileBacking,
  type Machine,
  type MapOptions,
  type Task,
  type UserFile,
} from "../../src/index.ts";
import { audit } from "./frames.ts";
import { letters } from "./letters.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

/** What an access leaves behind, page by page, on every kind of memory; and that all of it goes away again. */

const BASE = 0x400000;
const HUGE = 2 << 20;
let machine: Machine;
const open: { exit?: () => void; close?: () => void }[] = [];

async function newTask(memory = "16M"): Promise<Task> {
  machine = await machineOf({ memory });
  const task = machine.createTask();
  open.push(task);
  return task;
}

/** A file whose pages are all in the page cache, each filled with its number plus one. */
function cachedFile(pages: number, backing: FileBacking = "memfd", size = pages * PAGE): UserFile {
  const file = machine.createFile(size, "4K", backing);
  for (let page = 0; page < pages; page++) file.page(page).fill(page + 1);
  open.push(file);
  return file;
}

afterEach(() => {
  for (const thing of open.splice(0)) {
    thing.exit?.();
    thing.close?.();
  }
  expect(machine.framesInUse).toBe(1);
  audit(machine);
  expect(kindsOf(machine)).toEqual([]);
});

const at = (page: number): number => BASE + page * PAGE;

interface Row {
  readonly what: string;
  readonly map: (task: Task) => Partial<MapOptions>;
  readonly read: string;
  readonly write: string;
  /** After a read and then a write. */
  readonly both: string;
}

/** Each on three pages, accessed in the middle. */
const rows: Row[] = [
  { what: "private anonymous", map: () => ({}), read: ".Z.", write: ".A.", both: ".A." },
  {
    what: "shared anonymous",
    map: () => ({ shared: true }),
    read: ".F.",
    write: ".F.",
    both: ".F.",
  },
  {
    what: "private file",
    map: () => ({ file: cachedFile(3) }),
    read: "FFF",
    write: ".A.",
    both: "FAF",
  },
  {
    what: "shared file",
    map: () => ({ file: cachedFile(3), shared: true }),
    read: "FFF",
    write: ".F.",
    both: "FFF",
  },
  {
    what: "private disk file",
    map: () => ({ file: cachedFile(3, "disk") }),
    read: "FFF",
    write: ".A.",
    both: "FAF",
  },
  {
    what: "secret file",
    map: () => ({ file: cachedFile(0, "secret", 3 * PAGE), shared: true }),
    read: ".F.",
    write: ".F.",
    both: ".F.",
  },
];

describe("what an access leaves behind", () => {
  test.each(rows)("$what", async ({ map, read, write, both }) => {
    for (const [accesses, expected] of [
      [["read"], read],
      [["write"], write],
      [["read", "write"], both],
      [["write", "read"], write],
    ] as const) {
      const task = await newTask();
      task.map({ at: BASE, length: 3 * PAGE, ...map(task) });
      for (const access of accesses) expect(task.touch(at(1), access)).toBe(true);
      expect([accesses, letters(task, BASE, 3)]).toEqual([accesses, expected]);
      open.splice(0).forEach((thing) => (thing.exit ?? thing.close)!.call(thing));
      expect(machine.framesInUse).toBe(1);
    }
  });

  test("a page of a shared object is seen by everybody, at once", async () => {
    const task = await newTask();
    const file = machine.createFile(2 * PAGE);
    open.push(file);
    task.map({ at: at(0), length: 2 * PAGE, file, shared: true });
    task.map({ at: at(4), length: 2 * PAGE, file, shared: true });
    expect(task.uaccess.putUser(at(1), 4, 0x1234)).toBe(0);
    expect(task.uaccess.getUser(at(5), 4).value).toBe(0x1234n);
    expect(letters(task, at(0), 6)).toBe(".F...F");
  });

  test("a private copy is the file's content, and the file stays as it is", async () => {
    const task = await newTask();
    const file = cachedFile(2);
    task.map({ at: at(0), length: 2 * PAGE, file });
    expect(task.uaccess.putUser(at(1), 1, 0x77)).toBe(0);
    expect(task.uaccess.getUser(at(1), 2).value).toBe(0x0277n);
    expect(file.page(1)[0]).toBe(2);
  });
});

describe("rights of the owner", () => {
  /** Memory that can be written or executed can be read. */
  test.each([
    ["r", true, false],
    ["w", true, true],
    ["x", true, false],
    ["rwx", true, true],
    ["none", false, false],
  ] as const)("%s: read %s, write %s", async (protection, mayRead, mayWrite) => {
    const task = await newTask();
    task.map({ at: at(0), length: 2 * PAGE, protection });
    expect(task.touch(at(0), "read")).toBe(mayRead);
    expect(task.touch(at(1), "write")).toBe(mayWrite);
    expect(letters(task, at(0), 2)).toBe((mayRead ? "Z" : ".") + (mayWrite ? "A" : "."));
    expect(task.uaccess.getUser(at(0), 4).error === 0).toBe(mayRead);
  });
});

describe("the end of a file", () => {
  test("pages past it are SIGBUS; the rest of its last page is zeros; a read has mapped what is around", async () => {
    const task = await newTask();
    const file = cachedFile(0, "memfd", PAGE + 10);
    file.page(0).fill(1);
    file.page(1).fill(2, 0, 10);
    task.map({ at: at(0), length: 4 * PAGE, file, shared: true });
    expect(task.touch(at(2), "write")).toBe(false);
    expect(letters(task, at(0), 4)).toBe("....");
    expect(task.touch(at(2), "read")).toBe(false);
    expect(letters(task, at(0), 4)).toBe("FF..");
    expect(task.uaccess.getUser(at(1) + 8, 4).value).toBe(0x0202n);
  });
});

describe("fault-around", () => {
  const touched = (task: Task, page: number): string => {
    task.touch(at(page), "read");
    return letters(task, at(0), 48);
  };

  test("maps the 16 pages of the aligned window, no more", async () => {
    const task = await newTask();
    task.map({ at: at(0), length: 48 * PAGE, file: cachedFile(48) });
    expect(touched(task, 20)).toBe(".".repeat(16) + "F".repeat(16) + ".".repeat(16));
  });

  test("starts with the area where that starts later", async () => {
    const task = await newTask();
    task.map({ at: at(5), length: 40 * PAGE, file: cachedFile(40) });
    expect(touched(task, 7)).toBe(".".repeat(5) + "F".repeat(16) + ".".repeat(27));
  });

  test("ends with the area", async () => {
    const task = await newTask();
    task.map({ at: at(0), length: 20 * PAGE, file: cachedFile(48) });
    expect(touched(task, 18)).toBe(".".repeat(16) + "FFFF" + ".".repeat(28));
  });

  test("ends with the page table", async () => {
    const task = await newTask();
    const start = BASE + HUGE - 4 * PAGE;
    task.map({ at: start, length: 8 * PAGE, file: cachedFile(8) });
    task.touch(start, "read");
    expect(letters(task, start, 8)).toBe("FFFF....");
  });

  test("takes only what the page cache has, and leaves what is there", async () => {
    const task = await newTask();
    const file = machine.createFile(8 * PAGE);
    open.push(file);
    for (const page of [1, 2, 5]) file.page(page);
    task.map({ at: at(0), length: 8 * PAGE, file });
    task.touch(at(2), "write");
    task.touch(at(0), "read");
    expect(letters(task, at(0), 8)).toBe("FFA..F..");
  });
});

describe("transparent huge pages", () => {
  const huge = async (memory = "32M"): Promise<Task> => {
    const task = await newTask(memory);
    task.map({ at: BASE, length: 2 * HUGE });
    expect(task.advise(BASE, 2 * HUGE, "hugepage")).toBe(0);
    return task;
  };
  const view = (task: Task): string => letters(task, BASE, 3) + " " + letters(task, BASE + HUGE, 2);

  test("a read maps the huge zero page, a write a huge page", async () => {
    const task = await huge();
    task.touch(at(1), "read");
    expect(view(task)).toBe("zzz ..");
    task.touch(BASE + HUGE, "write");
    expect(view(task)).toBe("zzz HH");
  });

  test("a write to the huge zero page gives a whole huge page", async () => {
    const task = await huge();
    task.touch(at(1), "read");
    expect(task.uaccess.putUser(at(2), 4, 7)).toBe(0);
    expect(view(task)).toBe("HHH ..");
    expect(task.entryOf(BASE).level).toBe(2);
    expect(task.uaccess.getUser(at(1), 4).value).toBe(0n);
  });

  test("dropping a part splits: what was huge stays, zero pages are small ones", async () => {
    const task = await huge();
    task.touch(BASE, "read");
    task.touch(BASE + HUGE, "write");
    expect(task.advise(at(1), PAGE, "dontneed")).toBe(0);
    expect(task.advise(BASE + HUGE + PAGE, PAGE, "dontneed")).toBe(0);
    expect(view(task)).toBe("Z.Z H.");
    expect(task.entryOf(BASE).level).toBe(1);
  });

  describe.each(["free", "cold"] as const)("%s", (advice) => {
    test("of a part splits the page itself; what holds only zeros becomes the zero page", async () => {
      const task = await huge();
      expect(task.uaccess.putUser(at(1), 4, 7)).toBe(0);
      expect(task.uaccess.putUser(BASE + HUGE - PAGE, 4, 8)).toBe(0);
      task.touch(BASE + HUGE, "read");
      expect(task.advise(at(2), HUGE, advice)).toBe(0);
      expect(view(task)).toBe("ZAZ zz");
      expect(letters(task, BASE + HUGE - 2 * PAGE, 2)).toBe("ZA");
      expect(task.uaccess.getUser(at(1), 4).value).toBe(7n);
      expect(task.uaccess.putUser(at(0), 4, 9)).toBe(0);
      expect(task.uaccess.getUser(BASE + HUGE - PAGE, 4).value).toBe(8n);
    });

    test("of the whole, or of what others map too, leaves it huge", async () => {
      const task = await huge();
      task.touch(BASE, "write");
      expect(task.advise(BASE, HUGE, advice)).toBe(0);
      expect(view(task)).toBe("HHH ..");
      const child = task.fork();
      open.push(child);
      expect(task.advise(BASE, PAGE, advice)).toBe(0);
      expect(letters(child, BASE, 3)).toBe("HHH");
      expect(view(task)).toBe("HHH ..");
    });

    test("of what is left of a split one frees the rest; locked parts keep their zeros", async () => {
      const task = await huge();
      task.touch(BASE, "write");
      const before = machine.framesInUse;
      expect(task.advise(at(2), PAGE, "dontneed")).toBe(0);
      expect(task.lockOnFault(at(1), PAGE)).toBe(0);
      expect(task.advise(at(4), PAGE, advice)).toBe(0);
      expect(letters(task, at(0), 5)).toBe("ZA.ZZ");
      expect(before - machine.framesInUse).toBe(510); // all but the locked page, and a table more
    });
  });

  test("with an entry of the range in use, or RAM short of one, pages are small", async () => {
    const task = await newTask("1M");
    task.map({ at: BASE, length: HUGE });
    task.touch(at(0), "write");
    task.advise(BASE, HUGE, "hugepage");
    task.touch(at(1), "write");
    expect(letters(task, at(0), 3)).toBe("AA.");
    task.map({ at: BASE + 2 * HUGE, length: HUGE });
    task.advise(BASE + 2 * HUGE, HUGE, "hugepage");
    expect(task.touch(BASE + 2 * HUGE, "write")).toBe(true);
    expect(task.touch(BASE + 2 * HUGE + PAGE, "read")).toBe(true);
    expect(letters(task, BASE + 2 * HUGE, 3)).toBe("AZ.");
  });
});

describe("guard markers and missing pages", () => {
  test("a guard refuses every access and stays", async () => {
    const task = await newTask();
    task.map({ at: at(0), length: 3 * PAGE });
    task.touch(at(1), "write");
    expect(task.advise(at(1), PAGE, "guard_install")).toBe(0);
    for (const access of ["read", "write"] as const) expect(task.touch(at(1), access)).toBe(false);
    expect(task.linearOf(at(1))).toBeNull();
    expect(letters(task, at(0), 3)).toBe(".G.");
  });

  test("a watched range keeps what is there, and gets nothing new", async () => {
    const task = await newTask();
    task.map({ at: at(0), length: 3 * PAGE });
    task.touch(at(0), "write");
    expect(task.registerMissing(at(0), 2 * PAGE)).toBe(0);
    expect(task.touch(at(0), "write")).toBe(true);
    expect(task.touch(at(1), "read")).toBe(false);
    expect(task.touch(at(1), "write")).toBe(false);
    expect(task.touch(at(2), "read")).toBe(true);
    expect(letters(task, at(0), 3)).toBe("A.Z");
  });

  test("watched shared memory gives what the object has", async () => {
    const task = await newTask();
    const file = machine.createFile(2 * PAGE);
    open.push(file);
    file.page(0);
    task.map({ at: at(0), length: 2 * PAGE, file, shared: true });
    expect(task.registerMissing(at(0), 2 * PAGE)).toBe(0);
    expect(task.touch(at(0), "write")).toBe(true);
    expect(task.touch(at(1), "write")).toBe(false);
    expect(letters(task, at(0), 2)).toBe("F.");
  });
});

describe("a debugger's write", () => {
  test("gives a page of its own in private memory, whatever the rights, and none in shared", async () => {
    const task = await newTask();
    const file = cachedFile(2);
    const readOnly = cachedFile(2, "read-only disk");
    const own = task.map({ at: at(0), length: PAGE, protection: "none" });
    const copy = task.map({ at: at(1), length: PAGE, protection: "r", file });
    const shared = task.map({
      at: at(2),
      length: PAGE,
      protection: "r",
      file: readOnly,
      shared: true,
    });
    for (const mapping of [own, copy, shared]) mapping.write(0, Uint8Array.of(9));
    expect(letters(task, at(0), 3)).toBe("AAF");
    expect(task.pageState(at(1)).exclusive).toBe(true);
    expect(task.uaccess.putUser(at(1), 1, 1)).not.toBe(0);
    expect(file.page(0)[0]).toBe(1);
  });
});
