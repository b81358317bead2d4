import { Assembler, at, EAX, ECX, EDX, ESP } from "./assembler.ts";
import {
  BEGIN,
  COPY_ADDRESS,
  COPY_PAGES,
  COPY_TABLE,
  COPY_TO,
  DIRECTORY,
  END,
  GO,
  IMAGE,
  MAIL_ARGUMENT,
  MAIL_N,
  MAIL_RESULT,
  MAILBOX,
  MEMORY_BYTES,
  MOST_PAGES,
  PAGE_SIZE,
  PAGES_ADDRESS,
  PAGES_TABLES,
  POOL,
  READY,
  ROUTINE_PAGES,
  STACK_END,
  STRUCT_ADDRESS,
  STRUCT_FRAME,
  STRUCT_TABLE,
  TABLE_ENTRIES,
  TABLE_SHIFT,
} from "./layout.ts";
import { poolFrame } from "../../pool.ts";
import { assembleRoutines, ROUTINES } from "./routines.ts";
import type { RoutineName } from "./routines.ts";

// The guest: a kernel without a system around it. v86 starts it as a multiboot image, in 32-bit
// protected mode with flat segments and no paging, so no BIOS is needed.

const MULTIBOOT_MAGIC = 0x1bad_b002;
/** The header says itself where the image goes; it is no ELF file. */
const MULTIBOOT_ADDRESSES = 1 << 16;

/** The first serial line: data, and the status that says what it is ready for. */
const SERIAL_DATA = 0x3f8;
const SERIAL_STATUS = SERIAL_DATA + 5;
const RECEIVED = 1 << 0;
const CAN_SEND = 1 << 5;

const CR0 = 0;
const CR3 = 3;
const CR4 = 4;
/** Protection, write protection for the kernel too, and paging. */
const CR0_PAGING = (1 << 0) | (1 << 16) | (1 << 31);
/** Entries of the directory that map 4 MiB at once, as a 32-bit kernel's own memory is mapped. */
const CR4_LARGE_PAGES = 1 << 4;

const PRESENT = 1 << 0;
const WRITABLE = 1 << 1;
const USER = 1 << 2;
const LARGE = 1 << 7;
const KERNEL_PAGES = PRESENT | WRITABLE | LARGE;
const USER_PAGE = PRESENT | WRITABLE | USER;

/** A kernel that can be started, and where its routines are. */
export interface Guest {
  readonly image: Uint8Array;
  readonly routines: ReadonlyMap<RoutineName, number>;
}

//   0       4       8           12       16      20          24         28
//   +-------+-------+-----------+--------+-------+-----------+----------+-------+
//   | magic | flags | -(sum of  | header | start | end of    | end of   | entry |
//   |       |       | both)     |        |       | what loads| what is 0|       |
//   +-------+-------+-----------+--------+-------+-----------+----------+-------+
const HEADER_BYTES = 32;

function header(imageBytes: number): readonly number[] {
  const end = IMAGE + imageBytes;
  const checksum = -(MULTIBOOT_MAGIC + MULTIBOOT_ADDRESSES);
  const start = [MULTIBOOT_MAGIC, MULTIBOOT_ADDRESSES, checksum];
  return [...start, IMAGE, IMAGE, end, end, IMAGE + HEADER_BYTES];
}

/** Waits until the serial line's status has one of the bits; uses eax and edx. */
function awaitSerial(code: Assembler, bits: number, label: string): void {
  code.setRegister(EDX, SERIAL_STATUS);
  code.label(label);
  code.portIn();
  code.testByte(bits);
  code.jumpIf("equal", label);
  code.setRegister(EDX, SERIAL_DATA);
}

function send(code: Assembler, byte: number): void {
  awaitSerial(code, CAN_SEND, `send-${byte}`);
  code.setRegister(EAX, byte);
  code.portOut();
}

/** Paging on, then the first access through the tables. */
function boot(code: Assembler): void {
  code.setRegister(ESP, STACK_END);
  code.upwards();
  code.setRegister(EAX, CR4_LARGE_PAGES);
  code.writeControl(CR4, EAX);
  code.setRegister(EAX, DIRECTORY);
  code.writeControl(CR3, EAX);
  code.setRegister(EAX, CR0_PAGING);
  code.writeControl(CR0, EAX);
  code.storeValue(at(STRUCT_ADDRESS), 1);
  send(code, READY);
}

/** One command after the other, for ever. */
function serve(code: Assembler): void {
  code.label("serve");
  awaitSerial(code, RECEIVED, "receive");
  code.portIn();
  code.operateValue("and", EAX, 0xff);
  code.operateValue("cmp", EAX, GO);
  code.jumpIf("notEqual", "serve");
  send(code, BEGIN);
  code.load(ECX, at(MAIL_N));
  code.load(EDX, at(MAIL_ARGUMENT));
  code.callAt(at(MAILBOX));
  code.store(at(MAIL_RESULT), EAX);
  send(code, END);
  code.jump("serve");
}

/** The directory: the kernel's memory at its own addresses, and the tables of the user's. */
function directory(): Uint32Array {
  const entries = new Uint32Array(TABLE_ENTRIES);
  for (let at = 0; at < MEMORY_BYTES; at += 1 << TABLE_SHIFT) {
    entries[at >>> TABLE_SHIFT] = at | KERNEL_PAGES;
  }
  entries[STRUCT_ADDRESS >>> TABLE_SHIFT] = STRUCT_TABLE | USER_PAGE;
  entries[COPY_ADDRESS >>> TABLE_SHIFT] = COPY_TABLE | USER_PAGE;
  for (let table = 0; table < MOST_PAGES / TABLE_ENTRIES; table++) {
    entries[(PAGES_ADDRESS >>> TABLE_SHIFT) + table] =
      (PAGES_TABLES + table * PAGE_SIZE) | USER_PAGE;
  }
  return entries;
}

function assembleTables(code: Assembler): void {
  code.skipTo(DIRECTORY);
  code.words(directory());
  code.words([STRUCT_FRAME | USER_PAGE]);
  code.skipTo(COPY_TABLE);
  for (let page = 0; page < COPY_PAGES; page++) {
    code.words([(COPY_TO + page * PAGE_SIZE) | USER_PAGE]);
  }
  code.skipTo(ROUTINE_PAGES);
}

export function assembleGuest(): Guest {
  const assembler = new Assembler(IMAGE + HEADER_BYTES);
  boot(assembler);
  serve(assembler);
  assembleTables(assembler);
  assembleRoutines(assembler);
  const routines = new Map(ROUTINES.map((name) => [name, assembler.address(name)]));
  const code = assembler.finish();
  const image = new Uint8Array(HEADER_BYTES + code.length);
  image.set(new Uint8Array(Uint32Array.from(header(image.length)).buffer));
  image.set(code, HEADER_BYTES);
  return { image, routines };
}

/** The tables of W5's pages, which lie together: page by page the frame of the pool that it shows. */
export function pageTables(): Uint32Array {
  return Uint32Array.from(
    { length: MOST_PAGES },
    (_, page) => (POOL + poolFrame(page) * PAGE_SIZE) | USER_PAGE,
  );
}
