import { beforeEach, describe, expect, it } from "vitest";
import { Machine, type Mapping, type Task } from "../../src/index.ts";
import type { ConstantName } from "../../src/core/exports.ts";
import type { CpuThread } from "../../src/threads/cpuThread.ts";
import type { CpuThreads } from "../../src/threads/cpuThreads.ts";
import { startChurners } from "../support/cpuThreads.ts";

/** Threads that are ended while their CPU holds a lock: what others find afterwards. */

const AT = 0x4000_0000;
const FRESH = 0x5000_0000;
const PAGE = 4096;
const RAM = 2 << 20;
const READ = 1;
const WRITE = 2;
/** Of the mmap lock's word. */
const WRITER = 0x8000_0000;
const ATTACHED = 1;

let machine: Machine;
let crew: CpuThreads;
let mapping: Mapping;
let dying: CpuThread;
/** Of one process, each on a thread of its own. */
let dead: Task;
let other: Task;

beforeEach(async () => {
  machine = await Machine.create({ build: "threads", memory: RAM, cpus: 3 });
  crew = await startChurners(machine);
  [dying] = crew.threads as [CpuThread];
  const first = machine.createTask();
  mapping = first.map({ at: AT, length: 4 * PAGE, populate: true });
  const second = machine.createTask({ sharing: first, cpu: null });
  [dead, other] = [first, second].map((task, index) => crew.threads[index]!.seat(task)) as [
    Task,
    Task,
  ];
});

async function die(): Promise<void> {
  await crew.kill(dying);
  crew.bury(dying, dead);
}

/** What a lost thread is told of with. */
function lostBy(message: string): Error {
  const start: unknown = expect.stringContaining(message);
  return expect.objectContaining({ code: "thread-lost", message: start }) as Error;
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

function held(cpu: number): number {
  return word(machine.exports.cpuAddress(cpu) + machine.constant("CPU_HELD"));
}

function word(address: number): number {
  return machine.words[address >>> 2]!;
}

function mm(): number {
  return word(other.handle + machine.constant("TASK_MM"));
}

/** What needs every lock of an address space, those of the allocators, and an acknowledgement by each CPU. */
function works(task: Task): void {
  const fresh = task.map({ at: FRESH, length: 2 * PAGE, populate: true });
  expect(task.linearOf(FRESH) !== null).toBe(true);
  fresh.unmap();
  expect(machine.findings()).toEqual([]);
}

function header(name: ConstantName): number {
  return machine.constant("HEADER") + machine.constant(name);
}

function newStream(): number {
  const kind = machine.constant("DEVICE_LOOPBACK");
  return machine.exports.pcmOpen(0, 0, 0, 0, 0, kind, 0);
}

function newQueue(): number {
  const { exports } = machine;
  const card = exports.virtioCreate(machine.constant("DESIGN_ACK"), 0, 0, PAGE, 0);
  exports.virtioAddQueue(card, 0, 8, 0);
  return word(card + machine.constant("CARD_CONTROL"));
}

describe("a lock that is a word", () => {
  const places: Record<string, () => number> = {
    "the free frames": () => header("HEADER_ZONE_LOCK"),
    "the slabs": () => header("HEADER_SLAB_LOCK"),
    "the pools of huge pages": () => header("HEADER_POOL_LOCK"),
    "the huge zero page": () => header("HEADER_HUGE_ZERO_LOCK"),
    "what waits for a grace period": () => header("HEADER_RCU_LOCK"),
    "linked streams": () => header("HEADER_PCM_LOCK"),
    "split accesses": () => machine.constant("BUS_LOCK"),
    "a task": () => other.handle + machine.constant("TASK_LOCK"),
    "the queue for the mmap lock": () => mm() + machine.constant("MM_WAIT_LOCK"),
    "a page cache": () =>
      machine.createFile(PAGE).handleOn(machine) + machine.constant("FILE_LOCK"),
    "a stream": () => newStream() + machine.constant("STREAM_LOCK"),
    "a loopback's cable": () =>
      word(newStream() + machine.constant("STREAM_DEVICE")) + machine.constant("CABLE_LOCK"),
    "a virtqueue": () => newQueue() + machine.constant("VIRTQUEUE_LOCK"),
  };

  it.each(Object.keys(places))("over %s is given back, and others get it", async (name) => {
    const at = places[name]!();
    dead.machine.exports.holdWord(at);
    expect(word(at)).toBe(dying.cpu + 1);
    await die();
    expect(word(at)).toBe(0);
    other.machine.exports.holdWord(at);
    expect(word(at)).toBe(other.cpu + 1);
  });
});

describe("an allocator in whose middle it dies", () => {
  it("knows its free frames again", async () => {
    dead.map({ at: FRESH, length: 64 * PAGE, populate: true }).unmap();
    const inUse = machine.header("HEADER_FRAMES_IN_USE");
    dead.machine.exports.holdWord(header("HEADER_ZONE_LOCK"));
    const lists = machine.constant("FREE_LISTS") >>> 2;
    machine.words.fill(0, lists, lists + machine.constant("MAX_ORDER") + 1);
    machine.setHeader("HEADER_FRAMES_IN_USE", 0);
    await crew.kill(dying);
    machine.exports.buryCpu(dying.cpu);
    expect(machine.header("HEADER_FRAMES_IN_USE")).toBe(inUse);
    const free = RAM / PAGE - inUse;
    other.map({ at: FRESH, length: (free - 8) * PAGE, populate: true }).unmap();
    works(other);
  });

  it("knows its free objects again", async () => {
    const slabs = (): number[] => [...machine.words.subarray(lists, lists + classes)];
    const classes = machine.constant("SLAB_CLASSES");
    const lists = machine.constant("SLAB_PARTIAL") >>> 2;
    const before = slabs().map((pfn) => pfn !== 0);
    expect(before).toContain(true);
    dead.machine.exports.holdWord(header("HEADER_SLAB_LOCK"));
    machine.words.fill(0, lists, lists + classes);
    await crew.kill(dying);
    machine.exports.buryCpu(dying.cpu);
    expect(slabs().map((pfn) => pfn !== 0)).toEqual(before);
    works(other);
  });
});

describe("a lock of an address space", () => {
  const mmapLock = (): number => word(mm() + machine.constant("MM_MMAP_LOCK"));
  const hold = (task: Task, kind: number): void =>
    void task.machine.exports.holdMmapLock(task.cpu, task.handle, kind);

  it("is given back by a reader", async () => {
    hold(dead, READ);
    hold(dead, READ);
    expect(mmapLock()).toBe(2);
    await die();
    expect(mmapLock()).toBe(0);
    works(other);
  });

  it("is given back by a writer that had changed nothing yet", async () => {
    hold(dead, WRITE);
    expect(mmapLock()).toBe(WRITER);
    await die();
    expect(mmapLock()).toBe(0);
    works(other);
  });

  it("is given back by one who waited for it, and the next in the queue gets it", async () => {
    machine.exports.holdMmapLock(0, dead.handle, WRITE);
    dying.begin("unmap", [dead.handle, AT, PAGE]);
    while (held(dying.cpu) === 0) await soon();
    await die();
    machine.exports.dropMmapLock(0, other.handle, WRITE);
    expect(mmapLock()).toBe(0);
    works(other);
  });

  it("is given back by who read an area, whose writer goes on", async () => {
    expect(dead.machine.exports.holdVmaLock(dead.cpu, dead.handle, AT, 0)).toBe(0);
    const area = (): number => other.vmas().find(({ start }) => start === BigInt(AT))!.lockCount;
    expect(area()).toBe(ATTACHED + 1);
    await die();
    expect(area()).toBe(ATTACHED);
    other.unmap(AT, 4 * PAGE);
    works(other);
  });

  it("is given back by who had the page tables, and their counts are true", async () => {
    const pages = mm() + machine.constant("MM_PAGES");
    const before = word(pages);
    dead.machine.exports.holdTables(dead.cpu, dead.handle);
    expect(word(mm() + machine.constant("MM_TABLE_LOCK"))).toBe(dying.cpu + 1);
    machine.words[pages >>> 2] = 0;
    await die();
    expect(word(mm() + machine.constant("MM_TABLE_LOCK"))).toBe(0);
    expect(word(pages)).toBe(before);
    works(other);
  });

  it("is lost with a writer that had begun to change something: who asks for it is told by whom", async () => {
    hold(dead, WRITE);
    dead.machine.exports.writeLockVma(dead.cpu, dead.handle, AT, 0);
    await crew.kill(dying);
    expect(() => crew.bury(dying, dead)).toThrow(lostBy("the thread that was CPU 1 has ended in"));
    const told = lostBy(
      "the thread that is CPU 2 was ended by an error: FaultlineError: the thread that is CPU 1",
    );
    expect(() => other.unmap(AT, PAGE)).toThrow(told);
    const alone = machine.createTask();
    works(alone);
  });
});

describe("a thread that dies and is not cleared up behind", () => {
  it("is named to another that waits for what it holds", async () => {
    dead.machine.exports.holdWord(header("HEADER_SLAB_LOCK"));
    await crew.kill(dying);
    const told =
      /CPU 2 was ended by an error: FaultlineError: the thread that is CPU 1 has ended with a lock/;
    expect(() => other.map({ at: FRESH, length: PAGE })).toThrow(told);
  });

  it("is named still when another one was cleared up behind", async () => {
    dead.machine.exports.holdWord(header("HEADER_SLAB_LOCK"));
    await crew.kill(dying);
    await crew.kill(crew.threads[1]!);
    machine.exports.buryCpu(crew.threads[1]!.cpu);
    crew.threads[0]!.tellDeathAgain();
    expect(() => machine.createTask()).toThrow(
      lostBy("the thread that is CPU 1 has ended with a lock"),
    );
  });

  it("is named to the driver, which waits for it in the core itself", async () => {
    dead.machine.exports.holdWord(header("HEADER_SLAB_LOCK"));
    await crew.kill(dying);
    expect(() => machine.createTask()).toThrow(
      lostBy("the thread that is CPU 1 has ended with a lock"),
    );
  });

  it("is outside the core, so that nobody waits for its acknowledgement", async () => {
    dying.begin("stressLoop", [machine.constant("ROUNDS_INCREMENT"), AT, 0, AT + 8, 0, 1 << 30]);
    while (mapping.read(0, 4)[0] === 0) await soon();
    await crew.kill(dying);
    mapping.unmap();
    expect(machine.findings()).toEqual([]);
  });
});

describe("a thread that ends unasked and tells nobody", () => {
  const silent = (): Error => lostBy("the thread that is CPU 1 has ended, and said nothing");

  it("is noticed by a driver that waits for its answer and lets no event of the host in", () => {
    dying.begin("leave", []);
    expect(() => dying.awaitOther("called")).toThrow(silent());
  });

  it("is noticed by a driver that waits for another, which waits for what the dead one holds", () => {
    dead.machine.exports.holdWord(header("HEADER_SLAB_LOCK"));
    dying.begin("leave", []);
    expect(() => other.map({ at: FRESH, length: PAGE })).toThrow(silent());
  });

  it("is noticed by a driver that waits in the core itself", () => {
    dead.machine.exports.holdWord(header("HEADER_SLAB_LOCK"));
    dying.begin("leave", []);
    expect(() => machine.createTask()).toThrow(
      lostBy("the thread that is CPU 1 has ended with a lock"),
    );
  });

  it("is cleared up behind like any other", async () => {
    dead.machine.exports.holdWord(header("HEADER_SLAB_LOCK"));
    dying.begin("leave", []);
    await expect(crew.untilAtRest([dying])).rejects.toEqual(silent());
    crew.bury(dying, dead);
    works(other);
    await crew.untilAtRest(crew.threads);
  });
});
