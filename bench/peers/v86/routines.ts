import {
  APPL_PTR,
  AUDIO_NSEC,
  AUDIO_SEC,
  AVAIL_MIN,
  CONTROL,
  CONTROL_SIZE,
  HW_PTR,
  STATE,
  STATUS,
  STATUS_SIZE,
  STRUCTS,
  STRUCT_SHIFT,
  STRUCT_SIZE,
  SUSPENDED_STATE,
  TSTAMP_NSEC,
  TSTAMP_SEC,
} from "../../compatLayout.ts";
import { SEED } from "../../cells.ts";
import { LINE_MASK, LINE_SHIFT, SHIFT_A, SHIFT_B, SHIFT_C } from "../../pageOrder.ts";
import { at, EAX, EBP, EBX, ECX, EDI, EDX, ESI, from } from "./assembler.ts";
import type { Assembler, Place } from "./assembler.ts";
import {
  BOUNCE,
  COPY_ADDRESS,
  COPY_FROM,
  GUARD,
  PAGE_SHIFT,
  PAGE_SIZE,
  PAGES_ADDRESS,
  STRUCT_ADDRESS,
  TASK_SIZE,
} from "./layout.ts";

// The guest's side of the work items. A routine gets n (at least 1) in ecx and an argument in edx, and
// answers in eax: 0 or -EFAULT, for reads their sum. Each stands on a page of its own, because v86
// compiles page by page.

const EFAULT = -14;
const WORD = 4;
const FIELDS = [
  STATE,
  HW_PTR,
  TSTAMP_SEC,
  TSTAMP_NSEC,
  SUSPENDED_STATE,
  AUDIO_SEC,
  AUDIO_NSEC,
  APPL_PTR,
  AVAIL_MIN,
];
const CR3 = 3;

/** A routine's name, which is the label it begins at. */
export const ROUTINES = ["perField", "block", "copies", "copy", "read", "walk", "flush"] as const;
export type RoutineName = (typeof ROUTINES)[number];

/**
 * v86 has no SMAP. A locked instruction on a word of the CPU's own stands in for stac and clac: it too
 * lets nothing pass it.
 */
function openGuard(code: Assembler): void {
  code.lockedOperate("or", at(GUARD), 1);
}

function closeGuard(code: Assembler): void {
  code.lockedOperate("and", at(GUARD), 0);
}

/** access_ok for `size` bytes from the address in `register` on. */
function checkRange(code: Assembler, register: number, size: number, refused: string): void {
  code.operateValue("cmp", register, TASK_SIZE - size);
  code.jumpIf("above", refused);
}

/** The end of a loop that counts `counter` down, and the routine's two answers. */
function endLoop(code: Assembler, name: RoutineName, counter: number): void {
  code.decrement(counter);
  code.jumpIf("notEqual", `${name}-next`);
  code.setRegister(EAX, 0);
  code.return();
  code.label(`${name}-fault`);
  code.setRegister(EAX, EFAULT);
  code.return();
}

/** Begins a loop over the structures: number i in ebx, its user address in edi. */
function beginStructs(code: Assembler, name: RoutineName): void {
  code.setRegister(EBX, -1);
  code.label(`${name}-next`);
  code.increment(EBX);
  code.move(EDI, EBX);
  code.operateValue("and", EDI, STRUCTS - 1);
  code.shiftLeft(EDI, STRUCT_SHIFT);
  code.operateValue("add", EDI, STRUCT_ADDRESS);
}

/** W1a: nine puts, each with its own check and guard. */
function perField(code: Assembler): void {
  beginStructs(code, "perField");
  for (const field of FIELDS) {
    code.addressOf(ESI, from(EDI, field));
    checkRange(code, ESI, WORD, "perField-fault");
    openGuard(code);
    code.store(from(ESI, 0), EBX);
    closeGuard(code);
  }
  endLoop(code, "perField", ECX);
}

/** W1b: one check and one guard for the nine. */
function block(code: Assembler): void {
  beginStructs(code, "block");
  checkRange(code, EDI, STRUCT_SIZE, "block-fault");
  openGuard(code);
  for (const field of FIELDS) code.store(from(EDI, field), EBX);
  closeGuard(code);
  endLoop(code, "block", ECX);
}

/** A field's place in the bounce buffer, in which the control image follows the status image. */
function bounced(field: number): Place {
  return at(BOUNCE + (field < CONTROL ? field - STATUS : STATUS_SIZE + field - CONTROL));
}

/** W1c: both images in the bounce buffer, their holes zeroed, then two guarded copies. */
function copies(code: Assembler): void {
  beginStructs(code, "copies");
  code.setRegister(EAX, 0);
  for (let word = 0; word < STATUS_SIZE + CONTROL_SIZE; word += WORD) {
    code.store(at(BOUNCE + word), EAX);
  }
  for (const field of FIELDS) code.store(bounced(field), EBX);
  copyImage(code, STATUS, STATUS_SIZE, BOUNCE);
  copyImage(code, CONTROL, CONTROL_SIZE, BOUNCE + STATUS_SIZE);
  endLoop(code, "copies", ECX);
}

/** A copy of a constant size, written out as a compiler does. */
function copyImage(code: Assembler, offset: number, size: number, bounce: number): void {
  code.addressOf(ESI, from(EDI, offset));
  checkRange(code, ESI, size, "copies-fault");
  openGuard(code);
  for (let word = 0; word < size; word += WORD) {
    code.load(EAX, at(bounce + word));
    code.store(from(ESI, word), EAX);
  }
  closeGuard(code);
}

/** W2: edx bytes (whole words) to the user. */
function copy(code: Assembler): void {
  code.move(EBX, ECX);
  code.setRegister(EBP, TASK_SIZE);
  code.operate("sub", EBP, EDX);
  code.shiftRight(EDX, 2);
  code.label("copy-next");
  code.setRegister(EDI, COPY_ADDRESS);
  code.operate("cmp", EDI, EBP);
  code.jumpIf("above", "copy-fault");
  code.setRegister(ESI, COPY_FROM);
  code.move(ECX, EDX);
  openGuard(code);
  code.copyWords();
  closeGuard(code);
  endLoop(code, "copy", EBX);
}

/** The next random word in ebx (edi is used up), and the user address it gives in esi. */
function nextPage(code: Assembler): void {
  code.move(EDI, EBX);
  code.shiftLeft(EDI, SHIFT_A);
  code.operate("xor", EBX, EDI);
  code.move(EDI, EBX);
  code.shiftRight(EDI, SHIFT_B);
  code.operate("xor", EBX, EDI);
  code.move(EDI, EBX);
  code.shiftLeft(EDI, SHIFT_C);
  code.operate("xor", EBX, EDI);
  code.move(ESI, EBX);
  code.operate("and", ESI, EDX);
  code.move(EDI, ESI);
  code.shiftLeft(EDI, LINE_SHIFT);
  code.operateValue("and", EDI, LINE_MASK);
  code.shiftLeft(ESI, PAGE_SHIFT);
  code.operate("or", ESI, EDI);
  code.operateValue("add", ESI, PAGES_ADDRESS);
}

/** W5: reads of random pages (edx: the mask), in one block. `beforeRead` stands right before each. */
function reads(code: Assembler, name: RoutineName, beforeRead: () => void): void {
  code.setRegister(EBX, SEED);
  code.setRegister(EAX, 0);
  openGuard(code);
  code.label(`${name}-next`);
  nextPage(code);
  beforeRead();
  code.operatePlace("add", EAX, from(ESI, 0));
  code.decrement(ECX);
  code.jumpIf("notEqual", `${name}-next`);
  closeGuard(code);
  code.return();
}

function read(code: Assembler): void {
  reads(code, "read", () => {});
}

/** W5 with the page's own translation dropped before each read. */
function walk(code: Assembler): void {
  reads(code, "walk", () => code.dropPage(from(ESI, 0)));
}

/** All translations dropped; the next instruction brings back the code's own. */
function flush(code: Assembler): void {
  code.readControl(EAX, CR3);
  code.label("flush-next");
  code.writeControl(CR3, EAX);
  endLoop(code, "flush", ECX);
}

const BODIES: Readonly<Record<RoutineName, (code: Assembler) => void>> = {
  perField,
  block,
  copies,
  copy,
  read,
  walk,
  flush,
};

/** All routines, one after the other. */
export function assembleRoutines(code: Assembler): void {
  for (const name of ROUTINES) {
    code.align(PAGE_SIZE);
    code.label(name);
    BODIES[name](code);
  }
}
