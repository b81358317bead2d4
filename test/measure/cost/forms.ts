/**
 * The events of SYNC_PTR in the compat layout, counted by hand for each architecture's own rules:
 * 3 fields fetched (flags at 0, appl_ptr at 68, avail_min at 72), 9 fields stored (4, 12, 16, 20, 24,
 * 28, 32, 68, 72), each 4 bytes wide.
 */

import type { ArchName } from "../../../src/index.ts";
import { sideEvents, type CallEvents } from "../../../src/measure/cost/index.ts";

/** The ways to move the data, in the order of the published table. */
export const forms = ["perField", "copy", "block"] as const;
export type Form = (typeof forms)[number];

const fetched = 3;
const stored = 9;
/** Fields that are fetched and stored: PowerPC checked their addresses on the read side. */
const fetchedAndStored = 2;

/** What an architecture's rules do to the counts. */
interface Rules {
  readonly guardsReads: boolean;
  readonly guardsWrites: boolean;
  /** A block opens the guard for each access and not as a whole. */
  readonly opensPerBlockAccess: boolean;
  readonly dropsRepeatedChecks: boolean;
}

const whole: Rules = {
  guardsReads: true,
  guardsWrites: true,
  opensPerBlockAccess: false,
  dropsRepeatedChecks: false,
};
const powerpc: Rules = { ...whole, dropsRepeatedChecks: true };
const unguarded: Rules = { ...whole, guardsReads: false, guardsWrites: false };

const rules: Readonly<Record<ArchName, Rules>> = {
  "x86-64": whole,
  "powerpc-8xx": powerpc,
  "powerpc-book3s32": { ...powerpc, guardsReads: false },
  "powerpc-book3s64": powerpc,
  "arm64-pan": unguarded,
  "arm64-ttbr0": whole,
  riscv64: { ...whole, opensPerBlockAccess: true },
  "riscv64-block-guard": whole,
  none: unguarded,
};

const flagsGet = { functionEntries: 1, gets: 1, getRangeChecks: 1 };

/** The kernel buffers lie as they do in the counted function. */
const control = { bytes: 8, toAlign: 4, fromAlign: 4 };
const statusOut = { bytes: 32, toAlign: 4, fromAlign: 8 };
const controlOut = { bytes: 8, toAlign: 4, fromAlign: 8 };

const build: Readonly<Record<Form, (rules: Rules) => CallEvents>> = {
  perField: ({ guardsReads, guardsWrites, dropsRepeatedChecks }) => ({
    taskBits: 32,
    read: sideEvents({
      functionEntries: 1,
      gets: fetched,
      getRangeChecks: fetched,
      accessOpens: guardsReads ? fetched : 0,
      accessCloses: guardsReads ? fetched : 0,
    }),
    write: sideEvents({
      puts: stored,
      putRangeChecks: dropsRepeatedChecks ? stored - fetchedAndStored : stored,
      accessOpens: guardsWrites ? stored : 0,
      accessCloses: guardsWrites ? stored : 0,
    }),
  }),
  copy: ({ guardsReads, guardsWrites }) => ({
    taskBits: 32,
    read: sideEvents({
      ...flagsGet,
      copyRangeChecks: 1,
      copiesFromUser: [control],
      accessOpens: guardsReads ? 1 : 0,
      accessCloses: guardsReads ? 1 : 0,
      copyOpens: guardsReads ? 1 : 0,
      copyCloses: guardsReads ? 1 : 0,
    }),
    write: sideEvents({
      copyRangeChecks: 2,
      copiesToUser: [statusOut, controlOut],
      copyOpens: guardsWrites ? 2 : 0,
      copyCloses: guardsWrites ? 2 : 0,
    }),
  }),
  block: ({ guardsReads, guardsWrites, opensPerBlockAccess, dropsRepeatedChecks }) => {
    const readOpens = opensPerBlockAccess ? fetched : 1;
    const writeOpens = opensPerBlockAccess ? stored : 1;
    return {
      taskBits: 32,
      read: sideEvents({
        functionEntries: 1,
        readBlocks: 1,
        blockRangeChecks: 1,
        blockLoads: fetched,
        blockOpens: guardsReads ? readOpens : 0,
        blockCloses: guardsReads ? readOpens : 0,
      }),
      write: sideEvents({
        writeBlocks: 1,
        blockRangeChecks: dropsRepeatedChecks ? 0 : 1,
        blockStores: stored,
        blockOpens: guardsWrites ? writeOpens : 0,
        blockCloses: guardsWrites ? writeOpens : 0,
      }),
    };
  },
};

/** What a core with that architecture's rules counts for one call. */
export function syncPtrEvents(profile: ArchName, form: Form): CallEvents {
  return build[form](rules[profile]);
}
