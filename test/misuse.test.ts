import { describe, expect, test } from "vitest";
import {
  Machine,
  PcmStream,
  RemoteVm,
  UsageError,
  parseProgram,
  runPrograms,
  type Task,
} from "../src/index.ts";
import { PAGE, USER, expectWorking, newFloor, program, type Floor } from "./support/apiFloor.ts";
import { shrunk, transferred } from "./support/misuse.ts";

/** What the errors say: which argument, what was wrong, what is valid. */
describe("what was got wrong before is named", () => {
  const refused: readonly (readonly [string, (floor: Floor) => unknown, string])[] = [
    ["null options", () => Machine.create(null!), "options is null; valid: an object of arch, "],
    [
      "a typo",
      () => Machine.create({ cpu: 2 } as object),
      "cpu is no option (did you mean cpus?); valid: arch, kernel, ",
    ],
    ["a number for arch", () => Machine.create({ arch: 5 as never }), "arch is 5; valid: x86-64, "],
    ["an object for memory", () => Machine.create({ memory: {} as never }), "memory is an Object;"],
    ["a number for wasm", () => Machine.create({ wasm: 5 as never }), "wasm is 5; valid: the core"],
    [
      "a promise of no response",
      () => Machine.create({ wasm: Promise.resolve(5) as never }),
      "wasm is a promise of what is no Response: 5; valid: the core",
    ],
    ["text for cpus", () => Machine.create({ cpus: "2" as never }), 'cpus is "2"; valid: a whole'],
    ["a number for kernel", () => Machine.create({ kernel: 7.1 as never }), "kernel is 7.1; valid"],
    ["new Machine", () => Reflect.construct(Machine, []) as unknown, "core is undefined; valid: "],
    ["an unaligned place", ({ task }) => task.map({ at: 5, length: 1 }), "at is 5; valid: a page"],
    [
      "a number for protection",
      ({ task }) => task.map({ at: 0, length: 1, protection: 5 as never }),
      "protection is 5; valid: letters of r, w, x",
    ],
    ["no map options", ({ task }) => task.map(null!), "options is null; valid: an object of at, "],
    [
      "bytes that were transferred away",
      ({ pages }) => pages.write(0, transferred(new Uint8Array(4))),
      "bytes is a Uint8Array whose buffer was transferred away or has shrunk; valid: a Uint8Array with",
    ],
    [
      "bytes whose buffer has shrunk",
      ({ task, machine }) => new RemoteVm(machine.createTask(), task).write(USER, shrunk(4)),
      "bytes is a Uint8Array whose buffer was transferred away or has shrunk; valid: a Uint8Array with",
    ],
    [
      "an argument that was transferred away",
      ({ task }) => task.exec([new Uint8Array(1), transferred(new Uint8Array(1))], []),
      "argv[1] is a Uint8Array whose buffer was transferred away",
    ],
    [
      "a core that was transferred away",
      () => Machine.create({ wasm: transferred(new Uint8Array(8)) as Uint8Array<ArrayBuffer> }),
      "wasm is an Uint8Array whose buffer was transferred away",
    ],
    [
      "what only looks like bytes",
      ({ pages }) => pages.write(0, Object.create(new Uint8Array(4)) as Uint8Array),
      "bytes is an Object; valid: a Uint8Array",
    ],
    [
      "what inherits from a task",
      ({ task }) => new RemoteVm(task, Object.create(task) as Task),
      "target is an Object; valid: a task from machine.createTask()",
    ],
    [
      "a proxy of a task",
      ({ task }) => new RemoteVm(new Proxy(task, {}), task),
      "caller is an Object; valid: a task from machine.createTask()",
    ],
    [
      "what inherits from a machine",
      ({ machine, task, stream }) =>
        runPrograms(Object.create(machine) as Machine, [{ task, body: program(stream) }]),
      "machine is an Object; valid: a machine from Machine.create()",
    ],
    [
      "a proxy of a file",
      ({ file, task }) => task.map({ at: USER, length: PAGE, file: new Proxy(file, {}) }),
      "file is an Object; valid: a file from machine.createFile()",
    ],
    [
      "a proxy of a buffer",
      ({ buffer, uaccess }) => uaccess.copyToUser(USER, new Proxy(buffer, {}), 1),
      "from is an Object; valid: a buffer from machine.allocKernel()",
    ],
    [
      "a bigint where a number is asked for",
      () => Machine.create({ cpus: 1n as never }),
      "cpus is 1n; valid: a whole number from 1 to 256",
    ],
    [
      "a device of more than a file can have",
      ({ task }) => task.mapDevice({ at: 0x1000_0000, length: 5 * 2 ** 30 }),
      "length is 5368709120; valid: up to 4 GiB, the largest file",
    ],
    ["no bytes", ({ pages }) => pages.write(0, null!), "bytes is null; valid: a Uint8Array"],
    [
      "no buffer",
      ({ uaccess }) => uaccess.copyFromUser({} as never, USER, 1),
      "to is an Object; valid: a buffer from machine.allocKernel()",
    ],
    [
      "an offset beyond the buffer",
      ({ uaccess, buffer }) => uaccess.copyToUser(USER, buffer, 1, 65),
      "offset is 65; valid: a whole number from 0 to 63",
    ],
    [
      "a guard state that is no word",
      ({ uaccess }) => uaccess.restore("x" as never),
      'saved is "x"; valid: a whole number',
    ],
    ["no configuration", ({ stream }) => stream.configure(null!), "configuration is null; valid: "],
    ["no abi", ({ stream }) => stream.syncPtr({ address: 0 } as never), "abi is undefined; valid"],
    [
      "a door that is none",
      ({ stream }) => stream.ioctl("nativ" as never, 0, 0),
      'door "nativ" is unknown (did you mean native?)',
    ],
    ["no task", () => PcmStream.open(null!), "task is null; valid: a task from machine.createTask"],
    ["no program", () => parseProgram(null!), "text is null; valid: a string"],
    [
      "a choice of nobody",
      ({ machine, task, stream }) =>
        runPrograms(machine, [{ task, body: program(stream) }], { choose: () => 9 }),
      "choose's answer is 9; valid: one of those that can go on: 0",
    ],
    [
      "a snapshot of the caller's own",
      ({ machine, snapshot }) => machine.restore({ ...snapshot }),
      "snapshot is an Object; valid: what machine.snapshot() gave",
    ],
  ];

  test.each(refused)("%s", async (_, call, message) => {
    const attempt = async (): Promise<unknown> => call(newFloor());
    const error = await attempt().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message.slice(0, message.length)).toBe(message);
  });
});

describe("handles of another machine, or of one that was reset", () => {
  const elsewhere = Machine.create({ memory: "1M", tlbEntries: 64 });

  test("are refused by name", async () => {
    const other = await elsewhere;
    const { task, machine, buffer, file, stream, snapshot } = newFloor();
    const stranger = other.createTask();
    const uses = {
      task: () => other.createTask({ sharing: task }),
      file: () => stranger.map({ at: USER, length: PAGE, file }),
      "kernel buffer": () => stranger.uaccess.copyFromUser(buffer, USER, 1),
      snapshot: () => other.restore(snapshot),
      "task ": () => runPrograms(other, [{ task, body: program(stream) }]),
    };
    for (const [what, use] of Object.entries(uses)) {
      expect(use, what).toThrow(UsageError);
      expect(use, what).toThrow(new RegExp(`^${what.trim()} (belongs to another|is not of this)`));
    }
    expectWorking({ machine });
  });

  test("a machine that was reset, and everything on it", () => {
    const { task, machine, buffer, file, pages, stream, uaccess } = newFloor();
    machine.reset();
    const uses = [
      () => machine.createTask(),
      () => machine.snapshot(),
      () => machine.framesInUse,
      () => machine.reset(),
      () => task.vmas(),
      () => buffer.bytes,
      () => file.page(0),
      () => pages.read(0, 1),
      () => stream.prepare(),
      () => uaccess.getUser(USER, 4),
    ];
    const thrown = uses.map((use) => {
      try {
        use();
        return "nothing";
      } catch (error) {
        return (error as Error).name;
      }
    });
    expect(thrown).toEqual(uses.map((_, place) => (place === 3 ? "nothing" : "UsageError")));
  });
});
