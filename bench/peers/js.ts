import {
  COPY_SIZES,
  PAGE_COUNTS,
  PERIOD_SIZES,
  RAM_BYTES,
  REMOTE_SIZES,
  SAMPLES,
  SEED,
} from "../cells.ts";
import type { CellId } from "../cells.ts";
import { SOURCE_SHIFT, STRUCTS, STRUCT_SHIFT } from "../compatLayout.ts";
import type { Inspectable, Peer, Work } from "../peer.ts";
import { fillPool, POOL_FRAMES, poolFrame } from "../pool.ts";
import { timeFirstAccess } from "../process.ts";
import { PAGE_SHIFT, PAGE_SIZE, RAM, ROOT } from "./js/layout.ts";
import { createJsSampleBed } from "./jsPerf.ts";
import { createJsPlayBed } from "./jsVirtio.ts";
import * as loops from "./js/loops.ts";
import { createMachine, createSharedMachine, mapAnonymous } from "./js/machine.ts";
import type { JsMachine } from "./js/machine.ts";
import { allocateFrame, allocateTable, lookup, mapPage } from "./js/tables.ts";
import { putUser } from "./js/uaccess.ts";

const LARGEST_COPY = Math.max(...Object.values(COPY_SIZES));
const LARGEST_READ = Math.max(...Object.values(REMOTE_SIZES));
const MOST_PAGES = Math.max(...Object.values(PAGE_COUNTS));

// The kernel's own memory: source records, the bounce buffer, the source of copies (half a page off
// the user's buffer, or the loads and stores of a copy would share their low 12 bits).
const SOURCE = RAM;
const BOUNCE = SOURCE + (STRUCTS << SOURCE_SHIFT);
const COPY_SOURCE = RAM + PAGE_SIZE + PAGE_SIZE / 2;
const SOURCE_BYTE = 7;
const READ_TARGET = COPY_SOURCE + LARGEST_COPY + PAGE_SIZE;
const KERNEL_BYTES = READ_TARGET - RAM + LARGEST_READ + PAGE_SIZE / 2;

// The user's memory: 4 GiB of pages for W5, and above it what is written.
const PAGES_HI = 0x10;
const USER_HI = 0x7f00;
const STRUCT_LO = PAGE_SIZE;
const COPY_LO = 2 << 20;

/** Where the other process of W3 has its memory. */
const REMOTE_LO = 4 << 20;

const PLACE: loops.SyncPtrPlace = { lo: STRUCT_LO, hi: USER_HI, source: SOURCE, bounce: BOUNCE };

/** The machine, and the other address space of W3. */
interface Bed {
  readonly machine: JsMachine;
  /** Where its top table begins, as a word. */
  readonly remoteRoot: number;
  /** Its memory, in frames one after the other. */
  readonly remote: Uint8Array;
}

/** A machine with everything mapped that the loops touch. */
function createBed(): Bed {
  const machine = createMachine(RAM_BYTES, KERNEL_BYTES);
  mapAnonymous(machine, STRUCT_LO, USER_HI, PAGE_SIZE);
  mapAnonymous(machine, COPY_LO, USER_HI, LARGEST_COPY);
  mapPool(machine);
  // a source that was never written to would be one page of the host's, over and over
  machine.bytes.fill(SOURCE_BYTE, COPY_SOURCE, COPY_SOURCE + LARGEST_COPY);
  putUser(machine, STRUCT_LO, USER_HI, 0); // its page is there before anything is timed
  return { machine, ...createRemote(machine) };
}

/** A machine on shared memory, with a resident word: what W4 compares and exchanges. */
function createExchangeBed(): JsMachine {
  const machine = createSharedMachine(PAGE_SIZE << 4, PAGE_SIZE);
  mapAnonymous(machine, STRUCT_LO, USER_HI, PAGE_SIZE);
  putUser(machine, STRUCT_LO, USER_HI, 0);
  return machine;
}

/** A second address space with memory for W3. */
function createRemote({ words, bytes }: JsMachine): Omit<Bed, "machine"> {
  const own = words[ROOT]!;
  const remoteRoot = allocateTable(words);
  const first = allocateFrame(words);
  const frames = [first];
  while (frames.length < LARGEST_READ / PAGE_SIZE) frames.push(allocateFrame(words));
  words[ROOT] = remoteRoot;
  frames.forEach((frame, page) => mapPage(words, REMOTE_LO + page * PAGE_SIZE, USER_HI, frame));
  words[ROOT] = own;
  const remote = bytes.subarray(first, first + LARGEST_READ);
  remote.fill(SOURCE_BYTE);
  return { remoteRoot, remote };
}

/** The user's structures, as a view into RAM. */
function structBytes(machine: JsMachine): Uint8Array {
  const start = lookup(machine.words, STRUCT_LO, USER_HI);
  return machine.bytes.subarray(start, start + (STRUCTS << STRUCT_SHIFT));
}

/** What the user sees from `lo`, page by page (all of them mapped). */
function userBytes(machine: JsMachine, lo: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += PAGE_SIZE) {
    const frame = lookup(machine.words, lo + at, USER_HI);
    bytes.set(machine.bytes.subarray(frame, frame + Math.min(PAGE_SIZE, size - at)), at);
  }
  return bytes;
}

function mapPool(machine: JsMachine): void {
  const first = allocateFrame(machine.words);
  for (let i = 1; i < POOL_FRAMES; i++) allocateFrame(machine.words);
  fillPool(machine.words.subarray(first >> 2, (first + POOL_FRAMES * PAGE_SIZE) >> 2));
  for (let page = 0; page < MOST_PAGES; page++) {
    mapPage(machine.words, page << PAGE_SHIFT, PAGES_HI, first + poolFrame(page) * PAGE_SIZE);
  }
}

/** W6: a fresh machine with one area, and a put that has to fill its first page. */
export function createAndAccess(): number {
  const start = process.hrtime.bigint();
  const machine = createMachine(RAM_BYTES, KERNEL_BYTES);
  mapAnonymous(machine, STRUCT_LO, USER_HI, PAGE_SIZE);
  const result = putUser(machine, STRUCT_LO, USER_HI, 1);
  const ns = Number(process.hrtime.bigint() - start);
  if (result !== 0) throw new Error(`the first put of a fresh machine returned ${result}`);
  return ns;
}

function works({ machine, remoteRoot }: Bed): ReadonlyMap<CellId, Work> {
  const map = new Map<CellId, Work>();
  const loop = (id: CellId, run: (n: number) => number) => map.set(id, { kind: "loop", run });
  loop("W1.a", (n) => loops.loopPerField(machine, PLACE, n));
  loop("W1.b", (n) => loops.loopBlock(machine, PLACE, n));
  loop("W1.c", (n) => loops.loopCopies(machine, PLACE, n));
  for (const [variant, size] of Object.entries(COPY_SIZES)) {
    loop(`W2.${variant}`, (n) =>
      loops.loopCopyToUser(machine, COPY_LO, USER_HI, COPY_SOURCE, size, n),
    );
  }
  for (const [variant, size] of Object.entries(REMOTE_SIZES)) {
    loop(`W3.${variant}`, (n) =>
      loops.loopReadRemote(machine, remoteRoot, REMOTE_LO, USER_HI, READ_TARGET, size, n),
    );
  }
  for (const [variant, pages] of Object.entries(PAGE_COUNTS)) {
    loop(`W5.${variant}`, (n) => loops.loopWalk(machine, PAGES_HI, pages - 1, SEED, n));
    loop(`W5.${variant}-tlb`, (n) => loops.loopRead(machine, PAGES_HI, pages - 1, SEED, n));
  }
  loop("W5.flush", (n) => loops.loopFlush(machine, n));
  const shared = createExchangeBed();
  loop("W4.1", (n) => loops.loopExchange(shared, STRUCT_LO, USER_HI, n));
  for (const [variant, { stack }] of Object.entries(SAMPLES)) {
    loop(`S1.${variant}`, createJsSampleBed(stack).sample);
  }
  for (const [variant, bytes] of Object.entries(PERIOD_SIZES)) {
    loop(`V1.${variant}`, createJsPlayBed(bytes).playPeriods);
  }
  map.set("W6.create", { kind: "single", perRound: 5, run: createAndAccess });
  map.set("W6.process", { kind: "single", perRound: 1, run: () => timeFirstAccess("js") });
  return map;
}

export interface JsPeer extends Peer, Inspectable {
  /** What W3 reads, live. */
  readonly remote: Uint8Array;
  /** The first `size` bytes where W3 reads to, live. */
  readonly read: (size: number) => Uint8Array;
}

/** The plain-JavaScript emulator: typed arrays, its own tables and TLBs, no bigint, no wasm. */
export function createJsPeer(): JsPeer {
  const bed = createBed();
  const { machine } = bed;
  return {
    name: "js",
    about: "plain JavaScript on typed arrays, four-level tables, two TLBs of 65,536 entries",
    works: works(bed),
    remote: bed.remote,
    read: (size) => machine.bytes.subarray(READ_TARGET, READ_TARGET + size),
    setRecord(record, fields) {
      machine.words.set(fields, (SOURCE + (record << SOURCE_SHIFT)) >> 2);
    },
    setCopySource(bytes) {
      machine.bytes.set(bytes, COPY_SOURCE);
    },
    fillStructs(byte) {
      structBytes(machine).fill(byte);
    },
    structs: () => structBytes(machine).slice(),
    copied: (size) => userBytes(machine, COPY_LO, size),
  };
}
