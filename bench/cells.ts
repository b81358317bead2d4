/** What a cell has to reach: a ratio to the limit, or a time in nanoseconds. */
export interface Goal {
  readonly kind: "ratio" | "ns";
  readonly target: number;
  readonly stretch?: number;
}

/** One question: a work item in one size. */
export interface Cell {
  readonly id: CellId;
  readonly work: string;
  readonly variant: string;
  readonly title: string;
  readonly goal?: Goal;
}

/** `work.variant` */
export type CellId = `${string}.${string}`;

function cell(work: string, variant: string, title: string, goal?: Goal): Cell {
  const shared = { id: `${work}.${variant}` as const, work, variant, title };
  return goal === undefined ? shared : { ...shared, goal };
}

function ratio(target: number, stretch?: number): Goal {
  return stretch === undefined ? { kind: "ratio", target } : { kind: "ratio", target, stretch };
}

function atMost(target: number): Goal {
  return { kind: "ns", target };
}

/** Bytes copied in each variant of W2. */
export const COPY_SIZES: Readonly<Record<string, number>> = {
  "64": 64,
  "4k": 4096,
  "1m": 1 << 20,
};

/** Bytes read in each variant of W3. */
export const REMOTE_SIZES: Readonly<Record<string, number>> = {
  "8": 8,
  "64": 64,
  "4k": 4096,
  "64k": 64 << 10,
  "1m": 1 << 20,
};

/** Leaves of the variants of W3 that read 1 MiB through other leaves than 4 KiB. */
export const LEAF_SIZES: Readonly<Record<string, "2M" | "1G">> = {
  "1m-2m-leaf": "2M",
  "1m-1g-leaf": "1G",
};

/** Areas of the address space in the variants of W3 that show how a read's cost grows with them. */
export const AREA_COUNTS: Readonly<Record<string, number>> = {
  "1-vma": 1,
  "1k-vmas": 1_000,
  "1m-vmas": 1_000_000,
};

/** Pages mapped in each variant of W5. */
export const PAGE_COUNTS: Readonly<Record<string, number>> = {
  "512": 512,
  "64k": 1 << 16,
  "1m": 1 << 20,
};

/** RAM of every peer's machine, in W6 above all: a larger buffer takes longer to get. */
export const RAM_BYTES = 16 << 20;

/** What one WRITEI of P1 brings. */
export const PERIOD_BYTES = 4096;

/** Bytes of a period in each variant of V1. */
export const PERIOD_SIZES: Readonly<Record<string, number>> = { "4k": 4096, "64k": 64 << 10 };

/** Bytes of the user's stack in each sample of S1, and of the record that holds it. */
export const SAMPLES: Readonly<Record<string, { readonly stack: number; readonly bytes: number }>> =
  {
    regs: { stack: 0, bytes: 216 },
    stack4k: { stack: 4096, bytes: 4328 },
  };

/** The ring that samples of S1 go round in. */
export const SAMPLE_RING_BYTES = 64 << 10;

/** Where the random order of W5 starts. */
export const SEED = 0x9e3779b9 | 0;

/** The rows of the table, in order. */
export const CELLS: readonly Cell[] = [
  cell("W1", "a", "SYNC_PTR write side: nine guarded puts", ratio(11, 9)),
  cell("W1", "b", "SYNC_PTR write side: one block of nine", ratio(2.3, 2)),
  cell("W1", "c", "SYNC_PTR write side: bounce and copy", ratio(1.15)),
  cell("W2", "64", "guarded copy to user, 64 B", ratio(2)),
  cell("W2", "4k", "guarded copy to user, 4 KiB", ratio(1.06)),
  cell("W2", "1m", "guarded copy to user, 1 MiB", ratio(1.12, 1.08)),
  cell("W3", "8", "read of another process's memory, 8 B", ratio(20)),
  cell("W3", "64", "read of another process's memory, 64 B", ratio(8)),
  cell("W3", "4k", "read of another process's memory, 4 KiB", ratio(1.5, 1.25)),
  cell("W3", "64k", "read of another process's memory, 64 KiB"),
  cell("W3", "1m", "read of another process's memory, 1 MiB", ratio(1.45, 1.25)),
  cell("W3", "1m-2m-leaf", "the same through leaves of 2 MiB"),
  cell("W3", "1m-1g-leaf", "the same through a leaf of 1 GiB"),
  cell("W3", "mm", "a step of the read: hold the address space"),
  cell("W3", "vma-lock", "a step of the read: find and lock the VMA"),
  cell("W3", "walk", "a step of the read: walk, and lock the page tables"),
  cell("W3", "reference", "a step of the read: refer to the page"),
  cell("W3", "1-vma", "read of 8 B, address space of 1 VMA"),
  cell("W3", "1k-vmas", "read of 8 B, address space of 1,000 VMAs"),
  cell("W3", "1m-vmas", "read of 8 B, address space of 1,000,000 VMAs"),
  cell("W4", "1", "compare-and-exchange of a user word", ratio(1.3)),
  cell("W4", "call", "the same, each one a call of the helper"),
  cell("W4", "2", "the same by two threads at once", ratio(1.2)),
  cell("W4", "ping", "a word handed over by futex, for each of two threads"),
  cell("W5", "512", "read of a random page, walk, 512 pages", ratio(3.3, 2.5)),
  cell("W5", "64k", "read of a random page, walk, 65,536 pages", ratio(4.2, 3.8)),
  cell("W5", "1m", "read of a random page, walk, 1,048,576 pages", ratio(5.5, 4.5)),
  cell("W5", "512-tlb", "read of a random page, TLB warm, 512 pages"),
  cell("W5", "64k-tlb", "read of a random page, TLB warm, 65,536 pages", ratio(1.5)),
  cell("W5", "1m-tlb", "read of a random page, TLB in use, 1,048,576 pages"),
  cell("W5", "flush", "full TLB flush", atMost(100)),
  cell("W6", "create", "create a machine, first access", atMost(1e6)),
  cell("W6", "process", "whole process: start Node, create a machine, first access"),
  cell("W6", "compare", "whole process: faultline compare sync-ptr", atMost(2e9)),
  cell("P1", "writei", "WRITEI of a 4 KiB period, against the bare copy", ratio(1.5)),
  cell("S1", "regs", "perf sample with the user registers into the ring", ratio(3)),
  cell("S1", "stack4k", "the same with 4 KiB of the user's stack", ratio(1.3)),
  cell("P2", "hw_refine", "HW_REFINE with every parameter open", atMost(2e4)),
  cell("V1", "4k", "period of 4 KiB through a virtio ring, played", ratio(2)),
  cell("V1", "64k", "period of 64 KiB through a virtio ring, played", ratio(1.3)),
  cell("P3", "replay", "whole process: faultline replay of all PCM recordings", atMost(5e9)),
];
