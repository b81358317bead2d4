import { checkOptions, optional, whole, type Shape } from "../../base/checks.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import { anyAddress, type Address } from "../../machine/address.ts";
import { requireAwake, requireSleepIn } from "../../machine/asleep.ts";
import type { Operation } from "../../machine/programs.ts";
import { madeTask, type Task } from "../../machine/task.ts";
import { ArgumentPage } from "./argumentPage.ts";
import {
  effectivePriority,
  futexCall,
  futexRequeue,
  futexWait,
  futexWake,
  getRobustList,
  setPriority,
  setRobustList,
  setTidAddress,
  waitvCall,
  type SystemCall,
} from "./calls.ts";
import {
  MOST_INT,
  count,
  deadlineShape,
  flagBits,
  limitShape,
  numberOfClock,
  placesShape,
  requeue2Shape,
  requeueShape,
  scopeBit,
  scopeShape,
  wait2Shape,
  waitBitsShape,
  waiter,
  waiterList,
  waitvShape,
  wake2Shape,
  wakeBitsShape,
  wakeOpShape,
  wordValue,
  type Futex2RequeueOptions,
  type Futex2WaitOptions,
  type Futex2WakeOptions,
  type FutexBits,
  type FutexClock,
  type FutexDeadline,
  type FutexLimit,
  type FutexRequeueOptions,
  type FutexScope,
  type FutexWaiter,
  type FutexWaitvOptions,
  type FutexWakeOpOptions,
  type RobustListPlaces,
} from "./options.ts";
import { encodeWakeOp, type WakeOperation } from "./wakeOperation.ts";

/** What a call answers while its task sleeps in it; `finish()` goes on with it. */
export const futexBlocked: number = coreConstants.BLOCKED;

/** futex(2) as a program makes it: numbers, whatever they mean. */
export interface FutexCall {
  readonly address: Address;
  /** Command and its bits. */
  readonly op: number;
  readonly value?: number;
  /** A pointer, or a count for the commands that have two. Default 0. */
  readonly timeout?: Address;
  readonly address2?: Address;
  readonly value3?: number;
}

/** What get_robust_list answers. */
export interface RobustListAnswer {
  /** 0 or −errno. */
  readonly result: number;
  /** Where the list begins, as the program reads it back; null where that cannot be read, or after an error. */
  readonly head: bigint | null;
  /** Bytes of the head. */
  readonly length: bigint | null;
}

const MOST_WORD = 2 ** 32 - 1;
const MOST_PRIORITY = 99;
const ALL_BITS = MOST_WORD;
/** Pointers in the head of a robust list. */
const HEAD_POINTERS = 3;
const BILLION = 1_000_000_000n;

const word32 = whole(0, MOST_WORD);
const futexCallShape: Shape<FutexCall> = {
  address: anyAddress,
  op: word32,
  value: optional(wordValue),
  timeout: optional(anyAddress),
  address2: optional(anyAddress),
  value3: optional(word32),
};

/** The arguments of futex(2), beside the word and the command. */
interface Rest {
  readonly value?: number;
  readonly timeout?: Address;
  readonly address2?: Address;
  readonly value3?: number;
}

/**
 * The futex system calls of a task (spec/futex.md; kernel/futex, 6.18). Words lie in the task's memory; what the calls
 * point to (times, lists of waiters) is put into a page of it that is mapped for that. Every verb answers as the kernel
 * does: 0 or a count, −errno, or {@link futexBlocked} where the task sleeps. It is over once `task.canResume`, and
 * {@link finish} gets its answer; `runPrograms` does so by itself. Only misuse throws: a call by a task that sleeps is
 * a UsageError too.
 */
export class Futex {
  readonly task: Task;
  readonly #page: ArgumentPage;

  /** @param task who calls; it gets its CPU for each call */
  constructor(task: Task) {
    madeTask("task", task);
    this.task = task;
    this.#page = new ArgumentPage(task);
  }

  /** Nanoseconds of a clock: what an end time on it is compared with. Monotonic is the machine's own. */
  now(clock: FutexClock = "monotonic"): bigint {
    const { machine } = this.task;
    checkOptions("options", { clock }, { clock: deadlineShape.clock });
    const ahead = clock === "realtime" ? machine.constant("REALTIME_AHEAD_SECONDS") : 0;
    return machine.nanoseconds + BigInt(ahead) * BILLION;
  }

  /** FUTEX_WAIT: sleeps while the word has the value. A time limit counts from now. */
  wait(address: Address, value: number, options: FutexLimit = {}): number {
    checkOptions("options", options, limitShape);
    return this.#limited("FUTEX_WAIT", address, options, { value });
  }

  /** FUTEX_WAIT_BITSET: as {@link wait}, for wakes that share a bit, and until a moment of a clock. */
  waitBitset(address: Address, value: number, options: FutexDeadline & FutexBits = {}): number {
    checkOptions("options", options, waitBitsShape);
    const value3 = options.bitset ?? ALL_BITS;
    return this.#limited("FUTEX_WAIT_BITSET", address, options, { value, value3 });
  }

  /** FUTEX_WAKE: how many were woken. At least one where one sleeps, also for a count of 0 or less. */
  wake(address: Address, most = 1, options: FutexScope = {}): number {
    count("most", most);
    checkOptions("options", options, scopeShape);
    return this.#futex("FUTEX_WAKE", address, options, { value: most });
  }

  /** FUTEX_WAKE_BITSET: as {@link wake}, of those that share a bit. */
  wakeBitset(address: Address, most = 1, options: FutexScope & FutexBits = {}): number {
    count("most", most);
    checkOptions("options", options, wakeBitsShape);
    const value3 = options.bitset ?? ALL_BITS;
    return this.#futex("FUTEX_WAKE_BITSET", address, options, { value: most, value3 });
  }

  /** FUTEX_REQUEUE: wakes some and lets others sleep on another word: how many of both. */
  requeue(address: Address, target: Address, options: FutexRequeueOptions = {}): number {
    checkOptions("options", options, requeueShape);
    return this.#requeue("FUTEX_REQUEUE", address, target, options, 0);
  }

  /** FUTEX_CMP_REQUEUE: {@link requeue}, if the word still has the value; −EAGAIN if not. */
  cmpRequeue(
    address: Address,
    target: Address,
    expected: number,
    options: FutexRequeueOptions = {},
  ): number {
    checkOptions("options", options, requeueShape);
    return this.#requeue("FUTEX_CMP_REQUEUE", address, target, options, expected);
  }

  /** FUTEX_WAKE_OP: changes the second word, wakes on the first, and on the second if its old value fits. */
  wakeOp(
    address: Address,
    address2: Address,
    operation: WakeOperation | number,
    options: FutexWakeOpOptions = {},
  ): number {
    checkOptions("options", options, wakeOpShape);
    const encoded = typeof operation === "number" ? operation : encodeWakeOp(operation);
    word32("operation", encoded);
    const { wake = 1, wake2 = 1 } = options;
    const rest = { value: wake, timeout: asPointer(wake2), address2, value3: encoded };
    return this.#futex("FUTEX_WAKE_OP", address, options, rest);
  }

  /** FUTEX_LOCK_PI: takes the lock, or sleeps and lends its owner this task's priority. An end time is on realtime. */
  lockPi(address: Address, options: FutexLimit = {}): number {
    checkOptions("options", options, limitShape);
    return this.#limited("FUTEX_LOCK_PI", address, options, {});
  }

  /** FUTEX_LOCK_PI2: {@link lockPi} with a choice of clocks. */
  lockPi2(address: Address, options: FutexDeadline = {}): number {
    checkOptions("options", options, deadlineShape);
    return this.#limited("FUTEX_LOCK_PI2", address, options, {});
  }

  /** FUTEX_TRYLOCK_PI: takes the lock if that needs no sleep. */
  trylockPi(address: Address, options: FutexScope = {}): number {
    checkOptions("options", options, scopeShape);
    return this.#futex("FUTEX_TRYLOCK_PI", address, options, {});
  }

  /** FUTEX_UNLOCK_PI: hands the lock to the waiter with the highest priority. */
  unlockPi(address: Address, options: FutexScope = {}): number {
    checkOptions("options", options, scopeShape);
    return this.#futex("FUTEX_UNLOCK_PI", address, options, {});
  }

  /** FUTEX_WAIT_REQUEUE_PI: sleeps on a word until {@link cmpRequeuePi} moves it to the PI lock of another. */
  waitRequeuePi(
    address: Address,
    target: Address,
    value: number,
    options: FutexDeadline = {},
  ): number {
    checkOptions("options", options, deadlineShape);
    return this.#limited("FUTEX_WAIT_REQUEUE_PI", address, options, { value, address2: target });
  }

  /** FUTEX_CMP_REQUEUE_PI: gives one waiter the PI lock, or lets it wait for that, and others behind it. */
  cmpRequeuePi(
    address: Address,
    target: Address,
    expected: number,
    options: FutexRequeueOptions = {},
  ): number {
    checkOptions("options", options, requeueShape);
    return this.#requeue("FUTEX_CMP_REQUEUE_PI", address, target, options, expected);
  }

  /** futex_wait: {@link waitBitset} with the flags of futex2. */
  futexWait(address: Address, value: Address, options: Futex2WaitOptions = {}): number {
    checkOptions("options", options, wait2Shape);
    const { mask = ALL_BITS, clock = "monotonic" } = options;
    return futexWait(this.#awake, {
      address,
      value,
      mask,
      flags: flagBits(options),
      timeout: this.#page.pointerTo(options.timeout),
      clock: numberOfClock(clock),
    });
  }

  /** futex_wake: {@link wakeBitset} with the flags of futex2, where a count of 0 wakes nobody. */
  futexWake(address: Address, options: Futex2WakeOptions = {}): number {
    checkOptions("options", options, wake2Shape);
    const { mask = ALL_BITS, count: most = 1 } = options;
    return futexWake(this.#awake, address, mask, most, flagBits(options));
  }

  /** futex_requeue: {@link cmpRequeue} of a pair of words, each with its flags. */
  futexRequeue(from: FutexWaiter, to: FutexWaiter, options: Futex2RequeueOptions = {}): number {
    waiter("from", from);
    waiter("to", to);
    checkOptions("options", options, requeue2Shape);
    const { flags = 0, wake = 1, requeue = MOST_INT } = options;
    return futexRequeue(this.#awake, this.#page.listOf([from, to]), flags, wake, requeue);
  }

  /** futex_waitv: sleeps on up to 128 words: the index of one that was woken. */
  waitv(waiters: readonly FutexWaiter[], options: FutexWaitvOptions = {}): number {
    return this.#make(this.#waitv(waiters, options));
  }

  #waitv(waiters: readonly FutexWaiter[], options: FutexWaitvOptions): SystemCall {
    waiterList("waiters", waiters);
    checkOptions("options", options, waitvShape);
    const { flags = 0, clock = "monotonic" } = options;
    return waitvCall(this.#awake, {
      list: this.#page.listOf(waiters),
      count: waiters.length,
      flags,
      timeout: this.#page.pointerTo(options.timeout),
      clock: numberOfClock(clock),
    });
  }

  /**
   * set_robust_list: where this task keeps the list of locks that it leaves to others when it ends. 0 or −EINVAL.
   * @param length default: of a program with the kernel's own words
   */
  setRobustList(head: Address, length: Address = this.#headBytes): number {
    return setRobustList(this.#awake, head, length);
  }

  get #headBytes(): number {
    return HEAD_POINTERS * this.task.machine.wordBytes;
  }

  /** get_robust_list of a task, by default of this one. */
  getRobustList(of: Task = this.task, places: RobustListPlaces = {}): RobustListAnswer {
    madeTask("of", of);
    checkOptions("places", places, placesShape);
    const caller = this.#awake;
    const { headAt = this.#page.headAt, lengthAt = this.#page.lengthAt } = places;
    const result = getRobustList(caller, of, headAt, lengthAt);
    const read = (at: Address): bigint | null =>
      result === 0 ? this.#page.load(BigInt(at), caller.machine.wordBytes) : null;
    return { result, head: read(headAt), length: read(lengthAt) };
  }

  /** set_tid_address: the word that becomes 0, with a wake, when this thread ends before others. The task's number. */
  setTidAddress(address: Address): number {
    return setTidAddress(this.#awake, address);
  }

  /** The real-time priority that the task has now, with what waiters for its locks lend it; 0 = normal. */
  get priority(): number {
    return effectivePriority(this.task);
  }

  /** sched_setscheduler: SCHED_FIFO with a priority of 1 to 99, or normal with 0. */
  setPriority(priority: number): void {
    whole(0, MOST_PRIORITY)("priority", priority);
    setPriority(this.task, priority);
  }

  /** futex(2) with any numbers. */
  call(call: FutexCall): number {
    return this.#make(this.#systemCall(call));
  }

  /** {@link call} for `runPrograms`. */
  operation(call: FutexCall): Operation {
    return this.#later("futex", this.#systemCall(call));
  }

  /** {@link waitv} for `runPrograms`; its list is stored now. */
  waitvOperation(waiters: readonly FutexWaiter[], options: FutexWaitvOptions = {}): Operation {
    return this.#later("futex_waitv", this.#waitv(waiters, options));
  }

  #later(name: string, call: SystemCall): Operation {
    const { machine } = this.task;
    return { name, call: () => call(machine.rawExports) };
  }

  /** The second half of the call that the task sleeps in. @throws UsageError where it sleeps in no futex call */
  finish(): number {
    const { task } = this;
    requireSleepIn(
      task,
      "WAIT_FUTEX",
      "a task that sleeps in a futex call, which answered futexBlocked",
    );
    task.runOn(task.cpu);
    return task.resume();
  }

  #limited(
    command: FutexCommand,
    address: Address,
    options: FutexDeadline,
    rest: Omit<Rest, "timeout">,
  ): number {
    const bits = options.clock === "realtime" ? coreConstants.FLAG_REALTIME : 0;
    const timeout = this.#page.pointerTo(options.timeout);
    return this.#futex(command, address, options, { ...rest, timeout }, bits);
  }

  #requeue(
    command: FutexCommand,
    address: Address,
    address2: Address,
    options: FutexRequeueOptions,
    expected: number,
  ): number {
    wordValue("expected", expected);
    const { wake = 1, requeue = MOST_INT } = options;
    const rest = { value: wake, timeout: asPointer(requeue), address2, value3: expected >>> 0 };
    return this.#futex(command, address, options, rest);
  }

  #futex(command: FutexCommand, address: Address, scope: FutexScope, rest: Rest, bits = 0): number {
    const op = coreConstants[command] | scopeBit(scope) | bits;
    return this.call({ address, op, ...rest });
  }

  #systemCall(call: FutexCall): SystemCall {
    checkOptions("call", call, futexCallShape);
    return futexCall(this.#awake, { ...call, value: call.value ?? 0 });
  }

  #make(call: SystemCall): number {
    return call(this.task.machine.exports);
  }

  /** The task, which can make a call. @throws UsageError for one that sleeps or is a zombie */
  get #awake(): Task {
    requireAwake(this.task);
    return this.task;
  }
}

/** Commands by their names in the core; the other names are bits of words. */
type FutexCommand = Exclude<
  Extract<keyof typeof coreConstants, `FUTEX_${string}`>,
  "FUTEX_WAITERS" | "FUTEX_OWNER_DIED" | "FUTEX_TID_MASK"
>;

/** A second count travels as the timeout's pointer. */
function asPointer(value: number): number {
  return value >>> 0;
}
