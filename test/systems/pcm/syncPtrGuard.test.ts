import { beforeAll, describe, expect, it } from "vitest";
import fc from "../../support/properties.ts";
import {
  Machine,
  archNames,
  type AbiName,
  type ArchName,
  type BuildName,
  type StrategyName,
} from "../../../src/index.ts";
import { EFAULT, kindsOf, machineOf } from "../../machine/pool.ts";
import { mutantCore } from "../../support/mutant.ts";
import { abiTable, everyCase, threeStrategies } from "./abiTable.ts";
import { PAGE, PAGES, PATTERN, REPORT, SyncBed } from "./syncPtrBed.ts";

/** How often the guard toggles, and what the range checks let through. */

describe("guard pairs of a successful call (claim 6)", () => {
  /**
   * [read, write] pairs of per field, copy, unsafe block; copies of a whole argument have one write pair instead of
   * two.
   */
  type Pairs = readonly [per: readonly number[], copy: readonly number[], block: readonly number[]];
  const usual: Pairs = [
    [3, 9],
    [2, 2],
    [1, 1],
  ];
  const none: Pairs = [
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  const pairsOf: Readonly<Record<ArchName, Pairs>> = {
    "x86-64": usual,
    "powerpc-8xx": usual,
    "powerpc-book3s32": [
      [0, 9],
      [0, 2],
      [0, 1],
    ], // reads are not guarded
    "powerpc-book3s64": usual,
    "arm64-pan": none, // the hardware guards, nothing is opened
    "arm64-ttbr0": usual,
    riscv64: [
      [3, 9],
      [2, 2],
      [3, 9],
    ], // blocks open nothing, each access does
    "riscv64-block-guard": usual,
    none,
  };

  it.each(everyCase)("$arch $abi $strategy", async ({ arch, abi, strategy }) => {
    const machine = await machineOf({ build: "study", arch });
    const bed = new SyncBed(machine);
    const before = machine.counters();
    expect(bed.syncWith(abi, { flags: REPORT }, strategy)).toBe(0);
    const after = machine.counters();
    const count = (
      name: "guardOpensRead" | "guardOpensWrite" | "guardClosesRead" | "guardClosesWrite",
    ): number => after[name] - before[name];
    const [read, write] = pairsOf[arch][threeStrategies.indexOf(strategy)]!;
    const written =
      strategy === "copy" && abiTable[abi].copiedOut.length === 1 ? Math.min(write!, 1) : write;
    expect([count("guardOpensRead"), count("guardOpensWrite")]).toEqual([read, written]);
    expect([count("guardClosesRead"), count("guardClosesWrite")]).toEqual([read, written]);
    expect(machine.exports.guardDirections(0)).toBe(0);
    expect(kindsOf(machine)).toEqual([]);
  });

  it("12, 4 and 2 in the thread's own case, 9, 2 and 1 where reads are free, 12 again on RISC-V", () => {
    const total = (arch: ArchName): number[] =>
      pairsOf[arch].map(([read, write]) => read! + write!);
    expect(total("powerpc-8xx")).toEqual([12, 4, 2]);
    expect(total("powerpc-book3s32")).toEqual([9, 2, 1]);
    expect(total("riscv64")).toEqual([12, 4, 12]);
  });
});

/** The first address of each profile that is not user space, on a recent kernel. */
const userLimit: Readonly<Record<ArchName, bigint>> = {
  "x86-64": 2n ** 47n - 4096n,
  none: 2n ** 47n - 4096n,
  "powerpc-8xx": 0x80000000n,
  "powerpc-book3s32": 0xc0000000n,
  "powerpc-book3s64": 2n ** 52n,
  "arm64-pan": 2n ** 48n,
  "arm64-ttbr0": 2n ** 48n,
  riscv64: 2n ** 38n,
  "riscv64-block-guard": 2n ** 38n,
};

describe("reach: the used fields are legal, the tail lies past the user limit", () => {
  /** What looks at a constant size of up to a page: everything but x86-64 since 6.4 (and its guardless double). */
  const looksAtSize = (arch: ArchName): boolean => arch !== "x86-64" && arch !== "none";

  /** Puts an argument so that its last used byte is the last below the limit. */
  async function atLimit(
    arch: ArchName,
    abi: AbiName,
    options: { kernel?: string; build?: BuildName } = {},
  ): Promise<{ bed: SyncBed; address: bigint }> {
    const bed = new SyncBed(await machineOf({ build: "study", arch, ...options }));
    const limit = userLimit[arch];
    const last = bed.task.map({ at: limit - BigInt(PAGE), length: PAGE, populate: true });
    const [offset, width] = abiTable[abi].fields[8]!;
    const image = bed.argument(abi, { flags: REPORT }).subarray(0, offset + width);
    last.write(PAGE - image.length, image);
    return { bed, address: limit - BigInt(image.length) };
  }

  it.each(everyCase)("$arch $abi $strategy", async ({ arch, abi, strategy }) => {
    const { copiedOut } = abiTable[abi];
    const copiesTail = copiedOut.length === 1; // the whole argument in one copy, whose size is looked at everywhere
    const refused =
      strategy === "unsafe-block" ? looksAtSize(arch) : strategy === "copy" && copiesTail;
    const released = await atLimit(arch, abi, { build: "release" });
    expect(released.bed.sync(released.address, abi, strategy)).toBe(refused ? -EFAULT : 0);
    const { bed, address } = await atLimit(arch, abi);
    expect(bed.sync(address, abi, strategy)).toBe(refused ? -EFAULT : 0);
    const counted = bed.machine.counters();
    expect([counted.guardClosesRead, counted.guardClosesWrite]).toEqual([
      counted.guardOpensRead,
      counted.guardOpensWrite,
    ]);
    expect(bed.machine.exports.guardDirections(0)).toBe(0);
    expect(kindsOf(bed.machine)).toEqual([]);
  });

  it.each(["6.12", "7.1"])(
    "byte 80 of the compat argument at the limit, kernel %s: x86-64 accepts both",
    async (kernel) => {
      const { bed, address } = await atLimit("x86-64", "compat", { kernel });
      const earlier = address - 4n; // 80 bytes below the limit
      expect(bed.sync(earlier, "compat", "per-field")).toBe(0);
      expect(bed.sync(earlier, "compat", "unsafe-block")).toBe(0);
    },
  );

  it("before 6.4 x86-64 looked at the size as well", async () => {
    const { bed, address } = await atLimit("x86-64", "compat", { kernel: "6.1" });
    expect(bed.sync(address, "compat", "per-field")).toBe(0);
    expect(bed.sync(address, "compat", "unsafe-block")).toBe(-EFAULT);
  });
});

describe("the range check of the block's write side can be dropped (claim 5)", () => {
  const dropped = {
    file: "uaccess/block.ts",
    find: "if (!accessOkFixed(cpu, va, length, DIRECTION_WRITE)) return false;",
    replace: "",
  };
  const tagged = {
    file: "pcm/syncPtr.ts",
    find: "writeSide(cpu, va, abi, form)",
    replace: "writeSide(cpu, va | (1 << 56), abi, form)",
  };
  let unchecked: Machine;
  let moved: Machine;
  let movedUnchecked: Machine;

  beforeAll(async () => {
    const machine = async (mutations: Parameters<typeof mutantCore>[1]): Promise<Machine> =>
      Machine.create({ wasm: await mutantCore("release", mutations), memory: "4M" });
    unchecked = await machine([dropped]);
    moved = await machine([tagged]);
    movedUnchecked = await machine([tagged, dropped]);
  });

  /** Addresses anywhere, and near each edge: the two pages, the border, the limit, the ends of the number range. */
  function addresses(arch: ArchName): fc.Arbitrary<bigint> {
    const edges = [
      BigInt(PAGES),
      BigInt(PAGES + PAGE),
      BigInt(PAGES + 2 * PAGE),
      userLimit[arch],
      2n ** 32n,
      2n ** 63n,
      2n ** 64n,
      0n,
    ];
    const near = fc.tuple(fc.constantFrom(...edges), fc.bigInt(-200n, 200n));
    const bits = userLimit[arch] < 2n ** 32n ? 32 : 64;
    return fc
      .oneof(
        fc.bigInt(0n, 2n ** 64n - 1n),
        near.map(([edge, distance]) => edge + distance),
      )
      .map((address) => BigInt.asUintN(bits, address));
  }

  /** Result and memory of one call at an address. */
  function outcome(bed: SyncBed, address: bigint, abi: AbiName, strategy: StrategyName): string {
    bed.pages.write(0, new Uint8Array(2 * PAGE).fill(PATTERN));
    const inside = address >= BigInt(PAGES) && address + 4n <= BigInt(PAGES + 2 * PAGE);
    if (inside) bed.pages.write(Number(address) - PAGES, Uint8Array.of(REPORT, 0, 0, 0));
    const result = bed.sync(address, abi, strategy);
    return `${result} ${Buffer.from(bed.pages.read(0, 2 * PAGE)).toString("base64")} ${kindsOf(bed.machine).join()}`;
  }

  it.each(archNames)("%s: no result changes without it", async (arch) => {
    const checked = new SyncBed(await machineOf({ arch, memory: "4M" }));
    const other = new SyncBed(unchecked.reset({ arch }));
    fc.assert(
      fc.property(addresses(arch), fc.constantFrom("compat", "native64", "x32"), (address, abi) => {
        const abiName = abi as AbiName;
        return (
          outcome(checked, address, abiName, "unsafe-block") ===
          outcome(other, address, abiName, "unsafe-block")
        );
      }),
      { numRuns: 150, seed: 5 },
    );
  });

  it("but it was there for a reason: a pointer that changes between the sides is refused only with it", () => {
    const calls = [moved, movedUnchecked].map((machine) => {
      const bed = new SyncBed(machine.reset({ arch: "arm64-ttbr0" }));
      const result = bed.syncWith("compat", { flags: REPORT }, "unsafe-block");
      return {
        result,
        written: bed.pages.read(4, abiTable.compat.bytes - 4).some((byte) => byte !== PATTERN),
      };
    });
    expect(calls).toEqual([
      { result: -EFAULT, written: false },
      { result: 0, written: true },
    ]);
  });
});
