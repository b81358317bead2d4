import { describe, expect, test } from "vitest";
import {
  remotePathNames,
  RemoteVm,
  runPrograms,
  type Machine,
  type Program,
  type Task,
} from "../../../src/index.ts";
import { machineOf, PAGE } from "../../machine/pool.ts";

/**
 * Tagged addresses in another process's memory (untagged_addr_remote): RISC-V's mask belongs to the address space that is
 * looked into, arm64 drops tags whoever passes them.
 */

const BASE = 0x10000000;
const riscvTag = 0x55n << 57n;
const armTag = 0xa5n << 56n;

interface Scene {
  readonly machine: Machine;
  readonly target: Task;
  readonly vm: RemoteVm;
}

async function scene(arch: "riscv64" | "arm64-pan", build: "release" | "study"): Promise<Scene> {
  const machine = await machineOf({ arch, build, memory: "4M", cpus: 2 });
  const target = machine.createTask({ cpu: 1 });
  target.map({ at: BASE, length: 2 * PAGE }).write(0, new Uint8Array(2 * PAGE).fill(7));
  return { machine, target, vm: new RemoteVm(machine.createTask({ cpu: 0 }), target) };
}

describe.each(remotePathNames)("path %s", (path) => {
  test("RISC-V: the target's mask counts, not the caller's", async () => {
    const { vm, target, machine } = await scene("riscv64", "release");
    machine.remotePath = path;
    const tagged = riscvTag | BigInt(BASE);
    expect(vm.read(tagged, 8).result).toBe(0);
    vm.caller.setTagged(true);
    expect(vm.read(tagged, 8).result).toBe(0);
    target.setTagged(true);
    vm.caller.setTagged(false);
    expect(vm.read(tagged, 8).bytes).toEqual(new Uint8Array(8).fill(7));
    expect(vm.write(tagged, Uint8Array.of(1)).result).toBe(1);
    expect(vm.read(BASE, 8).result).toBe(8);
    target.setTagged(false);
    expect(vm.read(tagged, 8).result).toBe(0);
  });

  test("RISC-V: process_vm, a fault by hand, a fork and an exec go by it", async () => {
    const { vm, target, machine } = await scene("riscv64", "release");
    machine.remotePath = path;
    const { caller } = vm;
    caller.map({ at: BASE, length: PAGE, populate: true });
    const local = vm.placeIovecs(BASE, [{ address: BASE + 64, length: 8 }]);
    const remote = vm.placeIovecs(BASE + 32, [{ address: riscvTag | BigInt(BASE), length: 8 }]);
    expect(vm.processVmReadv(local, remote).result).toBe(-14);
    expect(target.fixupFault(riscvTag | BigInt(BASE), "read").result).toBe(-14);
    target.setTagged(true);
    expect(vm.processVmReadv(local, remote).result).toBe(8);
    expect(target.fixupFault(riscvTag | BigInt(BASE), "read").result).toBe(0);
    const child = target.fork();
    expect(new RemoteVm(caller, child).read(riscvTag | BigInt(BASE), 8).result).toBe(8);
    child.exec([], []);
    child.map({ at: BASE, length: PAGE });
    expect(new RemoteVm(caller, child).read(riscvTag | BigInt(BASE), 8).result).toBe(0);
    child.runOn(1);
    expect(child.uaccess.accessOk(riscvTag | BigInt(BASE), 8)).toBe(false);
  });

  test("arm64: a tag never counts", async () => {
    const { vm, machine } = await scene("arm64-pan", "release");
    machine.remotePath = path;
    expect(vm.read(armTag | BigInt(BASE), 8).result).toBe(8);
  });

  test.each([true, false])(
    "a mask that changes (to %s) during a read: as before, or as after",
    async (on) => {
      const { vm, target, machine } = await scene("riscv64", "study");
      machine.remotePath = path;
      target.setTagged(!on);
      const { exports } = machine;
      const buffer = machine.allocKernel(2 * PAGE);
      const from = riscvTag | BigInt(BASE + PAGE - 8);
      const [lo, hi] = [Number(from & 0xffff_ffffn), Number(from >> 32n)];
      const start = machine.snapshot();
      const seen = new Set<number>();
      for (let before = 0, more = true; more; before++) {
        machine.restore(start);
        let steps = 0;
        const traces = runPrograms(
          machine,
          [
            { task: vm.caller, body: reading() },
            { task: target, body: changing() },
          ],
          { choose: (runnable) => (steps++ === before && runnable.includes(1) ? 1 : runnable[0]!) },
        );
        seen.add(traces[0]!.results[0]!.result);
        more = before < steps;
      }
      expect([...seen].sort((a, b) => a - b)).toEqual([0, 16]);

      function* reading(): Program {
        yield {
          name: "read",
          call: () =>
            machine.rawExports.accessProcessVm(0, target.handle, lo, hi, buffer.linear, 16, 0),
        };
      }

      function* changing(): Program {
        yield {
          name: "prctl",
          call: () => {
            exports.setTagged(target.handle, on ? 1 : 0);
            return 0;
          },
        };
      }
    },
  );
});
