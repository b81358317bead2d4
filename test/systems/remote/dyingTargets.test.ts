import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { remotePathNames, RemoteVm, type Machine, type Task } from "../../../src/index.ts";
import { audit } from "../../machine/frames.ts";
import { letters } from "../../machine/letters.ts";
import { kindsOf, machineOf, PAGE } from "../../machine/pool.ts";

/** A target that the OOM reaper gets to while others look into it: what was lost is never taken for fresh zeros. */

const BASE = 0x10000000;
const at = (page: number): number => BASE + page * PAGE;

let machine: Machine;
let target: Task;
let vm: RemoteVm;

describe.each(remotePathNames)("path %s", (path) => {
  beforeEach(async () => {
    machine = await machineOf({ memory: "8M", cpus: 2 });
    target = machine.createTask({ cpu: 1 });
    vm = new RemoteVm(machine.createTask({ cpu: 0 }), target, { path });
  });

  afterEach(() => {
    expect(kindsOf(machine)).toEqual([]);
    vm.caller.exit();
    target.exit();
    audit(machine);
  });

  function filled(page: number, pages: number): void {
    target
      .map({ at: at(page), length: pages * PAGE })
      .write(0, new Uint8Array(pages * PAGE).fill(7));
  }

  test("what is private is gone, and no read brings it back as zeros", () => {
    filled(0, 2);
    target.oomReap();
    expect(letters(target, at(0), 2)).toBe("..");
    expect(vm.read(at(0), 8)).toMatchObject({ result: 0, bytes: { length: 0 } });
    expect(vm.read(at(0), 8, "force").result).toBe(0);
    expect(vm.peek(at(1)).result).toBe(-5);
    expect(letters(target, at(0), 2)).toBe("..");
  });

  test("nor does a write: there is no page to write to", () => {
    filled(0, 1);
    target.oomReap();
    expect(vm.write(at(0), Uint8Array.of(1)).result).toBe(0);
    expect(target.touch(at(0), "write")).toBe(false); // the program itself gets SIGBUS
    expect(target.touch(at(0), "read")).toBe(false);
  });

  test("what is shared stays, and is read on", () => {
    target.map({ at: at(0), length: PAGE, shared: true }).write(0, Uint8Array.of(9));
    target.map({ at: at(1), length: PAGE, shared: true });
    filled(2, 1);
    target.oomReap();
    expect(vm.read(at(0), 1).bytes).toEqual(Uint8Array.of(9));
    expect(vm.read(at(1), 2 * PAGE).result).toBe(PAGE);
  });

  test("a private mapping keeps what of its file is cached around, and gets no copy", () => {
    const file = machine.createFile(2 * PAGE);
    file.page(0).fill(3);
    target.map({ at: at(0), length: 2 * PAGE, file });
    target.touch(at(0), "write");
    target.oomReap();
    expect(letters(target, at(0), 2)).toBe("..");
    expect(vm.read(at(0), 1).bytes).toEqual(Uint8Array.of(3)); // fault-around asks nobody
    expect(vm.read(at(1), 1).result).toBe(0);
    expect(target.touch(at(1), "write")).toBe(false);
    file.close();
  });

  test("huge pages go whole, and do not come again", () => {
    const huge = 2 << 20;
    target.map({ at: BASE, length: huge });
    target.advise(BASE, huge, "hugepage");
    target.touch(BASE, "write");
    expect(target.entryOf(BASE).level).toBe(2);
    target.oomReap();
    expect(target.entryOf(BASE).entry).toBe(0n);
    expect(vm.read(BASE, 8).result).toBe(0);
  });

  test("a child forked before keeps its pages; exec starts anew", () => {
    filled(0, 1);
    const child = target.fork();
    target.oomReap();
    expect(letters(child, at(0), 1)).toBe("A");
    expect(new RemoteVm(vm.caller, child).read(at(0), 1).bytes).toEqual(Uint8Array.of(7));
    child.exit();
    target.exec([], []);
    target.map({ at: at(0), length: PAGE });
    expect(vm.read(at(0), 8).result).toBe(8);
  });
});
