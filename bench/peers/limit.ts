import {
  AREA_COUNTS,
  COPY_SIZES,
  LEAF_SIZES,
  PAGE_COUNTS,
  PERIOD_BYTES,
  PERIOD_SIZES,
  REMOTE_SIZES,
  SAMPLES,
  SAMPLE_RING_BYTES,
  SEED,
} from "../cells.ts";
import type { CellId } from "../cells.ts";
import { SOURCE_SHIFT, STRUCTS, STRUCT_SHIFT } from "../compatLayout.ts";
import { loadLimit } from "../limit/compile.ts";
import type { LimitExports } from "../limit/compile.ts";
import type { Inspectable, Peer, Work } from "../peer.ts";
import { limitExchanges } from "./exchangeWorks.ts";
import { fillPool, POOL_FRAMES, poolFrame } from "../pool.ts";
import { timeFirstAccess } from "../process.ts";

const PAGE_SIZE = 4096;
const MEMORY_BYTES = 16 << 20;
const LARGEST_COPY = Math.max(...Object.values(COPY_SIZES));
const MOST_PAGES = Math.max(...Object.values(PAGE_COUNTS));

//   page 0   | 1       | 2      |        |          |            |
//   (asc's)  | structs | source | bounce | copy to  | copy from  | pool  | flat table
const STRUCT = PAGE_SIZE;
const SOURCE = STRUCT + PAGE_SIZE;
const BOUNCE = SOURCE + PAGE_SIZE / 2;
const COPY_TO = SOURCE + PAGE_SIZE;
/** Half a page off, or the loads and stores of a copy would share their low 12 bits. */
const COPY_FROM = COPY_TO + LARGEST_COPY + PAGE_SIZE / 2;
const STRUCT_BYTES = STRUCTS << STRUCT_SHIFT;
const SOURCE_BYTE = 7;
const POOL = COPY_FROM + LARGEST_COPY + PAGE_SIZE / 2;
const TABLE = POOL + POOL_FRAMES * PAGE_SIZE;

function fillTables(memory: WebAssembly.Memory): void {
  const words = new Uint32Array(memory.buffer);
  fillPool(words.subarray(POOL >> 2, TABLE >> 2));
  for (let page = 0; page < MOST_PAGES; page++) {
    words[(TABLE >> 2) + page] = POOL + poolFrame(page) * PAGE_SIZE;
  }
}

function works(limit: LimitExports): ReadonlyMap<CellId, Work> {
  const map = new Map<CellId, Work>();
  const loop = (id: CellId, run: (n: number) => number) => map.set(id, { kind: "loop", run });
  loop("W1.a", (n) => limit.storeNine(STRUCT, n));
  loop("W1.b", (n) => limit.storeNine(STRUCT, n));
  loop("W1.c", (n) => limit.bounceNine(STRUCT, BOUNCE, n));
  for (const [variant, size] of Object.entries(COPY_SIZES)) {
    loop(`W2.${variant}`, (n) => limit.copyBytes(COPY_TO, COPY_FROM, size, n));
  }
  for (const [variant, size] of Object.entries(REMOTE_SIZES)) {
    loop(`W3.${variant}`, (n) => limit.copyBytes(COPY_TO, COPY_FROM, size, n));
  }
  for (const variant of Object.keys(LEAF_SIZES)) {
    loop(`W3.${variant}`, (n) => limit.copyBytes(COPY_TO, COPY_FROM, REMOTE_SIZES["1m"]!, n));
  }
  for (const variant of Object.keys(AREA_COUNTS)) {
    loop(`W3.${variant}`, (n) => limit.copyBytes(COPY_TO, COPY_FROM, REMOTE_SIZES["8"]!, n));
  }
  for (const [variant, pages] of Object.entries(PAGE_COUNTS)) {
    const read = (n: number) => limit.readPages(TABLE, pages - 1, SEED, n);
    loop(`W5.${variant}`, read);
    loop(`W5.${variant}-tlb`, read);
  }
  for (const [variant, size] of Object.entries(PERIOD_SIZES)) {
    loop(`V1.${variant}`, (n) => limit.copyBytes(COPY_TO, COPY_FROM, size, n));
  }
  loop("P1.writei", (n) => limit.copyBytes(COPY_TO, COPY_FROM, PERIOD_BYTES, n));
  for (const [variant, { bytes }] of Object.entries(SAMPLES)) {
    loop(`S1.${variant}`, (n) => limit.copyToRing(COPY_TO, SAMPLE_RING_BYTES, COPY_FROM, bytes, n));
  }
  map.set("W6.process", { kind: "single", perRound: 1, run: () => timeFirstAccess("limit") });
  return map;
}

/** The same loads and stores with nothing around them, in wasm: what all ratios are taken to. */
export interface LimitPeer extends Peer, Inspectable {
  /** The limit of W1 when each value is loaded first, as every emulator has to. */
  readonly withLoads: Peer;
}

export async function createLimitPeer(): Promise<LimitPeer> {
  const limit = await loadLimit(MEMORY_BYTES);
  fillTables(limit.memory);
  const bytes = new Uint8Array(limit.memory.buffer);
  // a source that was never written to would be one page of the host's, over and over
  bytes.fill(SOURCE_BYTE, COPY_FROM, COPY_FROM + LARGEST_COPY);
  const move: Work = { kind: "loop", run: (n) => limit.moveNine(STRUCT, SOURCE, n) };
  return {
    name: "limit",
    about: "raw wasm: the bare loads and stores",
    works: new Map([...works(limit), ...(await limitExchanges())]),
    withLoads: {
      name: "limit-loads",
      about: "raw wasm: the nine stores, each value loaded first",
      works: new Map([
        ["W1.a", move],
        ["W1.b", move],
      ]),
    },
    setRecord(record, fields) {
      new Uint32Array(limit.memory.buffer).set(fields, (SOURCE + (record << SOURCE_SHIFT)) >> 2);
    },
    setCopySource(source) {
      bytes.set(source, COPY_FROM);
    },
    fillStructs(byte) {
      bytes.fill(byte, STRUCT, STRUCT + STRUCT_BYTES);
    },
    structs: () => bytes.slice(STRUCT, STRUCT + STRUCT_BYTES),
    copied: (size) => bytes.slice(COPY_TO, COPY_TO + size),
  };
}
