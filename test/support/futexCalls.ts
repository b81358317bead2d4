import {
  Futex,
  compareFutexCmpxchg,
  compareFutexPi,
  compareFutexWakeOp,
  decodeWakeOp,
  encodeWakeOp,
  futexBlocked,
  runFutexCmpxchg,
  runFutexPi,
  runFutexWakeOp,
} from "../../src/index.ts";
import { expect } from "vitest";
import { USER, type Floor } from "./apiFloor.ts";
import type { GoodCall } from "./misuse.ts";

const SECOND = USER + 4;
const flags = { private: true, size: "u32", numa: false, mpol: false, otherBits: 0 } as const;
const waiter = { address: USER, value: 0, reserved: 0, ...flags };
const call = { address: USER, op: 1, value: 1, timeout: 0, address2: 0, value3: 0 };
const operation = { op: "add", cmp: 4, oparg: -1, cmparg: 3, shift: false } as const;

/** A futex whose task sleeps. */
export function sleepingFutex({ task }: Floor): Futex {
  const futex = new Futex(task);
  expect(futex.wait(USER, 0)).toBe(futexBlocked);
  return futex;
}

/** Good arguments of every method of the futex system calls. */
export const futexMethods: Readonly<
  Record<
    string,
    (floor: Floor) => { on: object; calls: Readonly<Record<string, readonly unknown[]>> }
  >
> = {
  Futex: ({ task }) => ({
    on: new Futex(task),
    calls: {
      call: [call],
      cmpRequeue: [USER, SECOND, 0, { private: true, wake: 1, requeue: 2 }],
      cmpRequeuePi: [USER, SECOND, 0, { private: true, wake: 1, requeue: 2 }],
      finish: [],
      futexRequeue: [waiter, { ...waiter, address: SECOND }, { flags: 0, wake: 1, requeue: 1 }],
      futexWait: [USER, 0, { ...flags, mask: 3, timeout: 9, clock: "realtime" }],
      futexWake: [USER, { ...flags, mask: 3n, count: 2 }],
      getRobustList: [task, { headAt: USER, lengthAt: USER + 8 }],
      lockPi: [USER, { private: true, timeout: { at: USER + 64 } }],
      lockPi2: [USER, { private: true, timeout: 5n, clock: "monotonic" }],
      now: ["realtime"],
      operation: [call],
      requeue: [USER, SECOND, { private: false, wake: 1, requeue: 2 }],
      setPriority: [5],
      setRobustList: [USER, 24],
      setTidAddress: [USER],
      trylockPi: [USER, { private: true }],
      unlockPi: [USER, { private: true }],
      wait: [USER, 0, { private: true, timeout: { seconds: 1, nanoseconds: 2n } }],
      waitBitset: [USER, 0, { private: true, bitset: 1, timeout: 5, clock: "realtime" }],
      waitRequeuePi: [USER, SECOND, 0, { private: true, timeout: 5, clock: "monotonic" }],
      waitv: [[waiter], { flags: 0, timeout: 5, clock: 1 }],
      waitvOperation: [[waiter], { flags: 0, timeout: 5, clock: "realtime" }],
      wake: [USER, 1, { private: true }],
      wakeBitset: [USER, 1, { private: true, bitset: 3 }],
      wakeOp: [USER, SECOND, operation, { private: true, wake: 1, wake2: 1 }],
    },
  }),
};

export const futexFunctions: Readonly<Record<string, (floor: Floor) => GoodCall>> = {
  compareFutexCmpxchg: () => ({
    call: compareFutexCmpxchg,
    args: [{ archs: ["none"], pages: ["absent"], lost: 3, kernel: "6.12", wasm: {} }],
  }),
  runFutexCmpxchg: () => ({
    call: runFutexCmpxchg,
    args: [
      {
        arch: "none",
        page: "read-only",
        value: 1,
        expected: 2,
        replacement: 3,
        lost: 1,
        kernel: "6.12",
        wasm: undefined,
      },
    ],
  }),
  compareFutexWakeOp: () => ({
    call: compareFutexWakeOp,
    args: [
      { archs: ["none"], opargs: [1], words: [2], cmparg: 3, lost: 4, kernel: "6.12", wasm: {} },
    ],
  }),
  compareFutexPi: () => ({
    call: compareFutexPi,
    args: [{ archs: ["none"], names: ["trylock"], kernel: "6.12", wasm: {} }],
  }),
  runFutexPi: () => ({
    call: runFutexPi,
    args: [
      {
        arch: "none",
        name: undefined,
        program: "A lock; B trylock",
        tasks: "A,B:5",
        locks: "pi",
        kernel: "6.12",
        wasm: undefined,
      },
    ],
  }),
  runFutexWakeOp: () => ({
    call: runFutexWakeOp,
    args: [
      {
        arch: "none",
        operation,
        word: 1,
        place: "absent",
        place2: "read-only",
        sleepers: 1,
        sleepers2: 2,
        wake: -1,
        wake2: 0,
        private: true,
        lost: 1,
        kernel: "6.12",
        wasm: undefined,
      },
    ],
  }),
  decodeWakeOp: () => ({ call: decodeWakeOp, args: [0x11003000] }),
  encodeWakeOp: () => ({ call: encodeWakeOp, args: [operation] }),
  "new Futex": ({ task }) => ({
    call: (...args: unknown[]) => Reflect.construct(Futex, args) as unknown,
    args: [task],
  }),
};
