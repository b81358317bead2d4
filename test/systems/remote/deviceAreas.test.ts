import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RemoteVm } from "../../../src/index.ts";
import { remotePathNames } from "../../../src/machine/remotePath.ts";
import { folioWalk } from "../../../src/systems/remote/folioWalk.ts";
import { audit } from "../../machine/frames.ts";
import { letters } from "../../machine/letters.ts";
import { PAGE, kindsOf, machineOf, ramp } from "../../machine/pool.ts";
import { RemoteBed } from "./bed.ts";

/**
 * Memory of devices: no get_user_pages reaches it, only the driver's own access operation does; and no fast path
 * (specification of remote access, §2.1 step 4b and §2.11).
 */

const EFAULT = -14;
const EINVAL = -22;
const BASE = 0x10000000;
const LISTS = 0x50000000;
const content = ramp(4 * PAGE);

let bed: RemoteBed;

describe.each(remotePathNames)("path %s", (path) => {
  beforeEach(async () => {
    const machine = await machineOf({ memory: "16M", cpus: 2 });
    machine.remotePath = path;
    bed = new RemoteBed(machine);
  });

  afterEach(() => {
    expect(bed.spilled).toBe(0);
    expect(kindsOf(bed.machine)).toEqual([]);
    bed.end();
    expect(bed.machine.framesInUse).toBe(1);
    audit(bed.machine);
  });

  describe.each(["pfn", "mixed"] as const)("a %s area", (area) => {
    /** Four pages of a device, of which the program has seen all. */
    function mapDevice(accessBytes: number, protection = "rw"): void {
      bed.target.runOn(1);
      const mapping = bed.target.mapDevice({
        at: BASE,
        length: 4 * PAGE,
        area,
        accessBytes,
        protection,
      });
      mapping.write(0, content);
    }

    test("is the program's own to read and write", () => {
      mapDevice(0);
      expect(letters(bed.target, BASE, 4)).toBe("PPPP");
      expect(bed.target.uaccess.getUser(BASE + 8, 1).value).toBe(9n);
      expect(bed.target.uaccess.putUser(BASE + 8, 1, 77)).toBe(0);
      expect(bed.target.uaccess.getUser(BASE + 8, 1).value).toBe(77n);
    });

    test.each(["plain", "force"] as const)("without an operation: nothing, %s", (rights) => {
      mapDevice(0);
      expect(bed.read(BASE, 8, rights).bytes).toHaveLength(0);
      expect(bed.write(BASE, Uint8Array.of(1), rights).result).toBe(0);
    });

    test("with one: all of it, under one hold of the mmap lock, and none fast", () => {
      mapDevice(2 ** 32 - 1);
      const { bytes, counts } = bed.read(BASE + 100, 2 * PAGE);
      expect(bytes).toEqual(content.slice(100, 100 + 2 * PAGE));
      expect([counts.bytesFast, counts.bytesSlow]).toEqual([0, 2 * PAGE]);
      expect(counts.locks.mmapRead).toBe(1);
    });

    test("an operation that does less is asked again, until it does nothing", () => {
      mapDevice(1000);
      expect(bed.read(BASE + 50, 2500).bytes).toEqual(content.slice(50, 2550));
      expect(bed.write(BASE + PAGE - 3, ramp(10)).result).toBe(10);
      expect(bed.read(BASE + PAGE - 3, 10).bytes).toEqual(ramp(10));
    });

    test("the operation writes no area that may not be written, force or not", () => {
      mapDevice(PAGE, "r");
      expect(bed.write(BASE, Uint8Array.of(9), "force").result).toBe(0);
      expect(bed.read(BASE, 1).bytes).toEqual(content.slice(0, 1));
    });

    test("it does not ask for the right to read", () => {
      mapDevice(PAGE, "none");
      expect(bed.read(BASE, 8).bytes).toEqual(content.slice(0, 8));
    });

    test("ordinary pages on both sides of it are moved in one go with it", () => {
      mapDevice(2 ** 32 - 1);
      const around = ramp(PAGE);
      bed.target.map({ at: BASE - PAGE, length: PAGE }).write(0, around);
      bed.target.map({ at: BASE + 4 * PAGE, length: PAGE }).write(0, around);
      const bytes = bed.read(BASE - 10, 4 * PAGE + 20).bytes;
      expect(bytes).toHaveLength(4 * PAGE + 20);
      expect(bytes.slice(10, -10)).toEqual(content);
      expect(bytes.slice(-10)).toEqual(around.slice(0, 10));
    });

    test("process_vm never reaches it; cmdline does, for the driver is not asked whose memory it is", () => {
      mapDevice(PAGE);
      const { caller, target } = bed;
      caller.map({ at: LISTS, length: 2 * PAGE, populate: true });
      const vm = new RemoteVm(caller, target);
      target.setArguments({ argStart: BASE, argEnd: BASE + 8, envStart: BASE, envEnd: BASE + 8 });
      expect(vm.cmdline(LISTS + PAGE, 64).result).toBe(8);
      const local = vm.placeIovecs(LISTS, [{ address: LISTS + PAGE, length: 8 }]);
      const remote = vm.placeIovecs(LISTS + 64, [{ address: BASE, length: 8 }]);
      expect(vm.processVmReadv(local, remote).result).toBe(EFAULT);
      expect(vm.processVmWritev(local, remote).result).toBe(EFAULT);
    });

    test("there is no folio in it", () => {
      mapDevice(0);
      expect(folioWalk(bed.caller, bed.target, BASE, { zeroPage: true })).toBeNull();
    });

    test("a child has it too, and it goes with its last mapping", () => {
      mapDevice(PAGE);
      const child = bed.target.fork();
      expect(letters(child, BASE, 4)).toBe("PPPP");
      bed.target.unmap(BASE, 2 * PAGE);
      expect(letters(bed.target, BASE, 4)).toBe("..PP");
      expect(bed.read(BASE + 2 * PAGE, 4).bytes).toEqual(content.slice(2 * PAGE, 2 * PAGE + 4));
      child.exit();
    });
  });

  test.each(["vdso", "vvar"] as const)("%s is a whole: no call cuts it", (name) => {
    const { target } = bed;
    expect(target.moveSpecial(name, BASE)).toBe(0);
    expect(target.unmap(BASE, PAGE)).toBe(EINVAL);
    expect(target.protect(BASE + PAGE, PAGE, "none")).toBe(EINVAL);
    expect(target.seal(BASE, PAGE)).toBe(EINVAL);
    expect(target.vmas()).toHaveLength(1);
    expect(target.unmap(BASE, 4 * PAGE)).toBe(0);
    expect(target.vmas()).toHaveLength(0);
  });
});
