import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { COPY_SIZES, PAGE_COUNTS, SEED } from "../cells.ts";
import type { CellId } from "../cells.ts";
import type { Peer, Work } from "../peer.ts";
import { projectRoot } from "../root.ts";

/**
 * The loops that the core exports for being measured: `n` times the real code, inside wasm. Addresses
 * of the user are halves (lo, hi), `cpu` and `kaddr` linear addresses.
 */
export interface BenchLoops {
  /** The write side of SYNC_PTR in the compat layout; 0 or a negative errno. */
  readonly benchSyncPtrWrite: (cpu: number, strategy: number, n: number) => number;
  /** Returns how many bytes were not copied. */
  readonly benchCopyToUser: (
    cpu: number,
    vaLo: number,
    vaHi: number,
    kaddr: number,
    size: number,
    n: number,
  ) => number;
  /** Reads words of random pages (pageOrder.ts); drops the page's own TLB entry first if `dropEach`. */
  readonly benchGetRandom: (
    cpu: number,
    vaLo: number,
    vaHi: number,
    pageMask: number,
    n: number,
    seed: number,
    dropEach: number,
  ) => number;
  readonly benchFlushAll: (cpu: number, n: number) => void;
}

/** The numbers by which the core knows the three ways of moving user data. */
export interface StrategyNumbers {
  readonly perField: number;
  readonly copy: number;
  readonly unsafeBlock: number;
}

/** A user address in halves. */
export interface UserAddress {
  readonly lo: number;
  readonly hi: number;
}

/** A machine of ours that is set up for the loops. */
export interface FaultlineBed {
  readonly core: Uint8Array;
  readonly loops: BenchLoops;
  readonly cpu: number;
  readonly strategies: StrategyNumbers;
  /** Where W2 copies to (1 MiB, mapped, page-aligned) and from (half a page off, see limit.ts). */
  readonly copyTo: UserAddress;
  readonly copyFrom: number;
  /** Where the 1,048,576 pages of W5 begin, mapped in the order of pool.ts. */
  readonly pages: UserAddress;
  /** A fresh machine and its first access to user memory. */
  readonly createAndAccess: () => Promise<void>;
}

const PER_ROUND = 5;

async function timeCreation(createAndAccess: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await createAndAccess();
  return Number(process.hrtime.bigint() - start);
}

/** The wall time of `faultline compare sync-ptr` as a process of its own. */
function timeCompare(): number {
  const command = join(projectRoot(), "dist", "cli", "main.js");
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, [command, "compare", "sync-ptr"]);
  const ns = Number(process.hrtime.bigint() - start);
  if (status !== 0) throw new Error(`faultline compare sync-ptr ended with ${status}: not built?`);
  return ns;
}

function works(bed: FaultlineBed): ReadonlyMap<CellId, Work> {
  const { loops, cpu, strategies, copyTo, copyFrom, pages } = bed;
  const map = new Map<CellId, Work>();
  const loop = (id: CellId, run: (n: number) => number) => map.set(id, { kind: "loop", run });
  loop("W1.a", (n) => loops.benchSyncPtrWrite(cpu, strategies.perField, n));
  loop("W1.b", (n) => loops.benchSyncPtrWrite(cpu, strategies.unsafeBlock, n));
  loop("W1.c", (n) => loops.benchSyncPtrWrite(cpu, strategies.copy, n));
  for (const [variant, size] of Object.entries(COPY_SIZES)) {
    const { lo, hi } = copyTo;
    loop(`W2.${variant}`, (n) => loops.benchCopyToUser(cpu, lo, hi, copyFrom, size, n));
  }
  for (const [variant, count] of Object.entries(PAGE_COUNTS)) {
    const read = (n: number, drop: number) =>
      loops.benchGetRandom(cpu, pages.lo, pages.hi, count - 1, n, SEED, drop);
    loop(`W5.${variant}`, (n) => read(n, 1));
    loop(`W5.${variant}-tlb`, (n) => read(n, 0));
  }
  loop("W5.flush", (n) => {
    loops.benchFlushAll(cpu, n);
    return n;
  });
  const create = () => timeCreation(bed.createAndAccess);
  map.set("W6.create", { kind: "single", perRound: PER_ROUND, run: create });
  map.set("W6.compare", { kind: "single", perRound: 1, run: timeCompare });
  return map;
}

/** Ourselves: the release core, each loop inside it. */
export function createFaultlinePeer(bed: FaultlineBed): Peer {
  return {
    name: "faultline",
    about: "the release core, full semantics",
    works: works(bed),
    core: bed.core,
  };
}
