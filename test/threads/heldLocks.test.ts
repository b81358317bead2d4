import { describe, expect, it, test } from "vitest";
import { Machine, PcmStream, RemoteVm, type Task } from "../../src/index.ts";
import { designNames } from "../../src/systems/virtio/description.ts";
import { startChurners } from "../support/cpuThreads.ts";
import { complete, PERIOD, virtioBed, write } from "../systems/virtio/bed.ts";

/** The list of locks that a thread holds (assembly/machine/held.ts): how far it is filled, and what has no room in it. */

const PAGE = 4096;
const HUGE = 2 << 20;
const AT = 0x1000_0000;
const READ = 1;

const newMachine = (): Promise<Machine> =>
  Machine.create({ build: "threads", memory: "32M", cpus: 3, kernel: "6.18" });

function recordOf(machine: Machine, cpu: number): number {
  return machine.exports.cpuAddress(cpu);
}

function listOf(machine: Machine, cpu: number): Uint32Array {
  const from = (recordOf(machine, cpu) + machine.constant("CPU_HELD_LIST")) >>> 2;
  return machine.words.subarray(from, from + 2 * machine.constant("HELD_SLOTS"));
}

function unlisted(machine: Machine, cpu: number): number {
  return machine.words[(recordOf(machine, cpu) + machine.constant("CPU_UNLISTED")) >>> 2]!;
}

/** How many locks the driver's own thread has held at once at most: nobody clears what was struck off. */
function deepest(machine: Machine): number {
  return listOf(machine, 0).filter((word, at) => at % 2 === 0 && word !== 0).length;
}

describe("what the core holds at once fits", () => {
  const works: Record<string, (machine: Machine, task: Task) => void> = {
    "pages of a file, copied by a fork, and holes in it": (machine, task) => {
      const file = machine.createFile(64 * PAGE);
      task.map({ at: AT, length: 64 * PAGE, file, shared: true, populate: true });
      task.map({ at: AT + HUGE, length: 8 * PAGE, file, populate: true });
      task.uaccess.putUser(AT + HUGE, 4, 1);
      const child = task.fork();
      child.uaccess.putUser(AT + HUGE, 4, 2);
      task.advise(AT, 8 * PAGE, "remove");
      child.exit();
    },
    "huge pages, from a pool and of zeros": (machine, task) => {
      machine.setHugePages("2M", 2);
      task.map({ at: AT, length: HUGE, hugetlb: true, populate: true });
      task.map({ at: AT + 4 * HUGE, length: HUGE, pageSize: "2M" });
      task.touch(AT + 4 * HUGE, "read");
      task.fork().exit();
      task.unmap(AT + 4 * HUGE, PAGE);
      task.unmap(AT, HUGE);
    },
    "a remote read and write": (machine, task) => {
      const target = machine.createTask({ cpu: 1 });
      target.map({ at: AT, length: 4 * PAGE });
      task.map({ at: AT, length: 4 * PAGE });
      const remote = new RemoteVm(task, target);
      remote.write(AT, new Uint8Array(2 * PAGE).fill(1));
      remote.read(AT, 4 * PAGE);
    },
    "linked streams": (_, task) => {
      const [first, second] = (["playback", "capture"] as const).map((direction) => {
        const stream = PcmStream.open(task, { device: "aloop", direction, nonblock: true });
        stream.configure({ periodSize: 64, bufferSize: 256 });
        stream.prepare();
        return stream;
      }) as [PcmStream, PcmStream];
      first.link(second);
      second.start();
      first.drop();
      first.unlink();
    },
  };

  function expectRoom(machine: Machine): void {
    expect(deepest(machine)).toBeGreaterThanOrEqual(2);
    expect(deepest(machine)).toBeLessThan(machine.constant("HELD_SLOTS") - 3);
    expect(machine.findings()).toEqual([]);
  }

  test.each(Object.keys(works))("%s", async (name) => {
    const machine = await newMachine();
    const task = machine.createTask();
    works[name]!(machine, task);
    task.exit();
    expectRoom(machine);
  });

  test.each(designNames)("periods on a virtio sound card, by the design %s", async (design) => {
    const bed = await virtioBed({ design, build: "threads" });
    expect(write(bed, new Uint8Array(2 * PERIOD))).toBe(2 * PERIOD);
    complete(bed);
    expectRoom(bed.machine);
  });
});

describe("a lock that has no room in the list", () => {
  /** Reads the address space's lock once more than there is room for. */
  function overfill(task: Task): void {
    const { machine, cpu, handle } = task;
    for (let held = 0; held <= machine.constant("HELD_SLOTS"); held++) {
      machine.exports.holdMmapLock(cpu, handle, READ);
    }
  }

  it("is told of, and is given back like any other", async () => {
    const machine = await newMachine();
    const task = machine.createTask();
    overfill(task);
    expect(machine.findings()).toMatchObject([{ kind: "lock-unlisted", cpu: 0, task: 1 }]);
    expect(unlisted(machine, 0)).toBe(1);
    for (let held = 0; held <= machine.constant("HELD_SLOTS"); held++) {
      machine.exports.dropMmapLock(0, task.handle, READ);
    }
    expect(unlisted(machine, 0)).toBe(0);
    task.map({ at: AT, length: PAGE, populate: true });
    expect(machine.findings()).toHaveLength(1);
  });

  it("stays held by a thread that ends, which is told where that is cleared up behind and to who waits", async () => {
    const machine = await newMachine();
    const crew = await startChurners(machine);
    const [dying] = crew.threads as [(typeof crew.threads)[0]];
    const first = machine.createTask();
    const sharing = machine.createTask({ sharing: first, cpu: null });
    const dead = dying.seat(first);
    overfill(dead);
    await crew.kill(dying);
    expect(() => crew.bury(dying, dead)).toThrow(/CPU 1 has ended with more locks than are kept/);
    sharing.runOn(0);
    expect(() => sharing.map({ at: AT, length: PAGE })).toThrow(
      /CPU 1 has ended with a lock that this call waits for/,
    );
  });
});
