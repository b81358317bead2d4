import { afterEach, describe, expect, test } from "vitest";
import {
  remotePathNames,
  RemoteVm,
  type Machine,
  type MapOptions,
  type OpenMemFile,
  type Task,
  type UserFile,
} from "../../../src/index.ts";
import { audit } from "../../machine/frames.ts";
import { letters } from "../../machine/letters.ts";
import { kindsOf, machineOf, PAGE } from "../../machine/pool.ts";

/**
 * What each event in the middle of an access comes to, whatever the path: results, bytes and pages, one thread at a
 * time. Every case leaves no frame, reference or lock behind.
 */

const EIO = -5;
const EFAULT = -14;
const BASE = 0x10000000;
const at = (page: number): number => BASE + page * PAGE;
const BUFFER = 0x50000000;
const LISTS = 0x60000000;

let machine: Machine;
let caller: Task;
let target: Task;
let files: UserFile[] = [];
let opened: OpenMemFile[] = [];

describe.each(remotePathNames)("path %s", (path) => {
  /** Version 1 of the fast path loses bytes before a hole, and takes a file's pages for anonymous memory. */
  const isFirstVersion = path === "fast-v1";

  async function begin(): Promise<RemoteVm> {
    machine = await machineOf({ memory: "16M", cpus: 2 });
    target = machine.createTask({ cpu: 1 });
    caller = machine.createTask({ cpu: 0 });
    caller.map({ at: BUFFER, length: 8 * PAGE });
    caller.map({ at: LISTS, length: PAGE, populate: true });
    return new RemoteVm(caller, target, { path });
  }

  afterEach(() => {
    for (const file of opened) file.close();
    for (const task of [caller, target]) task.exit();
    for (const file of files) file.close();
    [files, opened] = [[], []];
    expect(kindsOf(machine)).toEqual([]);
    expect(machine.framesInUse).toBe(1);
    audit(machine);
  });

  /** Maps pages of the target. */
  function map(page: number, pages: number, options: Partial<MapOptions> = {}): void {
    target.map({ at: at(page), length: pages * PAGE, ...options });
  }

  /** The target's program writes a page's number into its first byte. */
  function fill(page: number, pages: number): void {
    target.runOn(1);
    for (let index = page; index < page + pages; index++) {
      target.uaccess.putUser(at(index), 1, 1 + index);
    }
  }

  function newFile(pages: number, value: number): UserFile {
    const file = machine.createFile(pages * PAGE);
    for (let index = 0; index < pages; index++) file.page(index).fill(value);
    files.push(file);
    return file;
  }

  function openMem(vm: RemoteVm): OpenMemFile {
    const file = vm.memFile() as OpenMemFile;
    opened.push(file);
    return file;
  }

  /** What the caller's buffer holds, from its start. */
  function bufferBytes(length: number): number[] {
    caller.runOn(0);
    return Array.from({ length }, (_, index) =>
      Number(caller.uaccess.getUser(BUFFER + index, 1).value),
    );
  }

  describe("ends", () => {
    test("all bytes; none at length 0; none where nothing is mapped first", async () => {
      const vm = await begin();
      map(0, 2);
      fill(0, 2);
      expect(vm.read(at(1) - 8, 16).result).toBe(16);
      expect(vm.read(at(0), 0).result).toBe(0);
      expect(vm.read(at(5), 16).result).toBe(0);
    });

    test("what lies before the unmapped part counts", async () => {
      const vm = await begin();
      map(0, 1);
      fill(0, 1);
      expect(vm.read(at(1) - 8, 16).result).toBe(isFirstVersion ? 0 : 8);
    });

    test("a page that is absent after resident ones is had all the same, as zeros", async () => {
      const vm = await begin();
      map(0, 2);
      fill(0, 1);
      const { result, bytes } = vm.read(at(0), 2 * PAGE);
      expect([result, bytes[0], bytes[PAGE]]).toEqual([2 * PAGE, 1, 0]);
      expect(letters(target, at(0), 2)).toBe("AZ");
    });

    test("bytes beyond the result stay as they were", async () => {
      const vm = await begin();
      map(0, 1);
      fill(0, 1);
      caller.runOn(0);
      for (let index = 0; index < 16; index++) caller.uaccess.putUser(BUFFER + index, 1, 0x55);
      expect(openMem(vm).pread(BUFFER, 16, at(1) - 8).result).toBe(isFirstVersion ? EIO : 8);
      expect(bufferBytes(16).slice(8)).toEqual(new Array<number>(8).fill(0x55));
    });
  });

  describe("doors", () => {
    test("a word that is cut short is EIO; a poke has stored its first part", async () => {
      const vm = await begin();
      map(0, 1);
      expect(vm.peek(at(1) - 4).result).toBe(EIO);
      expect(vm.poke(at(1) - 4, 0x0807060504030201n).result).toBe(EIO);
      expect(Array.from(vm.read(at(1) - 4, 4).bytes)).toEqual([1, 2, 3, 4]);
    });

    test("the mem file: EIO where nothing was moved, else the count; then its position is there", async () => {
      const vm = await begin();
      map(0, 2);
      const file = openMem(vm);
      file.seek(at(2) - 6000);
      expect(file.read(BUFFER, 10_000).result).toBe(6000);
      expect(file.position).toBe(BigInt(at(2)));
      expect(file.read(BUFFER, 10_000).result).toBe(EIO);
    });

    test("the mem file: a fault of the caller's buffer loses the count, and written bytes stay", async () => {
      const vm = await begin();
      map(0, 4);
      const file = openMem(vm);
      caller.unmap(BUFFER + PAGE, 7 * PAGE);
      expect(file.pread(BUFFER, 2 * PAGE, at(0)).result).toBe(EFAULT);
      caller.runOn(0);
      caller.uaccess.putUser(BUFFER, 1, 9);
      expect(file.pwrite(BUFFER, 2 * PAGE, at(2)).result).toBe(EFAULT);
      expect(vm.read(at(2), 1).bytes[0]).toBe(9);
    });

    test("an open mem file of an address space that is gone gives 0", async () => {
      const vm = await begin();
      map(0, 1);
      const file = openMem(vm);
      target.exec([], []);
      expect(file.pread(BUFFER, 8, at(0)).result).toBe(0);
      target.die();
      expect(file.pread(BUFFER, 8, at(0)).result).toBe(0);
    });

    test("environ: an error after some bytes is 0", async () => {
      const vm = await begin();
      map(0, 1);
      fill(0, 1);
      const whole = { argStart: at(0), argEnd: at(0) + 1, envStart: at(0) + 1, envEnd: at(2) };
      target.setArguments(whole);
      expect(vm.environ(BUFFER, 2 * PAGE).result).toBe(0);
      expect(vm.environ(BUFFER, PAGE - 1).result).toBe(PAGE - 1);
    });

    test("cmdline over a file's page is empty, but for version 1", async () => {
      const vm = await begin();
      map(0, 1, { file: newFile(1, 65) });
      target.touch(at(0), "read");
      target.setArguments({
        argStart: at(0),
        argEnd: at(0) + 9,
        envStart: at(0) + 9,
        envEnd: at(1),
      });
      expect(vm.cmdline(BUFFER, 64).result).toBe(isFirstVersion ? 64 : 0);
    });
  });

  describe("process_vm", () => {
    const move = (
      vm: RemoteVm,
      direction: "Readv" | "Writev",
      page: number,
      pages: number,
    ): number => {
      const local = vm.placeIovecs(LISTS, [{ address: BUFFER, length: 8 * PAGE }]);
      const remote = vm.placeIovecs(LISTS + 64, [
        { address: at(page) + 8, length: pages * PAGE - 8 },
      ]);
      return vm[`processVm${direction}`](local, remote).result;
    };

    test("a bad page ends it: the bytes before, or EFAULT for the first", async () => {
      const vm = await begin();
      map(0, 2);
      map(3, 2);
      expect(move(vm, "Readv", 0, 5)).toBe(2 * PAGE - 8);
      expect(move(vm, "Readv", 2, 3)).toBe(EFAULT);
      map(6, 1, { protection: "r" });
      expect(move(vm, "Writev", 6, 1)).toBe(EFAULT);
    });

    test("a page that a fork shares is copied for a read", async () => {
      const vm = await begin();
      map(0, 1);
      fill(0, 1);
      const child = target.fork();
      expect(vm.read(at(0), 1).bytes[0]).toBe(1);
      expect(letters(target, at(0), 1)).toBe("a");
      expect(move(vm, "Readv", 0, 1)).toBe(PAGE - 8);
      expect([letters(target, at(0), 1), letters(child, at(0), 1)]).toEqual(["A", "A"]);
      child.exit();
    });

    test("a fault of the caller's buffer counts what came before", async () => {
      const vm = await begin();
      map(0, 4);
      caller.unmap(BUFFER + PAGE, 7 * PAGE);
      expect(move(vm, "Readv", 0, 4)).toBe(PAGE);
      caller.unmap(BUFFER, PAGE);
      expect(move(vm, "Readv", 0, 4)).toBe(EFAULT);
    });
  });

  describe("rights and what they leave", () => {
    test.each([
      ["none", "plain", 0, "."],
      ["none", "force", 8, "Z"],
      ["w", "plain", 0, "."],
      ["w", "force", 8, "Z"],
      ["x", "plain", 0, "."],
    ] as const)("%s memory read with %s rights", async (protection, rights, result, letter) => {
      const vm = await begin();
      map(0, 1, { protection });
      expect(vm.read(at(0), 8, rights).result).toBe(result);
      expect(letters(target, at(0), 1)).toBe(letter);
    });

    test("force writes a read-only private file into a page of the task's own, which stays read-only", async () => {
      const vm = await begin();
      const file = newFile(1, 3);
      map(0, 1, { file, protection: "r" });
      for (const value of [7, 8]) {
        expect(vm.write(at(0), Uint8Array.of(value), "plain").result).toBe(0);
        expect(vm.write(at(0), Uint8Array.of(value), "force").result).toBe(1);
        expect([vm.read(at(0), 1).bytes[0], file.page(0)[0]]).toEqual([value, 3]);
        const { kind, exclusive, entry } = target.pageState(at(0));
        expect([kind, exclusive, entry & 2n]).toEqual(["private", true, 0n]);
        expect(target.advise(at(0), PAGE, "dontneed")).toBe(0);
      }
    });

    test("force never writes what is shared and read-only", async () => {
      const vm = await begin();
      const file = newFile(1, 3);
      map(0, 1, { file, protection: "r", shared: true });
      expect(vm.write(at(0), Uint8Array.of(7), "force").result).toBe(0);
      expect(file.page(0)[0]).toBe(3);
    });

    test("a file's last page reads as zeros behind its end; a page past it ends the read", async () => {
      const vm = await begin();
      const file = machine.createFile(PAGE + 10);
      files.push(file);
      map(0, 3, { file });
      expect(vm.read(at(1) + 8, 2 * PAGE).result).toBe(PAGE - 8);
      expect(letters(target, at(0), 3)).toBe(".F.");
      file.page(0);
      expect(vm.read(at(2), 1).result).toBe(0);
      expect(letters(target, at(0), 3)).toBe("FF.");
    });

    test("a page that a userfaultfd watches ends it, and so does a guard", async () => {
      const vm = await begin();
      map(0, 3);
      fill(0, 1);
      target.registerMissing(at(1), PAGE);
      target.advise(at(2), PAGE, "guard_install");
      expect(vm.read(at(0), 2 * PAGE).result).toBe(PAGE);
      expect(vm.read(at(2), 8, "force").result).toBe(0);
    });

    test("a stack grows in the middle of a transfer, as far as the caller's limit and the gap allow", async () => {
      const vm = await begin();
      map(0, 1);
      map(8, 1, { growsDown: true, protection: "none" });
      expect(vm.read(at(0), 2 * PAGE).result).toBe(PAGE);
      expect(target.vmas().map(({ start }) => Number(start))).toEqual([at(0), at(8)]);
      map(600, 1, { growsDown: true });
      expect(vm.read(at(500), 8).result).toBe(8);
      caller.setStackLimit(101 * PAGE);
      expect(vm.read(at(499), 8).result).toBe(0);
    });
  });

  describe("large leaves", () => {
    const HUGE = 2 << 20;

    test("a read runs from a huge page into small ones, and over one that was split", async () => {
      const vm = await begin();
      target.map({ at: BASE, length: 2 * HUGE });
      target.advise(BASE, HUGE, "hugepage");
      target.runOn(1);
      target.uaccess.putUser(BASE + HUGE - 1, 1, 5);
      target.uaccess.putUser(BASE + HUGE, 1, 6);
      expect(Array.from(vm.read(BASE + HUGE - 1, 2).bytes)).toEqual([5, 6]);
      expect(target.entryOf(BASE).level).toBe(2);
      expect(target.unmap(BASE, PAGE)).toBe(0);
      expect(target.entryOf(BASE + HUGE - 1).level).toBe(1);
      expect(Array.from(vm.read(BASE + HUGE - 1, 2).bytes)).toEqual([5, 6]);
    });
  });
});
