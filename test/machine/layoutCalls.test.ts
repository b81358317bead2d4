import { afterEach, describe, expect, test } from "vitest";
import type { Advice, Machine, MapOptions, Task, UserFile } from "../../src/index.ts";
import { audit } from "./frames.ts";
import { letters } from "./letters.ts";
import { PAGE, kindsOf, machineOf } from "./pool.ts";

/** The calls that change an address space: order of their errors, what they leave, how areas are cut and joined. */

const EPERM = -1;
const ENOMEM = -12;
const EACCES = -13;
const EFAULT = -14;
const EBUSY = -16;
const EINVAL = -22;

const BASE = 0x400000;
const at = (page: number): number => BASE + page * PAGE;

let machine: Machine;
let files: UserFile[] = [];
let tasks: Task[] = [];

async function newTask(memory = "16M"): Promise<Task> {
  machine = await machineOf({ memory });
  const task = machine.createTask();
  tasks.push(task);
  return task;
}

function newFile(pages: number, backing: "memfd" | "disk" | "secret" | "read-only disk"): UserFile {
  const file = machine.createFile(pages * PAGE, "4K", backing);
  files.push(file);
  return file;
}

afterEach(() => {
  for (const task of tasks) task.exit();
  for (const file of files) file.close();
  tasks = [];
  files = [];
  expect(machine.framesInUse).toBe(1);
  audit(machine);
  expect(kindsOf(machine)).toEqual([]);
});

/** "first page+pages permissions" of each mapping; * has private pages, ! is sealed. */
function layout(task: Task): string[] {
  return task.vmas().map(({ start, end, permissions, hasPrivatePages, sealed }) => {
    const first = (Number(start) - BASE) / PAGE;
    const marks = (hasPrivatePages ? "*" : "") + (sealed ? "!" : "");
    return `${first}+${Number(end - start) / PAGE} ${permissions}${marks}`;
  });
}

function map(task: Task, page: number, pages: number, options: Partial<MapOptions> = {}): void {
  task.map({ at: at(page), length: pages * PAGE, ...options });
}

const protect = (task: Task, page: number, pages: number, protection: string): number =>
  task.protect(at(page), pages * PAGE, protection);

const advise = (task: Task, page: number, pages: number, advice: Advice): number =>
  task.advise(at(page), pages * PAGE, advice);

describe("joining of neighbours", () => {
  test("equal anonymous areas become one; others stay apart", async () => {
    const task = await newTask();
    map(task, 0, 2);
    map(task, 2, 2);
    map(task, 4, 1, { protection: "r" });
    map(task, 5, 1, { protection: "r" });
    map(task, 7, 1, { protection: "r" });
    expect(layout(task)).toEqual(["0+4 rw-p", "4+2 r--p", "7+1 r--p"]);
  });

  test("a hole that is filled joins three", async () => {
    const task = await newTask();
    map(task, 0, 1);
    map(task, 2, 1);
    map(task, 1, 1);
    expect(layout(task)).toEqual(["0+3 rw-p"]);
  });

  test("files join where the offset goes on", async () => {
    const task = await newTask();
    const file = newFile(8, "memfd");
    map(task, 0, 2, { file, filePage: 0 });
    map(task, 2, 2, { file, filePage: 2 });
    map(task, 4, 2, { file, filePage: 5 });
    map(task, 6, 1, { file: newFile(9, "memfd"), filePage: 7 });
    expect(layout(task)).toEqual(["0+4 rw-p", "4+2 rw-p", "6+1 rw-p"]);
    expect(task.vmas().map(({ filePage }) => filePage)).toEqual([0n, 5n, 7n]);
  });

  test("one with private pages takes in one without; two with their own stay apart", async () => {
    const task = await newTask();
    map(task, 0, 1);
    task.touch(at(0), "write");
    map(task, 1, 1);
    expect(layout(task)).toEqual(["0+2 rw-p*"]);
    map(task, 3, 1);
    task.touch(at(3), "write");
    map(task, 2, 1);
    expect(layout(task)).toEqual(["0+3 rw-p*", "3+1 rw-p*"]);
  });

  test("the first private page takes the family of a neighbour that differs in rights alone", async () => {
    const task = await newTask();
    map(task, 0, 2);
    task.touch(at(0), "write");
    expect(protect(task, 0, 1, "r")).toBe(0);
    map(task, 2, 2);
    expect(protect(task, 2, 2, "rwx")).toBe(0);
    task.touch(at(2), "write");
    expect(layout(task)).toEqual(["0+1 r--p*", "1+1 rw-p*", "2+2 rwxp*"]);
    expect(protect(task, 0, 4, "rw")).toBe(0);
    expect(layout(task)).toEqual(["0+4 rw-p*"]);
  });

  test("memory that was never writable differs from such that was written", async () => {
    const task = await newTask();
    map(task, 0, 1);
    task.touch(at(0), "write");
    map(task, 1, 1, { protection: "r" });
    expect(protect(task, 0, 1, "r")).toBe(0);
    expect(layout(task)).toEqual(["0+1 r--p*", "1+1 r--p"]);
    map(task, 4, 2);
    expect(protect(task, 4, 1, "r")).toBe(0);
    map(task, 3, 1, { protection: "r" });
    expect(layout(task).slice(2)).toEqual(["3+2 r--p", "5+1 rw-p"]);
  });

  test("watched ranges never join", async () => {
    const task = await newTask();
    map(task, 0, 4);
    expect(task.registerMissing(at(1), PAGE)).toBe(0);
    expect(task.registerMissing(at(2), PAGE)).toBe(0);
    expect(layout(task)).toHaveLength(4);
  });
});

describe("mmap", () => {
  test("asks the file", async () => {
    const task = await newTask();
    const readOnly = newFile(2, "read-only disk");
    const secret = newFile(2, "secret");
    expect(() => {
      map(task, 0, 2, { file: readOnly, shared: true });
    }).toThrow("gave -EACCES");
    expect(() => {
      map(task, 0, 2, { file: secret });
    }).toThrow("gave -EINVAL");
    for (const shared of [true, false]) {
      expect(() => {
        map(task, 0, 2, { file: secret, shared, protection: "rx" });
      }).toThrow("gave -EPERM");
    }
    map(task, 0, 2, { file: readOnly, shared: true, protection: "r" });
    map(task, 2, 2, { file: secret, shared: true });
    expect(layout(task)).toEqual(["0+2 r--s", "2+2 rw-s"]);
    expect(protect(task, 0, 1, "rw")).toBe(EACCES);
    expect(protect(task, 2, 1, "rx")).toBe(EACCES);
    expect(advise(task, 2, 1, "dontneed")).toBe(EINVAL); // secret memory is locked
  });

  test("over something sealed does nothing", async () => {
    const task = await newTask();
    map(task, 0, 3);
    task.touch(at(1), "write");
    expect(task.seal(at(1), PAGE)).toBe(0);
    expect(() => {
      map(task, 0, 3, { protection: "r" });
    }).toThrow("gave -EPERM");
    expect(letters(task, at(0), 3)).toBe(".A.");
  });
});

describe("mprotect", () => {
  test("stops at a hole, and a start that is not mapped is one", async () => {
    const task = await newTask();
    map(task, 0, 1);
    map(task, 2, 1);
    expect(protect(task, 0, 3, "r")).toBe(ENOMEM);
    expect(layout(task)).toEqual(["0+1 r--p", "2+1 rw-p"]);
    expect(protect(task, 1, 2, "r")).toBe(ENOMEM);
    expect(layout(task)).toEqual(["0+1 r--p", "2+1 rw-p"]);
  });

  test("the right before the seal, areas below stay changed", async () => {
    const task = await newTask();
    map(task, 0, 1);
    map(task, 1, 1, { file: newFile(1, "read-only disk"), shared: true, protection: "r" });
    map(task, 2, 2);
    task.seal(at(1), 2 * PAGE);
    expect(protect(task, 0, 3, "rw")).toBe(EACCES);
    expect(protect(task, 0, 3, "none")).toBe(EPERM);
    expect(protect(task, 2, 1, "rw")).toBe(EPERM); // even where nothing would change
    expect(layout(task)).toEqual(["0+1 ---p", "1+1 r--s!", "2+1 rw-p!", "3+1 rw-p"]);
  });

  test("what is mapped stays, and can be used by the new rights", async () => {
    const task = await newTask();
    map(task, 0, 3);
    task.touch(at(0), "write");
    task.touch(at(1), "read");
    expect(protect(task, 0, 3, "none")).toBe(0);
    expect(letters(task, at(0), 3)).toBe("AZ.");
    expect(task.touch(at(0), "read")).toBe(false);
    expect(protect(task, 0, 3, "w")).toBe(0);
    expect(task.uaccess.getUser(at(0), 4).error).toBe(0);
    expect(letters(task, at(0), 3)).toBe("AZ.");
  });
});

describe("munmap", () => {
  test("all or nothing where a part is sealed; holes are fine; guards go", async () => {
    const task = await newTask();
    map(task, 0, 4);
    expect(advise(task, 0, 1, "guard_install")).toBe(0);
    task.seal(at(3), PAGE);
    expect(task.unmap(at(0), 4 * PAGE)).toBe(EPERM);
    expect(letters(task, at(0), 1)).toBe("G");
    expect(task.unmap(at(0), 2 * PAGE)).toBe(0);
    expect(task.unmap(at(0), 3 * PAGE)).toBe(0);
    expect(layout(task)).toEqual(["3+1 rw-p*!"]);
    map(task, 0, 1);
    expect(task.touch(at(0), "read")).toBe(true);
  });
});

describe("mseal", () => {
  test("needs a range that is mapped, and does all of it or nothing", async () => {
    const task = await newTask();
    map(task, 0, 2);
    map(task, 3, 1);
    expect(task.seal(at(0) + 1, PAGE)).toBe(EINVAL);
    expect(task.seal(at(0), 0)).toBe(0);
    expect(task.seal(at(0), 4 * PAGE)).toBe(ENOMEM);
    expect(layout(task)).toEqual(["0+2 rw-p", "3+1 rw-p"]);
    expect(task.seal(at(1), 1)).toBe(0);
    expect(layout(task)).toEqual(["0+1 rw-p", "1+1 rw-p!", "3+1 rw-p"]);
    expect(task.touch(at(1), "write")).toBe(true);
  });
});

describe("madvise", () => {
  /** What a call gives on one page of each kind of memory; vvar is longer, and refuses to be cut. */
  const errors: [
    Advice,
    Partial<Record<"private" | "file" | "shared" | "sealed" | "vvar", number>>,
  ][] = [
    ["dontneed", { sealed: EPERM, vvar: EINVAL }],
    ["free", { file: EINVAL, shared: EINVAL, sealed: EPERM, vvar: EINVAL }],
    ["cold", { vvar: EINVAL }],
    ["remove", { private: EINVAL, file: EACCES, sealed: EPERM, vvar: EACCES }],
    ["guard_install", { sealed: EPERM, vvar: EINVAL }],
    ["guard_remove", { vvar: EINVAL }],
    ["populate_read", { vvar: EINVAL }],
    ["populate_write", { sealed: EINVAL, vvar: EINVAL }],
    ["dontfork", { sealed: EPERM, vvar: EINVAL }],
    ["dofork", { vvar: EINVAL }],
    ["wipeonfork", { file: EINVAL, shared: EINVAL, sealed: EPERM, vvar: EINVAL }],
    ["hugepage", { vvar: EINVAL }],
    ["sequential", { vvar: EINVAL }],
  ];

  test.each(errors)("%s", async (advice, expected) => {
    const task = await newTask();
    const file = newFile(4, "memfd");
    map(task, 0, 1);
    map(task, 2, 1, { file });
    map(task, 4, 1, { file, shared: true });
    map(task, 6, 1, { protection: "r" });
    task.seal(at(6), PAGE);
    expect(task.moveSpecial("vvar", at(8))).toBe(0);
    const kinds = ["private", "file", "shared", "sealed", "vvar"] as const;
    const got = kinds.map((kind, index) => [kind, advise(task, 2 * index, 1, advice)]);
    expect(got).toEqual(kinds.map((kind) => [kind, expected[kind] ?? 0]));
  });

  test("bad arguments", async () => {
    const task = await newTask();
    map(task, 0, 1);
    expect(task.advise(at(0) + 1, PAGE, "dontneed")).toBe(EINVAL);
    expect(task.advise(at(0), 2n ** 64n - 1n, "dontneed")).toBe(EINVAL);
    expect(task.advise(at(0), 0, "dontneed")).toBe(0);
    expect(machine.exports.adviseMemory(0, task.handle, BASE, 0, PAGE, 0, 5)).toBe(EINVAL);
    expect(machine.exports.adviseMemory(0, task.handle, BASE, 0, PAGE, 0, 99)).toBe(EINVAL);
    expect(machine.exports.adviseMemory(0, task.handle, BASE, 0, PAGE, 0, 104)).toBe(EINVAL);
  });

  test("a hole is skipped and is the answer; a real error stops", async () => {
    const task = await newTask();
    map(task, 0, 1);
    map(task, 2, 1);
    map(task, 4, 1);
    for (const page of [0, 2, 4]) task.touch(at(page), "write");
    expect(advise(task, 0, 3, "dontneed")).toBe(ENOMEM);
    expect(letters(task, at(0), 5)).toBe("....A");
    for (const page of [0, 2]) task.touch(at(page), "write");
    task.lockOnFault(at(2), PAGE);
    expect(advise(task, 0, 5, "dontneed")).toBe(EINVAL);
    expect(letters(task, at(0), 5)).toBe("..A.A");
  });

  test("dontneed loses private data, keeps guards, and shows the file again", async () => {
    const task = await newTask();
    const file = newFile(1, "memfd");
    file.page(0).fill(3);
    map(task, 0, 2);
    map(task, 2, 1, { file });
    advise(task, 1, 1, "guard_install");
    for (const page of [0, 2]) task.uaccess.putUser(at(page), 1, 9);
    expect(advise(task, 0, 3, "dontneed")).toBe(0);
    expect(letters(task, at(0), 3)).toBe(".G.");
    expect(task.uaccess.getUser(at(0), 1).value).toBe(0n);
    expect(task.uaccess.getUser(at(2), 1).value).toBe(3n);
  });

  test("remove: zeros for everybody, private copies stay with their owners", async () => {
    const task = await newTask();
    const other = machine.createTask({ cpu: null });
    tasks.push(other);
    const file = newFile(3, "memfd");
    for (const page of [0, 1, 2]) file.page(page).fill(page + 1);
    map(task, 0, 3, { file, shared: true });
    map(other, 0, 3, { file });
    for (const page of [0, 1, 2]) task.touch(at(page), "write");
    other.touch(at(1), "write");
    other.touch(at(2), "read");
    expect(advise(task, 1, 2, "remove")).toBe(0);
    expect(letters(task, at(0), 3)).toBe("F..");
    expect(letters(other, at(0), 3)).toBe("FA.");
    expect(task.uaccess.getUser(at(1), 1).value).toBe(0n);
    expect(task.uaccess.getUser(at(0), 1).value).toBe(1n);
    other.runOn(0);
    expect(other.uaccess.getUser(at(1), 1).value).toBe(2n);
    expect(other.uaccess.getUser(at(2), 1).value).toBe(0n);
  });

  test("populate stops at the first page that cannot be had; what was done stays", async () => {
    const task = await newTask();
    map(task, 0, 4);
    advise(task, 2, 1, "guard_install");
    expect(advise(task, 0, 4, "populate_write")).toBe(EFAULT);
    expect(letters(task, at(0), 4)).toBe("AAG.");
    expect(advise(task, 3, 2, "populate_read")).toBe(ENOMEM);
    expect(letters(task, at(0), 4)).toBe("AAGZ");
    map(task, 5, 1, { protection: "w" });
    expect(advise(task, 5, 1, "populate_read")).toBe(EINVAL);
    expect(advise(task, 5, 1, "populate_write")).toBe(0);
  });

  test("guards replace pages, also of files, and only they are removed", async () => {
    const task = await newTask();
    map(task, 0, 2, { file: newFile(4, "memfd") });
    task.touch(at(0), "write");
    expect(advise(task, 0, 1, "guard_install")).toBe(0);
    expect(layout(task)).toEqual(["0+2 rw-p*"]);
    task.touch(at(1), "write");
    expect(advise(task, 0, 2, "guard_remove")).toBe(0);
    expect(letters(task, at(0), 2)).toBe(".A");
  });
});

describe("userfaultfd", () => {
  test("what cannot be watched", async () => {
    const task = await newTask();
    map(task, 0, 2);
    map(task, 2, 1, { file: newFile(1, "disk") });
    expect(task.registerMissing(at(0), PAGE + 1)).toBe(EINVAL);
    expect(task.registerMissing(at(0), 0)).toBe(EINVAL);
    expect(task.registerMissing(at(2), PAGE)).toBe(EINVAL);
    expect(task.registerMissing(at(5), PAGE)).toBe(ENOMEM);
    expect(task.registerMissing(at(-1), PAGE)).toBe(EINVAL);
    expect(task.registerMissing(at(1), PAGE)).toBe(0);
    expect(task.registerMissing(at(0), 2 * PAGE)).toBe(EBUSY);
    expect(layout(task)).toEqual(["0+1 rw-p", "1+1 rw-p", "2+1 rw-p"]);
  });
});

describe("the kernel's own mappings", () => {
  test("stand where they were moved to, once", async () => {
    const task = await newTask();
    expect(task.moveSpecial("vdso", at(0))).toBe(0);
    expect(task.moveSpecial("vvar", at(8))).toBe(0);
    expect(task.moveSpecial("vvar_vclock", at(12))).toBe(0);
    expect(task.moveSpecial("vdso", at(4))).toBe(0);
    expect(task.moveSpecial("vdso", at(4) + 1)).toBe(EINVAL);
    expect(task.vmas().map(({ backing }) => backing)).toEqual(["vdso", "vvar", "vvar_vclock"]);
    expect(layout(task)).toEqual(["4+2 r-xp", "8+4 r--p", "12+2 r--p"]);
    expect(task.uaccess.getUser(at(4), 8).value).toBe(0x10102464c457fn);
    expect(task.touch(at(8), "read")).toBe(true);
    expect(letters(task, at(4), 6)).toBe("F...P.");
  });

  test("the vdso can be written by a debugger, for one process, and moves with its pages", async () => {
    const task = await newTask();
    task.moveSpecial("vdso", at(0));
    task.touch(at(0), "read");
    expect(task.force(at(0))).toBe(true);
    expect(letters(task, at(0), 2)).toBe("A.");
    expect(task.moveSpecial("vdso", at(4))).toBe(0);
    expect([letters(task, at(0), 2), letters(task, at(4), 2)]).toEqual(["..", "A."]);
  });

  test("stay where they are, with their pages, when the new place is refused", async () => {
    const task = await newTask();
    task.moveSpecial("vdso", at(0));
    task.touch(at(0), "read");
    map(task, 4, 2, { protection: "r" });
    task.seal(at(4), PAGE);
    expect(task.moveSpecial("vdso", at(4))).toBe(EPERM); // something sealed
    expect(task.moveSpecial("vdso", at(1))).toBe(EINVAL); // its own place
    expect(layout(task)).toEqual(["0+2 r-xp", "4+1 r--p!", "5+1 r--p"]);
    expect(letters(task, at(0), 2)).toBe("F.");
  });
});
