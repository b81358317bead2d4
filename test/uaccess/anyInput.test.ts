import { describe, expect, test } from "vitest";
import fc from "../support/properties.ts";
import {
  archNames,
  UsageError,
  type ArchName,
  type BuildName,
  type KernelBuffer,
  type Machine,
  type PcmStream,
  type Task,
  type UserFile,
} from "../../src/index.ts";
import type { CoreExports } from "../../src/core/exports.ts";
import { PAGE, machineOf } from "../machine/pool.ts";
import { preparedStream } from "../systems/pcm/playback.ts";

/**
 * No number traps the instance or reaches memory that is not its own: every export of the core that takes user
 * addresses, lengths or kernel pointers, with any numbers at all; CPUs, tasks and streams are those of the machine.
 */
const USER = 0x40000;
const CANARY = 0xc3;
const BUILDS: BuildName[] = ["release", "study", "threads", "profile"];

interface World {
  readonly machine: Machine;
  readonly task: Task;
  readonly buffer: KernelBuffer;
  readonly stream: PcmStream;
  /** A page of a file that nobody maps, and a page that another task has. */
  readonly canaries: readonly Uint8Array[];
  readonly file: UserFile;
}

async function worldOf(arch: ArchName, build: BuildName): Promise<World> {
  const machine = await machineOf({ arch, build, memory: "1M", tlbEntries: 64 });
  const other = machine.createTask();
  other.map({ at: USER, length: PAGE }).write(0, new Uint8Array(PAGE).fill(CANARY));
  const apart = other.linearOf(USER)!;
  const file = machine.createFile(PAGE);
  file.page(0).fill(CANARY);
  const task = machine.createTask();
  task.map({ at: USER, length: 3 * PAGE }).write(PAGE, new Uint8Array(PAGE).fill(7));
  task.map({ at: USER + 3 * PAGE, length: PAGE, protection: "r" });
  const buffer = machine.allocKernel(2 * PAGE);
  const stream = preparedStream(task);
  const canaries = [machine.bytes.subarray(apart, apart + PAGE), file.page(0)];
  return { machine, task, buffer, stream, canaries, file };
}

/** One call's numbers: all 32 bits wide, as they arrive in the core. */
interface Numbers {
  readonly lo: number;
  readonly hi: number;
  readonly length: number;
  readonly kernel: number;
  readonly kernelLo: number;
  readonly kernelHi: number;
  readonly choice: number;
  readonly second: number;
  readonly third: number;
}

type Call = (core: CoreExports, numbers: Numbers, world: World) => unknown;

const accesses: Record<string, Call> = {
  getValue: (core, { choice, lo, hi, second }) => core.getValue(0, choice, lo, hi, second),
  putValue: (core, { choice, lo, hi, second, third, length }) =>
    core.putValue(0, choice, lo, hi, second, third, length),
  copyIn: (core, { choice, kernel, lo, hi, length }) =>
    core.copyIn(0, choice, kernel, lo, hi, length),
  copyOut: (core, { choice, kernel, lo, hi, length }) =>
    core.copyOut(0, choice, lo, hi, kernel, length),
  clearOut: (core, { choice, lo, hi, length }) => core.clearOut(0, choice, lo, hi, length),
  copyKernelNofault: (core, { kernel, kernelLo, kernelHi, length }) =>
    core.copyKernelNofault(kernel, kernelLo, kernelHi, length),
  stringIn: (core, { choice, kernel, lo, hi, length }) =>
    core.stringIn(0, choice, kernel, lo, hi, length),
  stringLength: (core, { choice, lo, hi, length }) => core.stringLength(0, choice, lo, hi, length),
  stringFromKernel: (core, { kernel, kernelLo, kernelHi, length }) =>
    core.stringFromKernel(kernel, kernelLo, kernelHi, length),
  zeroedCheck: (core, { lo, hi, length }) => core.zeroedCheck(0, lo, hi, length),
  structIn: (core, { kernel, second, lo, hi, length }) =>
    core.structIn(0, kernel, second, lo, hi, length),
  structOut: (core, { kernel, second, lo, hi, length, choice }) =>
    core.structOut(0, lo, hi, length, kernel, second, choice),
  rangeOk: (core, { lo, hi, length, second, choice }) =>
    core.rangeOk(0, lo, hi, length, second, choice),
  accessBegin: (core, { lo, hi, length, choice }) => core.accessBegin(0, lo, hi, length, choice),
  accessBeginMasked: (core, { lo, hi, choice }) => core.accessBeginMasked(0, lo, hi, choice),
  accessEnd: (core, { choice }) => core.accessEnd(0, choice),
  accessRestore: (core, { second }) => core.accessRestore(0, second),
  scopeEnter: (core, { lo, hi }) => core.scopeEnter(0, lo, hi),
  beginFunction: (core, { lo, hi }) => core.beginFunction(0, lo, hi),
  setContext: (core, { choice }) => core.setContext(0, choice),
  setTaskKeys: (core, { second, third }, { task }) => core.setTaskKeys(task.handle, second, third),
  measureCopyToUser: (core, { lo, hi, kernel, length }) =>
    core.measureCopyToUser(0, lo, hi, kernel, length, 2),
  measureRandomGets: (core, { lo, hi, second, third, choice }) =>
    core.measureRandomGets(0, lo, hi, second, 8, third, choice),
  measureSyncPtrWrite: (core, { lo, hi }) => core.measureSyncPtrWrite(0, lo, hi, 0, 2),
  pcmCall: (core, { choice, second, lo, hi }, { stream }) =>
    core.pcmCall(0, stream.handle, choice % 3, second, lo, hi),
  pcmSyncPtr: (core, { lo, hi }, { stream }) => core.pcmSyncPtr(0, stream.handle, 0, 0, lo, hi),
  pcmRead: (core, { lo, hi, length }, { stream }) => core.pcmRead(0, stream.handle, lo, hi, length),
  pcmWrite: (core, { lo, hi, length }, { stream }) =>
    core.pcmWrite(0, stream.handle, lo, hi, length),
  forgetTranslations: (core) => core.forgetTranslations(),
  returnToUser: (core) => core.returnToUser(0),
};

const mappings: Record<string, Call> = {
  mapMemory: (core, { lo, hi, length, second, third, choice }, { task }) =>
    core.mapMemory(0, task.handle, lo, hi, length, second & 0xff, third & 0x1ff, 0, choice, 1, 0),
  unmapMemory: (core, { lo, hi, length, second }, { task }) =>
    core.unmapMemory(0, task.handle, lo, hi, length, second),
  protectMemory: (core, { lo, hi, length, second, choice }, { task }) =>
    core.protectMemory(0, task.handle, lo, hi, length, second, choice & 7),
  touchPage: (core, { lo, hi, choice }, { task }) =>
    core.touchPage(0, task.handle, lo, hi, choice % 3),
  adviseMemory: (core, { lo, hi, length, second, choice }, { task }) =>
    core.adviseMemory(0, task.handle, lo, hi, length, second, choice),
  adviseGuards: (core, { lo, hi, length, second, choice }, { task }) =>
    core.adviseMemory(0, task.handle, lo, hi, length, second, 102 + (choice & 1)),
  lockMemory: (core, { lo, hi, length, second, choice }, { task }) =>
    core.lockMemory(0, task.handle, lo, hi, length, second, choice),
  sealMemory: (core, { lo, hi, length, second }, { task }) =>
    core.sealMemory(0, task.handle, lo, hi, length, second),
  registerMissing: (core, { lo, hi, length, second }, { task }) =>
    core.registerMissing(0, task.handle, lo, hi, length, second),
  moveSpecial: (core, { lo, hi, choice }, { task }) =>
    core.moveSpecial(0, task.handle, choice, lo, hi),
  setStackLimit: (core, { lo, hi }, { task }) => core.setStackLimit(task.handle, lo, hi),
  pageState: (core, { lo, hi }, { task }) => core.pageState(task.handle, lo, hi),
  inspectAddress: (core, { lo, hi }, { task }) => core.inspectAddress(task.handle, lo, hi),
  vmaAt: (core, { lo, hi }, { task }) => core.vmaAt(task.handle, lo, hi),
  fileData: (core, { second }, { file, machine }) => core.fileData(file.handleOn(machine), second),
  pcmMap: (core, { lo, hi, second, third, length, choice }, { stream }) =>
    core.pcmMap(0, stream.handle, lo, hi, second, third, length, choice & 3),
  getValue: accesses["getValue"]!,
  putValue: accesses["putValue"]!,
  copyOut: accesses["copyOut"]!,
};

const near = (place: number): fc.Arbitrary<number> =>
  fc.integer({ min: -20, max: 20 }).map((distance) => (place + distance) >>> 0);

const word = fc.oneof(
  near(0),
  near(PAGE),
  near(2 ** 31),
  near(2 ** 32),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);

/** What a world's own places are called before there is a world. */
type Place = keyof ReturnType<typeof placesOf>;

function placesOf({
  machine,
  task,
  buffer,
  file,
}: World): Record<
  "buffer" | "bufferEnd" | "ram" | "end" | "user" | "task" | "file" | "header",
  number
> {
  return {
    buffer: buffer.linear,
    bufferEnd: buffer.linear + buffer.length,
    ram: machine.header("HEADER_RAM"),
    end: machine.header("HEADER_END"),
    user: task.linearOf(USER + PAGE)!,
    task: task.handle,
    file: file.page(0).byteOffset,
    header: machine.exports.headerAddress(),
  };
}

const placeNames: Place[] = ["buffer", "bufferEnd", "ram", "end", "user", "task", "file", "header"];

/** Numbers with kernel addresses still by name. */
const numbers = fc.record({
  address: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: USER - 20, max: USER + 4 * PAGE + 20 }).map(BigInt) },
    fc
      .tuple(
        fc.constantFrom(31n, 32n, 38n, 47n, 48n, 52n, 55n, 56n, 63n, 64n),
        fc.integer({ min: -PAGE, max: PAGE }),
      )
      .map(([bit, distance]) => BigInt.asUintN(64, (1n << bit) + BigInt(distance))),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ),
  length: fc.oneof({ weight: 2, arbitrary: fc.integer({ min: 0, max: 3 * PAGE }) }, word),
  place: fc.constantFrom(...placeNames),
  distance: fc.integer({ min: -40, max: 40 }),
  kernel: fc.option(word, { nil: undefined }),
  kernelPointer: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined }),
  choice: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 6 }) }, word),
  second: fc.oneof({ weight: 2, arbitrary: fc.constantFrom(0, 1, 2, 4, 8, 64) }, word),
  third: word,
});

function inWorld(
  world: World,
  drawn: typeof numbers extends fc.Arbitrary<infer T> ? T : never,
): Numbers {
  const linear = placesOf(world)[drawn.place] + drawn.distance;
  const base = world.buffer.kernelPointer - BigInt(world.buffer.linear);
  const kernelPointer = BigInt.asUintN(64, drawn.kernelPointer ?? base + BigInt(linear));
  return {
    lo: Number(drawn.address & 0xffff_ffffn),
    hi: Number(drawn.address >> 32n),
    length: drawn.length,
    kernel: drawn.kernel ?? linear,
    kernelLo: Number(kernelPointer & 0xffff_ffffn),
    kernelHi: Number(kernelPointer >> 32n),
    choice: drawn.choice,
    second: drawn.second,
    third: drawn.third,
  };
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

describe.each(archNames)("%s", (arch) => {
  test.each(
    BUILDS.flatMap((build) => [
      { build, what: "accesses", calls: accesses },
      { build, what: "mappings", calls: mappings },
    ]),
  )("$build: any numbers in $what", async ({ build, calls }) => {
    const names = Object.keys(calls);
    const sequence = fc.array(fc.tuple(fc.constantFrom(...names), numbers), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(sequence, async (steps) => {
        const world = await worldOf(arch, build);
        for (const [name, drawn] of steps) {
          calls[name]!(world.machine.exports, inWorld(world, drawn), world);
        }
        expect(untouched(world.machine)).toBe(true);
        for (const canary of world.canaries) {
          expect(canary.every((byte) => byte === CANARY)).toBe(true);
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe("through the library", () => {
  const anything = fc.oneof(
    fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
    fc.double(),
    fc.maxSafeInteger(),
    fc.integer({ min: 0, max: 64 }),
    fc.constantFrom(USER, USER + PAGE, 2 ** 31 - 1, 2 ** 31, 2 ** 32, -1, 1.5),
  );

  /** Every method, with anything for its addresses, sizes, lengths and offsets. */
  const methods: ((world: World, a: never, b: never, c: never) => unknown)[] = [
    ({ task }, a, b) => task.uaccess.getUser(a, b),
    ({ task }, a, b, c) => task.uaccess.putUser(a, b, c),
    ({ task, buffer }, a, b, c) => task.uaccess.copyFromUser(buffer, a, b, c),
    ({ task, buffer }, a, b, c) => task.uaccess.copyToUser(a, buffer, b, c),
    ({ task, buffer }, a, b, c) => task.uaccess.unsafeCopyToUser(a, buffer, b, c),
    ({ task }, a, b) => task.uaccess.clearUser(a, b),
    ({ task, buffer }, a, b) => task.uaccess.copyFromKernelNofault(buffer, a, b),
    ({ task, buffer }, a, b) => task.uaccess.strncpyFromUser(buffer, a, b),
    ({ task, buffer }, a, b) => task.uaccess.strncpyFromKernelNofault(buffer, a, b),
    ({ task }, a, b) => task.uaccess.strnlenUser(a, b),
    ({ task }, a, b) => task.uaccess.checkZeroedUser(a, b),
    ({ task, buffer }, a, b, c) => task.uaccess.copyStructFromUser(buffer, a, b, c),
    ({ task, buffer }, a, b, c) => task.uaccess.copyStructToUser(a, b, buffer, c, "literal"),
    ({ task }, a, b) => task.uaccess.accessOk(a, b),
    ({ task }, a, b) => task.uaccess.begin("write", a, b),
    ({ task }, a) => task.uaccess.beginMasked("read", a),
    ({ task }, a) => task.uaccess.restore(a),
  ];

  test.each(["x86-64", "powerpc-book3s32"] as const)(
    "%s: an answer, or a UsageError, and nothing else",
    async (arch) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat({ max: methods.length - 1 }), anything, anything, anything), {
            minLength: 1,
            maxLength: 30,
          }),
          async (steps) => {
            const world = await worldOf(arch, "release");
            for (const [index, ...values] of steps) {
              const [a, b, c] = values as unknown[] as never[];
              try {
                methods[index]!(world, a!, b!, c!);
              } catch (error) {
                expect(error).toBeInstanceOf(UsageError);
              }
            }
            expect(untouched(world.machine)).toBe(true);
            for (const canary of world.canaries) {
              expect(canary.every((byte) => byte === CANARY)).toBe(true);
            }
          },
        ),
        { numRuns: 60 },
      );
    },
  );
});
