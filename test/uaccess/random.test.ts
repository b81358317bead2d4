import { describe, expect, test } from "vitest";
import fc from "../support/properties.ts";
import {
  archNames,
  type ArchName,
  type Machine,
  type Task,
  type ValueSize,
} from "../../src/index.ts";
import type { KernelBuffer } from "../../src/index.ts";
import { EFAULT, PAGE, kindsOf, machineOf, topOf } from "../machine/pool.ts";
import { BASE, KERNEL_BYTES, layOut, type Shadow } from "./shadow.ts";

/** Any address, any length, any primitive: no trap, the specified answer, and nothing touched that should not be. */
interface World {
  readonly machine: Machine;
  readonly task: Task;
  readonly buffer: KernelBuffer;
  readonly shadow: Shadow;
}

/** Where the interesting addresses are; each is taken with a small distance. */
type Anchor = "null" | "mapped" | "limit" | "kernel" | "object" | "sign" | "hole" | "top" | "any";

interface Operation {
  readonly name: keyof typeof operations;
  readonly anchor: Anchor;
  /** Which page of the layout, for the anchor "mapped". */
  readonly page: number;
  readonly distance: number;
  readonly any: bigint;
  readonly length: number;
  readonly size: ValueSize;
}

function addressOf({ machine, buffer, shadow }: World, operation: Operation): bigint {
  const anchors: Record<Anchor, bigint> = {
    null: 0n,
    mapped: BASE + BigInt(operation.page * PAGE),
    limit: shadow.limit,
    kernel: machine.wideAt(
      machine.exports.profileAddress() + machine.constant("PROFILE_KERNEL_BASE"),
    ),
    object: buffer.kernelPointer,
    sign: topOf(machine) / 2n,
    hole: 2n ** 47n,
    top: topOf(machine) - 1n,
    any: operation.any,
  };
  const wordBits = 8 * machine.wordBytes;
  return BigInt.asUintN(wordBits, anchors[operation.anchor] + BigInt(operation.distance));
}

type Run = (world: World, va: bigint, operation: Operation) => [got: unknown, expected: unknown];

const VALUE = 0x8877665544332211n;

const operations = {
  get: ({ task, shadow }, va, { size }) => [
    task.uaccess.getUser(va, size),
    shadow.getUser(va, size, true),
  ],
  getUnchecked: ({ task, shadow }, va, { size }) => [
    task.uaccess.getUserUnchecked(va, size),
    shadow.getUser(va, size, false),
  ],
  put: ({ task, shadow }, va, { size }) => [
    task.uaccess.putUser(va, size, VALUE),
    shadow.putUser(va, size, VALUE, true),
  ],
  putUnchecked: ({ task, shadow }, va, { size }) => [
    task.uaccess.putUserUnchecked(va, size, VALUE),
    shadow.putUser(va, size, VALUE, false),
  ],
  copyFrom: ({ task, shadow, buffer }, va, { length }) => [
    task.uaccess.copyFromUser(buffer, va, length),
    shadow.copyFrom(va, length, "checked"),
  ],
  copyFromUnchecked: ({ task, shadow, buffer }, va, { length }) => [
    task.uaccess.copyFromUserUnchecked(buffer, va, length),
    shadow.copyFrom(va, length, "unchecked"),
  ],
  copyFromNmi: ({ task, shadow, buffer }, va, { length }) => [
    task.uaccess.copyFromUserNmi(buffer, va, length),
    shadow.copyFrom(va, length, "nmi"),
  ],
  copyFromNofault: ({ task, shadow, buffer }, va, { length }) => [
    task.uaccess.copyFromUserNofault(buffer, va, length),
    answer(shadow, va, length, shadow.copyFrom(va, length, "nmi")),
  ],
  copyTo: ({ task, shadow, buffer }, va, { length }) => [
    task.uaccess.copyToUser(va, buffer, length),
    shadow.copyTo(va, length, "checked"),
  ],
  copyToUnchecked: ({ task, shadow, buffer }, va, { length }) => [
    task.uaccess.copyToUserUnchecked(va, buffer, length),
    shadow.copyTo(va, length, "unchecked"),
  ],
  copyToNofault: ({ task, shadow, buffer }, va, { length }) => [
    task.uaccess.copyToUserNofault(va, buffer, length),
    answer(shadow, va, length, shadow.copyTo(va, length, "nofault")),
  ],
  clear: ({ task, shadow }, va, { length }) => [
    task.uaccess.clearUser(va, length),
    shadow.clear(va, length, true),
  ],
  clearUnchecked: ({ task, shadow }, va, { length }) => [
    task.uaccess.clearUserUnchecked(va, length),
    shadow.clear(va, length, false),
  ],
  strnlen: ({ task, shadow }, va, { length }) => {
    const found = shadow.scan(va, length, true);
    const expected = length === 0 || found === null ? 0 : found.length + 1;
    return [task.uaccess.strnlenUser(va, length), expected];
  },
  strncpy: (world, va, { length }) => {
    const found = world.shadow.scan(va, length, true);
    const got = world.task.uaccess.strncpyFromUser(world.buffer, va, length);
    takeOver(world, found?.bytes);
    return [got, length === 0 ? 0 : (found?.length ?? -EFAULT)];
  },
  strncpyNofault: (world, va, { length }) => {
    const found = world.shadow.scan(va, length, false);
    const got = world.task.uaccess.strncpyFromUserNofault(world.buffer, va, length);
    const cut = found?.length === length;
    if (cut && length > 0) found.bytes[length - 1] = 0;
    takeOver(world, found?.bytes);
    if (length === 0 || found?.length === 0) return [got, 0];
    return [got, found === null ? -EFAULT : cut ? length : found.length + 1];
  },
  checkZeroed: ({ task, shadow }, va, { length }) => [
    task.uaccess.checkZeroedUser(va, length),
    shadow.checkZeroed(va, length),
  ],
  blockCopy: ({ task, shadow, buffer }, va, { length }) => {
    const open = task.uaccess.begin("write", va, length);
    const got = open ? task.uaccess.unsafeCopyToUser(va, buffer, length) : null;
    if (open) task.uaccess.end("write");
    return [got, shadow.blockCopy(va, length)];
  },
} satisfies Record<string, Run>;

/** The nofault forms answer an errno; a bad range is one even for no bytes at all. */
function answer(shadow: Shadow, va: bigint, length: number, left: number): number {
  return left === 0 && shadow.inRange(va, length) ? 0 : -EFAULT;
}

/** What a string function leaves in the buffer is specified only where it succeeds. */
function takeOver({ buffer, shadow }: World, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) shadow.kernel.set(buffer.bytes);
  else shadow.kernel.set(bytes);
}

const anchors: Anchor[] = ["null", "limit", "kernel", "object", "sign", "hole", "top", "any"];

const operation: fc.Arbitrary<Operation> = fc.record({
  name: fc.constantFrom(...(Object.keys(operations) as (keyof typeof operations)[])),
  anchor: fc.oneof(
    { arbitrary: fc.constant<Anchor>("mapped"), weight: 3 },
    fc.constantFrom(...anchors),
  ),
  page: fc.integer({ min: -1, max: 10 }),
  distance: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -PAGE, max: PAGE })),
  any: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  length: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: KERNEL_BYTES })),
  size: fc.constantFrom<ValueSize>(1, 2, 4, 8),
});

interface Variant {
  readonly build: "release" | "threads" | "study" | "profile";
  /** Every translation is forgotten before each operation. */
  readonly cold: boolean;
  /** Study: every k-th yield point really leaves the core and comes back. */
  readonly switchEvery: number;
}

const variants: Variant[] = [
  { build: "release", cold: false, switchEvery: 0 },
  { build: "release", cold: true, switchEvery: 0 },
  { build: "threads", cold: false, switchEvery: 0 },
  { build: "profile", cold: false, switchEvery: 0 },
  { build: "study", cold: false, switchEvery: 0 },
  { build: "study", cold: true, switchEvery: 1 },
];

const CANARY = 0xc3;

async function worldOf(
  arch: ArchName,
  { build, switchEvery }: Variant,
): Promise<World & { canaries: KernelBuffer[] }> {
  const machine = await machineOf({ arch, build, memory: "512K", tlbEntries: 64 });
  if (build === "study") machine.switchEvery = switchEvery;
  const task = machine.createTask();
  const before = machine.allocKernel(PAGE);
  const buffer = machine.allocKernel(KERNEL_BYTES);
  const after = machine.allocKernel(PAGE);
  for (const canary of [before, after]) canary.bytes.fill(CANARY);
  return { machine, task, buffer, shadow: layOut(task), canaries: [before, after] };
}

/** Memory that nothing may ever write: below the header, the empty TLB, and behind the end of RAM. */
function untouched(machine: Machine): boolean {
  const empty = machine.header("HEADER_EMPTY_TLB");
  const regions = [
    [0, machine.exports.headerAddress()],
    [empty, empty + machine.shape.tlbEntries * 16],
    [machine.header("HEADER_END"), machine.bytes.length],
  ] as const;
  return regions.every(([start, end]) =>
    machine.bytes.subarray(start, end).every((byte) => byte === 0),
  );
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Checks an operation's answer and the kernel's buffer. */
function step(world: World, cold: boolean, op: Operation): void {
  const va = addressOf(world, op);
  if (cold) world.machine.exports.forgetTranslations();
  const run: Run = operations[op.name];
  const [got, expected] = run(world, va, op);
  const where = `${world.machine.arch} ${op.name} 0x${va.toString(16)} ${op.length} ${op.size}`;
  expect([where, got]).toEqual([where, expected]);
  expect([where, same(world.buffer.bytes, world.shadow.kernel)]).toEqual([where, true]);
}

function checkMemory({ task, shadow }: World): void {
  for (const [va, page] of shadow.pages) {
    const linear = task.linearOf(va);
    // an absent page is its initial content still to come: zeros, or the file's page, whose content cannot have changed
    if (linear === null) continue;
    expect([va, same(task.machine.bytes.subarray(linear, linear + PAGE), page.bytes)]).toEqual([
      va,
      true,
    ]);
  }
}

describe.each(archNames)("random accesses: %s", (arch) => {
  test.each(variants)("$build, cold: $cold, switching: $switchEvery", async (variant) => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 40 }), async (ops) => {
        const world = await worldOf(arch, variant);
        world.shadow.kernel.set(world.buffer.bytes);
        for (const op of ops) step(world, variant.cold, op);
        checkMemory(world);
        for (const { bytes } of world.canaries) {
          expect(bytes.every((byte) => byte === CANARY)).toBe(true);
        }
        expect(untouched(world.machine)).toBe(true);
        expect(kindsOf(world.machine)).toEqual([]);
        expect(world.task.oopsed).toBe(false);
      }),
      { numRuns: 25 },
    );
  });
});
