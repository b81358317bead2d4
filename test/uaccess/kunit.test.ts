import { describe, expect, test } from "vitest";
import { archNames, type ArchName, type BuildName, type ValueSize } from "../../src/index.ts";
import type { KernelBuffer, Machine, Mapping, Task, UserAccess } from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf } from "../machine/pool.ts";

/** The cases of lib/tests/usercopy_kunit.c (6.15), on every guard model and every build. */
interface Kit {
  readonly machine: Machine;
  readonly task: Task;
  readonly uaccess: UserAccess;
  /** Two pages each, as in the original. */
  readonly kernel: KernelBuffer;
  readonly user: Mapping;
}

const E2BIG = 7;
const USER = 0x20000;

async function kitOf(build: BuildName, arch: ArchName): Promise<Kit> {
  const machine = await machineOf({ build, arch, memory: "1M" });
  const task = machine.createTask();
  const user = task.map({ at: USER, length: 2 * PAGE, protection: "rwx" });
  return { machine, task, uaccess: task.uaccess, kernel: machine.allocKernel(2 * PAGE), user };
}

const isFilled = (bytes: Uint8Array, value: number): boolean =>
  bytes.every((byte) => byte === value);

type Case = [name: string, run: (kit: Kit) => void];

const copies: Case[] = [
  [
    "V1, V2: copy out and back",
    ({ uaccess, kernel }) => {
      kernel.bytes.fill(0x3a);
      expect(uaccess.copyToUser(USER, kernel, PAGE)).toBe(0);
      kernel.bytes.fill(0, 0, PAGE);
      expect(uaccess.copyFromUser(kernel, USER, PAGE)).toBe(0);
      expect(kernel.bytes.subarray(0, PAGE)).toEqual(kernel.bytes.subarray(PAGE));
    },
  ],
];

const values: [ValueSize, bigint][] = [
  [1, 0x5an],
  [2, 0x5a5bn],
  [4, 0x5a5b5c5dn],
  [8, 0x5a5b5c5d6a6b6c6dn],
];

const singles = values.map(([size, value], index): Case => [
  `V${index + 3}: put and get u${size * 8}`,
  ({ uaccess }) => {
    expect(uaccess.putUser(USER, size, value)).toBe(0);
    expect(uaccess.getUser(USER, size)).toEqual({ error: 0, value });
  },
]);

const invalids: Case[] = [
  [
    "I1: a kernel pointer as the source",
    ({ uaccess, kernel }) => {
      kernel.bytes.fill(0x5a, 0, PAGE);
      const source = kernel.kernelPointer + BigInt(PAGE);
      expect(uaccess.copyFromUser(kernel, source, PAGE)).toBe(PAGE);
      expect(isFilled(kernel.bytes.subarray(0, PAGE), 0)).toBe(true);
    },
  ],
  [
    "I2: kernel to kernel",
    ({ uaccess, kernel }) => {
      kernel.bytes.fill(0x5a, PAGE);
      expect(uaccess.copyToUser(kernel.kernelPointer, kernel, PAGE, PAGE)).toBe(PAGE);
      expect(isFilled(kernel.bytes.subarray(0, PAGE), 0)).toBe(true);
    },
  ],
  [
    "I3: copy_to_user with its arguments swapped",
    ({ machine, task, kernel, user }) => {
      user.write(0, new Uint8Array(PAGE).fill(0x77));
      const source = task.linearOf(USER)!;
      const low = Number(kernel.kernelPointer & 0xffff_ffffn);
      const high = Number(kernel.kernelPointer >> 32n);
      const form = machine.constant("COPY_CHECKED");
      expect(machine.exports.copyOut(0, form, low, high, source, PAGE)).toBe(PAGE);
      expect(isFilled(kernel.bytes, 0)).toBe(true);
    },
  ],
  ...values.map(([size, value], index): Case => [
    `I4.${index}: get u${size * 8} from a kernel address`,
    ({ uaccess, kernel }) => {
      kernel.bytes.fill(Number(value & 0xffn));
      expect(uaccess.getUser(kernel.kernelPointer, size)).toEqual({ error: -EFAULT, value: 0n });
    },
  ]),
  ...values.map(([size], index): Case => [
    `I5.${index}: put u${size * 8} to a kernel address`,
    ({ machine, uaccess, kernel }) => {
      const before = 0xf09fa4aff09fa4afn;
      new DataView(kernel.bytes.buffer, kernel.linear).setBigUint64(0, before, true);
      expect(uaccess.putUser(kernel.kernelPointer, size, 0x5an)).toBe(-EFAULT);
      expect(machine.wideAt(kernel.linear)).toBe(before);
    },
  ]),
];

const structs: Case[] = [
  [
    "S1: user and kernel agree on the size",
    ({ uaccess, kernel, user }) => {
      user.write(0, new Uint8Array(2 * PAGE).fill(0x3e));
      expect(uaccess.copyStructFromUser(kernel, 2 * PAGE, USER, 2 * PAGE)).toBe(0);
      expect(isFilled(kernel.bytes, 0x3e)).toBe(true);
    },
  ],
  [
    "S2: an older user",
    ({ uaccess, kernel, user }) => {
      user.write(0, new Uint8Array(2 * PAGE).fill(0x3e));
      kernel.bytes.fill(0x11);
      expect(uaccess.copyStructFromUser(kernel, 2 * PAGE, USER, PAGE)).toBe(0);
      expect(isFilled(kernel.bytes.subarray(0, PAGE), 0x3e)).toBe(true);
      expect(isFilled(kernel.bytes.subarray(PAGE), 0)).toBe(true);
    },
  ],
  [
    "S3: a newer user with something in its tail",
    ({ uaccess, kernel, user }) => {
      user.write(0, new Uint8Array(2 * PAGE).fill(0x3e));
      kernel.bytes.fill(0x11);
      expect(uaccess.copyStructFromUser(kernel, PAGE, USER, 2 * PAGE)).toBe(-E2BIG);
      expect(isFilled(kernel.bytes, 0x11)).toBe(true);
    },
  ],
  [
    "S4: a newer user with an empty tail",
    ({ uaccess, kernel, user }) => {
      user.write(0, new Uint8Array(2 * PAGE).fill(0x3e));
      expect(uaccess.clearUser(USER + PAGE, PAGE)).toBe(0);
      expect(uaccess.copyStructFromUser(kernel, PAGE, USER, 2 * PAGE)).toBe(0);
      expect(isFilled(kernel.bytes.subarray(0, PAGE), 0x3e)).toBe(true);
      expect(isFilled(kernel.bytes.subarray(PAGE), 0)).toBe(true);
    },
  ],
];

const everywhere = (["release", "study", "threads", "profile"] as const).flatMap((build) =>
  archNames.map((arch) => ({ build, arch })),
);

describe.each(everywhere)("$build $arch", ({ build, arch }) => {
  test.each([...copies, ...singles, ...invalids, ...structs])("%s", async (name, run) => {
    const kit = await kitOf(build, arch);
    run(kit);
    // I3 hands user memory to a copy as its kernel side, which is no object of the kernel's
    expect(kindsOf(kit.machine)).toEqual(name.startsWith("I3") ? ["object-overflow"] : []);
    expect(kit.task.oopsed).toBe(false);
    expect(kit.uaccess.openDirections).toEqual({ read: false, write: false });
  });

  test("I6: copy_from_user with its arguments swapped zeroes user memory by ordinary stores", async () => {
    const { machine, task, uaccess, kernel, user } = await kitOf(build, arch);
    user.write(0, new Uint8Array(8).fill(0x77));
    expect(uaccess.accessOk(kernel.kernelPointer, PAGE)).toBe(false);
    const result = uaccess.plainStore(USER, 8, 0);
    const guarded = arch !== "none";
    expect(result).toBe(guarded ? -EFAULT : 0);
    expect(task.oopsed).toBe(guarded);
    expect(isFilled(user.read(0, 8), guarded ? 0x77 : 0)).toBe(true);
    expect(kindsOf(machine)).toEqual(guarded ? ["guard-closed-access"] : []);
  });
});

describe("Z1: check_zeroed_user", () => {
  const SIZE = 1024;

  function pattern(): Uint8Array {
    const bytes = new Uint8Array(SIZE);
    for (let at = 1; at < SIZE / 4; at += 2) bytes[at] = 0xff;
    for (let at = (SIZE * 3) / 4; at < SIZE; at += 2) bytes[at] = 0xff;
    return bytes;
  }

  /** Checks every `step`-th pair start ≤ end; answers the first that is wrong, and how many were asked. */
  function sweep(kit: Kit, step: number): { wrong: string | undefined; pairs: number } {
    const bytes = pattern();
    const from = USER + PAGE - SIZE / 2;
    kit.user.write(from - USER, bytes);
    const filled = [0];
    for (const byte of bytes) filled.push(filled.at(-1)! + (byte === 0 ? 0 : 1));
    let pairs = 0;
    let at = 0;
    for (let start = 0; start <= SIZE; start++) {
      for (let end = start; end <= SIZE; end++) {
        if (at++ % step !== 0) continue;
        pairs += 1;
        const expected = filled[end] === filled[start] ? 1 : 0;
        if (kit.uaccess.checkZeroedUser(from + start, end - start) !== expected) {
          return { wrong: `[${start}, ${end})`, pairs };
        }
      }
    }
    return { wrong: undefined, pairs };
  }

  test.each(["x86-64", "powerpc-8xx"] as const)("all 525,825 pairs on %s", async (arch) => {
    expect(sweep(await kitOf("release", arch), 1)).toEqual({ wrong: undefined, pairs: 525_825 });
  });

  test.each(everywhere)("a share of them: $build $arch", async ({ build, arch }) => {
    // a step that is no divisor of a row's length meets every start and every end
    const { wrong, pairs } = sweep(await kitOf(build, arch), 211);
    expect(wrong).toBeUndefined();
    expect(pairs).toBeGreaterThan(2400);
  });
});
