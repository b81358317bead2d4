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

/** A loop of two threads, which start when it is first needed. */
function pairWork(contest: Contest, arena: () => Promise<Arena>): TimedWork {
  let pair: Promise<Pair> | undefined;
  return {
    kind: "timed",
    warmMs: WARM_MS,
    async run(n) {
      pair ??= arena().then((made) => Pair.start(contest, made));
      const { ns, results } = (await pair).run(n);
      return { ns, checksum: results[0]! };
    },
  };
}

/** The works of one arena: the first alone on this thread, the others by two more. */
function works(
  alone: (n: number) => number,
  arena: () => Promise<Arena>,
): ReadonlyMap<CellId, Work> {
  return new Map<CellId, Work>([
    ["W4.1", { kind: "loop", run: alone }],
    ["W4.2", pairWork("attempts", arena)],
    ["W4.ping", pairWork("pingPong", arena)],
  ]);
}

/** The bare instruction on shared memory, and the engine's own wait and notify. */
export async function limitExchanges(): Promise<ReadonlyMap<CellId, Work>> {
  const { module, memory } = await compileExchange();
  const { attempts } = exchangeOn(module, memory);
  const fresh = () => {
    new Uint32Array(memory.buffer)[RAW_WORD >> 2] = 0;
    const made: Arena = { kind: "raw", module, memory, word: RAW_WORD };
    return Promise.resolve(made);
  };
  return works((n) => attempts(RAW_WORD, n), fresh);
}

/** A machine of the threads build on whose CPUs tasks share a resident word. */
async function createArena(cpus: number) {
  const wasm = new Uint8Array(readFileSync(join(projectRoot(), "wasm", "threads.wasm")));
  const machine = await Machine.create({ memory: "8M", build: "threads", cpus, wasm });
  const first = machine.createTask();
  first.map({ at: USER_WORD, length: 4096, populate: true });
  first.touch(USER_WORD, "write");
  const others = Array.from({ length: cpus - 1 }, (_, index) =>
    machine.createTask({ cpu: index + 1, sharing: first }),
  );
  return { machine, tasks: [first, ...others] };
}

/** The same through translation, range check and guard, in an address space that the CPUs share. */
export async function emulatedExchanges(): Promise<ReadonlyMap<CellId, Work>> {
  const { machine, tasks } = await createArena(1);
  const kind = machine.constant("ROUNDS_ATTEMPT");
  const { cpu } = tasks[0]!;
  const two = async (): Promise<Arena> => {
    const bed = await createArena(3);
    const { module, memory } = bed.machine.core;
    const cpus = bed.tasks.slice(1).map((task) => task.cpu);
    return { kind: "machine", module, memory, shape: bed.machine.shape, cpus, word: USER_WORD };
  };
  return works((n) => machine.exports.futexRounds(cpu, kind, USER_WORD, 0, 0, 0, n), two);
}
