import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "../../src/index.ts";
import type { CellId } from "../cells.ts";
import { Pair } from "../contend/pair.ts";
import type { Arena, Contest } from "../contend/protocol.ts";
import { compileExchange, exchangeOn } from "../limit/compile.ts";
import type { TimedWork, Work } from "../peer.ts";
import { projectRoot } from "../root.ts";

/** W4: a word that is compared and exchanged, by one thread and by two, and one that two hand to each other. */

/** So long until V8 has compiled the loop in earnest, on both threads. */
const WARM_MS = 300;
/** Where the word stands: in the limit's memory, and in the user's. */
const RAW_WORD = 1024;
const USER_WORD = 0x4000_0000;
const PAGE_SIZE = 4096;

/** Where two threads meet, and what their word holds. */
interface Meeting {
  readonly arena: Arena;
  readonly word: () => number;
}

/** A loop of two threads, which start when it is first needed. */
function pairWork(contest: Contest, meet: () => Promise<Meeting>): TimedWork {
  let pair: Promise<Pair> | undefined;
  return {
    kind: "timed",
    warmMs: WARM_MS,
    async run(n) {
      pair ??= meet().then(({ arena }) => Pair.start(contest, arena));
      const { ns, results } = (await pair).run(n);
      return { ns, checksum: results[0]! };
    },
  };
}

/** Loops of one thread. */
interface Alone {
  readonly inlined: (n: number) => number;
  readonly called: (n: number) => number;
}

/** The works: the first alone on this thread, the others by two more, each pair on a word of its own. */
function works(
  { inlined, called }: Alone,
  meet: () => Promise<Meeting>,
): ReadonlyMap<CellId, Work> {
  return new Map<CellId, Work>([
    ["W4.1", { kind: "loop", run: inlined }],
    ["W4.call", { kind: "loop", run: called }],
    ["W4.2", pairWork("attempts", meet)],
    ["W4.ping", pairWork("pingPong", meet)],
  ]);
}

/** Shared memory of raw wasm. */
export async function rawArena(): Promise<Meeting> {
  const { module, memory } = await compileExchange();
  const words = new Uint32Array(memory.buffer);
  return {
    arena: { kind: "raw", module, memory, word: RAW_WORD },
    word: () => words[RAW_WORD >> 2]!,
  };
}

/** The bare instruction on shared memory, and the engine's own wait and notify. */
export async function limitExchanges(): Promise<ReadonlyMap<CellId, Work>> {
  const { module, memory } = await compileExchange();
  const { attempts } = exchangeOn(module, memory);
  const bare = (n: number) => attempts(RAW_WORD, n);
  return works({ inlined: bare, called: bare }, rawArena);
}

/** A machine of the threads build, on each of whose CPUs a task shares a resident word. */
async function createBed(cpus: number) {
  const wasm = new Uint8Array(readFileSync(join(projectRoot(), "wasm", "threads.wasm")));
  const machine = await Machine.create({ memory: "8M", build: "threads", cpus, wasm });
  const first = machine.createTask();
  first.map({ at: USER_WORD, length: PAGE_SIZE });
  first.touch(USER_WORD, "write");
  for (let cpu = 1; cpu < cpus; cpu++) machine.createTask({ cpu, sharing: first });
  return { machine, first };
}

/** An address space that two CPUs share, beside the one of this thread. */
export async function emulatedArena(): Promise<Meeting> {
  const { machine, first } = await createBed(3);
  const { module, memory } = machine.core;
  return {
    arena: { kind: "machine", module, memory, shape: machine.shape, cpus: [1, 2], word: USER_WORD },
    word: () => machine.words[first.linearOf(USER_WORD)! >>> 2]!,
  };
}

/** The same through translation, range check and guard. */
export async function emulatedExchanges(): Promise<ReadonlyMap<CellId, Work>> {
  const { machine, first } = await createBed(1);
  const alone = (name: "ROUNDS_ATTEMPT" | "ROUNDS_CALLED") => {
    const kind = machine.constant(name);
    return (n: number) => machine.exports.futexRounds(first.cpu, kind, USER_WORD, 0, 0, 0, n);
  };
  return works({ inlined: alone("ROUNDS_ATTEMPT"), called: alone("ROUNDS_CALLED") }, emulatedArena);
}
