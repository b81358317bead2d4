import { describe, expect, test } from "vitest";
import {
  archNames,
  type ArchName,
  type Direction,
  type KernelBuffer,
  type Task,
} from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf, topOf } from "../machine/pool.ts";

const USER = 0x20000;
const BUILDS = ["release", "study", "threads", "profile"] as const;
type Build = (typeof BUILDS)[number];

async function taskOf(arch: ArchName, build: Build = "release", kernel = "7.1"): Promise<Task> {
  const machine = await machineOf({ arch, build, kernel, memory: "1M" });
  const task = machine.createTask();
  task.map({ at: USER, length: 2 * PAGE }).write(0, Uint8Array.of(0x11, 0x22, 0x33, 0x44));
  return task;
}

const states = ["closed", "read", "write", "both"] as const;

function enter(task: Task, state: (typeof states)[number]): void {
  if (state !== "closed") expect(task.uaccess.begin(state, USER, 64)).toBe(true);
}

/** What an access may come to: `.` it is made, F the fixup is taken and a finding recorded, X the same and an oops. */
type Outcome = "." | "F" | "X";

function outcomeOf(task: Task, error: number): Outcome {
  if (error === 0) return ".";
  expect(error).toBe(-EFAULT);
  return task.oopsed ? "X" : "F";
}

function filled(task: Task, bytes: number): KernelBuffer {
  const buffer = task.machine.allocKernel(bytes);
  buffer.bytes.fill(0xdd);
  return buffer;
}

const accesses: Record<string, (task: Task) => number> = {
  "unsafe get": ({ uaccess }) => uaccess.unsafeGetUser(USER, 4).error,
  "unsafe put": ({ uaccess }) => uaccess.unsafePutUser(USER, 4, 0xaabbccdd),
  "unsafe copy": (task) => task.uaccess.unsafeCopyToUser(USER, filled(task, 16), 15),
  "plain load": ({ uaccess }) => uaccess.plainLoad(USER, 4).error,
  "plain store": ({ uaccess }) => uaccess.plainStore(USER, 4, 0xaabbccdd),
};

/** What an access answers with the guard closed, and open to read, to write and to both. */
const table: Record<ArchName, Record<keyof typeof accesses, string>> = {
  "x86-64": all("X..."),
  "powerpc-8xx": all("X..."),
  "powerpc-book3s32": byDirection("....", "XX.."),
  "powerpc-book3s64": byDirection("X.X.", "XX.."),
  "arm64-pan": { ...all("...."), ...plain("XXXX") },
  "arm64-ttbr0": { ...all("F..."), ...plain("X...") },
  riscv64: { ...all("...."), ...plain("XXXX") },
  "riscv64-block-guard": { ...all("F..."), ...plain("X...") },
  none: all("...."),
};

function all(row: string): Record<string, string> {
  return Object.fromEntries(Object.keys(accesses).map((name) => [name, row]));
}

function byDirection(loads: string, stores: string): Record<string, string> {
  const isLoad = (name: string): boolean => /get|load/.test(name);
  return Object.fromEntries(
    Object.keys(accesses).map((name) => [name, isLoad(name) ? loads : stores]),
  );
}

function plain(row: string): Record<string, string> {
  return { "plain load": row, "plain store": row };
}

const cells = archNames.flatMap((arch) =>
  Object.keys(accesses).flatMap((access) =>
    states.map((state, at) => ({ arch, access, state, expected: table[arch][access]![at]! })),
  ),
);

describe.each(BUILDS)(
  "an access with the guard closed, open, or open the other way: %s",
  (build) => {
    test.each(cells)(
      "$arch: $access, $state: $expected",
      async ({ arch, access, state, expected }) => {
        const task = await taskOf(arch, build);
        const before = task.machine.bytes.slice(task.linearOf(USER)!, task.linearOf(USER)! + 16);
        enter(task, state);
        const outcome = outcomeOf(task, accesses[access]!(task));
        expect(outcome).toBe(expected);
        expect(kindsOf(task.machine)).toEqual(expected === "." ? [] : ["guard-closed-access"]);
        const after = task.machine.bytes.slice(task.linearOf(USER)!, task.linearOf(USER)! + 16);
        const stores = expected === "." && /put|copy|store/.test(access);
        expect(after[0]).toBe(stores ? 0xdd : before[0]);
        if (!stores) expect(after).toEqual(before);
      },
    );
  },
);

/** Everything that opens and closes the guard itself. */
const closed: Record<string, (task: Task) => unknown> = {
  getUser: ({ uaccess }) => uaccess.getUser(USER, 4),
  getUserUnchecked: ({ uaccess }) => uaccess.getUserUnchecked(USER, 4),
  putUser: ({ uaccess }) => uaccess.putUser(USER, 4, 1),
  putUserUnchecked: ({ uaccess }) => uaccess.putUserUnchecked(USER, 4, 1),
  copyFromUser: (task) => task.uaccess.copyFromUser(task.machine.allocKernel(8), USER, 8),
  copyFromUserUnchecked: (task) =>
    task.uaccess.copyFromUserUnchecked(task.machine.allocKernel(8), USER, 8),
  copyFromUserInatomic: (task) =>
    task.uaccess.copyFromUserInatomic(task.machine.allocKernel(8), USER, 8),
  copyToUserInatomic: (task) =>
    task.uaccess.copyToUserInatomic(USER, task.machine.allocKernel(8), 8),
  copyFromUserNofault: (task) =>
    task.uaccess.copyFromUserNofault(task.machine.allocKernel(8), USER, 8),
  copyFromUserNmi: (task) => task.uaccess.copyFromUserNmi(task.machine.allocKernel(8), USER, 8),
  copyToUser: (task) => task.uaccess.copyToUser(USER, task.machine.allocKernel(8), 8),
  copyToUserUnchecked: (task) =>
    task.uaccess.copyToUserUnchecked(USER, task.machine.allocKernel(8), 8),
  copyToUserNofault: (task) => task.uaccess.copyToUserNofault(USER, task.machine.allocKernel(8), 8),
  clearUser: ({ uaccess }) => uaccess.clearUser(USER, 8),
  clearUserUnchecked: ({ uaccess }) => uaccess.clearUserUnchecked(USER, 8),
  strncpyFromUser: (task) => task.uaccess.strncpyFromUser(task.machine.allocKernel(8), USER, 8),
  strncpyFromUserNofault: (task) =>
    task.uaccess.strncpyFromUserNofault(task.machine.allocKernel(8), USER, 8),
  strnlenUser: ({ uaccess }) => uaccess.strnlenUser(USER, 8),
  strnlenUserNofault: ({ uaccess }) => uaccess.strnlenUserNofault(USER, 8),
  checkZeroedUser: ({ uaccess }) => uaccess.checkZeroedUser(USER + 4, 8),
  copyStructFromUser: (task) =>
    task.uaccess.copyStructFromUser(task.machine.allocKernel(8), 8, USER, 8),
  copyStructToUser: (task) =>
    task.uaccess.copyStructToUser(USER, 8, task.machine.allocKernel(8), 8),
};

describe.each(archNames)("primitives that open the guard themselves: %s", (arch) => {
  test.each(Object.keys(closed))("%s", async (name) => {
    const alone = await taskOf(arch);
    const expected = closed[name]!(alone);
    expect(alone.uaccess.openDirections).toEqual({ read: false, write: false });
    expect(kindsOf(alone.machine)).toEqual([]);

    // inside a block the call itself is the mistake (R1, R4); what it does to user memory is the same
    for (const direction of ["read", "write", "both"] as const) {
      const nested = await taskOf(arch);
      nested.uaccess.begin(direction, USER, 64);
      expect(closed[name]!(nested)).toEqual(expected);
      expect(new Set(kindsOf(nested.machine))).toEqual(new Set(["guard-nested-open"]));
    }
  });

  test("a nested primitive leaves the guard as its hardware would", async () => {
    const task = await taskOf(arch);
    task.uaccess.begin("write", USER, 64);
    task.uaccess.getUser(USER, 4);
    // book3s/32 does nothing for a read; RISC-V 6.12, arm64 PAN and none have nothing open to close
    const staysUsable = ["powerpc-book3s32", "arm64-pan", "riscv64", "none"].includes(arch);
    expect(task.uaccess.unsafePutUser(USER, 4, 1)).toBe(staysUsable ? 0 : -EFAULT);
  });
});

/** [steps, findings]; steps are names of UserAccess methods, with a direction behind a colon. */
const discipline: [string, string[]][] = [
  ["begin:read end:read", []],
  ["begin:write end:write begin:both end:both", []],
  ["begin:write begin:write", ["guard-nested-open"]],
  ["end:write", ["guard-redundant-close"]],
  ["begin:read end:read end:read", ["guard-redundant-close"]],
  ["begin:write returnToUser", ["guard-open-at-return"]],
  ["begin:read sleep", ["guard-open-at-sleep"]],
  ["begin:write returnToUser returnToUser", ["guard-open-at-return"]],
  ["begin:write end:write returnToUser sleep", []],
];

describe.each(archNames)("discipline at run time: %s", (arch) => {
  test.each(discipline)("%s", async (steps, expected) => {
    const task = await taskOf(arch);
    for (const step of steps.split(" ")) {
      const [verb, direction] = step.split(":") as [string, Direction];
      if (verb === "begin") task.uaccess.begin(direction, USER, 8);
      else if (verb === "end") task.uaccess.end(direction);
      else if (verb === "sleep") task.uaccess.sleep();
      else task.uaccess.returnToUser();
    }
    expect(kindsOf(task.machine)).toEqual(expected);
  });

  test("ending a block in the other direction is an error where the directions are apart", async () => {
    const task = await taskOf(arch);
    task.uaccess.begin("write", USER, 8);
    task.uaccess.end("read");
    const apart = arch === "powerpc-book3s32" || arch === "powerpc-book3s64";
    expect(kindsOf(task.machine)).toEqual(apart ? ["guard-wrong-end"] : []);
    // book3s/32 ends nothing when a read ends, so there the guard is still open
    expect(task.uaccess.openDirections.write).toBe(arch === "powerpc-book3s32");
  });

  test("a refused range leaves the guard closed", async () => {
    const task = await taskOf(arch);
    expect(task.uaccess.begin("write", topOf(task.machine) - 8n, 16)).toBe(false);
    expect(task.uaccess.openDirections).toEqual({ read: false, write: false });
    task.uaccess.returnToUser();
    expect(kindsOf(task.machine)).toEqual([]);
  });

  test("another task gets the CPU with the guard closed, and the switch is a finding", async () => {
    const task = await taskOf(arch);
    task.uaccess.begin("write", USER, 8);
    const other = task.machine.createTask({ sharing: task });
    expect(kindsOf(task.machine)).toEqual(["guard-open-at-sleep"]);
    expect(other.uaccess.openDirections).toEqual({ read: false, write: false });
  });
});

describe("scoped access", () => {
  test.each(archNames)("%s: opens, closes on every way out, and may not nest", async (arch) => {
    const task = await taskOf(arch);
    const { uaccess } = task;
    expect(uaccess.scoped("read", USER, 4, (at) => uaccess.unsafeGetUser(at, 4).error)).toBe(0);
    const leave = (): number => {
      throw new Error("a jump out");
    };
    expect(() => uaccess.scoped("write", USER, 4, leave)).toThrow("a jump out");
    uaccess.returnToUser();
    expect(kindsOf(task.machine)).toEqual([]);

    uaccess.scoped("write", USER, 4, () => uaccess.scoped("read", USER, 4, () => 0));
    expect(kindsOf(task.machine)[0]).toBe("scope-nested");
  });

  test.each(archNames)("%s: a kernel pointer is refused or masked into a fault", async (arch) => {
    const task = await taskOf(arch);
    const pointer = task.machine.allocKernel(8).kernelPointer;
    expect(task.uaccess.getUserInline(pointer, 8).error).toBe(-EFAULT);
    expect(task.uaccess.putUserInline(pointer, 8, 1)).toBe(-EFAULT);
    expect(task.uaccess.putUserInline(USER, 8, 0x1234n)).toBe(0);
    expect(task.uaccess.getUserInline(USER, 8)).toEqual({ error: 0, value: 0x1234n });
    task.uaccess.returnToUser();
    expect(kindsOf(task.machine)).toEqual([]);
  });

  test("scopes nest in a section with page faults disabled", async () => {
    const task = await taskOf("x86-64");
    task.uaccess.pagefaultDisable();
    expect(task.uaccess.getUserInline(USER, 4).value).toBe(0x44332211n);
    task.uaccess.pagefaultEnable();
    expect(kindsOf(task.machine)).toEqual([]);
  });
});
