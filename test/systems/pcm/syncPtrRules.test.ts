import { describe, expect, it } from "vitest";
import {
  PcmStream,
  deviceProfiles,
  pcmRequest,
  type AbiName,
  type ArchName,
  type PcmOpenOptions,
} from "../../../src/index.ts";
import { hwRequest } from "../../../src/systems/pcm/params/index.ts";
import { machineOf } from "../../machine/pool.ts";
import { abiList, abiTable, threeStrategies } from "./abiTable.ts";
import {
  APPL,
  AVAIL_MIN,
  BOUNDARY32,
  HWSYNC,
  PAGE,
  PAGES,
  PATTERN,
  REPORT,
  SyncBed,
} from "./syncPtrBed.ts";

/** What SYNC_PTR takes, reports and refuses, whatever way the data moves. */

const EINVAL = 22;
const EPIPE = 32;
const EBADFD = 77;
const NO_REWINDS = 0x20000000;
const STATE_SETUP = 1n;
const STATE_XRUN = 4n;

function archOf(abi: AbiName): ArchName {
  return abi === "native32" ? "powerpc-8xx" : "x86-64";
}

async function bedFor(
  abi: AbiName,
  options: PcmOpenOptions & { kernel?: string } = {},
): Promise<SyncBed> {
  const { kernel, ...open } = options;
  return new SyncBed(
    await machineOf({ arch: archOf(abi), ...(kernel !== undefined && { kernel }) }),
    open,
  );
}

/** HW_PARAMS through a 32-bit door, after which the boundary fits 32 bits. */
function configureCompat(bed: SyncBed): void {
  const door = bed.machine.wordBytes === 8 ? "i386" : "native";
  const wanted = {
    access: 3,
    format: 2,
    channels: 2,
    rate: 48000,
    periodSize: 100,
    bufferSize: 400,
    flags: 0,
  };
  bed.pages.write(0, hwRequest(wanted, 4));
  expect(bed.stream.ioctl(door, pcmRequest("HW_PARAMS", 4), PAGES)).toBe(0);
  expect(bed.stream.prepare()).toBe(0);
  bed.acks();
}

/** The value of a written field, by its place in the order of writing. */
function shown(bed: SyncBed, abi: AbiName, field: number): bigint {
  const [offset, width] = abiTable[abi].fields[field]!;
  const view = new DataView(bed.pages.read(offset, width).buffer);
  return width === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
}

const STATE = 0;
const HW_PTR = 1;
const APPL_PTR = 7;
const MIN = 8;

const cases = abiList.flatMap((abi) => threeStrategies.map((strategy) => ({ abi, strategy })));

describe.each(cases)("flags, $abi $strategy", ({ abi, strategy }) => {
  it("a clear bit takes the program's value, a set one reports the kernel's", async () => {
    const bed = await bedFor(abi);
    const own = bed.field("avail_min");
    expect(bed.syncWith(abi, { flags: 0, applPtr: 100n, availMin: 3n }, strategy)).toBe(0);
    expect([bed.field("appl_ptr"), bed.field("avail_min"), own]).toEqual([100n, 3n, 100n]);
    expect([shown(bed, abi, APPL_PTR), shown(bed, abi, MIN)]).toEqual([100n, 3n]);

    expect(bed.syncWith(abi, { flags: REPORT, applPtr: 77n, availMin: 78n }, strategy)).toBe(0);
    expect([bed.field("appl_ptr"), bed.field("avail_min")]).toEqual([100n, 3n]);
    expect([shown(bed, abi, APPL_PTR), shown(bed, abi, MIN)]).toEqual([100n, 3n]);

    expect(bed.syncWith(abi, { flags: APPL, applPtr: 77n, availMin: 5n }, strategy)).toBe(0);
    expect(bed.syncWith(abi, { flags: AVAIL_MIN, applPtr: 120n, availMin: 9n }, strategy)).toBe(0);
    expect([bed.field("appl_ptr"), bed.field("avail_min")]).toEqual([120n, 5n]);
  });

  it("the driver is told once: the same appl_ptr again is no news", async () => {
    const bed = await bedFor(abi);
    for (let round = 0; round < 3; round++) {
      expect(bed.syncWith(abi, { flags: AVAIL_MIN, applPtr: 100n }, strategy)).toBe(0);
    }
    expect(bed.acks()).toEqual([100n]);
  });

  it("avail_min 0 is taken, unlike by SW_PARAMS", async () => {
    const bed = await bedFor(abi);
    expect(bed.syncWith(abi, { flags: APPL, availMin: 0n }, strategy)).toBe(0);
    expect(bed.field("avail_min")).toBe(0n);
  });

  it("an appl_ptr past the boundary is refused with nothing written back and avail_min not stored", async () => {
    const bed = await bedFor(abi);
    if (abi !== "native64") configureCompat(bed);
    const tried = bed.field("boundary");
    expect(tried).toBe(abi === "native64" ? BOUNDARY32 << 32n : BOUNDARY32);
    expect(bed.syncWith(abi, { flags: 0, applPtr: tried, availMin: 3n }, strategy)).toBe(-EINVAL);
    expect([bed.field("appl_ptr"), bed.field("avail_min"), bed.acks()]).toEqual([0n, 100n, []]);
    expect(bed.pages.read(abiTable[abi].fields[STATE]![0], 4)).toEqual(
      new Uint8Array(4).fill(PATTERN),
    );
    expect(bed.syncWith(abi, { flags: AVAIL_MIN, applPtr: tried - 1n }, strategy)).toBe(0);
    expect(bed.field("appl_ptr")).toBe(tried - 1n);
  });

  it("HWSYNC: fine when prepared, refused in SETUP and after an xrun, with memory untouched", async () => {
    const bed = await bedFor(abi);
    const hwsync = { flags: HWSYNC | REPORT };
    expect(bed.syncWith(abi, hwsync, strategy)).toBe(0);
    expect(bed.stream.drop()).toBe(0);
    expect([bed.syncWith(abi, hwsync, strategy), bed.field("state")]).toEqual([
      -EBADFD,
      STATE_SETUP,
    ]);
    expect(shown(bed, abi, STATE)).toBe(0xeeeeeeeen);
    expect(bed.stream.prepare()).toBe(0);
    expect(bed.syncWith(abi, { flags: AVAIL_MIN, applPtr: 100n }, strategy)).toBe(0);
    expect([bed.stream.start(), bed.stream.xrun()]).toEqual([0, 0]);
    expect(bed.syncWith(abi, hwsync, strategy)).toBe(-EPIPE);
    expect(shown(bed, abi, STATE)).toBe(0xeeeeeeeen);
    expect(bed.syncWith(abi, { flags: REPORT }, strategy)).toBe(0);
    expect(shown(bed, abi, STATE)).toBe(STATE_XRUN);
  });

  it("HWSYNC while running reports where the device is", async () => {
    const bed = await bedFor(abi);
    expect(bed.syncWith(abi, { flags: AVAIL_MIN, applPtr: 300n }, strategy)).toBe(0);
    expect(bed.stream.start()).toBe(0);
    bed.stream.setPosition(150);
    expect(bed.syncWith(abi, { flags: REPORT }, strategy)).toBe(0);
    expect(shown(bed, abi, HW_PTR)).toBe(0n);
    expect(bed.syncWith(abi, { flags: REPORT | HWSYNC }, strategy)).toBe(0);
    expect(shown(bed, abi, HW_PTR)).toBe(150n);
  });
});

describe("a device that allows no rewinds", () => {
  const device = { limits: { info: deviceProfiles.ctl.info | NO_REWINDS } };

  it("takes forward steps of up to a buffer, and one over the boundary", async () => {
    const bed = await bedFor("native64", { device });
    const boundary = bed.field("boundary");
    const to = (applPtr: bigint): number => bed.syncWith("native64", { flags: AVAIL_MIN, applPtr });
    expect([to(401n), to(400n), to(399n)]).toEqual([-EINVAL, 0, -EINVAL]);
    bed.setReported([2n, boundary - 50n, 0n, 0n, 0n, 0n, 0n, boundary - 50n, 100n]);
    expect(to(30n)).toBe(0);
    expect(bed.acks()).toEqual([400n, 30n]);
  });

  it("without it, any value below the boundary will do", async () => {
    const bed = await bedFor("native64");
    const to = (applPtr: bigint): number => bed.syncWith("native64", { flags: AVAIL_MIN, applPtr });
    expect([to(401n), to(400n), to(399n), to(bed.field("boundary") - 1n)]).toEqual([0, 0, 0, 0]);
  });
});

describe("pointers beyond 32 bits", () => {
  it.each(["compat", "x32"] as const)(
    "%s shows them modulo the 32-bit boundary, and its own appl_ptr as given",
    async (abi) => {
      const bed = await bedFor(abi);
      bed.setReported([2n, 3n * BOUNDARY32 + 5n, 0n, 0n, 0n, 0n, 0n, 4n * BOUNDARY32 + 6n, 100n]);
      expect(bed.syncWith(abi, { flags: REPORT })).toBe(0);
      expect([shown(bed, abi, HW_PTR), shown(bed, abi, APPL_PTR)]).toEqual([5n, 6n]);
      expect(bed.syncWith(abi, { flags: AVAIL_MIN, applPtr: BOUNDARY32 + 7n })).toBe(0);
      expect(shown(bed, abi, APPL_PTR)).toBe(BOUNDARY32 + 7n);
    },
  );

  it("compat-time64 fills hw_ptr as it is and cuts appl_ptr to its word", async () => {
    const bed = await bedFor("compat-time64");
    bed.setReported([2n, 3n * BOUNDARY32 + 5n, 0n, 0n, 0n, 0n, 0n, 4n * BOUNDARY32 + 6n, 100n]);
    expect(bed.syncWith("compat-time64", { flags: REPORT })).toBe(0);
    const cut = BigInt.asUintN(32, 4n * BOUNDARY32 + 6n);
    expect([shown(bed, "compat-time64", HW_PTR), shown(bed, "compat-time64", APPL_PTR)]).toEqual([
      3n * BOUNDARY32 + 5n,
      cut,
    ]);
  });
});

describe("what each kernel version does", () => {
  /** Changed bytes outside the nine fields tell a block copy from the rest; guard pairs tell the other two apart. */
  async function formOf(kernel: string, abi: AbiName): Promise<string> {
    const machine = await machineOf({ build: "study", arch: archOf(abi), kernel });
    const bed = new SyncBed(machine);
    const before = machine.counters();
    expect(bed.syncWith(abi, { flags: REPORT })).toBe(0);
    const after = machine.counters();
    if (after.copiesTo > before.copiesTo) return "copy";
    return after.writeBlocks > before.writeBlocks ? "unsafe-block" : "per-field";
  }

  const old = {
    native64: "copy",
    native32: "copy",
    compat: "per-field",
    x32: "per-field",
    "compat-time64": "copy",
  };
  const now = {
    native64: "unsafe-block",
    native32: "unsafe-block",
    compat: "unsafe-block",
    x32: "unsafe-block",
    "compat-time64": "copy",
  };

  it.each([
    ["6.1", old],
    ["6.12", old],
    ["6.12.117+deb12-amd64", old],
    ["6.17", now],
    ["7.0", now],
    ["7.1", now],
  ] as const)("%s", async (kernel, forms) => {
    const found: Record<string, string> = {};
    for (const abi of abiList) found[abi] = await formOf(kernel, abi);
    expect(found).toEqual(forms);
  });

  it.each(["6.12", "6.17", "7.0"])(
    "%s: x32 stores any appl_ptr and tells nobody",
    async (kernel) => {
      const bed = await bedFor("x32", { kernel });
      configureCompat(bed);
      bed.setReported([2n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 100n]);
      expect(bed.syncWith("x32", { flags: AVAIL_MIN, applPtr: 0xffffffffn })).toBe(0);
      expect([bed.field("appl_ptr"), bed.acks()]).toEqual([0xffffffffn, []]);
    },
  );

  it("7.1: x32 checks it and calls ack, like the others", async () => {
    const bed = await bedFor("x32", {
      kernel: "7.1",
      device: { limits: { info: deviceProfiles.ctl.info | NO_REWINDS } },
    });
    expect(bed.syncWith("x32", { flags: AVAIL_MIN, applPtr: 401n })).toBe(-EINVAL);
    expect(bed.syncWith("x32", { flags: AVAIL_MIN, applPtr: 400n })).toBe(0);
    expect([bed.field("appl_ptr"), bed.acks()]).toEqual([400n, [400n]]);
  });

  it.each([
    ["native64", "7.1", -EINVAL],
    ["compat", "7.1", -EINVAL],
    ["x32", "7.1", -EINVAL],
    ["x32", "6.12", 0],
  ] as const)(
    "in OPEN there is no boundary: %s on %s answers %i to an appl_ptr",
    async (abi, kernel, result) => {
      const bed = await bedFor(abi, { kernel });
      const opened = PcmStream.open(bed.task);
      const call = (flags: number): number =>
        opened.syncPtr({ address: bed.put(bed.argument(abi, { flags, applPtr: 1n }), PAGE), abi });
      expect([call(REPORT), call(AVAIL_MIN)]).toEqual([0, result]);
    },
  );
});
