import { expect } from "vitest";
import {
  compareUmcg,
  futexBlocked,
  runUmcg,
  Umcg,
  umcgStateOf,
  umcgStates,
  umcgStateWord,
} from "../../src/index.ts";
import { USER, type Floor } from "./apiFloor.ts";
import type { GoodCall } from "./misuse.ts";

const access = { bits: 32, form: "sleepable" } as const;
const compare = { expected: 0, replacement: 1n, ...access };

/** A server that sleeps in umcg_wait. */
export function sleepingUmcg({ task }: Floor): Umcg {
  const umcg = new Umcg(task);
  const store = (state: number): number => task.uaccess.putUser(USER, 4, state);
  expect([store(umcgStates.running), umcg.register(USER)]).toEqual([0, 0]);
  expect([store(umcgStates.idle), umcg.wait()]).toEqual([0, futexBlocked]);
  return umcg;
}

/** Good arguments of every method of the UMCG helpers and hooks. */
export const umcgMethods: Readonly<
  Record<
    string,
    (floor: Floor) => { on: object; calls: Readonly<Record<string, readonly unknown[]>> }
  >
> = {
  Umcg: ({ task }) => ({
    on: new Umcg(task, { helper: "posted" }),
    calls: {
      compareExchange: [USER, compare],
      compareExchangeOperation: [USER, compare],
      exchange: [USER, 1, access],
      finish: [],
      fixPagefault: [USER, "write", 32],
      getUser: [USER, 32],
      register: [USER, { worker: true }],
      unregister: [],
      wait: [{ until: 0 }],
      waitOperation: [{ until: 0 }],
      workerReturns: [],
      workerReturnsOperation: [],
      workerSleeps: [],
      workerSleepsOperation: [],
      workerTimesOut: [],
    },
  }),
};

const one = { kernel: "6.18", wasm: undefined } as const;

export const umcgFunctions: Readonly<Record<string, (floor: Floor) => GoodCall>> = {
  compareUmcg: () => ({
    call: compareUmcg,
    args: [
      {
        archs: ["x86-64"],
        helpers: ["posted"],
        forms: ["nosleep"],
        bits: [64],
        steps: ["absent"],
        ...one,
      },
    ],
  }),
  runUmcg: () => ({
    call: runUmcg,
    args: [{ arch: "x86-64", helper: "posted", form: "nosleep", bits: 32, step: "absent", ...one }],
  }),
  umcgStateOf: () => ({ call: umcgStateOf, args: ["v0.7", 1n] }),
  umcgStateWord: () => ({
    call: umcgStateWord,
    args: ["v0.7", { state: 1, locked: true, preempted: false, user: 3, time: 5n }],
  }),
  "new Umcg": ({ task }) => ({
    call: (...args: unknown[]) => Reflect.construct(Umcg, args) as unknown,
    args: [task, { helper: "posted", version: "v0.7" }],
  }),
};
