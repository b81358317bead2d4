import { describe, expect, test } from "vitest";
import { archNames, type ArchName, type Task, UsageError } from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "../machine/pool.ts";

/** Address limits, access_ok and masking. */
const X86_LIMIT = 2n ** 47n - 4096n;

const limits: Record<ArchName, bigint> = {
  "x86-64": X86_LIMIT,
  none: X86_LIMIT,
  "powerpc-8xx": 0x8000_0000n,
  "powerpc-book3s32": 0xc000_0000n,
  "powerpc-book3s64": 2n ** 52n,
  "arm64-pan": 2n ** 48n,
  "arm64-ttbr0": 2n ** 48n,
  riscv64: 2n ** 38n,
  "riscv64-block-guard": 2n ** 38n,
};

async function taskOf(arch: ArchName, kernel = "7.1"): Promise<Task> {
  return (await machineOf({ arch, kernel, memory: "1M" })).createTask();
}

type Row = [address: (limit: bigint) => bigint, size: bigint, answer: boolean];

/** size ≤ limit and address ≤ limit − size. */
const generic: Row[] = [
  [() => 0n, 0n, true],
  [() => 0n, 1n, true],
  [(limit) => limit, 0n, true],
  [(limit) => limit, 1n, false],
  [(limit) => limit - 1n, 1n, true],
  [(limit) => limit - 1n, 2n, false],
  [(limit) => limit - 4096n, 4096n, true],
  [(limit) => limit - 4096n, 4097n, false],
  [(limit) => limit + 1n, 0n, false],
  [() => 2n ** 64n - 1n, 0n, false],
  [() => 2n ** 64n - 1n, 2n, false],
  [() => 2n ** 64n - 4096n, 8192n, false],
  [() => 0n, 2n ** 63n, false],
  [() => 1n, 2n ** 64n - 1n, false],
];

describe.each(archNames)("a variable size: %s", (arch) => {
  test.each(
    generic.map(([address, size, answer]) => [address(limits[arch]), size, answer] as const),
  )("access_ok(0x%s, %s) is %s", async (address, size, answer) => {
    expect((await taskOf(arch)).uaccess.accessOk(address, size)).toBe(answer);
  });

  test("the whole of user space is one range", async () => {
    const { uaccess } = await taskOf(arch);
    expect(uaccess.accessOk(0, limits[arch])).toBe(true);
    expect(uaccess.accessOk(0, limits[arch] + 1n)).toBe(false);
  });
});

describe("a size known when the kernel is built", () => {
  test.each(archNames.filter((arch) => limits[arch] !== X86_LIMIT))(
    "%s: the same rule",
    async (arch) => {
      const { uaccess } = await taskOf(arch);
      for (const [address, size, answer] of generic) {
        expect(uaccess.accessOkConstant(address(limits[arch]), size)).toBe(answer);
      }
    },
  );

  const startOnly: Row[] = [
    [(limit) => limit, 0n, true],
    [(limit) => limit, 1n, true],
    [(limit) => limit, 4096n, true],
    [(limit) => limit, 4097n, false],
    [(limit) => limit - 4097n, 4097n, true],
    [(limit) => limit - 8191n, 8192n, false],
    [(limit) => limit - 12287n, 12288n, false],
    [(limit) => limit + 1n, 0n, false],
    [() => 0n, 2n ** 63n, false],
  ];

  test.each(["x86-64", "none"] as const)("%s: up to a page only the start counts", async (arch) => {
    const { uaccess } = await taskOf(arch);
    for (const [address, size, answer] of startOnly) {
      expect([size, uaccess.accessOkConstant(address(X86_LIMIT), size)]).toEqual([size, answer]);
    }
  });
});

describe("x86-64 in other kernels", () => {
  const SIGN = 2n ** 63n;

  test.each(["6.4", "6.9", "6.11"])("%s tests only that bit 63 is clear", async (kernel) => {
    const { uaccess } = await taskOf("x86-64", kernel);
    expect(uaccess.accessOk(SIGN - 2n, 1)).toBe(true);
    expect(uaccess.accessOk(SIGN - 1n, 1)).toBe(false);
    expect(uaccess.accessOkConstant(SIGN - 1n, 8)).toBe(true);
    expect(uaccess.accessOkConstant(SIGN, 8)).toBe(false);
    expect(uaccess.accessOk(2n ** 64n - 1n, 2)).toBe(false);
  });

  test("6.4: what passes the sign test and is not user space faults all the same", async () => {
    const { uaccess, machine } = await taskOf("x86-64", "6.4");
    const buffer = machine.allocKernel(8);
    for (const address of [X86_LIMIT, 2n ** 47n, 0x1234_5678_9abc_def0n, SIGN - 8n]) {
      expect(uaccess.getUser(address, 8)).toEqual({ error: -EFAULT, value: 0n });
      expect(uaccess.copyToUser(address, buffer, 8)).toBe(8);
    }
    expect(kindsOf(machine)).toEqual([]);
  });

  test("6.1 looks at the size of a constant access too", async () => {
    const { uaccess } = await taskOf("x86-64", "6.1");
    expect(uaccess.accessOkConstant(X86_LIMIT, 1)).toBe(false);
    expect(uaccess.accessOkConstant(X86_LIMIT - 1n, 1)).toBe(true);
  });
});

describe("what a program can map", () => {
  test.each(archNames)("%s: up to the limit and not beyond", async (arch) => {
    const task = await taskOf(arch);
    const last = limits[arch] - BigInt(PAGE);
    task.map({ at: last, length: PAGE });
    expect(task.uaccess.putUser(last + 4092n, 4, 7)).toBe(0);
    expect(task.uaccess.putUser(last + 4093n, 4, 7)).toBe(-EFAULT);
    for (const at of [limits[arch], 2n ** 64n - BigInt(PAGE)]) {
      expect(() => task.map({ at, length: PAGE })).toThrow("gave -12");
    }
    expect(() => task.map({ at: last, length: 2 * PAGE })).toThrow("gave -12");
  });

  test("x86-64: the page at the limit is a hole, which the shortened check relies on", async () => {
    const { uaccess } = await taskOf("x86-64");
    expect(uaccess.accessOkConstant(X86_LIMIT, 8)).toBe(true);
    expect(uaccess.getUser(X86_LIMIT, 8).error).toBe(-EFAULT);
  });
});

describe("masked access", () => {
  test.each(archNames)("%s: only where the kernel's build can", async (arch) => {
    const { uaccess } = await taskOf(arch);
    const masked = uaccess.beginMasked("read", 0x1000);
    expect(masked).toBe(arch === "x86-64" ? 0x1000n : null);
    expect(uaccess.openDirections.read).toBe(arch === "x86-64");
  });

  test.each([
    ["6.11", null],
    ["6.12", 2n ** 64n - 1n],
    ["6.13", 2n ** 64n - 1n],
    ["6.14", X86_LIMIT],
    ["7.1", X86_LIMIT],
  ] as const)("x86-64 %s: a kernel pointer becomes %s", async (kernel, expected) => {
    const { uaccess, machine } = await taskOf("x86-64", kernel);
    for (const pointer of [X86_LIMIT + 1n, machine.allocKernel(8).kernelPointer, 2n ** 64n - 1n]) {
      expect(uaccess.beginMasked("write", pointer)).toBe(expected);
      uaccess.save();
    }
  });

  test("the limit itself and all below stay; what comes out for the rest faults", async () => {
    const { uaccess } = await taskOf("x86-64");
    for (const pointer of [0n, 1n, X86_LIMIT - 1n, X86_LIMIT]) {
      expect(uaccess.beginMasked("write", pointer)).toBe(pointer);
      uaccess.end("write");
    }
    const masked = uaccess.beginMasked("write", 2n ** 63n)!;
    expect(uaccess.unsafePutUser(masked, 8, 1)).toBe(-EFAULT);
    uaccess.end("write");
  });
});

describe("tagged pointers", () => {
  const tags: [ArchName, bigint][] = [
    ["arm64-pan", 0xa5n << 56n],
    ["arm64-ttbr0", 0xa5n << 56n],
    ["riscv64", 0x55n << 57n],
    ["riscv64-block-guard", 0x55n << 57n],
  ];
  const USER = 0x20000n;

  test.each(tags)("%s: a tagged task's pointers work everywhere", async (arch, tag) => {
    const machine = await machineOf({ arch, memory: "1M" });
    const task = machine.createTask({ tagged: true });
    task.map({ at: USER, length: PAGE });
    const { uaccess } = task;
    const buffer = machine.allocKernel(16);
    buffer.bytes.set([0x61, 0x62, 0]);
    expect(uaccess.accessOk(tag | USER, 16)).toBe(true);
    expect(uaccess.copyToUser(tag | USER, buffer, 16)).toBe(0);
    expect(uaccess.getUser(tag | USER, 2)).toEqual({ error: 0, value: 0x6261n });
    expect(uaccess.strnlenUser(tag | USER, 16)).toBe(3);
    expect(uaccess.checkZeroedUser(tag | (USER + 3n), 13)).toBe(1);
    expect(uaccess.clearUser(tag | USER, 16)).toBe(0);
    expect(uaccess.getUser(USER, 2)).toEqual({ error: 0, value: 0n });
    expect(uaccess.getUser(buffer.kernelPointer, 8).error).toBe(-EFAULT);
  });

  test.each(tags)("%s: another task's are refused", async (arch, tag) => {
    const task = await taskOf(arch);
    task.map({ at: USER, length: PAGE });
    expect(task.uaccess.accessOk(tag | USER, 16)).toBe(false);
    expect(task.uaccess.putUser(tag | USER, 4, 1)).toBe(-EFAULT);
  });

  test("arm64 clears bit 55 even where no check is made", async () => {
    const task = await taskOf("arm64-pan");
    task.map({ at: USER, length: PAGE }).write(0, Uint8Array.of(1, 2, 3, 4));
    task.uaccess.begin("read", USER, 4);
    expect(task.uaccess.unsafeGetUser(USER | (1n << 55n), 4).value).toBe(0x04030201n);
    task.uaccess.end("read");
  });

  test.each(archNames.filter((arch) => !/arm|riscv/.test(arch)))("%s has none", async (arch) => {
    const machine = await machineOf({ arch, memory: "1M" });
    expect(() => machine.createTask({ tagged: true })).toThrow(UsageError);
  });
});

describe("kernel pointers", () => {
  test.each(archNames)("%s: the nofault forms tell them from user ones", async (arch) => {
    const { uaccess, machine } = await taskOf(arch);
    const source = machine.allocKernel(16);
    source.bytes.set([0x68, 0x69, 0, 0x7a]);
    const target = machine.allocKernel(16);
    const inside = source.kernelPointer;
    expect(uaccess.copyFromKernelNofault(target, inside, 4)).toBe(0);
    expect([...target.bytes.subarray(0, 4)]).toEqual([0x68, 0x69, 0, 0x7a]);
    expect(uaccess.copyFromKernelNofault(target, inside + 8n, 9)).toBe(-EFAULT);
    expect(uaccess.copyFromKernelNofault(target, 0x20000, 4)).toBe(-34);
    expect(uaccess.strncpyFromKernelNofault(target, inside, 16)).toBe(3);
    expect(uaccess.strncpyFromKernelNofault(target, inside, 2)).toBe(2);
    expect(target.bytes[1]).toBe(0);
    expect(uaccess.strncpyFromKernelNofault(target, 0x20000, 4)).toBe(-34);
    source.bytes.fill(0x41);
    expect(uaccess.strncpyFromKernelNofault(target, inside + 8n, 16)).toBe(-EFAULT);
    expect(target.bytes[0]).toBe(0);
    expect(uaccess.strncpyFromKernelNofault(target, inside, 0)).toBe(0);
    expect(kindsOf(machine)).toEqual([]);
  });
});
