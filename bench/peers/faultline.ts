import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COPY_SIZES, PAGE_COUNTS, PERIOD_SIZES, SAMPLES, SEED } from "../cells.ts";
import type { CellId } from "../cells.ts";
import type { Peer, Work } from "../peer.ts";
import { timeFirstAccess, timeNode } from "../process.ts";
import { projectRoot } from "../root.ts";
import { emulatedExchanges } from "./exchangeWorks.ts";
import { RemoteBeds, remoteReads, remoteSteps } from "./remoteWorks.ts";
import { createAndAccess, createCopyBed, createPagesBed, createStructBed } from "./faultlineBed.ts";
import type { CopyBed, PagesBed, StructBed } from "./faultlineBed.ts";
import { createRefineBed, createWriteBed } from "./faultlinePcm.ts";
import type { RefineBed, WriteBed } from "./faultlinePcm.ts";
import { createSampleBed } from "./faultlinePerf.ts";
import { createPlayBed } from "./faultlineVirtio.ts";

/** TLB entries where walks are measured, and where hits are. */
const WALK_TLB_ENTRIES = 1024;
const HIT_TLB_ENTRIES = 65536;
const CREATIONS_PER_ROUND = 5;
const REPLAYS = 3;
const SOURCE_BYTE = 7;

/** The release core's loops, and what a test wants to see of their memory. */
export interface FaultlinePeer extends Peer {
  readonly structs: StructBed;
  readonly copies: CopyBed;
}

type Works = Map<CellId, Work>;

function addLoop(works: Works, id: CellId, run: (n: number) => number): void {
  works.set(id, { kind: "loop", run });
}

function addWrites(works: Works, { machine, cpu, structs }: StructBed): void {
  const { exports } = machine;
  const add = (id: CellId, strategy: number) =>
    addLoop(works, id, (n) =>
      exports.measureSyncPtrWrite(cpu, structs.lo, structs.hi, strategy, n),
    );
  add("W1.a", machine.constant("STRATEGY_PER_FIELD"));
  add("W1.b", machine.constant("STRATEGY_BLOCK"));
  add("W1.c", machine.constant("STRATEGY_COPY"));
}

function addCopies(works: Works, { machine, cpu, copyTo, copyFrom }: CopyBed): void {
  for (const [variant, size] of Object.entries(COPY_SIZES)) {
    addLoop(works, `W2.${variant}`, (n) =>
      machine.exports.measureCopyToUser(cpu, copyTo.lo, copyTo.hi, copyFrom, size, n),
    );
  }
}

function addReads(works: Works, walk: PagesBed, hit: PagesBed): void {
  const read = (
    { machine, cpu, pages }: PagesBed,
    count: number,
    n: number,
    translations: "TRANSLATIONS_KEPT" | "TRANSLATIONS_DROPPED",
  ) =>
    machine.exports.measureRandomGets(
      cpu,
      pages.lo,
      pages.hi,
      count,
      n,
      SEED,
      machine.constant(translations),
    );
  for (const [variant, count] of Object.entries(PAGE_COUNTS)) {
    addLoop(works, `W5.${variant}`, (n) => read(walk, count, n, "TRANSLATIONS_DROPPED"));
    addLoop(works, `W5.${variant}-tlb`, (n) => read(hit, count, n, "TRANSLATIONS_KEPT"));
  }
  addLoop(works, "W5.flush", (n) => {
    hit.machine.exports.measureFlush(hit.cpu, n);
    return n;
  });
}

function addPcm(works: Works, { writePeriods }: WriteBed, { refine }: RefineBed): void {
  addLoop(works, "P1.writei", writePeriods);
  addLoop(works, "P2.hw_refine", refine);
  const recordings = join(projectRoot(), "test", "golden", "pcm");
  const run = () => timeCommand("replay", recordings);
  works.set("P3.replay", { kind: "single", perRound: 1, mostRounds: REPLAYS, run });
}

async function addPeriods(works: Works): Promise<void> {
  for (const [variant, bytes] of Object.entries(PERIOD_SIZES)) {
    addLoop(works, `V1.${variant}`, (await createPlayBed(bytes)).playPeriods);
  }
}

async function addSamples(works: Works): Promise<void> {
  for (const [variant, { stack }] of Object.entries(SAMPLES)) {
    addLoop(works, `S1.${variant}`, (await createSampleBed(stack)).sample);
  }
}

async function timeCreation(): Promise<number> {
  const start = process.hrtime.bigint();
  await createAndAccess();
  return Number(process.hrtime.bigint() - start);
}

/** The wall time of a faultline command as a process of its own. */
function timeCommand(...args: readonly string[]): number {
  return timeNode([join(projectRoot(), "dist", "cli", "main.js"), ...args]);
}

/** Ourselves: the release core, each loop inside it. */
export async function createFaultlinePeer(remote = new RemoteBeds()): Promise<FaultlinePeer> {
  const structs = await createStructBed("x86-64");
  const copies = await createCopyBed();
  // a source that was never written to would be one page of the host's, over and over
  copies.source(Math.max(...Object.values(COPY_SIZES))).fill(SOURCE_BYTE);
  const works: Works = new Map([
    ...remoteReads(remote, "fast-v2"),
    ...remoteSteps(remote),
    ...(await emulatedExchanges()),
  ]);
  addWrites(works, structs);
  addCopies(works, copies);
  addReads(works, await createPagesBed(WALK_TLB_ENTRIES), await createPagesBed(HIT_TLB_ENTRIES));
  const single = { kind: "single" } as const;
  works.set("W6.create", { ...single, perRound: CREATIONS_PER_ROUND, run: timeCreation });
  works.set("W6.process", { ...single, perRound: 1, run: () => timeFirstAccess("faultline") });
  works.set("W6.compare", {
    ...single,
    perRound: 1,
    run: () => timeCommand("compare", "sync-ptr"),
  });
  addPcm(works, await createWriteBed(), await createRefineBed());
  await addPeriods(works);
  await addSamples(works);
  return {
    name: "faultline",
    about: "the release core, full semantics, x86-64 profile; remote memory by fast-v2",
    works,
    core: readFileSync(join(projectRoot(), "wasm", "release.wasm")),
    structs,
    copies,
  };
}
