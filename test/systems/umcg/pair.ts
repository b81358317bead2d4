import { expect } from "vitest";
import { Umcg, umcgStates, type ArchName, type UmcgHelperName } from "../../../src/index.ts";
import { bedOf, setWord, WORDS, type Bed } from "./bed.ts";

/** A server and a worker of one process, and where their words are. */

export const SERVER = WORDS;
export const WORKER = WORDS + 64;
export const HEAD = WORDS + 128;
export const IDLE_SERVER = WORDS + 136;
export const NEXT_TID = 4;
export const IDLE_WORKERS = 8;
export const IDLE_SERVER_POINTER = 16;

const { running, idle, blocked } = umcgStates;

export interface Pair extends Bed {
  /** The worker, which is `task`. */
  readonly umcg: Umcg;
  readonly server: Umcg;
}

/** A registered server, and a worker in state BLOCKED that is registered too. */
export async function pairOf(
  helper: UmcgHelperName = "posted",
  arch: ArchName = "x86-64",
): Promise<Pair> {
  const bed = await bedOf(helper, "present", arch);
  const { machine, task, umcg } = bed;
  const server = new Umcg(machine.createTask({ cpu: 1, sharing: task }), { helper });
  setWord(bed, SERVER, running);
  setWord(bed, WORKER, blocked);
  setWord(bed, WORKER + IDLE_WORKERS, HEAD, 8);
  setWord(bed, WORKER + IDLE_SERVER_POINTER, IDLE_SERVER, 8);
  expect([server.register(SERVER), umcg.register(WORKER, { worker: true })]).toEqual([0, 0]);
  return { ...bed, server };
}

/** The worker runs with its pages pinned, and its server waits. */
export async function runningPair(
  helper: UmcgHelperName = "posted",
  arch?: ArchName,
): Promise<Pair> {
  const pair = await pairOf(helper, arch);
  setWord(pair, WORKER, running);
  setWord(pair, WORKER + NEXT_TID, pair.server.task.id);
  expect(pair.umcg.workerReturns()).toBe("goes on");
  setWord(pair, SERVER, idle);
  return pair;
}
