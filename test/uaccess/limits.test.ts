import { describe, expect, test } from "vitest";
import {
  archNames,
  type ArchName,
  type KernelBuffer,
  type Task,
  UsageError,
} from "../../src/index.ts";
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

type Row = readonly [address: bigint, size: bigint, answer: boolean];

/** The last address that a pointer of the architecture's kernel can hold, and one more. */
const topOfArch = (arch: ArchName): bigint => (arch in natives32 ? 2n ** 32n : 2n ** 64n);
const natives32 = { "powerpc-8xx": true, "powerpc-book3s32": true };

/** size ≤ limit and address ≤ limit − size. */
function genericRows(arch: ArchName): Row[] {
  const limit = limits[arch];
  const top = topOfArch(arch);
  return [
    [0n, 0n, true],
    [0n, 1n, true],
    [limit, 0n, true],
    [limit, 1n, false],
    [limit - 1n, 1n, true],
    [limit - 1n, 2n, false],
    [limit - 4096n, 4096n, true],
    [limit - 4096n, 4097n, false],
    [limit + 1n, 0n, false],
    [top - 1n, 0n, false],
    [top - 1n, 2n, false],
    [top - 4096n, 8192n, false],
    [0n, limit, true],
    [0n, limit + 1n, false],
    [0n, top - 1n, false],
    [1n, top - 1n, false],
    [limit, top - limit, false],
  ];
}

describe.each(archNames)("a variable size: %s", (arch) => {
  test.each(genericRows(arch))("access_ok(0x%s, %s) is %s", async (address, size, answer) => {
    expect((await taskOf(arch)).uaccess.accessOk(address, size)).toBe(answer);
  });
});

describe("a size known when the kernel is built", () => {
  test.each(archNames.filter((arch) => limits[arch] !== X86_LIMIT))(
    "%s: the same rule",
    async (arch) => {
      const { uaccess } = await taskOf(arch);
      for (const [address, size, answer] of genericRows(arch)) {
        expect([address, size, uaccess.accessOkConstant(address, size)]).toEqual([
          address,
          size,
          answer,
        ]);
      }
    },
  );

  const startOnly: Row[] = [
    [X86_LIMIT, 0n, true],
    [X86_LIMIT, 1n, true],
    [X86_LIMIT, 4096n, true],
    [X86_LIMIT, 4097n, false],
    [X86_LIMIT - 4097n, 4097n, true],
    [X86_LIMIT - 8191n, 8192n, false],
    [X86_LIMIT - 12287n, 12288n, false],
    [X86_LIMIT + 1n, 0n, false],
    [0n, 2n ** 63n, false],
  ];

  test.each(["x86-64", "none"] as const)("%s: up to a page only the start counts", async (arch) => {
    const { uaccess } = await taskOf(arch);
    for (const [address, size, answer] of startOnly) {
      expect([size, uaccess.accessOkConstant(address, size)]).toEqual([size, answer]);
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
    for (const at of [limits[arch], topOfArch(arch) - BigInt(PAGE)]) {
      expect(() => task.map({ at, length: PAGE })).toThrow("gave -ENOMEM");
    }
    expect(() => task.map({ at: last, length: 2 * PAGE })).toThrow("gave -ENOMEM");
  });

  test("x86-64: the page at the limit is a hole, which the shortened check relies on", async () => {
    const { uaccess } = await taskOf("x86-64");
    expect(uaccess.accessOkConstant(X86_LIMIT, 8)).toBe(true);
    expect(uaccess.getUser(X86_LIMIT, 8).error).toBe(-EFAULT);
  });
});

describe("an address no pointer can hold", () => {
  const narrow = archNames.filter((arch) => topOfArch(arch) === 2n ** 32n);

  /** Every method that takes an address or a size_t, with one that is a bit too large. */
  const calls: [string, (task: Task, buffer: KernelBuffer, wide: bigint) => unknown][] = [
    ["getUser", ({ uaccess }, _, wide) => uaccess.getUser(wide, 4)],
    ["putUser", ({ uaccess }, _, wide) => uaccess.putUser(wide, 4, 0)],
    ["unsafePutUser", ({ uaccess }, _, wide) => uaccess.unsafePutUser(wide, 4, 0)],
    ["copyFromUser", ({ uaccess }, buffer, wide) => uaccess.copyFromUser(buffer, wide, 4)],
    ["copyToUser", ({ uaccess }, buffer, wide) => uaccess.copyToUser(wide, buffer, 4)],
    ["clearUser", ({ uaccess }, _, wide) => uaccess.clearUser(wide, 4)],
    ["strnlenUser", ({ uaccess }, _, wide) => uaccess.strnlenUser(wide, 4)],
    ["checkZeroedUser", ({ uaccess }, _, wide) => uaccess.checkZeroedUser(wide, 4)],
    ["accessOk", ({ uaccess }, _, wide) => uaccess.accessOk(wide, 4)],
    ["accessOk's size", ({ uaccess }, _, wide) => uaccess.accessOk(0, wide)],
    ["begin", ({ uaccess }, _, wide) => uaccess.begin("write", wide, 4)],
    ["copyFromKernelNofault", ({ uaccess }, b, wide) => uaccess.copyFromKernelNofault(b, wide, 4)],
    ["map", (task, _, wide) => task.map({ at: wide, length: PAGE })],
    ["map's length", (task, _, wide) => task.map({ at: 0, length: wide })],
    ["unmap", (task, _, wide) => task.unmap(wide, PAGE)],
    ["protect", (task, _, wide) => task.protect(wide, PAGE, "r")],
    ["touch", (task, _, wide) => task.touch(wide, "read")],
    ["linearOf", (task, _, wide) => task.linearOf(wide)],
  ];

  test.each(narrow.flatMap((arch) => calls.map(([name, call]) => ({ arch, name, call }))))(
    "$arch, $name: the caller's mistake",
    async ({ arch, call }) => {
      const task = await taskOf(arch);
      const buffer = task.machine.allocKernel(8);
      expect(() => call(task, buffer, 2n ** 32n)).toThrow(UsageError);
      expect(() => call(task, buffer, 2n ** 32n)).toThrow(
        `is 0x100000000 on ${arch}; valid: a whole number from 0 to 2^32 - 1`,
      );
      expect(() => call(task, buffer, 2n ** 32n - BigInt(PAGE))).not.toThrow(UsageError);
    },
  );

  test("a 32-bit program on a 64-bit kernel: the machine's limit holds, and the access faults", async () => {
    const machine = await machineOf({ memory: "1M" });
    const { uaccess } = machine.createTask({ wordBits: 32 });
    expect(uaccess.accessOk(0xffff_ffff, 4)).toBe(true);
    expect(uaccess.getUser(0xffff_ffff, 4)).toEqual({ error: -EFAULT, value: 0n });
    expect(kindsOf(machine)).toEqual([]);
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

describe("copy_from_user over the end of user space", () => {
  const AT = 8n;

  /** Bytes not copied of 16 from 8 before the limit on, where the page below it is filled, and what has arrived. */
  async function overTheLimit(arch: ArchName, kernel: string): Promise<[number, string]> {
    const task = await taskOf(arch, kernel);
    const buffer = task.machine.allocKernel(16);
    buffer.bytes.fill(0xa5);
    const last = limits[arch] - BigInt(PAGE);
    task.map({ at: last, length: PAGE }).write(PAGE - 8, new Uint8Array(8).fill(0x11));
    const left = task.uaccess.copyFromUser(buffer, limits[arch] - AT, 16);
    expect(task.uaccess.openDirections).toEqual({ read: false, write: false });
    expect(kindsOf(task.machine)).toEqual([]);
    return [left, Buffer.from(buffer.bytes).toString("hex")];
  }

  const refused = [16, "00".repeat(16)] as const;
  const prefix = [8, "11".repeat(8) + "00".repeat(8)] as const;

  test.each(archNames.filter((arch) => arch !== "x86-64"))("%s: refused", async (arch) => {
    expect(await overTheLimit(arch, "7.1")).toEqual(refused);
  });

  test.each(archNames)("%s: copy_to_user and clear_user always look at the size", async (arch) => {
    const task = await taskOf(arch);
    const buffer = task.machine.allocKernel(16);
    buffer.bytes.fill(0xa5);
    const top = task.map({ at: limits[arch] - BigInt(PAGE), length: PAGE });
    expect(task.uaccess.copyToUser(limits[arch] - AT, buffer, 16)).toBe(16);
    expect(task.uaccess.clearUser(limits[arch] - AT, 16)).toBe(16);
    expect(top.read(PAGE - 8, 8)).toEqual(new Uint8Array(8));
    expect(task.uaccess.copyToUser(limits[arch] - AT, buffer, 8)).toBe(0);
    expect(task.uaccess.clearUser(limits[arch] - AT, 7)).toBe(0);
    expect(top.read(PAGE - 8, 8)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xa5));
  });

  test.each([
    ["6.1", refused],
    ["6.4", prefix], // the sign test lets the whole range through
    ["6.12", prefix],
    ["6.14", prefix],
    ["7.1", prefix],
  ] as const)("x86-64 %s: refused, or as far as the limit", async (kernel, expected) => {
    expect(await overTheLimit("x86-64", kernel)).toEqual(expected);
  });

  test.each(["6.4", "6.12", "7.1"])(
    "x86-64 %s: from the kernel's half nothing comes",
    async (kernel) => {
      const { uaccess, machine } = await taskOf("x86-64", kernel);
      const buffer = machine.allocKernel(64);
      for (const at of [X86_LIMIT, X86_LIMIT + 1n, buffer.kernelPointer, 2n ** 64n - 1n]) {
        buffer.bytes.fill(0xa5);
        expect(uaccess.copyFromUser(buffer, at, 32)).toBe(32);
        expect(buffer.bytes.subarray(0, 32).every((byte) => byte === 0)).toBe(true);
      }
      expect(kindsOf(machine)).toEqual([]);
    },
  );
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
