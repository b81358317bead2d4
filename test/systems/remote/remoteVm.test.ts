import { describe, expect, test } from "vitest";
import {
  buildLayout,
  Machine,
  parseLayout,
  remotePathNames,
  RemoteVm,
  type OpenMemFile,
  type RemoteCounts,
  type Task,
} from "../../../src/index.ts";
import { errnos } from "../../../src/base/errno.ts";
import { UsageError } from "../../../src/base/errors.ts";
import { letters } from "../../machine/letters.ts";
import { machineOf, PAGE } from "../../machine/pool.ts";

/** Another process's memory through every door, and what each access says that it took. */

const AT = 0x10000000;
/** The caller's buffer, and the place for its lists. */
const BUFFER = 0x50000000;
const LISTS = 0x60000000;
/** Where the caller has nothing yet. */
const FRESH = 0x70000000;

interface Scene {
  readonly machine: Machine;
  readonly caller: Task;
  readonly target: Task;
  readonly vm: RemoteVm;
}

async function scene(layout: string, build: "study" | "release" = "release"): Promise<Scene> {
  const machine = await machineOf({ build, memory: "8M", cpus: 2 });
  const target = buildLayout(machine, parseLayout(layout), { cpu: 1 }).task;
  const caller = machine.createTask({ cpu: 0 });
  caller.map({ at: BUFFER, length: 64 * PAGE, populate: true });
  caller.map({ at: LISTS, length: 16 * PAGE, populate: true });
  return { machine, caller, target, vm: new RemoteVm(caller, target) };
}

/** The first word of what a read brought. */
function wordOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

describe("the kernel's own access", () => {
  test("reads bytes over a page's border", async () => {
    const { vm } = await scene("0x10000000 4p rw anon touched=all");
    const { result, bytes } = vm.read(AT + PAGE - 8, 16);
    expect(result).toBe(16);
    expect([wordOf(bytes), wordOf(bytes.slice(8))]).toEqual([0x10000ff8n, 0x10001000n]);
  });

  test("writes bytes, which the target then has", async () => {
    const { vm, target } = await scene("0x10000000 4p rw anon");
    expect(vm.write(AT + 5, Uint8Array.of(1, 2, 3)).result).toBe(3);
    target.runOn(target.cpu);
    expect(target.uaccess.getUser(AT + 4, 4).value).toBe(0x03020100n);
    expect(letters(target, AT, 4)).toBe("A...");
  });

  test.each([
    ["0x10000000 1p none anon touched=0", "plain", 0],
    ["0x10000000 1p none anon touched=0", "force", 8],
    ["0x10000000 1p rw anon touched=0", "anonymous", 8],
    ["0x10000000 1p rw file touched=0", "anonymous", 0],
    ["0x10000000 1p rw secret touched=0", "force", 0],
    ["0x20000000 1p rw anon", "force", 0],
  ] as const)("%s: %s rights read %i bytes", async (layout, rights, result) => {
    const { vm } = await scene(layout);
    expect(vm.read(AT, 8, rights)).toMatchObject({ result, bytes: { length: result } });
  });

  test("is short where the memory ends, and nothing at length 0", async () => {
    const { vm } = await scene("0x10000000 2p rw anon touched=all");
    expect(vm.read(AT + PAGE, 2 * PAGE).result).toBe(PAGE);
    expect(vm.read(AT, 0).result).toBe(0);
    expect(vm.read(2n ** 64n - 8n, 16).result).toBe(0);
  });

  test("a target that has ended has no memory", async () => {
    const { vm, target } = await scene("0x10000000 2p rw anon touched=all");
    target.die();
    expect(vm.read(AT, 8).result).toBe(0);
    expect(vm.peek(AT).result).toBe(-errnos.EPERM);
    expect(vm.memFile()).toBe(-errnos.ESRCH);
  });

  test("one that is gone altogether is refused, and costs no memory", async () => {
    const { vm, target, machine } = await scene("0x10000000 2p rw anon touched=all");
    target.exit();
    const before = machine.framesInUse;
    expect(() => vm.read(AT, 16 * PAGE)).toThrow(UsageError);
    expect(() => vm.write(AT, new Uint8Array(16 * PAGE))).toThrow(UsageError);
    expect(machine.framesInUse).toBe(before);
  });
});

describe("what an access took:", () => {
  const none = { mmapRead: 0, mmapWrite: 0, vma: 0, pageTable: 0 };

  test.each<[string, string, number, Partial<RemoteCounts>]>([
    [
      "three resident pages: one lock, and a walk for each",
      "0x10000000 4p rw anon touched=all",
      3 * PAGE,
      {
        bytesFast: 0,
        bytesSlow: 3 * PAGE,
        locks: { ...none, mmapRead: 1, pageTable: 3 },
        targetWalks: { pte: 3, pmd: 0, pud: 0, missed: 0 },
      },
    ],
    [
      "a huge leaf: the last level is not walked",
      "0x10000000 2M rw anon thp touched=0",
      PAGE,
      { targetWalks: { pte: 0, pmd: 1, pud: 0, missed: 0 } },
    ],
    [
      "a page that is absent: a fault, then a second walk",
      "0x10000000 4p rw anon touched=1",
      PAGE,
      {
        locks: { ...none, mmapRead: 1, pageTable: 3 },
        targetWalks: { pte: 1, pmd: 0, pud: 0, missed: 1 },
      },
    ],
    [
      "a stack that grows: the lock is taken for writing",
      "0x10001000 4p rw stack",
      8,
      { locks: { ...none, mmapRead: 1, mmapWrite: 1, pageTable: 2 } },
    ],
    [
      "a hole: the lock for writing too, to look whether a stack can grow",
      "0x20000000 4p rw anon",
      8,
      { locks: { ...none, mmapRead: 1, mmapWrite: 1 }, bytesSlow: 0 },
    ],
  ])("%s", async (_, layout, length, expected) => {
    const { vm } = await scene(layout);
    expect(vm.read(AT, length).counts).toMatchObject(expected);
  });

  test.each([
    ["mem file", (vm: RemoteVm) => (vm.memFile() as OpenMemFile).pread(FRESH, 8, AT)],
    [
      "process_vm",
      (vm: RemoteVm) => {
        const local = vm.placeIovecs(LISTS, [{ address: FRESH, length: 8 }]);
        return vm.processVmReadv(local, vm.placeIovecs(LISTS + PAGE, [{ address: AT, length: 8 }]));
      },
    ],
  ])(
    "%s: nothing of what the caller's own fault takes, a stack's growth among it",
    async (_, access) => {
      const { vm, caller } = await scene("0x10000000 4p rw anon touched=all");
      caller.map({ at: FRESH + PAGE, length: PAGE, growsDown: true });
      expect(access(vm)).toMatchObject({
        result: 8,
        counts: { locks: { ...none, mmapRead: 1, pageTable: 1 } },
      });
      expect(letters(caller, FRESH, 1)).toBe("A");
    },
  );

  test("every build counts", async () => {
    const { vm } = await scene("0x10000000 4p rw anon touched=all", "study");
    expect(vm.read(AT, 8).counts).toMatchObject({ bytesSlow: 8, targetWalks: { pte: 1 } });
  });
});

describe("/proc/PID/mem", () => {
  test("moves what it is asked to, and its position with it", async () => {
    const { vm, caller } = await scene("0x10000000 4p r anon touched=all");
    const file = vm.memFile() as OpenMemFile;
    file.seek(AT + 8);
    expect(file.read(BUFFER, 16).result).toBe(16);
    expect(caller.uaccess.getUser(BUFFER, 8).value).toBe(0x10000008n);
    expect(file.position).toBe(BigInt(AT + 24));
    caller.uaccess.putUser(BUFFER, 8, 77);
    expect(file.write(BUFFER, 8)).toMatchObject({ result: 8, counts: { bytesSlow: 8 } });
    expect(file.pread(BUFFER + 64, 8, AT + 24).result).toBe(8);
    expect(caller.uaccess.getUser(BUFFER + 64, 8).value).toBe(77n);
    expect(file.pwrite(BUFFER, 8, 2n ** 63n).result).toBe(-errnos.EINVAL);
    expect(file.pread(BUFFER, 8, 0).result).toBe(-errnos.EIO);
    file.close();
    expect(() => file.read(BUFFER, 8)).toThrow("mem file was closed");
  });

  test("takes lists", async () => {
    const { vm, caller } = await scene("0x10000000 4p rw anon touched=all");
    const file = vm.memFile() as OpenMemFile;
    const list = vm.placeIovecs(LISTS, [
      { address: BUFFER, length: 8 },
      { address: BUFFER + PAGE, length: 8n },
    ]);
    expect(file.preadv(list, AT + 16).result).toBe(16);
    expect(caller.uaccess.getUser(BUFFER + PAGE, 8).value).toBe(0x10000018n);
    expect(file.pwritev(list, AT).result).toBe(16);
    expect(wordOf(vm.read(AT + 8, 8).bytes)).toBe(0x10000018n);
  });
});

describe("ptrace", () => {
  test("peeks and pokes a word at any address", async () => {
    const { vm } = await scene("0x10000000 4p r anon touched=all");
    expect(vm.peek(AT + PAGE)).toMatchObject({ result: 0, word: 0x10001000n });
    expect(vm.poke(AT + 3, 2n ** 64n - 1n).result).toBe(0);
    expect(vm.peek(AT + 3).word).toBe(2n ** 64n - 1n);
    expect(vm.peek(AT + 4 * PAGE - 4)).toMatchObject({ result: -errnos.EIO, word: 0n });
  });

  test("not of oneself", async () => {
    const { caller } = await scene("0x10000000 1p r anon");
    const self = new RemoteVm(caller, caller);
    expect(self.peek(BUFFER).result).toBe(-errnos.EPERM);
    expect(self.read(BUFFER, 8).result).toBe(8);
  });
});

describe("process_vm", () => {
  test("reads and writes by lists", async () => {
    const { vm, caller } = await scene("0x10000000 4p rw anon touched=all");
    const local = vm.placeIovecs(LISTS, [{ address: BUFFER, length: 24 }]);
    const remote = vm.placeIovecs(LISTS + PAGE, [
      { address: AT + 8, length: 8 },
      { address: AT + 2 * PAGE, length: 16 },
    ]);
    const read = vm.processVmReadv(local, remote);
    expect(read).toMatchObject({ result: 24, counts: { bytesSlow: 24, targetWalks: { pte: 2 } } });
    expect(caller.uaccess.getUser(BUFFER + 8, 8).value).toBe(0x10002000n);
    caller.uaccess.putUser(BUFFER + 8, 8, 0x1234n);
    expect(vm.processVmWritev(local, remote).result).toBe(24);
    expect(vm.read(AT + 2 * PAGE, 2).bytes).toEqual(Uint8Array.of(0x34, 0x12));
  });

  test.each([
    [0, 0],
    [1024, 1024],
    [1025, -errnos.EINVAL],
  ])("%i elements: %i", async (count, result) => {
    const { vm } = await scene("0x10000000 4p rw anon touched=all");
    const pieces = Array.from({ length: count }, () => ({ address: AT, length: 1 }));
    const local = vm.placeIovecs(LISTS, [{ address: BUFFER, length: 2000 }]);
    const remote = vm.placeIovecs(LISTS + PAGE, pieces);
    expect(vm.processVmReadv(local, remote).result).toBe(result);
  });

  test("flags are refused", async () => {
    const { vm } = await scene("0x10000000 4p rw anon");
    const list = { list: 0, count: 0 };
    expect(vm.processVmReadv(list, list, 1).result).toBe(-errnos.EINVAL);
  });
});

describe("a 32-bit caller", () => {
  const NARROW = 0x20000000;

  async function narrowScene(): Promise<Scene> {
    const { machine, target } = await scene("0x10000000 4p rw anon touched=all");
    const caller = machine.createTask({ cpu: 0, wordBits: 32 });
    caller.map({ at: NARROW, length: 4 * PAGE, populate: true });
    return { machine, caller, target, vm: new RemoteVm(caller, target) };
  }

  test("has lists of two words of 4 bytes, which process_vm reads", async () => {
    const { vm, caller } = await narrowScene();
    const local = vm.placeIovecs(NARROW, [
      { address: NARROW + PAGE, length: 8 },
      { address: NARROW + 2 * PAGE, length: 8n },
    ]);
    const remote = vm.placeIovecs(NARROW + 64, [{ address: AT + 8, length: 16 }]);
    const words = [0, 4, 8, 12].map((at) => caller.uaccess.getUser(NARROW + at, 4).value);
    expect(words).toEqual([NARROW + PAGE, 8, NARROW + 2 * PAGE, 8].map(BigInt));
    expect(vm.processVmReadv(local, remote).result).toBe(16);
    expect(caller.uaccess.getUser(NARROW + 2 * PAGE, 8).value).toBe(0x10000010n);
    expect(vm.processVmWritev(local, remote).result).toBe(16);
  });

  test("a length of 2^31 and more is negative in it", async () => {
    const { vm } = await narrowScene();
    const local = vm.placeIovecs(NARROW, [{ address: NARROW + PAGE, length: 2 ** 31 }]);
    const remote = vm.placeIovecs(NARROW + 64, [{ address: AT, length: 8 }]);
    expect(vm.processVmReadv(local, remote).result).toBe(-errnos.EINVAL);
  });

  test("passes the low half of what it is told to pass", async () => {
    const { vm } = await narrowScene();
    const high = 1n << 32n;
    const local = vm.placeIovecs(NARROW, [{ address: NARROW + PAGE, length: 8 }]);
    const remote = vm.placeIovecs(NARROW + 64, [{ address: AT, length: 8 }]);
    const beyond = { list: BigInt(remote.list) + high, count: 1n + high };
    expect(vm.processVmReadv(local, beyond, high).result).toBe(8);
    const file = vm.memFile() as OpenMemFile;
    expect(file.pread(BigInt(NARROW + PAGE) + high, 8n + high, AT).result).toBe(8);
    expect(file.preadv({ ...local, list: BigInt(local.list) + high }, AT).result).toBe(8);
  });

  test("what its words cannot hold is refused", async () => {
    const { vm } = await narrowScene();
    expect(() => vm.placeIovecs(NARROW, [{ address: 0, length: 2n ** 32n }])).toThrow(
      "iovecs[0].length is 4294967296n; valid: up to 4294967295, as the caller's words have 32 bits",
    );
  });

  test("traces in words of 4 bytes", async () => {
    const { vm } = await narrowScene();
    expect(vm.poke(AT + 4, 0x1_2345_6789_abcdn)).toMatchObject({ result: 0 });
    expect(vm.peek(AT + 4)).toMatchObject({ result: 0, word: 0x6789abcdn });
    expect(wordOf(vm.read(AT, 8).bytes)).toBe(0x6789abcd10000000n);
    expect(vm.peek(AT + PAGE)).toMatchObject({ result: 0, word: 0x10001000n });
    expect(vm.peek(AT + 4 * PAGE - 4).result).toBe(0);
    expect(vm.peek(AT + 4 * PAGE - 2).result).toBe(-errnos.EIO);
  });
});

test("cmdline and environ are the strings of the program", async () => {
  const { vm, caller, target } = await scene("0x10000000 1p rw anon");
  const text = (string: string): Uint8Array => new TextEncoder().encode(string);
  target.exec([text("prog"), text("-v")], [text("HOME=/")]);
  const buffer = caller.vmas()[0]!.start;
  const told = (length: number): string => {
    const bytes = Array.from({ length }, (_, at) =>
      Number(caller.uaccess.getUser(buffer + BigInt(at), 1).value),
    );
    return String.fromCharCode(...bytes);
  };
  const cmdline = vm.cmdline(buffer, 100);
  expect([cmdline.result, told(8)]).toEqual([8, "prog\0-v\0"]);
  expect(cmdline.counts).toMatchObject({ locks: { mmapRead: 2 }, bytesSlow: 9 });
  expect([vm.environ(buffer, 100).result, told(7)]).toEqual([7, "HOME=/\0"]);
  expect([vm.cmdline(buffer, 100, 5).result, told(3)]).toEqual([3, "-v\0"]);
});

describe("misuse", () => {
  test("names what is valid", async () => {
    const { caller, target } = await scene("0x10000000 1p rw anon");
    const path = (name: string): unknown => new RemoteVm(caller, target, { path: name as "slow" });
    expect(() => path("fats-v1")).toThrow(`valid: ${remotePathNames.join(", ")}`);
    const other = await Machine.create({ memory: "1M" });
    expect(() => new RemoteVm(other.createTask(), target)).toThrow("belongs to another machine");
    const narrow = (await Machine.create({ memory: "1M", arch: "powerpc-8xx" })).createTask();
    expect(() => new RemoteVm(narrow, narrow)).toThrow("caller is a task on powerpc-8xx");
  });

  test("a caller without memory cannot ask", async () => {
    const { caller, vm } = await scene("0x10000000 1p rw anon");
    caller.die();
    const calls: readonly (() => unknown)[] = [
      () => vm.read(AT, 8),
      () => vm.memFile(),
      () => vm.placeIovecs(LISTS, [{ address: 0, length: 0 }]),
    ];
    for (const call of calls) expect(call).toThrow("caller is a zombie; valid: a live task");
  });
});
