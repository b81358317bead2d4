import { describe, expect, test } from "vitest";
import {
  archNames,
  type ArchName,
  type BuildName,
  type KernelBuffer,
  type Machine,
  type Task,
} from "../../src/index.ts";
import { PAGE, kindsOf, machineOf, ramp, topOf } from "../machine/pool.ts";

/**
 * Whatever the TLB holds, an access comes to the same: each primitive at the end of user space,
 * over it, and over the end of all addresses, once with no translation at hand and once with all there can be.
 */
const BUFFER = 64;
const FILL = 0xa5;
const CONTENT = ramp(PAGE);
const BUILDS: BuildName[] = ["release", "study", "threads", "profile"];

interface Bed {
  readonly task: Task;
  readonly buffer: KernelBuffer;
  /** First address that no program can map. */
  readonly limit: bigint;
}

/** The last two pages of user space, the upper filled; and a buffer. */
async function bedOf(arch: ArchName, build: BuildName, kernel: string): Promise<Bed> {
  const machine = await machineOf({ arch, build, kernel, memory: "1M", tlbEntries: 64 });
  const task = machine.createTask();
  const limit = machine.wideAt(
    machine.exports.profileAddress() + machine.constant("PROFILE_TASK_LIMIT"),
  );
  task.map({ at: limit - 2n * BigInt(PAGE), length: 2 * PAGE, populate: true });
  const buffer = machine.allocKernel(BUFFER);
  refill({ task, buffer, limit });
  return { task, buffer, limit };
}

/** User and kernel bytes as they were. */
function refill({ task, buffer, limit }: Bed): void {
  const linear = task.linearOf(limit - 1n)! + 1 - PAGE;
  task.machine.bytes.set(CONTENT, linear);
  buffer.bytes.fill(FILL);
}

type Run = (bed: Bed, at: bigint, length: number) => unknown;

const valueSizes = [1, 2, 4, 8] as const;

/** A primitive at an address; those of single values once for each size. */
const primitives: Record<string, Run> = {
  getUser: ({ task }, at) => valueSizes.map((size) => task.uaccess.getUser(at, size)),
  getUserUnchecked: ({ task }, at) =>
    valueSizes.map((size) => task.uaccess.getUserUnchecked(at, size)),
  putUser: ({ task }, at) => valueSizes.map((size) => task.uaccess.putUser(at, size, 0x77)),
  putUserUnchecked: ({ task }, at) =>
    valueSizes.map((size) => task.uaccess.putUserUnchecked(at, size, 0x77)),
  getUserInline: ({ task }, at) => valueSizes.map((size) => task.uaccess.getUserInline(at, size)),
  putUserInline: ({ task }, at) =>
    valueSizes.map((size) => task.uaccess.putUserInline(at, size, 0x77)),
  unsafeGetUser: (bed, at, length) =>
    inBlock(bed, "read", at, length, () =>
      valueSizes.map((size) => bed.task.uaccess.unsafeGetUser(at, size)),
    ),
  unsafePutUser: (bed, at, length) =>
    inBlock(bed, "write", at, length, () =>
      valueSizes.map((size) => bed.task.uaccess.unsafePutUser(at, size, 0x77)),
    ),
  unsafeCopyToUser: (bed, at, length) =>
    inBlock(bed, "write", at, length, () =>
      bed.task.uaccess.unsafeCopyToUser(at, bed.buffer, length),
    ),
  copyFromUser: ({ task, buffer }, at, length) => task.uaccess.copyFromUser(buffer, at, length),
  copyFromUserUnchecked: ({ task, buffer }, at, length) =>
    task.uaccess.copyFromUserUnchecked(buffer, at, length),
  copyFromUserInatomic: ({ task, buffer }, at, length) =>
    task.uaccess.copyFromUserInatomic(buffer, at, length),
  copyFromUserNofault: ({ task, buffer }, at, length) =>
    task.uaccess.copyFromUserNofault(buffer, at, length),
  copyFromUserNmi: ({ task, buffer }, at, length) =>
    task.uaccess.copyFromUserNmi(buffer, at, length),
  copyToUser: ({ task, buffer }, at, length) => task.uaccess.copyToUser(at, buffer, length),
  copyToUserUnchecked: ({ task, buffer }, at, length) =>
    task.uaccess.copyToUserUnchecked(at, buffer, length),
  copyToUserInatomic: ({ task, buffer }, at, length) =>
    task.uaccess.copyToUserInatomic(at, buffer, length),
  copyToUserNofault: ({ task, buffer }, at, length) =>
    task.uaccess.copyToUserNofault(at, buffer, length),
  clearUser: ({ task }, at, length) => task.uaccess.clearUser(at, length),
  clearUserUnchecked: ({ task }, at, length) => task.uaccess.clearUserUnchecked(at, length),
  strncpyFromUser: ({ task, buffer }, at, length) =>
    task.uaccess.strncpyFromUser(buffer, at, length),
  strncpyFromUserNofault: ({ task, buffer }, at, length) =>
    task.uaccess.strncpyFromUserNofault(buffer, at, length),
  strnlenUser: ({ task }, at, length) => task.uaccess.strnlenUser(at, length),
  strnlenUserNofault: ({ task }, at, length) => task.uaccess.strnlenUserNofault(at, length),
  checkZeroedUser: ({ task }, at, length) => task.uaccess.checkZeroedUser(at, length),
  copyStructFromUser: ({ task, buffer }, at, length) =>
    [0, 16, BUFFER].map((size) => task.uaccess.copyStructFromUser(buffer, size, at, length)),
  copyStructToUser: ({ task, buffer }, at, length) =>
    [0, 16, BUFFER].map((size) => task.uaccess.copyStructToUser(at, length, buffer, size)),
};

function inBlock(
  { task }: Bed,
  direction: "read" | "write",
  at: bigint,
  length: number,
  run: () => unknown,
): unknown {
  if (!task.uaccess.begin(direction, at, length)) return "refused";
  const result = run();
  task.uaccess.end(direction);
  return result;
}

/** Translations that an access around `at` could meet: both pages below the limit, and what shares their slots. */
function warm({ task, limit }: Bed): void {
  for (const page of [1n, 2n]) {
    task.uaccess.getUserUnchecked(limit - page * BigInt(PAGE), 1);
    const linear = task.linearOf(limit - page * BigInt(PAGE))!;
    task.uaccess.putUserUnchecked(limit - page * BigInt(PAGE), 1, task.machine.bytes[linear]!);
  }
}

/** What an access said, and all it could have changed: the page below the limit, then the buffer. */
interface Outcome {
  readonly answer: unknown;
  readonly bytes: Buffer;
}

function outcome(bed: Bed, run: Run, at: bigint, length: number): Outcome {
  const { task, buffer, limit } = bed;
  const answer = run(bed, at, length);
  const linear = task.linearOf(limit - 1n)! + 1 - PAGE;
  const user = task.machine.bytes.subarray(linear, linear + PAGE);
  const bytes = Buffer.concat([user, buffer.bytes]);
  refill(bed);
  return { answer, bytes };
}

/** [address, length]: the last bytes, over the limit, the limit, and over the end of all addresses. */
function places(machine: Machine, limit: bigint): [bigint, number][] {
  const top = topOf(machine);
  const before = [1, 2, 3, 4, 7, 8, 15, 16].map((distance) => BigInt(distance));
  const starts = [
    ...before.map((distance) => limit - distance),
    limit - BigInt(PAGE),
    limit - BigInt(PAGE) - 3n,
    limit,
    limit + 1n,
    top / 2n - 1n,
    top / 2n,
    ...before.map((distance) => top - distance),
    top - BigInt(PAGE),
  ];
  return starts.flatMap((at) =>
    [0, 1, 8, 16, 17, BUFFER].map((length) => [at, length] as [bigint, number]),
  );
}

describe.each(archNames)("%s", (arch) => {
  const machines: [BuildName, string][] = BUILDS.map((build) => [build, "7.1"]);
  if (arch === "x86-64") {
    for (const kernel of ["6.1", "6.4", "6.12"]) machines.push(["release", kernel]);
  }

  test.each(machines)(
    "%s, Linux %s: the TLB changes no outcome at the end of user space",
    async (build, kernel) => {
      const bed = await bedOf(arch, build, kernel);
      const { machine } = bed.task;
      for (const [name, run] of Object.entries(primitives)) {
        for (const [at, length] of places(machine, bed.limit)) {
          machine.exports.forgetTranslations();
          const cold = outcome(bed, run, at, length);
          warm(bed);
          const { answer, bytes } = outcome(bed, run, at, length);
          const where = `${name} at 0x${at.toString(16)}, ${length} bytes`;
          expect([where, answer, bytes.compare(cold.bytes)]).toEqual([where, cold.answer, 0]);
        }
      }
      expect(bed.task.uaccess.openDirections).toEqual({ read: false, write: false });
      expect(bed.task.oopsed).toBe(false);
      expect(kindsOf(machine)).toEqual([]);
    },
  );

  test("a warm TLB is warm: the two pages are found without a walk, and cold without it", async () => {
    const bed = await bedOf(arch, "study", "7.1");
    const { machine } = bed.task;
    const walks = (): number => machine.counters().walks;
    machine.exports.forgetTranslations();
    const before = walks();
    bed.task.uaccess.getUser(bed.limit - 1n, 1);
    expect(walks() - before).toBe(1);
    warm(bed);
    const after = walks();
    bed.task.uaccess.getUser(bed.limit - 1n, 1);
    bed.task.uaccess.putUser(bed.limit - 1n, 1, 0);
    expect(walks() - after).toBe(0);
  });
});
