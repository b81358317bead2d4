import { COPY_SIZES, PAGE_COUNTS } from "../cells.ts";
import type { CellId } from "../cells.ts";
import { STRUCT_SHIFT, STRUCTS } from "../compatLayout.ts";
import type { Inspectable, Peer, SingleWork, TimedWork, Work } from "../peer.ts";
import { fillPool, POOL_FRAMES } from "../pool.ts";
import { timeFirstAccess } from "../process.ts";
import { Emulator, v86Version } from "./v86/emulator.ts";
import { pageTables } from "./v86/guest.ts";
import {
  COPY_FROM,
  COPY_TO,
  MOST_PAGES,
  PAGE_SIZE,
  PAGES_TABLES,
  POOL,
  STRUCT_FRAME,
} from "./v86/layout.ts";
import type { RoutineName } from "./v86/routines.ts";

/** So long until v86 has found what is hot, compiled it, and V8 has compiled that in earnest. */
const WARM_MS = 1000;
const SOURCE_BYTE = 7;
const STRUCT_BYTES = STRUCTS << STRUCT_SHIFT;
const CREATIONS_PER_ROUND = 1;

const GUARD = "a locked or and a locked and stand in for the guard, because v86 has no SMAP";
const WALK = "two levels of tables, the entry dropped by invlpg";
const HALF = `a 32-bit program has ${MOST_PAGES.toLocaleString("en")} pages at most`;

const NOTES: ReadonlyMap<CellId, string> = new Map<CellId, string>([
  ["W1.a", GUARD],
  ["W1.b", GUARD],
  ["W1.c", GUARD],
  ["W2.64", GUARD],
  ["W2.4k", GUARD],
  ["W2.1m", GUARD],
  ["W5.512", WALK],
  ["W5.64k", WALK],
  ["W5.1m", `${WALK}; ${HALF}`],
  ["W5.64k-tlb", "v86 keeps far fewer translations than there are pages, so it walks"],
  ["W5.1m-tlb", HALF],
  ["W5.flush", "a write to CR3, after which hardly anything was translated"],
  ["W6.create", "v86 reads and compiles its wasm anew for every machine"],
]);

/** A peer whose memory a test can look into. In W1 its guest writes the number of the run, as the limit does. */
export type V86Peer = Peer & Omit<Inspectable, "setRecord">;

type Works = Map<CellId, Work>;

function readWork(emulator: Emulator, name: RoutineName, pages: number): TimedWork {
  return routineWork(emulator, name, Math.min(pages, MOST_PAGES) - 1, () => true);
}

/** A routine whose answer is an errno. */
function writeWork(emulator: Emulator, name: RoutineName, argument: number): TimedWork {
  return routineWork(emulator, name, argument, (result) => result === 0);
}

function routineWork(
  emulator: Emulator,
  name: RoutineName,
  argument: number,
  isFine: (result: number) => boolean,
): TimedWork {
  return {
    kind: "timed",
    warmMs: WARM_MS,
    before: () => emulator.run(),
    after: () => emulator.stop(),
    async run(n) {
      const { ns, result } = await emulator.call(name, n, argument);
      if (!isFine(result)) throw new Error(`${name} in v86's guest gave ${result}`);
      return { ns, checksum: result };
    },
  };
}

async function timeBoot(): Promise<number> {
  const start = process.hrtime.bigint();
  const emulator = await Emulator.boot();
  const ns = Number(process.hrtime.bigint() - start);
  await emulator.close();
  return ns;
}

function createWorks(emulator: Emulator): ReadonlyMap<CellId, Work> {
  const works: Works = new Map();
  works.set("W1.a", writeWork(emulator, "perField", 0));
  works.set("W1.b", writeWork(emulator, "block", 0));
  works.set("W1.c", writeWork(emulator, "copies", 0));
  for (const [variant, size] of Object.entries(COPY_SIZES)) {
    works.set(`W2.${variant}`, writeWork(emulator, "copy", size));
  }
  for (const [variant, pages] of Object.entries(PAGE_COUNTS)) {
    works.set(`W5.${variant}`, readWork(emulator, "walk", pages));
    works.set(`W5.${variant}-tlb`, readWork(emulator, "read", pages));
  }
  works.set("W5.flush", writeWork(emulator, "flush", 0));
  const single = (perRound: number, run: SingleWork["run"]): SingleWork => ({
    kind: "single",
    perRound,
    run,
  });
  works.set("W6.create", single(CREATIONS_PER_ROUND, timeBoot));
  works.set(
    "W6.process",
    single(CREATIONS_PER_ROUND, () => timeFirstAccess("v86")),
  );
  return works;
}

/** What the guest's loops read: the pages of W5 with their tables, the source of W2. */
function fillMemory(emulator: Emulator): void {
  const pool = new Uint32Array((POOL_FRAMES * PAGE_SIZE) / 4);
  fillPool(pool);
  emulator.write(POOL, pool);
  emulator.write(PAGES_TABLES, pageTables());
  // a source that was never written to would be one page of the host's, over and over
  const largest = Math.max(...Object.values(COPY_SIZES));
  emulator.write(COPY_FROM, new Uint8Array(largest).fill(SOURCE_BYTE));
}

/** v86, an emulator of a whole PC, with a kernel of our own in it (v86/guest.ts). */
export async function createV86Peer(): Promise<V86Peer> {
  const emulator = await Emulator.boot();
  fillMemory(emulator);
  return {
    name: "v86",
    about: `v86 ${v86Version()}: a whole PC, with a 32-bit guest of ours in it`,
    works: createWorks(emulator),
    notes: NOTES,
    close: () => emulator.close(),
    setCopySource(bytes) {
      emulator.write(COPY_FROM, bytes);
    },
    fillStructs(byte) {
      emulator.write(STRUCT_FRAME, new Uint8Array(STRUCT_BYTES).fill(byte));
    },
    structs: () => emulator.read(STRUCT_FRAME, STRUCT_BYTES),
    copied: (size) => emulator.read(COPY_TO, size),
  };
}
