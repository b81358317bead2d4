import { beforeAll, describe, expect, it } from "vitest";
import {
  Machine,
  syncPtrFields,
  type BuildName,
  syncPtrLayout,
  type AbiName,
} from "../../../src/index.ts";
import { kindsOf, machineOf } from "../../machine/pool.ts";
import { mutantCore } from "../../support/mutant.ts";
import { abiList, abiTable, everyCase, isNarrow, type Case } from "./abiTable.ts";
import { BOUNDARY32, PAGE, PATTERN, REPORT, SyncBed } from "./syncPtrBed.ts";
import { modelStored, modelWrite, type Values } from "./syncPtrModel.ts";

/** Where everything stands, and which bytes of the argument a call stores. */

describe("the argument's layout", () => {
  it.each(abiList)("%s is the table's", async (abi) => {
    const { bytes, fields } = syncPtrLayout(await machineOf(), abi);
    expect(bytes).toBe(abiTable[abi].bytes);
    expect(fields.map(({ field }) => field)).toEqual([...syncPtrFields]);
    expect(fields.map(({ offset, width }) => [offset, width])).toEqual(abiTable[abi].fields);
  });
});

/** Values that differ in every byte a field can hold, pointers beyond the 32-bit boundary among them. */
function reportedBy({ arch }: Pick<Case, "arch">): Values {
  const pointer = isNarrow(arch) ? 0x51423300n : 7n * BOUNDARY32 + 0x51423300n;
  return [
    0x11121314n,
    pointer + 1n,
    0x2122232425262728n,
    0x3132333435363738n,
    0x41424344n,
    0x5152535455565758n,
    0x6162636465666768n,
    pointer + 2n,
    isNarrow(arch) ? 0x71727374n : 0x7172737475767778n,
  ];
}

/** What the program sees of them: compat and x32 show pointers modulo the 32-bit boundary. */
function shownBy({ arch, abi }: Pick<Case, "arch" | "abi">): Values {
  const reduces = abi === "compat" || abi === "x32";
  return reportedBy({ arch }).map((value, field) =>
    reduces && (field === 1 || field === 7) ? value % BOUNDARY32 : value,
  );
}

/** Bytes stored by one call: 36, 52, 56 or 64 for the nine fields alone, more where a copy brings the holes along. */
const storedBytes: Readonly<Record<AbiName, { fields: number; copy: number }>> = {
  native64: { fields: 64, copy: 136 },
  native32: { fields: 52, copy: 136 },
  compat: { fields: 36, copy: 40 },
  x32: { fields: 52, copy: 64 },
  "compat-time64": { fields: 56, copy: 136 },
};

describe("one successful call", () => {
  it.each(everyCase)("$arch $abi $strategy: exactly these bytes", async (which) => {
    for (const build of ["release", "study"] as const) await expectBytes(build, which);
  });

  async function expectBytes(build: BuildName, which: Case): Promise<void> {
    const { arch, abi, strategy } = which;
    const machine = await machineOf({ build, arch });
    const bed = new SyncBed(machine);
    bed.setReported(reportedBy(which));
    const before = bed.argument(abi, { flags: REPORT });
    const address = bed.put(before, PAGE);
    const around = bed.pages.read(before.length, 2 * PAGE - before.length);
    expect(bed.sync(address, abi, strategy)).toBe(0);
    const { bytes } = modelWrite(which, before, shownBy(which));
    expect(bed.get(address, before.length)).toEqual(bytes);
    expect(Buffer.compare(bed.pages.read(before.length, around.length), around)).toBe(0);
    expect(modelStored(which).size).toBe(storedBytes[abi][strategy === "copy" ? "copy" : "fields"]);
    expect(kindsOf(machine)).toEqual([]);
  }

  it.each(["native64", "native32", "compat", "x32", "compat-time64"] as const)(
    "%s: holes are zeroed by copies and left alone by the others",
    async (abi) => {
      const arch = abi === "native32" ? "powerpc-8xx" : "x86-64";
      const changed: Record<string, number[]> = {};
      for (const strategy of ["per-field", "copy", "unsafe-block"] as const) {
        const bed = new SyncBed(await machineOf({ arch }));
        expect(bed.syncWith(abi, { flags: REPORT }, strategy)).toBe(0);
        const after = bed.pages.read(0, abiTable[abi].bytes);
        const inFields = new Set(
          abiTable[abi].fields.flatMap(([offset, width]) => range(offset, width)),
        );
        const others = [...after.keys()].filter((at) => at >= 4 && !inFields.has(at));
        changed[strategy] = others.filter((at) => after[at] !== PATTERN);
        if (strategy === "copy") {
          expect(others.map((at) => after[at])).toEqual(
            others.map((at) => (changed[strategy]!.includes(at) ? 0 : PATTERN)),
          );
        }
      }
      expect(changed).toEqual({ "per-field": [], copy: zeroedHoles[abi], "unsafe-block": [] });
    },
  );
});

function range(start: number, length: number): number[] {
  return Array.from({ length }, (_, at) => start + at);
}

/** Bytes outside the nine fields and the flags that a copy stores. */
const zeroedHoles: Readonly<Record<AbiName, number[]>> = {
  native64: [...range(4, 4), ...range(12, 4), ...range(44, 4), ...range(64, 8), ...range(88, 48)],
  native32: [
    ...range(4, 4),
    ...range(12, 4),
    ...range(20, 4),
    ...range(44, 4),
    ...range(64, 8),
    ...range(80, 56),
  ],
  compat: range(8, 4),
  x32: [...range(12, 4), ...range(20, 4), ...range(44, 4)],
  "compat-time64": [
    ...range(4, 4),
    ...range(12, 4),
    ...range(44, 4),
    ...range(64, 8),
    ...range(80, 56),
  ],
};

describe("a block copy whose image is not zeroed first", () => {
  const STACK_BYTES = 256;
  const STALE = 0xa5;
  let careless: Machine;

  beforeAll(async () => {
    const wasm = await mutantCore("release", [
      {
        file: "pcm/syncMove.ts",
        find: "clearStatus(status, statusBytes(abi));",
        replace: "",
      },
      { file: "pcm/syncCompat.ts", find: "clearStatus(status, STATUS_BYTES);", replace: "" },
    ]);
    careless = await Machine.create({ wasm });
  });

  /** Bytes of stale kernel stack that one call shows the program. */
  function leaked(machine: Machine, abi: AbiName, strategy: Case["strategy"]): number[] {
    const bed = new SyncBed(machine);
    const address = bed.put(bed.argument(abi, { flags: REPORT }), PAGE);
    const end = machine.exports.cpuAddress(bed.task.cpu) + machine.constant("CPU_BYTES");
    machine.bytes.fill(STALE, end - STACK_BYTES, end);
    expect(bed.sync(address, abi, strategy)).toBe(0);
    const after = bed.get(address, abiTable[abi].bytes);
    return [...after.keys()].filter((at) => after[at] === STALE);
  }

  it.each(["compat", "x32"] as const)("%s: leaks exactly what lies in the holes", async (abi) => {
    expect(leaked(careless.reset(), abi, "copy")).toEqual(zeroedHoles[abi]);
    expect(leaked(careless.reset(), abi, "per-field")).toEqual([]);
    expect(leaked(careless.reset(), abi, "unsafe-block")).toEqual([]);
    expect(leaked(await machineOf(), abi, "copy")).toEqual([]);
  });
});
