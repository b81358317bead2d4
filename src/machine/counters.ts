/**
 * The one table of counters: the command, the JSON and the docs are made from it. The core counts in the study build;
 * `constant` is the core's export that says in which slot.
 */
export const counterTable = [
  {
    name: "rangeChecksRead",
    constant: "COUNT_RANGE_CHECKS_READ",
    unit: "checks",
    meaning: "range checks executed on the read side",
  },
  {
    name: "rangeChecksWrite",
    constant: "COUNT_RANGE_CHECKS_WRITE",
    unit: "checks",
    meaning: "range checks executed on the write side",
  },
  {
    name: "guardOpensRead",
    constant: "COUNT_GUARD_OPENS_READ",
    unit: "openings",
    meaning: "openings of the guard to read",
  },
  {
    name: "guardOpensWrite",
    constant: "COUNT_GUARD_OPENS_WRITE",
    unit: "openings",
    meaning: "openings of the guard to write, or to do both",
  },
  {
    name: "guardClosesRead",
    constant: "COUNT_GUARD_CLOSES_READ",
    unit: "closings",
    meaning: "closings of the guard after reading",
  },
  {
    name: "guardClosesWrite",
    constant: "COUNT_GUARD_CLOSES_WRITE",
    unit: "closings",
    meaning: "closings of the guard after writing, or after both",
  },
  {
    name: "userLoads",
    constant: "COUNT_USER_LOADS",
    unit: "loads",
    meaning: "single values loaded from user memory",
  },
  {
    name: "userStores",
    constant: "COUNT_USER_STORES",
    unit: "stores",
    meaning: "single values stored to user memory",
  },
  { name: "gets", constant: "COUNT_GETS", unit: "calls", meaning: "get_user and __get_user" },
  { name: "puts", constant: "COUNT_PUTS", unit: "calls", meaning: "put_user and __put_user" },
  {
    name: "readBlocks",
    constant: "COUNT_READ_BLOCKS",
    unit: "blocks",
    meaning: "blocks begun to read",
  },
  {
    name: "writeBlocks",
    constant: "COUNT_WRITE_BLOCKS",
    unit: "blocks",
    meaning: "blocks begun to write, or to do both",
  },
  {
    name: "unsafeGets",
    constant: "COUNT_UNSAFE_GETS",
    unit: "calls",
    meaning: "unsafe_get_user in a block",
  },
  {
    name: "unsafePuts",
    constant: "COUNT_UNSAFE_PUTS",
    unit: "calls",
    meaning: "unsafe_put_user in a block",
  },
  {
    name: "copiesFrom",
    constant: "COUNT_COPIES_FROM",
    unit: "copies",
    meaning: "copies from user memory",
  },
  {
    name: "copiesTo",
    constant: "COUNT_COPIES_TO",
    unit: "copies",
    meaning: "copies to user memory",
  },
  {
    name: "bytesFrom",
    constant: "COUNT_BYTES_FROM",
    unit: "bytes",
    meaning: "bytes copied from user memory in bulk",
  },
  {
    name: "bytesTo",
    constant: "COUNT_BYTES_TO",
    unit: "bytes",
    meaning: "bytes copied to user memory in bulk",
  },
  {
    name: "tlbHits",
    constant: "COUNT_TLB_HITS",
    unit: "accesses",
    meaning: "accesses that found their translation in the TLB",
  },
  {
    name: "tlbMisses",
    constant: "COUNT_TLB_MISSES",
    unit: "lookups",
    meaning: "lookups that did not",
  },
  {
    name: "walks",
    constant: "COUNT_WALKS",
    unit: "walks",
    meaning: "page-table walks after a TLB miss",
  },
  {
    name: "faults",
    constant: "COUNT_FAULTS",
    unit: "faults",
    meaning: "page faults taken on user addresses",
  },
  {
    name: "fixups",
    constant: "COUNT_FAULT_FIXUPS",
    unit: "faults",
    meaning: "faults that ended in the fixup",
  },
  {
    name: "tlbFlushes",
    constant: "COUNT_TLB_FLUSHES",
    unit: "flushes",
    meaning: "flushes of a CPU's whole TLB",
  },
  {
    name: "shootdowns",
    constant: "COUNT_SHOOTDOWNS",
    unit: "requests",
    meaning: "invalidations asked of another CPU",
  },
  {
    name: "functions",
    constant: "COUNT_FUNCTIONS",
    unit: "calls",
    meaning: "kernel functions entered that access user memory",
  },
  {
    name: "yields",
    constant: "COUNT_YIELDS",
    unit: "points",
    meaning: "points at which another CPU could have run",
  },
] as const;

export type CounterName = (typeof counterTable)[number]["name"];

/** What a machine has counted: one exact number a counter. */
export type Counters = Readonly<Record<CounterName, number>>;
