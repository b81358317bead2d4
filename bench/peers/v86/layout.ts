import { COPY_SIZES, RAM_BYTES } from "../../cells.ts";
import { POOL_FRAMES } from "../../pool.ts";

// Where everything lies in the guest.
//
// Physical memory, of which the kernel sees all at the same addresses:
//
//   1 MiB           + 4 KiB     + 8 KiB   + 12 KiB  + 16 KiB   1.5 MiB
//   +---------------+-----------+---------+---------+----------+---------+---------+-------+--------+
//   | header, code  | directory | table:  | table:  | routines | stack   | mailbox | guard | bounce |
//   |               |           | structs | copies  |          |         |         |       |        |
//   +---------------+-----------+---------+---------+----------+---------+---------+-------+--------+
//
//   + 4 pages          2 MiB           4 MiB  6 MiB     7 MiB + 2 KiB
//   +---------+--------+---------------+------+---------+-----------+
//   | structs |        | tables: pages | pool | copy to | copy from |
//   +---------+--------+---------------+------+---------+-----------+
//
// What the first line begins with, up to the routines, is the image that v86 loads.

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;
/** What one entry of the directory spans, and how many entries a table has. */
export const TABLE_SHIFT = 22;
export const TABLE_ENTRIES = 1024;
const MIB = 1 << 20;

const LARGEST_COPY = Math.max(...Object.values(COPY_SIZES));

/** The guest's memory: the same as every peer's. */
export const MEMORY_BYTES = RAM_BYTES;

export const IMAGE = MIB;
export const DIRECTORY = IMAGE + PAGE_SIZE;
export const STRUCT_TABLE = DIRECTORY + PAGE_SIZE;
export const COPY_TABLE = STRUCT_TABLE + PAGE_SIZE;
export const ROUTINE_PAGES = COPY_TABLE + PAGE_SIZE;
const STACK = MIB + MIB / 2;
/** Where it begins: it grows downwards. */
export const STACK_END = STACK + PAGE_SIZE;
export const MAILBOX = STACK + PAGE_SIZE;
/** The word that stands for the guard: a CPU's own, on a line of its own. */
export const GUARD = MAILBOX + PAGE_SIZE;
export const BOUNCE = GUARD + PAGE_SIZE;
export const STRUCT_FRAME = BOUNCE + PAGE_SIZE;
export const PAGES_TABLES = 2 * MIB;

/** User addresses below 3 GiB, where a 32-bit kernel's own begin: of W5's 4 GiB of pages only 2 GiB fit. */
export const TASK_SIZE = 0xc000_0000;
export const STRUCT_ADDRESS = 0x1000_0000;
export const COPY_ADDRESS = 0x2000_0000;
export const PAGES_ADDRESS = 0x4000_0000;
export const MOST_PAGES = (TASK_SIZE - PAGES_ADDRESS) / PAGE_SIZE;

export const POOL = PAGES_TABLES + MOST_PAGES * 4;
export const COPY_TO = POOL + POOL_FRAMES * PAGE_SIZE;
/** Half a page off, as in the other peers. */
export const COPY_FROM = COPY_TO + LARGEST_COPY + PAGE_SIZE / 2;
export const COPY_PAGES = LARGEST_COPY / PAGE_SIZE;

// The mailbox: what to run, in words.
//
//   0         4   8          12
//   +---------+---+----------+--------+
//   | routine | n | argument | result |
//   +---------+---+----------+--------+
export const MAIL_N = MAILBOX + 4;
export const MAIL_ARGUMENT = MAILBOX + 8;
export const MAIL_RESULT = MAILBOX + 12;

// The bytes of the serial line.
/** Guest: the first access through the page tables was made, commands may come. */
export const READY = 0x52;
/** Host: run what the mailbox says. */
export const GO = 0x47;
/** Guest: the routine begins, and has ended. */
export const BEGIN = 0x42;
export const END = 0x45;
