import {
  checkOptions,
  checkThat,
  flag,
  nameOf,
  optional,
  type Check,
  type Shape,
} from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { oneOf } from "../../base/nearest.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import type { CoreExports } from "../../core/exports.ts";
import { anyAddress, halves, join, type Address, type Halves } from "../../machine/address.ts";
import { requireAwake, requireSleepIn } from "../../machine/asleep.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Operation } from "../../machine/programs.ts";
import { madeTask, type Task } from "../../machine/task.ts";
import {
  umcgForms,
  umcgHelperNames,
  umcgSteps,
  type UmcgForm,
  type UmcgHelperName,
} from "./helpers.ts";
import { umcgVersionNumber, umcgVersions, type UmcgVersion } from "./stateWord.ts";

/** Which patches the kernel has. */
export interface UmcgOptions {
  /** Default "reviewed"; "moved", v0.7's own, where the version is "v0.7". */
  readonly helper?: UmcgHelperName;
  /** Of struct umcg_task and its state word: 32 bits in "v0.6", the default; 64 with a time in "v0.7". */
  readonly version?: UmcgVersion;
}

/** How a word is accessed. */
export interface UmcgAccess {
  /** Bits of the word. Default 32. */
  readonly bits?: UmcgBits;
  /** Default "sleepable". */
  readonly form?: UmcgForm;
}

export type UmcgBits = 32 | 64;

/** A compare-and-exchange. */
export interface UmcgCompare extends UmcgAccess {
  readonly expected: Address;
  readonly replacement: Address;
}

/** How long a task waits. */
export interface UmcgLimit {
  /** Nanoseconds of the realtime clock; 0, the default, is for ever. */
  readonly until?: Address;
}

export interface UmcgAnswer {
  /** 0, 1 or −errno, as the helper has it. */
  readonly result: number;
  /** The caller's `old` afterwards: what stood there, or what was given where nothing was learned. */
  readonly old: bigint;
}

/** What one of the kernel's hooks came to. */
export type UmcgOutcome =
  /** There was nothing to do. */
  | "nothing"
  /** The worker waits, and no server was made to run. */
  | "waits"
  /** The worker waits, and its server, or an idle one, was made to run. */
  | "server runs"
  /** The worker returns to its program. */
  | "goes on"
  /** An access failed, or the word was not what it may be: the task has a fatal signal. */
  | "killed";

const umcgOptions: Shape<UmcgOptions> = {
  helper: optional(nameOf(umcgHelperNames)),
  version: optional(nameOf(umcgVersions)),
};
export const umcgBitsOption: Check = checkThat("32 or 64", (value) => value === 32 || value === 64);
const accessShape: Shape<UmcgAccess> = {
  bits: optional(umcgBitsOption),
  form: optional(nameOf(umcgForms)),
};
const limitShape: Shape<UmcgLimit> = { until: optional(anyAddress) };
const compareShape: Shape<UmcgCompare> = {
  ...accessShape,
  expected: anyAddress,
  replacement: anyAddress,
};

/** The states of a worker or server, in the lowest bits of its state word. */
export const umcgStates = {
  none: coreConstants.UMCG_NONE,
  running: coreConstants.UMCG_RUNNING,
  idle: coreConstants.UMCG_IDLE,
  blocked: coreConstants.UMCG_BLOCKED,
} as const;

export type UmcgState = keyof typeof umcgStates;

/** The flags above the state, v0.6; `umcgStateWord` has those of each version. */
export const umcgFlags = {
  locked: coreConstants.UMCG_LOCKED,
  preempted: coreConstants.UMCG_PREEMPTED,
} as const;

/** What the outcomes are in the core; a hook that failed answers −errno. */
const outcomes: ReadonlyMap<number, UmcgOutcome> = new Map([
  [coreConstants.UMCG_NOTHING, "nothing"],
  [coreConstants.UMCG_WAITS, "waits"],
  [coreConstants.UMCG_SERVER_RUNS, "server runs"],
  [coreConstants.UMCG_GOES_ON, "goes on"],
]);

/** A call, to be made at once or as a step of a program. */
type Call = (exports: CoreExports) => number;

/**
 * User-managed concurrency groups, as a task's kernel has them (patches v0.6 of 17 Sep 2021, or v0.7 of 12 Oct): the helpers
 * that exchange words of a program's, and what the kernel does to the state words of workers and servers. A hook says whether a worker
 * is to wait, and puts nobody to sleep; {@link wait} does.
 */
export class Umcg {
  readonly task: Task;
  readonly helper: UmcgHelperName;
  readonly version: UmcgVersion;

  /**
   * @param task whose kernel code it is; it gets its CPU for each call
   * @throws UsageError for v0.7 where the helper or the architecture has no words of 64 bits
   */
  constructor(task: Task, options: UmcgOptions = {}) {
    madeTask("task", task);
    checkOptions("options", options, umcgOptions);
    this.task = task;
    this.version = options.version ?? "v0.6";
    this.helper = options.helper ?? (this.version === "v0.7" ? "moved" : "reviewed");
    if (this.version === "v0.7") this.#access({ bits: 64 });
  }

  /**
   * cmpxchg_user_32 and _64, cmpxchg_user_N_nosleep.
   * @throws UsageError for 64 bits where the helper or the architecture has 32 alone
   */
  compareExchange(address: Address, compare: UmcgCompare): UmcgAnswer {
    return this.#answer(this.#compare(address, compare));
  }

  /** The same as a step of a program, for runPrograms; its result is `result` alone. @throws as above */
  compareExchangeOperation(address: Address, compare: UmcgCompare): Operation {
    return this.#operation("cmpxchg_user", this.#compare(address, compare));
  }

  #compare(address: Address, compare: UmcgCompare): Call {
    const at = this.#pointer(address);
    checkOptions("compare", compare, compareShape);
    const { bytes, steps } = this.#access(compare);
    const expected = wordOf("compare.expected", compare.expected, bytes);
    const replacement = wordOf("compare.replacement", compare.replacement, bytes);
    const { cpu } = this.task;
    return (exports) =>
      exports.umcgCompareExchange(
        cpu,
        at.lo,
        at.hi,
        bytes,
        expected.lo,
        expected.hi,
        replacement.lo,
        replacement.hi,
        steps,
      );
  }

  /** xchg_user_32 and _64. `old` is what the caller's variable holds afterwards. @throws as compareExchange */
  exchange(address: Address, value: Address, access: UmcgAccess = {}): UmcgAnswer {
    const at = this.#pointer(address);
    anyAddress("value", value);
    checkOptions("access", access, accessShape);
    const { bytes, steps } = this.#access(access);
    this.#refuseFutex("exchange");
    const { lo, hi } = wordOf("value", value, bytes);
    const { cpu } = this.task;
    return this.#answer((exports) => exports.umcgExchange(cpu, at.lo, at.hi, bytes, lo, hi, steps));
  }

  /** get_user_nosleep. */
  getUser(address: Address, bits: UmcgBits = 32): UmcgAnswer {
    const at = this.#pointer(address);
    const { bytes, steps } = this.#access({ bits, form: "nosleep" });
    const { cpu } = this.task;
    return this.#answer((exports) => exports.umcgGetUser(cpu, at.lo, at.hi, bytes, steps));
  }

  /** fix_pagefault, or the repair that the helper has instead: 0 or −errno. */
  fixPagefault(address: Address, access: "read" | "write", bits: UmcgBits = 32): number {
    const at = this.#pointer(address);
    const kind = accessKinds[oneOf("access", access, accessNames)];
    const { bytes, steps } = this.#access({ bits });
    const { cpu } = this.task;
    return this.#now((exports) => exports.umcgFixPagefault(cpu, at.lo, at.hi, kind, bytes, steps));
  }

  /**
   * umcg_ctl with REGISTER: the task is a server whose word says RUNNING, or a worker whose word says BLOCKED, in the
   * version that this object has, and stays so until it is unregistered. 0,
   * −EINVAL for other words, for a next_tid and for a task that is registered, −EFAULT.
   */
  register(address: Address, options: { readonly worker?: boolean } = {}): number {
    const { lo, hi } = this.#pointer(address);
    checkOptions("options", options, { worker: optional(flag) });
    requireAwake(this.task);
    const kind = options.worker === true ? coreConstants.UMCG_WORKER : 0;
    const { cpu } = this.task;
    const flags = coreConstants.UMCG_REGISTER | kind;
    const version = umcgVersionNumber(this.version);
    return this.#now((exports) => exports.umcgControl(cpu, flags, lo, hi, version));
  }

  /** umcg_ctl with UNREGISTER: 0, or −EINVAL for a task that is not registered. */
  unregister(): number {
    requireAwake(this.task);
    const { cpu } = this.task;
    const flags = coreConstants.UMCG_UNREGISTER;
    return this.#now((exports) => exports.umcgControl(cpu, flags, 0, 0, 0));
  }

  /** A running worker is about to sleep in the kernel, with preemption off: RUNNING becomes BLOCKED (T1, T2). */
  workerSleeps(): UmcgOutcome {
    return outcomeOf(this.#now(this.#hook("HOOK_SLEEPS", "nosleep")));
  }

  /** The same as a step of a program. */
  workerSleepsOperation(): Operation {
    return this.#operation("umcg_wq_worker_sleeping", this.#hook("HOOK_SLEEPS", "nosleep"));
  }

  /** A worker is on its way back to its program: BLOCKED, or preempted, becomes IDLE (T3, T7), or it goes on. */
  workerReturns(): UmcgOutcome {
    return outcomeOf(this.#now(this.#hook("HOOK_RETURNS", "sleepable")));
  }

  /** The same as a step of a program. */
  workerReturnsOperation(): Operation {
    return this.#operation("umcg_handle_resuming_worker", this.#hook("HOOK_RETURNS", "sleepable"));
  }

  /**
   * umcg_wait (T5): a worker's LOCKED goes, the task that next_tid names is woken (T4), and this one sleeps until its word
   * says RUNNING. 0, `futexBlocked`, −EINVAL, −EFAULT, −ESRCH, −ETIMEDOUT. Of signals only a fatal one ends it.
   */
  wait(limit: UmcgLimit = {}): number {
    return this.#now(this.#wait(limit));
  }

  /** The same as a step of a program. */
  waitOperation(limit: UmcgLimit = {}): Operation {
    return this.#operation("umcg_wait", this.#wait(limit));
  }

  #wait(limit: UmcgLimit): Call {
    checkOptions("limit", limit, limitShape);
    requireAwake(this.task);
    const { lo, hi } = halves(limit.until ?? 0, "until");
    const steps = umcgSteps(this.helper, "sleepable");
    const { cpu } = this.task;
    return (exports) => exports.umcgWait(cpu, lo, hi, steps);
  }

  /** The second half of the umcg_wait that the task sleeps in. @throws UsageError where it sleeps in none */
  finish(): number {
    const { task } = this;
    requireSleepIn(
      task,
      "WAIT_UMCG",
      "a task that sleeps in umcg_wait, which answered futexBlocked",
    );
    task.runOn(task.cpu);
    return task.resume();
  }

  /** An idle worker's umcg_wait has timed out (T8): −ETIMEDOUT and BLOCKED, or 0 where it was made to run in time. */
  workerTimesOut(): number {
    return this.#now(this.#hook("HOOK_TIMES_OUT", "sleepable"));
  }

  /** The kernel has sent the task a fatal signal. */
  get killed(): boolean {
    const { machine, handle } = this.task;
    return machine.words[(handle + coreConstants.TASK_KILLED) >>> 2] !== 0;
  }

  #hook(name: HookName, form: UmcgForm): Call {
    const steps = umcgSteps(this.helper, form);
    const { cpu } = this.task;
    return (exports) => exports.umcgHook(cpu, coreConstants[name], steps);
  }

  #access({ bits = 32, form = "sleepable" }: UmcgAccess): { bytes: number; steps: number } {
    umcgBitsOption("bits", bits);
    const valid = "32";
    if (bits === 64 && this.helper === "futex") {
      throw new UsageError({ argument: "bits", problem: "is 64 for the futex's helper", valid });
    }
    if (bits === 64 && this.task.machine.wordBytes === 4) {
      const problem = `is 64 on ${this.#machine.arch}, which has no such instruction`;
      throw new UsageError({ argument: "bits", problem, valid });
    }
    return { bytes: bits / 8, steps: umcgSteps(this.helper, form) };
  }

  #refuseFutex(method: string): void {
    if (this.helper !== "futex") return;
    const valid = umcgHelperNames.filter((name) => name !== "futex").join(", ");
    throw new UsageError({ argument: "helper", problem: `"futex" has no ${method}`, valid });
  }

  get #machine(): Machine {
    return this.task.machine;
  }

  #pointer(address: Address): Halves {
    return this.#machine.word(address, "address");
  }

  #now(call: Call): number {
    this.task.runOn(this.task.cpu);
    return call(this.#machine.exports);
  }

  #answer(call: Call): UmcgAnswer {
    const result = this.#now(call);
    const { exports } = this.#machine;
    const { cpu } = this.task;
    return { result, old: join(exports.readValueLow(cpu), exports.readValueHigh(cpu)) };
  }

  #operation(name: string, call: Call): Operation {
    return { name, call: () => call(this.#machine.rawExports) };
  }
}

type HookName = "HOOK_SLEEPS" | "HOOK_RETURNS" | "HOOK_TIMES_OUT";

const accessKinds = {
  read: coreConstants.ACCESS_READ,
  write: coreConstants.ACCESS_WRITE,
} as const;
const accessNames = ["read", "write"] as const;

function outcomeOf(result: number): UmcgOutcome {
  return outcomes.get(result) ?? "killed";
}

/** A number that fits the word, as halves. */
function wordOf(argument: string, value: Address, bytes: number): Halves {
  const number = BigInt(value);
  const most = 1n << BigInt(8 * bytes);
  if (number < most) return { lo: Number(number & 0xffffffffn), hi: Number(number >> 32n) };
  const problem = `does not fit ${8 * bytes} bits`;
  throw new UsageError({ argument, problem, valid: `less than 2^${8 * bytes}` });
}
