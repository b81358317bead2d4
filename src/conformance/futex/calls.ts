/** Operations on threads and their memory, and the calls of the futex, on the machine. */

import type { Task } from "../../machine/task.ts";
import {
  effectivePriority,
  futex,
  futexRequeue,
  futexWait,
  futexWaitv,
  futexWake,
  getRobustList,
  setPriority,
  setRobustList,
  setTidAddress,
} from "../../systems/futex/calls.ts";
import type { OperationOf, SetupOperation, StepOperation } from "./steps.ts";
import type { World } from "./world.ts";
import { wordOf } from "../base/trace.ts";

/** What is done for each operation of a group, and what it returns. */
type Handlers<Op extends StepOperation["op"]> = {
  readonly [Name in Op]: (world: World, operation: OperationOf<Name>) => number;
};

const commandConstants = {
  WAIT: "FUTEX_WAIT",
  WAKE: "FUTEX_WAKE",
  REQUEUE: "FUTEX_REQUEUE",
  CMP_REQUEUE: "FUTEX_CMP_REQUEUE",
  WAKE_OP: "FUTEX_WAKE_OP",
  LOCK_PI: "FUTEX_LOCK_PI",
  LOCK_PI2: "FUTEX_LOCK_PI2",
  UNLOCK_PI: "FUTEX_UNLOCK_PI",
  TRYLOCK_PI: "FUTEX_TRYLOCK_PI",
  WAIT_BITSET: "FUTEX_WAIT_BITSET",
  WAKE_BITSET: "FUTEX_WAKE_BITSET",
  WAIT_REQUEUE_PI: "FUTEX_WAIT_REQUEUE_PI",
  CMP_REQUEUE_PI: "FUTEX_CMP_REQUEUE_PI",
} as const;
/** FUTEX_FD is gone from the kernel, but its number is not used again. */
const FUTEX_FD = 2;

function commandOf({ machine }: World, name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  if (name === "FD") return FUTEX_FD;
  return machine.constant(commandConstants[name as keyof typeof commandConstants]);
}

/** The names that `cmd` may have, beside numbers. */
export const commandNames: readonly string[] = ["FD", ...Object.keys(commandConstants)];

/** The letters of "rw-" as the machine wants them. */
function protectionOf(letters: string): string {
  return letters.replaceAll("-", "") || "none";
}

/** The answer of what cannot fail. */
function done(_nothing: void): number {
  return 0;
}

export const setupCalls: Handlers<SetupOperation["op"]> = {
  mmap: map,
  munmap: (world, { t, addr, len }) => world.task(t).unmap(wordOf(addr), len),
  mprotect: (world, { t, addr, len, prot }) =>
    world.task(t).protect(wordOf(addr), len, protectionOf(prot)),
  madvise: (world, { t, addr, len, advice }) => world.task(t).advise(wordOf(addr), len, advice),
  mremap: move,
  thread: (world, { t, to }) => done(world.addThread(t, to)),
  proc: (world, { t, to }) => done(world.fork(t, to)),
  store: (world, { t, addr, val }) =>
    done(world.store(t, wordOf(addr), [BigInt(world.numberOf(val))], 4)),
  store8: (world, { t, addr, val }) => done(world.store(t, wordOf(addr), [wordOf(val)], 8)),
  sched: (world, { t, prio }) => done(setPriority(world.task(t), prio)),
  set_robust_list: (world, { t, head, len }) =>
    setRobustList(world.task(t), wordOf(head), wordOf(len)),
  set_tid_address: (world, { t, addr }) =>
    setTidAddress(world.task(t), wordOf(addr)) > 0 ? 0 : -1,
  robust_chain: storeChain,
};

function map(world: World, operation: OperationOf<"mmap">): number {
  const { t, addr, len, prot, flags, file, off } = operation;
  world.hostTask(t).map({
    at: wordOf(addr),
    length: len,
    protection: protectionOf(prot),
    shared: flags.startsWith("shared"),
    ...(file !== undefined && { file: world.file(file) }),
    filePage: (off ?? 0) / world.machine.constant("PAGE_SIZE"),
  });
  return 0;
}

function move(world: World, { t, addr, len, to }: OperationOf<"mremap">): number {
  const options = { mayMove: true, fixed: true, newAddress: wordOf(to) };
  const result = world.task(t).remap(wordOf(addr), len, len, options);
  return typeof result === "number" ? result : 0;
}

function storeChain(world: World, chain: OperationOf<"robust_chain">): number {
  const { t, count } = chain;
  const head = wordOf(chain.head);
  const nodeAt = (index: number): bigint =>
    index < count ? wordOf(chain.first) + BigInt(index * chain.stride) : head;
  const offset = BigInt(chain.offset);
  world.store(t, head, [nodeAt(0), offset, 0n], 8);
  const word = BigInt(world.numberOf(chain.val));
  for (let index = 0; index < count; index++) {
    world.store(t, nodeAt(index), [nodeAt(index + 1)], 8);
    world.store(t, nodeAt(index) + offset, [word], 4);
  }
  return 0;
}

type CallOp =
  "futex" | "waitv" | "futex_wake" | "futex_wait" | "futex_requeue" | "get_robust_list" | "prio";

export const systemCalls: Handlers<CallOp> = {
  futex: callFutex,
  waitv: (world, step) => {
    const { t, waiters, flags, timeout, clock } = step;
    const end = world.timePointer(t, timeout);
    const list = world.writeWaiters(t, waiters);
    const pointer = step.list_ptr === undefined ? list : wordOf(step.list_ptr);
    const count = waiters.length;
    return futexWaitv(world.task(t), { list: pointer, count, flags, timeout: end, clock });
  },
  futex_wake: (world, { t, uaddr, mask, nr, flags }) =>
    futexWake(world.task(t), wordOf(uaddr), wordOf(mask), nr, flags),
  futex_wait: (world, { t, uaddr, val, mask, flags, timeout, clock }) =>
    futexWait(world.task(t), {
      address: wordOf(uaddr),
      value: wordOf(val),
      mask: wordOf(mask),
      flags,
      timeout: world.timePointer(t, timeout),
      clock,
    }),
  futex_requeue: (world, { t, waiters, flags, nr_wake, nr_requeue }) =>
    futexRequeue(world.task(t), world.writeWaiters(t, waiters), flags, nr_wake, nr_requeue),
  get_robust_list: (world, { t }) => {
    const [head, length] = world.results;
    return getRobustList(world.task(t), world.task(t), head, length);
  },
  prio: (world, { t }) => priorityOf(world.task(t)),
};

function callFutex(world: World, step: OperationOf<"futex">): number {
  const { t, flags } = step;
  const { machine } = world;
  const bits =
    (flags.includes("private") ? machine.constant("FLAG_PRIVATE") : 0) |
    (flags.includes("realtime") ? machine.constant("FLAG_REALTIME") : 0) |
    (step.extra_flags ?? 0);
  const argument =
    step.val2 === undefined ? world.timePointer(t, step.timeout) : BigInt.asUintN(32, BigInt(step.val2)); // prettier-ignore
  return futex(world.task(t), {
    address: wordOf(step.uaddr),
    op: commandOf(world, step.cmd) | bits,
    value: world.numberOf(step.val),
    timeout: argument,
    address2: wordOf(step.uaddr2 ?? 0),
    value3: world.numberOf(step.val3 ?? "0x0"),
  });
}

/** The kernel's number for a priority: 20 is normal, −1−p real-time priority p. */
const NORMAL_PRIORITY = 20;

function priorityOf(task: Task): number {
  const priority = effectivePriority(task);
  return priority === 0 ? NORMAL_PRIORITY : -1 - priority;
}
